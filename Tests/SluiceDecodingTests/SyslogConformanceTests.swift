import SluiceComponent
import SluiceEvent
import Testing

@testable import SluiceDecoding

@Suite struct SyslogConformanceTests {
    private static let rfc3164 = ConformanceRunner { theCase, strict in
        RFC3164Decoder(zone: try Zone(named: theCase.zone), strict: strict)
    }
    private static let rfc5424 = ConformanceRunner { theCase, strict in
        RFC5424Decoder(zone: try Zone(named: theCase.zone), strict: strict)
    }
    private static let syslog = ConformanceRunner { theCase, strict in
        SyslogDecoder(zone: try Zone(named: theCase.zone), strict: strict)
    }

    @Test(arguments: try ConformanceCase.load("rfc3164"))
    func `every RFC 3164 case is read as expected`(theCase: ConformanceCase) throws {
        #expect(try Self.rfc3164.difference(theCase, strict: theCase.isStrict) == nil)
    }

    @Test(arguments: try ConformanceCase.load("rfc5424"))
    func `every RFC 5424 case is read as expected`(theCase: ConformanceCase) throws {
        #expect(try Self.rfc5424.difference(theCase, strict: theCase.isStrict) == nil)
    }

    @Test(arguments: try ConformanceCase.load("rfc3164").filter { $0.isStrict && !$0.mustFail && !$0.isStrictOnly })
    func `strict RFC 3164 cases give the same in tolerant mode`(theCase: ConformanceCase) throws {
        #expect(try Self.rfc3164.difference(theCase, strict: false) == nil)
    }

    @Test(arguments: try ConformanceCase.load("rfc5424").filter { $0.isStrict && !$0.mustFail && !$0.isStrictOnly })
    func `strict RFC 5424 cases give the same in tolerant mode`(theCase: ConformanceCase) throws {
        #expect(try Self.rfc5424.difference(theCase, strict: false) == nil)
    }

    private static let all = try! ConformanceCase.load("rfc3164") + ConformanceCase.load("rfc5424")

    @Test(arguments: all.filter { !$0.mustFail && !$0.isStrictOnly })
    func `the syslog format tells both apart`(theCase: ConformanceCase) throws {
        #expect(try Self.syslog.difference(theCase, strict: false) == nil)
    }

    @Test(arguments: all.filter(\.mustFail))
    func `what strict mode refuses is one event in tolerant mode`(theCase: ConformanceCase) throws {
        for runner in [Self.rfc3164, Self.rfc5424, Self.syslog] {
            let result = try runner.decode(theCase, strict: false)
            #expect(result.events.count == 1)
            #expect(result.events.first?.raw == theCase.inputs[0])
        }
    }

    @Test(arguments: try ConformanceCase.load("deviations", folder: "Cases"))
    func `what devices really send is read as expected`(theCase: ConformanceCase) throws {
        #expect(try Self.syslog.difference(theCase, strict: false) == nil)
    }
}
