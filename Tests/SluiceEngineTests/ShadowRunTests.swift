import Testing

@testable import SluiceEngine

@Suite struct ShadowRunTests {
    private func outcome(_ outputs: [String], event: String = "{}", emitted: [String] = [], failure: String? = nil) -> ShadowRun.Outcome {
        ShadowRun.Outcome(
            decision: outputs.isEmpty ? "dropped" : "to \(outputs.joined(separator: ", "))", outputs: outputs, event: Array(event.utf8),
            emitted: emitted.map { Array($0.utf8) }, failure: failure)
    }

    @Test func `equal outcomes are no difference`() {
        let report = ShadowRun.compare(old: [outcome(["a"])], new: [outcome(["a"])])
        #expect(report.different == 0)
        #expect(report.sentences == ["shadow: of 1 recent events no difference"])
    }

    @Test func `each kind of difference is counted by itself`() {
        let report = ShadowRun.compare(
            old: [outcome(["a"]), outcome([]), outcome(["a"]), outcome(["a"]), outcome(["a"]), outcome(["a"], failure: "x")],
            new: [
                outcome([]), outcome(["a"]), outcome(["b"]), outcome(["a"], event: "{\"x\":1}"), outcome(["a"], emitted: ["{}"]),
                outcome(["a"]),
            ])
        #expect(
            [report.dropped, report.kept, report.routed, report.changed, report.newErrors, report.mended] == [1, 1, 1, 2, 0, 1])
        #expect(report.samples.count == 3)
        #expect(report.samples[0] == ["- to a: {}", "+ dropped: {}"])
    }

    @Test func `a failure that the old rules had as well is none of the new ones`() {
        let report = ShadowRun.compare(
            old: [outcome([], failure: "a.lua:1: bad"), outcome(["a"])],
            new: [outcome([], failure: "a.lua:2: bad"), outcome([], failure: "a.lua:3: worse")])
        #expect(report.newErrors == 1)
        #expect(report.firstError == "a.lua:3: worse")
    }
}
