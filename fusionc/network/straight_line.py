"""Multiply-adds of a network as a straight-line program of scalars, as a kernel evaluates it channel by channel.

- A coupling with a scalar among its three irreps is one multiplication a component; its constant goes with the
  constants of what reads it, in the end with the weights, once a class.
- Other couplings take products first, x_i y_j, which all couplings of the two wires share (each unordered pair once
  where they are one wire), then a multiply-add a non-zero; or the matrix sum_i C_ijk x_i first, a multiply-add a
  non-zero, which all couplings share that one sum adds up over the same y, then its product with y.
- A coupling that sums channels takes products, adds them up over the channels, and then multiplies by constants.
- What only a sum reads is accumulated there: the sum costs nothing for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import prod

from fusionc.algebra.clebsch import coupling
from fusionc.algebra.surd import ONE
from fusionc.diagram.ir import Space
from fusionc.network import ir
from fusionc.network.ir import Network, Vertex
from fusionc.network.work import DEGREE, loops, size, times

Pair = tuple[int, int]


@cache
def symmetric_nonzeros(l1: int, l3: int) -> tuple[int, frozenset[Pair]]:
    """Multiply-adds of (a a)_l3 over unordered pairs of components, and those pairs; 0 for odd l3."""
    if l3 % 2:
        return 0, frozenset()
    found = {(min(e.i, e.j), max(e.i, e.j), e.k) for e in coupling(l1, l1, l3)}
    return len(found), frozenset((i, j) for i, j, _ in found)


@cache
def products(l1: int, l2: int, l3: int) -> frozenset[Pair]:
    """Components (i, j) that the coupling needs."""
    return frozenset((e.i, e.j) for e in coupling(l1, l2, l3))


@cache
def matrix(l1: int, l2: int, l3: int) -> frozenset[Pair]:
    """Non-zeros (j, k) of the coupling contracted with its left operand."""
    return frozenset((e.j, e.k) for e in coupling(l1, l2, l3))


@dataclass(frozen=True, slots=True)
class _Coupling:
    """x of degree `ls[0]` with y of `ls[1]`; `sum` is the only reader, if that adds up, or -1.

    `xs`, `pairs`: iterations of the loops over the channels of x, and of both; `outs` of those over the channels of the
    result, where others are summed, and else of `pairs`.
    """

    x: int
    y: int
    ls: tuple[int, int, int]
    sum: int
    xs: int
    ys: int
    pairs: int
    outs: int

    def turned(self) -> _Coupling:
        l1, l2, l3 = self.ls
        return _Coupling(self.y, self.x, (l2, l1, l3), self.sum, self.ys, self.xs, self.pairs, self.outs)

    @property
    def sums(self) -> bool:
        return self.outs < self.pairs

    @property
    def constants(self) -> int:
        """Multiply-adds with constants, a non-zero each; none where a leg or the result is a scalar."""
        return 0 if 0 in self.ls else len(coupling(*self.ls))

    @property
    def by_matrix(self) -> int:
        return self.constants * self.xs + len(matrix(*self.ls)) * self.pairs


Matrices = dict[tuple[int, int], set[Pair]]


def straight_line(network: Network) -> dict[Space, int]:
    """Multiply-adds an element of each space, over all channels."""
    counts = dict.fromkeys(Space, 0)
    sums = _sums(network)
    found: list[_Coupling] = []
    spaces: list[Space] = []
    for n, vertex in enumerate(network.vertices):
        match vertex.op:
            case ir.Couple() as op:
                found.append(_coupling(network, vertex, op, sums[n]))
                spaces.append(vertex.space)
                counts[vertex.space] += _weighting(network, vertex, op)
            case ir.Reduce(operand=operand):
                counts[network.vertices[operand].space] += 0 if sums[operand] >= 0 else size(vertex)
            case _:
                counts[vertex.space] += _plain(network, vertex, sums)
    for space in dict.fromkeys(spaces):
        counts[space] += _couplings([c for c, own in zip(found, spaces, strict=True) if own is space])
    return counts


def weighed_line(network: Network, degree: int = DEGREE) -> int:
    """`straight_line` a node, an edge counted `degree` times."""
    return sum(adds * times(space, degree) for space, adds in straight_line(network).items())


def _coupling(network: Network, vertex: Vertex, op: ir.Couple, sum_: int) -> _Coupling:
    s, vertices = op.subscripts, network.vertices
    x, y = (s.left, op.left), (s.right, op.right)
    ls = (vertices[op.left].irrep.l, vertices[op.right].irrep.l, vertex.irrep.l)
    pairs = loops(vertices, (x, y))
    outs = pairs if op.weight is not None else prod(vertex.channels)
    return _Coupling(op.left, op.right, ls, sum_, loops(vertices, (x,)), loops(vertices, (y,)), pairs, outs)


def _couplings(found: list[_Coupling]) -> int:
    """All couplings of one space."""
    readers: dict[tuple[int, int], int] = {}
    for c in found:
        for leg in dict.fromkeys((c.x, c.y)):
            readers[c.sum, leg] = readers.get((c.sum, leg), 0) + 1
    total = 0
    matrices: Matrices = {}
    families: dict[tuple[int, int, int], list[_Coupling]] = {}
    for c in found:
        if c.x == c.y or c.sums:
            families.setdefault((min(c.x, c.y), max(c.x, c.y), c.outs), []).append(c)
            continue
        turned = c if readers[c.sum, c.y] >= readers[c.sum, c.x] else c.turned()
        if c.sum >= 0 and readers[turned.sum, turned.y] > 1:
            total += _accumulated(matrices, turned)
        else:
            families.setdefault((min(c.x, c.y), max(c.x, c.y), c.pairs), []).append(c)
    return total + sum(_squares(many) if x == y else _family(many) for (x, y, _), many in families.items())


def _accumulated(matrices: Matrices, c: _Coupling) -> int:
    """A coupling whose matrix is added to that of others: it pays for its constants, and for entries that are new."""
    taken = matrices.setdefault((c.sum, c.y), set())
    new = matrix(*c.ls) - taken
    scalar = c.ls[0] == 0 and bool(taken)
    taken |= new
    return (c.ls[2] * 2 + 1 if scalar else c.constants) * c.xs + len(new) * c.pairs


def _family(many: list[_Coupling]) -> int:
    """Couplings of two different wires: with common products, or each by a matrix of its own."""
    turned = [c if c.x <= c.y else c.turned() for c in many]
    components = {pair for c in turned for pair in products(*c.ls)}
    shared = len(components) * turned[0].pairs + sum(c.constants * min(c.pairs, c.outs) for c in turned)
    return min(shared, sum(min(c.by_matrix, c.turned().by_matrix) for c in turned))


def _squares(many: list[_Coupling]) -> int:
    """Couplings of a wire with itself, whose channels may be other ones on the two legs."""
    if many[0].pairs != many[0].xs:
        return _family(many)
    components: set[Pair] = set()
    constants = 0
    for c in many:
        nonzeros, pairs = symmetric_nonzeros(c.ls[0], c.ls[2])
        components |= pairs
        constants += 0 if 0 in c.ls else nonzeros * min(c.pairs, c.outs)
    return len(components) * many[0].pairs + constants


def _weighting(network: Network, vertex: Vertex, op: ir.Couple) -> int:
    if op.weight is None:
        return 0
    s = op.subscripts
    return vertex.irrep.dim * loops(network.vertices, ((s.left, op.left), (s.right, op.right), (s.weight, op.weight)))


def _plain(network: Network, vertex: Vertex, sums: list[int]) -> int:
    """Everything but couplings and reductions."""
    match vertex.op:
        case ir.Mix(operand=a, weight=w, subscripts=s):
            return vertex.irrep.dim * loops(network.vertices, ((s.left, a), (s.weight, w)))
        case ir.Add(terms=terms):
            rest = [factor for factor, n in terms if sums[n] < 0]
            copied = len(rest) == len(terms) and any(abs(factor) == ONE for factor in rest)
            return (len(rest) - copied) * size(vertex)
        case ir.Apply():
            return size(vertex)
        case ir.Harmonic(l=l):
            return len(coupling(1, l - 1, l)) if l else 0
        case _:
            return 0


def _sums(network: Network) -> list[int]:
    """For each coupling and mixing that one `Add` or `Reduce` reads and nothing else, that; else -1."""
    readers: list[list[int]] = [[] for _ in network.vertices]
    for n, vertex in enumerate(network.vertices):
        for operand in ir.operands(vertex.op):
            readers[operand].append(n)
    for output in network.outputs:
        for wire in output.wires:
            readers[wire].append(-1)
    found = []
    for vertex, many in zip(network.vertices, readers, strict=True):
        alone = isinstance(vertex.op, ir.Couple | ir.Mix) and len(many) == 1 and many[0] >= 0
        found.append(many[0] if alone and isinstance(network.vertices[many[0]].op, ir.Add | ir.Reduce) else -1)
    return found
