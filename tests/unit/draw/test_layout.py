"""What every picture keeps: nothing overlaps, nothing leaves the page, no wire touches what it does not belong to."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path
from random import Random

import pytest
from random_diagrams import random_diagram

from fusionc.check.ir import CheckedProgram
from fusionc.compiler import check_source
from fusionc.draw.diagram import graph_of
from fusionc.draw.glyphs import extent_of
from fusionc.draw.graph import Glyph, Graph
from fusionc.draw.layers import Links, crossings, layered, ranks_of, untangled
from fusionc.draw.layout import Extent, placed
from fusionc.draw.network import layout_of
from fusionc.draw.picture import scene_of_program
from fusionc.draw.scene import Curve, Point, Rectangle, Scene, Text, bounds
from fusionc.draw.tree import leaf_order, scene_of_tree
from fusionc.source import Source

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = sorted(path for path in ROOT.glob("examples/*/*.fusion") if path.stem != "half_integer")
SLACK = 0.01

TREES = """
tree comb(a: 1o, b: 1o, c: 1o, d: 1o) : 1e {
  e = a * b
  f = e * c
  out = f * d
}
tree balanced(first_leaf: 2e, b: 1o, c: 2e, d: 1o) : 0e | 1e {
  e : 1o | 2o | 3o = first_leaf * b
  f = c * d
  out = e * f
}
tree crossed(a: 1o, b: 1o, c: 1o) : 1o {
  out = (a * c) * b
}
tree ladder(a: 3o, b: 3o, c: 3o, d: 3o, e: 3o) : 3o {
  k = d * e
  a_long_name_of_an_edge = c * k
  m = b * a_long_name_of_an_edge
  out = a * m
}
"""


def program_of(path: Path) -> CheckedProgram:
    return check_source(Source(path.name, path.read_text(encoding="utf-8"))).program


def random_programs() -> list[CheckedProgram]:
    return [check_source(Source("random", random_diagram(seed))).program for seed in range(25)]


def graphs() -> list[Graph]:
    programs = [*(program_of(path) for path in EXAMPLES), *random_programs()]
    return [graph_of(diagram) for program in programs for diagram in program.diagrams]


GRAPHS = graphs()
Box = tuple[float, float, float, float]


def apart(one: Box, other: Box) -> bool:
    return (
        one[2] <= other[0] + SLACK
        or other[2] <= one[0] + SLACK
        or one[3] <= other[1] + SLACK
        or other[3] <= one[1] + SLACK
    )


def box_of(extent: Extent, port: Point) -> Box:
    return port.x - extent.left, port.y - extent.up, port.x + extent.right, port.y + extent.down


def points_of(curve_start: Point, parts: tuple[tuple[Point, ...], ...]) -> list[Point]:
    """Points along a path, close enough together to hit whatever it crosses."""
    found, at = [curve_start], curve_start
    for part in parts:
        for n in range(1, 25):
            t = n / 24
            if len(part) == 1:
                found.append(Point(at.x + t * (part[0].x - at.x), at.y + t * (part[0].y - at.y)))
            else:
                a, b, c = part
                weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
                terms = list(zip(weights, (at, a, b, c), strict=True))
                found.append(Point(sum(w * p.x for w, p in terms), sum(w * p.y for w, p in terms)))
        at = part[-1]
    return found


def inside(point: Point, box: Box) -> bool:
    return box[0] + SLACK < point.x < box[2] - SLACK and box[1] + SLACK < point.y < box[3] - SLACK


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.title)
def test_nodes_with_their_captions_do_not_overlap(graph: Graph) -> None:
    layout = layout_of(graph)
    boxes = [box_of(extent_of(node), port) for node, port in zip(graph.nodes, layout.ports, strict=True)]
    assert all(apart(one, other) for one, other in combinations(boxes, 2))
    assert all(x0 >= -SLACK and x1 <= layout.width + SLACK and y0 >= -SLACK for x0, y0, x1, _ in boxes)
    assert all(y1 <= layout.height + SLACK for *_, y1 in boxes)


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.title)
def test_wires_touch_only_the_nodes_that_they_join(graph: Graph) -> None:
    layout = layout_of(graph)
    boxes = [box_of(extent_of(node), port) for node, port in zip(graph.nodes, layout.ports, strict=True)]
    for edge, (start, parts) in zip(graph.edges, layout.ways, strict=True):
        points = points_of(start, parts)
        for n, box in enumerate(boxes):
            if n not in (edge.source, edge.target):
                assert not any(inside(point, box) for point in points), (graph.nodes[n].name, edge)


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.title)
def test_wires_go_down(graph: Graph) -> None:
    for start, parts in layout_of(graph).ways:
        ends = [start.y, *(part[-1].y for part in parts)]
        assert all(upper <= lower + SLACK for upper, lower in pairwise(ends))


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.title)
def test_inputs_are_above_and_outputs_below(graph: Graph) -> None:
    ports = layout_of(graph).ports
    rows = {glyph: {ports[n].y for n, node in enumerate(graph.nodes) if node.glyph is glyph} for glyph in Glyph}
    others = [ports[n].y for n, node in enumerate(graph.nodes) if node.glyph not in (Glyph.INPUT, Glyph.OUTPUT)]
    assert len(rows[Glyph.INPUT]) <= 1
    assert len(rows[Glyph.OUTPUT]) == 1
    assert all(min(rows[Glyph.INPUT], default=0.0) <= y < min(rows[Glyph.OUTPUT]) for y in others)


def assert_within(scene: Scene) -> None:
    for shape in scene.shapes:
        left, top, right, bottom = bounds(shape)
        assert left >= 0, shape
        assert top >= 0, shape
        assert right <= scene.width, shape
        assert bottom <= scene.height, shape


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_everything_is_on_the_page(path: Path) -> None:
    scene = scene_of_program(program_of(path))
    assert scene.shapes
    assert_within(scene)


@pytest.mark.parametrize("program", random_programs(), ids=lambda program: program.diagrams[0].name)
def test_random_programs_are_on_the_page(program: CheckedProgram) -> None:
    assert_within(scene_of_program(program))


TREE_PROGRAM = check_source(Source("trees", TREES.replace(" : 0e | 1e {", " : 1e {"))).program


@pytest.mark.parametrize("tree", TREE_PROGRAM.trees, ids=lambda tree: tree.name)
def test_labels_of_a_tree_are_clear_of_its_lines_and_of_each_other(tree: object) -> None:
    scene = scene_of_tree(tree, TREE_PROGRAM.group)
    assert_within(scene)
    texts = [bounds(shape) for shape in scene.shapes if isinstance(shape, Text)]
    lines = [points_of(shape.start, shape.parts) for shape in scene.shapes if isinstance(shape, Curve)]
    assert all(apart(one, other) for one, other in combinations(texts, 2))
    assert not any(inside(point, box) for box in texts for line in lines for point in line)


def test_leaves_stand_as_they_are_coupled() -> None:
    trees = {tree.name: tree for tree in TREE_PROGRAM.trees}
    assert leaf_order(trees["crossed"]) == ("a", "c", "b")
    assert leaf_order(trees["comb"]) == ("a", "b", "c", "d")


def test_all_lines_of_a_tree_but_the_root_have_one_slope() -> None:
    scene = scene_of_tree(TREE_PROGRAM.trees[1], TREE_PROGRAM.group)
    lines = [(shape.start, shape.parts[-1][-1]) for shape in scene.shapes if isinstance(shape, Curve)]
    slopes = [round(abs((b.y - a.y) / (b.x - a.x)), 6) for a, b in lines if abs(b.x - a.x) > SLACK]
    assert len(slopes) == len(lines) - 1
    assert len(set(slopes)) == 1


# ------------------------------------------------------------- layered graphs


def random_links(random: Random, count: int) -> Links:
    return tuple((random.randrange(n), n) for n in range(1, count) for _ in range(random.randint(1, 2)))


@pytest.mark.parametrize("seed", range(20))
def test_layers_of_random_graphs(seed: int) -> None:
    random = Random(seed)
    count = random.randint(2, 30)
    links = random_links(random, count)
    ends = {source for source, _ in links}
    last = frozenset(n for n in range(count) if n not in ends)
    ranks = ranks_of(count, links, frozenset([0]), last)
    assert all(ranks[source] < ranks[target] for source, target in links)
    graph = layered(ranks, links)
    best = untangled(graph)
    below: dict[int, list[int]] = {v: [] for layer in graph.layers for v in layer}
    for upper, lower in graph.links():
        below[upper].append(lower)
    assert [sorted(layer) for layer in best.layers] == [sorted(layer) for layer in graph.layers]
    assert crossings(best.layers, below) <= crossings(graph.layers, below)
    extents = [Extent(*(random.uniform(5, 90) for _ in range(2)), 12, 12, 0, 0, 4) for _ in range(count)]
    ports = placed(best, extents).ports
    boxes = [box_of(extent, port) for extent, port in zip(extents, ports, strict=True)]
    assert all(apart(one, other) for one, other in combinations(boxes, 2))


@pytest.mark.parametrize("seed", range(20))
def test_crossings_are_counted_as_by_definition(seed: int) -> None:
    random = Random(seed)
    upper, lower = list(range(6)), list(range(6, 12))
    below = {v: [random.choice(lower) for _ in range(random.randint(0, 3))] for v in upper}
    pairs = [(v, w) for v in upper for w in below[v]]
    expected = sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(pairs, 2))
    assert crossings([upper, lower], below) == expected


def test_an_order_without_crossings_is_found() -> None:
    """A ladder, given upside down."""
    links = tuple((n, 9 - n) for n in range(5))
    graph = untangled(layered([0] * 5 + [1] * 5, links))
    below = {v: [w for u, w in links if u == v] for v in range(10)}
    assert crossings(graph.layers, below) == 0


def test_boxes_hold_their_text() -> None:
    for graph in GRAPHS[:12]:
        for node in graph.nodes:
            if node.glyph is Glyph.INPUT:
                from fusionc.draw.glyphs import shapes_of

                box, *texts = shapes_of(node, Point(0.0, 0.0))
                assert isinstance(box, Rectangle)
                left, top, right, bottom = bounds(box)
                for text in texts:
                    x0, y0, x1, y1 = bounds(text)
                    assert left < x0
                    assert x1 < right
                    assert top < y0
                    assert y1 < bottom
