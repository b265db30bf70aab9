"""`fusionc draw`: a program as a picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from fusionc.cli import EXIT_FINE
from fusionc.commands.session import Session, program_options, run_options
from fusionc.runtime.writing import write

if TYPE_CHECKING:
    from fusionc.check.ir import CheckedProgram
    from fusionc.draw.picture import Form
    from fusionc.source import Source

SUFFIXES: dict[str, Form] = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".tex": "tex"}


@click.command("draw", short_help="Draw trees and diagrams as SVG, DOT or TikZ.")
@click.argument("file")
@click.option("-o", "--output", metavar="OUT", help="Where the picture goes: .svg, .dot or .tex.  [default: stdout]")
@click.option("--format", "form", type=click.Choice(["svg", "dot", "tex"]), help="When the suffix does not say.")
@click.option("--force", is_flag=True, help="Overwrite a file that fusionc did not generate.")
@program_options
@run_options
def command(
    session: Session, file: str, output: str | None, form: Literal["svg", "dot", "tex"] | None, force: bool
) -> int:
    """Draw FILE (`-` is stdin): fusion trees with their leaves above, diagrams as tensor networks with their inputs
    above and index spaces in colour. `--entry` takes the name of a diagram or of a tree."""
    target = output or "-"
    chosen = form or _form_of(target)

    def act() -> int:
        from fusionc.draw.picture import drawn

        source = session.read(file)
        text = drawn(_checked(session, source), chosen)
        if target == "-":
            session.console.artefact(text)
            return EXIT_FINE
        write(Path(target), text, inputs=() if file == "-" else (Path(file),), force=force)
        session.console.note(f"wrote {ascii(target)[1:-1]}")
        return EXIT_FINE

    return session.guarded(file, act)


def _form_of(target: str) -> Form:
    if target == "-":
        return "svg"
    suffix = Path(target).suffix.lower()
    if suffix not in SUFFIXES:
        raise click.UsageError(f"{target!a} does not end in .svg, .dot or .tex; --format says what to write")
    return SUFFIXES[suffix]


def _checked(session: Session, source: Source) -> CheckedProgram:
    """Without the entry, which may be a tree here; raises CompileError for one that is neither, or for too much."""
    from fusionc.compiler import check_source
    from fusionc.diagnostics import CompileError, Diagnostic
    from fusionc.draw.picture import oversize, selected

    checked = check_source(source, replace(session.options, entry=None))
    session.console.diagnostics(source, checked.warnings)
    entry = session.options.entry
    found = checked.program if entry is None else selected(checked.program, entry)
    wrong = found if isinstance(found, Diagnostic) else oversize(found, session.options.limits)
    if wrong is not None:
        raise CompileError(source, [wrong])
    assert not isinstance(found, Diagnostic)
    return found
