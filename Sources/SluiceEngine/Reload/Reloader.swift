import Glibc
import Logging
package import SluiceAdmin
import SluiceComponent
package import SluiceConfig
import SluiceRules
import Synchronization

/// Brings changes of rules, modules, lookup files and configuration into the running service.
///
/// One thread does everything, one reload at a time: it waits for changed files to settle or for a request, reads, builds a
/// candidate off the data path (compile → tests → shadow), and has the lanes adopt it. Every reload ends as applied, unchanged,
/// refused or rolled back, and is told in the log, in status and to who asked.
package final class Reloader: Sendable {
    private struct Request {
        let dryRun: Bool
        let answer: Monitor<ReloadVerdict?>
        var decided: @Sendable (ReloadVerdict) -> Void = { _ in }
    }

    /// The generation before, to go back to.
    private struct Previous {
        let generation: Generation
        let configuration: ServiceConfiguration
    }

    private let service: Service
    private let load: @Sendable () -> Result<ServiceConfiguration, ConfigProblems>
    private let requests = Mutex<[Request]>([])
    /// Readable when there is a request.
    private let bell = Bell()
    private let stop = StopFlag()
    private let thread = Mutex<WorkerThread?>(nil)

    /// The files as they were when this was made: a change since then is one that nobody has tried.
    private let loaded: [String: UInt64]

    /// A reloader of a service that was just loaded from disk; `load` reads and checks the configuration anew.
    package init(_ service: Service, load: @escaping @Sendable () -> Result<ServiceConfiguration, ConfigProblems>) {
        self.service = service
        self.load = load
        loaded = Self.digests(service.watchedFiles)
    }

    /// Starts the thread.
    package func start() { thread.withLock { $0 = WorkerThread("reload") { [self] in run() } } }

    /// Ends the thread; waiting requests are refused.
    package func finish() {
        stop.set()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
        for request in takeRequests() { request.answer.notify { $0 = stopping } }
    }

    /// Loads rules and configuration from disk and answers when it is decided.
    package func reload(dryRun: Bool) -> ReloadVerdict {
        let answer = Monitor<ReloadVerdict?>(nil)
        if stop.isSet { return stopping }
        requests.withLock { $0.append(Request(dryRun: dryRun, answer: answer)) }
        bell.ring()
        return answer.wait { $0 } ?? stopping
    }

    /// The same without waiting, as a signal asks for it; `decided` is told from the reloader's thread.
    package func reloadSoon(_ decided: @escaping @Sendable (ReloadVerdict) -> Void) {
        requests.withLock { $0.append(Request(dryRun: false, answer: Monitor(nil), decided: decided)) }
        bell.ring()
    }

    private var stopping: ReloadVerdict {
        var verdict = ReloadVerdict(.refused, generation: service.generationNumber)
        verdict.problems = [ReloadVerdict.Problem(step: .adopt, place: nil, message: "the service is stopping")]
        return verdict
    }

    private var unchanged: ReloadVerdict {
        let verdict = ReloadVerdict(.unchanged, generation: service.generationNumber)
        service.noteReload(verdict)
        return verdict
    }

    private func takeRequests() -> [Request] {
        requests.withLock { requests in
            defer { requests = [] }
            return requests
        }
    }

    // MARK: - The loop

    private static let pollNanoseconds: Int64 = 1_000_000_000

    private func run() {
        var setting = service.configuration.reload
        var settling = Settling(quiet: setting.settle)
        var watch = FileWatch()
        var tried = loaded
        // What the running generation was made of; nothing when that is not what was on disk.
        var running = service.isStale ? [:] : tried
        var probation: Probation?
        var previous: Previous?
        watch.watch(setting.watch == .notify ? service.watchedFiles : [])
        if setting.watch == .notify, Self.digests(service.watchedFiles) != tried { settling.changed(at: MonotonicClock.now) }
        while !stop.isSet {
            let isPolling = setting.watch == .poll || setting.watch == .notify && !watch.isComplete
            wait(watch.descriptor, until: deadline(settling, probation, isPolling: isPolling))
            let now = MonotonicClock.now
            if watch.drain(), setting.watch == .notify { settling.changed(at: now) }
            if isPolling, Self.digests(service.watchedFiles) != tried, settling.due == nil { settling.changed(at: now) }
            var attempts = takeRequests().map { Optional($0) }
            if settling.isDue(at: now), attempts.isEmpty, Self.digests(service.watchedFiles) != tried { attempts = [nil] }
            for request in attempts {
                let isDryRun = request?.dryRun ?? false
                let before = Self.digests(service.watchedFiles)
                let (verdict, old) = !isDryRun && before == running ? (unchanged, nil) : attempt(dryRun: isDryRun)
                request?.answer.notify { $0 = verdict }
                request?.decided(verdict)
                if !isDryRun { tried = Self.digests(service.watchedFiles, before: before) }
                guard verdict.outcome == .applied, let old else { continue }
                running = tried
                previous = old
                probation = beginProbation(after: old.generation)
            }
            if service.configuration.reload != setting {
                setting = service.configuration.reload
                settling = Settling(quiet: setting.settle)
            }
            // Asked every time: a link may lead elsewhere now, and a folder may be another one.
            watch.watch(setting.watch == .notify ? service.watchedFiles : [])
            if let old = previous, judge(&probation) {
                rollBack(to: old)
                (previous, probation, running) = (nil, nil, [:])
            }
        }
    }

    private func deadline(_ settling: Settling, _ probation: Probation?, isPolling: Bool) -> Int64? {
        let tick = probation != nil || isPolling ? MonotonicClock.now + Self.pollNanoseconds : nil
        return [settling.due, tick].compactMap { $0 }.min()
    }

    private func wait(_ watch: Int32, until deadline: Int64?) {
        var waiting = [stop.descriptor, bell.descriptor, watch].filter { $0 >= 0 }.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let rest = deadline.map { max(0, $0 - MonotonicClock.now) }
        poll(&waiting, nfds_t(waiting.count), rest.map { Int32(min(($0 + 999_999) / 1_000_000, 60_000)) } ?? -1)
        bell.clear()
    }

    /// Contents of files as numbers; files that are not there are left out.
    private static func digests(_ files: [String]) -> [String: UInt64] {
        var digests: [String: UInt64] = [:]
        for file in files {
            guard case .success(let bytes) = RuleSourceFiles.bytes(of: file) else { continue }
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            digests[file] = hash
        }
        return digests
    }

    /// The contents that an attempt has tried: those from before it, of files that were known then, since what was saved meanwhile may have
    /// been read or not.
    private static func digests(_ files: [String], before: [String: UInt64]) -> [String: UInt64] {
        let known = Set(files)
        return digests(files).merging(before.filter { known.contains($0.key) }) { _, before in before }
    }

    // MARK: - One reload

    private func attempt(dryRun: Bool) -> (ReloadVerdict, Previous?) {
        let started = MonotonicClock.now
        let old = service.current
        var verdict = ReloadVerdict(dryRun ? .wouldApply : .applied, generation: old.generation.number)
        var previous: Previous?
        do throws(Refusal) {
            let configuration = try read()
            verdict.notes = try bring(configuration, dryRun: dryRun, beside: old)
            if !dryRun { previous = Previous(generation: old.generation, configuration: old.configuration) }
        } catch {
            verdict.outcome = .refused
            verdict.problems = error.problems
            service.addTried(error.files)
        }
        verdict.generation = service.generationNumber
        verdict.durationNanoseconds = MonotonicClock.now - started
        tell(verdict, dryRun: dryRun)
        return (verdict, previous)
    }

    private func read() throws(Refusal) -> ServiceConfiguration {
        switch load() {
        case .success(let configuration): return configuration
        case .failure(let problems):
            service.noteTried(problems.files)
            throw Refusal(
                problems: problems.problems.filter { !$0.isWarning }.map {
                    ReloadVerdict.Problem(
                        step: .configuration, place: $0.place?.text, message: $0.message,
                        excerpt: $0.rendered().split(separator: "\n").dropFirst().map(String.init))
                })
        }
    }

    /// Builds, tries and, unless it is a dry run, adopts; answers what is worth knowing.
    private func bring(_ configuration: ServiceConfiguration, dryRun: Bool, beside old: Topology) throws(Refusal) -> [String] {
        let (sources, problems) = RuleSourceFiles.read(configuration.rules)
        service.noteTried(configuration.files + configuration.rules.map(\.path))
        guard problems.isEmpty else { throw Refusal(problems: problems) }
        let change = try change(old, to: configuration)
        let builder = CandidateBuilder(around: service.around)
        let outputs = change.outputNames
        var candidate = try builder.build(
            sources, number: old.generation.number + 1, outputs: outputs, defaults: change.defaults, inputs: change.inputNames,
            limits: configuration.limits, zone: configuration.zone, after: old.generation.rules)
        service.noteTried(configuration.files + configuration.rules.map(\.path) + candidate.generation.rules.files.requests.map(\.path))
        try builder.test(candidate.generation, configuration)
        try builder.shadow(
            &candidate, beside: old.generation, recent: service.recent, reload: configuration.reload, limits: configuration.limits,
            zone: configuration.zone)
        if dryRun { return candidate.notes + change.notes }
        let notes = try service.adopt(candidate, change)
        ServiceStart.save(candidate.generation, configuration, service.store, service.around)
        return candidate.notes + notes + change.notes
    }

    private func change(_ old: Topology, to configuration: ServiceConfiguration) throws(Refusal) -> TopologyChange {
        do throws(ServiceError) {
            return try TopologyChange(from: old, to: configuration)
        } catch {
            throw Refusal(problems: [ReloadVerdict.Problem(step: .configuration, place: nil, message: error.message)])
        }
    }

    private func tell(_ verdict: ReloadVerdict, dryRun: Bool) {
        if dryRun { return }
        service.noteReload(verdict)
        let log = service.around.log
        switch verdict.outcome {
        case .applied:
            log.info(
                "generation \(verdict.generation) runs, after \(verdict.durationNanoseconds / 1_000_000) ms; \(verdict.notes.joined(separator: "; "))"
            )
        case .refused:
            log.error(
                "reload refused, generation \(verdict.generation) goes on: \(verdict.problems.map(\.line).joined(separator: "\n"))")
        case .unchanged, .wouldApply, .rolledBack: break
        }
    }

    // MARK: - Going back

    private func beginProbation(after old: Generation) -> Probation {
        let counts = service.counters.snapshot
        let before = counts.generations[old.number] ?? GenerationCounts()
        let rate = before.events > 0 ? Double(before.failures) / Double(before.events) : 0
        let setting = service.configuration.reload
        return Probation(
            start: Probation.Sample(time: MonotonicClock.now, events: 0, failures: 0), oldRate: rate,
            errorRate: setting.rollbackErrorRate, window: setting.rollbackWindow, eventsMin: ReloadSetting.rollbackEventsMin)
    }

    /// Whether the running generation fails too often.
    private func judge(_ probation: inout Probation?) -> Bool {
        guard probation != nil else { return false }
        let now = MonotonicClock.now
        let counts = service.counters.snapshot.generations[service.generationNumber] ?? GenerationCounts()
        let rate = probation!.judge(Probation.Sample(time: now, events: counts.events, failures: counts.failures))
        if rate == nil, probation!.isOver(at: now) { probation = nil }
        return rate != nil
    }

    private func rollBack(to old: Previous) {
        let started = MonotonicClock.now
        let bad = service.generationNumber
        var verdict = ReloadVerdict(.rolledBack, generation: bad)
        do throws(Refusal) {
            let change = try change(service.current, to: old.configuration)
            let builder = CandidateBuilder(around: service.around)
            let candidate = try builder.build(
                old.generation.rules.rules, number: bad + 1, outputs: change.outputNames, defaults: change.defaults,
                inputs: change.inputNames, limits: old.configuration.limits, zone: old.configuration.zone,
                after: old.generation.rules)
            verdict.notes = try service.adopt(candidate, change)
            ServiceStart.save(candidate.generation, old.configuration, service.store, service.around)
            verdict.problems = [
                ReloadVerdict.Problem(
                    step: .adopt, place: nil,
                    message: "generation \(bad) failed on too many events (`reload.rollback_error_rate`); the rules before it run again as "
                        + "generation \(bad + 1), and what is on disk is not tried again until it changes")
            ]
        } catch {
            verdict.outcome = .refused
            verdict.problems = error.problems
        }
        verdict.generation = service.generationNumber
        verdict.durationNanoseconds = MonotonicClock.now - started
        service.noteReload(verdict)
        service.around.log.error("\(verdict.problems.map(\.line).joined(separator: "\n"))")
    }
}
