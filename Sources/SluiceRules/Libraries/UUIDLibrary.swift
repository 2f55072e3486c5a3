import CSluice

/// `uuid`: identifiers of RFC 9562.
enum UUIDLibrary {
    static let functions: [HostFunction] = [
        HostFunction(
            "uuid", "v4", [], returns: [HostResult("id", "string", "36 characters, lower case")],
            "A random identifier (RFC 9562, section 5.4).", example: #"event.id = uuid.v4()"#
        ) { call, context in
            push(context.random.next(), context.random.next(), version: 4, call)
        },
        HostFunction(
            "uuid", "v7", [], returns: [HostResult("id", "string", "36 characters, lower case")],
            "An identifier that sorts by time (RFC 9562, section 5.7).",
            notes:
                "The time is `time.now()`; identifiers of one lane made in the same millisecond sort in the order of the calls.",
            example: #"event.id = uuid.v7()"#
        ) { call, context in
            let milliseconds = max(0, context.now) / 1_000_000
            let (stamp, counter) = context.nextUUID(milliseconds)
            push(UInt64(stamp) << 16 | UInt64(counter), context.random.next(), version: 7, call)
        },
    ]

    private static func push(_ high: UInt64, _ low: UInt64, version: UInt64, _ call: HostCall) {
        let high = high & ~0xF000 | version << 12
        let low = low & ~(3 << 62) | 2 << 62
        let start = call.textStart
        // SAFETY: 36 bytes were reserved, the length of the text.
        let to = sl_buffer_reserve(call.scratch, 36)!
        var at = 0
        for digit in 0..<32 {
            if digit == 8 || digit == 12 || digit == 16 || digit == 20 {
                to[at] = UInt8(ascii: "-")
                at += 1
            }
            let word = digit < 16 ? high : low
            to[at] = hexDigit(UInt8(truncatingIfNeeded: word >> UInt64(60 - (digit & 15) * 4)) & 15)
            at += 1
        }
        call.scratch.pointee.length += 36
        call.pushText(from: start)
    }
}

extension HostContext {
    /// Milliseconds and 12-bit counter of the next `uuid.v7`: always behind the one before. The counter starts in the lower
    /// half at random; past its end the milliseconds go on ahead of the clock.
    func nextUUID(_ milliseconds: Int64) -> (milliseconds: Int64, counter: UInt16) {
        if milliseconds > lastUUID.milliseconds {
            lastUUID = (milliseconds, UInt16(truncatingIfNeeded: random.next() & 0x7FF))
        } else if lastUUID.counter == 0xFFF {
            lastUUID = (lastUUID.milliseconds + 1, UInt16(truncatingIfNeeded: random.next() & 0x7FF))
        } else {
            lastUUID.counter += 1
        }
        return lastUUID
    }
}
