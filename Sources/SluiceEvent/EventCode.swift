package import CSluice

/// Numbers behind the keywords of facility and severity.
package enum EventCode {
    /// 0...23; nil when `facility` is absent or no known word.
    package static func facility(of event: UnsafePointer<sl_event>, in batch: UnsafePointer<sl_batch>) -> Int64? {
        code(UInt16(SL_KEY_FACILITY), UInt8(SL_FACILITY), Int64(SL_FACILITY_COUNT), event, batch) { sl_facility_code($0, $1) }
    }

    /// 0...7; nil when `severity` is absent or no known word.
    package static func severity(of event: UnsafePointer<sl_event>, in batch: UnsafePointer<sl_batch>) -> Int64? {
        code(UInt16(SL_KEY_SEVERITY), UInt8(SL_SEVERITY), Int64(SL_SEVERITY_COUNT), event, batch) { sl_severity_code($0, $1) }
    }

    @inline(__always)
    private static func code(
        _ key: UInt16, _ type: UInt8, _ count: Int64, _ event: UnsafePointer<sl_event>, _ batch: UnsafePointer<sl_batch>,
        _ codeOfWord: (UnsafePointer<CChar>, Int) -> Int32
    ) -> Int64? {
        guard let slot = sl_event_find(batch, event, key) else { return nil }
        if slot.pointee.type == type { return 0..<count ~= slot.pointee.integer ? slot.pointee.integer : nil }
        guard Int(slot.pointee.type) == SL_STRING, let base = batch.pointee.bytes else { return nil }
        // SAFETY: the slot's text lies in its batch's arena.
        let word = UnsafeRawPointer(base + Int(slot.pointee.text.offset))
        let code = codeOfWord(word.assumingMemoryBound(to: CChar.self), Int(slot.pointee.text.length))
        return code < 0 ? nil : Int64(code)
    }
}
