import Glibc
package import SluiceComponent
import SluiceConfig

/// Writes to the program's standard output: for shells, containers and first steps.
///
/// An event counts as delivered when the system has taken its bytes. While nobody reads, the output waits and so do its inputs; a
/// reader that went away is an error with code `closed`, on which the service ends in order.
package final class StdoutOutput: Output {
    /// Name in configuration.
    package static let kind = "stdout"

    /// What the catalogue says about it.
    static let entry = OutputCatalogue.Entry(
        kind: kind,
        summary: "writes to standard output, for shells, containers and first steps; while nobody reads, the inputs wait",
        promise: "An event counts as delivered when standard output has taken its bytes; what a reader loses that dies is its own.",
        options: [],
        example: "{ type: stdout, encoding: json }",
        make: { _, setting throws(ConfigError) in StdoutPlan(header: setting.header) })

    private let writer: StreamWriter
    private let header: [UInt8]
    private var headerWritten = 0

    /// An output on an open descriptor, which stays open.
    package init(_ context: OutputContext, header: [UInt8], descriptor: Int32 = STDOUT_FILENO) {
        writer = StreamWriter(descriptor: descriptor, name: "standard output", stop: context.stop)
        self.header = header
    }

    package func write(_ parcel: Parcel) throws(OutputError) {
        if headerWritten < header.count {
            try header.withUnsafeBufferPointer { bytes throws(OutputError) in
                try writer.write(UnsafeRawBufferPointer(bytes), written: &headerWritten)
            }
        }
        try parcel.writeParts { _, bytes, written throws(OutputError) in try writer.write(bytes, written: &written) }
    }

    package func close() throws(OutputError) {}
}

/// A checked configuration of standard output.
private struct StdoutPlan: OutputPlan {
    let header: [UInt8]

    var claims: [String] { ["standard output"] }

    func makeOutput(_ context: OutputContext) -> any Output { StdoutOutput(context, header: header) }
}
