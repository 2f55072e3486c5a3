import CSluice
import SluiceComponent
import SluiceEncoding
import SluiceEvent
import SluiceRules

/// Tries a new generation on events that came lately, beside the one that runs: each in a fresh state, with the clock of the data
/// and no effect outside.
struct ShadowRun {
    /// What one generation made of one event.
    struct Outcome: Equatable {
        /// `dropped`, `delivered to a, b`, …
        var decision: String
        /// Outputs by name, in the order of their bits.
        var outputs: [String]
        /// The event behind the rules, as JSON.
        var event: [UInt8]
        /// Events that it made rules emit, with their outputs.
        var emitted: [[UInt8]]
        /// Why a rule failed.
        var failure: String?
    }

    /// How many events the new generation treats otherwise, with samples.
    struct Report: Equatable {
        var events = 0
        /// Dropped now and not before.
        var dropped = 0
        /// Dropped before and not now.
        var kept = 0
        /// Going to other outputs.
        var routed = 0
        /// Going the same way with other fields, or with other emitted events.
        var changed = 0
        /// Failing now and not before.
        var newErrors = 0
        /// Failing before and not now.
        var mended = 0
        /// The first new failure.
        var firstError: String?
        /// The first three differences, as lines of text.
        var samples: [[String]] = []

        /// Events with any difference.
        var different: Int { dropped + kept + routed + changed + newErrors + mended }
    }

    /// Samples that a report shows.
    static let samplesMax = 3

    /// Runs the events of a batch through a fresh lane and answers what became of each.
    static func outcomes(_ lane: RuleLane, _ batch: borrowing EventBatch, defaults: UInt64) -> [Outcome] {
        let outputs = lane.outputs
        let count = batch.count
        lane.setClock(0, followsData: true)
        var failures = [String?](repeating: nil, count: count)
        lane.run(batch) { failure, event in
            guard let event else { return }
            let index = event - UnsafePointer(batch.raw.pointee.events)
            if index < count { failures[index] = failure.summary }
        }
        var router = Router(defaultOutputs: defaults, rules: lane.rules.count)
        _ = router.route(batch)
        var outcomes: [Outcome] = []
        outcomes.reserveCapacity(count)
        var encoder = JSONEventEncoder()
        var buffer = sl_buffer()
        defer { sl_buffer_destroy(&buffer) }
        batch.forEachEvent { event in
            buffer.length = 0
            encoder.encode(UnsafePointer(event), of: UnsafePointer(batch.raw), to: &buffer)
            let text = Array(UnsafeBufferPointer(start: buffer.bytes, count: buffer.length)).dropLast()
            let names = outputs.indices.filter { event.pointee.outputs & 1 << UInt64($0) != 0 }.map { outputs[$0] }
            let index = event - batch.raw.pointee.events
            if index < count {
                outcomes.append(
                    Outcome(
                        decision: decision(event.pointee, names), outputs: names, event: Array(text), emitted: [],
                        failure: failures[index]))
            } else if !outcomes.isEmpty {
                // Emitted events follow their source in the chain.
                outcomes[outcomes.count - 1].emitted.append(Array(text) + Array(" → \(names.joined(separator: ", "))".utf8))
            }
        }
        return outcomes
    }

    private static func decision(_ event: sl_event, _ names: [String]) -> String {
        if !names.isEmpty { return "to " + names.joined(separator: ", ") }
        return switch Int(event.verdict) {
        case SL_DROPPED: "dropped"
        case SL_DEDUPLICATED: "deduplicated"
        case SL_THROTTLED: "throttled"
        case SL_SAMPLED: "sampled out"
        case SL_FAILED: "dead letter"
        default: "unrouted"
        }
    }

    /// Compares what two generations made of the same events.
    static func compare(old: [Outcome], new: [Outcome]) -> Report {
        var report = Report()
        report.events = new.count
        for (before, after) in zip(old, new) where before != after {
            switch (before.failure, after.failure) {
            case (nil, let failure?):
                report.newErrors += 1
                report.firstError = report.firstError ?? failure
            case (_?, nil): report.mended += 1
            default:
                if before.outputs != after.outputs || before.decision != after.decision {
                    if after.outputs.isEmpty, !before.outputs.isEmpty {
                        report.dropped += 1
                    } else if before.outputs.isEmpty, !after.outputs.isEmpty {
                        report.kept += 1
                    } else {
                        report.routed += 1
                    }
                } else if before.event != after.event || before.emitted != after.emitted {
                    report.changed += 1
                } else {
                    continue
                }
            }
            if report.samples.count < samplesMax { report.samples.append(sample(before, after)) }
        }
        return report
    }

    private static func sample(_ before: Outcome, _ after: Outcome) -> [String] {
        var lines = [
            "- \(before.failure ?? before.decision): \(String(decoding: before.event, as: UTF8.self))",
            "+ \(after.failure ?? after.decision): \(String(decoding: after.event, as: UTF8.self))",
        ]
        lines += before.emitted.filter { !after.emitted.contains($0) }.map { "- emits \(String(decoding: $0, as: UTF8.self))" }
        lines += after.emitted.filter { !before.emitted.contains($0) }.map { "+ emits \(String(decoding: $0, as: UTF8.self))" }
        return lines
    }
}

extension ShadowRun.Report {
    /// What `reload --dry-run` and the log say.
    var sentences: [String] {
        guard events > 0 else { return ["shadow: no live events yet, nothing to compare"] }
        var parts: [String] = []
        func add(_ count: Int, _ what: String) { if count > 0 { parts.append("\(count) \(what)") } }
        add(dropped, "dropped that were not")
        add(kept, "kept that were dropped")
        add(routed, "routed differently")
        add(changed, "changed differently")
        add(newErrors, "failing that did not")
        add(mended, "failing no more")
        let summary = parts.isEmpty ? "no difference" : parts.joined(separator: ", ")
        return ["shadow: of \(events) recent events \(summary)"] + samples.flatMap { $0.map { "  " + $0 } }
    }
}
