"""`reuse`: a coupling that is needed with a weight and without is made once, and then weighted."""

from __future__ import annotations

from dataclasses import replace

from fusionc.algebra.irrep import Irrep
from fusionc.algebra.surd import Surd
from fusionc.network import ir
from fusionc.network.ir import Network, Subscripts, Vertex
from fusionc.network.model import Search
from fusionc.rewrite.rebuild import Rebuild

Key = tuple[int, int, Subscripts, Irrep]


def reuse(network: Network, search: Search | None = None) -> Network:
    """Where the weight only scales the coupling's channels."""
    bare: dict[Key, Surd] = {}
    for vertex in network.vertices:
        op = vertex.op
        if isinstance(op, ir.Couple) and op.weight is None and op.factor:
            bare.setdefault((op.left, op.right, op.subscripts, vertex.irrep), op.factor)
    build = Rebuild(network)
    for vertex in network.vertices:
        made = _weighted(build, bare, vertex) if isinstance(vertex.op, ir.Couple) else None
        build.places.append(build.copy(vertex) if made is None else made)
    return build.finish()


def _weighted(build: Rebuild, bare: dict[Key, Surd], vertex: Vertex) -> int | None:
    op = vertex.op
    assert isinstance(op, ir.Couple)
    s = op.subscripts
    subscripts = Subscripts(s.left, s.right, "", s.out)
    constant = bare.get((op.left, op.right, subscripts, vertex.irrep))
    if op.weight is None or constant is None or s.weight != s.out:
        return None
    twin = build.copy(replace(vertex, op=ir.Couple(op.left, op.right, None, subscripts, constant)))
    weight = build.places[op.weight]
    mix = ir.Mix(twin, weight, Subscripts(s.out, "", s.weight, s.out), op.factor / constant)
    return build.put(mix, vertex.irrep, vertex.channels, vertex)
