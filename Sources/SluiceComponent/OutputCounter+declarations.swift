extension OutputCounter {
    /// What reports say of a counter. Metrics and the reference page read these declarations.
    package struct Declaration: Sendable {
        /// Its name in reports; in metrics `sluice_output_NAME_total`, without `_total` for a state of the moment.
        package let name: String
        package let unit: String
        /// One sentence without full stop.
        package let help: String
        /// A state of the moment, that also falls.
        package let isGauge: Bool
        /// Whether `status` points it out when it is not 0.
        package let isNotable: Bool

        init(_ name: String, unit: String, _ help: String, isGauge: Bool = false, isNotable: Bool = false) {
            self.name = name
            self.unit = unit
            self.help = help
            self.isGauge = isGauge
            self.isNotable = isNotable
        }
    }

    /// Every counter that an output may have.
    package static let declarations: [Declaration] = [
        Declaration("connections_open", unit: "connections", "connections that are open", isGauge: true),
        Declaration("connects", unit: "connections", "connections that were made"),
        Declaration("connection_failures", unit: "times", "attempts to connect that failed"),
        Declaration(
            "connections_broken", unit: "connections", "connections that ended before the receiver is known to have read everything",
            isNotable: true),
        Declaration(
            "resent_records", unit: "records", "records sent again because their receiver may have lost them; it may have them twice",
            isNotable: true),
        Declaration(
            "records_altered", unit: "records", "records with a line end (or NUL) inside, which was written as `#012` (`#000`)",
            isNotable: true),
        Declaration("datagrams_cut", unit: "records", "records cut because they were too long for a datagram", isNotable: true),
        Declaration("refusals", unit: "times", "times that a receiver of datagrams was not there", isNotable: true),
        Declaration("files_open", unit: "files", "files that are open", isGauge: true),
        Declaration("files_opened", unit: "times", "times that a file was opened"),
        Declaration("files_rotated", unit: "files", "files that were rotated"),
        Declaration("files_deleted", unit: "files", "rotated files that were deleted"),
        Declaration("files_repaired", unit: "files", "files whose torn end was repaired when they were opened", isNotable: true),
        Declaration("files_set_aside", unit: "files", "files that could not be continued and got another name", isNotable: true),
        Declaration("reopens", unit: "times", "times that files were reopened on request"),
        Declaration("file_bytes_written", unit: "bytes", "bytes written to files, compressed ones as they are"),
        Declaration("program_starts", unit: "times", "times that the program was started"),
        Declaration("program_running", unit: "0 or 1", "whether the program runs", isGauge: true),
        Declaration("connections", unit: "connections", "connections that were made to another Sluice"),
        Declaration("frames_sent", unit: "frames", "frames of records sent to another Sluice"),
        Declaration("frames_resent", unit: "frames", "frames sent again because they were not acknowledged before a connection ended"),
        Declaration("frames_unacknowledged", unit: "frames", "frames that wait for an acknowledgement", isGauge: true),
        Declaration("bytes_sent", unit: "bytes", "bytes sent, compressed ones as they are"),
        Declaration("chunks_sent", unit: "chunks", "chunks of records sent to a Forward receiver"),
        Declaration("chunks_resent", unit: "chunks", "chunks sent again because they were not acknowledged"),
        Declaration("chunks_unacknowledged", unit: "chunks", "chunks that wait for an acknowledgement", isGauge: true),
        Declaration("bytes_discarded", unit: "bytes", "bytes thrown away on purpose"),
    ]

    /// What is said of this one; nil when nobody has declared it.
    package var declaration: Declaration? { Self.declarations.first { $0.name == name } }
}
