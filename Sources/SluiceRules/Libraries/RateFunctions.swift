import CSluice

/// `dedup`, `throttle` and `sample`: which events of many to keep. Global functions; each rule has its own memory.
enum RateFunctions {
    static let functions: [HostFunction] = [
        HostFunction(
            "", "dedup", [key, window], returns: [HostResult("is_repeat", "boolean", "whether the key was seen before")],
            "Whether this key was seen before within the window; the window begins with the event that was let through.",
            notes: bounds("deduplicated"),
            example: #"if dedup(event.hostname .. event.message, "60s") then return drop end"#
        ) { call, context in
            guard let length = call.duration(1, of: "dedup") else { return }
            let hash = KeyHash(call.bytes(0), salt: UInt64(bitPattern: length))
            let (entry, isNew) = context.memory(call).dedup.entry(hash)
            let isRepeat = !isNew && context.now &- entry.pointee.start < length
            if !isRepeat {
                entry.pointee.start = context.now
                context.memory(call).dedup.renew(entry)
            } else {
                call.mark(SL_DEDUPLICATED)
            }
            call.push(isRepeat)
        },
        HostFunction(
            "", "throttle",
            [key, HostParameter("n", .integer, "events to let through in each window, at least 1"), window],
            returns: [HostResult("is_too_many", "boolean", "whether `n` events of this key came before in the window")],
            "Whether this is one event too many: more than `n` of a key in a window that begins with the key's first event.",
            notes: bounds("throttled"),
            example: #"if throttle(event.hostname, 100, "1s") then return drop end"#
        ) { call, context in
            let allowed = call.integer(1)
            guard allowed >= 1 else {
                return call.failArgument(1, of: "throttle", "number from 1 expected, got \(allowed)")
            }
            guard let length = call.duration(2, of: "throttle") else { return }
            let salt = UInt64(bitPattern: length) &* 31 &+ UInt64(bitPattern: allowed)
            let (entry, isNew) = context.memory(call).throttle.entry(KeyHash(call.bytes(0), salt: salt))
            if isNew || context.now &- entry.pointee.start >= length {
                entry.pointee.start = context.now
                entry.pointee.count = 0
                context.memory(call).throttle.renew(entry)
            }
            entry.pointee.count += 1
            let isTooMany = entry.pointee.count > allowed
            if isTooMany { call.mark(SL_THROTTLED) }
            call.push(isTooMany)
        },
        HostFunction(
            "", "sample",
            [
                HostParameter("n", .integer, "keep one in this many, at least 1"),
                .optional("key", .string, "count for each key on its own; without it for the whole rule"),
            ],
            returns: [HostResult("is_kept", "boolean", "true for the first event and then for each n-th")],
            "Whether this is the one in `n` events to keep: the first, and then each `n`-th.",
            notes: bounds("sampled") + " Two calls in one rule with the same `n` share their count unless their keys differ.",
            example: #"if event.severity == "debug" and not sample(100) then return drop end"#
        ) { call, context in
            let rate = call.integer(0)
            guard rate >= 1 else { return call.failArgument(0, of: "sample", "number from 1 expected, got \(rate)") }
            let salt = UInt64(bitPattern: rate) << 1 | (call.has(1) ? 1 : 0)
            let (entry, _) = context.memory(call).sample.entry(KeyHash(call.bytes(1), salt: salt))
            context.memory(call).sample.renew(entry)
            let isKept = entry.pointee.count == 0
            entry.pointee.count = entry.pointee.count + 1 == rate ? 0 : entry.pointee.count + 1
            if !isKept { call.mark(SL_SAMPLED) }
            call.push(isKept)
        },
    ]

    private static let key = HostParameter("key", .string, "what counts as the same; prefix it when a rule asks twice")
    private static let window = HostParameter("window", .duration, "length of the window: `60s`, `5m`, or seconds")

    private static func bounds(_ bucket: String) -> String {
        "A call that ends in `drop` after this counts as \(bucket). At most 100,000 keys a rule are remembered, the oldest go first."
    }
}

extension HostContext {
    /// What the calling rule remembers.
    @inline(__always) func memory(_ call: HostCall) -> RuleMemory { rules[call.rule].memory }
}
