package import SluiceComponent
package import SluiceStore

/// What a driver needs of a disk buffer: a lasting queue of parcels, whose calls may come from two threads.
package protocol ParcelStore: AnyObject, Sendable {
    /// What is in it.
    var level: DiskBuffer.Level { get }

    /// Bytes that it takes before it is full. What is in it stays in it.
    var bytesMax: Int { get set }

    /// Takes parcels in order in one transaction, as long as they fit; answers how many. An empty store takes one of any size.
    func append(_ parcels: [Parcel], time: Int64) throws(StoreError) -> Int

    /// Copies of the oldest parcels by id: as many as `bytes` hold, at least one when there is one. They stay in the store.
    func oldest(bytes: Int) throws(StoreError) -> [(id: Int64, parcel: Parcel)]

    /// Removes the parcels up to `id`.
    func remove(through id: Int64) throws(StoreError)

    /// Removes the oldest parcels behind `id` until at least `bytes` of them are gone; answers what went.
    func dropOldest(bytes: Int, after id: Int64) throws(StoreError) -> DiskBuffer.Level

    /// What is in it stays there.
    func close() throws(StoreError)
}

extension DiskBuffer: ParcelStore {
    package func oldest(bytes: Int) throws(StoreError) -> [(id: Int64, parcel: Parcel)] {
        try peek(bytes: bytes).map { ($0.id, $0.parcel) }
    }
}
