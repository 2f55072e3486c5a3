import SluiceCommands

SluiceCommand.start(CommandLine.arguments)
