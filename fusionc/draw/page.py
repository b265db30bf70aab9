"""The plan of a program as one page of HTML: pictures, tables, exact coefficients on demand; no script, nothing from
elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from fusionc import __version__
from fusionc.draw.diagram import graph_of
from fusionc.draw.markup import Markup, Part, element, folded, joined, table, written
from fusionc.draw.network import scene_of
from fusionc.draw.picture import WIDE
from fusionc.draw.scene import flowed
from fusionc.draw.style import STYLE
from fusionc.draw.svg import HEAD, svg_element
from fusionc.draw.tree import scene_of_tree
from fusionc.plan.report import Json, PlanReport
from fusionc.plan.table import MODELS, bound_text

MANY = 24
"""Rows from which a table of paths is folded away at first."""


def page_of(report: PlanReport, title: str) -> str:
    """`title` is the file's name."""
    whole = report.to_dict()
    drawn = {diagram.name: svg_element(scene_of(graph_of(diagram))) for diagram, _ in report.pairs()}
    parts = [element("header", element("h1", title), element("p", _about(whole, report.sha256), cls="about"))]
    if whole["identities"]:
        proved = joined(element("li", element("code", line)) for line in whole["identities"])
        parts.append(element("section", element("h2", "proved"), element("ul", proved, cls="proved")))
    if report.program.trees:
        trees = flowed("trees", [scene_of_tree(tree, report.program.group) for tree in report.program.trees], WIDE)
        parts.append(element("section", element("h2", "trees"), element("figure", Markup(svg_element(trees)))))
    parts += [_section(diagram, Markup(drawn[diagram["name"]])) for diagram in whole["diagrams"]]
    head = joined(
        (
            Markup('<meta charset="utf-8">'),
            Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            Markup('<meta name="color-scheme" content="light dark">'),
            element("title", f"{title}: plan"),
            element("style", Markup(STYLE)),
        )
    )
    body = joined((*parts, element("footer", f"fusionc {__version__}")))
    page = f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head.html}\n</head>\n<body>\n{body.html}\n</body>\n</html>\n'
    return HEAD.format(version=written(__version__)) + page


def _about(whole: Json, sha256: str) -> Markup:
    """The group, and the hash that a generated module repeats."""
    return joined((f"group {whole['group']}", joined(("plan ", element("code", sha256[:16])), "")), " · ")


def _section(diagram: Json, picture: Markup) -> Markup:
    signs = "e3nn 0.5 and later" if diagram["convention"] == "e3nn" else "e3nn 0.4"
    parts: list[Part] = [
        element("h2", f"diagram {diagram['name']}"),
        _cards(diagram),
        element("figure", picture),
        *_titled("What goes in and out", _arguments(diagram)),
        *_titled("Weights", _weights(diagram)),
        *_titled("Paths", *_paths(diagram)),
        *_titled(f"Couplings, in the signs of {signs}", *_couplings(diagram)),
        *_titled("Steps", _steps(diagram)),
        *_titled(f"Cost of {MODELS[diagram['model']]}, an edge counted {diagram['degree']} times", _cost(diagram)),
        *_titled("From naive to planned", _savings(diagram), _bounds(diagram)),
    ]
    return element("section", joined(parts))


def _titled(title: str, *parts: Markup | None) -> Iterator[Markup]:
    found = [part for part in parts if part is not None]
    if found:
        yield element("h3", title)
        yield from found


# --------------------------------------------------------------------- cards


def _cards(diagram: Json) -> Markup:
    """The figures that matter most: naive, planned, and how much less."""
    naive, planned = diagram["cost"]["naive"], diagram["cost"]["planned"]
    measures = (
        ("multiply-adds a node", "multiply_adds"),
        ("bytes moved a node", "bytes"),
        ("peak temporary bytes", "peak_temporary_bytes"),
    )
    cards = [_card(what, naive[key], planned[key]) for what, key in measures]
    cards.append(element("div", element("b", str(len(diagram["paths"]))), element("span", "paths"), cls="card"))
    cards.append(element("div", element("b", str(len(diagram["steps"]))), element("span", "steps"), cls="card"))
    return element("div", joined(cards), cls="cards")


