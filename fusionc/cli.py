"""The command line: which commands there are, and what becomes of every way in which one can end.

Exit codes: 0 fine; 1 the source is at fault; 2 the call or a file is at fault; 3 the environment is; 70 a bug in
fusionc; 124 out of time; 130 interrupted. A reader that closes the pipe early is no fault.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from fusionc import __version__
from fusionc.suggest import suggest

COMMANDS = (
    ("check", "Parse, type-check and prove the `check` lines; write nothing."),
    ("compile", "Compile to a torch module."),
    ("plan", "Show paths, order, costs and exact coefficients."),
    ("draw", "Draw trees and diagrams as SVG, DOT or TikZ."),
    ("recouple", "Write a fusion tree in another bracketing, with the exact matrix."),
    ("fmt", "Lay sources out canonically."),
    ("show", "Print the value of any stage of the compiler."),
    ("explain", "Explain an error code."),
    ("verify", "Test equivariance and derivatives against the reference."),
    ("doctor", "Say what is installed and what works."),
    ("cache", "Say what native code is kept, or remove it."),
)
"""Name and short help: enough for `--help`, which imports no command."""

EXIT_FINE, EXIT_SOURCE, EXIT_CALL, EXIT_ENVIRONMENT = 0, 1, 2, 3
EXIT_BUG, EXIT_TIMEOUT, EXIT_INTERRUPTED = 70, 124, 130


class Commands(click.Group):
    """Commands that are imported when they are called, and no sooner: `--help` has 0.15 s."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, _ in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in dict(COMMANDS):
            return None
        from importlib import import_module

        command: click.Command = import_module(f"fusionc.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and name not in dict(COMMANDS):
            near = suggest(name, self.list_commands(ctx))
            hint = f"; did you mean {near!r}?" if near else f"; the commands are {', '.join(self.list_commands(ctx))}"
            raise click.UsageError(f"there is no command {name!a}{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(COMMANDS)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="fusionc", message="%(prog)s %(version)s")
def cli() -> None:
    """Compile coupling diagrams (.fusion files) to equivariant torch modules."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; never raises."""
    try:
        code = _invoke(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        _discard_output()
        return EXIT_FINE
    except KeyboardInterrupt:
        _say("fusionc: interrupted")
        return EXIT_INTERRUPTED
    except OSError as error:  # what files are to blame for is told by the commands; this is stdout, or the system
        _say(f"fusionc: {(error.strerror or type(error).__name__).lower()}")
        _discard_output()
        return EXIT_CALL
    except Exception as error:
        return _report_bug(error, arguments)


def _invoke(arguments: Sequence[str]) -> int:
    """Not click's own `main`, which turns a closed pipe into exit code 1 and Ctrl-C into `Aborted!`."""
    try:
        with cli.make_context("fusionc", list(arguments)) as context:
            result = cli.invoke(context)
            return result if isinstance(result, int) else EXIT_FINE
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        _say(error.format_message())
        return error.exit_code
    except click.ClickException as error:
        _refuse(error)
        return error.exit_code


def _refuse(error: click.ClickException) -> None:
    """click echoes arguments as they are; here what a terminal would act on is escaped."""
    from fusionc.render import visible

    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        _say(f"{context.get_usage()}\nTry '{context.command_path} --help' for help.\n")
    _say(f"Error: {visible(error.format_message())}")


def _report_bug(error: Exception, arguments: Sequence[str]) -> int:
    """A broken invariant, or an exception that nobody foresaw: ours in any case."""
    told = " ".join(str(error).split()) or "no message"
    _say(
        f"fusionc: internal error: {type(error).__name__}: {told.encode('ascii', 'backslashreplace').decode()}\n"
        f"This is a bug in fusionc {__version__}, not in your program: please report it with the source that shows it."
    )
    if any(a in ("-v", "--verbose") for a in arguments):
        import traceback

        _say("".join(traceback.format_exception(error)))
    else:
        _say("With -v it prints the traceback.")
    return EXIT_BUG


def _say(text: str) -> None:
    """One last message on stderr, if anyone is listening."""
    try:
        click.echo(text, err=True)
    except OSError:
        _discard_output()


def _discard_output() -> None:
    """Nobody reads any more: without this the interpreter complains while it shuts down."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
