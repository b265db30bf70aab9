"""Notes that a diagram equals a cheaper one: in the user's own words where the language has them, else in prose.

What is computed is the cheaper diagram anyway. The note is for who wants to read, or to change, what is computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from fusionc.check.ir import CheckedDiagram
from fusionc.compiler import Checked, Planned, check_source, plan_diagram
from fusionc.diagnostics import CompileError, Diagnostic, Label
from fusionc.network.count import multiply_adds
from fusionc.network.expand import expand
from fusionc.network.ir import Network
from fusionc.network.model import Model, Target
from fusionc.options import CompileOptions
from fusionc.plan.errors import cheaper_diagram
from fusionc.plan.ir import Plan
from fusionc.rewrite.drop_dead import drop_dead
from fusionc.source import Source, Span
from fusionc.syntax import ast
from fusionc.syntax.parse import parse
from fusionc.syntax.rearrange import applied, rearrangements
from fusionc.syntax.spelling import statement

LEAST = Fraction(3, 2)
"""How many times cheaper a diagram must be for a note."""

STEPS = 8
"""Rearrangements that are made one after the other."""

CHECKED_VERTICES = 200
"""Of a network: larger ones are planned by `fusionc plan` only, so that `fusionc check` stays quick."""

WAYS = {
    "hoist": "`hoist`: what does not depend on the summed index leaves the sum",
    "recouple": "`recouple`: trees are evaluated in another bracketing",
    "symmetrize": "`symmetrize`: trees of the same leaves are evaluated in a basis",
    "factor": "`factor`: what is coupled with the same leg is added up first",
}
"""The rewrites that a person could make."""

TELLING = Fraction(1, 20)
"""The share of the work that a rewrite must save to be named."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The file as it could be, the statements that are new, the places of those that change and of those that are
    not needed then, and how many times cheaper it is.
    """

    text: str
    statements: tuple[str, ...]
    changed: tuple[Span, ...]
    gone: tuple[Span, ...]
    times: Fraction


def notes(source: Source, options: CompileOptions, planned: Planned) -> tuple[Diagnostic, ...]:
    """One for each plan that needs at most 1/LEAST of the work as written."""
    found = (note_of(source, options, diagram, plan) for diagram, plan in planned.report.pairs())
    return tuple(note for note in found if note is not None)


def quick_notes(source: Source, options: CompileOptions, checked: Checked) -> tuple[Diagnostic, ...]:
    """The notes on diagrams of at most CHECKED_VERTICES, which are planned for it."""
    model = Model(Target(options.target), options.degree)
    wanted = (d for d in checked.program.diagrams if options.entry in (None, d.name))
    small = (d for d in wanted if len(expand(d).vertices) <= CHECKED_VERTICES)
    found = (note_of(source, options, d, plan_diagram(d, model)) for d in small)
    return tuple(note for note in found if note is not None)


def note_of(source: Source, options: CompileOptions, diagram: CheckedDiagram, plan: Plan) -> Diagnostic | None:
    start = plan.rewrites[0].after
    saved = {name: sum(r.before - r.after for r in plan.rewrites if r.name == name) for name in WAYS}
    left = start - sum(saved.values())
    if left <= 0 or start < LEAST * left:
        return None
    found = suggestion(source, options, diagram, plan.model)
    if found is not None:
        labels = (
            *(Label(place, "this could be written otherwise") for place in found.changed),
            *(Label(place, "this is not needed then") for place in found.gone),
        )
        help_ = tuple(f"write `{line}`" for line in found.statements)
        return cheaper_diagram(diagram.name, float(found.times), labels, help_)
    ways = [
        f"{text} (-{100 * saved[name] / start:.0f} %)" for name, text in WAYS.items() if saved[name] >= TELLING * start
    ]
    labels = (Label(diagram.span, f"{start:,} multiply-adds a node as written, {left:,} as computed"),)
    return cheaper_diagram(diagram.name, start / left, labels, tuple(ways))


def suggestion(source: Source, options: CompileOptions, diagram: CheckedDiagram, model: Model) -> Suggestion | None:
    """The same diagram, rearranged step by step as long as its work falls; None if LEAST is not reached.

    Every step is checked anew from its text: the same arguments, weights and outputs, or it is none.
    """
    file = parse(source, options.limits)
    first = next(item for item in file.items if isinstance(item, ast.Diagram) and item.name.text == diagram.name)
    start = least = multiply_adds(_network(diagram), model)
    current, text = first, source.text
    for _ in range(STEPS):
        better: tuple[int, ast.Diagram, str] | None = None
        for change in rearrangements(current):
            candidate = applied(current, change)
            pasted = _pasted(source.text, first, candidate)
            work = _work(Source(source.name, pasted), options, diagram, model)
            if work is not None and work < (least if better is None else better[0]):
                better = work, candidate, pasted
        if better is None:
            break
        least, current, text = better
    if current is first or start < LEAST * least:
        return None
    new = tuple(item for item in _assigns(current) if item not in first.items)
    kept = {item.target for item in new}
    spans = [(item.target in kept, item.span) for item in _assigns(first) if item not in current.items]
    changed, gone = (tuple(span for is_kept, span in spans if is_kept is wanted) for wanted in (True, False))
    return Suggestion(text, tuple(_text(item) for item in new), changed, gone, Fraction(start, max(1, least)))


def _network(diagram: CheckedDiagram) -> Network:
    return drop_dead(expand(diagram))


def _work(source: Source, options: CompileOptions, like: CheckedDiagram, model: Model) -> int | None:
    """Multiply-adds of the diagram in this text; None if it is no diagram with the same face."""
    try:
        diagrams = check_source(source, options).program.diagrams
    except CompileError:
        return None
    found = next(diagram for diagram in diagrams if diagram.name == like.name)
    return multiply_adds(_network(found), model) if _face(found) == _face(like) else None


def _face(diagram: CheckedDiagram) -> tuple[object, ...]:
    values = diagram.values
    outputs = tuple((o.name, values[o.value].irreps, values[o.value].space) for o in diagram.outputs)
    return diagram.signature, diagram.parameters, outputs


def _pasted(text: str, old: ast.Diagram, new: ast.Diagram) -> str:
    """The text with the statements of `new` in the places of those of `old` that they stand for."""
    kept = {item.target: item for item in new.items if isinstance(item, ast.Assign)}
    for item in reversed(old.items):
        if not isinstance(item, ast.Assign) or kept.get(item.target) == item:
            continue
        start, end = item.span.start, item.span.end
        if item.target in kept:
            text = text[:start] + _text(kept[item.target]) + text[end:]
        else:
            text = text[: text.rfind("\n", 0, start) + 1] + text[_after_line(text, end) :]
    return text


def _after_line(text: str, end: int) -> int:
    found = text.find("\n", end)
    return len(text) if found < 0 else found + 1


def _assigns(diagram: ast.Diagram) -> tuple[ast.Assign, ...]:
    return tuple(item for item in diagram.items if isinstance(item, ast.Assign))


def _text(item: ast.Assign) -> str:
    return "".join(piece.text for piece in statement(item))
