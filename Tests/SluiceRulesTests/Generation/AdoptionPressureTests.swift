import CSluice
import SluiceEvent
import Testing

@testable import SluiceRules

/// Adopting generations under memory pressure, and what it costs.
@Suite(.serialized) struct AdoptionPressureTests {
    static func rules(_ count: Int, _ version: Int) -> [(String, String)] {
        (0..<count).map { index in
            (
                "rule\(index)",
                """
                local limit, words = \(version), {}
                for i = 1, 50 do words["word " .. i] = {i, tostring(i)} end
                state.count = state.count or 0
                every("1s", function() emit({tick = limit, n = state.count}) end)
                local function helper(event) return (event.message or ""):lower() .. limit end
                function process(event, meta)
                  state.count = state.count + 1
                  event["r\(index)"] = limit
                  if helper(event) == words then return "a" end
                end
                """
            )
        }
    }

    @Test func `nothing of an old generation is kept`() throws {
        let lane = try GenerationFixture(Self.rules(20, 1))
        let generations = try [lane.check(Self.rules(20, 2)), lane.check(Self.rules(20, 3))]
        func swap(_ count: Int) throws -> Int {
            for turn in 0..<count {
                try lane.lane.lane.stage(generations[turn % 2])
                try lane.lane.lane.commit()
                _ = lane.run(#"{"message":"x"}"#)
            }
            return lane.lane.lane.collectMemory()
        }
        let before = try swap(20)
        let after = try swap(500)
        #expect(after <= before + 4_096, "\(before) bytes became \(after)")
        #expect(lane.run().hasPrefix(#"{"r0":3,"#))
        #expect(lane.lane.lane.failuresByRule.isEmpty)
    }

    @Test func `giving generations up leaves nothing behind either`() throws {
        let lane = try GenerationFixture(Self.rules(5, 1))
        let good = try lane.check(Self.rules(5, 2))
        let bad = try lane.check(Self.rules(4, 2) + [("rule4", "if state.count then error('no') end function process() end")])
        func abandon(_ count: Int) -> Int {
            for turn in 0..<count {
                if turn % 2 == 0 { try? lane.lane.lane.stage(good) } else { try? lane.lane.lane.stage(bad) }
                lane.lane.lane.abandon()
            }
            return lane.lane.lane.collectMemory()
        }
        let before = abandon(10)
        #expect(abandon(200) <= before + 4_096)
        #expect(lane.run().hasPrefix(#"{"r0":1,"#))
    }

    /// Adopts a generation while allocations fail, for every n: `refused` looks at the old one. Answers the n that was enough.
    ///
    /// One that fails alone is made good by a collection, so all from the n-th on fail.
    private func adopt(
        _ next: RuleGeneration, by lane: GenerationFixture, refused: (UInt64) throws -> Void
    ) throws -> UInt64 {
        var n: UInt64 = 1
        while true {
            lane.lane.lane.failAllocation(n, lasting: true)
            var isAdopted = false
            do {
                try lane.lane.lane.stage(next)
                try lane.lane.lane.commit()
                isAdopted = true
            } catch {
                try #require(error.kind == .memory, "allocation \(n): \(error)")
            }
            let calls = lane.lane.lane.failAllocation(0, lasting: false)
            if isAdopted {
                try #require(calls < n)
                return n
            }
            try refused(n)
            n += 1
        }
    }

    @Test func `allocations that fail while a generation is adopted leave the old one untouched`() throws {
        let old = """
            state.n, state.list, state.gone = 0, {1, {2}}, {}
            function process(event) state.n = state.n + 1 event.gone, event.list, event.n, event.v = state.gone, state.list, state.n, 1 end
            """
        let new = """
            state_version = 2
            state.n = state.n or 0
            function migrate(old)
              for i = 1, 40 do old["key " .. i] = {i} end
              old.list[3], old.list[2][1], old.gone = "added", "changed", nil
              return old
            end
            every("1s", print)
            local words = {} for i = 1, 30 do words[i] = ("word "):rep(i) end
            function process(event) event.gone, event.list, event.n, event.v = state.gone or "none", state.list, state.n, 2 end
            """
        var limits = RuleLimits()
        limits.eventNanoseconds = 10_000_000_000
        let lane = try GenerationFixture([("r", old)], limits: limits)
        let next = try lane.check([("r", new)])
        var runs = 0
        let n = try adopt(next, by: lane) { n in
            runs += 1
            try #require(lane.run() == #"{"v":1,"n":\#(runs),"list":[1,[2]],"gone":{}}"#, "allocation \(n)")
        }
        #expect(n > 300)
        #expect(lane.run() == #"{"v":2,"n":\#(runs),"list":[1,["changed"],"added"],"gone":"none"}"#)
    }

    /// 64 keys fill their table: of those that were deleted some need a larger one when they come back.
    @Test func `keys that a refused generation deleted come back without memory`() throws {
        let old = """
            for i = 1, 64 do state["key " .. i] = i end
            function process(event) event.n, event.sum = 0, 0 for _, i in pairs(state) do event.n, event.sum = event.n + 1, event.sum + i end end
            """
        let new = """
            state_version = 2
            function migrate(old)
              for i = 1, 32 do old["key " .. i] = nil end
              local more = {}
              for i = 1, 20 do more[i] = {i} end
              return old
            end
            function process(event) event.n = 0 for _ in pairs(state) do event.n = event.n + 1 end end
            """
        var limits = RuleLimits()
        limits.eventNanoseconds = 10_000_000_000
        let lane = try GenerationFixture([("r", old)], limits: limits)
        let next = try lane.check([("r", new)])
        let n = try adopt(next, by: lane) { n in
            try #require(lane.run() == #"{"sum":2080,"n":64}"#, "allocation \(n)")
        }
        #expect(n > 50)
        #expect(lane.run() == #"{"n":32}"#)
    }

    @Test func `a generation that does not end or does not fit is refused, and the old one runs on`() throws {
        var limits = RuleLimits()
        limits.eventNanoseconds = 5_000_000
        limits.memoryBytes = 2 << 20
        let lane = try GenerationFixture([("r", AdoptionTests.counting)], limits: limits)
        _ = lane.run()
        let cases: [(String, RuleFailure.Kind)] = [
            ("if state.n then while true do end end", .time),
            ("if state.n then local t = {} for i = 1, 1e7 do t[i] = i end end", .memory),
            ("if state.n then state.t = {} for i = 1, 1e7 do state.t[i] = i end end", .memory),
        ]
        for (count, (code, kind)) in cases.enumerated() {
            let next = try lane.check([("r", code + "\nfunction process() end")])
            let failure = #expect(throws: RuleFailure.self) { try lane.lane.lane.stage(next) }
            #expect(failure?.kind == kind)
            #expect(lane.run() == #"{"n":\#(count + 2)}"#)
        }
    }

    @Test func `a state that is rebuilt between staging and commit is staged again`() throws {
        var limits = RuleLimits()
        limits.memoryBytes = 4 << 20
        let lane = try GenerationFixture(
            [
                (
                    "r",
                    "local kept = {} function process(event) state.n = (state.n or 0) + 1 while event.fill do kept[#kept + 1] = ('x'):rep(5000) .. #kept end end"
                )
            ],
            limits: limits)
        _ = lane.run()
        try lane.lane.lane.stage(try lane.check([("r", "function process(event) event.n = state.n end")]))
        #expect(lane.run(#"{"fill":true}"#) == #"{"fill":true} failed"#)
        #expect(lane.lane.lane.rebuilds == 1)
        try lane.lane.lane.commit()
        #expect(lane.run() == #"{"n":2}"#)
    }
}
