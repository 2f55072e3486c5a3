package import SluiceComponent
package import SluiceConfig
package import SluiceEncoding
package import SluiceEvent

/// All kinds of outputs: their names, options and how they are made.
package enum OutputCatalogue {
    /// A kind of output.
    package struct Entry: Sendable {
        /// The word behind `type:`.
        package let kind: String
        /// One sentence for the reference.
        package let summary: String
        /// When an event counts as delivered: a sentence.
        package let promise: String
        /// Its own options; those of every output (`encoding`, `batch`, `retry`, `buffer`) come from the program, unless one of the
        /// same name stands here and takes its place.
        package let options: [OptionSpec]
        /// Whether events have one form at this output (``OutputPlan/makeEncoder(inputs:)``), so that there is no option `encoding`.
        package var hasOwnEncoding = false
        /// A use in YAML, as the value of `outputs: NAME:`.
        package let example: String
        /// Checks the options that need each other, without touching the outside world.
        package let make: @Sendable (OptionValues, OutputSetting) throws(ConfigError) -> any OutputPlan
    }

    /// Every kind, in the order of the reference.
    package static let entries: [Entry] = [
        StdoutOutput.entry, FileOutputPlan.entry, ExecOutput.entry,
        NetworkOutputs.syslog, NetworkOutputs.tcp, NetworkOutputs.udp, NetworkOutputs.unix,
        ForwardOutput.entry, SluiceOutput.entry, DiscardOutput.entry,
    ]
}

/// What the options of an output do not say.
package struct OutputSetting: Sendable {
    /// The output's name.
    package let name: String
    /// Folder that relative paths begin at: the configuration's.
    package let folder: String
    /// Zone of times in paths, UTC unless the output says another.
    package let zone: Zone?
    /// What stands at the head of each file (the names of CSV columns), line end included.
    package let header: [UInt8]
    /// Names of the inputs by the number that events keep, for `{@input}`.
    package let inputs: [String]

    /// A setting.
    package init(name: String, folder: String, zone: Zone?, header: [UInt8], inputs: [String]) {
        self.name = name
        self.folder = folder
        self.zone = zone
        self.header = header
        self.inputs = inputs
    }
}

/// A checked configuration of an output.
package protocol OutputPlan: Sendable {
    /// Where each event goes within the output; nil when all go to one place. The lane fills `Parcel.Part.path` from it.
    var path: PathTemplate? { get }

    /// How records are told apart in parcels.
    var framing: RecordFraming { get }

    /// An encoder for an output whose destination takes one form only; nil: events become bytes as `encoding` says.
    func makeEncoder(inputs: [String]) -> (any Encoder)?

    /// Places that only one output may write, as texts for messages (``file `/var/log/all.log` ``): two outputs with a claim in common
    /// would tear each other's records.
    var claims: [String] { get }

    /// The output itself; opens nothing before its first write.
    func makeOutput(_ context: OutputContext) -> any Output
}

extension OutputPlan {
    /// All events go to one place.
    package var path: PathTemplate? { nil }

    /// As encoders write them.
    package var framing: RecordFraming { .asEncoded }

    /// As `encoding` says.
    package func makeEncoder(inputs: [String]) -> (any Encoder)? { nil }

    /// May be shared.
    package var claims: [String] { [] }
}
