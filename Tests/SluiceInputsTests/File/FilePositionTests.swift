import SluiceComponent
import SluiceConfig
import SluiceEvent
import Testing

@testable import SluiceInputs

@Suite struct FilePositionTests {
    @Test(arguments: ["/var/log/a.log", "/tmp/\"quoted\\\" ü\n\u{1}", ""])
    func `what is written reads back`(_ path: String) {
        var position = FilePosition(path: path)
        position.offset = 123_456_789_012
        position.head = Fingerprint(Array("head".utf8))
        position.tail = Fingerprint(Array("tail".utf8))
        position.bornNs = 1_700_000_000_123_456_789
        position.isPacked = true
        position.doneBytes = 77
        #expect(FilePosition(text: position.text) == position)
    }

    @Test(arguments: ["", "{}", "[1]", "{\"path\":\"a\"}", "{\"path\":\"a\",\"offset\":-1}", "{\"path\":\"a"])
    func `any other text is no position`(_ text: String) { #expect(FilePosition(text: text) == nil) }

    @Test func `a fingerprint knows what begins the same`() {
        let short = Fingerprint(Array("abc".utf8))
        #expect(Array("abcdef".utf8).withUnsafeBytes { short.isStart(of: $0) })
        #expect(!Array("abXdef".utf8).withUnsafeBytes { short.isStart(of: $0) })
        #expect(!Array("ab".utf8).withUnsafeBytes { short.isStart(of: $0) })
    }

    @Test func `a mark keeps the last bytes it passed`() {
        var mark = FollowedFile.Mark()
        Array("one\n".utf8).withUnsafeBytes { mark.pass($0, sourceBytes: 4) }
        #expect(mark == FollowedFile.Mark(offset: 4, tail: Array("one\n".utf8)))
        let long = [UInt8](repeating: 7, count: 100)
        long.withUnsafeBytes { mark.pass($0, sourceBytes: 100) }
        #expect(mark == FollowedFile.Mark(offset: 104, tail: [UInt8](repeating: 7, count: 64)))
    }
}
