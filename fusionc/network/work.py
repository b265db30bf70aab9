"""Multiply-adds of vertices, counted from the non-zeros of their couplings: what rewrites compare.

A coupling contracted with a channel-free operand first is a small matrix an element, and each channel then costs one
multiply-add for each non-zero of that matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import prod

from fusionc.algebra.clebsch import coupling
from fusionc.diagram.ir import Space
from fusionc.network import ir
from fusionc.network.ir import Vertex
from fusionc.options import DEGREE as DEGREE


@cache
def nonzeros(l1: int, l2: int, l3: int) -> tuple[int, int, int]:
    """Non-zeros of w3j(l1, l2, l3); of its contraction with the left operand (j, k); with the right one (i, k)."""
    entries = coupling(l1, l2, l3)
    left = len({(e.j, e.k) for e in entries})
    right = len({(e.i, e.k) for e in entries})
    return len(entries), left, right


def size(vertex: Vertex) -> int:
    """Values an element of its space."""
    return prod(vertex.channels) * vertex.irrep.dim


def loops(vertices: Sequence[Vertex], axes: tuple[tuple[str, int], ...]) -> int:
    """Iterations of the loops over all letters, of (letters, wire)."""
    lengths: dict[str, int] = {}
    for letters, wire in axes:
        lengths.update(zip(letters, vertices[wire].channels, strict=True))
    return prod(lengths.values())


def times(space: Space, degree: int) -> int:
    """How many elements of the space there are for a node, as work is weighed. What is once a call counts nothing."""
    match space:
        case Space.ONCE:
            return 0
        case Space.EDGE:
            return degree
        case _:
            return 1


def work(vertices: Sequence[Vertex], vertex: Vertex, degree: int = DEGREE) -> int:
    """Multiply-adds a node of a vertex that reads `vertices`, contracted in its cheapest order."""
    op = vertex.op
    match op:
        case ir.Couple():
            adds = _couple_work(vertices, vertex, op)
        case ir.Mix(operand=a, weight=w, subscripts=s):
            adds = vertex.irrep.dim * loops(vertices, ((s.left, a), (s.weight, w)))
        case ir.Add(terms=terms):
            adds = len(terms) * size(vertex)
        case ir.Reduce(operand=a):
            return size(vertex) * times(vertices[a].space, degree)
        case ir.Apply():
            adds = size(vertex)
        case ir.Harmonic(l=l):
            adds = nonzeros(1, l - 1, l)[0] if l else 0
        case _:
            adds = 0
    return adds * times(vertex.space, degree)


def _couple_work(vertices: Sequence[Vertex], vertex: Vertex, op: ir.Couple) -> int:
    s = op.subscripts
    both, left, right = nonzeros(vertices[op.left].irrep.l, vertices[op.right].irrep.l, vertex.irrep.l)
    x, y = (s.left, op.left), (s.right, op.right)
    pair = loops(vertices, (x, y))
    adds = min(both * pair, both * loops(vertices, (x,)) + left * pair, both * loops(vertices, (y,)) + right * pair)
    if op.weight is not None:
        adds += vertex.irrep.dim * loops(vertices, (x, y, (s.weight, op.weight)))
    return adds
