import Testing

@testable import SluiceAdmin

@Suite struct AdminTests {
    @Test func `the server speaks HTTP 1.1`() { #expect("\(Admin.version)" == "HTTP/1.1") }
}
