import Foundation
import Testing

@testable import SluiceAdmin

@Suite struct MetricCatalogueTests {
    private static let page = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../Sources/SluiceCommands/Documentation.docc/Metrics.md").standardized

    @Test func `the reference page is what the declarations say`() throws {
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try MetricsPage.text.write(to: Self.page, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: Self.page, encoding: .utf8)
        #expect(written == MetricsPage.text, "the page is stale; UPDATE_GOLDEN=1 swift test --filter MetricCatalogueTests rewrites it")
    }

    @Test func `names say what they are`() {
        let names = MetricCatalogue.all.map(\.name)
        #expect(Set(names).count == names.count)
        for metric in MetricCatalogue.all {
            #expect(metric.name.wholeMatch(of: /[a-z][a-z0-9_]*/) != nil, "\(metric.name)")
            #expect(metric.name.hasSuffix("_total") == (metric.kind == .counter), "\(metric.name)")
            #expect(metric.name.hasPrefix("sluice_") || metric.name.hasPrefix("process_"), "\(metric.name)")
            #expect(metric.name.contains("_bytes") == (metric.unit == "bytes"), "\(metric.name)")
            #expect(metric.name.hasSuffix("_seconds") == (metric.unit == "seconds"), "\(metric.name)")
            #expect(!metric.help.hasSuffix(".") && !metric.help.contains("|"), "\(metric.name)")
            for label in metric.labels { #expect(label.wholeMatch(of: /[a-z_]+/) != nil, "\(metric.name)") }
        }
    }

    @Test func `every count of the ledger has its metric`() {
        let names = Set(MetricCatalogue.all.map(\.name))
        for entry in LedgerStatus().entries {
            let name = entry.name == "in_flight" ? "sluice_events_in_flight" : "sluice_events_\(entry.name)_total"
            #expect(names.contains(name), "\(entry.name)")
        }
    }

    @Test func `no series comes twice`() {
        let lines = MetricsText.text(of: StatusFixture.busy).split(separator: "\n").filter { !$0.hasPrefix("#") }
        let series = lines.map { $0[..<$0.lastIndex(of: " ")!] }
        #expect(Set(series).count == series.count)
        #expect(series.count > 80)
    }

    @Test func `quotes, backslashes and line ends of a label are escaped`() {
        #expect(MetricsText.escapedLabel("a\"b\\c\nd") == "a\\\"b\\\\c\\nd")
    }
}
