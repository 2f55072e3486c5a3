import SluiceConfig
import SluiceEvent
import SluiceInputs
import SluiceOutputs
import SluiceRules

/// Makes a ``ServiceConfiguration`` of the parsed file; what is wrong is noted in `reading`, and reading goes on.
struct ConfigurationReader {
    let file: String
    let catalogues: ComponentCatalogues
    let reading: ConfigReading
    /// Names in the order of the file, broken components included, so that a reference to one is not a second problem.
    var inputNames: [String] = []
    var outputNames: [String] = []
    /// The rules that are right, also when the configuration is refused for something else.
    var rulesRead: [RuleConfiguration] = []
    /// Zone of times that have none, and whether the file says so.
    var zone = Zone.utc
    var hasZone = false

    init(file: String, catalogues: ComponentCatalogues, reading: ConfigReading) {
        self.file = file
        self.catalogues = catalogues
        self.reading = reading
    }

    /// The whole configuration; nil when something refuses it.
    mutating func read(_ root: ConfigNode) -> ServiceConfiguration? {
        guard let members = root.members, !members.isEmpty else {
            refuseEmpty(root)
            return nil
        }
        let sections = ServiceOptions.sections.map(\.key)
        let values = OptionValues(root, of: ServiceOptions.root, component: "the configuration", besides: sections, in: reading)
        zone = namedZone(values) ?? Zone.system()
        hasZone = values.isSet("timezone")
        let inputs = self.inputs(section("inputs", members, at: root.place))
        let outputs = self.outputs(section("outputs", members, at: root.place))
        rulesRead = rules(members.first { $0.key == "rules" }?.value)
        let defaults = defaultOutputs(values, at: members.first { $0.key == "outputs" }?.place ?? root.place)
        let admin = self.admin(values)
        checkPartition(values)
        guard !reading.isRefused else { return nil }
        return ServiceConfiguration(
            file: file, folder: reading.folder, dataFolder: reading.path(values.text("data_dir") ?? ""), admin: admin,
            inputs: inputs, rules: rulesRead, outputs: outputs, defaultOutputs: defaults, workers: values.integer("workers") ?? 1,
            partitionBy: values.text("partition_by"), zone: zone, limits: limits(values), reload: reload(values.group("reload")),
            deadLetters: deadLetters(values.group("dead_letters")), shutdownTimeout: values.duration("shutdown_timeout") ?? 0,
            checkpointInterval: values.duration("checkpoint_interval") ?? 0, log: log(values.group("log")),
            files: reading.files, warnings: reading.finish())
    }

    private func refuseEmpty(_ root: ConfigNode) {
        switch root.content {
        case .null, .mapping:
            reading.refuse(.missingOption, "the configuration is empty; write at least `inputs:` and `outputs:`", at: root.place)
        default:
            reading.refuse(
                .invalidValue, "the configuration is \(root.kindText); write a mapping with `inputs:` and `outputs:`", at: root.place)
        }
    }

    /// The members of `inputs` or `outputs`.
    private func section(_ key: String, _ members: [ConfigMember], at place: ConfigPlace) -> [ConfigMember] {
        let one = key.dropLast()
        let form = "write `\(key): { NAME: { type: … } }`"
        guard let member = members.first(where: { $0.key == key }) else {
            reading.refuse(.missingOption, "the configuration has no `\(key)`; \(form)", at: place)
            return []
        }
        switch member.value.content {
        case .mapping(let components):
            if components.isEmpty { reading.refuse(.missingOption, "`\(key)` is empty; \(form)", at: member.place) }
            return components
        case .null:
            reading.refuse(.missingOption, "`\(key)` is empty; \(form)", at: member.place)
        default:
            reading.refuse(
                .invalidValue, "`\(key)` is \(member.value.kindText); each \(one) has a name: \(form)", at: member.value.place)
        }
        return []
    }

