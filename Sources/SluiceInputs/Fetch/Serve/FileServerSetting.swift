package import SluiceNetwork

/// What a host serves, to whom, and how.
package struct FileServerSetting: Sendable {
    package let files: [ServedFile]
    package let listen: ListenSetting
    /// What readers have to show; nil when they need nothing.
    package var token: String?
    /// How often readers that nothing is sent to are told that the host lives.
    package var heartbeatNs: Int64 = 60_000_000_000
    /// How long a file that was rotated is still waited for after its last byte.
    package var rotateWaitNs: Int64 = 10_000_000_000

    /// A setting.
    package init(files: [ServedFile], listen: ListenSetting) {
        self.files = files
        self.listen = listen
    }
}
