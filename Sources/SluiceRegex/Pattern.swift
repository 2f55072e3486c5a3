#if Regex
    internal import CPCRE2

    /// A compiled regular expression (PCRE2, UTF-8, JIT where the machine has one).
    ///
    /// Immutable and shared between threads; what a match changes is in a ``PatternMatcher``. Subjects are bytes: those that
    /// are not UTF-8 match nothing but may lie around a match.
    package final class Pattern: @unchecked Sendable {
        /// A named group of a pattern.
        package struct Group: Sendable, Equatable {
            /// The name between `(?<` and `>`.
            package let name: String
            /// Its number, from 1.
            package let number: Int
        }

        /// The text it was compiled from.
        package let text: String
        /// Groups that capture, without the whole match.
        package let captureCount: Int
        /// The named ones in order of their numbers.
        package let groups: [Group]
        /// The compiled code. `@unchecked` above because of it: PCRE2 only reads it once it is compiled.
        let code: OpaquePointer
        /// The same without UTF-8, for subjects that are ASCII throughout: on those it finds the same, up to twice as fast. Nil
        /// when the pattern could tell the difference.
        let codeForASCII: OpaquePointer?

        /// Longest pattern that is accepted; what it compiles to is some ten times as big.
        package static let textBytesMax = 64 << 10

        /// Compiles; the error says where in the text the fault is.
        package init(_ text: String, caseInsensitive: Bool = false) throws(PatternError) {
            guard text.utf8.count <= Self.textBytesMax else {
                throw PatternError(
                    "regular expression of \(text.utf8.count) bytes is longer than \(Self.textBytesMax) bytes; shorten it",
                    offset: Self.textBytesMax)
            }
            var options = PCRE2_NEVER_BACKSLASH_C | PCRE2_DUPNAMES
            if caseInsensitive { options |= PCRE2_CASELESS }
            let code: OpaquePointer
            switch Self.compile(text, options | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF) {
            case .success(let compiled): code = compiled
            case .failure(let error): throw error
            }
            self.text = text
            self.code = code
            codeForASCII = Self.isPlain(text) ? try? Self.compile(text, options).get() : nil
            var count: UInt32 = 0
            pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_CAPTURECOUNT), &count)
            captureCount = Int(count)
            groups = Self.groups(of: code)
        }

        deinit {
            pcre2_code_free_8(code)
            if let codeForASCII { pcre2_code_free_8(codeForASCII) }
        }

        private static func compile(_ text: String, _ options: UInt32) -> Result<OpaquePointer, PatternError> {
            var fault: Int32 = 0
            var offset = 0
            var bytes = Array(text.utf8)
            bytes.append(0)
            // SAFETY: the length is given, so the text need not end; PCRE2 copies what it keeps.
            guard let code = pcre2_compile_8(bytes, bytes.count - 1, options, &fault, &offset, nil) else {
                return .failure(
                    PatternError(
                        "regular expression `\(text)` does not compile: \(describe(fault)) (at byte \(offset))",
                        offset: offset))
            }
            // Without a JIT for this machine matching falls back to the interpreter, under the same limits.
            pcre2_jit_compile_8(code, PCRE2_JIT_COMPLETE)
            return .success(code)
        }

        /// Whether a pattern means the same for ASCII with and without UTF-8: it is ASCII itself, and names no code points,
        /// properties or settings of its own.
        private static func isPlain(_ text: String) -> Bool {
            let bytes = Array(text.utf8)
            guard bytes.allSatisfy({ $0 < 0x80 }), !text.hasPrefix("(*") else { return false }
            return !zip(bytes, bytes.dropFirst()).contains { $0 == UInt8(ascii: "\\") && "pPXNxo".utf8.contains($1) }
        }

        /// The number of a named group; of several with one name the first.
        package func number(ofGroup name: String) -> Int? { groups.first { $0.name == name }?.number }

        private static func describe(_ fault: Int32) -> String {
            var text = [UInt8](repeating: 0, count: 256)
            let length = Int(pcre2_get_error_message_8(fault, &text, text.count))
            return String(decoding: text.prefix(max(0, length)), as: UTF8.self)
        }

        /// Reads PCRE2's table of names: entries of equal size, each a number of two bytes and the name up to a NUL.
        private static func groups(of code: OpaquePointer) -> [Group] {
            var count: UInt32 = 0
            var size: UInt32 = 0
            var table: UnsafePointer<UInt8>?
            pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMECOUNT), &count)
            pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMEENTRYSIZE), &size)
            pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMETABLE), &table)
            guard let table, count > 0 else { return [] }
            return (0..<Int(count)).map { index in
                // SAFETY: the table has `count` entries of `size` bytes, each name ends with a NUL.
                let entry = table + index * Int(size)
                return Group(name: String(cString: entry + 2), number: Int(entry[0]) << 8 | Int(entry[1]))
            }.sorted { $0.number < $1.number }
        }
    }
#endif
