import ArgumentParser

/// `sluice completion SHELL`.
struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Print a completion script for a shell.",
        discussion: "Example:\n\n  sluice completion bash > /etc/bash_completion.d/sluice")

    @Argument(help: "The shell: bash, zsh or fish.")
    var shell: String

    func run() throws {
        guard let shell = CompletionShell(rawValue: shell) else {
            throw Terminal.fail("unknown shell `\(shell)`; known: bash, zsh, fish", .usage)
        }
        Terminal.out(SluiceCommand.completionScript(for: shell))
    }
}
