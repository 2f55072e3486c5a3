package import CSluice

/// All host functions in the order of their numbers, ready to be called: the one entry from C.
///
/// The functions are laid out as plain memory once per process, so that a call costs an index, the argument check and the
/// function itself, without reference counting.
package enum HostRegistry {
    /// Every function; its index is the `function` of `sl_host_function`.
    package static let functions: [HostFunction] =
        OSLibrary.functions + TimeLibrary.functions + TimestampMethods.functions + IPLibrary.functions + HashLibrary.functions
        + Base64Library.functions + URLLibrary.functions + CSVLibrary.functions + KVLibrary.functions
        + UUIDLibrary.functions + LookupLibrary.functions + LogLibrary.functions + RegexLibrary.functions
        + GrokFunctions.functions + RateFunctions.functions

    /// Those that files of tests see: the same, and what runs rules behind them.
    static let functionsOfTests: [HostFunction] = functions + RuleTestFunctions.functions

    /// Number of a function by its full name (`ip.contains`).
    package static func index(of fullName: String) -> Int? { functions.firstIndex { $0.fullName == fullName } }

    /// Names of the library tables in order, without the methods of timestamps and the global functions.
    package static var libraries: [String] {
        var names: [String] = []
        for function in functions where !function.library.isEmpty && !function.isMethod && !names.contains(function.library) {
            names.append(function.library)
        }
        return names
    }

    /// Carries out a call; `context` of the C signature is a ``HostContext`` (see ``HostContext/pointer``).
    package static let dispatch: sl_host_function = { context, function, call in
        guard let context, let call else { return }
        // SAFETY: the lane passes the pointer of a context that it keeps alive while its Lua state lives.
        Unmanaged<HostContext>.fromOpaque(context)._withUnsafeGuaranteedRef { context in
            context.now = call.pointee.now
            perform(Int(function), HostCall(call), context)
        }
    }

    /// Carries out a call of a function by its number.
    package static func perform(_ function: Int, _ call: HostCall, _ context: HostContext) {
        precondition(function < functionsOfTests.count, "host function \(function) does not exist")
        call.raw.pointee.result_count = 0
        call.raw.pointee.failed = 0
        call.raw.pointee.mark = 0
        // SAFETY: the entries live as long as the process and the number was checked.
        let entry = entries + function
        if entry.pointee.accepts(call, context) {
            entry.pointee.body(call, context)
        } else {
            call.fail(ArgumentFault.message(functionsOfTests[function], call))
        }
    }

    /// What a call needs of a function.
    private struct Entry {
        let kinds: UnsafePointer<HostKind>
        let count: Int
        let required: Int
        let isRepeated: Bool
        let body: HostFunction.Body

        /// Whether every argument is of a kind that its parameter takes; converts numbers where Lua would.
        @inline(__always) func accepts(_ call: HostCall, _ context: HostContext) -> Bool {
            for index in 0..<max(count, isRepeated ? call.count : 0) {
                let given = call.kind(index)
                let wanted = kinds[min(index, count - 1)]
                if given == .nothing {
                    if index < required { return false }
                } else if !wanted.isSuperset(of: given) || (wanted == .integer && given != .integer) {
                    guard context.convert(call, index, to: wanted) else { return false }
                }
            }
            return true
        }
    }

    nonisolated(unsafe) private static let entries: UnsafePointer<Entry> = {
        // SAFETY: allocated once per process and never freed; written here before anyone reads.
        let entries = UnsafeMutablePointer<Entry>.allocate(capacity: functionsOfTests.count)
        for (index, function) in functionsOfTests.enumerated() {
            let kinds = UnsafeMutablePointer<HostKind>.allocate(capacity: max(1, function.parameters.count))
            for (index, parameter) in function.parameters.enumerated() { (kinds + index).initialize(to: parameter.kinds) }
            let entry = Entry(
                kinds: kinds, count: function.parameters.count,
                required: function.parameters.lastIndex { !$0.isOptional }.map { $0 + 1 } ?? 0,
                isRepeated: function.parameters.last?.isRepeated ?? false, body: function.body)
            (entries + index).initialize(to: entry)
        }
        return UnsafePointer(entries)
    }()
}
