import SluiceComponent

/// What an output's thread does, one call of the output after the other: a machine that is moved by ``step()``, so that tests need
/// neither threads nor clocks of the system.
///
/// A batch is taken, each of its parcels is written, all are committed, and then they are settled (answered, or removed from the
/// disk buffer). After an error the same call is made again when the back-off has passed. An output whose `commit` failed and that
/// knows that written bytes were lost sets `partsWritten` of those parcels back before it throws: they are written again.
///
/// ```
///            parcels            all written         committed
///    idle ────────────► write ──────────────► commit ────────► settle ──► idle
///     │ ▲               │   ▲                 │    ▲            │  ▲
///     ▼ │               ▼   │ back-off        ▼    │            ▼  │ the dead letters are not lasting yet
///     tend              error                 error             error
/// ```
final class OutputWorker {
    /// The batch that is being written.
    private struct Hand {
        var parcels: [Parcel]
        /// Failed attempts of each.
        var failures: [Int]
        var commitFailures = 0
        var isCommitted = false

        init(_ parcels: [Parcel]) {
            self.parcels = parcels
            failures = parcels.map { _ in 0 }
        }
    }

    /// Longest time without a look at the wall clock, which may jump.
    private static let tendWaitMax: Int64 = 60_000_000_000
    private static let tendWaitMin: Int64 = 1_000_000

    private let name: String
    private let options: OutputOptions
    private let output: any Output
    private let stop: StopFlag
    private let supply: any ParcelSupply
    private let state: Monitor<DriverState>
    private let time: DriverTime
    private let random: @Sendable () -> Double
    private let log: OutputLog
    private let deadLetters: @Sendable (AbandonedParcel) -> Void
    private let onClosed: (@Sendable () -> Void)?

    private var hand: Hand?
    private var backoff: Backoff
    private var report = FailureReport()
    private var retryAt: Int64?
    /// Nothing was delivered since a call failed.
    private var isFailing = false
    /// The last call that failed was one of the supply.
    private var isSupplyFailing = false
    private var tendBackoff: Backoff
    private var tendReport = FailureReport()
    private var tendAt: Int64?
    private var isTended = false
    private var isFinishing = false
    private var isClosed = false
    private var hasEnded = false
    /// The signals that the last step has seen.
    private(set) var seenSignals = 0

    /// A worker that has not begun.
    init(_ parts: OutputDriver.Parts, output: any Output, supply: any ParcelSupply) {
        name = parts.name
        options = parts.options
        self.output = output
        stop = parts.stop
        self.supply = supply
        state = parts.state
        time = parts.time
        random = parts.random
        log = parts.log
        deadLetters = parts.deadLetters
        onClosed = parts.onClosed
        backoff = options.retry.backoff
        tendBackoff = options.retry.backoff
    }

    /// Does what there is to do now, at most one batch.
    func step() -> OutputDriver.Step {
        if hasEnded { return .ended }
        let now = time.monotonic()
        let orders = state.withLock { $0.takeOrders() }
        seenSignals = orders.signals
        if orders.isStopped || isClosed && orders.isFinishing { return end() }
        // The successor finds what is in hand in the buffer, too.
        if orders.isHandingOver, hand == nil || retryAt != nil || stop.isSet { return end() }
        if isClosed { return .wait(until: nil) }
        if orders.reopens {
            output.reopen()
            if retryAt != nil { retryAt = now }
            if tendBackoff.failures > 0 { tendAt = now }
        }
        if orders.isFinishing, !isFinishing {
            isFinishing = true
            if retryAt != nil { retryAt = now }
        }
        if let retryAt {
            guard now >= retryAt else { return isFinishing && supply.isSafe ? end() : .wait(until: retryAt) }
            self.retryAt = nil
            state.withLock { $0.counters.retries += 1 }
        }
        if hand != nil { return work(now) }
        if let tendAt, now >= tendAt { return tend(now) }
        return take(now)
    }

    private func take(_ now: Int64) -> OutputDriver.Step {
        let take: SupplyTake
        do { take = try supply.take(now: now, isFinishing: isFinishing) } catch { return supplyFailed(error, now) }
        if isSupplyFailing { succeeded() }
        switch take {
        case .parcels(let parcels):
            hand = Hand(parcels)
            isTended = false
            return work(now)
        case .wait(let until):
            if !isTended {
                isTended = true
                // What was asked for earlier still holds while upkeep fails.
                if tendBackoff.failures == 0 { return tend(now) }
            }
            return .wait(until: [until, tendAt].compactMap { $0 }.min())
        case .drained: return end()
        }
    }

    // MARK: - Writing

    private func work(_ now: Int64) -> OutputDriver.Step {
        guard var hand else { return .again }
        if !hand.isCommitted {
            for (index, parcel) in hand.parcels.enumerated() where parcel.partsWritten < parcel.parts.count {
                if stop.isSet { return .again }
                do { try output.write(parcel) } catch { return failed(error, at: index, now) }
                parcel.partsWritten = parcel.parts.count
                parcel.partBytesWritten = 0
            }
            do { try output.commit() } catch { return failed(error, at: nil, now) }
            hand.isCommitted = true
            self.hand = hand
        }
        return settle(hand, now)
    }

