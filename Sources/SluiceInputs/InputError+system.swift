import SluiceComponent

extension InputError {
    /// The error behind `errno` after an attempt to `action` (“open”, “read”) a path.
    static func system(_ action: String, _ path: String, _ number: Int32) -> InputError {
        let reason = SystemCall.text(of: number)
        return switch SystemCall.kind(of: number) {
        case .missing: InputError(.missing, "cannot \(action) `\(path)`: \(reason)")
        case .notPermitted: InputError(.notPermitted, "cannot \(action) `\(path)`: \(reason)")
        case .directory: InputError(.directory, "cannot \(action) `\(path)`: \(reason); name the files in it")
        case .other: InputError(.unreadable, "cannot \(action) `\(path)`: \(reason)")
        }
    }
}
