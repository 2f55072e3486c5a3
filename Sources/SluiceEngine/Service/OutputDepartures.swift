import SluiceComponent

/// The names of outputs that left the configuration, while a thread waits for their end: one thread a name, since an output begins only
/// when the one of its name before it has ended.
final class OutputDepartures: Sendable {
    private let names = Monitor<Set<String>>([])

    /// An output has left; true when the caller has to see to its end, false when somebody already sees to those of this name.
    func begin(_ name: String) -> Bool { names.withLock { $0.insert(name).inserted } }

    /// An output has ended. `next` answers whether the one that comes behind it leaves, too; nobody can begin meanwhile.
    func goesOn(_ name: String, _ next: () -> Bool) -> Bool {
        names.notify { names in
            let isLeaving = next()
            if !isLeaving { names.remove(name) }
            return isLeaving
        }
    }

    /// Waits until all have ended.
    func wait(until deadline: Int64) { let _: Bool? = names.wait(until: deadline) { $0.isEmpty ? true : nil } }
}
