import CSluice
import SluiceComponent
import SluiceEvent

/// The distinct sets of outputs in a routed batch, with the events of each.
enum DeliveryGroups {
    static func of(_ batch: borrowing EventBatch) -> [Delivery.Group] {
        var groups: [Delivery.Group] = []
        // Neighbours mostly go the same way, so the last group is the first guess.
        var last = 0
        batch.forEachEvent { event in
            let outputs = event.pointee.outputs
            guard outputs != 0 else { return }
            if last < groups.count, groups[last].outputs == outputs {
                groups[last].events += 1
            } else if let known = groups.firstIndex(where: { $0.outputs == outputs }) {
                groups[known].events += 1
                last = known
            } else {
                last = groups.count
                groups.append(Delivery.Group(outputs: outputs, events: 1))
            }
        }
        return groups
    }
}
