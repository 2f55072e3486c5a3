import Glibc

/// Files that are read whole and have a bound.
package enum SmallFile {
    /// The bytes of a file of at most `bytesMax`.
    package static func read(_ path: String, bytesMax: Int) throws(ConfigError) -> [UInt8] {
        guard let file = fopen(path, "rbe") else { throw unreadable(path, errno) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = fread(&block, 1, block.count, file)
            guard ferror(file) == 0 else { throw unreadable(path, errno) }
            if count == 0 { return bytes }
            bytes += block[..<count]
            guard bytes.count <= bytesMax else {
                throw ConfigError(.tooLarge, "`\(path)` is larger than \(SizeText.text(bytesMax)); is it the right file?")
            }
        }
    }

    private static func unreadable(_ path: String, _ number: Int32) -> ConfigError {
        ConfigError(.unreadable, "cannot read `\(path)`: \(String(cString: strerror(number)))")
    }
}
