package import SluiceComponent
import SluiceConfig
import SluiceEvent

/// Synthetic events, as fast as wanted: to try a configuration, to measure one, and to see how an input is made.
///
/// An input is a folder with three things: what it is configured by (``GenerateSetting``), what it does (this type), and its line in
/// the catalogue (below). `run` is the whole contract: take an empty batch, fill it, send it with the position behind it, and
/// return when the stop is set. The line with number *n* depends on the seed and *n* alone, apart from its times, so that the
/// position is one number.
package final class GenerateInput: Input {
    /// Lines of one batch at most.
    private static let linesMax = 1_000
    /// Nanoseconds between two batches at least, when the rate leaves time.
    private static let pauseNs: Int64 = 10_000_000
    /// Key of the one position.
    private static let positionKey = "next"

    private let setting: GenerateSetting

    /// An input.
    package init(_ setting: GenerateSetting) { self.setting = setting }

    package func run(_ session: any InputSession) throws(InputError) {
        session.count(.opened, 1)
        let first = session.positions[Self.positionKey]?.value.flatMap { Int($0) } ?? 0
        var decoder = StreamDecoder(SharedDecoding(setting.decoding))
        let pace = Pace(rate: setting.rate, startNs: MonotonicClock.now)
        var next = first
        while !session.stop.isSet {
            let end = min(setting.count ?? .max, next + Self.linesMax, pace.due(MonotonicClock.now).map { first + $0 } ?? .max)
            if end <= next {
                if let count = setting.count, next >= count { return }
                let waitNs = max(Self.pauseNs, pace.time(of: next - first) - MonotonicClock.now)
                if session.stop.wait(nanoseconds: waitNs) { return }
                continue
            }
            guard let box = session.takeBatch() else { return }
            write(next..<end, to: box.events, now: session.now)
            let bytes = box.events.byteCount
            _ = decoder.decode(box.events, from: 0, isFinal: false, session: session)
            next = end
            session.send(box, stream: 0, bytes: bytes, positions: [Position(key: Self.positionKey, value: String(next))])
        }
    }

    private func write(_ numbers: Range<Int>, to batch: borrowing EventBatch, now: Int64) {
        var bytes: [UInt8] = []
        for number in numbers {
            setting.lines[number % setting.lines.count].append(number: number, seed: setting.seed, now: now, to: &bytes)
            bytes.append(0x0A)
        }
        _ = bytes.withUnsafeBytes { batch.append($0) }
    }
}

/// When lines are due.
struct Pace {
    /// Lines per second; 0 for as many as possible.
    let rate: Int
    let startNs: Int64

    /// How many lines are due by now; nil for as many as possible.
    func due(_ now: Int64) -> Int? {
        guard rate > 0 else { return nil }
        // The first line is due at once.
        let (seconds, rest) = (now - startNs).quotientAndRemainder(dividingBy: 1_000_000_000)
        return Int(seconds) * rate + Int(rest) * rate / 1_000_000_000 + 1
    }

    /// When the line behind `count` others is due.
    func time(of count: Int) -> Int64 {
        guard rate > 0 else { return startNs }
        let (seconds, rest) = count.quotientAndRemainder(dividingBy: rate)
        return startNs + Int64(seconds) * 1_000_000_000 + Int64(rest) * 1_000_000_000 / Int64(rate)
    }
}

/// The checked configuration of ``GenerateInput``.
struct GeneratePlan: InputPlan {
    let setting: GenerateSetting

    func makeInput() -> any Input { GenerateInput(setting) }
}

extension InputCatalogue {
    /// `type: generate`.
    static let generate = Entry(
        kind: "generate", summary: "made-up events at a chosen rate, the same ones for the same seed",
        promise: "Goes on behind the last delivered line after a restart; lines that were on their way in a crash are made again.",
        options: GenerateSetting.options,
        example: "{ type: generate, shape: access, rate: 100 }",
        make: { values, setting throws(ConfigError) in GeneratePlan(setting: try GenerateSetting(values, setting)) })
}
