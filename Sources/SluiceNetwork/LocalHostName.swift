import Glibc

/// The name of this machine.
package enum LocalHostName {
    /// As it is now: early in a system's start it is often another one.
    package static var current: String {
        var name = [CChar](repeating: 0, count: 256)
        // The last byte is kept out of the call: a name that fills the room has no end.
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.isEmpty ? "localhost" : text
    }
}
