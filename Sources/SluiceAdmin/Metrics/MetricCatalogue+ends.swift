import SluiceComponent

extension MetricCatalogue {
    static let inputs = MetricSection(
        title: "Inputs", introduction: "One series for each configured input.",
        metrics: [
            input("sluice_input_events_total", .counter, unit: "events", "events that it has sent on") { $0.events }
        ] + InputCounter.allCases.map(counter) + [
            input("sluice_input_unconfirmed_bytes", .gauge, unit: "bytes", "bytes sent on and not confirmed by every output yet") {
                $0.unconfirmedBytes
            },
            input("sluice_input_positions", .gauge, unit: "positions", "streams (files, connections) whose position is kept") {
                $0.positionCount
            },
            MetricSpec("sluice_input_state", .gauge, unit: "0 or 1", "1 for the state that it is in", labels: ["input", "state"]) {
                status in
                status.inputs.flatMap { input in InputStatus.State.allCases.map { .init(input.state == $0, input.name, $0.rawValue) } }
            },
            host("sluice_input_host_ok", unit: "0 or 1", "whether a host that `type: fetch` reads has answered for every file") {
                host, _, input in
                .init(host.state == .ok, input, host.name)
            },
            host("sluice_input_host_state_seconds", unit: "seconds", "how long that has been so") { host, now, input in
                .init(nanoseconds: now - host.since, input, host.name)
            },
            host(
                "sluice_input_host_behind_bytes", unit: "bytes",
                "bytes that the host has and has not sent; 0 when it has nothing more, absent when it is not known"
            ) { host, _, input in
                host.bytesBehind.map { .init($0, input, host.name) }
            },
            host("sluice_input_host_complete_seconds", unit: "seconds", "how long ago everything that the host had was fetched") {
                host, now, input in
                (host.isComplete ? now : host.completeTo).map { .init(nanoseconds: now - $0, input, host.name) }
            },
        ])

    private static func host(
        _ name: String, unit: String, _ help: String,
        _ sample: @escaping @Sendable (HostStatus, Int64, String) -> MetricSpec.Sample?
    ) -> MetricSpec {
        MetricSpec(name, .gauge, unit: unit, help, labels: ["input", "host"]) { status in
            status.inputs.flatMap { input in (input.hosts ?? []).compactMap { sample($0, status.now, input.name) } }
        }
    }

    private static func input(
        _ name: String, _ kind: MetricSpec.Kind, unit: String, _ help: String, _ count: @escaping @Sendable (InputStatus) -> Int
    ) -> MetricSpec {
        MetricSpec(name, kind, unit: unit, help, labels: ["input"]) { $0.inputs.map { .init(count($0), $0.name) } }
    }

    private static func counter(_ counter: InputCounter) -> MetricSpec {
        let declaration = counter.declaration
        let name = counter == .replayed ? "replayed_events" : declaration.name
        return MetricSpec(
            "sluice_input_\(name)" + (declaration.isGauge ? "" : "_total"), declaration.isGauge ? .gauge : .counter,
            unit: declaration.unit, declaration.help, labels: ["input"]
        ) { status in
            status.inputs.filter { $0.reports(counter) }.map { .init($0.counters[counter] ?? 0, $0.name) }
        }
    }

    static let outputs = MetricSection(
        title: "Outputs",
        introduction: """
            One series for each configured output. These counts stand beside the ledger: an event that goes to two outputs is counted by
            both. Counts of a disk buffer are there for outputs that have one.
            """,
        metrics: [
            output("sluice_output_offered_events_total", .counter, unit: "events", "events routed to it") { $0.offered },
            output(
                "sluice_output_restored_events_total", .counter, unit: "events", "events that an earlier run had left in its disk buffer"
            ) {
                $0.restored
            },
            output("sluice_output_delivered_events_total", .counter, unit: "events", "events that it has written") { $0.delivered },
            output("sluice_output_discarded_events_total", .counter, unit: "events", "events that its full buffer refused or gave up") {
                $0.discarded
            },
            output("sluice_output_dead_lettered_events_total", .counter, unit: "events", "events that it gave up on") { $0.deadLettered },
            output("sluice_output_bytes_total", .counter, unit: "bytes", "bytes of records that it has written") { $0.bytes },
            output("sluice_output_retries_total", .counter, unit: "times", "writes tried again after a failure") { $0.retries },
            output("sluice_output_failures_total", .counter, unit: "times", "writes that failed") { $0.failures },
            output("sluice_output_queue_events", .gauge, unit: "events", "events that wait in memory") { $0.queue.events },
            output("sluice_output_queue_bytes", .gauge, unit: "bytes", "bytes of them") { $0.queue.bytes },
            buffer("sluice_output_disk_buffer_events", unit: "events", "events that wait on disk") { buffer, _, name in
                .init(buffer.events, name)
            },
            buffer("sluice_output_disk_buffer_bytes", unit: "bytes", "bytes of them") { buffer, _, name in .init(buffer.bytes, name) },
            buffer("sluice_output_disk_buffer_max_bytes", unit: "bytes", "`buffer.max_size`") { buffer, _, name in
                buffer.bytesMax.map { .init($0, name) }
            },
            buffer("sluice_output_disk_buffer_oldest_seconds", unit: "seconds", "how long the oldest of them has waited") {
                buffer, now, name in
                .init(nanoseconds: buffer.oldest.map { now - $0 } ?? 0, name)
            },
            MetricSpec("sluice_output_failing", .gauge, unit: "0 or 1", "whether its last write failed", labels: ["output"]) {
                $0.outputs.map { .init($0.state == .failing, $0.name) }
            },
        ] + OutputCounter.declarations.map(own))

    /// A counter of the outputs that keep it.
    private static func own(_ declaration: OutputCounter.Declaration) -> MetricSpec {
        MetricSpec(
            "sluice_output_\(declaration.name)" + (declaration.isGauge ? "" : "_total"), declaration.isGauge ? .gauge : .counter,
            unit: declaration.unit, declaration.help, labels: ["output"]
        ) { status in
            status.outputs.compactMap { output in
                output.own.first { $0.name == declaration.name }.map { .init($0.value, output.name) }
            }
        }
    }

    private static func output(
        _ name: String, _ kind: MetricSpec.Kind, unit: String, _ help: String, _ count: @escaping @Sendable (OutputStatus) -> Int
    ) -> MetricSpec {
        MetricSpec(name, kind, unit: unit, help, labels: ["output"]) { $0.outputs.map { .init(count($0), $0.name) } }
    }

    private static func buffer(
        _ name: String, unit: String, _ help: String, _ sample: @escaping @Sendable (QueueStatus, Int64, String) -> MetricSpec.Sample?
    ) -> MetricSpec {
        MetricSpec(name, .gauge, unit: unit, help, labels: ["output"]) { status in
            status.outputs.compactMap { output in output.diskBuffer.flatMap { sample($0, status.now, output.name) } }
        }
    }
}