def _card(what: str, naive: int, planned: int) -> Markup:
    if not naive or not planned or naive == planned:
        times = "as naive"
    else:
        times = f"{naive / planned:.2f}x less than naive" if planned < naive else f"{planned / naive:.2f}x naive"
    return element("div", element("b", f"{planned:,}"), element("span", what), element("i", times), cls="card")


# -------------------------------------------------------------------- tables


def _code(text: str, wraps: bool = False) -> Markup:
    return element("code", text, cls="wraps" if wraps else "")


def _space(name: str) -> Markup:
    return element("span", name, cls=f"space {name if name in SPACES else ''}".strip())


SPACES = ("once", "batch", "node", "edge", "graph")


def _arguments(diagram: Json) -> Markup:
    rows: list[tuple[Part, ...]] = [
        ("input" if slot["kind"] == "tensor" else slot["kind"], *_tensor(slot)) for slot in diagram["inputs"]
    ]
    rows += [("output", *_tensor(output)) for output in diagram["outputs"]]
    return table(("", "name", "lives on", "irreps"), rows)


def _tensor(entry: Json) -> tuple[Part, Part, Part]:
    return _code(entry["name"]), _space(entry["space"]), _code(entry["irreps"] or "")


def _weights(diagram: Json) -> Markup | None:
    rows = []
    for weight in diagram["weights"]:
        slices: Part = "0"
        if weight["slices"]:
            cut = [(str(s["path"]), _code(s["label"]), str(s["offset"]), _shape(s["shape"])) for s in weight["slices"]]
            slices = folded(f"{len(cut)}", table(("path", "label", "offset", "shape"), cut, (0, 2)))
        rows.append((_code(weight["name"]), weight["kind"], _shape(weight["shape"]), slices))
    return table(("name", "", "shape", "paths"), rows) if rows else None


def _shape(lengths: list[object]) -> str:
    return " x ".join(str(length) for length in lengths)


def _paths(diagram: Json) -> Iterator[Markup]:
    """One table a statement, long ones folded."""
    for (statement, kind), group in groupby(diagram["paths"], key=lambda path: (path["statement"], path["kind"])):
        rows = [_path(path) for path in group]
        header = ("path", "from", "to", "mode", "label", "normalisation", "weight")
        title = joined(
            (element("b", statement), f" {len(rows)} {'path' if len(rows) == 1 else 'paths'} of a {kind}"), ""
        )
        yield folded(title, table(header, rows, (0,)), opened=len(rows) <= MANY)


def _path(path: Json) -> tuple[Part, ...]:
    leaves = path["leaves"] if "leaves" in path else [path["left"], path["right"]]
    weight = path["weight"]
    taken = f"{weight['name']} at {weight['offset']:,}, {_shape(weight['shape'])}" if weight else ""
    return (
        str(path["path"]),
        _code(" * ".join(_place(leaf) for leaf in leaves)),
        _code(_place(path["out"])),
        path["mode"],
        _code(path["label"]),
        _code(path["normalization"]["factor"]),
        taken,
    )


def _place(place: Json) -> str:
    return f"{place['value']}.{place['segment']} {place['irreps']}"


def _couplings(diagram: Json) -> Iterator[Markup]:
    """Each coupling once: the non-zeros of its 3j tensor."""
    folds = []
    for label, entries in diagram["coefficients"].items():
        places: dict[str, list[str]] = {}
        for i, j, k, value in entries:
            places.setdefault(value, []).append(f"{i},{j},{k}")
        rows = [(_code(value), "  ".join(found)) for value, found in places.items()]
        count = f"{len(entries)} non-zero{'' if len(entries) == 1 else 's'}"
        title = joined((_code(label), f" {count}"), "")
        folds.append(folded(title, table(("value", "components (left, right, out)"), rows)))
    if folds:
        yield element("div", joined(folds), cls="couplings")


