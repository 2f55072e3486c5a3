import Foundation
import SluiceComponent
import SluiceConfig
import SluiceTestKit
import Testing

@testable import SluiceInputs

/// Nothing is lost, doubled or reordered while files grow and rotate.
@Suite struct FetchLoadTests {
    @Test(arguments: [1, 2]) func `rotations under load lose nothing`(_ seed: UInt64) throws {
        let files = FetchCase()
        files.write("log", "")
        try files.serve(heartbeat: 400_000_000, rotateWait: 30_000_000)
        let session = try files.start([("heartbeat", .text("400ms")), ("verify", .text(seed == 1 ? "false" : "true"))])
        // What was rotated before the first answer has no place in the promise.
        _ = session.wait(for: "an answer") { ($0.counts[.opened] ?? 0) > 0 ? true : nil }
        var random = seed
        func next(_ below: UInt64) -> UInt64 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (random >> 33) % below
        }
        var number = 0
        var rotation = 0
        while number < 6_000 {
            var text = ""
            for _ in 0...next(200) {
                text += "line \(number)\n"
                number += 1
            }
            // Written in two pieces, so that lines are cut anywhere.
            let cut = text.utf8.index(text.startIndex, offsetBy: Int(next(UInt64(text.utf8.count))))
            files.append("log", String(text[..<cut]))
            files.append("log", String(text[cut...]))
            if next(4) == 0 {
                rotation += 1
                // As dates count: where the clock of the file system is too coarse, names tell which one is older.
                files.move("log", "log.\(20_260_000 + rotation)")
                files.write("log", "")
            }
            Interval.pass(microseconds: Int(next(8_000)))
        }
        let all = session.messages(number)
        #expect(all == (0..<number).map { "line \($0)" })
        #expect(session.counter(.placesLost) == 0 && rotation > 3)
    }
}
