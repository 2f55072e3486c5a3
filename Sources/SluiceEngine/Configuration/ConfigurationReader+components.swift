import SluiceConfig
import SluiceEvent
import SluiceInputs
import SluiceOutputs

extension ConfigurationReader {
    /// The inputs that are right.
    mutating func inputs(_ members: [ConfigMember]) -> [InputConfiguration] {
        inputNames = members.map(\.key)
        checkCount(members, ServiceOptions.inputsMax, "inputs")
        return members.compactMap { input($0) }
    }

    private func input(_ member: ConfigMember) -> InputConfiguration? {
        let owner = "input `\(member.key)`"
        checkName(member, "an input", reserved: [])
        guard let kind = kind(member, owner, of: catalogues.inputs.map(\.kind)),
            let entry = catalogues.inputs.first(where: { $0.kind == kind })
        else { return nil }
        let before = reading.count
        let values = OptionValues(member.value, of: entry.options, component: owner, besides: ["type"], in: reading)
        guard reading.count == before else { return nil }
        let setting = InputSetting(name: member.key, folder: reading.folder, zone: zone)
        do throws(ConfigError) {
            let plan = try entry.make(values, setting)
            warnOfCertificates(values)
            return InputConfiguration(name: member.key, kind: kind, values: values, setting: setting, plan: plan)
        } catch {
            refuse(error, values)
            return nil
        }
    }

    /// The outputs that are right.
    mutating func outputs(_ members: [ConfigMember]) -> [OutputConfiguration] {
        outputNames = members.map(\.key)
        checkCount(members, ServiceOptions.outputsMax, "outputs")
        let outputs = members.compactMap { output($0) }
        checkClaims(outputs)
        return outputs
    }

    /// Two outputs that write the same place would tear each other's records.
    private func checkClaims(_ outputs: [OutputConfiguration]) {
        var owners: [String: String] = [:]
        for output in outputs {
            for claim in output.plan.claims {
                if let owner = owners[claim] {
                    reading.refuse(
                        .duplicate,
                        "outputs `\(owner)` and `\(output.name)` both write \(claim), which tears records; give each a place of its own",
                        at: output.values.place)
                }
                owners[claim] = output.name
            }
        }
    }

    private func output(_ member: ConfigMember) -> OutputConfiguration? {
        let owner = "output `\(member.key)`"
        checkName(member, "an output", reserved: ServiceOptions.reservedNames)
        guard let kind = kind(member, owner, of: catalogues.outputs.map(\.kind)),
            let entry = catalogues.outputs.first(where: { $0.kind == kind })
        else { return nil }
        let before = reading.count
        let values = OptionValues(
            member.value, of: ServiceOptions.output(of: entry), component: owner, besides: ["type"], in: reading)
        let ownZone = namedZone(values)
        guard reading.count == before else { return nil }
        var encoding: OutputEncoding?
        do throws(ConfigError) {
            if !entry.hasOwnEncoding, let variant = values.variant("encoding") {
                encoding = try OutputEncoding(variant, inputs: inputNames)
            }
        } catch {
            reading.refuse(error.code, error.message, at: values.place(of: error.key.map { "encoding.\($0)" } ?? "encoding"))
            return nil
        }
        let setting = OutputSetting(
            name: member.key, folder: reading.folder, zone: ownZone ?? (hasZone ? zone : nil), header: encoding?.header ?? [],
            inputs: inputNames)
        do throws(ConfigError) {
            let configuration = OutputConfiguration(
                name: member.key, kind: kind, values: values, options: try OutputOptions(values), encoding: encoding,
                setting: setting, plan: try entry.make(values, setting))
            warnOfCertificates(values)
            return configuration
        } catch {
            refuse(error, values)
            return nil
        }
    }

    private func refuse(_ error: ConfigError, _ values: OptionValues) {
        reading.refuse(error.code, error.message, at: error.key.flatMap { values.place(of: $0) } ?? values.place)
    }

    /// The word behind `type:`.
    private func kind(_ member: ConfigMember, _ owner: String, of known: [String]) -> String? {
        let list = known.isEmpty ? "" : "; known: \(known.joined(separator: ", "))"
        guard let members = member.value.members else {
            reading.refuse(
                .invalidValue, "\(owner) is \(member.value.kindText); it takes a mapping with `type`\(list)", at: member.value.place)
            return nil
        }
        guard let type = members.first(where: { $0.key == "type" }) else {
            reading.refuse(.missingOption, "\(owner) has no `type`\(list)", at: member.place)
            return nil
        }
        guard case .scalar(let written, _) = type.value.content else {
            reading.refuse(.invalidValue, "`type` of \(owner) is \(type.value.kindText)\(list)", at: type.value.place)
            return nil
        }
        guard let kind = reading.expanded(written, at: type.value.place) else { return nil }
        if known.contains(kind) { return kind }
        reading.refuse(.unknownName, OptionValues.unknown(kind, in: known, what: "type", of: owner), at: type.value.place)
        return nil
    }

    private func checkCount(_ members: [ConfigMember], _ max: Int, _ what: String) {
        guard members.count > max else { return }
        reading.refuse(.tooLarge, "\(members.count) \(what) are more than the \(max) that one service may have", at: members[max].place)
    }

    private func checkName(_ member: ConfigMember, _ what: String, reserved: [String]) {
        let name = member.key
        if reserved.contains(name) {
            reading.refuse(.invalidValue, "\(what) may not be called `\(name)`: that word is a decision of rules", at: member.place)
        } else if !Self.isName(name) {
            reading.refuse(
                .invalidValue,
                "`\(name)` is no name for \(what); names are up to \(ServiceOptions.nameCharactersMax) letters, digits, `_` and `-`, "
                    + "a letter or `_` first",
                at: member.place)
        }
    }

    /// Names end up in counters, file names and the words of rules.
    private static func isName(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first, name.unicodeScalars.count <= ServiceOptions.nameCharactersMax else { return false }
        func isLetter(_ scalar: Unicode.Scalar) -> Bool { scalar == "_" || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) }
        return isLetter(first) && name.unicodeScalars.allSatisfy { isLetter($0) || ("0"..."9").contains($0) || $0 == "-" }
    }
}
