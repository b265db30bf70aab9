"""`fusionc show`: the value of any stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, assert_never, get_args

import click

from fusionc.cli import EXIT_FINE
from fusionc.commands.session import Session, program_options, run_options
from fusionc.options import CompileOptions
from fusionc.source import Source

if TYPE_CHECKING:
    from fusionc.network.ir import Network

Stage = Literal["file", "diagram", "checked", "network", "gradient", "plan", "module"]


@click.command("show", short_help="Print the value of any stage of the compiler.")
@click.argument("file")
@click.option("--stage", type=click.Choice(get_args(Stage)), required=True, help="After which stage to stop.")
@program_options
@run_options
def command(session: Session, file: str, stage: Stage) -> int:
    """Print what a stage of the compiler makes of FILE (`-` is stdin).

    \b
    file      the syntax tree
    diagram   names resolved, index spaces known
    checked   irreps, paths, weights
    network   one vertex for each coupling, after the rewrites
    gradient  the network of the gradients of all tensors and weights, after the rewrites
    plan      the network in evaluation order, with costs
    module    the generated module
    """

    def act() -> int:
        session.console.artefact(stage_text(session.read(file), session.options, stage))
        return EXIT_FINE

    return session.guarded(file, act)


def stage_text(source: Source, options: CompileOptions, stage: Stage) -> str:
    """The value of a stage as `fusionc show` prints it."""
    from fusionc.show import show
    from fusionc.syntax.parse import parse

    if stage == "file":
        return show(parse(source, options.limits))
    from fusionc import compiler

    match stage:
        case "diagram":
            return show(compiler.build_source(source, options))
        case "checked":
            return show(compiler.check_source(source, options).program)
        case "network":
            return show(tuple(plan.network for plan in compiler.plan_source(source, options).plans))
        case "gradient":
            return show(_gradients(source, options))
        case "plan":
            return show(compiler.plan_source(source, options).plans)
        case "module":
            return compiler.compile_source(source, options).text
        case _:
            assert_never(stage)


def _gradients(source: Source, options: CompileOptions) -> tuple[Network, ...]:
    """Of all diagrams, or of `options.entry`."""
    from fusionc.compiler import check_source
    from fusionc.network.expand import expand
    from fusionc.network.model import Model, Search, Target
    from fusionc.rewrite.gradient import gradient

    model = Model(Target(options.target), options.degree)
    diagrams = [d for d in check_source(source, options).program.diagrams if options.entry in (None, d.name)]
    return tuple(gradient(expand(diagram), Search(model)) for diagram in diagrams)
