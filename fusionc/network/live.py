"""Vertices that the outputs need, directly or not."""

from __future__ import annotations

from dataclasses import replace

from fusionc.network.ir import Network, Vertex, operands, rewired


def only_live(network: Network) -> Network:
    """Without the other vertices. Arguments that nothing reads stay in the signature."""
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
