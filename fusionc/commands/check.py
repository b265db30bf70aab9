"""`fusionc check`: what a program would be refused for, and the identities that it proves."""

from __future__ import annotations

import click

from fusionc.cli import EXIT_FINE
from fusionc.commands.session import Session, program_options, run_options


@click.command("check", short_help="Parse, type-check and prove the `check` lines; write nothing.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@program_options
@run_options
def command(session: Session, files: tuple[str, ...]) -> int:
    """Parse and type-check each FILE (`-` is stdin) and prove its `check` lines. Writes no file.

    Every identity that is proved goes to stdout. Where a diagram equals a much cheaper one, a note says so; of large
    diagrams only `fusionc plan` does.
    """
    return session.each(files, lambda path: _check(session, path))


def _check(session: Session, path: str) -> int:
    from fusionc.cheaper import quick_notes
    from fusionc.compiler import check_source

    source = session.read(path)
    checked = check_source(source, session.options)
    found = () if session.console.quiet else quick_notes(source, session.options, checked)
    session.console.diagnostics(source, (*checked.warnings, *found))
    for identity in checked.program.identities:
        session.console.report(f"proved: {identity.text}")
    diagrams = len(checked.program.diagrams)
    session.console.note(f"{source.name}: {diagrams} {'diagram' if diagrams == 1 else 'diagrams'}, no errors")
    return EXIT_FINE
