/// A rule set that was accepted, kept so that the service can start with it when what is on disk is refused.
package struct GoodGeneration: Sendable, Equatable {
    /// One file of it.
    package struct File: Sendable, Equatable {
        package let path: String
        package let bytes: [UInt8]

        /// A file.
        package init(path: String, bytes: [UInt8]) {
            self.path = path
            self.bytes = bytes
        }
    }

    package let number: Int
    /// When it was accepted, nanoseconds since 1970 UTC.
    package let time: Int64
    /// The text of `sluice.yaml`.
    package let configuration: [UInt8]
    /// Rules, modules and lookup files, by path.
    package let files: [File]

    /// A generation.
    package init(number: Int, time: Int64, configuration: [UInt8], files: [File]) {
        self.number = number
        self.time = time
        self.configuration = configuration
        self.files = files
    }

    /// Bytes of configuration and files.
    package var size: Int { files.reduce(configuration.count) { $0 + $1.bytes.count } }
}

extension Store {
    /// Generations that are kept: the last good one, and the one before it for whoever asks what changed.
    package static let generationsMax = 2
    /// Bytes of one generation.
    package static let generationBytesMax = 256 << 20

    /// Keeps a generation that proved good, durably, and forgets older ones. When its files are those of the last one, only number
    /// and time are written.
    package func saveGood(_ generation: GoodGeneration) throws(StoreError) {
        guard generation.size <= Store.generationBytesMax else {
            throw StoreError(
                .tooLarge,
                "generation \(generation.number) has \(generation.size) bytes of files, more than can be kept "
                    + "(\(Store.generationBytesMax)); not kept; a start with refused rules would use the one kept before")
        }
        try file.write(durable: true) { connection throws(StoreError) in
            if let last = try Store.generation(connection, offset: 0), last.isSame(generation) {
                return try connection.run(
                    "UPDATE generations SET number = ?, time = ? WHERE id = (SELECT MAX(id) FROM generations)",
                    [.integer(Int64(generation.number)), .integer(generation.time)])
            }
            try connection.run(
                "INSERT INTO generations (number, time, configuration) VALUES (?, ?, ?)",
                [.integer(Int64(generation.number)), .integer(generation.time), .bytes(generation.configuration)])
            let id = connection.lastID
            for file in generation.files {
                try connection.run(
                    "INSERT INTO generation_files (generation, path, bytes) VALUES (?, ?, ?)",
                    [.integer(id), .text(file.path), .bytes(file.bytes)])
            }
            let kept = "(SELECT id FROM generations ORDER BY id DESC LIMIT \(Store.generationsMax))"
            try connection.run("DELETE FROM generation_files WHERE generation NOT IN \(kept)")
            try connection.run("DELETE FROM generations WHERE id NOT IN \(kept)")
        }
    }

    /// The last generation that proved good, or with `before` 1 the one before it; nil when there is none.
    package func lastGood(before: Int = 0) throws(StoreError) -> GoodGeneration? {
        try file.read { connection throws(StoreError) in try Store.generation(connection, offset: before) }
    }

    private static func generation(_ connection: Connection, offset: Int) throws(StoreError) -> GoodGeneration? {
        let head = try connection.first(
            "SELECT id, number, time, configuration FROM generations ORDER BY id DESC LIMIT 1 OFFSET ?", [.integer(Int64(offset))]
        ) { row in
            (id: row.integer(0), number: row.int(1), time: row.integer(2), configuration: row.bytes(3))
        }
        guard let head else { return nil }
        var files: [GoodGeneration.File] = []
        try connection.rows("SELECT path, bytes FROM generation_files WHERE generation = ? ORDER BY path", [.integer(head.id)]) { row in
            files.append(GoodGeneration.File(path: row.text(0), bytes: row.bytes(1)))
            return true
        }
        return GoodGeneration(number: head.number, time: head.time, configuration: head.configuration, files: files)
    }
}

extension GoodGeneration {
    /// Whether both hold the same files, in whatever order.
    fileprivate func isSame(_ other: GoodGeneration) -> Bool {
        configuration == other.configuration && files.sorted { $0.path < $1.path } == other.files.sorted { $0.path < $1.path }
    }
}
