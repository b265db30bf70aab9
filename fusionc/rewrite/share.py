"""`share`: vertices that compute the same thing are computed once."""

from __future__ import annotations

from dataclasses import replace

from fusionc.network.ir import Network, NetworkOutput, Vertex, rewired
from fusionc.network.model import Search


def share(network: Network, search: Search | None = None) -> Network:
    """Merge equal vertices into the first of them: common sub-trees of all paths, statements and families.

    Two vertices are equal when they do the same to the same wires (value numbering; vertices compare without their
    origin). The merged vertex keeps its first place, so the order of evaluation stays one.
    """
    places: list[int] = []
    kept: list[Vertex] = []
    first: dict[Vertex, int] = {}
    for vertex in network.vertices:
        moved = replace(vertex, op=rewired(vertex.op, places.__getitem__))
        if moved not in first:
            first[moved] = len(kept)
            kept.append(moved)
        places.append(first[moved])
    return replace(network, vertices=tuple(kept), outputs=_placed(network.outputs, places))


def _placed(outputs: tuple[NetworkOutput, ...], places: list[int]) -> tuple[NetworkOutput, ...]:
    return tuple(replace(o, wires=tuple(places[w] for w in o.wires)) for o in outputs)
