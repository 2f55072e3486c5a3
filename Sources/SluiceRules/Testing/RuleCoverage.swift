import CSluice

/// Which lines of rules and of the modules that they require ran, over all lanes of a run.
package final class RuleCoverage {
    /// What is known of one file.
    package struct File: Sendable {
        /// Path as rules and tests name it.
        package let path: String
        /// Lines that could run, in order, and how often each did.
        package let lines: [(line: Int, count: Int)]

        /// Lines that ran.
        package var hit: Int { lines.count { $0.count > 0 } }

        /// Runs of lines that did not run and have none between them that did.
        package var missed: [ClosedRange<Int>] {
            var ranges: [ClosedRange<Int>] = []
            var isOpen = false
            for (line, count) in lines {
                if count > 0 {
                    isOpen = false
                } else if isOpen, let last = ranges.popLast() {
                    ranges.append(last.lowerBound...line)
                } else {
                    ranges.append(line...line)
                    isOpen = true
                }
            }
            return ranges
        }
    }

    private var texts: [String: [UInt8]] = [:]
    private var counts: [String: [Int: Int]] = [:]

    /// Nothing ran.
    package init() {}

    /// Makes a rule appear even when none of its lines ever runs.
    package func add(_ rule: RuleSource) {
        if let path = rule.path, texts[path] == nil { texts[path] = rule.text }
    }

    /// Takes over what a lane counted.
    func collect(_ lane: OpaquePointer, _ rules: [RuleSource], _ files: RuleFiles) {
        var record = sl_covered()
        var index: UInt32 = 0
        while sl_lane_covered(lane, index, &record) {
            index += 1
            guard Int(record.rule) < rules.count else { continue }
            let rule = rules[Int(record.rule)]
            let chunk = String(record.chunk.string.dropFirst())
            let path: String
            if chunk == rule.name, let own = rule.path {
                path = own
                texts[path] = rule.text
            } else if let text = files.source(ofChunk: chunk) {
                path = rule.folder.isEmpty || rule.folder == "." ? chunk : rule.folder + "/" + chunk
                texts[path] = text
            } else {
                continue
            }
            for line in 0..<Int(record.count) where record.counts[line] > 0 {
                counts[path, default: [:]][line + 1, default: 0] += Int(record.counts[line])
            }
        }
    }

    /// Every file by its path.
    package var files: [File] {
        texts.keys.sorted().map { path in
            let lines = LuaChunkLines.executable(texts[path] ?? [])
            return File(path: path, lines: lines.map { ($0, counts[path]?[$0] ?? 0) })
        }
    }
}
