import Foundation
import SluiceAdmin
import SluiceComponent
import SluiceStore
import SluiceTestKit
import Testing

@testable import SluiceEngine

/// The service in one process: what needs no kill and no load. The second suite has the rest.
@Suite struct ServiceTests {
    private static let configuration = """
        data_dir: data
        inputs:
          lines: { type: generate, count: 1000, rate: 0, lines: ["one", "two"], format: plain }
        rules: [rule.lua]
        reload: { watch: false }
        outputs:
          a: { type: file, path: a.log, encoding: raw }
          b: { type: file, path: b.log, encoding: raw }
        default_outputs: [a]
        """

    private let fixture: ServiceFixture

    init() throws {
        fixture = try ServiceFixture(
            Self.configuration.replacing("data_dir: data", with: "data_dir: data"),
            rules: ["rule.lua": "function process(event) if event.message == \"two\" then return \"b\" end end\n"])
    }

    /// Runs until every input has ended, then stops.
    private func runToEnd(_ service: Service) -> Bool {
        service.start()
        _ = service.finished.wait(nanoseconds: 20_000_000_000)
        return service.stop()
    }

    @Test func `it runs its inputs to their end and accounts for everything`() throws {
        let service = try fixture.service()
        #expect(runToEnd(service))
        let status = service.currentStatus()
        #expect(status.ledger.received == 1_000)
        #expect(status.ledger.delivered == 1_000)
        #expect(status.ledger.inFlight == 0)
        #expect(status.inputs.map(\.state) == [.ended])
        #expect(status.outputs.map(\.delivered) == [500, 500])
        #expect(fixture.text("a.log") == String(repeating: "one\n", count: 500))
        #expect(fixture.text("b.log") == String(repeating: "two\n", count: 500))
    }

    @Test func `status shows where an input stands in its files and not what else it remembers`() throws {
        let fixture = try ServiceFixture(
            """
            data_dir: data
            inputs:
              lines: { type: file, include: in.log, format: plain }
            outputs:
              a: { type: file, path: a.log, encoding: raw }
            """)
        try fixture.write("in.log", "one\ntwo\n")
        let service = try fixture.service()
        service.start()
        let isSaved = eventually { service.currentStatus().inputs[0].positions.first?.offset == 8 }
        #expect(service.stop())
        let input = service.currentStatus().inputs[0]
        #expect(isSaved)
        #expect(input.positions.map(\.name) == [fixture.folder.path + "/in.log"])
        #expect(input.positionCount == 1)
    }

    @Test func `failing events are dead letters with everything needed, and purge removes them`() throws {
        try fixture.write("rule.lua", "function process(event)\n  if event.message == \"two\" then error(\"no\") end\nend\n")
        let service = try fixture.service()
        #expect(runToEnd(service))
        let ledger = service.currentStatus().ledger
        #expect(ledger.deadLettered == 500)
        #expect(ledger.delivered == 500)
        let letter = try #require(try StoreReader(folder: fixture.folder.path + "/data").letters().first)
        #expect(letter.rule == "rule.lua")
        #expect(letter.line == 2)
        #expect(letter.error == "no")
        #expect(letter.generation == 1)
        #expect(String(decoding: letter.raw ?? [], as: UTF8.self) == "two")
        #expect(String(decoding: letter.event, as: UTF8.self) == #"{"message":"two"}"#)
    }

    @Test func `a reload is applied, refused with its place, or unchanged`() throws {
        try fixture.write("sluice.yaml", Self.configuration.replacing("count: 1000, rate: 0", with: "rate: 100"))
        let service = try fixture.service()
        let reloader = fixture.reloader(service)
        service.start()
        reloader.start()
        defer {
            reloader.finish()
            service.stop()
        }
        #expect(reloader.reload(dryRun: false).outcome == .unchanged)
        try fixture.write("rule.lua", "function process(event) retur end\n")
        let refused = reloader.reload(dryRun: false)
        #expect(refused.outcome == .refused)
        #expect(refused.problems.map(\.place) == ["rule.lua:1"])
        #expect(service.generationNumber == 1)
        #expect(service.currentStatus().generation.staleReason?.contains("rule.lua:1") == true)
        try fixture.write("rule.lua", "function process(event) return \"b\" end\n")
        #expect(reloader.reload(dryRun: true).outcome == .wouldApply)
        #expect(service.generationNumber == 1)
        #expect(reloader.reload(dryRun: false).outcome == .applied)
        #expect(service.generationNumber == 2)
        #expect(service.currentStatus().generation.staleReason == nil)
    }

