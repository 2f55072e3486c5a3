import Yams

/// Turns the library's nodes into ``ConfigNode``s, within the limits of ``YAMLReader``.
struct YAMLConversion {
    private let repairs: YAMLRepairs
    private let reading: ConfigReading
    private var nodes = 0
    private var bytes = 0
    private var depth = 0
    private var isOverLimit = false

    init(repairs: YAMLRepairs, reading: ConfigReading) {
        self.repairs = repairs
        self.reading = reading
    }

    /// The whole value; nil when it passes a limit, which is noted.
    mutating func node(_ root: Node) -> ConfigNode? {
        let node = converted(root)
        return isOverLimit ? nil : node
    }

    private mutating func converted(_ node: Node) -> ConfigNode {
        let place = repairs.place(node.mark)
        nodes += 1
        if case .scalar(let scalar) = node { bytes += scalar.string.utf8.count }
        if nodes > YAMLReader.nodesMax || bytes > YAMLReader.valueBytesMax {
            refuse("the file has more than \(YAMLReader.nodesMax) values or \(SizeText.text(YAMLReader.valueBytesMax)) of them", place)
        } else if depth > YAMLReader.depthMax {
            refuse("lists and mappings are nested deeper than \(YAMLReader.depthMax)", place)
        }
        if isOverLimit { return ConfigNode(.null, at: place) }
        depth += 1
        defer { depth -= 1 }
        switch node {
        case .scalar(let scalar): return ConfigNode(content(of: scalar, at: place), at: place)
        case .sequence(let sequence):
            checkTag(sequence.tag, place)
            return ConfigNode(.list(sequence.map { converted($0) }), at: place)
        case .mapping(let mapping):
            checkTag(mapping.tag, place)
            return ConfigNode(.mapping(members(of: mapping)), at: place)
        case .alias: return ConfigNode(.null, at: place)
        }
    }

    private mutating func refuse(_ message: String, _ place: ConfigPlace) {
        if !isOverLimit { reading.refuse(.tooLarge, message + "; references (`*name`) count each time", at: place) }
        isOverLimit = true
    }

    private func content(of scalar: Node.Scalar, at place: ConfigPlace) -> ConfigNode.Content {
        let isPlain = scalar.style == .plain && scalar.tag.description != Tag.Name.str.rawValue
        if isPlain { checkTag(scalar.tag, place) }
        if isPlain, ["", "~", "null", "Null", "NULL"].contains(scalar.string) { return .null }
        return .scalar(scalar.string, isQuoted: !isPlain)
    }

    private func checkTag(_ tag: Tag, _ place: ConfigPlace) {
        let name = tag.description
        if name.isEmpty || [Tag.Name.str, .seq, .map, .nonSpecific].contains(where: { $0.rawValue == name }) { return }
        let shown = name.hasPrefix("tag:yaml.org,2002:") ? "!!" + name.dropFirst(18) : name
        reading.refuse(
            .malformed, "YAML tags such as `\(shown)` mean nothing here; remove it, or put a text that begins with `!` in quotes", at: place
        )
    }

    private mutating func members(of mapping: Node.Mapping) -> [ConfigMember] {
        var members: [ConfigMember] = []
        var setAside: [String: ConfigPlace] = [:]
        var merged: [ConfigMember] = []
        for (key, value) in mapping {
            let place = repairs.place(key.mark)
            guard case .scalar(let scalar) = key else {
                reading.refuse(.malformed, "a key is a list or a mapping; keys are texts", at: place)
                continue
            }
            let (name, isSetAside) = YAMLRepairs.name(scalar.string)
            if isSetAside {
                setAside[name] = setAside[name] ?? place
                continue
            }
            if name == "<<", scalar.style == .plain {
                merged += mergedMembers(converted(value))
                continue
            }
            members.append(ConfigMember(name, at: place, converted(value)))
        }
        for member in members {
            guard let first = setAside[member.key] else { continue }
            reading.refuse(
                .duplicate,
                "`\(member.key)` stands twice, on line \(first.line) and here on line \(member.place.line); keep one of them",
                at: member.place)
        }
        for member in merged where !members.contains(where: { $0.key == member.key }) { members.append(member) }
        return members
    }

    /// What `<<: *name` or `<<: [*a, *b]` brings in; of two equal keys the earlier mapping's counts.
    private func mergedMembers(_ node: ConfigNode) -> [ConfigMember] {
        switch node.content {
        case .mapping(let members): return members
        case .list(let nodes):
            var all: [ConfigMember] = []
            for member in nodes.flatMap({ mergedMembers($0) }) where !all.contains(where: { $0.key == member.key }) { all.append(member) }
            return all
        default:
            reading.refuse(.malformed, "`<<` is \(node.kindText); it takes a reference to a mapping (`<<: *name`)", at: node.place)
            return []
        }
    }
}
