"""`fusionc plan`: what would be computed, in which order, and at what cost."""

from __future__ import annotations

from typing import Literal

import click

from fusionc.cli import EXIT_FINE
from fusionc.commands.session import Session, program_options, run_options


@click.command("plan", short_help="Show paths, order, costs and exact coefficients.")
@click.argument("file")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Tables, or data."
)
@program_options
@run_options
def command(session: Session, file: str, form: Literal["text", "json"]) -> int:
    """Print the plan of FILE (`-` is stdin): paths with their weights and normalisation factors, exact coupling
    coefficients, what each rewrite saved, the steps in order, and the cost beside that of the naive evaluation."""

    def act() -> int:
        from fusionc.compiler import plan_source

        source = session.read(file)
        planned = plan_source(source, session.options)
        session.console.diagnostics(source, planned.checked.warnings)
        report = planned.report
        session.console.artefact(report.to_json() if form == "json" else report.to_text())
        return EXIT_FINE

    return session.guarded(file, act)
