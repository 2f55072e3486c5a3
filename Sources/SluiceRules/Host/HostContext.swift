import CSluice
package import SluiceEvent

/// What the host functions of one lane share: clock, log, and per rule the stores and the folder.
///
/// One per lane, used by the lane's thread alone. Each call brings ``now`` along; the lane tells ``isLoading`` apart.
package final class HostContext {
    /// The clock of the pipeline in nanoseconds since 1970 UTC. Never goes back.
    package var now: Int64 = 0
    /// Whether rules are being loaded: only then files may be read.
    package var isLoading = false
    /// Whether the clock is the latest event time seen.
    package var followsData = false
    /// Rules in order; `rule` of a call is the index.
    package private(set) var rules: [HostRule] = []
    /// Where the lines of `log` go.
    package var logSink: (LogRecord) -> Void
    /// Nanoseconds of a clock that only the rate limit of `log` looks at.
    package var logClock: () -> Int64
    /// Random numbers of `uuid`.
    package var random: RandomSource
    /// Zone of times that say none, and of `format` without a zone.
    package var localZone: Zone

    /// Set for the lane of a file of tests: what carries out its host functions.
    var testSession: RuleTestSession?
    /// Counts the lines that run; nil costs nothing.
    var coverage: RuleCoverage?

    /// Compiled texts, so that rules may write them out at each call.
    var caches = HostCaches()
    /// Tables of networks that `lookup.cidr` and `ip.networks` made; a handle is an index.
    var networkTables: [NetworkTable] = []
    /// Files that rules read while they load.
    package internal(set) var files = RuleFiles()
    /// Milliseconds and counter of the last `uuid.v7`.
    var lastUUID: (milliseconds: Int64, counter: UInt16) = (0, 0)

    private var conversions: UnsafeMutablePointer<sl_value>
    private var conversionBytes: UnsafeMutablePointer<UInt8>
    private static let conversionsMax = 16
    private static let conversionBytesMax = 32

    /// A context without rules.
    package init(
        now: Int64 = 0, localZone: Zone = .utc, random: RandomSource = RandomSource(),
        logClock: @escaping () -> Int64 = HostContext.monotonicNanoseconds, logSink: @escaping (LogRecord) -> Void = { _ in }
    ) {
        self.now = now
        self.localZone = localZone
        self.random = random
        self.logClock = logClock
        self.logSink = logSink
        conversions = .allocate(capacity: HostContext.conversionsMax)
        conversionBytes = .allocate(capacity: HostContext.conversionsMax * HostContext.conversionBytesMax)
    }

    deinit {
        conversions.deallocate()
        conversionBytes.deallocate()
    }

    /// Adds a rule and returns its index.
    @discardableResult package func add(_ rule: HostRule) -> Int {
        rules.append(rule)
        return rules.count - 1
    }

    /// Puts what belongs to a generation in the place of what belongs to another.
    func exchange(_ other: inout HostGeneration) {
        swap(&rules, &other.rules)
        swap(&networkTables, &other.networkTables)
        swap(&files, &other.files)
    }

    /// The `context` argument of ``HostRegistry/dispatch``; valid as long as the context is.
    package var pointer: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    /// Tells of log lines that were left out since; call at the end of input and when the lane is idle.
    package func flushLog() {
        for rule in rules { rule.flushLog(now: logClock(), to: logSink) }
    }

    /// Converts an argument as Lua would: numbers to text, floats without fraction and text of integers to integers.
    func convert(_ call: HostCall, _ index: Int, to wanted: HostKind) -> Bool {
        guard call.count <= HostContext.conversionsMax else { return false }
        var value = call.value(index)
        let given = call.kind(index)
        if wanted.contains(.string), given.isSubset(of: .number), given != .nothing {
            let room = conversionBytes + index * HostContext.conversionBytesMax
            // SAFETY: each argument has 32 bytes of its own, the longest text of a number.
            let length = room.withMemoryRebound(to: CChar.self, capacity: HostContext.conversionBytesMax) {
                given == .integer ? sl_print_integer($0, value.integer) : sl_print_double($0, value.number)
            }
            value.type = UInt8(SL_VALUE_STRING)
            value.text.bytes = UnsafePointer(room)
            value.text.length = length
        } else if wanted.contains(.integer) {
            let integer: Int64? =
                given == .string
                ? NumberText.integer(call.bytes(index)) : given.isSubset(of: .number) ? Int64(exactly: value.number) : nil
            guard let integer else { return false }
            value.type = UInt8(SL_VALUE_INTEGER)
            value.integer = integer
        } else {
            return false
        }
        if call.raw.pointee.arguments != UnsafePointer(conversions) {
            conversions.initialize(from: call.raw.pointee.arguments, count: call.count)
            call.raw.pointee.arguments = UnsafePointer(conversions)
        }
        conversions[index] = value
        return true
    }
}
