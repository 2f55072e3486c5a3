/// The reference page of the metrics, generated from their declarations.
package enum MetricsPage {
    /// The page in Markdown.
    package static var text: String {
        var text = """
            # Metrics

            `/metrics` answers in the Prometheus text format, on the control socket and, with `admin: { listen: 127.0.0.1:8787 }`, over HTTP. All
            counters start at 0 with the process. This page is generated from the declarations in the program.

            """
        for section in MetricCatalogue.sections {
            text += "\n## \(section.title)\n\n\(section.introduction)\n\n| metric | type | unit | labels | what |\n|---|---|---|---|---|\n"
            for metric in section.metrics {
                let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
                text += "| `\(metric.name)` | \(metric.kind.rawValue) | \(metric.unit) | \(labels) | \(metric.help) |\n"
            }
        }
        return text
    }
}
