import Logging
package import SluiceComponent
import SluiceConfig
import Synchronization

/// The systemd journal: what `journalctl --follow` writes, begun behind the entry that was read last.
///
/// The position is that entry's cursor. A call begins with the entry itself: when another one comes first, it was rotated away (or the
/// journal is another one), and what was between is lost, which is logged as an error and counted. A journalctl that ends, whatever
/// its reason, is an error of the input: it is run again after a growing pause, and nothing is lost, because the journal is still there.
package final class JournalInput: Input {
    private let setting: JournalSetting

    /// An input; starts nothing before it runs.
    package init(_ setting: JournalSetting) { self.setting = setting }

    package func run(_ session: any InputSession) throws(InputError) {
        do throws(InputError) {
            guard let start = try start(session) else { return }
            try follow(from: start, session)
        } catch {
            guard error.code == .missing else { throw error }
            throw InputError(.missing, "\(error.message); it belongs to systemd, and `program` takes its path")
        }
    }

    /// Reads until the program ends, which is an error, or the input has to.
    private func follow(from start: JournalSetting.Start, _ session: any InputSession) throws(InputError) {
        var expected: JournalCursor?
        if case .at(let cursor) = start { expected = JournalCursor(text: cursor) }
        let place = JournalPlace(selection: setting.selectionText, expecting: expected) { Self.tellLoss(of: $0, before: $1, session) }
        let shared = SharedDecoding(setting.decoding, decoder: JournalDecoder(setting.fields, place))
        let lastWords = LastWords()
        let call = call(setting.following(from: start), lastWords)
        let ending = try call.run(session) { output, _ throws(InputError) in
            let reader = try FileReader(descriptor: output, name: call.program, closes: true)
            var stream = PipeStream(reader, shared, stream: 0, reached: { place.takePositions() })
            return try stream.run(session)
        }
        guard let ending else { return }
        if start != .beginning, !place.hasRead, lastWords.text?.contains("cursor") == true { forget(session) }
        throw InputError(.unreadable, "`\(call.program)` \(ending.text)\(lastWords.text.map { ": \($0)" } ?? "")")
    }

    /// Where this run begins; nil when the input has to end.
    private func start(_ session: any InputSession) throws(InputError) -> JournalSetting.Start? {
        if let cursor = session.positions[JournalPlace.cursorKey]?.value {
            // Among other entries than before, the one that was read last need not be.
            let isSameSelection = session.positions[JournalPlace.selectionKey]?.value == setting.selectionText
            return isSameSelection ? .at(cursor) : .after(cursor)
        }
        guard setting.startsAtEnd else { return .beginning }
        guard let newest = try newest(session) else { return nil }
        // In a journal without entries everything is to come.
        guard !newest.isEmpty else { return .beginning }
        guard let box = session.takeBatch() else { return nil }
        let place = JournalPlace(selection: setting.selectionText, expecting: nil) { _, _ in }
        session.send(box, stream: 0, bytes: 0, positions: place.positions(of: newest))
        return .at(newest)
    }

    /// The newest entry's cursor, empty when there is no entry; nil when the input has to end.
    private func newest(_ session: any InputSession) throws(InputError) -> String? {
        let lastWords = LastWords()
        var call = call(setting.askingForEnd, lastWords)
        call.isBrief = true
        var text: [UInt8] = []
        let ending = try call.run(session) { output, _ throws(InputError) in
            PipeText.read(output, bytesMax: Self.answerBytesMax, into: &text, stop: session.stop)
        }
        guard let ending else { return nil }
        let prefix = "__CURSOR="
        let line = String(decoding: text, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(prefix) }
        // It fails when no entry is selected, without a word.
        if line == nil, ending.isFailure, let words = lastWords.text {
            throw InputError(.unreadable, "`\(call.program)` \(ending.text): \(words)")
        }
        return line.map { String($0.dropFirst(prefix.count)) } ?? ""
    }

    /// Bytes of an answer that names one entry.
    private static let answerBytesMax = 64 << 10
    /// Time between SIGTERM and SIGKILL.
    private static let killWaitNs: Int64 = 5_000_000_000

    private func call(_ command: [String], _ lastWords: LastWords) -> ProgramCall {
        ProgramCall(
            command: command, folder: "/", environment: ["LC_ALL=C.UTF-8"], killWaitNs: Self.killWaitNs, seeError: { lastWords.note($0) })
    }

    private static func tellLoss(of expected: JournalCursor, before first: JournalCursor, _ session: any InputSession) {
        session.count(.eventsLost, 1)
        let times = (expected.time.map { " of \($0)" } ?? "", first.time.map { " of \($0)" } ?? "")
        session.log.error(
            "input `\(session.name)`: the entry\(times.0) at which reading had stopped is not in the journal any more; it goes on with the entry\(times.1), and what was between them is lost; let the journal keep more (`SystemMaxUse=`), or look whether it is the same one"
        )
    }

    /// The saved cursor is of no use: without it the next run begins as the first one did.
    private func forget(_ session: any InputSession) {
        session.count(.eventsLost, 1)
        session.log.error(
            "input `\(session.name)`: journalctl does not take the saved cursor; reading begins anew as for the first time (`start`), so entries may be missing or come twice"
        )
        guard let box = session.takeBatch() else { return }
        let keys = [JournalPlace.cursorKey, JournalPlace.selectionKey]
        session.send(box, stream: 0, bytes: 0, positions: keys.map { Position(key: $0, value: nil) })
    }
}

/// The last line that a program wrote to its standard error.
private final class LastWords: Sendable {
    private let line = Mutex<String?>(nil)

    var text: String? { line.withLock { $0 } }

    func note(_ line: String) { self.line.withLock { $0 = line } }
}

/// The checked configuration of ``JournalInput``.
struct JournalPlan: InputPlan {
    let setting: JournalSetting

    func makeInput() -> any Input { JournalInput(setting) }
}

extension InputCatalogue {
    /// `type: journal`.
    static let journal = Entry(
        kind: "journal",
        summary: "the systemd journal, read with journalctl; priority, facility, identifier and process become the standard fields",
        promise:
            "At least once and in order, as long as the journal keeps the entries: the cursor of the last entry is the position, also across restarts of journald. An entry that was removed before it was read is told of as an error.",
        options: JournalSetting.options,
        example: "{ type: journal, units: [nginx.service], boot: current }",
        make: { values, setting throws(ConfigError) in JournalPlan(setting: try JournalSetting(values, setting)) })
}
