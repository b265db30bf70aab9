"""The steps of a plan in the DOT language: what reads what, in the order of evaluation."""

from __future__ import annotations

from collections.abc import Iterator

from fusionc import __version__
from fusionc.draw.dot import dot_file, dot_graph, quoted
from fusionc.draw.palette import LIGHT
from fusionc.draw.scene import Ink
from fusionc.plan.report import Json, PlanReport

SHOWN = 3
"""Labels of a step that are shown."""


def dot_of_plans(report: PlanReport) -> str:
    """One `digraph` for each diagram."""
    diagrams = report.to_dict()["diagrams"]
    return dot_file([dot_graph(f"plan of {d['name']}", _lines(d)) for d in diagrams], __version__)


def _lines(diagram: Json) -> Iterator[str]:
    sources: dict[str, str] = {}
    for slot in diagram["inputs"]:
        sources[slot["name"]] = f"a{len(sources)}"
        ink = Ink(slot["space"])
        shape = f'shape=box, style="rounded,filled", {_colours(ink)}'
        yield f"{sources[slot['name']]} [label={quoted(slot['name'], *_some(slot['irreps']))}, {shape}];"
    for weight in diagram["weights"]:
        if weight["name"] not in sources and weight["kind"] == "learned":
            sources[weight["name"]] = f"a{len(sources)}"
            lengths = " x ".join(str(length) for length in weight["shape"])
            label = quoted(weight["name"], lengths)
            yield f"{sources[weight['name']]} [label={label}, shape=box, {_colours(Ink.ONCE)}];"
    for step in diagram["steps"]:
        number, ink = step["step"], Ink(step["space"])
        labels = step["labels"][:SHOWN] + (["..."] if len(step["labels"]) > SHOWN else [])
        told = f"#{number} {step['kind']}, {', '.join(step['statements'])}"
        cost = f"{step['cost']['multiply_adds']:,} multiply-adds" if step["cost"]["multiply_adds"] else "no arithmetic"
        yield f"s{number} [label={quoted(told, *labels, cost)}, shape=box, style=filled, {_colours(ink)}];"
        for operand in step["operands"]:
            source = f"s{operand[1:]}" if operand.startswith("#") else sources.get(operand)
            if source is not None:
                yield f'{source} -> s{number} [color="{LIGHT.full(ink)}"];'


def _some(text: str | None) -> tuple[str, ...]:
    return () if text is None else (text,)


def _colours(ink: Ink) -> str:
    return f'color="{LIGHT.full(ink)}", fillcolor="{LIGHT.tint(ink)}"'
