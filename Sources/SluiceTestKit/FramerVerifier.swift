import CSluice
package import SluiceComponent
package import SluiceEvent

/// A frame's content, to compare.
package struct FrameContent: Equatable, Sendable, CustomStringConvertible {
    package var bytes: [UInt8]
    package var flags: EventFlags

    /// A frame of these bytes.
    package init(_ bytes: [UInt8], flags: EventFlags = .none) {
        self.bytes = bytes
        self.flags = flags
    }

    /// A frame of this text.
    package init(_ text: String, flags: EventFlags = .none) { self.init(Array(text.utf8), flags: flags) }

    package var description: String {
        String(decoding: bytes.prefix(120), as: UTF8.self).debugDescription + (flags.isEmpty ? "" : " flags \(flags.rawValue)")
    }
}

/// What a framer made of a stream.
package struct FramingResult: Equatable, Sendable {
    package var frames: [FrameContent] = []
    package var counts = FramingCounts()
    package var failure: FramingFailure?
    /// Most bytes that were left undealt after a call.
    package var undealtBytesMax = 0

    /// Nothing yet.
    package init() {}

    /// Whether two runs saw the same stream; how much was kept back in between may differ.
    package func agrees(with other: FramingResult) -> Bool {
        frames == other.frames && counts == other.counts && failure == other.failure
    }
}

/// Feeds a framer the same bytes in every way a stream may be cut, and says where the answers differ.
///
/// The bytes are copied into fresh memory for every window, as batches do, so that a framer that keeps positions between calls is
/// found out.
package struct FramerVerifier {
    private let make: () -> any Framer

    /// A verifier for the framers that `make` gives, one for each run.
    package init(_ make: @escaping () -> any Framer) { self.make = make }

    /// Frames of a stream that comes in these pieces. `room` bounds the frames of one call, 0 asks for them one by one.
    package func frames(of pieces: [[UInt8]], room: Int = 0) -> FramingResult {
        var framer = make()
        var result = FramingResult()
        var undealt: [UInt8] = []
        for index in 0...pieces.count {
            let isFinal = index == pieces.count
            if !isFinal { undealt += pieces[index] }
            // What stands before the window must not matter either.
            let before = [UInt8](repeating: 0x0A, count: index % 3)
            let batch = EventBatch()
            batch.reserve(before.count + undealt.count + Int(SL_PADDING))
            _ = before.withUnsafeBytes { batch.append($0) }
            _ = undealt.withUnsafeBytes { batch.append($0) }
            var window = FrameWindow(
                base: UnsafePointer(batch.raw.pointee.bytes), position: before.count, limit: batch.byteCount,
                isFinal: isFinal)
            if room == 0 {
                while let frame = framer.next(&window) { result.frames.append(content(frame, of: batch)) }
            } else {
                takeAll(&framer, &window, room: room) { result.frames.append(content($0, of: batch)) }
            }
            undealt = Array(batch.bytes(sl_span(offset: UInt32(window.position), length: UInt32(window.limit - window.position))))
            result.undealtBytesMax = max(result.undealtBytesMax, undealt.count)
        }
        precondition(undealt.isEmpty, "a framer left \(undealt.count) bytes at the end of the stream")
        result.counts = framer.counts
        result.failure = framer.failure
        return result
    }

    private func takeAll(
        _ framer: inout any Framer, _ window: inout FrameWindow, room: Int, _ body: (Frame) -> Void
    ) {
        let storage = UnsafeMutableBufferPointer<Frame>.allocate(capacity: room)
        defer { storage.deallocate() }
        while true {
            let count = framer.frames(in: &window, into: storage)
            for index in 0..<count { body(storage[index]) }
            if count < room { return }
        }
    }

    private func content(_ frame: Frame, of batch: borrowing EventBatch) -> FrameContent {
        FrameContent(Array(batch.bytes(frame.text)), flags: frame.flags)
    }

    /// Cuts a stream in every way and answers the differences from the uncut run: whole, byte by byte, every cut in two (of the
    /// first `cutsMax` places), random cuts by `seed`, and the same through the batch form.
    package func differences(_ bytes: [UInt8], cutsMax: Int = 400, seed: UInt64 = 1) -> [String] {
        let expected = frames(of: [bytes])
        var problems: [String] = []
        func compare(_ name: String, _ result: FramingResult) {
            if !result.agrees(with: expected) {
                problems.append("\(name): \(result.frames) \(result.counts), not \(expected.frames) \(expected.counts)")
            }
        }
        compare("in one call for 3 frames", frames(of: [bytes], room: 3))
        compare("in one call for 1,000 frames", frames(of: [bytes], room: 1_000))
        if bytes.count <= 4_096 { compare("byte by byte", frames(of: bytes.map { [$0] })) }
        for cut in 0..<min(bytes.count, cutsMax) {
            compare("cut at \(cut)", frames(of: [Array(bytes[..<cut]), Array(bytes[cut...])]))
        }
        var random = SeededNumbers(seed: seed)
        for run in 0..<8 {
            let pieces = random.pieces(of: bytes)
            compare("random cuts, seed \(seed), run \(run)", frames(of: pieces, room: run.isMultiple(of: 2) ? 0 : 2))
        }
        return problems
    }
}
