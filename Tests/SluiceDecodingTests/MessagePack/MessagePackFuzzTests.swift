import CSluice
import Foundation
import SluiceEvent
import SluiceTestKit
import Testing

@testable import SluiceDecoding

@Suite struct MessagePackFuzzTests {
    /// A value of any kind, as its bytes.
    static func value(_ random: inout SeededNumbers, depth: Int = 0) -> [UInt8] {
        func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) } }
        switch Int.random(in: 0..<(depth < 5 ? 16 : 12), using: &random) {
        case 0: return [0xC0]
        case 1: return [Bool.random(using: &random) ? 0xC2 : 0xC3]
        case 2: return [UInt8.random(in: 0...0x7F, using: &random)]
        case 3: return [UInt8.random(in: 0xE0...0xFF, using: &random)]
        case 4: return [0xCF] + bytes(8)
        case 5: return [0xD3] + bytes(8)
        case 6: return [0xCB] + bytes(8)
        case 7: return [0xCA] + bytes(4)
        case 8: return [0xD7, [0, 0xFF, 5].randomElement(using: &random)!] + bytes(8)
        case 9:
            let count = Int.random(in: 0...40, using: &random)
            return [0xC4, UInt8(count)] + bytes(count)
        case 10, 11:
            let text = Array(
                String((0..<Int.random(in: 0...15, using: &random)).map { _ in "aé\"\\\n你\u{7f}\u{0}".randomElement(using: &random)! }).utf8
            )
            return [0xD9, UInt8(text.count)] + text
        case 12, 13:
            let count = Int.random(in: 0...6, using: &random)
            return [0x90 | UInt8(count)] + (0..<count).flatMap { _ in value(&random, depth: depth + 1) }
        default: return map(&random, depth: depth)
        }
    }

    static func map(_ random: inout SeededNumbers, depth: Int) -> [UInt8] {
        let count = Int.random(in: 0...8, using: &random)
        let pairs = (0..<count).flatMap { index in
            let name = [0xA1, UInt8(ascii: "a") + UInt8(index)]
            return (Int.random(in: 0...9, using: &random) == 0 ? value(&random, depth: 5) : name) + value(&random, depth: depth + 1)
        }
        return [0x80 | UInt8(count)] + pairs
    }

    /// What is wrong with the event of an entry, nil when nothing is.
    static func problem(_ entry: [UInt8]) -> String? {
        let result = decodeEntry(entry)
        if result.growth > entry.count * 8 + 1_024 { return "the arena grew by \(result.growth) bytes" }
        guard result.fault == nil else { return result.events.isEmpty ? nil : "a refused entry left an event" }
        guard let event = result.events.first, result.events.count == 1 else { return "\(result.events.count) events" }
        for (name, value) in event.fields {
            guard case .json(let text) = value else { continue }
            let isValid = (try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)) != nil
            // JSONSerialization knows no integers and floats past what a double holds.
            if !isValid, !text.contains("\u{FFFD}"), !text.contains("e") { return "`\(name)` is no JSON: \(text)" }
            var found: UInt32 = 0
            let bytes = Array(text.utf8) + [UInt8](repeating: 0, count: 64)
            bytes.withUnsafeBufferPointer { buffer in
                if text.hasPrefix("{") || text.hasPrefix("[") {
                    _ = sl_scan_nested(buffer.baseAddress!, buffer.baseAddress! + buffer.count - 64, 512, &found)
                }
            }
            if Int(found) & Int(SL_SCAN_FAILED) != 0 { return "`\(name)` fails our own scan: \(text)" }
        }
        return nil
    }

    static func mutated(_ bytes: [UInt8], _ random: inout SeededNumbers) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let at = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0...4, using: &random) {
            case 0 where at < bytes.count: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.insert(UInt8.random(in: 0x80...0xDF, using: &random), at: at)
            case 2: bytes.removeSubrange(at..<min(bytes.count, at + 3))
            case 3: bytes.insert(contentsOf: [0xDD, 0xFF, 0xFF, 0xFF, 0xFF], at: at)
            default: bytes.removeSubrange(at...)
            }
        }
        return bytes
    }

    @Test(arguments: 1...8) func `any record, whole or damaged, is an event or refused`(seed: Int) {
        var random = SeededNumbers(seed: UInt64(seed))
        var taken = 0
        for round in 0..<400 {
            let entry = [0x92, 0x01] + Self.map(&random, depth: 0)
            if let problem = Self.problem(entry) { Issue.record("seed \(seed), round \(round): \(problem): \(entry)") }
            if decodeEntry(entry).fault == nil { taken += 1 }
            for _ in 0..<6 {
                let damaged = Self.mutated(entry, &random)
                if let problem = Self.problem(damaged) { Issue.record("seed \(seed), round \(round): \(problem): \(damaged)") }
            }
        }
        #expect(taken > 200)
    }

    @Test(arguments: 1...4) func `any message, whole or damaged, is taken apart or refused`(seed: Int) {
        var random = SeededNumbers(seed: UInt64(seed))
        for _ in 0..<3_000 {
            let message = [0x93, 0xA1, 0x74] + Self.value(&random) + Self.map(&random, depth: 3)
            for bytes in [message, Self.mutated(message, &random), (0..<20).map { _ in UInt8.random(in: 0...255, using: &random) }] {
                bytes.withUnsafeBytes { bytes in
                    var scanner = MessagePackScanner(bytesMax: 4_096)
                    guard case .whole(let count) = scanner.scan(bytes) else { return }
                    let whole = UnsafeRawBufferPointer(rebasing: bytes[..<count])
                    guard let message = try? ForwardMessage.parse(whole) else { return }
                    if case .packed(let stream) = message.entries { _ = ForwardEntries.count(stream) }
                    if case .list(let items, let count) = message.entries { #expect(ForwardEntries.count(items) == count) }
                }
            }
        }
    }
}
