/// Lua-style messages for arguments that a function cannot take.
enum ArgumentFault {
    /// The first argument at fault: ``bad argument #1 to 'ip.contains' (string expected, got nil)``.
    static func message(_ function: HostFunction, _ call: HostCall) -> String {
        var index = 0
        while index < max(function.parameters.count, call.count) {
            guard let parameter = index < function.parameters.count ? function.parameters[index] : function.parameters.last
            else { break }
            let given = call.kind(index)
            if given == .nothing {
                if !parameter.isOptional {
                    return message(
                        function, index, "\(parameter.kinds.expectation) expected, got \(index < call.count ? "nil" : "no value")"
                    )
                }
            } else if !parameter.kinds.isSuperset(of: given) || parameter.kinds == .integer {
                if parameter.kinds == .integer, given.isSubset(of: .number), given != .integer {
                    return message(function, index, "number has no integer representation")
                }
                if given != parameter.kinds, !isConvertible(call, index, parameter.kinds) {
                    return message(function, index, "\(parameter.kinds.expectation) expected, got \(given.luaName)")
                }
            }
            index += 1
        }
        return message(function, 0, "unexpected value")
    }

    /// A message about the argument at `index` (0 is the first).
    static func message(_ function: HostFunction, _ index: Int, _ text: String) -> String {
        if function.isMethod, index == 0 { return "calling '\(function.fullName)' on bad self (\(text))" }
        return "bad argument #\(function.isMethod ? index : index + 1) to '\(function.fullName)' (\(text))"
    }

    /// The same by name, for functions that look closer at an argument.
    static func message(_ fullName: String, _ index: Int, _ text: String) -> String {
        guard let function = HostRegistry.functionsOfTests.first(where: { $0.fullName == fullName }) else {
            preconditionFailure("host function `\(fullName)` is not declared")
        }
        return message(function, index, text)
    }

    private static func isConvertible(_ call: HostCall, _ index: Int, _ wanted: HostKind) -> Bool {
        let given = call.kind(index)
        if wanted.contains(.string) { return given.isSubset(of: .number) }
        return wanted.contains(.integer) && given == .string && NumberText.integer(call.bytes(index)) != nil
    }
}

extension HostCall {
    /// Ends the call with a message about one argument (0 is the first).
    func failArgument(_ index: Int, of fullName: String, _ text: String) {
        fail(ArgumentFault.message(fullName, index, text))
    }
}
