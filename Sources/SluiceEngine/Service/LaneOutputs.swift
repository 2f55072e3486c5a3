import SluiceComponent
import SluiceEvent

/// All outputs as one lane of one generation sees them, by bit.
struct LaneOutputs: @unchecked Sendable {
    // SAFETY: a value is made for one lane and goes to it once, in an order; encoders are touched by that lane only.
    /// An output's place: its encoder in this lane, and the queue that all lanes share.
    struct Place {
        var output: LaneOutput
        let driver: OutputDriver

        /// A place.
        init(output: LaneOutput, driver: OutputDriver) {
            self.output = output
            self.driver = driver
        }
    }

    /// By bit; nil where an output was taken out of the configuration.
    private var places: [Place?]
    /// Names by bit, empty for holes.
    let names: [String]
    /// Names of the inputs by their number.
    let inputs: [String]
    /// Bits of the outputs that unrouted events take.
    let defaults: UInt64

    /// The outputs of a generation.
    init(places: [Place?], names: [String], inputs: [String], defaults: UInt64) {
        self.places = places
        self.names = names
        self.inputs = inputs
        self.defaults = defaults
    }

    /// The same, with the encoders of outputs that go on: what they counted goes on as well.
    func keepingEncoders(of old: LaneOutputs) -> LaneOutputs {
        guard inputs == old.inputs else { return self }
        var kept = self
        for (index, place) in places.enumerated() {
            if let place, index < old.places.count, let before = old.places[index], before.driver === place.driver {
                kept.places[index] = before
            }
        }
        return kept
    }

    /// Encodes the batch for each output in `used` and hands it over; waits while an output's queue is full.
    mutating func send(_ batch: borrowing EventBatch, used: UInt64, delivery: Delivery) {
        var rest = used
        while rest != 0 {
            let index = rest.trailingZeroBitCount
            rest &= rest - 1
            guard let driver = places[index]?.driver else {
                preconditionFailure("an event was routed to output \(index), which does not exist")
            }
            let parcel = driver.makeParcel(delivery: delivery)
            places[index]!.output.fill(parcel, from: batch)
            _ = driver.offer(parcel)
        }
    }
}