def _savings(diagram: Json) -> Markup:
    """What is between naive and planned adds up to their difference."""
    naive, planned = (diagram["cost"][key]["multiply_adds"] for key in ("naive", "planned"))
    rows: list[tuple[Part, ...]] = [("naive", f"{naive:,}", "", "", "")]
    for rewrite in diagram["rewrites"]:
        saved, removed = rewrite["before"] - rewrite["after"], rewrite["vertices_removed"]
        change = f"{abs(removed):,} {'fewer' if removed > 0 else 'more'}" if removed else ""
        rows.append((rewrite["name"], f"{-saved:,}", _share(saved, naive), f"{rewrite['after']:,}", change))
    rows.append(("planned", f"{planned:,}", _share(planned, naive), "", ""))
    return table(("", "multiply-adds", "of naive", "left", "vertices"), rows, (1, 2, 3, 4))


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else ""


def _bounds(diagram: Json) -> Markup | None:
    """Searches that stopped early."""
    lines = [element("li", bound_text(bound)) for bound in diagram["bounds"]]
    return element("ul", joined(lines)) if lines else None


def _steps(diagram: Json) -> Markup | None:
    """In order of evaluation; the bar is the share of all multiply-adds, an edge counted as often as in the cost."""
    degree = diagram["degree"]
    weights = [step["cost"]["multiply_adds"] * (degree if step["space"] == "edge" else 1) for step in diagram["steps"]]
    whole = sum(weights) or 1
    rows = []
    for step, weight in zip(diagram["steps"], weights, strict=True):
        first = "" if step["kind"] != "couple" or step["first"] == "both" else f", {step['first']} first"
        rows.append(
            (
                f"#{step['step']}",
                step["kind"] + first,
                ", ".join(step["statements"]),
                _listed(step["operands"], 4),
                _listed(step["labels"], 4),
                _space(step["space"]),
                f"{step['cost']['multiply_adds']:,}",
                f"{step['cost']['bytes']:,}",
                element("span", cls="bar", style=f"width: {100 * weight / whole:.1f}%"),
            )
        )
    header = ("step", "", "for", "operands", "labels", "loop over", "multiply-adds", "bytes", "share")
    return table(header, rows, (6, 7)) if rows else None


def _listed(names: list[str], most: int) -> Part:
    """The first names, the others on demand."""
    shown = _code(", ".join(names[:most]))
    if len(names) <= most:
        return shown
    return folded(joined((shown, f", {len(names) - most} more"), ""), _code(", ".join(names[most:]), wraps=True))


def _cost(diagram: Json) -> Markup:
    naive, planned = diagram["cost"]["naive"], diagram["cost"]["planned"]
    rows: list[tuple[Part, ...]] = []
    for space in dict.fromkeys([*naive["spaces"], *planned["spaces"]]):
        for key, what in (
            ("multiply_adds_per_channel", "multiply-adds a channel"),
            ("multiply_adds", "multiply-adds"),
            ("bytes", "bytes read and written"),
        ):
            old, new = (cost["spaces"].get(space, {}).get(key, 0) for cost in (naive, planned))
            rows += [_compared(_space(space), what, old, new)] if old or new else []
    rows.append(_compared("all", "multiply-adds", naive["multiply_adds"], planned["multiply_adds"]))
    rows.append(_compared("all", "bytes read and written", naive["bytes"], planned["bytes"]))
    rows.append(_compared("", "peak temporary bytes", naive["peak_temporary_bytes"], planned["peak_temporary_bytes"]))
    return table(("", "", "naive", "planned", "ratio"), rows, (2, 3, 4))


def _compared(space: Part, what: str, naive: int, planned: int) -> tuple[Part, ...]:
    return space, what, f"{naive:,}", f"{planned:,}", f"{naive / planned:.2f}" if planned else ""
