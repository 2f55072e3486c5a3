import GRDB
import Glibc

/// Why something durable cannot be read or written. Whatever was being written is as it was before: nothing is kept by halves.
package struct StoreError: Error, Equatable, Sendable {
    /// What kind of fault.
    package enum Code: String, Sendable {
        /// The disk, or the room that a test leaves, is full. Later writes may work again.
        case full
        case notPermitted
        /// Not a database any more, or not one of ours.
        case corrupt
        /// Another process has the data directory.
        case inUse
        /// Written by a program that is newer than this one.
        case newerSchema
        /// A folder or file is not there.
        case missing
        case cannotCreate
        /// Another reader or writer kept the file for longer than the busy timeout.
        case busy
        /// More bytes than a named bound lets in.
        case tooLarge
        /// Used after `close`.
        case closed
        /// Anything else that the system or SQLite answered.
        case failed
    }

    package let code: Code
    /// A sentence for the user, lower-case and without full stop.
    package let message: String

    /// An error.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The exit status that this error gives a program that cannot go on.
    package var exitStatus: Int32 {
        switch code {
        case .notPermitted: 77
        case .missing: 66
        case .cannotCreate, .inUse: 73
        case .closed: 70
        case .full, .corrupt, .newerSchema, .busy, .tooLarge, .failed: 74
        }
    }
}

extension StoreError {
    /// The error behind `errno` after an attempt to `action` (“create”, “open”) a path.
    static func system(_ action: String, _ path: String, _ number: Int32) -> StoreError {
        let reason = String(cString: strerror(number))
        return switch number {
        case EACCES, EPERM, EROFS:
            StoreError(.notPermitted, "cannot \(action) `\(path)`: \(reason); give the user that sluice runs as access to it")
        case ENOSPC, EDQUOT: full(path, reason)
        case ENOENT where action == "create":
            StoreError(.cannotCreate, "cannot create `\(path)`: \(reason); make the folder that it lies in first")
        case ENOENT: StoreError(.missing, "cannot \(action) `\(path)`: \(reason)")
        default: StoreError(action == "create" ? .cannotCreate : .failed, "cannot \(action) `\(path)`: \(reason)")
        }
    }

    /// What SQLite answered about the database at `path`; `system` is the `errno` behind it, 0 when there is none.
    init(_ error: any Error, path: String, system: Int32 = 0) {
        if let own = error as? StoreError {
            self = own
            return
        }
        guard let error = error as? DatabaseError else {
            self.init(.failed, "cannot use `\(path)`: \(error)")
            return
        }
        self.init(result: error.extendedResultCode, message: error.message ?? "no reason given", path: path, system: system)
    }

    /// What SQLite answered about the database at `path`.
    init(result: ResultCode, message: String, path: String, system: Int32) {
        // SQLite keeps the last `errno` of these two kinds only; with others it is an old one.
        let isSystem = result.primaryResultCode == .SQLITE_IOERR || result.primaryResultCode == .SQLITE_CANTOPEN
        let reason = system == 0 || !isSystem ? message : "\(message): \(String(cString: strerror(system)))"
        switch (result.primaryResultCode, system) {
        case (.SQLITE_FULL, _), (.SQLITE_IOERR, ENOSPC), (.SQLITE_IOERR, EDQUOT), (.SQLITE_CANTOPEN, ENOSPC):
            self = .full(path, message)
        case (.SQLITE_READONLY, _), (.SQLITE_PERM, _), (.SQLITE_AUTH, _), (.SQLITE_CANTOPEN, EACCES), (.SQLITE_CANTOPEN, EPERM),
            (.SQLITE_CANTOPEN, EROFS):
            self.init(.notPermitted, "cannot use `\(path)`: \(reason); give the user that sluice runs as access to it and its folder")
        case (.SQLITE_CORRUPT, _), (.SQLITE_NOTADB, _):
            self.init(
                .corrupt,
                "`\(path)` is damaged (\(message)); left as it is; rescue what is in it with `sqlite3 \(path) .recover`, or move it "
                    + "and its `-wal` file away to start anew without it")
        case (.SQLITE_BUSY, _), (.SQLITE_LOCKED, _):
            self.init(.busy, "`\(path)` is kept by another program (\(message)); not changed; end what else has it open")
        case (.SQLITE_CANTOPEN, _): self.init(.cannotCreate, "cannot open `\(path)`: \(reason)")
        case (.SQLITE_TOOBIG, _): self.init(.tooLarge, "a value is too large for `\(path)` (1000000000 bytes); not written")
        default: self.init(.failed, "cannot use `\(path)`: \(reason) (SQLite code \(result.rawValue))")
        }
    }

    private static func full(_ path: String, _ reason: String) -> StoreError {
        StoreError(
            .full, "no room to write `\(path)` (\(reason)); nothing of this write was kept; free space on its disk and it goes on")
    }
}
