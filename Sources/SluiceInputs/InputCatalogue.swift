import Glibc
package import SluiceComponent
package import SluiceConfig
package import SluiceEvent

/// All kinds of inputs: their names, options and how they are made.
package enum InputCatalogue {
    /// A kind of input.
    package struct Entry: Sendable {
        /// The word behind `type:`.
        package let kind: String
        /// One sentence for the reference.
        package let summary: String
        /// What becomes of data when the program dies or an output is down: a sentence.
        package let promise: String
        package let options: [OptionSpec]
        /// A use in YAML, as the value of `inputs: NAME:`.
        package let example: String
        /// Checks the options that need each other, without touching the outside world.
        package let make: @Sendable (OptionValues, InputSetting) throws(ConfigError) -> any InputPlan
    }

    /// Every kind, in the order of the reference.
    package static let entries: [Entry] = [
        file, stdin, exec, syslog, tcp, udp, unix, forward, fetch, sluice, http, journal, kmsg, `internal`, generate,
    ]
}

/// What the options of an input do not say.
package struct InputSetting: Sendable {
    /// The input's name.
    package let name: String
    /// Folder that relative paths begin at, as an absolute path: the configuration's.
    package let folder: String
    /// Zone of times that have none, unless the input says another.
    package let zone: Zone

    /// A setting; a relative folder is one below the working directory.
    package init(name: String, folder: String, zone: Zone) {
        self.name = name
        self.folder = Self.absolute(folder)
        self.zone = zone
    }

    private static func absolute(_ folder: String) -> String {
        guard !folder.hasPrefix("/"), let working = getcwd(nil, 0) else { return folder }
        defer { free(working) }
        return String(cString: working) + (folder == "." ? "" : "/" + folder)
    }
}

/// A checked configuration of an input.
package protocol InputPlan: Sendable {
    /// The input itself; opens nothing before it runs.
    func makeInput() -> any Input
}
