import SluiceComponent

/// Up to which record an input has read the kernel's log: the start of the machine that its numbers belong to, and the number. Pure.
struct KmsgPlace: Equatable {
    /// Key of the saved position.
    static let key = "kmsg"

    /// What a record is.
    enum Step: Equatable {
        /// Read before.
        case known
        /// To be sent on; so many before it were overwritten.
        case new(lost: Int)
    }

    private let boot: String
    /// The last record that was read in this boot.
    private var sequence: Int64?

    /// A place by the saved position. Numbers of another start of the machine mean nothing: its records are gone, and all there are now
    /// are new.
    init(boot: String, saved: Position?) {
        self.boot = boot
        let parts = saved?.value?.split(separator: " ") ?? []
        sequence = parts.count == 2 && parts[0] == boot ? Int64(parts[1]) : nil
    }

    /// A record came.
    mutating func take(_ number: Int64) -> Step {
        guard let last = sequence else {
            sequence = number
            return .new(lost: 0)
        }
        guard number > last else { return .known }
        sequence = number
        return .new(lost: Int(number - last - 1))
    }

    /// The position behind what was read; nil before the first record.
    var position: Position? { sequence.map { Position(key: Self.key, value: "\(boot) \($0)") } }
}
