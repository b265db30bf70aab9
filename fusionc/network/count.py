"""What a network costs by a `Model`: evaluated well, and as it is written.

As written, every coupling is evaluated by itself, where it stands: its two operands first, then the coupling tensor,
then the weight. Every term of every sum is added, and what is said of edges is done for every edge. The naive cost of
a diagram is that of the network as expanded, where every path of every block is a coupling of its own; what a block
makes is there for all that read it. Both costs are counted by the same rules for a vertex, which the model gives: dense
blocks for PyTorch, non-zeros for kernels. Evaluated well, a vertex costs no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import assert_never

from fusionc.diagram.ir import Space
from fusionc.network import ir, straight_line
from fusionc.network.ir import Network, Vertex
from fusionc.network.model import First, Model, Spent, Target
from fusionc.network.summed import Summed, summed
from fusionc.network.work import loops, nonzeros, size, work

ORDERS = (First.BOTH, First.RIGHT, First.LEFT)
"""Of contraction, as it is written first; ties go to the first."""


def loop_space(vertices: Sequence[Vertex], vertex: Vertex) -> Space:
    """The space a vertex loops over: a reduction's work is on the larger side."""
    match vertex.op:
        case ir.Reduce(operand=a):
            return vertices[a].space
        case _:
            return vertex.space


def is_free(op: ir.Op) -> bool:
    """Names of memory, not work."""
    return isinstance(op, ir.Entry | ir.Parameter | ir.View)


def spent(network: Network, model: Model) -> tuple[Spent, ...]:
    """What each vertex costs, in the best order, with what the model lets it share."""
    match model.target:
        case Target.TORCH:
            return _dense_and_summed(network, model.degree)
        case Target.KERNEL:
            return straight_line.straight_line(network, model.degree)
        case _:
            assert_never(model.target)


def spent_as_written(network: Network, model: Model) -> tuple[Spent, ...]:
    """What each vertex costs by itself, as it is written."""
    match model.target:
        case Target.TORCH:
            return tuple(_dense(network.vertices, v, reorder=False) for v in network.vertices)
        case Target.KERNEL:
            return straight_line.as_written(network)
        case _:
            assert_never(model.target)


def multiply_adds(network: Network, model: Model) -> int:
    """All of them a node."""
    return sum(s.multiply_adds * model.times(s.space) for s in spent(network, model))


def naive_multiply_adds(network: Network, model: Model) -> int:
    """All of them a node, as written."""
    return sum(s.multiply_adds * model.times(s.space) for s in spent_as_written(network, model))


def price(vertices: Sequence[Vertex], vertex: Vertex, model: Model) -> int:
    """Multiply-adds a node of a vertex that reads `vertices`, seen by itself: what local choices compare."""
    if model.target is Target.KERNEL:
        return work(vertices, vertex, model.degree)
    found = _dense(vertices, vertex)
    return found.multiply_adds * model.times(found.space)


def _dense_and_summed(network: Network, degree: int) -> tuple[Spent, ...]:
    """Dense blocks, but for couplings whose products are summed first: the products stand with the first of them."""
    found = [_dense(network.vertices, v) for v in network.vertices]
    for group in summed(network, degree):
        made = products_of(network, group)
        for number, (n, sum_) in enumerate(zip(group.couplings, group.sums, strict=True)):
            found[n] = Spent(found[n].space, 0 if number else 2 * made)
            found[sum_] = Spent(network.vertices[sum_].space, made * network.vertices[n].irrep.dim)
    return tuple(found)


def products_of(network: Network, group: Summed) -> int:
    """Products of components and channels of the two wires."""
    vertex = network.vertices[group.couplings[0]]
    assert isinstance(vertex.op, ir.Couple)
    x, y = (network.vertices[n].irrep for n in (vertex.op.left, vertex.op.right))
    return x.dim * y.dim * prod(vertex.channels)


