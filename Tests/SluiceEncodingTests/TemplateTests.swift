import CSluice
import SluiceComponent
import SluiceConfig
import SluiceEvent
import Testing

@testable import SluiceEncoding

@Suite struct TemplateTests {
    static func path(_ template: String, _ event: String, zone: Zone? = nil) throws -> String {
        let fixture = EventFixture("event\n" + event)
        let path = try PathTemplate(template, zone: zone)
        var output = sl_buffer()
        defer { sl_buffer_destroy(&output) }
        path.append(fixture.batch.raw.pointee.events, of: fixture.batch.raw, to: &output)
        return String(decoding: UnsafeBufferPointer(start: output.bytes, count: output.length), as: UTF8.self)
    }

    @Test(arguments: [
        ("%Y-%m-%d/{hostname}.log", "hostname string web1\ntimestamp time 2026-10-09T23:30:00-02:00", "2026-10-10/web1.log"),
        ("%Y/%m", "a string no time: received counts", "2026/10"),
        ("{hostname}", "hostname string ../../etc/passwd", ".._.._etc_passwd"),
        ("{hostname}", "hostname string ..", "_"),
        ("{hostname}", "hostname string .", "_"),
        ("{hostname}", "hostname string ", "_"),
        ("{hostname}", "hostname string a\\x00b", "a_b"),
        ("{hostname}", "other true", "-"),
        ("{hostname}", "hostname null", "-"),
        ("{hostname:-unknown}", "other true", "unknown"),
        ("100%%/{{x}}", "other true", "100%/{x}"),
        ("{timestamp:%H}/%-d", "timestamp time 2026-10-09T22:33:20+02:00", "22/9"),
        ("{user.name}/{@index}", "user object {\"name\":\"a/b\"}\nindex meta x/y", "a_b/x_y"),
    ])
    func `a path cannot leave its folder`(template: String, event: String, expected: String) throws {
        #expect(try Self.path(template, event) == expected)
    }

    @Test func `a zone moves the day of a path`() throws {
        let zone = Zone(name: "+05:00", offsetSeconds: 5 * 3600)
        #expect(try Self.path("%F", "timestamp time 2026-10-09T22:33:20Z", zone: zone) == "2026-10-10")
    }

    @Test func `a path without fields and times is the same for every event`() throws {
        #expect(try PathTemplate("auth.ndjson").isLiteral)
        #expect(try !PathTemplate("%F.ndjson").isLiteral)
        #expect(try !PathTemplate("{a}").isLiteral)
    }

    @Test func `a template lists the fields it names`() throws {
        let template = try Template("{a} {b.c:-x} {a} {@index} {timestamp:%F} {@raw}")
        #expect(template.fieldNames == ["a", "b.c", "timestamp"])
        #expect(template.metaNames == ["index", "raw"])
    }

    @Test(arguments: [
        ("{hostname", 0, "`{` has no `}`; write `{{` for a brace"),
        ("ab {}", 3, "`{}` names no field; write `{{` for a brace"),
        ("{@}", 0, "`{}` names no field; write `{{` for a brace"),
        (
            "{\"a\":1}", 4,
            "`:` in a field is followed by `-` and a default, or by a time format such as `%H:%M:%S`; write `{{` for a brace"
        ),
        (
            "x{timestamp:%H:%Q}", 15,
            "unknown code `%Q` in a time format; write `%%` for a percent sign, or one of `%Y %m %d %H %M %S %b %z %s %3N`"
        ),
    ])
    func `an error says where it is`(template: String, position: Int, message: String) {
        #expect(throws: TemplateError(message, at: position)) { try Template(template) }
    }
}

@Suite struct EncoderCatalogueTests {
    static func message(_ name: String, _ rest: String? = nil) -> String {
        do {
            _ = try EncoderCatalogue.make(name, rest)
            return "no error"
        } catch {
            return error.message
        }
    }

    @Test(arguments: [
        ("jsno", nil, "unknown encoding `jsno`; did you mean `json`? known: json, text, raw, rfc5424, rfc3164, logfmt, csv"),
        ("xml", nil, "unknown encoding `xml`; known: json, text, raw, rfc5424, rfc3164, logfmt, csv"),
        ("text", nil, "encoding `text` has no template; write it behind a colon: `text:{hostname} {message}`"),
        ("text", "a {b", "template `a {b`, column 3: `{` has no `}`; write `{{` for a brace"),
        ("json", "pretty=true", "unknown option `pretty` of encoding `json`; there are none"),
        (
            "csv", "delimeter=;",
            "unknown option `delimeter` of encoding `csv`; did you mean `delimiter`? known: columns, delimiter, header"
        ),
        ("csv", "delimiter=\"", "a quote or line end cannot be the `delimiter` of encoding `csv`; it takes another character"),
        ("rfc5424", "framing=tls", "`tls` is no value for `framing` of encoding `rfc5424`; it takes `newline`, `octet`, `kept`"),
    ])
    func `a wrong encoding is explained`(name: String, rest: String?, message: String) {
        #expect(Self.message(name, rest) == message)
    }

    @Test func `every entry makes its encoder`() throws {
        for entry in EncoderCatalogue.entries {
            _ = try EncoderCatalogue.make(entry.name, entry.freeText == nil ? nil : "{message}")
            #expect(!entry.summary.isEmpty)
        }
    }
}
