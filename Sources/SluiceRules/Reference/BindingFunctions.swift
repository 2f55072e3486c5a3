/// The functions of libraries that the Lua binding carries out itself in C, declared like the host functions: for editors and
/// the reference page. They are never registered or called from here.
enum BindingFunctions {
    static let functions: [HostFunction] = field + json

    private static let event = HostParameter("event", .any, type: "event", "the event")
    private static let name = HostParameter(
        "name", .string, "name of a field; an absent one, or one that is no text, has no bytes")
    private static let found = HostResult("found", "boolean", "false when the field is absent")

    private static let field: [HostFunction] = [
        declare(
            "field", "has", [event, name, HostParameter("text", .string, "plain text")], [found],
            "Whether the text occurs in the field.", #"if field.has(event, "message", "password") then return "audit" end"#),
        declare(
            "field", "starts", [event, name, HostParameter("text", .string, "plain text")], [found],
            "Whether the field starts with the text.", #"if field.starts(event, "message", "DEBUG") then return drop end"#),
        declare(
            "field", "ends", [event, name, HostParameter("text", .string, "plain text")], [found],
            "Whether the field ends with the text.", #"if field.ends(event, "path", ".css") then return drop end"#),
        declare(
            "field", "length", [event, name], [HostResult("bytes", "integer?", "nil when the field is absent")],
            "The bytes of the field.", #"if (field.length(event, "message") or 0) > 8192 then return "large" end"#),
        declare(
            "field", "matches", [event, name, HostParameter("pattern", .string, "Lua pattern")], [found],
            "Whether a Lua pattern matches in the field.",
            #"if field.matches(event, "message", "^%d+ ") then also("numbered") end"#),
        declare(
            "field", "match", [event, name, HostParameter("pattern", .string, "Lua pattern")],
            [HostResult("...", "string|integer|nil", "captures, or the whole match; nil when nothing matches")],
            "What `string.match` answers for the field.",
            #"event.user = field.match(event, "message", "for (%S+) from")"#),
        declare(
            "field", "lower", [event, name], [], "Makes ASCII letters of the field small.", #"field.lower(event, "hostname")"#),
        declare(
            "field", "upper", [event, name], [], "Makes ASCII letters of the field capital.", #"field.upper(event, "country")"#),
        declare(
            "field", "trim", [event, name], [], "Takes blanks off both ends of the field.", #"field.trim(event, "message")"#),
        declare(
            "field", "replace",
            [
                event, name, HostParameter("text", .string, "plain text"),
                HostParameter("with", .string, "plain text in its place"),
            ],
            [HostResult("count", "integer", "how many")], "Replaces each occurrence of the text in the field.",
            #"field.replace(event, "message", "\t", " ")"#),
    ]

    private static let json: [HostFunction] = [
        declare(
            "json", "encode", [HostParameter("value", .any, type: "any", "value, table or nested part of an event")],
            [HostResult("text", "string", "")], "JSON text of a value.", #"event.message = json.encode{ user = event.user }"#),
        declare(
            "json", "decode", [HostParameter("text", .string, "JSON")],
            [HostResult("value", "any", "nil when the text is no JSON"), .reason],
            "The value of JSON text; `null` stays `null`, arrays stay arrays, integers stay integers.",
            #"event.payload = json.decode(event.message)"#),
    ]

    private static func declare(
        _ library: String, _ name: String, _ parameters: [HostParameter], _ results: [HostResult], _ summary: String,
        _ example: String
    ) -> HostFunction {
        HostFunction(library, name, parameters, returns: results, summary, example: example) { _, _ in
            preconditionFailure("`\(library).\(name)` is carried out by the binding")
        }
    }
}
