import Glibc
import SluiceConfig
import SluiceEvent

/// Checked options of a file output.
struct FileSettings: Sendable {
    /// When what was written is forced onto the disk.
    enum SyncPolicy: Sendable, Equatable {
        case never, batch
        case interval(Int64)
    }

    /// The path when it is the same for every event.
    let literal: String?
    let root: FileRoot
    let createsFolders: Bool
    let mode: mode_t
    let folderMode: mode_t
    let user: uid_t?
    let group: gid_t?
    let maxOpenFiles: Int
    let idleCloseNs: Int64
    let sync: SyncPolicy
    let compression: CompressionChoice
    let compressionFlushNs: Int64
    let isAtomic: Bool
    let rotation: RotationPolicy?
    /// What stands at the head of each new file.
    let header: [UInt8]
    let names: FileNames
}