    /// The zone that `timezone` names; nil without one, and when there is no such zone, which is noted.
    func namedZone(_ values: OptionValues) -> Zone? {
        guard let name = values.text("timezone") else { return nil }
        do throws(ZoneError) {
            return try Zone(named: name)
        } catch {
            reading.refuse(
                .invalidValue,
                "unknown zone `\(name)` for `timezone` of \(values.component); it takes names such as `Europe/Berlin`, `UTC` or `+02:00`",
                at: values.place(of: "timezone"))
            return nil
        }
    }

    private func admin(_ values: OptionValues) -> AdminSetting? {
        guard values.isSet("admin") else { return nil }
        let values = values.group("admin")
        let token = values.text("token")
        do throws(ConfigError) {
            let listen = try values.text("listen").map { text throws(ConfigError) in try ListenAddress(text, key: "listen") }
            if let listen, !listen.isLoopback, token == nil {
                throw ConfigError(
                    .missingOption,
                    "other machines reach `\(values.text("listen") ?? "")`, so `admin` needs a `token` (or `token_file`); or listen on `127.0.0.1`",
                    key: "listen")
            }
            return AdminSetting(listen: listen, token: token)
        } catch {
            reading.refuse(error.code, error.message, at: error.key.flatMap { values.place(of: $0) } ?? values.place)
            return nil
        }
    }

    private func checkPartition(_ values: OptionValues) {
        guard values.isSet("partition_by"), values.integer("workers") ?? 1 == 1 else { return }
        reading.warn(
            .invalidValue, "`partition_by` has no effect with one worker; set `workers`, or leave it out",
            at: values.place(of: "partition_by"))
    }

    private mutating func defaultOutputs(_ values: OptionValues, at place: ConfigPlace) -> [Int] {
        guard values.isSet("default_outputs") else {
            if outputNames.count > 1 {
                reading.refuse(
                    .missingOption,
                    "`default_outputs` is missing: with \(outputNames.count) outputs it says where events go that no rule routed; "
                        + "write `default_outputs: [\(outputNames[0])]`, or `[]` to discard them",
                    at: place)
            }
            return [0]
        }
        return values.texts("default_outputs").compactMap { name in
            resolve(name, in: outputNames, what: "output", of: "`default_outputs`", at: values.place(of: "default_outputs"))
        }
    }

    /// The index of a name; an unknown one is noted.
    func resolve(_ name: String, in known: [String], what: String, of owner: String, at place: ConfigPlace?) -> Int? {
        if let index = known.firstIndex(of: name) { return index }
        reading.refuse(.unknownName, OptionValues.unknown(name, in: known, what: what, of: owner), at: place)
        return nil
    }
}

extension ConfigurationReader {
    private func limits(_ values: OptionValues) -> RuleLimits {
        var limits = RuleLimits()
        limits.memoryBytes = values.size("memory_limit") ?? limits.memoryBytes
        limits.eventNanoseconds = values.duration("time_limit") ?? limits.eventNanoseconds
        limits.stateBytesMax = values.size("state_limit") ?? limits.stateBytesMax
        return limits
    }

    private func reload(_ values: OptionValues) -> ReloadSetting {
        ReloadSetting(
            watch: values.text("watch").flatMap(ReloadSetting.Watch.init) ?? .notify, settle: values.duration("settle") ?? 0,
            shadowEvents: values.integer("shadow_events") ?? 0, shadowBytes: values.size("shadow_bytes") ?? 0,
            newErrorsMax: values.integer("max_new_errors") ?? 0, changedMax: values.integer("max_changed"),
            rollbackErrorRate: values.fraction("rollback_error_rate") ?? 0, rollbackWindow: values.duration("rollback_window") ?? 0)
    }

    private func deadLetters(_ values: OptionValues) -> DeadLetterSetting {
        DeadLetterSetting(
            bytesMax: values.size("max_size") ?? 0,
            whenFull: values.text("when_full").flatMap(DeadLetterSetting.WhenFull.init) ?? .block)
    }

    private func log(_ values: OptionValues) -> LogSetting {
        LogSetting(
            level: values.text("level").flatMap(LogSetting.Level.init) ?? .info,
            format: values.text("format").flatMap(LogSetting.Format.init) ?? .auto)
    }
}
