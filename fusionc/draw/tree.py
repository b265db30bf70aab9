"""A fusion tree as physicists draw it: leaves above, the root below, every line at one slope, labels on the edges.

A vertex lies where the falling line of its leftmost leaf meets that of its rightmost. So an F-move is the familiar
picture: the inner edge turns from one diagonal to the other, and nothing else moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fusionc.algebra.irrep import Group, Irrep
from fusionc.check.trees import CheckedTree
from fusionc.draw.glyphs import LINE, SIZE, SMALL
from fusionc.draw.scene import Anchor, Circle, Curve, Fill, Ink, Point, Scene, Shape, Text, moved, text_width

MARGIN = 24.0
TITLE = 40.0
SPACING = 96.0
"""Between leaves, at least."""
SLOPE = 0.85
"""Down for each unit to the side."""
STEM = 46.0
ROW = 3
"""Alternatives of a label in one line."""


@dataclass(frozen=True, slots=True)
class Branching:
    """A vertex of the tree in the plane: where it is, and where its leftmost and rightmost leaves are."""

    name: str
    at: Point
    left: float
    right: float


def scene_of_tree(tree: CheckedTree, group: Group) -> Scene:
    """Leaves in the order of the bracketing, which need not be the order in which they are declared."""
    order = leaf_order(tree)
    labels = dict(tree.leaves)
    captions = {node.name: edge_lines(node.name, node.labels, group) for node in tree.edges}
    widest = max((_room(lines) for lines in captions.values()), default=0.0)
    names = max(text_width(name, SIZE) for name in order)
    spacing = max(SPACING, widest + 34, names + 30)
    top = 2 * LINE + 6
    places = {name: Point(n * spacing, top) for n, name in enumerate(order)}
    spread = _branchings(tree, places)
    shapes = [*_lines(tree, places, spread)]
    for name in order:
        x = places[name].x
        shapes.append(Text(Point(x, 11), name, SIZE, Ink.TEXT, Anchor.MIDDLE, bold=True))
        shapes.append(Text(Point(x, 11 + LINE), labels[name].text(group), SMALL, Ink.MUTED, Anchor.MIDDLE))
    for node in tree.edges:
        shapes += _edge_label(captions[node.name], spread[node.name].at, _parent(tree, spread, node.name))
    root = spread[tree.nodes[-1].name]
    foot = root.at.y + STEM
    shapes.append(Text(Point(root.at.x, foot + 14), "out", SIZE, Ink.TEXT, Anchor.MIDDLE, bold=True))
    shapes.append(Text(Point(root.at.x, foot + 14 + LINE), tree.root.text(group), SMALL, Ink.MUTED, Anchor.MIDDLE))
    return _framed(f"tree {tree.name}", shapes, places[order[-1]].x, foot + 14 + LINE + 4, names)


def leaf_order(tree: CheckedTree) -> tuple[str, ...]:
    """The leaves as the bracketing has them, from left to right."""
    order: dict[str, tuple[str, ...]] = {name: (name,) for name, _ in tree.leaves}
    for node in tree.nodes:
        order[node.name] = order[node.left] + order[node.right]
    return order[tree.nodes[-1].name] if tree.nodes else tuple(name for name, _ in tree.leaves)


def edge_lines(name: str, labels: tuple[Irrep, ...], group: Group) -> tuple[str, ...]:
    """`e: 0e | 1e | 2e` in lines that stay short; an edge without a name shows its labels only."""
    texts = [label.text(group) for label in labels]
    rows = [" | ".join(texts[n : n + ROW]) for n in range(0, len(texts), ROW)]
    rows = [f"{row} |" for row in rows[:-1]] + rows[-1:]
    if name.startswith("#"):
        return tuple(rows)
    return (f"{name}: {rows[0]}", *rows[1:]) if rows else (name,)


def _room(lines: tuple[str, ...]) -> float:
    """The width of a label, with that by which the next line of its slope comes nearer from row to row."""
    return max(text_width(line, SMALL) for line in lines) + (len(lines) - 1) * LINE / SLOPE


def _framed(title: str, shapes: list[Shape], reach: float, foot: float, names: float) -> Scene:
    """With a title, and room for the names of the outer leaves."""
    aside = max(names / 2, 20.0)
    width = max(reach + 2 * aside, text_width(title, SIZE + 2))
    aside += (width - reach - 2 * aside) / 2
    drawn = [moved(shape, MARGIN + aside, MARGIN + TITLE) for shape in shapes]
    head = Text(Point(MARGIN, MARGIN + 10), title, SIZE + 2, Ink.TEXT, bold=True)
    return Scene(title, width + 2 * MARGIN, MARGIN + TITLE + foot + MARGIN, (head, *drawn))


def _branchings(tree: CheckedTree, places: dict[str, Point]) -> dict[str, Branching]:
    spans = {name: (point.x, point.x) for name, point in places.items()}
    top = next(iter(places.values())).y
    found: dict[str, Branching] = {}
    for node in tree.nodes:
        left, right = spans[node.left][0], spans[node.right][1]
        spans[node.name] = (left, right)
        at = Point((left + right) / 2, top + SLOPE * (right - left) / 2)
        found[node.name] = Branching(node.name, at, left, right)
    return found


def _lines(tree: CheckedTree, places: dict[str, Point], spread: dict[str, Branching]) -> Iterator[Shape]:
    """Lines first, vertices upon them."""
    for node in tree.nodes:
        for child in (node.left, node.right):
            start = places[child] if child in places else spread[child].at
            yield Curve(start, ((spread[node.name].at,),), Ink.NODE)
    root = spread[tree.nodes[-1].name].at
    yield Curve(root, ((Point(root.x, root.y + STEM),),), Ink.NODE)
    for node in tree.nodes:
        yield Circle(spread[node.name].at, 4.5, Fill(Ink.NODE), Ink.NODE)


def _parent(tree: CheckedTree, spread: dict[str, Branching], name: str) -> Point:
    return next(spread[node.name].at for node in tree.nodes if name in (node.left, node.right))


def _edge_label(lines: tuple[str, ...], start: Point, end: Point) -> Iterator[Shape]:
    """Below the middle of a slanting edge, on its outer side."""
    falls_right = end.x > start.x
    x, y = (start.x + end.x) / 2, (start.y + end.y) / 2
    anchor = Anchor.END if falls_right else Anchor.START
    aside = -9.0 if falls_right else 9.0
    for n, line in enumerate(lines):
        yield Text(Point(x + aside, y + 11 + n * LINE), line, SMALL, Ink.TEXT, anchor)
