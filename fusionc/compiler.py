"""The stages in order. Read this page first.

    text --parse--> File --build--> Program --check--> CheckedProgram

`parse` raises on syntax errors, since nothing can be built of a broken tree. `build` and `check` collect what they find
in one sink, so that a run reports errors of names and of irreps together; each error is reported once.
"""

from __future__ import annotations

from dataclasses import dataclass

from fusionc.check.check import check
from fusionc.check.ir import CheckedProgram
from fusionc.diagnostics import Diagnostic, InternalError, Sink
from fusionc.diagram.build import build
from fusionc.options import CompileOptions
from fusionc.source import Source
from fusionc.syntax.parse import parse


@dataclass(frozen=True, slots=True)
class Checked:
    """A program without errors, and its warnings."""

    program: CheckedProgram
    warnings: tuple[Diagnostic, ...]


def check_source(source: Source, options: CompileOptions | None = None) -> Checked:
    """Raises CompileError with everything that is wrong with the source."""
    options = options or CompileOptions()
    sink = Sink()
    try:
        file = parse(source, options.limits)
        program = check(build(file, options, sink), options, sink)
    except RecursionError as error:  # the parser limits nesting, so that this is our fault
        raise InternalError("a stage recursed without bound") from error
    sink.raise_errors(source)
    return Checked(program, sink.diagnostics)
