package import SluiceComponent
import SluiceConfig

/// Standard input, read to its end: what a pipeline or a service manager hands the program.
///
/// Promises the order of lines, and nothing across a restart of the program: a pipe cannot be read again.
package final class StdinInput: Input {
    private let setting: DecodingSetting
    private let descriptor: Int32

    /// An input; tests read another descriptor.
    package init(_ setting: DecodingSetting, descriptor: Int32 = 0) {
        self.setting = setting
        self.descriptor = descriptor
    }

    package func run(_ session: any InputSession) throws(InputError) {
        session.count(.opened, 1)
        let reader = try FileReader(descriptor: descriptor, name: "standard input", closes: false)
        var stream = PipeStream(reader, SharedDecoding(setting), stream: 0)
        _ = try stream.run(session)
    }
}

/// The checked configuration of ``StdinInput``.
struct StdinPlan: InputPlan {
    let setting: DecodingSetting

    func makeInput() -> any Input { StdinInput(setting) }
}

extension InputCatalogue {
    /// `type: stdin`.
    static let stdin = Entry(
        kind: "stdin", summary: "standard input, read to its end; gzip and zstd are unpacked",
        promise:
            "In order and without loss while the program runs; what was read and not delivered is lost when it dies, because a pipe cannot be read again.",
        options: DecodingSetting.options(),
        example: "{ type: stdin, format: json }",
        make: { values, setting throws(ConfigError) in StdinPlan(setting: try DecodingSetting(values, zone: setting.zone)) })
}
