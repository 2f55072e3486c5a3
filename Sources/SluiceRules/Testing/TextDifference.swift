/// Two texts line by line, as a unified diff.
package struct TextDifference: Sendable {
    private enum Step { case same, removed, added }

    private let steps: [(step: Step, text: String, old: Int, new: Int)]
    /// Lines that are the same around each change.
    private static let contextLines = 3
    /// Work of the comparison at most; what is more different than that is shown as replaced whole.
    private static let cellsMax = 4_000_000

    /// Compares two lists of lines.
    package init(_ old: [String], _ new: [String]) {
        var prefix = 0
        while prefix < min(old.count, new.count), old[prefix] == new[prefix] { prefix += 1 }
        var suffix = 0
        while suffix < min(old.count, new.count) - prefix, old[old.count - 1 - suffix] == new[new.count - 1 - suffix] { suffix += 1 }
        let middle = Self.middle(Array(old[prefix..<old.count - suffix]), Array(new[prefix..<new.count - suffix]))
        let all = old[..<prefix].map { (Step.same, $0) } + middle + old[(old.count - suffix)...].map { (Step.same, $0) }
        var (oldLine, newLine) = (0, 0)
        steps = all.map { step, text in
            if step != .added { oldLine += 1 }
            if step != .removed { newLine += 1 }
            return (step, text, oldLine, newLine)
        }
    }

    /// Whether nothing differs.
    package var isEmpty: Bool { steps.allSatisfy { $0.step == .same } }

    /// The longest common subsequence by the table of lengths.
    private static func middle(_ old: [String], _ new: [String]) -> [(Step, String)] {
        guard old.count * new.count <= cellsMax else { return old.map { (.removed, $0) } + new.map { (.added, $0) } }
        let width = new.count + 1
        var lengths = [Int32](repeating: 0, count: (old.count + 1) * width)
        for i in stride(from: old.count - 1, through: 0, by: -1) {
            for j in stride(from: new.count - 1, through: 0, by: -1) {
                lengths[i * width + j] =
                    old[i] == new[j]
                    ? lengths[(i + 1) * width + j + 1] + 1 : max(lengths[(i + 1) * width + j], lengths[i * width + j + 1])
            }
        }
        var steps: [(Step, String)] = []
        var (i, j) = (0, 0)
        while i < old.count || j < new.count {
            if i < old.count, j < new.count, old[i] == new[j] {
                steps.append((.same, old[i]))
                i += 1
                j += 1
            } else if j == new.count || (i < old.count && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) {
                steps.append((.removed, old[i]))
                i += 1
            } else {
                steps.append((.added, new[j]))
                j += 1
            }
        }
        return steps
    }

    /// The diff with its two header lines, `-` before what the old text has and `+` before what the new one has.
    package func rendered(old: String, new: String) -> String {
        var lines = ["--- \(old)", "+++ \(new)"]
        var index = 0
        while index < steps.count {
            guard let change = steps[index...].firstIndex(where: { $0.step != .same }) else { break }
            var end = change
            var last = change
            while end < steps.count, end - last <= Self.contextLines * 2 {
                if steps[end].step != .same { last = end }
                end += 1
            }
            let from = max(index, change - Self.contextLines)
            let to = min(steps.count, last + 1 + Self.contextLines)
            lines.append(header(from..<to))
            for each in steps[from..<to] {
                lines.append((each.step == .same ? " " : each.step == .removed ? "-" : "+") + each.text)
            }
            index = to
        }
        return lines.joined(separator: "\n")
    }

    private func header(_ range: Range<Int>) -> String {
        let old = steps[range].count { $0.step != .added }
        let new = steps[range].count { $0.step != .removed }
        let before = range.lowerBound > 0 ? steps[range.lowerBound - 1] : (.same, "", 0, 0)
        return "@@ -\(before.old + (old > 0 ? 1 : 0)),\(old) +\(before.new + (new > 0 ? 1 : 0)),\(new) @@"
    }
}
