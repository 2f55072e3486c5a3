import Glibc
import SluiceRules

/// What `sluice bench` runs when it is given nothing: RFC 3164 lines of six kinds, and a rule that does a little of everything.
enum BenchInput {
    /// The typical rule.
    static let rule = RuleSource(
        name: "typical.lua", folder: ".",
        text: Array(
            """
            local team = { sshd = "security", nginx = "web", postfix = "mail", kernel = "platform" }
            function process(event)
              if event.severity_code == 7 then return drop end
              event.hostname = event.hostname:lower()
              local message = event.message
              if event.appname == "sshd" then
                event.user, event.src_ip = message:match("for (%S+) from ([%d.]+)")
              end
              event.team = team[event.appname] or "other"
              event.message = message:gsub("%d+%.%d+%.%d+%.%d+", "x.x.x.x")
            end
            """.utf8))

    private static let messages = [
        "sshd[%d]: Accepted publickey for deploy from 192.0.2.%d port 51234 ssh2",
        "sshd[%d]: Failed password for invalid user admin from 198.51.100.%d port 40022 ssh2",
        "nginx[%d]: upstream timed out while reading response header, client: 203.0.113.%d, request: \"GET /cart HTTP/1.1\"",
        "postfix/smtp[%d]: 4F1A22C0%d: to=<anna@example.org>, relay=mx.example.org, delay=0.42, status=sent (250 ok)",
        "kernel: usb 1-%d: new high-speed USB device number %d using xhci_hcd",
        "CRON[%d]: (root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 %d)",
    ]

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }

    /// Writes `count` lines to a file.
    static func write(_ count: Int, to path: String) throws {
        guard let file = fopen(path, "wb") else { throw Terminal.fail("cannot create `\(path)`", .cannotCreate) }
        defer { fclose(file) }
        for number in 0..<count {
            // A fixed mix without a generator: the same lines in every run.
            let mixed = (number &* 2_654_435_761) & 0xFFFF
            let priority = (mixed % 24) * 8 + (mixed / 24) % 8
            // Twenty lines a second, as on a busy host.
            let second = number / 20
            let day = second / 86_400 % 28 + 1
            let time = "Oct \(day < 10 ? " " : "")\(day) \(two(second / 3_600 % 24)):\(two(second / 60 % 60)):\(two(second % 60))"
            var text = messages[mixed % messages.count]
            for value in [mixed, number % 200] {
                if let range = text.firstRange(of: "%d") { text.replaceSubrange(range, with: String(value)) }
            }
            guard fputs("<\(priority)>\(time) Web-\(mixed % 40).example.net \(text)\n", file) >= 0 else {
                throw Terminal.fail("cannot write `\(path)`", .cannotWrite)
            }
        }
    }
}
