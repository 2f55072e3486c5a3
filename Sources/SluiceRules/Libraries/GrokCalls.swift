#if Regex
    import CSluice
    import SluiceRegex

    /// A grok pattern ready to match: its matcher and the groups of its fields.
    struct GrokMatcher {
        let matcher: PatternMatcher
        /// Number, field name and kind of each group that is kept.
        let fields: [(group: Int, name: String, kind: Grok.Kind)]

        init(_ text: String, patterns: [String: String]) throws(PatternError) {
            let grok = try Grok(text, patterns: patterns)
            let pattern = try Pattern(grok.expression)
            matcher = PatternMatcher(pattern)
            var fields: [(group: Int, name: String, kind: Grok.Kind)] = []
            for group in pattern.groups {
                if let capture = grok.captures.first(where: { $0.group == group.name }) {
                    fields.append((group.number, capture.field, capture.kind))
                } else {
                    fields.append((group.number, group.name, .string))
                }
            }
            self.fields = fields
        }
    }

    extension RegexCalls {
        static func grok(_ call: HostCall, _ context: HostContext) {
            guard let grok = context.grok(call) else { return }
            switch grok.matcher.match(call.bytes(0)) {
            case .unmatched: return call.pushNil()
            case .exhausted:
                return call.fail(
                    "grok.match: pattern `\(call.string(1))` needs more than \(PatternMatcher.stepsMax) steps for a text of "
                        + "\(call.bytes(0).count) bytes; bind it with `^` or make its repeats less nested")
            case .matched: break
            }
            let start = call.textStart
            var writer = TableWriter(call.scratch)
            for (index, field) in grok.fields.enumerated() {
                guard let range = grok.matcher.range(of: field.group) else { continue }
                // Of several groups for one field the first that took part counts.
                if grok.fields[..<index].contains(where: { $0.name == field.name && grok.matcher.range(of: $0.group) != nil }) {
                    continue
                }
                writer.key(field.name)
                append(UnsafeRawBufferPointer(rebasing: call.bytes(0)[range]), field.kind, to: call.scratch)
            }
            writer.end()
            call.pushTable(from: start)
        }

        /// Writes a captured text as what it is to become; text that is no such number stays text.
        private static func append(_ text: UnsafeRawBufferPointer, _ kind: Grok.Kind, to buffer: UnsafeMutablePointer<sl_buffer>) {
            switch kind {
            case .string: break
            case .int: if let number = NumberText.integer(text) { return buffer.appendInteger(number) }
            case .float:
                if let number = Double(String(decoding: text, as: UTF8.self)), number.isFinite {
                    return buffer.appendDouble(number)
                }
            }
            buffer.appendLiteral(text)
        }
    }

    extension HostContext {
        /// The matcher of a call's pattern; fails the call when it does not compile.
        func matcher(_ call: HostCall, _ name: String) -> PatternMatcher? {
            do throws(PatternError) {
                return try caches.matchers.value(call.bytes(1)) { (text) throws(PatternError) in
                    PatternMatcher(try Pattern(String(decoding: text, as: UTF8.self)))
                }
            } catch {
                call.failArgument(1, of: name, error.message)
                return nil
            }
        }

        /// The matcher of a `grok.match`; its own patterns are part of the key.
        fileprivate func grok(_ call: HostCall) -> GrokMatcher? {
            do throws(PatternError) {
                guard call.has(2) else {
                    return try caches.groks.value(call.bytes(1)) { (text) throws(PatternError) in
                        try GrokMatcher(String(decoding: text, as: UTF8.self), patterns: [:])
                    }
                }
                let key = Array(call.bytes(1)) + [0] + Array(call.bytes(2))
                var patterns: [String: String] = [:]
                if var reader = TableReader(call.bytes(2)) {
                    while let item = reader.next() { patterns[TableValue(key: item.key).string] = item.value.string }
                }
                return try caches.groks.value(key) { () throws(PatternError) in
                    try GrokMatcher(call.string(1), patterns: patterns)
                }
            } catch {
                call.failArgument(1, of: "grok.match", error.message)
                return nil
            }
        }
    }
#endif
