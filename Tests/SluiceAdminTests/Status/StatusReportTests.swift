import Foundation
import GoldenKit
import SluiceComponent
import Testing

@testable import SluiceAdmin

/// Reports of fixed values, compared byte for byte with `Golden/`; `UPDATE_GOLDEN=1` rewrites them.
@Suite struct StatusReportTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Golden")

    @Test func `reports are what is promised`() throws {
        let plain = TextPaint(isColoured: false)
        let colour = TextPaint(isColoured: true)
        let reports = [
            "status-quiet.json": StatusFixture.quiet.json, "status-quiet.txt": StatusFixture.quiet.text(plain),
            "status-busy.json": StatusFixture.busy.json, "status-busy.txt": StatusFixture.busy.text(plain),
            "status-busy-colour.txt": StatusFixture.busy.text(colour), "metrics-quiet.txt": MetricsText.text(of: StatusFixture.quiet),
            "metrics-busy.txt": MetricsText.text(of: StatusFixture.busy),
            "reload-applied.txt": VerdictFixture.applied.text(plain), "reload-applied.json": VerdictFixture.applied.json,
            "reload-refused.txt": VerdictFixture.refused.text(plain), "reload-refused.json": VerdictFixture.refused.json,
            "reload-refused-colour.txt": VerdictFixture.refused.text(colour),
            "reload-unchanged.txt": ReloadVerdict(.unchanged, generation: 3).text(plain),
            "reload-would-apply.txt": ReloadVerdict(.wouldApply, generation: 3).text(plain),
        ]
        let files = reports.mapValues { Data($0.utf8) }
        if GoldenFiles.areRewritten { try GoldenFiles.replace(Self.folder, with: files) }
        #expect(GoldenFiles.differences(files, from: try GoldenFiles.read(Self.folder)) == [])
    }

    @Test func `JSON reports are JSON`() throws {
        for text in [StatusFixture.quiet.json, StatusFixture.busy.json, VerdictFixture.refused.json] {
            let value = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            #expect(value?.isEmpty == false)
        }
    }

    @Test func `no report without colour holds a control character`() {
        for text in [StatusFixture.busy.text(TextPaint(isColoured: false)), StatusFixture.busy.json] {
            #expect(text.unicodeScalars.filter { $0.value < 0x20 && $0 != "\n" } == [])
        }
    }

    @Test func `a refusal's line and caret stay under one another`() {
        var status = StatusFixture.quiet
        status.phase = .running
        status.generation.staleReason = "a.lua:1: no\u{7}\n 1 | retur 1\n   |       ^"
        let text = status.text(TextPaint(isColoured: false))
        let indent = String(repeating: " ", count: 15)
        #expect(text.contains("not ready      stale_rules: a.lua:1: no\\x07\n\(indent) 1 | retur 1\n\(indent)   |       ^\n"))
    }

    @Test func `the ledger of a report balances`() {
        let ledger = StatusFixture.busy.ledger
        let buckets = ledger.entries.filter { !["received", "emitted", "redriven", "replayed"].contains($0.name) }
        #expect(buckets.reduce(0) { $0 + $1.count } == ledger.received + ledger.emitted)
    }
}

/// Verdicts with fixed values.
enum VerdictFixture {
    static var applied: ReloadVerdict {
        var verdict = ReloadVerdict(.applied, generation: 8)
        verdict.durationNanoseconds = 84_000_000
        verdict.notes = ["12 of 1,000 live events come out differently"]
        return verdict
    }

    static var refused: ReloadVerdict {
        var verdict = ReloadVerdict(.refused, generation: 7)
        verdict.durationNanoseconds = 12_000_000
        verdict.problems = [
            ReloadVerdict.Problem(
                step: .compile, place: "route.lua:3", message: "'then' expected near '='",
                excerpt: [" 3 | if event.a = 1 then", "   |            ^"]),
            ReloadVerdict.Problem(step: .tests, place: "nginx_test.lua:14", message: "expected dropped, got routed to `main`"),
        ]
        return verdict
    }
}
