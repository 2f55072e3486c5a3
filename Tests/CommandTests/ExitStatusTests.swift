import SluiceComponent
import Glibc
import Testing

@testable import SluiceInputs
@testable import SluiceOutputs

/// What a system call's error becomes; cases cannot show those that the superuser never meets.
@Suite struct ExitStatusTests {
    @Test func `an input that may not be read is not permitted`() {
        let error = InputError.system("open", "auth.log", EACCES)
        #expect(error == InputError(.notPermitted, "cannot open `auth.log`: Permission denied"))
        #expect(error.exitStatus == 77)
    }

    @Test(arguments: [(EACCES, "Permission denied"), (EPERM, "Operation not permitted")])
    func `an output that may not be written is not permitted`(_ number: Int32, _ reason: String) {
        let error = OutputError.system("create", "auth.log", number)
        #expect(error.message == "cannot create `auth.log`: \(reason)")
        #expect(error.exitStatus == 77)
    }

    @Test func `a full disk is a write that failed`() {
        #expect(OutputError.system("write", "auth.log", ENOSPC).exitStatus == 74)
    }

    @Test func `a reader that went away is no failure`() {
        #expect(OutputError.system("write", "standard output", EPIPE).exitStatus == 0)
    }
}
