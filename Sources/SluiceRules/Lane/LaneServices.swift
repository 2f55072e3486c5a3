import CSluice
import SluiceEvent

/// The functions that C calls on behalf of Lua: each answers by value and raises nothing.
enum LaneServices {
    /// The table of functions for a lane whose host functions see `context`.
    static func table(context: HostContext, texts: StableText) -> sl_services {
        var services = sl_services()
        services.context = context.pointer
        services.call = HostRegistry.dispatch
        services.parse_time = parseTime
        services.print_time = printTime
        services.read_module = readModule
        services.log = log
        let formats = FormatName.allCases.map(\.text)
        services.formats = texts.add(list: formats)
        services.format_count = UInt32(formats.count)
        services.flags = texts.add(list: EventFlags.names.map { "\($0)" })
        services.flag_count = UInt32(EventFlags.names.count)
        return services
    }

    private static let parseTime:
        @convention(c) (
            UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<Int64>?, UnsafeMutablePointer<UInt32>?
        ) -> Bool = { text, length, ns, detail in
            guard let text, let time = TimestampText.parseRFC3339(text, length) else { return false }
            ns?.pointee = time.ns
            detail?.pointee = time.detail
            return true
        }

    private static let printTime: @convention(c) (Int64, UInt32, UnsafeMutablePointer<UInt8>?) -> Int = { ns, detail, to in
        guard let to else { return 0 }
        return TimestampText.print(ns: ns, detail: detail, to: to)
    }

    private static let readModule:
        @convention(c) (
            UnsafeMutableRawPointer?, UInt16, UnsafePointer<CChar>?, Int, UnsafeMutablePointer<sl_buffer>?,
            UnsafeMutablePointer<sl_buffer>?
        ) -> Bool = { context, rule, name, length, source, chunk in
            guard let context, let source, let chunk else { return false }
            // SAFETY: the lane passes the pointer of a context that outlives it.
            let host = Unmanaged<HostContext>.fromOpaque(context).takeUnretainedValue()
            let module = String(decoding: UnsafeRawBufferPointer(start: name, count: length), as: UTF8.self)
            if module == RuleTestPrelude.module, host.testSession != nil {
                append(RuleTestPrelude.source, to: source)
                append(Array("@\(module)".utf8), to: chunk)
                return true
            }
            switch host.files.module(module, below: host.rules[Int(rule)].folder) {
            case .success(let module):
                append(module.text, to: source)
                append(Array("@\(module.chunk)".utf8) + [0], to: chunk)
                chunk.pointee.length -= 1
                return true
            case .failure(let error):
                append(Array(error.reason.utf8), to: source)
                return false
            }
        }

    private static let log: @convention(c) (UnsafeMutableRawPointer?, UInt16, UnsafePointer<UInt8>?, Int) -> Void = {
        context, rule, text, length in
        guard let context else { return }
        // SAFETY: as above.
        let host = Unmanaged<HostContext>.fromOpaque(context).takeUnretainedValue()
        let line = String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
        host.logSink(LogRecord(level: .info, rule: host.rules[Int(rule)].name, text: line, fields: ""))
    }

    private static func append(_ bytes: [UInt8], to buffer: UnsafeMutablePointer<sl_buffer>) {
        bytes.withUnsafeBytes { sl_buffer_append(buffer, $0.baseAddress ?? UnsafeRawPointer(buffer), $0.count) }
    }
}
