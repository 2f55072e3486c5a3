import CSluice
import SluiceEvent
import Testing

@testable import SluiceRules

/// The law under memory pressure: whichever allocation of a lane fails, nothing is lost, changed half way or leaked.
@Suite(.serialized) struct AllocationFailureTests {
    @Test(arguments: [false, true])
    func `an allocation that fails costs its event and nothing else`(lasting: Bool) throws {
        try Self.failEach(PressureFixture(PressureRules.sluice), lasting: lasting, callsMin: 1_000)
    }

    @Test(arguments: [false, true])
    func `an allocation that fails costs its record of a Fluent Bit script and nothing else`(lasting: Bool) throws {
        let api = RuleSource.API.fluentBit(function: "process", timeAsTable: false, environment: [("A", "b")])
        try Self.failEach(PressureFixture(PressureRules.fluentBit, api: api), lasting: lasting, callsMin: 100)
    }

    /// Lets the n-th allocation of a batch fail, for each n until the batch gets through without.
    private static func failEach(_ fixture: PressureFixture, lasting: Bool, callsMin: UInt64) throws {
        _ = fixture.run(failing: 0, lasting: false)  // what happens once in a state's life is behind us
        let (whole, _) = fixture.run(failing: 0, lasting: false)
        #expect(whole.count == 5)
        var n: UInt64 = 1
        while true {
            let (groups, calls) = fixture.run(failing: n, lasting: lasting)
            for (index, group) in groups.enumerated() where index < whole.count && group != whole[index] {
                try #require(group == [fixture.before[index] + " failed"], "allocation \(n), event \(index)")
            }
            try #require(groups.count == whole.count, "allocation \(n)")
            if calls < n { break }
            n += 1
        }
        #expect(n > callsMin)
        let (after, _) = fixture.run(failing: 0, lasting: false)
        #expect(after == whole)
    }

    @Test func `a limit that is too small for the rules refuses them and leaks nothing`() throws {
        var loaded = false
        var refused = 0
        var kilobytes = 8
        while !loaded {
            weak var released: Sink?
            try autoreleased {
                let sink = Sink()
                released = sink
                var limits = RuleLimits()
                limits.memoryBytes = kilobytes << 10
                let context = HostContext(logSink: { _ in sink.lines += 1 })
                let rule = RuleSource(name: "rule.lua", folder: ".", text: Array(PressureRules.sluice.utf8))
                do {
                    _ = try RuleLane(
                        rules: [rule], outputs: ["stdout", "a", "b"], inputs: ["in"], limits: limits, context: context)
                    loaded = true
                } catch let failure as RuleFailure {
                    try #require(failure.kind == .memory, "\(kilobytes) KiB: \(failure.summary)")
                    refused += 1
                }
            }
            try #require(released == nil)
            kilobytes += 1
        }
        #expect(refused > 50)
    }

    @Test func `a lane that failed gives back what it held`() throws {
        weak var released: Sink?
        try autoreleased {
            let sink = Sink()
            released = sink
            let fixture = try PressureFixture(PressureRules.sluice, sink: sink)
            for n in stride(from: UInt64(1), to: 400, by: 7) { _ = fixture.run(failing: n, lasting: n % 2 == 0) }
            #expect(sink.lines > 0)
        }
        #expect(released == nil)
    }

    private func autoreleased(_ body: () throws -> Void) rethrows { try body() }
}

/// Something of Swift's that a lane holds by its context.
final class Sink {
    var lines = 0
}

/// A lane that runs the same batch again and again.
private final class PressureFixture {
    private let lane: LaneFixture
    /// Each event as it came.
    private(set) var before: [String] = []

    init(_ rule: String, api: RuleSource.API = .sluice, sink: Sink = Sink()) throws {
        var limits = RuleLimits()
        limits.eventNanoseconds = 10_000_000_000  // a debug build under load; time is not what is tested
        lane = try LaneFixture(rule, limits: limits, api: api, context: HostContext(logSink: { _ in sink.lines += 1 }))
        lane.lane.setClock(0, followsData: true)
    }

    /// Runs the batch; answers what became of each event, with those that it emitted, and how many allocations there were.
    func run(failing n: UInt64, lasting: Bool) -> (groups: [[String]], calls: UInt64) {
        lane.batch.clear()
        for n in 1...5 {
            lane.add([
                ("n", .integer(Int64(n))), ("timestamp", .time(Int64(n) * 1_000_000_000)),
                ("message", .text("hello world hello 1")),
                ("escaped", .escaped(#"a\nb\u00e9"#)), ("user", .json(#"{"name":"root","id":0,"x\ty":[]}"#)),
                ("tags", .json(#"[[1],[2],{"a":{"b":[]}},"s\n"]"#)), ("big", .number("123456789012345678901")),
            ])
        }
        before = []
        lane.batch.forEachEvent { before.append(String(lane.describe($0).dropLast(" pending".count))) }
        lane.lane.failAllocation(n, lasting: lasting)
        lane.failures = []
        lane.lane.run(lane.batch) { failure, _ in lane.failures.append(failure) }
        let calls = lane.lane.failAllocation(0, lasting: false)
        var groups: [[String]] = []
        lane.batch.forEachEvent { event in
            let isOwn = event - lane.batch.raw.pointee.events < 5
            if isOwn { groups.append([]) }
            if groups.isEmpty { return }  // a timer fired before the first one
            groups[groups.count - 1].append(lane.describe(event))
        }
        return (groups, calls)
    }
}
