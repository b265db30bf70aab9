"""`fusionc plan`: what would be computed, in which order, and at what cost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal, assert_never

import click

from fusionc.cli import EXIT_FINE, EXIT_SOURCE
from fusionc.commands.session import Session, program_options, run_options
from fusionc.options import DEGREE
from fusionc.reading import InputError

if TYPE_CHECKING:
    from fusionc.compiler import Planned
    from fusionc.source import Source

Form = Literal["text", "json", "html", "dot"]
OLD_BYTES = 2**28
"""Of a plan to compare with: as JSON it is much longer than its source."""


@click.command("plan", short_help="Show paths, order, costs and exact coefficients.")
@click.argument("file")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "html", "dot"]),
    default="text",
    show_default=True,
    help="Tables, data, a page, or a graph of the steps.",
)
@click.option("--diff", metavar="OLD.json", help="What is different from an earlier plan; exit code 1 if anything is.")
@click.option(
    "--target",
    type=click.Choice(["torch", "kernel"]),
    default="torch",
    show_default=True,
    help="Whose costs: a PyTorch module's, or a straight-line kernel's.",
)
@click.option(
    "--degree",
    type=click.IntRange(1, 10**6),
    default=DEGREE,
    show_default=True,
    metavar="N",
    help="Edges a node, where their work is weighed.",
)
@program_options
@run_options
def command(session: Session, file: str, form: Form, diff: str | None) -> int:
    """Print the plan of FILE (`-` is stdin): paths with their weights and normalisation factors, exact coupling
    coefficients, what each rewrite saved, the steps in order, and the cost beside that of the naive evaluation."""
    if diff is not None and form != "text":
        raise click.UsageError("--diff prints text; leave --format out")

    def act() -> int:
        from fusionc.compiler import plan_source

        source = session.read(file)
        planned = plan_source(source, session.options)
        session.console.diagnostics(source, planned.checked.warnings)
        if diff is not None:
            return _compare(session, diff, planned)
        session.console.artefact(_written(session, source, planned, form))
        return EXIT_FINE

    return session.guarded(file, act)


def _written(session: Session, source: Source, planned: Planned, form: Form) -> str:
    report = planned.report
    match form:
        case "text":
            return report.to_text()
        case "json":
            return report.to_json()
        case "html":
            from fusionc.diagnostics import CompileError
            from fusionc.draw.page import page_of
            from fusionc.draw.picture import oversize

            too_large = oversize(report.program, session.options.limits, tuple(p.network.name for p in planned.plans))
            if too_large is not None:
                raise CompileError(source, [too_large])
            return page_of(report, PurePath(source.name).name)
        case "dot":
            from fusionc.draw.steps import dot_of_plans

            return dot_of_plans(report)
        case _:
            assert_never(form)


def _compare(session: Session, path: str, planned: Planned) -> int:
    from fusionc.plan.difference import difference

    lines = difference(_old(session, path), json.loads(planned.report.to_json()))
    for line in lines:
        session.console.report(line)
    if not lines:
        session.console.note("the plans are equal")
    return EXIT_SOURCE if lines else EXIT_FINE


def _old(session: Session, path: str) -> dict[str, Any]:
    """Raises InputError for what is no plan."""
    from fusionc.plan.difference import is_plan
    from fusionc.reading import load_source

    source = load_source(path, replace(session.options.limits, source_bytes=OLD_BYTES))
    try:
        found = json.loads(source.text)
    except (ValueError, RecursionError):
        found = None
    if not is_plan(found):
        raise InputError(f"{source.name} is not a plan as `fusionc plan --format json` writes it")
    old: dict[str, Any] = found
    return old
