import CSluice
import SluiceComponent
import SluiceConfig
import SluiceEvent
import SluiceTestKit
import Testing

@testable import SluiceFraming

/// A name and records; joined they are the input, cut again they must come out.
struct TraceSample: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let parser: String
    let records: [String]

    init(_ description: String, _ parser: String, _ records: String...) {
        testDescription = description
        self.parser = parser
        self.records = records
    }
}

@Suite struct MultilineTests {
    static let samples = [
        TraceSample(
            "java: suppressed, nested causes, other frames omitted", "java", "2026-01-01 INFO a",
            """
            java.io.IOException: close failed
            	at a.B.c(B.java:1)
            	Suppressed: java.lang.IllegalStateException: again
            		at a.B.d(B.java:2)
            		... 1 more
            	Caused by: a.Inner: x
            		at a.B$1.run(B.java:3) ~[app.jar:1.0]
            Caused by: a.Custom
            	at a.E.<init>(E.java:5)
            	... 23 common frames omitted
            """, "2026-01-01 INFO b"),
        TraceSample(
            "java: a message of several lines", "java",
            "a.b.ParseException: first line\nsecond line\n\nfourth line\n\tat a.B.c(B.java:1)", "INFO next"),
        TraceSample("java: a header without frames", "java", "ERROR a.b.CException: text", "INFO one", "INFO two"),
        TraceSample(
            "java: frames below a log line", "java", "2026-01-01 ERROR failed: a.b.Custom\n\tat a.B.c(B.java:1)\n\tat a.B.d(Native Method)",
            "2026-01-01 INFO"),
        TraceSample(
            "javascript", "java",
            "TypeError: x is not a function\n    at Object.<anonymous> (/app/a.js:3:5)\n    at async run (/app/b.js:1:1)",
            "listening"),
        TraceSample(
            "c#", "java",
            """
            System.Exception: outer
             ---> System.IO.IOException: inner
               at A.B() in /src/A.cs:line 3
               --- End of inner exception stack trace ---
               at A.C() in /src/A.cs:line 9
            --- End of stack trace from previous location where exception was thrown ---
               at A.D()
            """, "done"),
        TraceSample(
            "python: chained", "python", "start",
            """
            Traceback (most recent call last):
              File "a.py", line 1, in f
                g()
                ~^^
            KeyError: 'x'

            During handling of the above exception, another exception occurred:

            Traceback (most recent call last):
              File "a.py", line 3, in <module>
                f()
              [Previous line repeated 996 more times]
            a.b.CustomError

            The above exception was the direct cause of the following exception:

            Traceback (most recent call last):
              File "<stdin>", line 1, in <module>
            ValueError: bad
            """, "end"),
        TraceSample(
            "python: a group", "python",
            """
              + Exception Group Traceback (most recent call last):
              |   File "a.py", line 1, in <module>
              |     raise ExceptionGroup("m", [ValueError(1)])
              | ExceptionGroup: m (1 sub-exception)
              +-+---------------- 1 ----------------
                | ValueError: 1
                +------------------------------------
            """, "2026 next"),
        TraceSample(
            "python: behind a log prefix", "python",
            "2026-01-01 ERROR Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    g()\nKeyboardInterrupt",
            "2026-01-01 INFO"),
        TraceSample(
            "python: syntax error", "python",
            "Traceback (most recent call last):\n  File \"a.py\", line 1\n    f(\n     ^\nSyntaxError: '(' was never closed", "next"),
        TraceSample(
            "go: nested panic, signal, elided frames", "go", "starting",
            """
            panic: first [recovered]
            	panic: second
            [signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x48]

            goroutine 1 gp=0xc0000061c0 m=0 [running]:
            panic({0x45cb40?, 0x47ad70?})
            	/usr/lib/go/src/runtime/panic.go:884 +0x213
            net/http.(*conn).serve(0xc00, {0x7, 0x8})
            	/usr/lib/go/src/net/http/server.go:1 +0x1
            ...additional frames elided...
            created by main.main in goroutine 1
            	/app/main.go:5 +0x2

            goroutine 18 [chan receive, 5 minutes]:
            main.worker(...)
            	/app/w.go:3
            """, "exit status 2"),
        TraceSample(
            "go: fatal error", "go",
            "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n\t/a.go:3 +0x1",
            "next(line)", "last"),
        TraceSample(
            "go: a serving panic", "go",
            "2026/01/01 00:00:00 http: panic serving [::1]:5: oops\ngoroutine 2 [running]:\nmain.f()\n\t/a.go:3 +0x1",
            "2026/01/01 next"),
        TraceSample("go: a panic without goroutines", "go", "panic: x", "a", "b"),
        TraceSample(
            "ruby: highlighted", "ruby",
            "a.rb:1:in `<main>': undefined method `foo' for nil (NoMethodError)\n\nnil.foo\n   ^^^^\nDid you mean?  for\n\tfrom b.rb:2:in 'Integer#times'\n\t ... 10 levels...\n\tfrom c.rb:3:in `<main>'",
            "done"),
        TraceSample(
            "ruby: rails", "ruby",
            "ActionView::Template::Error (undefined local variable):\n  \n  app/views/a.rb:1:in `b'\n  app/c.rb:2:in `d'", "next"),
        TraceSample(
            "ruby: reversed", "ruby", "Traceback (most recent call last):\n\t1: from a.rb:5:in `<main>'\na.rb:2:in `f': bad (RuntimeError)",
            "next"),
        TraceSample(
            "dart", "dart",
            "Unhandled exception:\nFormatException: x\n#0      main (file:///a.dart:1:2)\n<asynchronous suspension>\n#1      b (c.dart:3)",
            "next"),
        TraceSample(
            "php", "php",
            "PHP Fatal error:  Uncaught Exception: x in /a.php:3\nStack trace:\n#0 /a.php(5): f()\n#1 {main}\n  thrown in /a.php on line 3",
            "next"),
    ]

