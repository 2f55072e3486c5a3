import Testing
import Yams

@testable import SluiceConfig

/// Texts made by chance of what YAML's syntax is made of, with a reference here and there: what the guard says of them is compared
/// with what the library makes of them.
@Suite struct YAMLGuardTests {
    private static let pieces = [
        "*a", "*a", "*a ", "{", "}", "[", "]", ":", ": ", ": ", ",", ", ", " ", "\n", "\n", "\n  ", "\n    ", "- ", "? ", "\"", "'", "k",
        "l", " #", "|\n", ">-\n", "&b ", "!t ", "\\", "\t", "\n---\n",
    ]
    /// A value in brackets or quotes, as somebody could have meant it.
    private static func value(_ depth: Int, _ random: inout Chance) -> String {
        func text(_ random: inout Chance) -> String {
            ["k", "l", "'{*a : '", "\"[*a]: \\\" ? \"", "'it''s, '", "\"two\n    , lines\""].randomElement(using: &random)!
        }
        switch Int.random(in: 0...(depth > 2 ? 3 : 9), using: &random) {
        case 0: return "*a"
        case 1...3: return text(&random)
        case 4, 5: return "[" + value(depth + 1, &random) + ", " + value(depth + 1, &random) + "]"
        default:
            let isOdd = Int.random(in: 0..<3, using: &random) == 0
            let key = isOdd ? value(depth + 1, &random) : text(&random)
            let colon = Int.random(in: 0..<8, using: &random) == 0 ? "" : " : " + value(depth + 1, &random)
            return "{" + key + colon + (Bool.random(using: &random) ? ", z: " + value(depth + 1, &random) : "") + "}"
        }
    }

    private static func body(_ random: inout Chance) -> String {
        if Bool.random(using: &random) {
            return (0..<Int.random(in: 1...14, using: &random)).map { _ in pieces.randomElement(using: &random)! }.joined()
        }
        var text = Array(value(0, &random))
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            text.insert(contentsOf: pieces.randomElement(using: &random)!, at: Int.random(in: 0...text.count, using: &random))
        }
        return String(text)
    }

    private static let heads = ["x: &a m\n", "x: &a m\ny:\n  ", "x: &a [m]\ny: ", "x: &a {k: m}\ny: ", "- &a m\n- "]

    /// How keys of a composed text look.
    private struct Keys {
        var areComplex = false
        var haveReference = false

        init(_ node: Node) {
            switch node {
            case .mapping(let mapping):
                for (key, value) in mapping {
                    if key.scalar == nil { areComplex = true }
                    // Nothing but the anchor `a` has an m in it.
                    if Self.text(key).contains("m") { haveReference = true }
                    add(Keys(value))
                    add(Keys(key))
                }
            case .sequence(let sequence): for item in sequence { add(Keys(item)) }
            default: break
            }
        }

        private mutating func add(_ other: Keys) {
            areComplex = areComplex || other.areComplex
            haveReference = haveReference || other.haveReference
        }

        private static func text(_ node: Node) -> String {
            switch node {
            case .scalar(let scalar): scalar.string
            case .sequence(let sequence): sequence.map(text).joined()
            case .mapping(let mapping): mapping.map { text($0.key) + text($0.value) }.joined()
            case .alias: ""
            }
        }
    }

    @Test(arguments: 0..<8) func `a key with a reference in it never reaches the library, and nothing else is refused`(_ seed: UInt64) {
        var random = Chance(seed: seed)
        var counts = (composed: 0, refused: 0, references: 0)
        for _ in 0..<4_000 {
            let head = Self.heads.randomElement(using: &random)!
            let body = Self.body(&random)
            let text = head + body + "\n"
            guard let root = try? compose(yaml: text, .basic, .default, .utf8) else { continue }
            counts.composed += 1
            let keys = Keys(root)
            let fault = YAMLGuard.fault(in: ConfigSource(path: "t.yaml", text: text))
            if fault != nil { counts.refused += 1 }
            if keys.haveReference {
                counts.references += 1
                #expect(fault != nil, "\(text.debugDescription)")
            }
            if fault != nil { #expect(keys.haveReference || keys.areComplex || body.contains("?"), "\(text.debugDescription)") }
        }
        #expect(counts.composed > 1_000 && counts.refused > 50 && counts.references > 30, "\(counts)")
    }
}

/// SplitMix64: the same numbers for the same seed.
private struct Chance: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = (seed &+ 1) &* 0xD6E8_FEB8_6659_FD93 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
