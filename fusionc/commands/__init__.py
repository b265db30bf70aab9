"""The commands of the command line: one module each, whose `command` is the click command."""