    @Test func `a reload of the configuration restarts only what changed`() throws {
        try fixture.write("sluice.yaml", Self.configuration.replacing("count: 1000, rate: 0", with: "rate: 100"))
        let service = try fixture.service()
        let before = service.current
        let text = Self.configuration.replacing("count: 1000, rate: 0", with: "rate: 100")
            .replacing("b: { type: file, path: b.log, encoding: raw }", with: "b: { type: discard }\n  c: { type: discard }")
            .replacing("inputs:\n", with: "inputs:\n  more: { type: generate, rate: 1, lines: [\"x\"], format: plain }\n")
        try fixture.write("sluice.yaml", text)
        let change = try TopologyChange(from: before, to: try fixture.configuration())
        #expect(change.keptInputs.keys.sorted() == [0])
        #expect(change.newInputs.map(\.number) == [1])
        #expect(change.inputNames == ["lines", "more"])
        #expect(change.keptOutputs.keys.sorted() == [0])
        #expect(change.endedOutputs == [1])
        #expect(change.outputNames == ["a", "", "b", "c"])
        #expect(change.defaults == 1)
        #expect(change.notes == [])
        service.stop()
    }

    @Test func `what cannot change while it runs is told`() throws {
        let service = try fixture.service()
        try fixture.write("sluice.yaml", "workers: 2\n" + Self.configuration)
        let change = try TopologyChange(from: service.current, to: try fixture.configuration())
        #expect(change.notes == ["`workers` changed; it takes effect at the next start"])
        service.stop()
    }

    @Test func `what waits for the next start is told at every reload until it is taken back`() throws {
        let plain = Self.configuration.replacing("count: 1000, rate: 0", with: "rate: 100")
        try fixture.write("sluice.yaml", plain)
        let service = try fixture.service()
        let reloader = fixture.reloader(service)
        service.start()
        reloader.start()
        defer {
            reloader.finish()
            service.stop()
        }
        func notes(_ configuration: String, rule: String) throws -> [String] {
            try fixture.write("sluice.yaml", configuration)
            try fixture.write("rule.lua", "function process(event) return \"b\" end -- \(rule)\n")
            let verdict = reloader.reload(dryRun: false)
            #expect(verdict.outcome == .applied)
            return verdict.notes.filter { $0.contains("next start") }
        }
        let note = "`workers` changed; it takes effect at the next start"
        #expect(try notes("workers: 2\n" + plain, rule: "one") == [note])
        #expect(try notes("workers: 2\n" + plain, rule: "two") == [note])
        #expect(try notes(plain, rule: "three") == [])
        #expect(try notes("workers: 1\n" + plain, rule: "four") == [])
    }

    @Test func `a reload does not wait for an output that takes nothing`() throws {
        let fixture = try ServiceFixture(
            """
            data_dir: data
            shutdown_timeout: 100ms
            inputs:
              lines: { type: generate, rate: 0, lines: ["one"], format: plain }
            rules: [rule.lua]
            reload: { watch: false }
            outputs:
              stuck: { type: exec, command: [sleep, "1000"], encoding: raw, buffer: { max_events: 1000 } }
              free: { type: discard }
            default_outputs: [stuck]
            """,
            rules: ["rule.lua": "function process() return \"stuck\" end\n"])
        let service = try fixture.service()
        let reloader = fixture.reloader(service)
        service.start()
        reloader.start()
        defer {
            reloader.finish()
            service.stop()
        }
        let isStuck = eventually {
            let status = service.currentStatus()
            return status.lanes[0].inboxEvents >= 2_000 && status.outputs[0].queue.events >= 2_000
        }
        #expect(isStuck)
        let before = service.currentStatus().outputs[0].offered
        try fixture.write("rule.lua", "function process() return \"free\" end\n")
        #expect(reloader.reload(dryRun: false).outcome == .applied)
        #expect(eventually { service.currentStatus().outputs[1].delivered > 100_000 })
        // What the lane had in hand: batches are of 1,000 events here.
        let taken = service.currentStatus().outputs[0].offered - before
        #expect(taken > 0 && taken <= 5_000)
    }

    @Test func `a second service on the same data is refused`() throws {
        let service = try fixture.service()
        #expect(throws: ServiceError.self) { try fixture.service() }
        service.stop()
        let next = try fixture.service()
        next.stop()
    }
}