def _dense(vertices: Sequence[Vertex], vertex: Vertex, reorder: bool = True) -> Spent:
    """Every tensor that the vertex reads, whole, as dense blocks; couplings as written, or in the best order."""
    match vertex.op:
        case ir.Couple() as op:
            orders = _orders(vertices, vertex, op)
            return min(orders if reorder else orders[:1], key=lambda s: s.multiply_adds)
        case ir.Mix(operand=a, weight=w, subscripts=s):
            adds = vertex.irrep.dim * loops(vertices, ((s.left, a), (s.weight, w)))
        case ir.Add(terms=terms):
            adds = len(terms) * size(vertex)
        case ir.Reduce() | ir.Apply():
            adds = size(vertex)
        case ir.Harmonic(l=l):
            adds = nonzeros(1, l - 1, l)[0] if l else 0
        case ir.Join() | ir.Pick() | ir.Move() | ir.Entry() | ir.Parameter() | ir.View():
            adds = 0
        case _:
            assert_never(vertex.op)
    return Spent(loop_space(vertices, vertex), adds)


def _orders(vertices: Sequence[Vertex], vertex: Vertex, op: ir.Couple) -> list[Spent]:
    """The orders in which a module contracts C, x, y and the weight; as it is written, first.

    The weight comes last, or first where it sums channels of both operands: taken with one of them, it leaves the
    other's channels to be summed in the product with the matrix that C makes of that other.
    """
    s, lengths = op.subscripts, letters_of(vertices, op)
    dims = (vertices[op.left].irrep.dim, vertices[op.right].irrep.dim, vertex.irrep.dim)
    last = dims[2] * _count(lengths, s.left + s.right + s.weight) if op.weight is not None else 0
    found = []
    for first in ORDERS:
        adds, setup = _contracted(dims, lengths, s.left, s.right, s.weight + s.out, first)
        found.append(Spent(vertex.space, adds + last, setup, First.BOTH if 1 in dims else first))
    both_summed = all(
        _count(lengths, "".join(c for c in letters if c in s.weight and c not in s.out)) > 1
        for letters in (s.left, s.right)
    )
    if both_summed and not set(s.left) & set(s.right):
        for own, other, dim, first in ((s.left, s.right, dims[0], First.RIGHT), (s.right, s.left, dims[1], First.LEFT)):
            mixed = "".join(c for c in s.weight if c not in own)
            legs = (mixed, other) if first is First.RIGHT else (other, mixed)
            adds, setup = _contracted(dims, lengths, *legs, s.out, first)
            mixing = dim * _count(lengths, own + s.weight)
            found.append(Spent(vertex.space, adds + mixing, setup, First.BOTH if 1 in dims else first))
    return found


def _contracted(
    dims: tuple[int, int, int], lengths: dict[str, int], left: str, right: str, kept: str, first: First
) -> tuple[int, int]:
    """Multiply-adds of two contractions, and those in setup, of operands with channels `left` and `right`, of which
    `kept` are not summed. With a scalar among the irreps there is but one contraction, of one component each.
    """
    d1, d2, d3 = dims
    whole, pairs = d1 * d2 * d3, _count(lengths, left + right)
    if 1 in dims:
        return max(dims) * pairs, 0
    if first is First.BOTH:
        return d1 * d2 * pairs + whole * _count(lengths, "".join(c for c in left + right if c in kept)), 0
    own, other = (left, d2) if first is First.LEFT else (right, d1)
    matrices = whole * _count(lengths, own)
    return matrices + other * d3 * pairs, matrices if _count(lengths, own) < pairs else 0


def _count(lengths: dict[str, int], letters: str) -> int:
    return prod(lengths[c] for c in dict.fromkeys(letters))


def letters_of(vertices: Sequence[Vertex], op: ir.Couple) -> dict[str, int]:
    """How long the axis of each letter is."""
    s = op.subscripts
    lengths: dict[str, int] = {}
    for letters, wire in ((s.left, op.left), (s.right, op.right), (s.weight, op.weight)):
        if wire is not None:
            lengths.update(zip(letters, vertices[wire].channels, strict=True))
    return lengths
