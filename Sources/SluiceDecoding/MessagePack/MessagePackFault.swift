/// What is wrong with MessagePack data, or with what they mean.
package enum MessagePackFault: UInt8, Sendable {
    case malformed, tooDeep, tooLarge, nameIsContainer, fieldsMax, notAnEntry, noTime, noRecord

    /// The reason for a dead letter or a log line, lower-case and without full stop.
    package var reason: StaticString {
        switch self {
        case .malformed: "the bytes are no MessagePack, or end before their value does"
        case .tooDeep: "a map is nested more than 512 levels deep"
        case .tooLarge: "the event does not fit into a batch"
        case .nameIsContainer: "a map has a map or an array as a key"
        case .fieldsMax: "the record has more than 65,000 fields"
        case .notAnEntry: "the entry is not an array of a time and a record"
        case .noTime: "the entry's time is neither a number nor an EventTime"
        case .noRecord: "the entry's record is not a map"
        }
    }
}
