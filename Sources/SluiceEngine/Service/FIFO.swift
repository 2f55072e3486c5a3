/// A queue in an array: what was taken off the front is given back now and then.
struct FIFO<Element> {
    private var elements: [Element?] = []
    private var head = 0

    /// An empty queue.
    init() {}

    var count: Int { elements.count - head }
    var isEmpty: Bool { head == elements.count }

    /// Adds at the back.
    mutating func append(_ element: Element) { elements.append(element) }

    /// Takes from the front.
    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head]
        elements[head] = nil
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 64, head * 2 >= elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }
}
