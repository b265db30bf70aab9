"""What a vertex costs, counted exactly from the non-zeros of its coupling.

A coupling contracted with a channel-free operand first is a small matrix an element, and each channel then costs one
multiply-add for each non-zero of that matrix; counts follow that order where it is cheaper.
"""

from __future__ import annotations

from math import prod
from typing import assert_never

from fusionc.diagram.ir import Space
from fusionc.network import ir
from fusionc.network.ir import Network, Vertex
from fusionc.network.work import loops, nonzeros, size, times
from fusionc.plan.ir import Cost, First, SpaceCost, Total


def loop_space(network: Network, vertex: Vertex) -> Space:
    """The space a vertex loops over: a reduction's work is on the larger side."""
    match vertex.op:
        case ir.Reduce(operand=a):
            return network.vertices[a].space
        case _:
            return vertex.space


def is_free(op: ir.Op) -> bool:
    """Names of memory, not work."""
    return isinstance(op, ir.Entry | ir.Parameter | ir.View)


def vertex_cost(network: Network, vertex: Vertex, first: First) -> Cost:
    """Cost an element of `loop_space`. `first` matters to couplings only."""
    op = vertex.op
    if is_free(op):
        return Cost()
    read = sum(size(network.vertices[n]) for n in ir.operands(op))
    written = size(vertex)
    match op:
        case ir.Couple():
            return _couple_cost(network, vertex, op, first, read)
        case ir.Mix(operand=a, weight=w, subscripts=s):
            adds = vertex.irrep.dim * loops(network.vertices, ((s.left, a), (s.weight, w)))
        case ir.Add(terms=terms):
            adds = len(terms) * written
        case ir.Reduce() | ir.Apply():
            adds = written
        case ir.Harmonic(l=l):
            adds = nonzeros(1, l - 1, l)[0] if l else 0
        case ir.Join() | ir.Pick() | ir.Move() | ir.Entry() | ir.Parameter() | ir.View():
            adds = 0
        case _:
            assert_never(op)
    return Cost(adds, adds // max(1, prod(vertex.channels)), 0, read, written)


def _couple_cost(network: Network, vertex: Vertex, op: ir.Couple, first: First, read: int) -> Cost:
    s = op.subscripts
    both, left, right = nonzeros(network.vertices[op.left].irrep.l, network.vertices[op.right].irrep.l, vertex.irrep.l)
    pair = loops(network.vertices, ((s.left, op.left), (s.right, op.right)))
    if first is First.BOTH:
        setup, adds = 0, both * pair
    elif first is First.LEFT:
        setup, adds = both * loops(network.vertices, ((s.left, op.left),)), left * pair
    else:
        setup, adds = both * loops(network.vertices, ((s.right, op.right),)), right * pair
    if op.weight is not None:
        adds += vertex.irrep.dim * loops(
            network.vertices, ((s.left, op.left), (s.right, op.right), (s.weight, op.weight))
        )
    channels = max(1, prod(vertex.channels))
    return Cost(setup + adds, adds // channels, setup, read, size(vertex))


def cheapest_first(network: Network, vertices: tuple[int, ...]) -> First:
    """The order of contraction that costs the vertices together least; ties go to `BOTH`."""

    def total(first: First) -> int:
        return sum(vertex_cost(network, network.vertices[n], first).multiply_adds for n in vertices)

    return min((First.BOTH, First.RIGHT, First.LEFT), key=total)


def total_by_space(costs: list[tuple[Space, Cost]], peak: int) -> Total:
    found: dict[Space, Cost] = {}
    for space, cost in costs:
        found[space] = found.get(space, Cost()) + cost
    return Total(tuple(SpaceCost(s, found[s]) for s in Space if s in found), peak)


def weighed(total: Total, degree: int) -> int:
    """Multiply-adds a node: an edge counts `degree` times. For diagrams without nodes, an element."""
    return sum(c.cost.multiply_adds * times(c.space, degree) for c in total.spaces)
