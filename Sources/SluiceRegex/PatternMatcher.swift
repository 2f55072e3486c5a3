#if Regex
    internal import CPCRE2
    internal import CSluice

    /// What a match came to.
    package enum PatternOutcome: Equatable, Sendable {
        case matched
        case unmatched
        /// The pattern needed more steps or memory than a match may take; it was given up.
        case exhausted
    }

    /// Matches one pattern: owns the memory that a match writes to, so it is made once per decoder or rule and used by one
    /// thread at a time. A match allocates nothing.
    package final class PatternMatcher {
        /// The pattern.
        package let pattern: Pattern
        private let found: OpaquePointer
        private let context: OpaquePointer
        private let stack: OpaquePointer?
        /// Start and end of the whole match and of each group by number; -1 for groups that took no part. Written by a match.
        package let offsets: UnsafePointer<Int>

        /// Backtracking steps one match may take: some 20 ms. A pattern that needs more is one that runs for ever.
        package static let stepsMax: UInt32 = 1_000_000
        /// Memory that one match may use for backtracking.
        package static let stackBytesMax = 512 << 10

        /// A matcher of a pattern; ends the process when there is no memory for it.
        package init(_ pattern: Pattern) {
            self.pattern = pattern
            guard let found = pcre2_match_data_create_from_pattern_8(pattern.code, nil),
                let context = pcre2_match_context_create_8(nil), let offsets = pcre2_get_ovector_pointer_8(found)
            else { preconditionFailure("out of memory for a regular expression") }
            self.found = found
            self.context = context
            self.offsets = UnsafePointer(offsets)
            stack = pcre2_jit_stack_create_8(32 << 10, Self.stackBytesMax, nil)
            pcre2_set_match_limit_8(context, Self.stepsMax)
            pcre2_set_heap_limit_8(context, UInt32(Self.stackBytesMax >> 10) * 8)
            if let stack { pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack)) }
        }

        deinit {
            pcre2_match_data_free_8(found)
            pcre2_match_context_free_8(context)
            if let stack { pcre2_jit_stack_free_8(stack) }
        }

        /// Looks for the first match at or behind byte `from`; then ``range(of:)`` tells where the groups are. Look-behind
        /// sees the bytes before `from`.
        @inline(__always)
        package func match(_ text: UnsafeRawBufferPointer, from: Int = 0) -> PatternOutcome {
            match(text.baseAddress?.assumingMemoryBound(to: UInt8.self), text.count, from: from)
        }

        /// The same by pointer; nil is the empty text.
        package func match(_ text: UnsafePointer<UInt8>?, _ count: Int, from: Int = 0) -> PatternOutcome {
            guard from <= count else { return .unmatched }
            // SAFETY: PCRE2 reads `count` bytes from `text` and writes to memory of its own.
            let result =
                if let text {
                    pcre2_match_8(code(for: text, count), text, count, from, 0, found, context)
                } else {
                    withUnsafePointer(to: 0 as UInt8) { pcre2_match_8(pattern.code, $0, 0, 0, 0, found, context) }
                }
            if result > 0 { return .matched }
            return result == PCRE2_ERROR_NOMATCH ? .unmatched : .exhausted
        }

        @inline(__always)
        private func code(for text: UnsafePointer<UInt8>, _ count: Int) -> OpaquePointer {
            guard let plain = pattern.codeForASCII, sl_ascii_length(text, count) == count else { return pattern.code }
            return plain
        }

        /// Bytes of a group in the last match (0 is the whole match); nil when the group took no part. A `\K` in a
        /// look-ahead can put a start behind its end; such a range is empty.
        @inlinable
        package func range(of group: Int) -> Range<Int>? {
            // SAFETY: PCRE2 made room for every group of the pattern; unset ones are PCRE2_UNSET, which is -1 here.
            let start = offsets[2 * group]
            let end = offsets[2 * group + 1]
            guard start >= 0, end >= 0 else { return nil }
            return start..<max(start, end)
        }
    }
#endif
