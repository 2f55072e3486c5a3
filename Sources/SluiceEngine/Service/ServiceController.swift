import Logging
package import SluiceAdmin
import SluiceComponent
import SluiceStore
import Synchronization

/// What can be asked and told from outside of a service and its reloader.
package final class ServiceController: ServiceControl {
    private let service: Service
    private let reloader: Reloader

    /// A controller.
    package init(_ service: Service, _ reloader: Reloader) {
        self.service = service
        self.reloader = reloader
    }

    package func status() -> ServiceStatus { service.currentStatus() }

    package func reload(dryRun: Bool) -> ReloadVerdict { reloader.reload(dryRun: dryRun) }

    package func reopen() { service.reopen() }

    package func redrive(_ selection: DeadLetterSelection) throws(ControlError) -> DeadLetterReport {
        guard service.phase.withLock({ $0 }) == .running else { throw ControlError(.stopping, "the service is stopping") }
        var report = DeadLetterReport(count: 0)
        // Letters that fail again stay where they are and are not met twice.
        var query = DeadLetterQuery()
        query.limit = Self.pageLetters
        if case .before(let time) = selection { query.until = time }
        if case .ids(let ids) = selection {
            var letters: [DeadLetter] = []
            for id in ids.sorted() {
                if let letter = try stored({ () throws(StoreError) in try service.store.letter(id) }) {
                    letters.append(letter)
                } else {
                    report.unknown.append(id)
                }
            }
            report.count = service.redrive(letters)
            return report
        }
        while true {
            let page = try stored { () throws(StoreError) in try service.store.letters(query) }
            guard let last = page.last else { return report }
            report.count += service.redrive(page)
            query.after = last.id
        }
    }

    package func purge(_ selection: DeadLetterSelection) throws(ControlError) -> DeadLetterReport {
        let service = service
        switch selection {
        case .ids(let ids):
            var report = DeadLetterReport(count: 0)
            for id in ids where try stored({ () throws(StoreError) in try service.store.letter(id) }) == nil { report.unknown.append(id) }
            let removed = try stored { () throws(StoreError) in try service.store.removeLetters(ids) }
            report.count = removed.count
            return report
        case .before(let time):
            return DeadLetterReport(count: try stored { () throws(StoreError) in try service.store.purgeLetters(before: time) }.count)
        case .all: return DeadLetterReport(count: try stored { () throws(StoreError) in try service.store.purgeLetters() }.count)
        }
    }

    private static let pageLetters = 500

    private func stored<Result>(_ body: () throws(StoreError) -> Result) throws(ControlError) -> Result {
        do throws(StoreError) {
            return try body()
        } catch {
            throw ControlError(.storage, error.message)
        }
    }
}

extension Service {
    /// Sends letters through the rules of today, each from the rule that failed; answers how many a lane has taken. Those whose
    /// events were answered are removed; those that fail again stay.
    func redrive(_ letters: [DeadLetter]) -> Int {
        guard !letters.isEmpty else { return 0 }
        let taken = Monitor<Int?>(nil)
        let store = store
        let log = around.log
        // One lane, so that they keep their order.
        dispatcher.put(
            .order { lane in
                let count = lane.redrive(letters) { ids in
                    do throws(StoreError) {
                        _ = try store.removeLetters(ids)
                    } catch {
                        log.error("dead letters were redriven and not removed: \(error.message)")
                    }
                }
                taken.notify { $0 = count }
            }, lane: 0)
        let stop = abandon
        return taken.wait(until: MonotonicClock.now + 60_000_000_000) { $0 ?? (stop.isSet ? 0 : nil) } ?? 0
    }
}
