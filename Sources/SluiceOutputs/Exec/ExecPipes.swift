import CSluice
import Glibc

/// The pipes between a program and us.
struct ExecPipes {
    /// One pipe.
    struct Ends {
        let reading: Int32
        let writing: Int32

        init() throws(SystemFault) {
            var ends: [Int32] = [-1, -1]
            if sl_pipe(&ends) != 0 { throw SystemFault(errno) }
            (reading, writing) = (ends[0], ends[1])
        }

        func close() {
            Glibc.close(reading)
            Glibc.close(writing)
        }
    }

    let input: Ends
    let output: Ends
    let error: Ends

    init() throws(SystemFault) {
        input = try Ends()
        do throws(SystemFault) {
            output = try Ends()
        } catch {
            input.close()
            throw error
        }
        do throws(SystemFault) {
            error = try Ends()
        } catch let fault {
            input.close()
            output.close()
            throw fault
        }
    }

    /// Closes the program's ends, which it has by now.
    func closeTheirs() {
        close(input.reading)
        close(output.writing)
        close(error.writing)
    }

    func closeAll() {
        input.close()
        output.close()
        error.close()
    }

    /// Starts a program on them; answers its process.
    func spawn(_ settings: ExecSettings) throws(SystemFault) -> pid_t {
        let arguments: [UnsafeMutablePointer<CChar>?] = settings.command.map { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        var variables: [UnsafeMutablePointer<CChar>?] = [nil]
        // SAFETY: the texts live until the end of this function, both arrays end with NULL.
        let process = (arguments + [nil]).withUnsafeBufferPointer { arguments in
            sl_spawn_fed(
                settings.command[0], arguments.baseAddress, &variables, settings.folder, input.reading, output.writing, error.writing)
        }
        if process < 0 { throw SystemFault(-process) }
        return process
    }
}
