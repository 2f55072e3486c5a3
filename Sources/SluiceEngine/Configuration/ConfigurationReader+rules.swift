import SluiceConfig
import SluiceRules

extension ConfigurationReader {
    /// The rules that are right; their files are not read.
    mutating func rules(_ node: ConfigNode?) -> [RuleConfiguration] {
        guard let node else { return [] }
        let items: [ConfigNode]
        switch node.content {
        case .null: items = []
        case .list(let nodes): items = nodes
        case .scalar:
            // One rule needs no list.
            items = [node]
        case .mapping:
            reading.refuse(
                .invalidValue, "`rules` is a mapping; write a list, one `- file.lua` or `- { file: file.lua }` a line", at: node.place)
            return []
        }
        if items.count > ServiceOptions.rulesMax {
            reading.refuse(
                .tooLarge, "\(items.count) rules are more than the \(ServiceOptions.rulesMax) that one service may have",
                at: items[ServiceOptions.rulesMax].place)
        }
        var rules: [RuleConfiguration] = []
        for item in items {
            guard let rule = rule(item) else { continue }
            if let other = rules.first(where: { $0.name == rule.name }) {
                reading.refuse(
                    .duplicate,
                    "two rules are called `\(rule.name)`, here and on line \(other.place.line); give one of them a `name`",
                    at: item.place)
            }
            rules.append(rule)
        }
        return rules
    }

    private func rule(_ node: ConfigNode) -> RuleConfiguration? {
        let before = reading.count
        let values: OptionValues
        switch node.content {
        case .scalar(let written, _):
            guard let file = reading.expanded(written, at: node.place) else { return nil }
            var member = OptionValues(defaultsOf: ServiceOptions.rule, component: "rule `\(file)`")
            do throws(ConfigError) {
                member = try OptionValues([("file", file)], of: ServiceOptions.rule, component: "rule `\(file)`")
            } catch {
                reading.refuse(error.code, error.message, at: node.place)
            }
            values = member
        case .mapping(let members):
            values = OptionValues(node, of: ServiceOptions.rule, component: Self.owner(members), in: reading)
        default:
            reading.refuse(.invalidValue, "a rule is \(node.kindText); it takes a file or a mapping with `file`", at: node.place)
            return nil
        }
        guard reading.count == before, let file = values.text("file") else { return nil }
        guard !file.isEmpty else {
            reading.refuse(.invalidValue, "a rule has an empty file name", at: values.place(of: "file") ?? node.place)
            return nil
        }
        return rule(values, file: file, at: node.place)
    }

    private func rule(_ values: OptionValues, file: String, at place: ConfigPlace) -> RuleConfiguration {
        let name = values.text("name") ?? file.split(separator: "/").last.map(String.init) ?? file
        var inputs: [String]?
        if values.isSet("inputs") {
            inputs = values.texts("inputs")
            for input in values.texts("inputs") {
                _ = resolve(input, in: inputNames, what: "input", of: values.component, at: values.place(of: "inputs"))
            }
        }
        let onError = ErrorPolicy(values.text("on_error") ?? "")
        if case .output(let output) = onError, !outputNames.contains(output) {
            reading.refuse(
                .unknownName,
                OptionValues.unknown(
                    output, in: Array(["dead_letter", "pass", "drop"] + outputNames), what: "`on_error`", of: values.component),
                at: values.place(of: "on_error"))
        }
        return RuleConfiguration(
            name: name, file: file, path: reading.path(file), inputs: inputs, onError: onError, api: api(values),
            environment: values.texts("env"), place: place)
    }

    private func api(_ values: OptionValues) -> RuleSource.API {
        guard values.text("api") == "fluent-bit" else {
            for key in ["call", "env", "time_as_table"] where values.isSet(key) {
                reading.refuse(
                    .invalidValue, "`\(key)` of \(values.component) goes with `api: fluent-bit`", at: values.place(of: key))
            }
            return .sluice
        }
        guard let function = values.text("call"), !function.isEmpty else {
            reading.refuse(
                .missingOption, "`api: fluent-bit` of \(values.component) needs `call`, the function of the script",
                at: values.place(of: "api"))
            return .sluice
        }
        let environment = values.texts("env").compactMap { name in
            reading.variable(name).map { (name: name, value: $0) }
        }
        return .fluentBit(function: function, timeAsTable: values.boolean("time_as_table"), environment: environment)
    }

    private static func owner(_ members: [ConfigMember]) -> String {
        for key in ["name", "file"] {
            if case .scalar(let text, _)? = members.first(where: { $0.key == key })?.value.content { return "rule `\(text)`" }
        }
        return "a rule"
    }
}
