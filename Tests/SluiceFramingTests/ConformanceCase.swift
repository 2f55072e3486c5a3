import Foundation
import SluiceComponent
import SluiceTestKit
import Testing

/// One line of a conformance file; never changed once it is read, whatever JSON's types say of themselves.
struct ConformanceCase: CustomTestStringConvertible, @unchecked Sendable {
    let id: String
    let inputs: [[UInt8]]
    let options: [String: Any]
    let expectations: [[String: Any]]

    var testDescription: String { id }

    static func load(_ name: String) -> [ConformanceCase] {
        let url = Bundle.module.url(forResource: name, withExtension: "jsonl", subdirectory: "Conformance")!
        let text = try! Data(contentsOf: url)
        return text.split(separator: 0x0A).map { line in
            let object = try! JSONSerialization.jsonObject(with: Data(line)) as! [String: Any]
            let expected = object["expect"] as! [String: Any]
            let others = object["expect_alt"] as? [[String: Any]] ?? []
            return ConformanceCase(
                id: object["id"] as! String, inputs: (object["inputs"] as! [Any]).map(bytes),
                options: object["options"] as? [String: Any] ?? [:], expectations: [expected] + others)
        }
    }

    /// Text, or `{"b64": …}`.
    static func bytes(_ value: Any) -> [UInt8] {
        if let text = value as? String { return Array(text.utf8) }
        return Array(Data(base64Encoded: (value as! [String: String])["b64"]!)!)
    }
}
