"""`Graph -> Scene`: a diagram as a tensor network, inputs above, outputs below, with a legend of the index spaces."""

from __future__ import annotations

from fusionc.draw.glyphs import SIZE, SMALL, extent_of, shapes_of
from fusionc.draw.graph import Glyph, Graph
from fusionc.draw.layers import layered, ranks_of, span_of, untangled
from fusionc.draw.layout import Layout, placed
from fusionc.draw.scene import Curve, Ink, Point, Scene, Shape, Text, moved, text_width

MARGIN = 24.0
TITLE = 34.0
LEGEND = 40.0


def size_of(graph: Graph) -> int:
    """Vertices that a layout would have to place, counted before any is made."""
    edges = tuple((edge.source, edge.target) for edge in graph.edges)
    return span_of(_ranks(graph), edges)


def layout_of(graph: Graph) -> Layout:
    """The place of each node, and the way of each edge."""
    edges = tuple((edge.source, edge.target) for edge in graph.edges)
    return placed(untangled(layered(_ranks(graph), edges)), [extent_of(node) for node in graph.nodes])


def scene_of(graph: Graph) -> Scene:
    layout = layout_of(graph)
    legend = _legend(graph)
    wide = max(layout.width, text_width(graph.title, SIZE + 2), legend.width)
    aside = (wide - layout.width) / 2
    drawn: list[Shape] = [
        Curve(start, parts, Ink(edge.space.value), dashed=edge.weighs)
        for edge, (start, parts) in zip(graph.edges, layout.ways, strict=True)
    ]
    for node, port in zip(graph.nodes, layout.ports, strict=True):
        drawn += shapes_of(node, port)
    shapes: list[Shape] = [Text(Point(MARGIN, MARGIN + 10), graph.title, SIZE + 2, Ink.TEXT, bold=True)]
    shapes += [moved(shape, MARGIN + aside, MARGIN + TITLE) for shape in drawn]
    foot = MARGIN + TITLE + layout.height
    shapes += [moved(shape, MARGIN, foot) for shape in legend.shapes]
    return Scene(graph.title, wide + 2 * MARGIN, foot + legend.height + MARGIN, tuple(shapes))


def _ranks(graph: Graph) -> tuple[int, ...]:
    edges = tuple((edge.source, edge.target) for edge in graph.edges)
    read = frozenset(edge.target for edge in graph.edges)
    first = frozenset(
        n
        for n, node in enumerate(graph.nodes)
        if node.glyph is Glyph.INPUT or (node.glyph is Glyph.WEIGHT and n not in read)
    )
    last = frozenset(n for n, node in enumerate(graph.nodes) if node.glyph is Glyph.OUTPUT)
    return ranks_of(len(graph.nodes), edges, first, last)


def _legend(graph: Graph) -> Scene:
    """A line of each space's colour with its name, and what else is not said in the picture."""
    shapes: list[Shape] = []
    x, y = 0.0, LEGEND - 8

    def entry(ink: Ink, text: str, dashed: bool) -> None:
        nonlocal x
        shapes.append(Curve(Point(x, y - 4), ((Point(x + 23, y - 4),),), ink, 3.0, dashed))
        shapes.append(Text(Point(x + 30, y), text, SMALL, Ink.MUTED))
        x += 30 + text_width(text, SMALL) + 24

    for space, text in graph.legend:
        entry(Ink(space.value), text, False)
    if any(edge.weighs for edge in graph.edges):
        entry(Ink.MUTED, "weights", True)
    return Scene("", max(x - 24, 0.0), LEGEND, tuple(shapes))
