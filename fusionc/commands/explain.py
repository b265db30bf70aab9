"""`fusionc explain`: the error index, at hand."""

from __future__ import annotations

import click

from fusionc.cli import EXIT_CALL, EXIT_FINE
from fusionc.commands.session import Session, run_options
from fusionc.suggest import suggest


@click.command("explain", short_help="Explain an error code.")
@click.argument("code", required=False)
@click.option("--list", "list_all", is_flag=True, help="List every code.")
@run_options
def command(session: Session, code: str | None, list_all: bool) -> int:
    """Print what an error CODE such as F203 means, when it happens, an example of it, and the example mended."""
    if list_all == (code is not None):
        raise click.UsageError("give either a code, such as F203, or --list")
    return _list(session) if code is None else _explain(session, code)


def _list(session: Session) -> int:
    from fusionc.explain import sections

    for section in sections():
        session.console.report(f"{section.code}  {section.title}")
    return EXIT_FINE


def _explain(session: Session, code: str) -> int:
    from fusionc.explain import sections

    known = {section.code: section for section in sections()}
    wanted = code.strip().upper()
    if wanted in known:
        session.console.artefact(known[wanted].wrapped())
        return EXIT_FINE
    near = suggest(wanted, known)
    hint = f"did you mean {near}?" if near else "`fusionc explain --list` lists them"
    session.console.fault(f"there is no code {code!a}; {hint}")
    return EXIT_CALL
