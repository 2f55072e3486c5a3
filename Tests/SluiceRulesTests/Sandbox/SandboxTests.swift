import CSluice
import Glibc
import SluiceEvent
import Testing

@testable import SluiceRules

/// Rules are code from people in a hurry: each of these costs the one event that ran it, and the stream goes on.
@Suite(.serialized) struct SandboxTests {
    @Test(arguments: Attack.all) func `an attack costs one event`(attack: Attack) throws {
        let limits = Self.limits
        let lane = try LaneFixture(attack.rule, limits: limits)
        for n in 1...2 {
            lane.add([
                ("n", .integer(Int64(n))), ("message", .text("hello world hello")), ("user", .json(#"{"name":"root","id":0}"#)),
                ("deep", .json(#"[[1],[2],{"a":{"b":[]}}]"#)),
            ])
        }
        let started = Self.cpuNanoseconds()
        let lines = lane.run()
        let spent = Self.cpuNanoseconds() - started
        switch attack.outcome {
        case .fails(let kinds):
            #expect(lines == [Self.event(1) + " failed", Self.event(2) + " defaulted"])
            #expect(lane.failures.count == 1)
            #expect(lane.failures.allSatisfy { kinds.contains($0.kind) })
        case .refused:
            #expect(lines == [Self.event(1) + " defaulted", Self.event(2) + " defaulted"])
            #expect(lane.failures == [])
        }
        // A rule set whose memory is full is loaded again, which is not the event's time.
        if lane.lane.rebuilds == 0 { #expect(spent < limits.eventNanoseconds * 5 / 2) }
        #expect(lane.lane.memoryBytes <= limits.memoryBytes)
        #expect(lane.batch.raw.pointee.length < 4096, "what the failed call wrote is given back")
    }

    @Test func `there are more than sixty attacks and no two of a name`() {
        #expect(Attack.all.count > 60)
        #expect(Set(Attack.all.map(\.name)).count == Attack.all.count)
    }

    @Test func `what a rule does to its globals and libraries is not seen by another`() throws {
        let lane = try LaneFixture(
            """
            string.upper = nil
            table.insert = print
            json.encode = function() return "evil" end
            _G.leaked = 1
            _G.tostring = nil
            setmetatable(_G, {__index = function() return "from rule 1" end})
            function process(event) event.n = 1 leaked_too = 1 end
            """,
            more: [
                """
                function process(event)
                  assert(leaked == nil and leaked_too == nil and anything == nil)
                  event.s = tostring(string.upper("x") .. ("y"):upper())
                  event.j = json.encode({1})
                  local t = {} table.insert(t, 2) event.t = t[1]
                end
                """
            ])
        lane.add([("message", .text("m"))])
        #expect(lane.run() == ["{message='m' n=1 s='XY' j='[1]' t=2} defaulted"])
    }

    @Test func `what is kept of an event is of no use at the next one`() throws {
        let lane = try LaneFixture(
            """
            function process(event, meta)
              if event.n == 1 then
                kept_user, kept_meta = event.user, meta
                kept_pairs = pairs(event)
                kept_user_pairs = pairs(event.user)
                kept_pairs()
                return
              end
              assert(kept_meta.input == "in")
              if event.n == 2 then return kept_user.name end
              if event.n == 3 then return kept_pairs() end
              if event.n == 4 then return kept_user_pairs() end
              if event.n == 5 then kept_user.name = 1 end
              if event.n == 6 then event.copy = kept_user end
            end
            """)
        for n in 1...6 { lane.add([("n", .integer(Int64(n))), ("user", .json(#"{"name":"root"}"#))]) }
        let user = #"user={"name":"root"}"#
        #expect(lane.run() == ["{n=1 \(user)} defaulted"] + (2...6).map { "{n=\($0) \(user)} failed" })
        let stale = "a nested value of an earlier event was kept; keep `clone(event)` or a copy"
        #expect(lane.failures.map(\.message) == [stale, "`pairs(event)` of an earlier event was kept", stale, stale, stale])
    }

    @Test func `errors of timers and of shutdown cost nothing but themselves`() throws {
        let lane = try LaneFixture(
            """
            every("1s", function() while true do end end)
            every("1s", function() error({}) end)
            every("1s", function() emit({tick = 1}) error("after an emit") end)
            every("1s", function() return event.x end)
            every("1s", function() emit({tick = 2}) end)
            function process(event) event.seen = true end
            function shutdown() emit({last = 1}) while true do end end
            """, limits: Self.limits, more: ["function process(event) end function shutdown() error('no') end"])
        lane.lane.setClock(0, followsData: true)
        for second in [0, 5] as [Int64] { lane.add([("timestamp", .time(second * 1_000_000_000))]) }
        var lines = lane.run()
        #expect(
            lines == [
                "{timestamp=time:0 seen=true} defaulted", "{tick=2} defaulted", "{timestamp=time:5000000000 seen=true} defaulted",
            ])
        #expect(lane.failures.map(\.kind) == [.time, .runtime, .runtime, .runtime])
        lane.failures = []
        lane.lane.shutdown(lane.batch) { failure, _ in lane.failures.append(failure) }
        lines = []
        lane.batch.forEachEvent { lines.append(lane.describe($0)) }
        #expect(lines.count == 3)
        #expect(lane.failures.map(\.kind) == [.time, .runtime])
    }

    @Test func `a failing rule under the policy pass is not run again in a new state`() throws {
        var limits = Self.limits
        limits.memoryBytes = 4 << 20
        let lane = try LaneFixture(
            "hoard = {} function process(event) for i = 1, 1e9 do hoard[i] = ('x'):rep(1000) .. i end end", limits: limits,
            onError: .pass, more: ["function process(event) event.seen = true end"])
        for n in 1...2 { lane.add([("n", .integer(Int64(n)))]) }
        #expect(lane.run() == ["{n=1 seen=true} defaulted", "{n=2 seen=true} defaulted"])
        #expect(lane.failures.map(\.kind) == [.memory, .memory])
        #expect(lane.lane.rebuilds == 2)
    }

    @Test func `hostile data costs time that is bounded`() throws {
        let lane = try LaneFixture(
            """
            function process(event)
              if event.n == 1 then event.user.a = 2 end
              if event.n == 2 then event.user.a = nil end
              if event.n == 3 then for _ in pairs(event) do end event.a = 1 event.a = nil end
            end
            """, limits: Self.limits)
        let twice = #"{"b":1"# + String(repeating: #","a":1"#, count: 50_000) + "}"
        lane.add([("n", .integer(1)), ("user", .json(twice))])
        lane.add([("n", .integer(2)), ("user", .json(twice))])
        lane.add([("n", .integer(3))] + (0..<5_000).flatMap { _ in [("a", LaneFixture.Value.null), ("b", .null)] })
        let started = Self.cpuNanoseconds()
        #expect(
            lane.run() == [
                #"{n=1 user={"b":1,"a":2}} defaulted"#, #"{n=2 user={"b":1}} defaulted"#,
                "{n=3" + String(repeating: " b=null", count: 5_000) + "} defaulted",
            ])
        #expect(Self.cpuNanoseconds() - started < 3 * Self.limits.eventNanoseconds)
    }

    private static let limits: RuleLimits = {
        var limits = RuleLimits()
        limits.memoryBytes = 16 << 20
        limits.eventNanoseconds = 60_000_000
        limits.valueBytesMax = 4 << 20
        return limits
    }()

    private static func event(_ n: Int) -> String {
        #"{n=\#(n) message='hello world hello' user={"name":"root","id":0} deep=[[1],[2],{"a":{"b":[]}}]}"#
    }

    private static func cpuNanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
