#if Regex
    internal import CSluice
    package import SluiceComponent
    package import SluiceConfig
    package import SluiceEvent
    internal import SluiceRegex

    /// Text that a regular expression (PCRE2) takes apart: its named groups are the fields.
    ///
    /// The pattern may match anywhere; `^` and `$` tie it down. Groups that take no part in a match are absent. Tolerant: text
    /// that does not match, or needs more steps than a match may take, is `message`.
    package struct RegexDecoder: Decoder {
        private var fields: PatternFields
        private let isStrict: Bool

        /// A decoder; the error says what is wrong with the pattern.
        package init(pattern: String, strict isStrict: Bool = false) throws(ConfigError) {
            fields = try PatternFields(expression: pattern)
            self.isStrict = isStrict
        }

        package mutating func decode(
            _ frame: Frame, received: Int64, into batch: borrowing EventBatch
        ) -> DecodingOutcome {
            let raw = batch.raw
            _ = raw.begin(raw: frame.raw, flags: frame.flags, received: received, format: .regex)
            let outcome = fields.read(frame.text, raw)
            if outcome == .matched {
                raw.end()
                return .decoded
            }
            sl_event_cancel(raw)
            if isStrict {
                return .refused(
                    outcome == .unmatched ? "text does not match the pattern" : "the pattern needs too many steps for the text")
            }
            raw.appendUndecoded(frame, received: received, format: .regex)
            return .decoded
        }
    }
#endif
