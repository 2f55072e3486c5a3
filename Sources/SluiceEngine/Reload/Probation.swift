/// Watches the error rate of a generation after a swap: whether the old one has to come back.
///
/// Judged over a sliding window and against the rate of the generation before; with fewer events than a least number nothing is
/// judged. After a while without cause the generation has proved itself.
struct Probation: Equatable {
    /// What has been counted up to a moment.
    struct Sample: Equatable {
        let time: Int64
        let events: Int
        let failures: Int
    }

    /// A generation is watched for so long, in nanoseconds.
    static let length: Int64 = 600_000_000_000

    private let window: Int64
    private let rateMax: Double
    private let eventsMin: Int
    private let began: Int64
    private var samples: [Sample]

    /// Begins at the swap; `oldRate` is the part of events on which the old generation failed.
    init(start: Sample, oldRate: Double, errorRate: Double, window: Int64, eventsMin: Int) {
        self.window = window
        rateMax = oldRate + errorRate
        self.eventsMin = eventsMin
        began = start.time
        samples = [start]
    }

    /// Adds what was counted by now and judges; the part of events that failed when that is too much.
    mutating func judge(_ sample: Sample) -> Double? {
        samples.append(sample)
        // The newest sample that is a whole window old is where the window begins.
        while samples.count > 2, samples[1].time <= sample.time - window { samples.removeFirst() }
        let events = sample.events - samples[0].events
        let failures = sample.failures - samples[0].failures
        guard events >= eventsMin else { return nil }
        let rate = Double(failures) / Double(events)
        return rate > rateMax ? rate : nil
    }

    /// Whether the generation has proved itself.
    func isOver(at time: Int64) -> Bool { time - began >= Self.length }
}
