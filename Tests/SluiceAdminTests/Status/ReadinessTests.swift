import Testing

@testable import SluiceAdmin

@Suite struct ReadinessTests {
    private func running(_ states: InputStatus.State...) -> ServiceStatus {
        var status = StatusFixture.quiet
        status.phase = .running
        status.inputs = states.enumerated().map { InputStatus(name: "input\($0.offset)", kind: "file", state: $0.element, since: 0) }
        return status
    }

    @Test func `a service is ready when every input runs, is held back or has ended`() {
        #expect(running().readiness == .ready)
        #expect(running(.running, .waiting, .ended).readiness == .ready)
    }

    @Test func `a starting and a stopping service are not ready`() {
        var status = running(.running)
        status.phase = .starting
        #expect(status.readiness == .notReady(reason: "starting", detail: "the service is starting"))
        status.phase = .stopping
        #expect(status.readiness == .notReady(reason: "stopping", detail: "the service is stopping"))
    }

    @Test func `stale rules are not ready, and say why`() {
        var status = running(.running)
        status.generation.staleReason = "route.lua:3: broken"
        #expect(status.readiness == .notReady(reason: "stale_rules", detail: "route.lua:3: broken"))
    }

    @Test func `one input that fails or has not begun is enough`() {
        #expect(
            running(.running, .starting).readiness == .notReady(reason: "starting", detail: "input `input1` is not running yet"))
        var status = running(.failing)
        status.inputs[0].lastError = "no such file"
        #expect(status.readiness == .notReady(reason: "input_failing", detail: "input `input0` is failing: no such file"))
    }
}
