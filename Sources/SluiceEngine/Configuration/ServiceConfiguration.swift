package import SluiceComponent
package import SluiceConfig
import SluiceEncoding
package import SluiceEvent
package import SluiceInputs
package import SluiceOutputs
package import SluiceRules

/// The checked configuration of the service: everything that `sluice.yaml` says, with names resolved and secrets read.
///
/// It is a value without effects: making one opens no socket and writes nothing. Files of rules are named and not read.
package struct ServiceConfiguration: Sendable {
    /// The configuration file as it was named.
    package let file: String
    /// Its folder, where relative paths begin.
    package let folder: String
    /// Folder of everything durable (`data_dir`), as it is opened.
    package let dataFolder: String
    /// Nil when there is no `admin:`.
    package let admin: AdminSetting?
    /// In the order of the file; the index is the number that events keep as their source.
    package let inputs: [InputConfiguration]
    /// In the order they run.
    package let rules: [RuleConfiguration]
    /// In the order of the file; the index is the bit in `sl_event.outputs`.
    package let outputs: [OutputConfiguration]
    /// Indices of the outputs of events that no rule routed; empty means that they are discarded.
    package let defaultOutputs: [Int]
    /// Number of lanes.
    package let workers: Int
    /// Field whose value keeps its order within a source; nil when a whole source does.
    package let partitionBy: String?
    /// Zone of times that have none.
    package let zone: Zone
    /// `memory_limit`, `time_limit` and `state_limit`.
    package let limits: RuleLimits
    package let reload: ReloadSetting
    package let deadLetters: DeadLetterSetting
    /// Nanoseconds that an ordered stop may take.
    package let shutdownTimeout: Int64
    /// Nanoseconds between two checkpoints while something moves.
    package let checkpointInterval: Int64
    package let log: LogSetting
    /// Every file that the configuration was read from, itself first: what has to be watched.
    package let files: [String]
    /// What should be looked at but refuses nothing.
    package let warnings: [ConfigProblem]
}

/// The administration server.
package struct AdminSetting: Sendable, Equatable {
    /// Where it listens beside the control socket; nil for the control socket alone.
    package let listen: ListenAddress?
    /// What a client must show; nil on loopback only.
    package let token: String?
}

/// A configured input.
package struct InputConfiguration: Sendable, Equatable {
    package let name: String
    /// The word behind `type:`.
    package let kind: String
    package let values: OptionValues
    package let setting: InputSetting
    package let plan: any InputPlan

    /// Whether both say the same, so that a running input need not be restarted.
    package static func == (left: InputConfiguration, right: InputConfiguration) -> Bool {
        left.name == right.name && left.kind == right.kind && left.values == right.values
            && left.setting.folder == right.setting.folder && left.setting.zone.name == right.setting.zone.name
    }
}

/// A configured rule, before its file is read.
package struct RuleConfiguration: Sendable, Equatable {
    /// Unique; the rule's `state` belongs to it.
    package let name: String
    /// The file as it is written.
    package let file: String
    /// The file as it is opened.
    package let path: String
    /// Names of the inputs whose events it sees; nil for all.
    package let inputs: [String]?
    package let onError: ErrorPolicy
    package let api: RuleSource.API
    /// Names of the environment variables of `FLB_ENV`.
    package let environment: [String]
    /// Where it is configured.
    package let place: ConfigPlace

    package static func == (left: RuleConfiguration, right: RuleConfiguration) -> Bool {
        left.name == right.name && left.path == right.path && left.inputs == right.inputs && left.onError == right.onError
            && left.api == right.api && left.environment == right.environment
    }
}

/// A configured output.
package struct OutputConfiguration: Sendable, Equatable {
    package let name: String
    /// The word behind `type:`.
    package let kind: String
    /// Its own options and those of every output.
    package let values: OptionValues
    package let options: OutputOptions
    /// Nil when the output knows one form only.
    package let encoding: OutputEncoding?
    package let setting: OutputSetting
    package let plan: any OutputPlan

    /// An encoder of records as parcels of this output hold them.
    package func makeEncoder(inputs: [String]) -> any Encoder {
        guard let encoder = plan.makeEncoder(inputs: inputs) ?? encoding?.makeEncoder(inputs: inputs, framing: plan.framing) else {
            preconditionFailure("output `\(name)` has neither an encoder of its own nor one that `encoding` names")
        }
        return plan.framing == .asEncoded ? encoder : FramedEncoder(encoder, plan.framing)
    }

    /// Whether both say the same, so that a running output need not be restarted. What inputs are called is left out: `{@input}`
    /// is filled in by the lanes, which take the plan of the newest configuration.
    package static func == (left: OutputConfiguration, right: OutputConfiguration) -> Bool {
        left.name == right.name && left.kind == right.kind && left.values == right.values
            && left.setting.folder == right.setting.folder && left.setting.zone?.name == right.setting.zone?.name
    }
}

/// How new generations are found, tried and given up.
package struct ReloadSetting: Sendable, Equatable {
    /// How changes are noticed.
    package enum Watch: String, Sendable, CaseIterable {
        /// The kernel tells (inotify).
        case notify = "true"
        /// Files are looked at every second: for network file systems.
        case poll
        case off = "false"
    }

    package let watch: Watch
    /// Nanoseconds without a change before files count as settled.
    package let settle: Int64
    /// Live events that a new generation is tried on.
    package let shadowEvents: Int
    /// Bytes of them.
    package let shadowBytes: Int
    /// Events on which the new generation alone may fail.
    package let newErrorsMax: Int
    /// Events that the new generation may decide or change differently; nil for any number.
    package let changedMax: Int?
    /// Part of failing events, above the old generation's, that brings the old one back.
    package let rollbackErrorRate: Double
    /// Nanoseconds over which it is measured.
    package let rollbackWindow: Int64
    /// Events in the window below which nothing is judged.
    package static let rollbackEventsMin = 100
}

/// Where dead letters end.
package struct DeadLetterSetting: Sendable, Equatable {
    /// What happens when they take up all their room.
    package enum WhenFull: String, Sendable, CaseIterable {
        /// The lanes wait, and with them the inputs.
        case block
        case dropOldest = "drop_oldest"
    }

    /// Bytes that they may take on disk.
    package let bytesMax: Int
    package let whenFull: WhenFull
}

/// The program's own log.
package struct LogSetting: Sendable, Equatable {
    /// The least level that is written.
    package enum Level: String, Sendable, CaseIterable { case trace, debug, info, warning, error }

    /// Form of a line.
    package enum Format: String, Sendable, CaseIterable {
        /// `journald` under systemd, `text` otherwise.
        case auto
        case text, json
        /// Text with the level as `<3>`, without a time.
        case journald
    }

    package let level: Level
    package let format: Format
}
