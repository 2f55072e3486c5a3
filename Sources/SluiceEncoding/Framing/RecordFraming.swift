/// How records are told apart on their way to a destination that does not take the line ends of encoders.
package enum RecordFraming: Sendable, Equatable {
    /// As the encoder wrote them: text ends with LF, binary encodings say themselves where a record ends.
    case asEncoded
    /// Without the encoder's LF, behind its length in ASCII digits and a blank: octet counting (RFC 6587 section 3.4.1, RFC 5425 section
    /// 4.3.1).
    case counted
    /// Without the encoder's LF, behind its length in four bytes, lowest first: for outputs that need each record by itself, such as
    /// datagrams. `Parcel` and disk buffer hold it so; it is no form on any wire.
    case sized
}
