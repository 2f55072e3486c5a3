import SluiceConfig
import Testing

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("strat", "start"), ("tpye", "type"), ("ap", "app"), ("man", "main"), ("woker", "workers"), ("colums", "columns"),
        ("HOSTNAME", "hostname"), ("max_frmae_size", "max_frame_size"), ("htpp", "http"), ("dta_dir", "data_dir"), ("jsn", "json"),
    ])
    func `a slip of the pen is found`(_ written: String, _ meant: String) {
        #expect(Suggestion.nearest(to: written, in: ["a", "b", meant, "encoding", "timezone"]) == meant)
    }

    @Test(arguments: [
        ("b", "a"), ("a", "ab"), ("ab", "cd"), ("ab", "ac"), ("url_file", "pin_file"), ("main", "data"), ("", "a"), ("x", ""),
        ("retry", "buffer"), ("tls", "url"),
    ])
    func `another name is no slip`(_ written: String, _ known: String) {
        #expect(Suggestion.nearest(to: written, in: [known]) == nil)
    }

    @Test func `the nearest of several is taken, the first of equals`() {
        #expect(Suggestion.nearest(to: "lines", in: ["limes", "line", "lives"]) == "limes")
        #expect(Suggestion.nearest(to: "workes", in: ["wonders", "workers"]) == "workers")
    }
}
