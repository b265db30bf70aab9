"""What every command shares: its options, the limits it runs under, and how a fault becomes an exit code."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, Literal

import click

from fusionc.cli import EXIT_CALL, EXIT_ENVIRONMENT, EXIT_FINE, EXIT_SOURCE, EXIT_TIMEOUT
from fusionc.commands.console import Console, wants_color
from fusionc.commands.deadline import OutOfTime, deadline, progress
from fusionc.diagnostics import CompileError
from fusionc.options import DEGREE, CompileOptions, Limits
from fusionc.reading import InputError
from fusionc.runtime.faults import NativeFault
from fusionc.runtime.writing import OutputError
from fusionc.source import Source


class EnvironmentFault(Exception):
    """Something outside of the source and the call is missing, such as torch."""


@dataclass(frozen=True, slots=True)
class Session:
    """One run of a command."""

    console: Console
    options: CompileOptions
    timeout: float

    def read(self, path: str) -> Source:
        """The source text in a file, `-` for stdin."""
        from fusionc.reading import load_source

        return load_source(path, self.options.limits)

    def each(self, paths: Sequence[str], action: Callable[[str], int]) -> int:
        """Do `action` for every file, whatever becomes of the others; the worst exit code."""
        return max((self.guarded(path, partial(action, path)) for path in paths), default=EXIT_FINE)

    def guarded(self, path: str, action: Callable[[], int]) -> int:
        """Do `action` within the wall time; foreseen faults are told and become exit codes."""
        from fusionc.render import visible

        try:
            with (
                deadline(self.timeout, EXIT_TIMEOUT),
                progress(f"fusionc: working on {visible(path)}", not self.console.quiet),
            ):
                return action()
        except CompileError as error:
            self.console.diagnostics(error.source, error.diagnostics)
            return EXIT_SOURCE
        except (InputError, OutputError) as error:
            self.console.fault(visible(str(error)))
            return EXIT_CALL
        except (EnvironmentFault, NativeFault) as error:
            self.console.fault("\n".join(visible(line) for line in str(error).split("\n")))  # a compiler says more
            return EXIT_ENVIRONMENT
        except OutOfTime:
            self.console.fault(f"{visible(path)}: not done after {self.timeout:g} s; `--timeout` allows more")
            return EXIT_TIMEOUT


def _limit(context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> Limits:
    overrides = dict(_assignment(value, "a limit") for value in values)
    try:
        return Limits().with_overrides(overrides)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _definitions(
    context: click.Context, parameter: click.Parameter, values: Sequence[str]
) -> tuple[tuple[str, int], ...]:
    return tuple(_assignment(value, "a parameter") for value in values)


def _assignment(text: str, what: str) -> tuple[str, int]:
    """`NAME=INTEGER`, with bounded digits: no input makes `int` raise."""
    found = re.fullmatch(r"([A-Za-z_][A-Za-z0-9_]*)=([0-9]{1,18})", text)
    if not found:
        raise click.BadParameter(f"{text!a} is not {what} and an integer, such as C=64")
    return found[1], int(found[2])


_RUN_OPTIONS = (
    click.option(
        "--message-format",
        type=click.Choice(["full", "short", "json"]),
        default="full",
        show_default=True,
        help="How diagnostics are written.",
    ),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="Colour them; NO_COLOR wins.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Errors only."),
    click.option("-v", "--verbose", is_flag=True, help="Say more; tracebacks of bugs in fusionc."),
    click.option("--limit", multiple=True, metavar="NAME=V", callback=_limit, help="Raise or lower a limit."),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0.01, max=1e6),
        metavar="SECONDS",
        help="Wall time for each file.  [default: 60]",
    ),
)

_PROGRAM_OPTIONS = (
    click.option(
        "-D", "define", multiple=True, metavar="NAME=V", callback=_definitions, help="Give a `param` another value."
    ),
    click.option("--entry", metavar="NAME", help="Only this diagram."),
    click.option("--dtype", type=click.Choice(["float32", "float64"]), help="Fix the floating type."),
    click.option(
        "--layout",
        type=click.Choice(["mul_ir", "ir_mul"]),
        default="mul_ir",
        show_default=True,
        help="Order of channels and components in memory.",
    ),
    click.option(
        "--convention",
        type=click.Choice(["e3nn", "e3nn-0.4"]),
        default="e3nn",
        show_default=True,
        help="Signs of the coupling tensors: e3nn 0.5 and later, or 0.4 as MACE has them.",
    ),
)


def run_options(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command its session, made of the options that every command takes."""

    @wraps(function)
    def wrapper(
        *,
        message_format: Literal["full", "short", "json"],
        color: str,
        quiet: bool,
        verbose: bool,
        limit: Limits,
        timeout: float | None,
        define: tuple[tuple[str, int], ...] = (),
        entry: str | None = None,
        dtype: Literal["float32", "float64"] | None = None,
        layout: Literal["mul_ir", "ir_mul"] = "mul_ir",
        convention: Literal["e3nn", "e3nn-0.4"] = "e3nn",
        backend: str = "torch",
        target: Literal["torch", "kernel"] = "torch",
        degree: int = DEGREE,
        **rest: Any,
    ) -> int:
        console = Console(message_format, wants_color(color), quiet, verbose)
        options = CompileOptions(limit, define, entry, dtype, layout, backend, convention, target, degree)
        return function(Session(console, options, timeout or float(limit.seconds)), **rest)

    return _with(_RUN_OPTIONS, wrapper)


def program_options(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that change what a program means; goes above `run_options`."""
    return _with(_PROGRAM_OPTIONS, function)


def _with(options: Sequence[Callable[..., Any]], function: Callable[..., int]) -> Callable[..., int]:
    for option in reversed(options):
        function = option(function)
    return function
