"""A program as one picture, in the language of a file's suffix."""

from __future__ import annotations

from typing import Literal, assert_never

from fusionc import __version__
from fusionc.check.ir import CheckedProgram
from fusionc.diagnostics import Diagnostic
from fusionc.diagram.errors import unknown_override
from fusionc.draw.diagram import graph_of
from fusionc.draw.dot import dot_file, dot_of_graph, dot_of_tree
from fusionc.draw.network import scene_of, size_of
from fusionc.draw.scene import Scene, flowed, stacked
from fusionc.draw.svg import svg_file
from fusionc.draw.tikz import tikz_file
from fusionc.draw.tree import scene_of_tree
from fusionc.options import Limits
from fusionc.plan.errors import too_large_to_draw

Form = Literal["svg", "dot", "tex"]
WIDE = 1100.0
"""Trees stand beside each other up to this width."""


def drawn(program: CheckedProgram, form: Form) -> str:
    """All trees and diagrams of a program."""
    match form:
        case "svg":
            return svg_file(scene_of_program(program), __version__)
        case "tex":
            return tikz_file(scene_of_program(program), __version__)
        case "dot":
            trees = [dot_of_tree(tree, program.group) for tree in program.trees]
            return dot_file([*trees, *(dot_of_graph(graph_of(diagram)) for diagram in program.diagrams)], __version__)
        case _:
            assert_never(form)


def scene_of_program(program: CheckedProgram) -> Scene:
    """The trees in rows, the diagrams below them."""
    trees = [scene_of_tree(tree, program.group) for tree in program.trees]
    diagrams = [scene_of(graph_of(diagram)) for diagram in program.diagrams]
    title = ", ".join(scene.title for scene in (*trees, *diagrams)) or "nothing to draw"
    return stacked(title, [flowed(title, trees, WIDE), *diagrams])


def selected(program: CheckedProgram, entry: str) -> CheckedProgram | Diagnostic:
    """The program with this diagram or tree alone; what is wrong when it has neither."""
    trees = tuple(tree for tree in program.trees if tree.name == entry)
    diagrams = tuple(diagram for diagram in program.diagrams if diagram.name == entry)
    if trees or diagrams:
        return CheckedProgram(program.group, trees, diagrams, program.identities)
    names = dict.fromkeys((*(tree.name for tree in program.trees), *(diagram.name for diagram in program.diagrams)))
    return unknown_override(entry, "diagram or tree", names)


def oversize(program: CheckedProgram, limits: Limits, names: tuple[str, ...] | None = None) -> Diagnostic | None:
    """What is wrong when a diagram (of these names) has more than can be laid out, counted before anything is."""
    for diagram in program.diagrams:
        if names is not None and diagram.name not in names:
            continue
        size = size_of(graph_of(diagram))
        if size > limits.drawn:
            return too_large_to_draw(diagram.name, size, limits.drawn, diagram.span)
    return None
