import CSluice
import SluiceComponent
import SluiceEvent

/// Reads a descriptor to its end, as one stream of an input: standard input, the output of a program.
struct PipeStream: ~Copyable {
    /// How a stream came to its end.
    enum Ending {
        case ended
        /// The input has to end.
        case stopped
    }

    private enum Turn {
        case bytes
        /// Nothing has come for a while, and lines wait.
        case flush
        case stopped
        case ended(InputError?)
    }

    /// Nanoseconds without input after which lines of a trace become an event.
    static let openFrameIdleNs: Int64 = 1_000_000_000

    private var reader: FileReader
    private var decoder: StreamDecoder
    private var carried = CarriedBytes()
    private let stream: UInt64
    private var bytesReported = 0
    /// The positions behind what was decoded, of a program that can be asked for the rest again; nil for a pipe that cannot.
    private let reached: (() -> [Position])?
    /// A batch that nothing came into.
    private var spare: BatchBox?

    /// A stream with a number of its own among those of its input. With `reached` it has positions, and what is half there at its end
    /// is left to the next run.
    init(_ reader: consuming FileReader, _ shared: SharedDecoding, stream: UInt64, reached: (() -> [Position])? = nil) {
        self.reader = reader
        self.reached = reached
        decoder = StreamDecoder(shared)
        self.stream = stream
    }

    /// Sends everything up to the end or the stop. When it throws, everything before the fault was sent.
    mutating func run(_ session: any InputSession) throws(InputError) -> Ending {
        while true {
            guard let box = takeBatch(session) else {
                if reached == nil { session.count(.bytesLost, carried.count) }
                return .stopped
            }
            let carriedCount = carried.count
            _ = box.events.append(carried.bytes)
            let turn = read(into: box.events, session)
            decoder.bytesCame(box.events, from: carriedCount)
            let limit = box.events.byteCount
            var rest = limit
            switch turn {
            case .bytes: rest = decoder.decode(box.events, from: 0, isFinal: false, session: session)
            case .flush: rest = decoder.flush(box.events, from: 0, session: session)
            case .stopped:
                rest = decoder.flush(box.events, from: 0, session: session)
                decoder.finishParts(box.events, session: session)
                // A pipe cannot be read again: half a line is lost with the run.
                if reached == nil { session.count(.bytesLost, limit - rest) }
            case .ended where reached != nil: rest = decoder.decode(box.events, from: 0, isFinal: false, session: session)
            case .ended: _ = decoder.decode(box.events, from: 0, isFinal: true, session: session)
            }
            carry(box.events, from: rest, to: limit)
            let bytes = reader.bytesRead - bytesReported
            bytesReported = reader.bytesRead
            if box.events.count > 0 || bytes > 0 {
                let count = box.events.count
                let isSent = session.send(box, stream: stream, bytes: bytes, positions: reached?() ?? [])
                // A pipe without a place cannot be read again.
                if !isSent, reached == nil, count > 0 { session.count(.eventsLost, count) }
            } else {
                box.events.clear()
                spare = box
            }
            switch turn {
            case .stopped: return .stopped
            case .ended(let fault?): throw fault
            case .ended(nil): return .ended
            case .bytes, .flush: break
            }
            if let failure = decoder.failure { throw InputError(.oversizeFrame, "`\(reader.name)`: \(failure.message)") }
        }
    }

    private mutating func takeBatch(_ session: any InputSession) -> BatchBox? {
        defer { spare = nil }
        return spare ?? session.takeBatch()
    }

    /// Waits for input and reads once.
    private mutating func read(into batch: borrowing EventBatch, _ session: any InputSession) -> Turn {
        do throws(InputError) {
            while !session.stop.isSet {
                switch try reader.read(into: batch) {
                case .bytes, .restarted: return .bytes
                case .ended: return .ended(nil)
                case .idle: break
                }
                let timeoutNs = decoder.hasOpenFrame ? Self.openFrameIdleNs : nil
                switch reader.wait(timeoutNs: timeoutNs, stopDescriptor: session.stop.descriptor) {
                case .input, .interrupted: continue
                case .stopped: return .stopped
                case .timeout: return .flush
                }
            }
            return .stopped
        } catch {
            return .ended(error)
        }
    }

    private mutating func carry(_ batch: borrowing EventBatch, from position: Int, to limit: Int) {
        let rest = sl_span(offset: UInt32(position), length: UInt32(limit - position))
        carried.replace(with: rest.length > 0 ? batch.bytes(rest) : UnsafeRawBufferPointer(start: nil, count: 0))
    }
}
