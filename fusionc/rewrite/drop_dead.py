"""`drop_dead`: vertices that no output needs are not computed."""

from __future__ import annotations

from dataclasses import replace

from fusionc.network.ir import Network, Vertex, operands, rewired
from fusionc.network.model import Search


def drop_dead(network: Network, search: Search | None = None) -> Network:
    """Keep what the outputs read, directly or not. Arguments that nothing reads stay in the signature."""
    live = [False] * len(network.vertices)
    for output in network.outputs:
        for wire in output.wires:
            live[wire] = True
    for n in range(len(network.vertices) - 1, -1, -1):
        if live[n]:
            for operand in operands(network.vertices[n].op):
                live[operand] = True
    places: dict[int, int] = {}
    kept: list[Vertex] = []
    for n, vertex in enumerate(network.vertices):
        if live[n]:
            places[n] = len(kept)
            kept.append(replace(vertex, op=rewired(vertex.op, places.__getitem__)))
    outputs = tuple(replace(o, wires=tuple(places[w] for w in o.wires)) for o in network.outputs)
    return replace(network, vertices=tuple(kept), outputs=outputs)
