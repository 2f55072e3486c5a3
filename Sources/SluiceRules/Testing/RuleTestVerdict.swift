import CSluice

/// What became of an event, in the words of rule tests.
enum RuleTestVerdict: String {
    case routed, passed, dropped, deduplicated, throttled, sampled, failed

    /// From the `verdict` of an event.
    init(_ verdict: UInt8) {
        self =
            switch Int(verdict) {
            case SL_ROUTED: .routed
            case SL_DROPPED: .dropped
            case SL_DEDUPLICATED: .deduplicated
            case SL_THROTTLED: .throttled
            case SL_SAMPLED: .sampled
            case SL_FAILED: .failed
            default: .passed
            }
    }
}
