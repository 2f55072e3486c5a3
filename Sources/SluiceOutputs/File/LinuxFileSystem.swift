package import Glibc

/// The operating system itself.
package struct LinuxFileSystem: FileSystem {
    /// The one there is.
    package init() {}

    package func open(_ folder: Int32, _ name: String, _ flags: Int32, mode: mode_t) throws(SystemFault) -> Int32 {
        try checked(openat(folder, name, flags | O_CLOEXEC, mode))
    }

    package func makeFolder(_ folder: Int32, _ name: String, mode: mode_t) throws(SystemFault) {
        _ = try checked(mkdirat(folder, name, mode))
    }

    package func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemFault) -> Int {
        try checked(Glibc.write(descriptor, bytes.baseAddress, bytes.count))
    }

    package func read(_ descriptor: Int32, _ room: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemFault) -> Int {
        try checked(pread(descriptor, room.baseAddress, room.count, offset))
    }

    package func facts(_ descriptor: Int32) throws(SystemFault) -> FileFacts {
        var information = stat()
        _ = try checked(fstat(descriptor, &information))
        return FileFacts(information)
    }

    package func facts(_ folder: Int32, _ name: String) throws(SystemFault) -> FileFacts? {
        var information = stat()
        if fstatat(folder, name, &information, AT_SYMLINK_NOFOLLOW) == 0 { return FileFacts(information) }
        if errno == ENOENT { return nil }
        throw SystemFault(errno)
    }

    package func truncate(_ descriptor: Int32, to size: Int) throws(SystemFault) { _ = try checked(ftruncate(descriptor, size)) }

    package func sync(_ descriptor: Int32) throws(SystemFault) { _ = try checked(fdatasync(descriptor)) }

    package func setMode(_ descriptor: Int32, _ mode: mode_t) throws(SystemFault) { _ = try checked(fchmod(descriptor, mode)) }

    package func setOwner(_ descriptor: Int32, user: uid_t?, group: gid_t?) throws(SystemFault) {
        _ = try checked(fchown(descriptor, user ?? uid_t.max, group ?? gid_t.max))
    }

    package func rename(_ folder: Int32, _ old: String, to new: String) throws(SystemFault) {
        _ = try checked(renameat(folder, old, folder, new))
    }

    package func remove(_ folder: Int32, _ name: String) throws(SystemFault) { _ = try checked(unlinkat(folder, name, 0)) }

    package func names(_ folder: Int32) throws(SystemFault) -> [String] {
        let own = try checked(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        guard let listing = fdopendir(own) else {
            let fault = SystemFault(errno)
            Glibc.close(own)
            throw fault
        }
        defer { closedir(listing) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(listing) {
            // SAFETY: `d_name` ends with a NUL within the entry.
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(cString: $0.bindMemory(to: CChar.self).baseAddress!) }
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        if errno != 0 { throw SystemFault(errno) }
        return names
    }

    package func close(_ descriptor: Int32) { _ = Glibc.close(descriptor) }

    private func checked<Number: SignedInteger>(_ result: Number) throws(SystemFault) -> Number {
        if result < 0 { throw SystemFault(errno) }
        return result
    }
}
