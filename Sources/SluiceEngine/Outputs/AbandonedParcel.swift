package import SluiceComponent

/// A parcel that its output gave up on, or the one part of it that was refused, for the dead letters.
package struct AbandonedParcel: Sendable {
    /// The output's name.
    package let output: String
    /// Why.
    package let error: OutputError
    /// How often it was tried.
    package let attempts: Int
    /// Its `letters` are the events, packed one behind the other. After the last of many attempts they are all of them, although some
    /// parts may have been written: what a person sends again from here is then there twice, and nothing is lost.
    package let parcel: Parcel
    /// Set when the output has to end at once: whoever waits for room has to look at it.
    package let stop: StopFlag
    /// To be called, from any thread, once the letters are lasting: a disk buffer keeps the parcel until then. Without one there is
    /// nothing to wait for: the parcel's delivery is answered after the dead letters have taken it, and positions follow only then.
    package let kept: @Sendable () -> Void
}
