import SluiceComponent
import SluiceConfig
import SluiceEncoding
import SluiceNetwork
import Testing

@testable import SluiceOutputs

/// What configurations of network outputs mean, and which are refused.
@Suite struct NetworkPlanTests {
    private let folder = OutputFolder()

    private func plan(_ kind: String, _ options: [(String, OptionValues.Value)], header: String = "") throws(ConfigError) -> NetworkPlan {
        try folder.plan(kind, options, header: header) as! NetworkPlan
    }

    private func stream(_ kind: String, _ options: (String, OptionValues.Value)..., header: String = "") throws -> StreamSettings {
        guard case .stream(let settings) = try plan(kind, options, header: header) else { throw Unexpected() }
        return settings
    }

    private struct Unexpected: Error {}

    private func refusal(_ kind: String, _ options: (String, OptionValues.Value)...) -> ConfigError? {
        do throws(ConfigError) {
            _ = try plan(kind, options)
            return nil
        } catch {
            return error
        }
    }

    @Test func `the framing follows from the addresses`() throws {
        #expect(try stream("syslog", ("address", .text("tls://a"))).framing == .octetCounting)
        #expect(try stream("syslog", ("address", .text("tcp://a"))).framing == .newline)
        #expect(try stream("syslog", ("address", .text("unix:a"))).framing == .newline)
        #expect(try stream("syslog", ("address", .text("tls://a")), ("framing", .text("nul"))).framing == .nul)
        #expect(try stream("tcp", ("address", .text("tls://a:1"))).framing == .newline)
        #expect(refusal("syslog", ("address", .texts(["tls://a", "tcp://b"])))?.key == "address")
        #expect(try stream("syslog", ("address", .texts(["tls://a", "tcp://b"])), ("framing", .text("newline"))).framing == .newline)
    }

    @Test func `syslog has its ports, others need one`() throws {
        let settings = try stream("syslog", ("address", .texts(["tls://a", "tls://b:1"])))
        #expect(settings.dial.addresses == [.tls(host: "a", port: 6514), .tls(host: "b", port: 1)])
        #expect(try stream("syslog", ("address", .text("tcp://a"))).dial.addresses == [.tcp(host: "a", port: 514)])
        #expect(refusal("tcp", ("address", .text("tcp://a")))?.code == .invalidValue)
        #expect(
            refusal("tcp", ("address", .text("tcp://a:0")))?.message
                == "`tcp://a:0` names port 0, which nobody listens on; write the receiver's port")
    }

    @Test func `records of datagrams have a bound`() throws {
        guard case .datagram(let udp) = try plan("syslog", [("address", .text("udp://a")), ("max_datagram", .text("1MiB"))]),
            case .datagram(let unix) = try plan("unix", [("address", .text("unixgram:a")), ("max_datagram", .text("1MiB"))])
        else { throw Unexpected() }
        #expect(udp.bytesMax == 65_507 && unix.bytesMax == 1 << 20)
    }

    @Test func `what has no meaning is refused`() {
        #expect(refusal("syslog", ("address", .texts(["udp://a", "tcp://b"])))?.key == "address")
        #expect(refusal("syslog", ("address", .text("udp://a")), ("framing", .text("nul")))?.key == "framing")
        #expect(refusal("syslog", ("address", .text("udp://a")), ("resend_window", .text("1MiB")))?.key == "resend_window")
        #expect(refusal("syslog", ("address", .text("tcp://a")), ("max_datagram", .text("1KiB")))?.key == "max_datagram")
        #expect(refusal("tcp", ("address", .texts([])))?.key == "address")
        #expect(refusal("udp", ("address", .text("tcp://a:1")))?.key == "address")
        let framed = try! OptionValues(
            [(key: "framing", value: .text("octet"))], of: RFC5424Encoder.options, component: "encoding `rfc5424`")
        #expect(framed.isSet("framing"))
    }

    @Test func `every counter of an output is declared, as what it is`() throws {
        let outputs: [any Output] = [
            try folder.output("tcp", "tcp://a:1"), try folder.output("udp", "udp://a:1"), try folder.file("x"),
            try folder.plan("exec", [("command", .texts(["cat"]))]).makeOutput(folder.context),
            try folder.plan("discard", []).makeOutput(folder.context),
        ]
        for counter in outputs.flatMap(\.counters) {
            #expect(counter.declaration != nil, "\(counter.name)")
            #expect(counter.declaration?.isGauge == !counter.isTotal, "\(counter.name)")
        }
        #expect(Set(OutputCounter.declarations.map(\.name)).count == OutputCounter.declarations.count)
    }
}
