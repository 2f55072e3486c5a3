import Yams

enum YAMLText {
    static func node(_ text: String) throws -> Node? { try compose(yaml: text) }
}
