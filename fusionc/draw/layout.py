"""Places for the vertices of a layered graph, and the ways of its edges.

A row is as high as its highest box, and edges pass rows upright, each in a lane of its own; they bend only between
rows. So no edge can touch a box that it does not belong to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from fusionc.draw.layers import Layered
from fusionc.draw.scene import Point

GAP = 30.0
"""Between two boxes of a row."""
LANE = 14.0
"""Between an edge that passes a row and its neighbours there."""
ROUNDS = 60
INFINITY = float("inf")


@dataclass(frozen=True, slots=True)
class Extent:
    """The room that a node takes, from its port: the point where edges enter from above and leave below.

    Edges enter the glyph `rise` above the port, at most `spread` to either side, and leave it `drop` below; where the
    glyph hides them they go on to the port itself.
    """

    left: float
    right: float
    up: float
    down: float
    rise: float
    drop: float
    spread: float


JOINT = Extent(2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Layout:
    """The port of each node and, for each edge, its way: a start and parts, lines and cubics (as a `Curve` has)."""

    ports: tuple[Point, ...]
    ways: tuple[tuple[Point, tuple[tuple[Point, ...], ...]], ...]
    width: float
    height: float


def placed(graph: Layered, extents: Sequence[Extent]) -> Layout:
    """`extents[n]` is that of node n."""

    def extent(vertex: int) -> Extent:
        return extents[vertex] if vertex < graph.nodes else JOINT

    xs = _columns(graph, [extent(v) for v in range(graph.vertices)])
    left = min((xs[v] - extent(v).left for layer in graph.layers for v in layer), default=0.0)
    xs = [x - left for x in xs]
    tops, middles, bottoms = _rows(graph, extents, xs)
    rows = {v: n for n, layer in enumerate(graph.layers) for v in layer}
    entries = _entries(graph, xs, extents)
    ways = []
    for n, chain in enumerate(graph.chains):
        source, target = chain[0], chain[-1]
        start = Point(xs[source], middles[rows[source]] + extents[source].drop)
        parts: list[tuple[Point, ...]] = []
        at = start
        for v in chain[1:]:
            leave, enter = bottoms[rows[v] - 1], tops[rows[v]]
            x = entries[n] if v == target else xs[v]
            parts += [(Point(at.x, leave),)] if leave > at.y else []
            bend = (enter - leave) * 0.55
            bow = (Point(at.x, leave + bend), Point(x, enter - bend), Point(x, enter))
            parts.append((Point(x, enter),) if abs(x - at.x) < 0.5 else bow)
            at = Point(x, enter)
        parts.append((Point(at.x, middles[rows[target]] - extents[target].rise),))
        ways.append((start, tuple(parts)))
    width = max((xs[v] + extent(v).right for layer in graph.layers for v in layer), default=0.0)
    ports = tuple(Point(xs[v], middles[rows[v]]) for v in range(graph.nodes))
    return Layout(ports, tuple(ways), width, bottoms[-1] if bottoms else 0.0)


def _rows(
    graph: Layered, extents: Sequence[Extent], xs: Sequence[float]
) -> tuple[list[float], list[float], list[float]]:
    """Top, port and bottom of each row. Where edges go far to the side the next row is further down."""
    far = [0.0] * len(graph.layers)
    rows = {v: n for n, layer in enumerate(graph.layers) for v in layer}
    for upper, lower in graph.links():
        far[rows[lower]] = max(far[rows[lower]], abs(xs[upper] - xs[lower]))
    tops, middles, bottoms, y = [], [], [], 0.0
    for n, layer in enumerate(graph.layers):
        y += min(26.0 + 0.12 * far[n], 78.0) if n else 0.0
        own = [extents[v] for v in layer if v < graph.nodes]
        tops.append(y)
        middles.append(y + max((e.up for e in own), default=0.0))
        y = middles[-1] + max((e.down for e in own), default=0.0)
        bottoms.append(y)
    return tops, middles, bottoms


def _entries(graph: Layered, xs: Sequence[float], extents: Sequence[Extent]) -> list[float]:
    """Where each edge enters its target: beside each other, in the order in which they come."""
    arriving: dict[int, list[int]] = {}
    for n, chain in enumerate(graph.chains):
        arriving.setdefault(chain[-1], []).append(n)
    entries = [0.0] * len(graph.chains)
    for target, found in arriving.items():
        found.sort(key=lambda n: (xs[graph.chains[n][-2]], n))
        spread = min(extents[target].spread, 5.0 * (len(found) - 1))
        for k, n in enumerate(found):
            share = 2 * k / (len(found) - 1) - 1 if len(found) > 1 else 0.0
            entries[n] = xs[target] + share * spread
    return entries


# ------------------------------------------------------------------ columns


def _columns(graph: Layered, extents: Sequence[Extent]) -> list[float]:
    """x of every vertex: layers take turns in moving as close to their neighbours as order and room allow."""
    above: list[list[tuple[int, float]]] = [[] for _ in extents]
    below: list[list[tuple[int, float]]] = [[] for _ in extents]
    for upper, lower in graph.links():
        joints = (upper >= graph.nodes) + (lower >= graph.nodes)
        weight = (1.0, 3.0, 8.0)[joints]
        below[upper].append((lower, weight))
        above[lower].append((upper, weight))
    offsets = _offsets(graph, extents)
    xs = list(offsets)
    for n in range(ROUNDS):
        order = graph.layers if n % 2 == 0 else graph.layers[::-1]
        for layer in order:
            wishes = []
            for v in layer:
                near = above[v] + below[v] if n >= ROUNDS // 2 else (above[v] if n % 2 == 0 else below[v])
                total = sum(weight for _, weight in near)
                wish = sum(xs[w] * weight for w, weight in near) / total if total else xs[v]
                wishes.append((wish - offsets[v], total or 0.01))
            for v, x in zip(layer, _increasing(wishes), strict=True):
                xs[v] = x + offsets[v]
    _straighten(graph, extents, xs, above, below)
    return xs


def _straighten(
    graph: Layered,
    extents: Sequence[Extent],
    xs: list[float],
    above: Sequence[Sequence[tuple[int, float]]],
    below: Sequence[Sequence[tuple[int, float]]],
) -> None:
    """Bring strands to one x each where their neighbours leave room, as near as may be to what they are joined to."""
    low, high = _neighbours(graph, extents)
    for n in range(ROUNDS):
        for strand in _strands(graph, above, below)[:: 1 if n % 2 else -1]:
            least = max((xs[v] + gap for w in strand for v, gap in low[w]), default=-INFINITY)
            most = min((xs[v] - gap for w in strand for v, gap in high[w]), default=INFINITY)
            if least > most:
                continue
            own = frozenset(strand)
            ties = [tie for v in strand for tie in (*above[v], *below[v]) if tie[0] not in own]
            total = sum(weight for _, weight in ties)
            # What is tied to nothing else keeps close to its neighbour.
            alone = least if least > -INFINITY else most if most < INFINITY else xs[strand[0]]
            wish = sum(xs[v] * weight for v, weight in ties) / total if total else alone
            for v in strand:
                xs[v] = min(max(wish, least), most)


def _strands(
    graph: Layered, above: Sequence[Sequence[tuple[int, float]]], below: Sequence[Sequence[tuple[int, float]]]
) -> list[list[int]]:
    """Vertices below each other that should share an x: joints of one edge, and nodes joined by their only edges."""
    strand_of: dict[int, list[int]] = {}
    strands: list[list[int]] = []
    for layer in graph.layers:
        for v in layer:
            only = above[v][0][0] if len(above[v]) == 1 else None
            joins = only is not None and (len(below[only]) == 1 or (only >= graph.nodes and v >= graph.nodes))
            if only is not None and joins:
                strand_of[v] = strand_of[only]
                strand_of[v].append(v)
            else:
                strand_of[v] = [v]
                strands.append(strand_of[v])
    return strands


def _neighbours(
    graph: Layered, extents: Sequence[Extent]
) -> tuple[list[list[tuple[int, float]]], list[list[tuple[int, float]]]]:
    """The next vertex in its row at the left of each, and at the right, with the least distance between them."""
    low: list[list[tuple[int, float]]] = [[] for _ in extents]
    high: list[list[tuple[int, float]]] = [[] for _ in extents]
    for layer in graph.layers:
        for v, w in pairwise(layer):
            gap = _distance(graph, extents, v, w)
            low[w].append((v, gap))
            high[v].append((w, gap))
    return low, high


def _distance(graph: Layered, extents: Sequence[Extent], v: int, w: int) -> float:
    """Between the ports of neighbours of a row, at least."""
    gap = LANE if v >= graph.nodes or w >= graph.nodes else GAP
    return extents[v].right + gap + extents[w].left


def _offsets(graph: Layered, extents: Sequence[Extent]) -> list[float]:
    """x of every vertex when its layer is packed as closely as may be."""
    offsets = [0.0] * len(extents)
    for layer in graph.layers:
        for v, w in pairwise(layer):
            offsets[w] = offsets[v] + _distance(graph, extents, v, w)
    return offsets


def _increasing(wishes: Sequence[tuple[float, float]]) -> list[float]:
    """The non-decreasing sequence that is closest to (value, weight) in weighted squares: pooled adjacent violators."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in wishes:
        count = 1
        while pools and pools[-1][0] > value:
            above, heavy, many = pools.pop()
            value = (value * weight + above * heavy) / (weight + heavy)
            weight, count = weight + heavy, count + many
        pools.append((value, weight, count))
    return [value for value, _, count in pools for _ in range(count)]
