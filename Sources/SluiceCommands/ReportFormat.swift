import ArgumentParser

/// How a verb reports.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}
