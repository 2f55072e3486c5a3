/// One metric, declared once: the scrape, the reference page and the tests read this.
package struct MetricSpec: Sendable {
    /// How Prometheus treats it.
    package enum Kind: String, Sendable {
        /// Only grows while the process lives.
        case counter
        case gauge
    }

    /// A number with the values of the metric's labels.
    struct Sample: Sendable, Equatable {
        let labels: [String]
        /// As Prometheus writes numbers.
        let value: String

        init(_ value: Int, _ labels: String...) {
            self.value = String(value)
            self.labels = labels
        }

        init(_ isTrue: Bool, _ labels: String...) {
            value = isTrue ? "1" : "0"
            self.labels = labels
        }

        init(nanoseconds: Int64, _ labels: String...) {
            value = ReportTime.decimal(nanoseconds)
            self.labels = labels
        }
    }

    package let name: String
    package let kind: Kind
    /// `events`, `bytes`, `seconds`, or what is counted.
    package let unit: String
    /// One sentence.
    package let help: String
    /// Names of labels.
    package let labels: [String]
    /// The numbers of a status.
    let samples: @Sendable (ServiceStatus) -> [Sample]

    init(
        _ name: String, _ kind: Kind, unit: String, _ help: String, labels: [String] = [],
        _ samples: @escaping @Sendable (ServiceStatus) -> [Sample]
    ) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.help = help
        self.labels = labels
        self.samples = samples
    }
}

/// Metrics of one thing.
struct MetricSection: Sendable {
    let title: String
    let introduction: String
    let metrics: [MetricSpec]
}
