import Glibc
import SluiceComponent

/// What a program answers, as a whole.
enum PipeText {
    private static let readBytes = 4_096

    /// Appends what the descriptor gives up to its end, `bytesMax` bytes of it, and closes it.
    static func read(_ descriptor: Int32, bytesMax: Int, into text: inout [UInt8], stop: StopFlag) -> PipeStream.Ending {
        defer { close(descriptor) }
        var room = [UInt8](repeating: 0, count: readBytes)
        while !stop.isSet {
            var entries = (
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0)
            )
            _ = withUnsafeMutableBytes(of: &entries) { poll($0.assumingMemoryBound(to: pollfd.self).baseAddress, 2, -1) }
            guard entries.0.revents != 0 else { continue }
            let count = Glibc.read(descriptor, &room, room.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            if count <= 0 { return .ended }
            text += room[..<min(count, max(0, bytesMax - text.count))]
        }
        return .stopped
    }
}
