import CSluice
import SluiceComponent
import SluiceConfig
import SluiceDecoding
import SluiceEncoding
import SluiceEvent
import SluiceFraming

/// One golden case while it runs: a log through rules into one text an output.
final class GoldenOutcome {
    private let own: GoldenCase.Setting
    private let setting: RuleTestSetting
    private let batch = EventBatch()
    private var encoder = JSONEventEncoder()
    private var texts: [String: UnsafeMutablePointer<sl_buffer>] = [:]
    private var losses: [RuleTestVerdict: Int] = [:]
    private var unrouted = 0
    /// What rules failed with.
    private(set) var failures: [RuleFailure] = []
    /// Files that the rules read.
    private(set) var filesRead: [String] = []
    /// Why the log cannot be read.
    private(set) var fault: String?

    init(_ own: GoldenCase.Setting, _ setting: RuleTestSetting) {
        self.own = own
        self.setting = setting
    }

    deinit {
        for buffer in texts.values {
            sl_buffer_destroy(buffer)
            buffer.deallocate()
        }
    }

    /// Runs the bytes of the log.
    func run(bytes: [UInt8]) throws(RuleFailure) {
        let context = HostContext(now: own.received, localZone: own.zone, random: RandomSource(seed: 1))
        context.coverage = setting.coverage
        defer { filesRead = context.files.requests.map(\.path) }
        let generation = RuleGeneration(number: 1, rules: own.rules, outputs: setting.outputs ?? [], inputs: setting.inputs)
        let lane = try RuleLane(
            generation: generation, limits: setting.limits, context: context, catchesKeptEvents: true,
            acceptsAnyOutput: setting.outputs == nil)
        lane.setClock(own.received, followsData: true)
        let made: DecoderCatalogue.Made
        do throws(ConfigError) {
            made = try DecoderCatalogue.make(own.format, zone: own.zone)
        } catch {
            fault = error.message
            return
        }
        decode(bytes, made, source: lane.addInput(own.input))
        lane.run(batch) { failure, _ in failures.append(failure) }
        lane.shutdown(batch) { failure, _ in failures.append(failure) }
        collect(lane)
    }

    private func decode(_ bytes: [UInt8], _ made: DecoderCatalogue.Made, source: UInt32) {
        var decoder = made.decoder
        decoder.startStream()
        let span = bytes.withUnsafeBytes { batch.append($0) }
        // Copied out: decoders append to the arena, which may move.
        for frame in frames(span, made.framing) { _ = decoder.decode(frame, received: own.received, into: batch) }
        decoder.finish(received: own.received, into: batch)
        for index in 0..<batch.count { batch.raw.pointee.events[index].source = source }
    }

    private func frames(_ span: sl_span, _ framing: DecoderCatalogue.Framing) -> [Frame] {
        var framer: any Framer =
            switch framing {
            case .line: NewlineFramer()
            case .quotedLines(let dialect):
                CSVFramer(
                    CSVQuoting(
                        delimiters: dialect.delimiters, quote: dialect.quote, escapesWithBackslash: dialect.escape != .double,
                        allowsBlanksBeforeQuote: dialect.isStripped))
            }
        guard span.length > 0, let base = batch.raw.pointee.bytes else { return [] }
        var window = FrameWindow(base: UnsafePointer(base), position: Int(span.offset), limit: Int(span.end), isFinal: true)
        var frames: [Frame] = []
        while let frame = framer.next(&window) { frames.append(frame) }
        return frames
    }

    // MARK: - What came out

    private func collect(_ lane: RuleLane) {
        let names = lane.outputNames
        let standard = setting.outputs == nil ? [GoldenCase.defaultOutput] : setting.defaultOutputs
        batch.forEachIndex { index in
            let event = batch.raw.pointee.events + Int(index)
            let verdict = RuleTestVerdict(event.pointee.verdict)
            var outputs = names.indices.filter { event.pointee.outputs >> UInt64($0) & 1 == 1 }.map { names[$0] }
            if verdict == .passed { outputs += standard.filter { !outputs.contains($0) } }
            for name in outputs { encoder.encode(UnsafePointer(event), of: UnsafePointer(batch.raw), to: text(of: name)) }
            guard outputs.isEmpty else { return }
            if verdict == .passed { unrouted += 1 } else { losses[verdict, default: 0] += 1 }
        }
    }

    private func text(of output: String) -> UnsafeMutablePointer<sl_buffer> {
        let file = "out." + output.map { $0 == "/" || $0 == "\0" ? "_" : String($0) }.joined() + ".ndjson"
        if let known = texts[file] { return known }
        let buffer = UnsafeMutablePointer<sl_buffer>.allocate(capacity: 1)
        buffer.initialize(to: sl_buffer())
        texts[file] = buffer
        return buffer
    }

    /// The files that belong into the case's folder.
    var files: [String: [UInt8]] {
        var files = texts.mapValues { Array($0.bytes(from: 0)) }
        if !summary.isEmpty { files[GoldenCase.summaryFile] = Array(summary.utf8) }
        return files
    }

    /// What went nowhere, a line a bucket, with the failures below that made dead letters.
    private var summary: String {
        var lines: [String] = []
        let buckets: [(String, Int)] = [
            ("dropped", losses[.dropped] ?? 0), ("deduplicated", losses[.deduplicated] ?? 0), ("throttled", losses[.throttled] ?? 0),
            ("sampled", losses[.sampled] ?? 0), ("unrouted", unrouted), ("dead_lettered", losses[.failed] ?? 0),
        ]
        for (name, count) in buckets where count > 0 { lines.append("\(name) \(count)") }
        var counts: [(text: String, count: Int)] = []
        for failure in failures {
            let text = failure.summary
            if let known = counts.firstIndex(where: { $0.text == text }) { counts[known].count += 1 } else { counts.append((text, 1)) }
        }
        for (text, count) in counts { lines.append("\(count) × \(text)") }
        return lines.map { $0 + "\n" }.joined()
    }
}
