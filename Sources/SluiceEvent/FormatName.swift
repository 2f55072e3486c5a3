/// Names of the decoders, and of inputs that make events themselves, in the order of the number that an event keeps as `format`.
package enum FormatName: UInt8, CaseIterable, Sendable {
    case plain, auto, syslog, rfc3164, rfc5424, json, cee, logfmt, csv, combined, cri, docker, regex, grok, forward
    case journal, kmsg, `internal`

    /// The name as users write it.
    package var text: String { String(describing: self) }
}
