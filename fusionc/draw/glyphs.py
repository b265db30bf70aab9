"""How each node looks: the room it takes, and its shapes."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import assert_never

from fusionc.draw.graph import Glyph, Node
from fusionc.draw.layout import Extent
from fusionc.draw.scene import (
    Anchor,
    Circle,
    Curve,
    Fill,
    Ink,
    Point,
    Polygon,
    Rectangle,
    Shape,
    Text,
    Tone,
    text_width,
)

SIZE = 12.5
SMALL = 11.0
LINE = 15.0
RADIUS = 13.0
SQUARE = 11.0
LEAD = 12.0
"""Of the wire between a weight and the glyph that reads it."""
CAPTION = 8.0
"""Between a glyph and what is written beside it."""

BOXED = (Glyph.INPUT, Glyph.OUTPUT)


def extent_of(node: Node) -> Extent:
    """The room for the glyph with all that is written beside it."""
    if node.glyph in BOXED:
        half = max(text_width(node.name, SIZE), *(text_width(line, SMALL) for line in node.irreps)) / 2 + 12
        high = LINE * (1 + len(node.irreps)) / 2 + 6
        return Extent(half, half, high, high, high, high, half * 0.6)
    reach, rise, drop = _reach(node)
    lines = _caption_lines(node)
    right = reach + (CAPTION + max(_line_width(*line) for line in lines) if lines else 0.0)
    left = reach
    if node.weights:
        words = [text for weight in node.weights for text in (weight.name, weight.detail)]
        left += LEAD + SQUARE + 5 + max(text_width(text, SMALL) for text in words)
    high = max(rise, drop, LINE * len(lines) / 2, LINE * len(node.weights))
    return Extent(left, right, high, high, 0.0, 0.0, reach - 4)


def shapes_of(node: Node, at: Point) -> Iterator[Shape]:
    """The node with its port at `at`."""
    if node.glyph in BOXED:
        yield from _box(node, at)
        return
    yield from _docked(node, at)
    yield from _glyph(node, at)
    yield from _caption(node, at)


def ink_of(node: Node) -> Ink:
    return Ink(node.space.value)


# ------------------------------------------------------------------ captions


def _caption_lines(node: Node) -> list[tuple[str, str]]:
    """Lines beside a glyph: what is bold, and what follows it in plain."""
    lines = [(node.name, node.what)] if node.name or node.what else []
    return lines + [("", line) for line in node.irreps]


def _line_width(bold: str, plain: str) -> float:
    return text_width(bold + (" " if bold and plain else ""), SIZE) + text_width(plain, SMALL)


def _caption(node: Node, at: Point) -> Iterator[Shape]:
    lines = _caption_lines(node)
    x = at.x + _reach(node)[0] + CAPTION
    y = at.y - LINE * len(lines) / 2 + 11
    for bold, plain in lines:
        if bold:
            yield Text(Point(x, y), bold, SIZE, Ink.TEXT, bold=True)
        if plain:
            after = text_width(bold + " ", SIZE) if bold else 0.0
            yield Text(Point(x + after, y), plain, SMALL, Ink.MUTED)
        y += LINE


def _docked(node: Node, at: Point) -> Iterator[Shape]:
    """Learned weights at the left of the glyph that reads them."""
    reach = _reach(node)[0]
    y = at.y - LINE * (len(node.weights) - 1)
    for weight in node.weights:
        square = at.x - reach - LEAD - SQUARE
        yield Curve(Point(square + SQUARE, y), ((Point(at.x - reach / 2, at.y),),), Ink.ONCE, 1.4)
        yield from _square(Point(square, y - SQUARE / 2), Ink.ONCE)
        yield Text(Point(square - 5, y - 2), weight.name, SMALL, Ink.TEXT, Anchor.END)
        yield Text(Point(square - 5, y + 11), weight.detail, SMALL, Ink.MUTED, Anchor.END)
        y += 2 * LINE


def _square(corner: Point, ink: Ink) -> Iterator[Shape]:
    yield Rectangle(corner, SQUARE, SQUARE, 1.5, Fill(ink), ink)


def _box(node: Node, at: Point) -> Iterator[Shape]:
    extent, ink = extent_of(node), ink_of(node)
    corner = Point(at.x - extent.left, at.y - extent.up)
    width, height = extent.left + extent.right, extent.up + extent.down
    yield Rectangle(corner, width, height, 7.0, Fill(ink, Tone.TINT), ink)
    if node.glyph is Glyph.OUTPUT:
        inner = Point(corner.x + 3, corner.y + 3)
        yield Rectangle(inner, width - 6, height - 6, 4.5, Fill(ink, Tone.TINT), ink)
    y = at.y - extent.up + 18
    yield Text(Point(at.x, y), node.name, SIZE, Ink.TEXT, Anchor.MIDDLE, bold=True)
    for n, line in enumerate(node.irreps, 1):
        yield Text(Point(at.x, y + n * LINE), line, SMALL, Ink.MUTED, Anchor.MIDDLE)


# -------------------------------------------------------------------- glyphs


def _reach(node: Node) -> tuple[float, float, float]:
    """From the port to the sides of the glyph, to its upper and to its lower end."""
    match node.glyph:
        case Glyph.COUPLING | Glyph.POWER | Glyph.TREE | Glyph.SYMBOL:
            return RADIUS, RADIUS, RADIUS
        case Glyph.SUM:
            return 15.0, 11.0, 15.0
        case Glyph.GATHER:
            return 9.0, 9.0, 9.0
        case Glyph.MIXING:
            return 6.0, 6.0, 6.0
        case Glyph.BAR:
            return 20.0, 3.0, 3.0
        case Glyph.WEIGHT:
            return SQUARE / 2, SQUARE / 2, SQUARE / 2
        case Glyph.INPUT | Glyph.OUTPUT:
            raise AssertionError("a box is as large as its text")
        case _:
            assert_never(node.glyph)


def _glyph(node: Node, at: Point) -> Iterator[Shape]:
    ink, (x, y) = ink_of(node), at
    match node.glyph:
        case Glyph.COUPLING:
            arm = RADIUS / sqrt(2)
            yield Circle(at, RADIUS, Fill(Ink.PAPER), ink)
            for sign in (-1, 1):
                yield Curve(Point(x - arm, y - sign * arm), ((Point(x + arm, y + sign * arm),),), ink)
        case Glyph.POWER:
            yield Circle(at, RADIUS, Fill(Ink.PAPER), ink)
            yield Circle(at, RADIUS - 3.5, Fill(ink, Tone.TINT), ink)
            yield _symbol(node.symbol, at, Ink.TEXT)
        case Glyph.SYMBOL:
            yield Circle(at, RADIUS, Fill(Ink.PAPER), ink)
            yield _symbol(node.symbol, at, Ink.TEXT)
        case Glyph.TREE:
            yield Circle(at, RADIUS, Fill(Ink.PAPER), ink)
            yield Curve(Point(x - 6, y - 7), ((Point(x, y),), (Point(x, y + 8),)), ink)
            yield Curve(Point(x + 6, y - 7), ((Point(x, y),),), ink)
        case Glyph.SUM:
            yield Polygon((Point(x - 15, y - 11), Point(x + 15, y - 11), Point(x, y + 15)), Fill(ink), ink)
            yield Text(Point(x, y + 2.5), node.symbol, SIZE, Ink.PAPER, Anchor.MIDDLE, bold=True)
        case Glyph.GATHER:
            yield Circle(at, 9.0, Fill(ink), ink)
            yield Text(Point(x, y + 3.5), node.symbol, SMALL, Ink.PAPER, Anchor.MIDDLE, bold=True)
        case Glyph.MIXING:
            yield Circle(at, 6.0, Fill(ink), ink)
        case Glyph.BAR:
            yield Rectangle(Point(x - 20, y - 3), 40.0, 6.0, 3.0, Fill(ink), ink)
        case Glyph.WEIGHT:
            yield from _square(Point(x - SQUARE / 2, y - SQUARE / 2), ink)
        case Glyph.INPUT | Glyph.OUTPUT:
            raise AssertionError("a box is drawn with its text")
        case _:
            assert_never(node.glyph)


def _symbol(text: str, at: Point, ink: Ink) -> Text:
    return Text(Point(at.x, at.y + 4.2), text, SIZE, ink, Anchor.MIDDLE, bold=True)
