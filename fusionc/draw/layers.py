"""The first two steps of a layered layout (Sugiyama, Tagawa and Toda 1981): layers, and the order within each.

An edge that spans several layers passes through a joint in each one between, so that afterwards every link joins
neighbouring layers.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 24
EXCHANGES = 600
"""Vertices up to which neighbours are also exchanged one by one."""

Links = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Layered:
    """Vertices below `nodes` are the nodes of the graph, the others joints. `layers` hold them from left to right.

    `chains[n]` are the vertices that edge n passes, its source first and its target last.
    """

    nodes: int
    layers: tuple[tuple[int, ...], ...]
    chains: tuple[tuple[int, ...], ...]

    @property
    def vertices(self) -> int:
        return sum(len(layer) for layer in self.layers)

    def links(self) -> Links:
        """The pieces of all edges, each from a layer to the next."""
        return tuple(pair for chain in self.chains for pair in pairwise(chain))


def ranks_of(count: int, edges: Links, first: frozenset[int], last: frozenset[int]) -> tuple[int, ...]:
    """The layer of each node; edges go from lower to higher positions, and will go from lower to higher layers.

    Nodes of `first` are in the first layer, nodes of `last` in the last. Others are as high as they can be, or as low
    where that does not make more wire: a node with at least as many edges out as in.
    """
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        below[source].append(target)
        above[target].append(source)
    ranks = [0] * count
    for n in range(count):
        ranks[n] = max((ranks[a] + 1 for a in above[n]), default=0)
    bottom = max(ranks, default=0)
    for n in sorted(last):
        ranks[n] = bottom
    for n in reversed(range(count)):
        if n not in first and n not in last and below[n] and len(below[n]) >= len(above[n]):
            ranks[n] = min(ranks[b] for b in below[n]) - 1
    return tuple(ranks)


def span_of(ranks: Sequence[int], edges: Links) -> int:
    """How many vertices `layered` will place: nodes and joints."""
    return len(ranks) + sum(ranks[target] - ranks[source] - 1 for source, target in edges)


def layered(ranks: Sequence[int], edges: Links) -> Layered:
    """Layers in the order of nodes, joints after them, to begin with."""
    layers: list[list[int]] = [[] for _ in range(max(ranks, default=0) + 1)]
    for node, rank in enumerate(ranks):
        layers[rank].append(node)
    chains, fresh = [], len(ranks)
    for source, target in edges:
        joints = range(fresh, fresh + ranks[target] - ranks[source] - 1)
        for rank, joint in enumerate(joints, ranks[source] + 1):
            layers[rank].append(joint)
        fresh += len(joints)
        chains.append((source, *joints, target))
    return Layered(len(ranks), tuple(tuple(layer) for layer in layers), tuple(chains))


def untangled(graph: Layered) -> Layered:
    """The same layers in an order with few crossings: sweeps by barycentre, the best of them kept, then exchanges."""
    below: dict[int, list[int]] = {v: [] for layer in graph.layers for v in layer}
    above: dict[int, list[int]] = {v: [] for layer in graph.layers for v in layer}
    for upper, lower in graph.links():
        below[upper].append(lower)
        above[lower].append(upper)
    layers = [list(layer) for layer in graph.layers]
    best, fewest = [list(layer) for layer in layers], crossings(layers, below)
    for sweep in range(SWEEPS):
        if sweep % 2 == 0:
            for n in range(1, len(layers)):
                layers[n] = _by_barycentre(layers[n], layers[n - 1], above)
        else:
            for n in range(len(layers) - 2, -1, -1):
                layers[n] = _by_barycentre(layers[n], layers[n + 1], below)
        found = crossings(layers, below)
        if found < fewest:
            best, fewest = [list(layer) for layer in layers], found
    if graph.vertices <= EXCHANGES:
        _exchange(best, above, below)
    return Layered(graph.nodes, tuple(tuple(layer) for layer in best), graph.chains)


def crossings(layers: Sequence[Sequence[int]], below: dict[int, list[int]]) -> int:
    """Pairs of links that cross, over all layers."""
    total = 0
    for upper, lower in pairwise(layers):
        places = {v: n for n, v in enumerate(lower)}
        seen: list[int] = []
        for v in upper:
            ends = sorted(places[w] for w in below[v])
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _by_barycentre(layer: list[int], fixed: list[int], neighbours: dict[int, list[int]]) -> list[int]:
    """`layer` by the mean place of each one's neighbours; those without any stay where they are."""
    places = {v: n for n, v in enumerate(fixed)}
    mean = {v: sum(places[w] for w in near) / len(near) for v in layer if (near := neighbours[v])}
    ordered = iter(sorted(mean, key=lambda v: mean[v]))
    return [next(ordered) if v in mean else v for v in layer]


def _exchange(layers: list[list[int]], above: dict[int, list[int]], below: dict[int, list[int]]) -> None:
    """Exchange neighbours wherever that saves a crossing, until it does not; in place."""
    for _ in range(SWEEPS):
        improved = False
        for n, layer in enumerate(layers):
            upper = {v: k for k, v in enumerate(layers[n - 1])} if n else {}
            lower = {v: k for k, v in enumerate(layers[n + 1])} if n + 1 < len(layers) else {}
            for k in range(len(layer) - 1):
                v, w = layer[k], layer[k + 1]
                now = _pairs(above[v], above[w], upper) + _pairs(below[v], below[w], lower)
                then = _pairs(above[w], above[v], upper) + _pairs(below[w], below[v], lower)
                if then < now:
                    layer[k], layer[k + 1] = w, v
                    improved = True
        if not improved:
            return


def _pairs(left: list[int], right: list[int], places: dict[int, int]) -> int:
    """Crossings of the links of two neighbours of a layer."""
    return sum(places[a] > places[b] for a in left for b in right)
