import SluiceComponent

/// Every metric of the service.
package enum MetricCatalogue {
    /// In the order of the scrape and of the reference page.
    static let sections = [process, events, rules, inputs, lanes, outputs, deadLetters]

    /// All of them.
    package static var all: [MetricSpec] { sections.flatMap(\.metrics) }

    private static let process = MetricSection(
        title: "Process", introduction: "What runs, since when, and whether it does all that it is configured to do.",
        metrics: [
            MetricSpec("sluice_build_info", .gauge, unit: "always 1", "version of Sluice", labels: ["version"]) { [.init(1, $0.version)] },
            MetricSpec("process_start_time_seconds", .gauge, unit: "seconds", "when the process started, since 1970 UTC") {
                [.init(nanoseconds: $0.startedAt)]
            },
            MetricSpec("sluice_ready", .gauge, unit: "0 or 1", "whether `/readyz` answers 200") { [.init($0.readiness == .ready)] },
            MetricSpec("sluice_log_lines_total", .counter, unit: "lines", "lines of the service's own log", labels: ["level"]) { status in
                status.logLines.map { .init($0.count, $0.name) }
            },
        ])

    private static let events = MetricSection(
        title: "Events",
        introduction: """
            The ledger. Each event is in exactly one bucket: `received + emitted = delivered + dropped + deduplicated + throttled + sampled +
            unrouted + discarded + dead_lettered + in_flight`.
            """,
        metrics: [
            ledger("received", "events decoded from frames, and frames that a strict decoder refused", \.received),
            ledger("emitted", "events that rules added", \.emitted),
            ledger("delivered", "events whose last output has answered", \.delivered),
            ledger("dropped", "events that a rule dropped", \.dropped),
            ledger("deduplicated", "events that a rule dropped after `dedup`", \.deduplicated),
            ledger("throttled", "events that a rule dropped after `throttle`", \.throttled),
            ledger("sampled", "events that a rule dropped after `sample`", \.sampled),
            ledger("unrouted", "events without an output, `default_outputs` being empty", \.unrouted),
            ledger("discarded", "events that a full buffer refused for every output", \.discarded),
            ledger("dead_lettered", "events that a rule or an output could not handle", \.deadLettered),
            MetricSpec("sluice_events_in_flight", .gauge, unit: "events", "events without a bucket yet") { [.init($0.ledger.inFlight)] },
            ledger("redriven", "dead letters that were received again", \.redriven),
            ledger("replayed", "events that were read again after a crash; an upper bound", \.replayed),
            MetricSpec(
                "sluice_flagged_events_total", .counter, unit: "events", "events by what decoders repaired in them", labels: ["flag"]
            ) {
                $0.flags.map { .init($0.count, $0.name) }
            },
        ])

    private static func ledger(
        _ name: String, _ help: String, _ count: @escaping @Sendable (LedgerStatus) -> Int
    ) -> MetricSpec {
        MetricSpec("sluice_events_\(name)_total", .counter, unit: "events", help) { [.init(count($0.ledger))] }
    }

    private static let rules = MetricSection(
        title: "Rules", introduction: "The generation that runs, and what its rules do. Counts of a rule go on over reloads.",
        metrics: [
            MetricSpec("sluice_generation", .gauge, unit: "number", "the generation of the rule set that runs") {
                [.init($0.generation.number)]
            },
            MetricSpec("sluice_generation_loaded_timestamp_seconds", .gauge, unit: "seconds", "when it was adopted, since 1970 UTC") {
                [.init(nanoseconds: $0.generation.loadedAt)]
            },
            MetricSpec("sluice_rules_stale", .gauge, unit: "0 or 1", "whether the rules on disk are refused and older ones run") {
                [.init($0.generation.staleReason != nil)]
            },
            MetricSpec("sluice_reloads_total", .counter, unit: "reloads", "reloads by how they ended", labels: ["verdict"]) { status in
                ReloadOutcome.counted.map { .init(status.reloads[$0] ?? 0, $0.rawValue) }
            },
            MetricSpec("sluice_rule_failures_total", .counter, unit: "calls", "calls of a rule that raised", labels: ["rule"]) {
                $0.generation.rules.map { .init($0.failures, $0.name) }
            },
            MetricSpec("sluice_rule_dropped_events_total", .counter, unit: "events", "events that a rule dropped", labels: ["rule"]) {
                $0.generation.rules.map { .init($0.dropped, $0.name) }
            },
        ])

    private static let lanes = MetricSection(
        title: "Lanes", introduction: "The workers that run the rules, counted from 0.",
        metrics: [
            lane("sluice_lane_events_total", .counter, unit: "events", "events that it has run through the rules") { .init($0.events, $1) },
            lane("sluice_lane_batches_total", .counter, unit: "batches", "batches of events") { .init($0.batches, $1) },
            lane("sluice_lane_inbox_events", .gauge, unit: "events", "events that wait for it") { .init($0.inboxEvents, $1) },
            lane("sluice_lane_inbox_bytes", .gauge, unit: "bytes", "bytes of them") { .init($0.inboxBytes, $1) },
            lane("sluice_lane_memory_bytes", .gauge, unit: "bytes", "memory of the Lua state") { .init($0.memoryBytes, $1) },
            lane("sluice_lane_rebuilds_total", .counter, unit: "times", "Lua states made anew because the rules had filled them") {
                .init($0.rebuilds, $1)
            },
            lane("sluice_lane_timer_failures_total", .counter, unit: "calls", "timers of rules that raised") {
                .init($0.timerFailures, $1)
            },
            lane("sluice_lane_longest_pause_seconds", .gauge, unit: "seconds", "the longest that a reload has kept it from its events") {
                .init(nanoseconds: $0.longestPauseNanoseconds, $1)
            },
        ])

    private static func lane(
        _ name: String, _ kind: MetricSpec.Kind, unit: String, _ help: String,
        _ sample: @escaping @Sendable (LaneStatus, String) -> MetricSpec.Sample
    ) -> MetricSpec {
        MetricSpec(name, kind, unit: unit, help, labels: ["lane"]) { $0.lanes.map { sample($0, String($0.index)) } }
    }

    private static let deadLetters = MetricSection(
        title: "Dead letters", introduction: "What is kept because it could not be handled.",
        metrics: [
            MetricSpec("sluice_dead_letters", .gauge, unit: "letters", "dead letters that are kept") { [.init($0.deadLetters.count)] },
            MetricSpec("sluice_dead_letters_bytes", .gauge, unit: "bytes", "room that they take") { [.init($0.deadLetters.bytes)] },
            MetricSpec("sluice_dead_letters_max_bytes", .gauge, unit: "bytes", "`dead_letters.max_size`") {
                [.init($0.deadLetters.bytesMax)]
            },
            MetricSpec("sluice_dead_letters_full", .gauge, unit: "0 or 1", "whether there is no room for another one") {
                [.init($0.deadLetters.isFull)]
            },
            MetricSpec(
                "sluice_dead_letters_dropped_total", .counter, unit: "letters",
                "oldest letters removed to make room (`when_full: drop_oldest`)"
            ) { [.init($0.deadLetters.droppedOldest)] },
        ])
}
