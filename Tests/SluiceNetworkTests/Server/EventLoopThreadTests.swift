import NIOCore
import SluiceComponent
import SluiceNetwork
import Testing

struct EventLoopThreadTests {
    private struct Fault: Error, Equatable {}

    @Test func `what starting throws comes out at once`() {
        #expect(throws: Fault()) {
            try EventLoopThread.run(
                stop: StopFlag(), start: { _ throws(Fault) in throw Fault() }, stopping: { preconditionFailure("it never ran") })
        }
    }

    @Test func `the loop runs until the stop and what stopping answers`() {
        let stop = StopFlag()
        let seen = Monitor([String]())
        let thread = WorkerThread("test-loop") {
            let keeper = Keeper()
            EventLoopThread.run(
                stop: stop,
                start: { loop in
                    keeper.loop = loop
                    seen.notify { $0.append("started") }
                    loop.execute { seen.notify { $0.append("ran") } }
                },
                stopping: {
                    seen.notify { $0.append("stopping") }
                    return keeper.loop!.submit { seen.notify { $0.append("stopped") } }
                }, ending: { seen.notify { $0.append("ending") } })
            seen.notify { $0.append("over") }
        }
        #expect(seen.wait(until: RunningServer.deadline()) { $0.contains("ran") ? true : nil } == true)
        stop.set()
        #expect(seen.wait(until: RunningServer.deadline()) { $0.contains("over") ? true : nil } == true)
        thread.join()
        #expect(seen.withLock { $0 } == ["started", "ran", "stopping", "stopped", "ending", "over"])
    }

    @Test func `a stop that does not come about ends all the same`() {
        let stop = StopFlag()
        let over = Monitor(false)
        let isEnding = Monitor(false)
        let thread = WorkerThread("test-loop") {
            let keeper = Keeper()
            EventLoopThread.run(
                stop: stop, start: { keeper.loop = $0 },
                stopping: {
                    let never = keeper.loop!.makePromise(of: Void.self)
                    keeper.never = never
                    return never.futureResult
                },
                ending: {
                    isEnding.notify { $0 = true }
                    keeper.never?.succeed(())
                })
            over.notify { $0 = true }
        }
        stop.set()
        #expect(over.wait(until: RunningServer.deadline()) { $0 ? true : nil } == true)
        thread.join()
        #expect(isEnding.withLock { $0 })
    }

    private final class Keeper {
        var loop: (any EventLoop)?
        var never: EventLoopPromise<Void>?
    }
}