    func check(_ records: [String], _ parser: String, _ options: FramingOptions = FramingOptions(), end: String = "\n") throws {
        let parsed = try MultilineParser(parser) { _ in BracketMatcher() }
        let verifier = FramerVerifier { MultilineFramer(parsed, options) }
        let bytes = Array(records.joined(separator: "\n").replacing("\n", with: end).utf8)
        let found = verifier.frames(of: [bytes]).frames.map { String(decoding: $0.bytes, as: UTF8.self).replacing(end, with: "\n") }
        #expect(found == records)
        #expect(verifier.differences(bytes, cutsMax: 1_000) == [])
    }

    @Test(arguments: samples) func `traces are joined and nothing else`(_ sample: TraceSample) throws {
        try check(sample.records, sample.parser)
        try check(sample.records, "auto")
        try check(sample.records + sample.records, "auto")
        try check(sample.records, sample.parser, end: "\r\n")
    }

    @Test func `plain lines stay as they are`() throws {
        let lines = ["a: b", "Error", "[x] y", "{\"a\":1}", "2026-01-01 INFO x (y)", "panic", "from a", "File b", "#0 c"]
        try check(lines, "auto")
    }

    @Test func `a record that meets a limit is flagged and its next line goes on as a new one`() {
        let lines = ["first"] + (0..<9).map { " line \($0)" }
        let text = lines.joined(separator: "\n")
        let byLines = frames(text) { MultilineFramer(.indent, limits: MultilineLimits(linesMax: 4)) }
        #expect(byLines.frames.map { $0.bytes.split(separator: 0x0A).count } == [4, 4, 2])
        #expect(byLines.frames.map(\.flags) == [[.multiline, .multilineLimit], [.multiline, .multilineLimit], .multiline])
        let byBytes = frames(text) { MultilineFramer(.indent, FramingOptions(frameBytesMax: 25)) }
        #expect(byBytes.frames.allSatisfy { $0.bytes.count <= 25 })
        #expect(byBytes.frames.map(\.bytes).joined(separator: [0x0A]).elementsEqual(text.utf8))
    }

    @Test func `a line over the limit ends its record`() {
        let text = "a\n" + " " + String(repeating: "x", count: 60) + "\n b\nc"
        let cut = frames(text) { MultilineFramer(.indent, FramingOptions(frameBytesMax: 20)) }
        #expect(cut.frames.map { $0.bytes.count } == [1, 20, 2, 1])
        #expect(cut.frames[1].flags == .truncated)
        let dropped = frames(text) { MultilineFramer(.indent, FramingOptions(frameBytesMax: 20, oversize: .drop)) }
        #expect(dropped.frames.map { $0.bytes.count } == [1, 2, 1])
        #expect(dropped.counts.bytesLost == 61)
    }

    @Test func `an open record is given out when the caller asks`() {
        var framer = MultilineFramer(.traces(.all))
        let batch = EventBatch()
        batch.reserve(1_000)
        _ = Array("a.BError: x\n\tat c.d(E.java:1)\npart".utf8).withUnsafeBytes { batch.append($0) }
        var window = FrameWindow(
            base: UnsafePointer(batch.raw.pointee.bytes), position: 0, limit: batch.byteCount, isFinal: false)
        #expect(framer.next(&window) == nil)
        #expect(framer.hasOpenFrame)
        let record = framer.flush(&window)
        #expect(record.map { String(decoding: batch.bytes($0.text), as: UTF8.self) } == "a.BError: x\n\tat c.d(E.java:1)")
        #expect(!framer.hasOpenFrame)
        #expect(framer.flush(&window) == nil)
        var rest = FrameWindow(
            base: UnsafePointer(batch.raw.pointee.bytes), position: window.position, limit: batch.byteCount, isFinal: true)
        #expect(framer.next(&rest).map { String(decoding: batch.bytes($0.text), as: UTF8.self) } == "part")
        #expect(framer.next(&rest) == nil)
        #expect(framer.counts.frames == 2)
    }

    @Test func `an unknown parser is an error with a suggestion`() {
        do {
            _ = try MultilineParser("jawa") { _ in BracketMatcher() }
            Issue.record("taken")
        } catch {
            #expect(error.message.hasPrefix("unknown multiline parser `jawa`; did you mean `java`? known: auto, java,"))
        }
    }
}
