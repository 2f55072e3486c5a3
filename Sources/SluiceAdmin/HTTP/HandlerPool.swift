import SluiceComponent

/// Threads for handlers that block. They are started when they are needed and stay.
final class HandlerPool: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var threads = 0
        var busy = 0
        var isClosed = false
    }

    private let state = Monitor(State())
    private let threadsMax: Int
    private let waitingMax: Int

    init(threadsMax: Int, waitingMax: Int) {
        self.threadsMax = threadsMax
        self.waitingMax = waitingMax
    }

    /// Runs a job on one of the threads; false when too many wait already, or the pool is closed.
    func run(_ job: @escaping @Sendable () -> Void) -> Bool {
        enum Answer { case refused, taken, takenWithNewThread }
        let answer: Answer = state.notify { state in
            let isThreadNeeded = state.jobs.count + state.busy >= state.threads && state.threads < threadsMax
            guard !state.isClosed, isThreadNeeded || state.jobs.count < waitingMax else { return .refused }
            state.jobs.append(job)
            guard isThreadNeeded else { return .taken }
            state.threads += 1
            return .takenWithNewThread
        }
        if answer == .takenWithNewThread { _ = WorkerThread("sluice-admin") { [self] in work() } }
        return answer != .refused
    }

    /// Takes no more jobs, forgets those that wait and waits for those that run, until `deadline` of the monotonic clock.
    func close(deadline: Int64) {
        state.notify { state in
            state.isClosed = true
            state.jobs = []
        }
        _ = state.wait(until: deadline) { $0.busy == 0 ? true : nil }
    }

    private func work() {
        while true {
            let job: (@Sendable () -> Void)?? = state.wait { state in
                if let job = state.jobs.first {
                    state.jobs.removeFirst()
                    state.busy += 1
                    return .some(job)
                }
                return state.isClosed ? .some(nil) : nil
            }
            guard let job, let job else { return }
            job()
            state.notify { $0.busy -= 1 }
        }
    }
}
