import Testing

@testable import SluiceInputs

@Suite struct FetchLineTests {
    @Test(
        arguments: [
            ("messages", nil, "messages\n"),
            ("/var/log/messages", FetchPlace(inode: 123, offset: 4567), "/var/log/messages 123 4567\n"),
            ("a b", FetchPlace(inode: .max, offset: 0), "a b 18446744073709551615 0\n"),
        ] as [(String, FetchPlace?, String)]) func `a request is one line`(_ file: String, _ place: FetchPlace?, _ line: String)
    {
        let request = FetchRequest(file: file, place: place)
        #expect(request.text(token: nil) == line)
        #expect(request.text(token: "s3cret") == "TOKEN s3cret\n" + line)
        #expect(FetchRequest(line: String(line.dropLast()), files: { $0 == file }) == request)
    }

    @Test(
        arguments: [
            ("log 1 2", ["log 1 2"], "log 1 2", nil),
            ("log 1 2 3 4", ["log 1 2"], "log 1 2", FetchPlace(inode: 3, offset: 4)),
            ("log 1 2", ["log"], "log", FetchPlace(inode: 1, offset: 2)),
            ("log 1", [], "log 1", nil),
            ("log 1 -2", [], "log 1 -2", nil),
            ("log +1 2", [], "log +1 2", nil),
            ("log 1 2 ", [], "log 1 2 ", nil),
            ("log 99999999999999999999 2", [], "log 99999999999999999999 2", nil),
            ("log 1 9223372036854775808", [], "log 1 9223372036854775808", nil),
            ("", [], "", nil),
        ] as [(String, [String], String, FetchPlace?)]) func `a line is read by the names that are served`(
            _ line: String, _ files: [String], _ file: String, _ place: FetchPlace?
        )
    {
        #expect(FetchRequest(line: line, files: { files.contains($0) }) == FetchRequest(file: file, place: place))
    }

    @Test(
        arguments: [
            ("O 12", FetchAnswer.ok(inode: 12, size: nil)), ("O 12\r", .ok(inode: 12, size: nil)), ("O 12 34", .ok(inode: 12, size: 34)),
            ("L 7", .lost(inode: 7, size: nil)), ("L 7 0", .lost(inode: 7, size: 0)), ("E no such file", .refused("no such file")),
            ("O", nil), ("O ", nil), ("O x", nil), ("O -1", nil), ("O 1 2 3", nil), ("O 1 x", nil), ("X 1", nil), ("o 1", nil), ("", nil),
            ("E", nil), ("HTTP/1.1 400 Bad Request", nil), ("O 18446744073709551616", nil),
        ] as [(String, FetchAnswer?)]) func `an answer is one line`(_ line: String, _ answer: FetchAnswer?)
    {
        #expect(FetchAnswer(line: line.utf8) == answer)
        if let answer, !line.hasSuffix("\r") { #expect(answer.text == line + "\n") }
    }

    @Test func `an answer fits what a reader takes`() {
        #expect(FetchAnswer.refused(String(repeating: "é", count: 5_000)).text.utf8.count <= FetchAnswer.bytesMax)
    }

    @Test func `a position is read as it was written`() throws {
        let position = FetchPosition(place: FetchPlace(inode: .max, offset: 77), tail: Fingerprint(Array("some bytes".utf8)))
        let text = position.text(name: "tcp://h:19 /a \"b\" \\ c")
        #expect(FetchPosition(text: text) == position)
        #expect(text.hasPrefix("{\"path\":\"tcp://h:19 /a \\\"b\\\" \\\\ c\",\"inode\":18446744073709551615,\"offset\":77,"))
    }

    @Test(arguments: [
        "", "{}", "x", "{\"inode\":1}", "{\"inode\":1,\"offset\":-1,\"tail\":\"0\",\"tail_length\":0}",
        "{\"inode\":1,\"offset\":5,\"tail\":\"0\",\"tail_length\":6}", "{\"inode\":1,\"offset\":500,\"tail\":\"0\",\"tail_length\":65}",
    ]) func `other text is no position`(_ text: String) { #expect(FetchPosition(text: text) == nil) }
}