    private func settle(_ hand: Hand, _ now: Int64) -> OutputDriver.Step {
        // The dead letters answer with a signal.
        if supply.waitsForLetters, state.withLock({ $0.unkept }) > 0 { return .wait(until: nil) }
        do { try supply.settle(hand.parcels) } catch { return supplyFailed(error, now) }
        self.hand = nil
        publish()
        if !hand.parcels.isEmpty { succeeded() }
        return .again
    }

    /// Shows what the output keeps about itself.
    private func publish() {
        let own = output.counters
        if !own.isEmpty { state.withLock { $0.counters.own = own } }
    }

    private func succeeded() {
        guard isFailing else { return }
        isFailing = false
        isSupplyFailing = false
        backoff.succeeded()
        log.recovered(report.succeeded(now: time.monotonic()))
        state.withLock { $0.counters.failingSince = nil }
    }

    /// A call failed: for the parcel at this place of the batch, or for all of it (nil).
    private func failed(_ error: OutputError, at index: Int?, _ now: Int64) -> OutputDriver.Step {
        if stop.isSet { return .again }
        let now = max(now, time.monotonic())
        if isEnd(error) { return .again }
        note(error.message)
        isSupplyFailing = false
        if let index { hand?.failures[index] += 1 } else { hand?.commitFailures += 1 }
        let attempts = (index.map { hand?.failures[$0] } ?? hand?.commitFailures) ?? 0
        if error.isPermanent, let index, hand?.parcels[index].hasSeveralParts == true {
            giveUpPart(index, error)
            return .again
        }
        if error.isPermanent || options.retry.maxAttempts > 0 && attempts >= options.retry.maxAttempts {
            giveUp(index, error, attempts)
            return .again
        }
        waitForRetry(error.message, now)
        return .again
    }

    private func supplyFailed(_ error: SupplyError, _ now: Int64) -> OutputDriver.Step {
        note(error.message)
        isSupplyFailing = true
        waitForRetry(error.message, max(now, time.monotonic()))
        return .again
    }

    private func note(_ error: String) {
        isFailing = true
        publish()
        let wall = time.wall()
        state.withLock { state in
            state.counters.failures += 1
            state.counters.lastError = error
            if state.counters.failingSince == nil { state.counters.failingSince = wall }
        }
    }

    private func waitForRetry(_ error: String, _ now: Int64) {
        let wait = backoff.failed(chance: random())
        retryAt = now + wait
        let waiting = state.withLock { $0.queue.amount.events + $0.counters.stored.events }
        log.failing(report.failed(now: now), error: error, waiting: waiting, wait: wait)
    }

    private func giveUp(_ index: Int?, _ error: OutputError, _ attempts: Int) {
        guard var hand else { return }
        let range = index.map { $0..<$0 + 1 } ?? 0..<hand.parcels.count
        let parcels = hand.parcels[range]
        hand.parcels.removeSubrange(range)
        hand.failures.removeSubrange(range)
        hand.commitFailures = 0
        hand.isCommitted = hand.parcels.isEmpty
        self.hand = hand
        backoff.succeeded()
        log.abandoned(events: parcels.reduce(0) { $0 + $1.events }, error: error.message, attempts: attempts)
        for parcel in parcels {
            bury(parcel, error, attempts)
            supply.abandoned(parcel)
        }
    }

    /// The part that comes next is refused for good; those behind it are written all the same.
    private func giveUpPart(_ index: Int, _ error: OutputError) {
        guard let parcel = hand?.parcels[index] else { return }
        let attempts = hand?.failures[index] ?? 0
        hand?.failures[index] = 0
        backoff.succeeded()
        let part = parcel.takeNextPart()
        log.abandoned(events: part.events, error: error.message, attempts: attempts)
        bury(part, error, attempts)
        supply.refused(part)
    }

    /// Hands a parcel to the dead letters.
    private func bury(_ parcel: Parcel, _ error: OutputError, _ attempts: Int) {
        let isKeptHere = supply.waitsForLetters
        if isKeptHere { state.withLock { $0.unkept += 1 } }
        let kept: @Sendable () -> Void = { [state] in
            guard isKeptHere else { return }
            state.notify { state in
                state.unkept -= 1
                state.signals += 1
            }
        }
        deadLetters(AbandonedParcel(output: name, error: error, attempts: attempts, parcel: parcel, stop: stop, kept: kept))
    }

    /// Whether the error is the end of a pipeline.
    private func isEnd(_ error: OutputError) -> Bool {
        guard error.code == .closed, let onClosed else { return false }
        isClosed = true
        log.closed(error.message)
        state.notify { $0.isClosed = true }
        onClosed()
        return true
    }

    // MARK: - Upkeep and end

    private func tend(_ now: Int64) -> OutputDriver.Step {
        defer { publish() }
        do {
            let wall = time.wall()
            tendAt = try output.tend(now: wall).map { now + min(max($0 - wall, Self.tendWaitMin), Self.tendWaitMax) }
            tendBackoff.succeeded()
            log.recovered(tendReport.succeeded(now: now))
        } catch {
            if stop.isSet || isEnd(error) { return .again }
            let wait = tendBackoff.failed(chance: random())
            tendAt = now + wait
            state.withLock { state in
                state.counters.failures += 1
                state.counters.lastError = error.message
            }
            log.neglecting(tendReport.failed(now: now), error: error.message, wait: wait)
        }
        return .again
    }

    private func end() -> OutputDriver.Step {
        hasEnded = true
        do { try output.close() } catch { if !isClosed { log.notClosed(error.message) } }
        publish()
        state.notify { $0.hasEnded = true }
        return .ended
    }
}
