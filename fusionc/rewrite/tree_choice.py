"""Which trees a symmetric power is evaluated by: of all bases, one whose couplings cost little together.

A tree costs its weights, and what it makes that no chosen tree makes already: products of components, couplings with
constants, the matrix that its last leaf is multiplied by. For each space of trees a basis is chosen greedily, by least
cost beside what the others use; then each space in turn chooses anew, as long as that lowers the total. Greedy choice
is exact for costs that only add up (a matroid); the search as a whole is bounded by PASSES and CANDIDATES.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from fusionc.algebra.clebsch import coupling
from fusionc.algebra.irrep import Irrep
from fusionc.algebra.relations import Tree, Values
from fusionc.network.model import Search
from fusionc.network.straight_line import matrix, products, symmetric_nonzeros

PASSES = 6
CANDIDATES = 160
"""Trees that are looked at for one space beyond those it already has, cheapest first."""

SMALL_PRIME = 2**31 - 1

Feature = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """A space of trees: those of one sum over one choice of leaves, of this dimension.

    `leaves` number the tensors in `irreps`; `given` are the trees that the network has.
    """

    sum: int
    leaves: tuple[int, ...]
    out: Irrep
    dimension: int
    given: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """`ones`: a bit for each shared thing that costs one multiply-add; `more`: (bit, cost) of those that cost more."""

    tree: Tree
    own: int
    ones: int
    more: tuple[tuple[int, int], ...]

    @property
    def bits(self) -> int:
        return self.ones | sum(bit for bit, _ in self.more)

    def beside(self, used: int) -> int:
        """What it adds to the cost where the things in `used` are there already."""
        return self.own + (self.ones & ~used).bit_count() + sum(cost for bit, cost in self.more if not bit & used)


Chosen = tuple[Candidate, ...]


def choose(irreps: tuple[Irrep, ...], tasks: tuple[Task, ...], search: Search) -> tuple[tuple[Tree, ...], ...]:
    """A basis for each task, the best of three orders in which the tasks choose."""
    bits: dict[Feature, int] = {}
    pools = [_Pool(irreps, task, bits) for task in tasks]
    numbers = range(len(tasks))
    orders = (tuple(numbers), tuple(reversed(numbers)), tuple(sorted(numbers, key=lambda n: pools[n].room)))
    found = min((_descend(pools, order, search) for order in orders), key=_total)
    if any(pool.left_out for pool in pools):
        search.met("symmetrize", "trees of one space", CANDIDATES)
    return tuple(tuple(c.tree for c in chosen) for chosen in found)


def _descend(pools: list[_Pool], order: tuple[int, ...], search: Search) -> list[Chosen]:
    chosen: list[Chosen] = [() for _ in pools]
    for n in order:
        chosen[n] = pools[n].basis(_used(chosen, n))
    total = _total(chosen)
    for _ in range(PASSES):
        before = total
        for n in order:
            old, chosen[n] = chosen[n], pools[n].basis(_used(chosen, n))
            if chosen[n] != old and (now := _total(chosen)) < total:
                total = now
            else:
                chosen[n] = old
        if total == before:
            return chosen
    search.met("symmetrize", "passes over the spaces of trees", PASSES)
    return chosen


def _used(chosen: list[Chosen], but: int) -> int:
    used = 0
    for n, many in enumerate(chosen):
        if n != but:
            for candidate in many:
                used |= candidate.bits
    return used


def _total(chosen: list[Chosen]) -> int:
    total = used = 0
    for many in chosen:
        for candidate in many:
            total += candidate.beside(used)
            used |= candidate.bits
    return total


class _Pool:
    """The trees of one task, with their values at some points modulo a small prime.

    By chance a tree may look dependent there that is not: then another is taken, and a basis is one all the same.
    """

    def __init__(self, irreps: tuple[Irrep, ...], task: Task, bits: dict[Feature, int]) -> None:
        self.task = task
        self.values = Values(irreps, task.dimension // task.out.dim + 2, SMALL_PRIME)
        trees = dict.fromkeys(_trees(irreps, task.leaves, task.out))
        found = [_candidate(self.values, tree, task.sum, bits) for tree in trees]
        found.sort(key=lambda c: c.beside(0))
        self._rows: dict[Tree, NDArray[np.int64]] = {}
        self.candidates = self._bounded(found)
        self.left_out = len(found) - len(self.candidates)
        self.room = len(self.candidates) - task.dimension

    def row(self, candidate: Candidate) -> NDArray[np.int64]:
        if candidate.tree not in self._rows:
            self._rows[candidate.tree] = np.array(self.values.row(candidate.tree), dtype=np.int64)
        return self._rows[candidate.tree]

    def _bounded(self, found: list[Candidate]) -> list[Candidate]:
        """The first CANDIDATES, and those after them that are needed to span the space."""
        if len(found) <= CANDIDATES:
            return found
        span, kept = _Span(), []
        for number, candidate in enumerate(found):
            if span.size == self.task.dimension and number >= CANDIDATES:
                break
            new = span.size < self.task.dimension and span.add(self.row(candidate))
            if new or number < CANDIDATES:
                kept.append(candidate)
        return kept

    def basis(self, used: int) -> Chosen:
        span = _Span()
        rest = list(self.candidates)
        chosen: list[Candidate] = []
        while span.size < self.task.dimension:
            costs = [candidate.beside(used) for candidate in rest]
            candidate = rest.pop(min(range(len(rest)), key=costs.__getitem__))
            if span.add(self.row(candidate)):
                chosen.append(candidate)
                used |= candidate.bits
        return tuple(chosen)


class _Span:
    """Independent rows modulo SMALL_PRIME, in echelon form."""

    def __init__(self) -> None:
        self.size = 0
        self._pivots: list[tuple[int, NDArray[np.int64]]] = []

    def add(self, row: NDArray[np.int64]) -> bool:
        """Whether the row is independent of those before; then it belongs to them."""
        for column, pivot in self._pivots:
            if row[column]:
                row = (row - row[column] * pivot) % SMALL_PRIME
        places = np.flatnonzero(row)
        if not len(places):
            return False
        column = int(places[0])
        self._pivots.append((column, row * pow(int(row[column]), -1, SMALL_PRIME) % SMALL_PRIME))
        self.size += 1
        return True


# ---------------------------------------------------------------------- trees


def _trees(irreps: tuple[Irrep, ...], leaves: tuple[int, ...], out: Irrep) -> Iterator[Tree]:
    """Left combs over the leaves in any order, and products of two pairs; none that vanishes by its first pair."""
    yield from _combs(irreps, leaves, out)
    if len(leaves) == 4:
        for n in range(1, 4):
            first, second = (leaves[0], leaves[n]), tuple(leaves[m] for m in range(1, 4) if m != n)
            for a in _labels(irreps, first):
                for b in _labels(irreps, second):
                    left, right = (*first, a), (second[0], second[1], b)
                    if out in a * b and not (left == right and (2 * a.l + out.l) % 2):
                        yield (left, right, out)


def _labels(irreps: tuple[Irrep, ...], pair: tuple[int, ...]) -> list[Irrep]:
    a, b = pair
    return [label for label in irreps[a] * irreps[b] if a != b or label.l % 2 == 0]


@cache
def _combs(irreps: tuple[Irrep, ...], leaves: tuple[int, ...], out: Irrep) -> tuple[Tree, ...]:
    if len(leaves) == 2:
        a, b = leaves
        return ((a, b, out),) if out in _labels(irreps, leaves) else ()
    found: list[Tree] = []
    for n, last in enumerate(leaves):
        if n and leaves[n - 1] == last:
            continue
        for label in out * irreps[last]:
            found += [(tree, last, out) for tree in _combs(irreps, leaves[:n] + leaves[n + 1 :], label)]
    return tuple(found)


# ---------------------------------------------------------------------- costs


def _candidate(values: Values, tree: Tree, sum_: int, bits: dict[Feature, int]) -> Candidate:
    """A tree with what it costs alone, its weights, and what it shares with others that need the same."""
    assert not isinstance(tree, int)
    left, right, out = tree
    a, b = values.label(left), values.label(right)
    ls = (a.l, b.l, out.l)
    features = [*_inner(values, left), *_inner(values, right)]
    constants = 0 if out.l == 0 or b.l == 0 else len(coupling(*ls))
    features.append((("sum", sum_, right, a), constants))
    features += [(("matrix", sum_, right, j, k), 1) for j, k in sorted(matrix(*ls))]
    ones, more = 0, []
    for feature, cost in dict(features).items():
        bit = bits.setdefault(feature, 1 << len(bits))
        if cost == 1:
            ones |= bit
        elif cost:
            more.append((bit, cost))
    return Candidate(tree, a.dim, ones, tuple(more))


def _inner(values: Values, tree: Tree) -> Iterator[tuple[Feature, int]]:
    if isinstance(tree, int):
        return
    left, right, out = tree
    yield from _inner(values, left)
    yield from _inner(values, right)
    ls = (values.label(left).l, values.label(right).l, out.l)
    if left == right:
        constants, pairs = symmetric_nonzeros(ls[0], out.l)
    else:
        constants, pairs = len(coupling(*ls)), products(*ls)
    yield ("tree", tree), 0 if 0 in ls else constants
    yield from ((("product", left, right, i, j), 1) for i, j in sorted(pairs))
