import SluiceComponent

/// Asks until the answer is true; false when so many seconds have passed first.
package func eventually(within seconds: Int64 = 10, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = MonotonicClock.now + seconds * 1_000_000_000
    let pause = StopFlag()
    while try !condition() {
        guard MonotonicClock.now < deadline else { return false }
        _ = pause.wait(nanoseconds: 1_000_000)
    }
    return true
}
