import NIOHTTP1
import NIOPosix

/// The administration server.
package enum Admin {
    static let version = HTTPVersion.http1_1
}
