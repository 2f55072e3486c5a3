import CAllocationCount
import CSluice
import SluiceComponent
import SluiceConfig
import SluiceEvent
import Testing

@testable import SluiceEncoding

@Suite struct AllocationTests {
    static let events = """
        event
        timestamp time 2026-10-09T22:33:20.120+02:00
        hostname string hlfedora
        appname string auditd with a "blank"
        procid string 1787
        facility facility 3
        severity severity 6
        structured_data object {"a@1":{"b":"c","d":["e","f"]}}
        message string The audit daemon is exiting.\\nGrüße \\xff
        user object {"name":"x","tags":[1,2,3]}
        float float 1.5
        number number 1.50
        index meta logs
        """

    @Test(arguments: [
        "json", "raw", "rfc5424", "rfc5424:bom=true,framing=octet", "rfc3164", "logfmt", "csv", "csv:columns=user.name,message",
        "text:{timestamp:%H:%M:%S} {hostname} {message} {user.tags.2} {@index} {@received} {@flags} {severity_code} {x:-none}",
    ])
    func `an encoder allocates nothing once its buffer is large enough`(encoding: String) throws {
        let option = OptionText(encoding)
        var encoder = try EncoderCatalogue.make(option.name, option.rest)
        let fixture = EventFixture(Self.events)
        var output = sl_buffer()
        defer { sl_buffer_destroy(&output) }
        for _ in 0..<3 { _ = encoder.encode(batch: fixture.batch.raw, bit: 1, to: &output) }
        output.length = 0
        let before = allocation_count()
        for _ in 0..<3 { _ = encoder.encode(batch: fixture.batch.raw, bit: 1, to: &output) }
        #expect(allocation_count() - before == 0)
        #expect(output.length > 0)
    }

    @Test func `allocations are counted at all`() {
        let before = allocation_count()
        let block = UnsafeMutableRawPointer.allocate(byteCount: 10_000, alignment: 16)
        #expect(allocation_count() > before)
        block.deallocate()
    }
}
