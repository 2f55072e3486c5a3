#if Regex
    internal import CSluice
    internal import Glibc
    internal import SluiceConfig
    internal import SluiceEvent
    internal import SluiceRegex

    /// Named groups of a pattern as fields of events.
    struct PatternFields {
        /// A group that becomes a field.
        private struct Field {
            let group: Int
            let key: UInt16
            /// A number is to be made of the text.
            let isNumber: Bool
            /// …and an integer at that.
            let isInteger: Bool
        }

        private let matcher: PatternMatcher
        private let fields: [Field]
        /// Whether two groups have one name.
        private let hasRepeats: Bool
        private var time = AccessTime()

        /// Fields of a regular expression's named groups.
        init(expression: String) throws(ConfigError) {
            try self.init(expression: expression, captures: [], of: "regex")
        }

        /// Fields of a grok pattern.
        init(grok text: String) throws(ConfigError) {
            do {
                let grok = try Grok(text)
                try self.init(expression: grok.expression, captures: grok.captures, of: "grok")
            } catch let error as PatternError {
                throw ConfigError(.invalidValue, error.message)
            } catch let error as ConfigError {
                throw error
            } catch {
                preconditionFailure("no other error is thrown here")
            }
        }

        private init(expression: String, captures: [Grok.Capture], of format: String) throws(ConfigError) {
            let pattern: Pattern
            do {
                pattern = try Pattern(expression)
            } catch {
                throw ConfigError(.invalidValue, error.message)
            }
            var fields: [Field] = []
            for group in pattern.groups {
                let capture = captures.first { $0.group == group.name }
                let name = capture?.field ?? group.name
                guard let key = FieldKey(text: name) else {
                    throw ConfigError(.invalidValue, "field name `\(name)` of format `\(format)` is longer than 256 bytes")
                }
                let kind = capture?.kind ?? .string
                fields.append(Field(group: group.number, key: key.id, isNumber: kind != .string, isInteger: kind == .int))
            }
            if fields.isEmpty {
                let form = format == "grok" ? "%{NAME:field}" : "(?<field>…)"
                throw ConfigError(.invalidValue, "pattern of format `\(format)` names no field; write `\(form)`")
            }
            matcher = PatternMatcher(pattern)
            self.fields = fields
            hasRepeats = Set(fields.map(\.key)).count < fields.count
        }

        /// Adds the fields of a text that matches to the event under construction.
        mutating func read(_ text: sl_span, _ batch: UnsafeMutablePointer<sl_batch>) -> PatternOutcome {
            // An empty frame may be the first of all, before the arena has any memory.
            guard sl_batch_reserve(batch, 1) else { preconditionFailure("out of memory for a batch") }
            // SAFETY: the text lies in the arena, and nothing here appends to it.
            let base = UnsafePointer<UInt8>(batch.pointee.bytes!)
            let start = base + Int(text.offset)
            let outcome = matcher.match(start, Int(text.length))
            guard outcome == .matched else { return outcome }
            let event = sl_event_open(batch)!
            var repeated = RepeatedKeys()
            let offsets = matcher.offsets
            for index in 0..<fields.count {
                let field = fields[index]
                let from = offsets[2 * field.group]
                let to = offsets[2 * field.group + 1]
                guard from >= 0, let slot = sl_event_add(batch, field.key) else { continue }
                // Of several groups with one name the first that took part counts.
                if hasRepeats, repeated.isRepeat(field.key, in: batch) {
                    event.pointee.count -= 1
                    batch.pointee.slot_count -= 1
                    continue
                }
                // A `\K` in a look-ahead can put a start behind its end.
                slot.set(start + from, start + max(from, to), base, flags: 0)
                if field.isNumber, !Self.type(slot, base, isInteger: field.isInteger) {
                    event.pointee.flags |= EventFlags.valueInvalid.rawValue
                }
                if field.key == UInt16(SL_KEY_TIMESTAMP), slot.pointee.type == UInt8(SL_STRING) {
                    readTime(slot, base, event)
                }
            }
            return .matched
        }

        /// Makes a number of a text; false, with the text kept, when it is none.
        private static func type(
            _ slot: UnsafeMutablePointer<sl_slot>, _ base: UnsafePointer<UInt8>, isInteger: Bool
        ) -> Bool {
            let text = slot.pointee.text
            var start = base + Int(text.offset)
            let end = start + Int(text.length)
            // What JSON does not know about numbers: a plus sign.
            if start < end, start[0] == UInt8(ascii: "+") { start += 1 }
            if isInteger {
                guard let value = integer(start, end) else { return false }
                slot.pointee.type = UInt8(SL_INTEGER)
                slot.pointee.integer = value
                return true
            }
            guard let value = double(start, end) else { return false }
            slot.pointee.type = UInt8(SL_FLOAT)
            slot.pointee.number = value
            return true
        }

        private static func integer(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int64? {
            var at = start
            let isNegative = at < end && at[0] == UInt8(ascii: "-")
            if isNegative { at += 1 }
            guard at < end else { return nil }
            var value: Int64 = 0
            while at < end, at[0] &- 0x30 <= 9 {
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, overflowAgain) = product.subtractingReportingOverflow(Int64(at[0] &- 0x30))
                if overflow || overflowAgain { return nil }
                value = sum
                at += 1
            }
            if at < end { return nil }
            return isNegative ? value : value == .min ? nil : -value
        }

        private static func double(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Double? {
            let count = end - start
            guard count > 0, count < 64 else { return nil }
            return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { copy in
                // SAFETY: 64 bytes hold the text and the NUL behind it.
                let first = copy.baseAddress!
                memcpy(first, start, count)
                first[count] = 0
                // strtod knows hexadecimal, infinities and nan as well, and skips blanks; none of these is a number here.
                guard strspn(first, "+-.0123456789eE") == count else { return nil }
                var stop: UnsafeMutablePointer<CChar>?
                let value = strtod(first, &stop)
                return stop == first + count && value.isFinite ? value : nil
            }
        }

        /// RFC 3339 text and the time of access logs give the event its time; the text stays.
        private mutating func readTime(
            _ slot: UnsafeMutablePointer<sl_slot>, _ base: UnsafePointer<UInt8>, _ event: UnsafeMutablePointer<sl_event>
        ) {
            let text = slot.pointee.text
            let start = base + Int(text.offset)
            if let time = TimestampText.parseRFC3339(start, Int(text.length)) {
                slot.pointee.flags |= UInt8(SL_TIME)
                slot.pointee.detail = time.detail
                event.pointee.time_ns = time.ns
            } else if Int(text.length) == AccessTime.length {
                if time.read(start) { event.pointee.time_ns = time.ns }
            }
        }
    }
#endif
