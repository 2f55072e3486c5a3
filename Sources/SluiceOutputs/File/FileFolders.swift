import Glibc
import SluiceComponent

/// Opens folders and files below a root so that no link in what data named can lead out of it.
struct FileFolders: Sendable {
    let system: any FileSystem
    let root: FileRoot
    /// Whether missing folders are made, and how.
    let creates: Bool
    let folderMode: mode_t

    /// Opens the folder of a place; the caller closes it.
    func folder(of spot: FileSpot, creating: Bool) throws(SystemFault) -> Int32 {
        var folder = try openRoot(creating: creating && creates)
        for name in spot.folders {
            let parent = folder
            defer { system.close(parent) }
            folder = try openBelow(parent, name, creating: creating && creates)
        }
        return folder
    }

    /// Why something failed at a place, for the user.
    func error(_ action: String, _ spot: FileSpot, _ fault: SystemFault) -> OutputError {
        let path = root.text(spot)
        var permanent = false
        var error = OutputError.system(action, path, fault.number)
        switch fault.number {
        case ELOOP, ENOTDIR:
            permanent = true
            error = OutputError(
                code: .cannotCreate,
                message:
                    "cannot \(action) `\(path)`: a part of it below `\(root.path)` is a symbolic link or no folder; it was not followed")
        case EISDIR:
            permanent = true
            error = OutputError(
                code: .cannotCreate, message: "cannot \(action) `\(path)`: it is a folder or no regular file; the path needs another name")
        case ENAMETOOLONG, EILSEQ, EINVAL: permanent = true
        case ECANCELED: error = .stopped(path)
        case ENXIO:
            error = OutputError(code: .cannotCreate, message: "cannot \(action) `\(path)`: nobody reads this pipe; start its reader")
        case EPIPE: error = OutputError(code: .cannotWrite, message: "cannot \(action) `\(path)`: its reader went away")
        case ENOENT where !creates:
            error = OutputError(
                code: .cannotCreate, message: "cannot \(action) `\(path)`: its folder is missing and `create_folders` is off; make it")
        default: break
        }
        return OutputError(code: error.code, message: error.message, isPermanent: permanent && root.isTemplated)
    }

    private func openRoot(creating: Bool) throws(SystemFault) -> Int32 {
        do throws(SystemFault) {
            return try openPath(root.path)
        } catch {
            guard creating, error.number == ENOENT else { throw error }
        }
        let bytes = Array(root.path.utf8)
        for (index, byte) in bytes.enumerated() where index > 0 && byte == UInt8(ascii: "/") && bytes[index - 1] != byte {
            try make(AT_FDCWD, String(decoding: bytes[..<index], as: UTF8.self))
        }
        if bytes.last != UInt8(ascii: "/") { try make(AT_FDCWD, root.path) }
        return try openPath(root.path)
    }

    private func openPath(_ path: String) throws(SystemFault) -> Int32 {
        try uninterrupted { () throws(SystemFault) in try system.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, mode: 0) }
    }

    /// A folder that data may have named: a link in its place is not followed.
    private func openBelow(_ folder: Int32, _ name: String, creating: Bool) throws(SystemFault) -> Int32 {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
        do throws(SystemFault) {
            return try uninterrupted { () throws(SystemFault) in try system.open(folder, name, flags, mode: 0) }
        } catch {
            guard creating, error.number == ENOENT else { throw error }
        }
        try make(folder, name)
        return try uninterrupted { () throws(SystemFault) in try system.open(folder, name, flags, mode: 0) }
    }

    /// Makes a folder unless something has its name.
    private func make(_ folder: Int32, _ name: String) throws(SystemFault) {
        do throws(SystemFault) {
            try uninterrupted { () throws(SystemFault) in try system.makeFolder(folder, name, mode: folderMode) }
        } catch {
            if error.number != EEXIST { throw error }
        }
    }
}
