"""`fusionc recouple`: a fusion tree in another bracketing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from fusionc.cli import EXIT_CALL, EXIT_FINE
from fusionc.commands.session import Session, program_options, run_options

if TYPE_CHECKING:
    from fusionc.options import CompileOptions
    from fusionc.source import Source

BRACKETING = "<--to>"
"""What diagnostics call the text of the option."""


@click.command("recouple", short_help="Write a fusion tree in another bracketing, with the exact matrix.")
@click.argument("file")
@click.argument("tree")
@click.option("--to", required=True, metavar="BRACKETING", help='Such as "(a (b c))"; leaves may change places.')
@program_options
@run_options
def command(session: Session, file: str, tree: str, to: str) -> int:
    """Write TREE of FILE (`-` is stdin) in another bracketing of its leaves, by exact F- and R-moves.

    What is printed can be pasted below the tree: the new tree, the matrix between the two families as a comment, and a
    `check` line for each of its rows.
    """

    def act() -> int:
        from fusionc.diagnostics import CompileError

        source = session.read(file)
        try:
            text = recoupled(source, session.options, tree, to)
        except CompileError as error:
            if error.source is source:
                raise
            session.console.diagnostics(error.source, error.diagnostics)
            return EXIT_CALL
        session.console.artefact(text)
        return EXIT_FINE

    return session.guarded(file, act)


def recoupled(source: Source, options: CompileOptions, name: str, to: str) -> str:
    """What the command prints. Raises CompileError: about `source`, or about the bracketing as a source of its own."""
    from fusionc.check.bracketing import parse_bracketing
    from fusionc.check.recouple import recouple, recoupling_text
    from fusionc.compiler import check_source
    from fusionc.diagnostics import CompileError, Diagnostic
    from fusionc.diagram.errors import unknown_override
    from fusionc.source import Source

    asked = Source(BRACKETING, to)
    program = check_source(source, replace(options, entry=None)).program
    trees = {tree.name: tree for tree in program.trees}
    if name not in trees:
        raise CompileError(asked, [unknown_override(name, "tree", trees)])
    tree = trees[name]
    shape = parse_bracketing(asked, tuple(leaf for leaf, _ in tree.leaves))
    fresh = _fresh(source, options, f"{name}_recoupled")
    found = recouple(tree, shape, fresh, program.group, options.limits)
    if isinstance(found, Diagnostic):
        raise CompileError(asked, [found])
    return recoupling_text(found, shape, program.group)


def _fresh(source: Source, options: CompileOptions, wanted: str) -> str:
    """A name that nothing in the source has, also not in other case or with other underscores."""
    from fusionc.syntax import ast
    from fusionc.syntax.parse import parse

    items = parse(source, options.limits).items
    taken = frozenset(_plain(item.name.text) for item in items if not isinstance(item, ast.Check | ast.GroupDecl))
    wished = (wanted, *(f"{wanted}_{n}" for n in range(2, len(taken) + 3)))
    plain = tuple(f"recoupled_{n}" for n in range(1, len(taken) + 2))
    return next(
        name
        for name in (*(name for name in wished if len(name) <= options.limits.name), *plain)
        if _plain(name) not in taken
    )


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
