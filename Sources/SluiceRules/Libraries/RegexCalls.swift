import CSluice
import SluiceRegex

#if Regex
    /// The bodies of `re` and `grok`.
    enum RegexCalls {
        static func test(_ call: HostCall, _ context: HostContext) {
            guard let matcher = context.matcher(call, "re.test") else { return }
            guard let found = look(call, matcher, from: 0, "re.test") else { return }
            call.push(found)
        }

        static func match(_ call: HostCall, _ context: HostContext) {
            guard let matcher = context.matcher(call, "re.match"), let start = start(call) else { return }
            guard fits(call, matcher, 0, "re.match"), let found = look(call, matcher, from: start, "re.match") else { return }
            guard found else { return call.pushNil() }
            let count = matcher.pattern.captureCount
            for group in count == 0 ? 0...0 : 1...count { push(call, matcher, group) }
        }

        static func find(_ call: HostCall, _ context: HostContext) {
            guard let matcher = context.matcher(call, "re.find"), let start = start(call) else { return }
            guard fits(call, matcher, 2, "re.find"), let found = look(call, matcher, from: start, "re.find") else { return }
            guard found, let whole = matcher.range(of: 0) else { return call.pushNil() }
            call.push(Int64(whole.lowerBound) + 1)
            call.push(Int64(whole.upperBound))
            for group in 0..<matcher.pattern.captureCount { push(call, matcher, group + 1) }
        }

        static func capture(_ call: HostCall, _ context: HostContext) {
            guard let matcher = context.matcher(call, "re.capture"), let start = start(call) else { return }
            if matcher.pattern.groups.isEmpty {
                return call.failArgument(1, of: "re.capture", "pattern with named groups `(?<name>…)` expected")
            }
            guard let found = look(call, matcher, from: start, "re.capture") else { return }
            guard found else { return call.pushNil() }
            let begin = call.textStart
            var writer = TableWriter(call.scratch)
            for group in matcher.pattern.groups {
                guard let range = matcher.range(of: group.number) else { continue }
                writer.key(group.name)
                call.scratch.appendLiteral(part(call, range))
            }
            writer.end()
            call.pushTable(from: begin)
        }

        static func all(_ call: HostCall, _ context: HostContext) {
            guard let matcher = context.matcher(call, "re.all") else { return }
            let begin = call.textStart
            let group = matcher.pattern.captureCount == 0 ? 0 : 1
            call.scratch.append(UInt8(ascii: "["))
            let isDone = eachMatch(call, matcher, "re.all") { _ in
                if call.textStart > begin + 1 { call.scratch.append(UInt8(ascii: ",")) }
                call.scratch.appendLiteral(part(call, matcher.range(of: group) ?? 0..<0))
                return true
            }
            guard isDone else { return }
            call.scratch.append(UInt8(ascii: "]"))
            call.pushTable(from: begin)
        }

        static func gsub(_ call: HostCall, _ context: HostContext) {
            guard let matcher = context.matcher(call, "re.gsub") else { return }
            let limit = call.has(3) ? call.integer(3) : .max
            let begin = call.textStart
            var replaced: Int64 = 0
            var end = 0
            var fault: String?
            let isDone = eachMatch(call, matcher, "re.gsub") { whole in
                guard replaced < limit else { return false }
                call.scratch.append(part(call, end..<whole.lowerBound))
                fault = appendReplacement(call, matcher)
                end = whole.upperBound
                replaced += 1
                return fault == nil
            }
            guard isDone else { return }
            if let fault { return call.failArgument(2, of: "re.gsub", fault) }
            call.scratch.append(part(call, end..<call.bytes(0).count))
            call.pushText(from: begin)
            call.push(replaced)
        }

        static func split(_ call: HostCall, _ context: HostContext) {
            guard let matcher = context.matcher(call, "re.split") else { return }
            let limit = call.has(2) ? call.integer(2) : .max
            guard limit >= 1 else { return call.failArgument(2, of: "re.split", "number from 1 expected, got \(limit)") }
            let begin = call.textStart
            var parts: Int64 = 1
            var end = 0
            call.scratch.append(UInt8(ascii: "["))
            let isDone = eachMatch(call, matcher, "re.split") { whole in
                guard parts < limit else { return false }
                if whole.isEmpty { return true }
                call.scratch.appendLiteral(part(call, end..<whole.lowerBound))
                call.scratch.append(UInt8(ascii: ","))
                end = whole.upperBound
                parts += 1
                return true
            }
            guard isDone else { return }
            call.scratch.appendLiteral(part(call, end..<call.bytes(0).count))
            call.scratch.append(UInt8(ascii: "]"))
            call.pushTable(from: begin)
        }

        // MARK: - Matching

        /// Whether there is a match at or behind a byte; nil when the call has failed.
        private static func look(_ call: HostCall, _ matcher: PatternMatcher, from: Int, _ name: String) -> Bool? {
            switch matcher.match(call.bytes(0), from: from) {
            case .matched: return true
            case .unmatched: return false
            case .exhausted:
                call.fail(
                    "\(name): pattern `\(matcher.pattern.text)` needs more than \(PatternMatcher.stepsMax) steps for a text of "
                        + "\(call.bytes(0).count) bytes; make its repeats less nested")
                return nil
            }
        }

        /// Calls `body` for each match, not overlapping, until it answers false. False when the call has failed.
        private static func eachMatch(
            _ call: HostCall, _ matcher: PatternMatcher, _ name: String, _ body: (Range<Int>) -> Bool
        ) -> Bool {
            let text = call.bytes(0)
            var at = 0
            while at <= text.count {
                guard let found = look(call, matcher, from: at, name) else { return false }
                guard found, let whole = matcher.range(of: 0), body(whole) else { return true }
                at = whole.upperBound
                // An empty match: on with the next character, not into the middle of it.
                if whole.isEmpty {
                    at += 1
                    while at < text.count, text[at] & 0xC0 == 0x80 { at += 1 }
                }
            }
            return true
        }

        /// The byte to begin at, from the third argument; nil when the call has been answered because it lies behind the text.
        private static func start(_ call: HostCall) -> Int? {
            let count = Int64(call.bytes(0).count)
            let start = call.integer(2, default: 1)
            if start > count + 1 {
                call.pushNil()
                return nil
            }
            return Int(start > 0 ? start - 1 : start == 0 ? 0 : max(0, count + start))
        }

        private static func fits(_ call: HostCall, _ matcher: PatternMatcher, _ others: Int, _ name: String) -> Bool {
            let most = HostCall.resultsMax - others
            guard matcher.pattern.captureCount > most else { return true }
            call.failArgument(
                1, of: name,
                "at most \(most) groups expected, got \(matcher.pattern.captureCount); name them and use `re.capture`")
            return false
        }

        private static func part(_ call: HostCall, _ range: Range<Int>) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(rebasing: call.bytes(0)[range])
        }

        private static func push(_ call: HostCall, _ matcher: PatternMatcher, _ group: Int) {
            if let range = matcher.range(of: group) { call.push(part(call, range)) } else { call.pushNil() }
        }

        /// Writes the replacement for the last match; answers what is wrong with it, or nil.
        private static func appendReplacement(_ call: HostCall, _ matcher: PatternMatcher) -> String? {
            let text = call.bytes(2)
            var index = 0
            while index < text.count {
                let byte = text[index]
                index += 1
                guard byte == UInt8(ascii: "$") else {
                    call.scratch.append(byte)
                    continue
                }
                guard index < text.count else { return "a `$` stands at the end; write `$$`" }
                if text[index] == UInt8(ascii: "$") {
                    call.scratch.append(byte)
                    index += 1
                    continue
                }
                guard let reference = reference(text, &index) else {
                    return "group such as `$1` or `${name}` expected behind `$`"
                }
                guard let group = Int(reference) ?? matcher.pattern.number(ofGroup: reference),
                    group <= matcher.pattern.captureCount
                else { return "pattern has no group `\(reference)`" }
                if let range = matcher.range(of: group) { call.scratch.append(part(call, range)) }
            }
            return nil
        }

        /// What stands behind a `$`: digits, or anything in braces.
        private static func reference(_ text: UnsafeRawBufferPointer, _ index: inout Int) -> String? {
            if text[index] == UInt8(ascii: "{") {
                guard let close = text[index...].firstIndex(of: UInt8(ascii: "}")), close > index + 1 else { return nil }
                defer { index = close + 1 }
                return String(decoding: text[(index + 1)..<close], as: UTF8.self)
            }
            let start = index
            while index < text.count, text[index] &- 0x30 < 10, index - start < 3 { index += 1 }
            return index > start ? String(decoding: text[start..<index], as: UTF8.self) : nil
        }
    }
#else
    /// Stands for the bodies of `re` and `grok` in a build without PCRE2: each call says so.
    enum RegexCalls {
        static func test(_ call: HostCall, _ context: HostContext) { fail(call, "re") }
        static func match(_ call: HostCall, _ context: HostContext) { fail(call, "re") }
        static func find(_ call: HostCall, _ context: HostContext) { fail(call, "re") }
        static func capture(_ call: HostCall, _ context: HostContext) { fail(call, "re") }
        static func all(_ call: HostCall, _ context: HostContext) { fail(call, "re") }
        static func gsub(_ call: HostCall, _ context: HostContext) { fail(call, "re") }
        static func split(_ call: HostCall, _ context: HostContext) { fail(call, "re") }
        static func grok(_ call: HostCall, _ context: HostContext) { fail(call, "grok") }

        private static func fail(_ call: HostCall, _ library: String) {
            call.fail("library `\(library)` is not in this build; build with `--traits Regex` (libpcre2-dev)")
        }
    }
#endif
