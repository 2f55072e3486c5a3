package import CSluice
package import SluiceEvent

/// A file's path with fields and times in it: `archive/%Y-%m-%d/{hostname}.ndjson`.
///
/// As ``Template``, and: codes of strftime stand bare and show the event's time, else when it was received, in UTC unless a
/// zone is given (`%%` is a percent sign). Values cannot lead out of the folder: `/` and NUL in them become `_`, and so does
/// a value that is empty, `.` or `..`. A missing field is `-`.
package struct PathTemplate: Sendable {
    private let template: Template
    private let zone: Zone?

    /// Parses a path. `inputs` are the names that `{@input}` shows.
    package init(_ text: String, zone: Zone? = nil, inputs: [String] = []) throws(TemplateError) {
        template = Template(try TemplateParser.parse(text, place: .path), inputs: inputs)
        self.zone = zone
    }

    /// The path as it was given.
    package var text: String { template.text }

    /// Whether the path is the same for every event.
    package var isLiteral: Bool { template.isLiteral }

    /// What it begins with for every event: all of it when it is literal.
    package var literalPrefix: String { template.literalPrefix }

    /// Names of the fields in it, as written.
    package var fieldNames: [String] { template.fieldNames }

    /// Appends the path for one event, without a NUL at its end.
    package func append(
        _ event: UnsafePointer<sl_event>, of batch: UnsafePointer<sl_batch>, to output: UnsafeMutablePointer<sl_buffer>
    ) {
        _ = template.append(event, of: batch, to: output, place: .path, zone: zone)
    }

    /// Makes a value one harmless part of a path; answers whether it had to be altered.
    static func makeSafe(_ tail: OutputTail) -> Bool {
        let isAltered = tail.sanitise { $0 != UInt8(ascii: "/") && $0 != 0 }
        // SAFETY: bytes below `count` are in use.
        let isDots = tail.count == 1 && tail.bytes[0] == 0x2E || tail.count == 2 && tail.bytes[0] == 0x2E && tail.bytes[1] == 0x2E
        guard tail.count == 0 || isDots else { return isAltered }
        tail.output.pointee.length = tail.start
        sl_buffer_append_byte(tail.output, UInt8(ascii: "_"))
        return true
    }
}
