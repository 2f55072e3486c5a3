/// The Prometheus text format, version 0.0.4.
package enum MetricsText {
    /// All metrics of a status. A metric without any series is left out.
    package static func text(of status: ServiceStatus) -> String {
        var text = ""
        for metric in MetricCatalogue.all {
            let samples = metric.samples(status)
            if samples.isEmpty { continue }
            text += "# HELP \(metric.name) \(escapedHelp(metric.help))\n# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            for sample in samples { text += line(metric, sample) }
        }
        return text
    }

    private static func line(_ metric: MetricSpec, _ sample: MetricSpec.Sample) -> String {
        precondition(sample.labels.count == metric.labels.count, "`\(metric.name)` has other labels than it declares")
        guard !sample.labels.isEmpty else { return "\(metric.name) \(sample.value)\n" }
        let labels = zip(metric.labels, sample.labels).map { "\($0)=\"\(escapedLabel($1))\"" }
        return "\(metric.name){\(labels.joined(separator: ","))} \(sample.value)\n"
    }

    private static func escapedHelp(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    }

    static func escapedLabel(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
