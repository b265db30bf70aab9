"""Multiply-adds of a network as a straight-line program of scalars, as a kernel evaluates it channel by channel.

- A coupling with a scalar among its three irreps is one multiplication a component; its constant goes with the
  constants of what reads it, in the end with the weights, once a class.
- Other couplings take products first, x_i y_j, which all couplings of the two wires share (each unordered pair once
  where they are one wire), then a multiply-add a non-zero; or the matrix sum_i C_ijk x_i first, a multiply-add a
  non-zero, which all couplings share that one sum adds up over the same y, then its product with y.
- A coupling that sums channels adds products up over them, and then multiplies by constants.
- What only a sum reads is accumulated there: the sum costs nothing for it. Where all that is read of two wires is sums
  over elements, products may be accumulated as they are, and coupled once they are summed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from math import prod

from fusionc.algebra.clebsch import coupling
from fusionc.algebra.surd import ONE
from fusionc.diagram.ir import Space, Via
from fusionc.network import ir
from fusionc.network.ir import Network, Vertex
from fusionc.network.model import First, Spent
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


Reduction = tuple[Via, bool, Space]


@dataclass(frozen=True, slots=True)
class _Coupling:
    """Vertex `number`: x of degree `ls[0]` with y of `ls[1]`; `sum` is the only reader, if that adds up, or -1.

    `xs`, `pairs`: iterations of the loops over the channels of x, and of both; `outs` of those that are left where a
    coupling without weight sums channels, and else `pairs`. `reduction` says how elements are summed
    where `sum` does that and there is no weight. `own`: whether x is the left leg.
    """

    number: int
    x: int
    y: int
    ls: tuple[int, int, int]
    sum: int
    xs: int
    ys: int
    pairs: int
    outs: int
    reduction: Reduction | None
    own: bool = True

    def turned(self) -> _Coupling:
        l1, l2, l3 = self.ls
        return replace(self, x=self.y, y=self.x, ls=(l2, l1, l3), xs=self.ys, ys=self.xs, own=not self.own)

    def ascending(self) -> _Coupling:
        return self if self.x <= self.y else self.turned()

    @property
    def is_square(self) -> bool:
        """Of a wire with itself, channel by channel."""
        return self.x == self.y and self.pairs == self.xs

    @property
    def constants(self) -> int:
        """Multiply-adds with constants, a non-zero each; none where a leg or the result is a scalar."""
        if 0 in self.ls:
            return 0
        return symmetric_nonzeros(self.ls[0], self.ls[2])[0] if self.is_square else len(coupling(*self.ls))

    @property
    def products(self) -> frozenset[Pair]:
        return symmetric_nonzeros(self.ls[0], self.ls[2])[1] if self.is_square else products(*self.ls)


@dataclass(frozen=True, slots=True)
class _Bill:
    """What couplings cost together, an element: vertex, multiply-adds, setup, first contraction; and what their
    reductions cost after summing."""

    lines: tuple[tuple[int, int, int, First], ...]
    after: tuple[tuple[int, int], ...] = ()

    def __add__(self, other: _Bill) -> _Bill:
        return _Bill(self.lines + other.lines, self.after + other.after)


Weigh = Callable[[_Bill], int]


def straight_line(network: Network, degree: int = DEGREE) -> tuple[Spent, ...]:
    """What each vertex costs; what several share stands with the first of them."""
    sums = _sums(network)
    spent = [_plain(network, vertex, sums) for vertex in network.vertices]
    couplings: dict[Space, list[_Coupling]] = {}
    for n, vertex in enumerate(network.vertices):
        if isinstance(vertex.op, ir.Couple):
            couplings.setdefault(vertex.space, []).append(_coupling(network, n, vertex, vertex.op, sums[n]))
    for space, found in couplings.items():
        bill = _couplings(found, partial(_weighed, network, space, degree))
        for n, adds, setup, first in bill.lines:
            spent[n] = Spent(spent[n].space, spent[n].multiply_adds + adds, setup, first)
        for n, adds in bill.after:
            spent[n] = Spent(spent[n].space, spent[n].multiply_adds + adds)
    return tuple(spent)


def as_written(network: Network) -> tuple[Spent, ...]:
    """What each vertex costs by itself: products, constants, weights, every term of a sum."""
    nowhere = [-1] * len(network.vertices)
    spent = []
    for n, vertex in enumerate(network.vertices):
        found = _plain(network, vertex, nowhere)
        match vertex.op:
            case ir.Couple() as op:
                c = _coupling(network, n, vertex, op, -1)
                found = Spent(found.space, found.multiply_adds + (len(c.products) + c.constants) * c.pairs)
            case ir.Add(terms=terms):
                found = Spent(found.space, len(terms) * size(vertex))
            case _:
                pass
        spent.append(found)
    return tuple(spent)


def weighed_line(network: Network, degree: int = DEGREE) -> int:
    """`straight_line` a node, an edge counted `degree` times."""
    return sum(s.multiply_adds * times(s.space, degree) for s in straight_line(network, degree))


def _weighed(network: Network, space: Space, degree: int, bill: _Bill) -> int:
    """To choose by: once a call, too, less work is better."""
    inner = sum(adds for _, adds, *_ in bill.lines) * (times(space, degree) or 1)
    return inner + sum(adds * (times(network.vertices[n].space, degree) or 1) for n, adds in bill.after)


def _coupling(network: Network, n: int, vertex: Vertex, op: ir.Couple, sum_: int) -> _Coupling:
    s, vertices = op.subscripts, network.vertices
    x, y = (s.left, op.left), (s.right, op.right)
    ls = (vertices[op.left].irrep.l, vertices[op.right].irrep.l, vertex.irrep.l)
    pairs = loops(vertices, (x, y))
    outs = pairs if op.weight is not None else min(pairs, prod(vertex.channels))
    counts = loops(vertices, (x,)), loops(vertices, (y,)), pairs, outs
    reduction = None
    if sum_ >= 0 and op.weight is None and isinstance(reduce := vertices[sum_].op, ir.Reduce):
        reduction = (reduce.via, reduce.mean, vertices[sum_].space)
    return _Coupling(n, op.left, op.right, ls, sum_, *counts, reduction)


def _couplings(found: list[_Coupling], weigh: Weigh) -> _Bill:
    """All couplings of one space."""
    total = _Bill(())
    for accumulated, many in _groups(found):
        ways = [sum((_alone(c, weigh) for c in many), _Bill(()))]
        ways += [_accumulated(many)] if accumulated else _families(many)
        total += min(ways, key=weigh)
    return total


def _groups(found: list[_Coupling]) -> Iterator[tuple[bool, list[_Coupling]]]:
    """Couplings that may share: over the same y into one sum, or of the same two wires."""
    readers: dict[tuple[int, int], int] = {}
    for c in found:
        for leg in dict.fromkeys((c.x, c.y)):
            readers[c.sum, leg] = readers.get((c.sum, leg), 0) + 1
    sums: dict[Pair, list[_Coupling]] = {}
    families: dict[tuple[int, int, int, int], list[_Coupling]] = {}
    for c in found:
        turned = c if readers[c.sum, c.y] >= readers[c.sum, c.x] else c.turned()
        if c.x != c.y and c.sum >= 0 and readers[turned.sum, turned.y] > 1:
            sums.setdefault((turned.sum, turned.y), []).append(turned)
        else:
            a = c.ascending()
            families.setdefault((a.x, a.y, a.pairs, a.outs), []).append(a)
    for many in sums.values():
        yield True, many
    for many in families.values():
        yield False, many


def _alone(c: _Coupling, weigh: Weigh) -> _Bill:
    ways = [_shared([c])]
    if not c.is_square:
        ways += [_by_matrix(c), _by_matrix(c.turned())]
    if c.reduction is not None:
        ways.append(_summed_first([c]))
    return min(ways, key=weigh)


def _by_matrix(c: _Coupling) -> _Bill:
    return _Bill((_line(c, c.constants, len(matrix(*c.ls))),))


def _line(c: _Coupling, constants: int, entries: int) -> tuple[int, int, int, First]:
    """The matrix of C with x first, then its product with y."""
    setup = constants * c.xs
    first = First.LEFT if c.own else First.RIGHT
    return c.number, setup + entries * c.pairs, setup if c.xs < c.pairs else 0, first


def _accumulated(many: list[_Coupling]) -> _Bill:
    """Couplings whose matrices are added: each pays for its constants, and for entries that are new."""
    taken: set[Pair] = set()
    lines = []
    for c in many:
        new = matrix(*c.ls) - taken
        lines.append(_line(c, c.ls[2] * 2 + 1 if c.ls[0] == 0 and taken else c.constants, len(new)))
        taken |= new
    return _Bill(tuple(lines))


def _families(many: list[_Coupling]) -> list[_Bill]:
    """Couplings of two wires: with common products, or with products summed over elements before they are coupled."""
    kinds = dict.fromkeys(c.reduction for c in many)
    summed = _Bill(())
    for kind in kinds:
        same = [c for c in many if c.reduction == kind]
        summed += _shared(same) if kind is None else _summed_first(same)
    return [_shared(many)] if len(kinds) == 1 and None in kinds else [_shared(many), summed]


def _shared(many: list[_Coupling]) -> _Bill:
    """Each product once, then the constants."""
    lines = [(c.number, new * c.pairs + c.constants * c.outs, 0, First.BOTH) for c, new in _new_products(many)]
    return _Bill(tuple(lines))


def _summed_first(many: list[_Coupling]) -> _Bill:
    """Each product once, accumulated; the constants after the sum."""
    lines = tuple((c.number, new * c.pairs, 0, First.BOTH) for c, new in _new_products(many))
    return _Bill(lines, tuple((c.sum, c.constants * c.outs) for c in many))


def _new_products(many: list[_Coupling]) -> Iterator[tuple[_Coupling, int]]:
    taken: set[Pair] = set()
    for c in many:
        new = c.products - taken
        taken |= new
        yield c, len(new)


def _weighting(network: Network, vertex: Vertex, op: ir.Couple) -> int:
    if op.weight is None:
        return 0
    s = op.subscripts
    return vertex.irrep.dim * loops(network.vertices, ((s.left, op.left), (s.right, op.right), (s.weight, op.weight)))


def _plain(network: Network, vertex: Vertex, sums: list[int]) -> Spent:
    """Everything but couplings: of these what their weights cost. A sum over elements is the sum's where it is free."""
    match vertex.op:
        case ir.Reduce(operand=operand):
            free = sums[operand] >= 0
            return Spent(vertex.space, 0) if free else Spent(network.vertices[operand].space, size(vertex))
        case ir.Couple() as op:
            adds = _weighting(network, vertex, op)
        case ir.Mix(operand=a, weight=w, subscripts=s):
            adds = vertex.irrep.dim * loops(network.vertices, ((s.left, a), (s.weight, w)))
        case ir.Add(terms=terms):
            rest = [factor for factor, n in terms if sums[n] < 0]
            copied = len(rest) == len(terms) and any(abs(factor) == ONE for factor in rest)
            adds = (len(rest) - copied) * size(vertex)
        case ir.Apply():
            adds = size(vertex)
        case ir.Harmonic(l=l):
            adds = len(coupling(1, l - 1, l)) if l else 0
        case _:
            adds = 0
    return Spent(vertex.space, adds)


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
