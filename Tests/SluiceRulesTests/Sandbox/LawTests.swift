import CLawFixture
import Testing

/// No Swift frame is jumped over: here it is done on purpose, to see what it costs and that the form we use costs nothing.
@Suite(.serialized) struct LawTests {
    @Test func `raising through a Swift frame leaks what it holds`() {
        let before = Held.alive
        #expect(law_break(hold, 100) == 100)
        #expect(Held.alive == before + 100)
    }

    @Test func `raising after the Swift function has answered leaks nothing`() {
        let before = Held.alive
        #expect(law_keep(hold, 100) == 100)
        #expect(Held.alive == before)
    }
}

/// An instance that counts how many of it live.
private final class Held {
    nonisolated(unsafe) static var alive = 0

    init() { Held.alive += 1 }

    deinit { Held.alive -= 1 }
}

/// What Lua calls: holds an instance, and raises itself or asks for it.
private let hold: law_function = { state, raise in
    let held = Held()
    return withExtendedLifetime(held) {
        raise?(state)
        return true
    }
}
