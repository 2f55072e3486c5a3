import NIOCore
import SluiceComponent
import SluiceNetwork

/// What takes connections on an input's own event loop. Made, started and stopped there.
protocol LoopReception: AnyObject {
    /// Binds all addresses and takes connections from now on.
    func start() throws(NetworkError)

    /// Takes no more, ends what is open; done when the loop may end.
    func stop() -> EventLoopFuture<Void>

    /// The loop is about to end, also when the end took too long: from here on no other thread may reach for it.
    func close()
}

extension InputSession {
    /// Makes the calling thread the event loop of a reception until the input has to end. Answers the reception behind the loop's end, nil
    /// when the input had to end before.
    func run<Reception: LoopReception>(
        _ make: @escaping (any EventLoop) -> Reception
    ) throws(InputError) -> Reception? {
        guard !stop.isSet else { return nil }
        var reception: Reception?
        do throws(NetworkError) {
            try EventLoopThread.run(
                stop: stop,
                start: { loop throws(NetworkError) in
                    let made = make(loop)
                    try made.start()
                    reception = made
                },
                // Called only behind a start that went well.
                stopping: { reception!.stop() }, ending: { reception!.close() })
        } catch {
            throw error.inputError
        }
        return reception
    }
}
