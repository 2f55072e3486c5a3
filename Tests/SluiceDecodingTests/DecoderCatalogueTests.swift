import SluiceConfig
import SluiceEvent
import Testing

@testable import SluiceDecoding

@Suite struct DecoderCatalogueTests {
    private static let faults: [(String, ConfigError.Code, String)] = [
        (
            "jsn", .unknownName,
            "unknown format `jsn`; did you mean `json`? known: \(DecoderCatalogue.names.joined(separator: ", "))"
        ),
        ("json:find=maybe", .invalidValue, "`maybe` is no value for `find` of format `json`; it takes `true` or `false`"),
        (
            "csv:seperator=x", .unknownOption,
            "unknown option `seperator` of format `csv`; known: delimiter, delimiters, quote, escape, columns, header, greedy, strip, null_value"
        ),
        ("csv:quote=ab", .invalidValue, "`ab` is no value for `quote` of format `csv`; it takes one ASCII character or `none`"),
        ("csv:quote=;,delimiter=;", .invalidValue, "`quote` and the delimiter of format `csv` are the same; they must differ"),
        ("csv:delimiter=;,delimiters=;|", .invalidValue, "format `csv` takes `delimiter` or `delimiters`, not both"),
        ("csv:greedy=true", .missingOption, "`greedy` of format `csv` needs `columns` or `header=true`"),
        ("combined:x=1", .unknownOption, "unknown option `x` of format `combined`; there are none"),
        (
            "regex", .missingOption,
            "format `regex` takes a regular expression; write it as in `regex:^(?<level>\\w+) (?<message>.*)`"
        ),
        ("json:time_field=", .invalidValue, "`time_field` of format `json` is a name of 1 to 256 bytes; `` is none"),
    ]

    @Test(arguments: faults)
    func `what cannot be made says why`(text: String, code: ConfigError.Code, message: String) {
        let fault = #expect(throws: ConfigError.self) { try DecoderCatalogue.make(OptionText(text)) }
        #expect(fault?.code == code)
        #expect(fault?.message == message)
    }

    @Test func `every example can be made and every name is listed once`() throws {
        #expect(Set(DecoderCatalogue.names).count == DecoderCatalogue.names.count)
        for entry in DecoderCatalogue.entries {
            #if !Regex
                if entry.freeText != nil { continue }
            #endif
            #expect(throws: Never.self) { try DecoderCatalogue.make(OptionText(entry.example)) }
            #expect(entry.example.hasPrefix(entry.name))
        }
    }

    #if !Regex
        @Test func `a format that is not built in says how to build it`() {
            let message = "format `grok` is not in this build; build with `--traits Regex` (libpcre2-dev)"
            #expect(throws: ConfigError(.notBuiltIn, message)) { try DecoderCatalogue.make(OptionText("grok:%{WORD:a}")) }
        }
    #endif
}
