import Glibc
import SluiceConfig

/// Users and groups of this system by name or number.
enum Account {
    /// Bytes for what the system says of one account.
    private static let recordBytesMax = 64 << 10

    /// The number of a user; nil for nil.
    static func user(_ name: String?) throws(ConfigError) -> uid_t? {
        guard let name else { return nil }
        if let number = uid_t(name), number != uid_t.max { return number }
        var record = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var room = [CChar](repeating: 0, count: recordBytesMax)
        getpwnam_r(name, &record, &room, room.count, &found)
        if found != nil { return record.pw_uid }
        throw unknown("owner", name, "user")
    }

    /// The number of a group; nil for nil.
    static func group(_ name: String?) throws(ConfigError) -> gid_t? {
        guard let name else { return nil }
        if let number = gid_t(name), number != gid_t.max { return number }
        var record = Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        var room = [CChar](repeating: 0, count: recordBytesMax)
        getgrnam_r(name, &record, &room, room.count, &found)
        if found != nil { return record.gr_gid }
        throw unknown("group", name, "group")
    }

    private static func unknown(_ key: String, _ name: String, _ kind: String) -> ConfigError {
        ConfigError(
            .invalidValue, "`\(name)` is no value for `\(key)`: this system has no such \(kind); write a known name or a number",
            key: key)
    }
}
