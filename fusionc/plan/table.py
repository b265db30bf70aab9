"""The plan as text: what goes in, the paths, the rewrites, the steps and their costs, in tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from textwrap import wrap
from typing import Any

from fusionc.plan.report import Json, PlanReport

WIDTH = 120

MODELS = {"torch": "a PyTorch module", "kernel": "a straight-line kernel"}


def text_of(report: PlanReport) -> str:
    """Every diagram of the report, and the identities that were proved."""
    whole = report.to_dict()
    lines = [f"proved: {identity}" for identity in whole["identities"]]
    for diagram in whole["diagrams"]:
        lines += ["", *diagram_lines(diagram, whole["group"])] if lines else diagram_lines(diagram, whole["group"])
    return "".join(f"{line.rstrip()}\n" for line in lines)


def diagram_lines(diagram: Json, group: str) -> list[str]:
    """One diagram of `fusionc-plan/1`."""
    signs = "e3nn 0.5 and later" if diagram["convention"] == "e3nn" else "e3nn 0.4"
    parts = (
        _arguments(diagram),
        _weights(diagram),
        _paths(diagram),
        _coefficients(diagram),
        _steps(diagram),
        _cost(diagram),
        _savings(diagram),
    )
    lines = [f"diagram {diagram['name']}, group {group}, signs of {signs}"]
    for part in parts:
        if part:
            lines += ["", *part]
    return lines


def columns(header: Sequence[str], rows: Iterable[Sequence[str]], right: str = "") -> list[str]:
    """A table; the columns whose letter in `right` is `>` are flush right, the last is never padded."""
    cells = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(header))]
    flush = right.ljust(len(header), "<")

    def line(row: Sequence[str]) -> str:
        placed = zip(row, widths, flush, strict=True)
        padded = [cell.rjust(width) if side == ">" else cell.ljust(width) for cell, width, side in placed]
        return f"  {'  '.join(padded)}".rstrip()

    return [line(row) for row in cells]


def _arguments(diagram: Json) -> list[str]:
    rows = [
        ("argument", slot["name"], slot["space"], slot["irreps"] or _KINDS[slot["kind"]]) for slot in diagram["inputs"]
    ]
    rows += [("output", output["name"], output["space"], output["irreps"]) for output in diagram["outputs"]]
    return columns(("", "name", "lives on", "irreps"), rows)


_KINDS = {
    "edge_index": "int64 [2, edges]: sender, receiver",
    "class": "int64: the class of each element",
    "batch": "int64: the graph of each node",
    "num_nodes": "int",
    "num_graphs": "int",
}


def _weights(diagram: Json) -> list[str]:
    rows = [
        (w["name"], w["kind"], ", ".join(str(length) for length in w["shape"]), str(len(w["slices"])))
        for w in diagram["weights"]
    ]
    return columns(("weight", "", "shape", "paths"), rows, "<<<>") if rows else []


def _paths(diagram: Json) -> list[str]:
    """One table a statement."""
    lines: list[str] = []
    for (statement, kind), group in groupby(diagram["paths"], key=lambda p: (p["statement"], p["kind"])):
        rows = [_path_row(path) for path in group]
        header = ("path", "from", "to", "mode", "label", "normalisation", "weight")
        title = f"{statement}: {_counted(len(rows), 'path')} of a {kind}{_VERTICES.get(kind, '')}"
        lines += ["", title, *columns(header, rows, ">")]
    return lines[1:]


_VERTICES = dict.fromkeys(("power", "tree"), ", each vertex sqrt(2l+1) w3j times the normalisation of the path")


def _path_row(path: Json) -> tuple[str, ...]:
    leaves = path["leaves"] if "leaves" in path else [path["left"], path["right"]]
    weight = path["weight"]
    return (
        str(path["path"]),
        " * ".join(_place(leaf) for leaf in leaves),
        _place(path["out"]),
        path["mode"],
        path["label"],
        path["normalization"]["factor"],
        "" if weight is None else _slice(weight),
    )


def _place(place: Json) -> str:
    return f"{place['value']}.{place['segment']} {place['irreps']}"


def _slice(weight: Json) -> str:
    numel = 1
    for length in weight["shape"]:
        numel *= length
    shape = "x".join(str(length) for length in weight["shape"])
    return f"{weight['name']}[{weight['offset']}:{weight['offset'] + numel}] as {shape}"


def _coefficients(diagram: Json) -> list[str]:
    """Each coupling once, its non-zeros by value."""
    if not diagram["coefficients"]:
        return []
    lines = ["couplings: the non-zeros of w3j by component (left, right, out)"]
    for label, entries in diagram["coefficients"].items():
        places: dict[str, list[str]] = {}
        for i, j, k, value in entries:
            places.setdefault(value, []).append(f"{i},{j},{k}")
        text = "; ".join(f"{value} at {' '.join(found)}" for value, found in places.items())
        first, *rest = wrap(text, WIDTH - 4 - len(label), break_long_words=False)
        lines.append(f"  {label}  {first}")
        lines += [" " * (4 + len(label)) + line for line in rest]
    return lines


def _savings(diagram: Json) -> list[str]:
    """From naive to planned; what is not last in a column adds up to what is."""
    naive, planned = (diagram["cost"][key]["multiply_adds"] for key in ("naive", "planned"))
    rows = [("naive", _number(naive), "", "", "")]
    for r in diagram["rewrites"]:
        saved = r["before"] - r["after"]
        rows.append((r["name"], _number(-saved), _share(saved, naive), _number(r["after"]), _removed(r)))
    rows.append(("planned", _number(planned), _share(planned, naive), "", ""))
    lines = columns(("multiply-adds", "", "of naive", "left", "vertices"), rows, "<>>>")
    return [*lines, *(f"  {bound_text(bound)}" for bound in diagram["bounds"])]


def bound_text(bound: Json) -> str:
    """In a sentence."""
    return f"bound met: {bound['name']} went no further than {bound['limit']} {bound['what']}; there may be better"


def _removed(rewrite: Json) -> str:
    number = rewrite["vertices_removed"]
    return f"{abs(number):,} {'fewer' if number > 0 else 'more'}" if number else ""


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else ""


def _steps(diagram: Json) -> list[str]:
    rows = [
        (
            f"#{step['step']}",
            step["kind"] if step["kind"] != "couple" or step["first"] == "both" else f"couple, {step['first']} first",
            ", ".join(step["statements"]),
            _short(step["operands"], 4),
            _short(step["labels"], 3),
            step["space"],
            _number(step["cost"]["multiply_adds"]),
            _number(step["cost"]["bytes"]),
        )
        for step in diagram["steps"]
    ]
    header = ("step", "", "for", "operands", "labels", "loop over", "multiply-adds", "bytes")
    return columns(header, rows, "<<<<<<>>")


def _short(names: list[str], most: int) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown}, {len(names) - most} more"


def _cost(diagram: Json) -> list[str]:
    naive, planned = diagram["cost"]["naive"], diagram["cost"]["planned"]
    measured = [(what, of(naive), of(planned)) for what, of in _measures(naive, planned)]
    rows = [_cost_row(*row) for row in measured if any(row[1:])]
    degree = diagram["degree"]
    of = MODELS[diagram["model"]]
    title = f"cost per element, of {of}; in sums over spaces an edge counts {degree} times, a node once"
    return [title, *columns(("", "naive", "planned", "ratio"), rows, "<>>>")]


def _measures(naive: Json, planned: Json) -> Iterator[tuple[str, Any]]:
    spaces = dict.fromkeys([*naive["spaces"], *planned["spaces"]])
    for space in spaces:
        for key, what in (
            ("multiply_adds_per_channel", "multiply-adds a channel"),
            ("multiply_adds", "multiply-adds"),
            ("bytes", "bytes read and written"),
        ):
            yield f"{space}: {what}", lambda cost, s=space, k=key: cost["spaces"].get(s, {}).get(k, 0)
    yield "all: multiply-adds", lambda cost: cost["multiply_adds"]
    yield "all: bytes read and written", lambda cost: cost["bytes"]
    yield "peak temporary bytes", lambda cost: cost["peak_temporary_bytes"]


def _cost_row(what: str, naive: int, planned: int) -> tuple[str, str, str, str]:
    return what, _number(naive), _number(planned), f"{naive / planned:.2f}" if planned else ""


def _number(value: int) -> str:
    return f"{value:,}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
