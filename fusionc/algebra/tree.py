"""Fusion trees as values, and the exact change between their bracketings.

A labelled tree is the map V_1 x ... x V_n -> V_J made of isometries W = sqrt(2l+1) w3j at its vertices. For one order of the
leaves the labelled left combs ((1 2)_k 3)_l ... are an orthonormal basis of all such maps, so two trees are the same map
exactly when their expansions in it agree. The expansion uses two moves only (CONVENTIONS: F and R):

    (1 (2 3)_l)_J = sum_k F[k, l] ((1 2)_k 3)_J          (1 2)_J = (-1)^(j1+j2+J) (2 1)_J
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from fusionc.algebra.irrep import Irrep
from fusionc.algebra.recoupling import f_symbol, r_symbol
from fusionc.algebra.surd import SurdSum


@dataclass(frozen=True, slots=True)
class Leaf:
    name: str
    irrep: Irrep


@dataclass(frozen=True, slots=True)
class Vertex:
    left: FusionTree
    right: FusionTree
    irrep: Irrep


FusionTree = Leaf | Vertex


@dataclass(frozen=True, slots=True)
class Bracket:
    """A vertex whose outgoing edge has a name and no label yet."""

    edge: str
    left: Bracketing
    right: Bracketing


Bracketing = Leaf | Bracket

Labels = tuple[Irrep, ...]
Combination = tuple[tuple[Labels, SurdSum], ...]
"""Left combs by their labels k2, k3, ..., J, sorted, with coefficients that are not zero."""


def leaves(tree: FusionTree | Bracketing) -> tuple[Leaf, ...]:
    """From left to right."""
    return (tree,) if isinstance(tree, Leaf) else leaves(tree.left) + leaves(tree.right)


# ---------------------------------------------------------------- labelling


Allowed = Mapping[str, Sequence[Irrep]]
"""For some edges the labels they may have, in the order they are to be listed; the others may have any."""


def count_labelled_trees(bracketing: Bracketing, allowed: Allowed) -> dict[Irrep, int]:
    """How many labelled trees there are, by label of the outgoing edge; nothing is enumerated."""
    if isinstance(bracketing, Leaf):
        return {bracketing.irrep: 1}
    left = count_labelled_trees(bracketing.left, allowed)
    right = count_labelled_trees(bracketing.right, allowed)
    found: dict[Irrep, int] = {}
    for a, m in left.items():
        for b, n in right.items():
            for irrep in _labels(bracketing, a, b, allowed):
                found[irrep] = found.get(irrep, 0) + m * n
    return {irrep: found[irrep] for irrep in sorted(found)}


def labelled_trees(bracketing: Bracketing, allowed: Allowed, root: Irrep) -> tuple[FusionTree, ...]:
    """All labelled trees with this outgoing label; the first edge in evaluation order changes slowest, each in the order of
    `allowed`, else by increasing label."""
    return tuple(t for t in _labelled(bracketing, allowed) if t.irrep == root)


def _labelled(bracketing: Bracketing, allowed: Allowed) -> Iterator[FusionTree]:
    if isinstance(bracketing, Leaf):
        yield bracketing
        return
    for left in _labelled(bracketing.left, allowed):
        for right in _labelled(bracketing.right, allowed):
            for irrep in _labels(bracketing, left.irrep, right.irrep, allowed):
                yield Vertex(left, right, irrep)


def _labels(bracket: Bracket, a: Irrep, b: Irrep, allowed: Allowed) -> Iterable[Irrep]:
    possible = a * b
    listed = allowed.get(bracket.edge)
    return possible if listed is None else [irrep for irrep in listed if irrep in possible]


def edge_labels(bracketing: Bracketing, tree: FusionTree) -> dict[str, Irrep]:
    """The labels of the bracketing's edges in a labelled tree of its shape, in evaluation order, the root last."""
    if isinstance(bracketing, Leaf) or isinstance(tree, Leaf):
        return {}
    below = edge_labels(bracketing.left, tree.left) | edge_labels(bracketing.right, tree.right)
    return below | {bracketing.edge: tree.irrep}


# --------------------------------------------------------------- recoupling


def canonical(tree: FusionTree, order: Sequence[str]) -> Combination:
    """`tree` as a sum of left combs over its leaves in this order. Raises ValueError if the names differ."""
    if sorted(leaf.name for leaf in leaves(tree)) != sorted(order):
        raise ValueError("the order must name each leaf of the tree once")
    place = {name: n for n, name in enumerate(order)}
    return _collect((comb.labels, factor) for comb, factor in _combs(tree, place))


@dataclass(frozen=True, slots=True)
class _Comb:
    """A left comb over leaves given by their places in the order, ascending, with their irreps."""

    places: tuple[int, ...]
    irreps: Labels
    labels: Labels

    @property
    def irrep(self) -> Irrep:
        return self.labels[-1] if self.labels else self.irreps[0]

    @property
    def trunk(self) -> _Comb:
        """All but the last leaf."""
        return _Comb(self.places[:-1], self.irreps[:-1], self.labels[:-1])


def _combs(tree: FusionTree, place: Mapping[str, int]) -> list[tuple[_Comb, SurdSum]]:
    if isinstance(tree, Leaf):
        return [(_Comb((place[tree.name],), (tree.irrep,), ()), SurdSum.of(1))]
    found: dict[_Comb, SurdSum] = {}
    for left, a in _combs(tree.left, place):
        for right, b in _combs(tree.right, place):
            for comb, c in _merge(left, right, tree.irrep):
                found[comb] = found.get(comb, SurdSum()) + a * b * c
    return [(comb, factor) for comb, factor in found.items() if factor]


@cache
def _merge(left: _Comb, right: _Comb, irrep: Irrep) -> tuple[tuple[_Comb, SurdSum], ...]:
    """(left right)_irrep in left combs over the leaves of both.

    The last leaf of all is brought to the right operand by an R-move, and pulled out of it by an F-move; what remains
    to its left is a smaller problem of the same kind.
    """
    if left.places[-1] > right.places[-1]:
        sign = SurdSum.of(r_symbol(left.irrep.l, right.irrep.l, irrep.l))
        return tuple((comb, sign * factor) for comb, factor in _merge(right, left, irrep))
    if not right.labels:
        comb = _Comb(left.places + right.places, left.irreps + right.irreps, (*left.labels, irrep))
        return ((comb, SurdSum.of(1)),)
    trunk, last = right.trunk, right.irreps[-1]
    found: dict[_Comb, SurdSum] = {}
    for inner in left.irrep * trunk.irrep:
        if irrep not in inner * last:
            continue
        f = f_symbol(left.irrep.l, trunk.irrep.l, last.l, irrep.l, inner.l, right.irrep.l)
        if not f:
            continue
        for comb, factor in _merge(left, trunk, inner):
            whole = _Comb((*comb.places, right.places[-1]), (*comb.irreps, last), (*comb.labels, irrep))
            found[whole] = found.get(whole, SurdSum()) + SurdSum.of(f) * factor
    return tuple((comb, factor) for comb, factor in found.items() if factor)


def _collect(terms: Iterable[tuple[Labels, SurdSum]]) -> Combination:
    found: dict[Labels, SurdSum] = {}
    for labels, factor in terms:
        found[labels] = found.get(labels, SurdSum()) + factor
    return tuple((labels, found[labels]) for labels in sorted(found) if found[labels])


def combine(terms: Iterable[tuple[SurdSum, Combination]]) -> Combination:
    """Sum of factor * combination."""
    return _collect((labels, factor * own) for factor, many in terms for labels, own in many)


def inner(a: Combination, b: Combination) -> SurdSum:
    """The inner product in which labelled combs are orthonormal, and so all labelled trees of one bracketing."""
    known = dict(b)
    total = SurdSum()
    for labels, factor in a:
        if labels in known:
            total += factor * known[labels]
    return total


@dataclass(frozen=True, slots=True)
class Expansion:
    """coefficients[n] belongs to the n-th tree of the family; what the family does not span is left in `residual`."""

    coefficients: tuple[SurdSum, ...]
    residual: Combination


def expand(target: Combination, family: Sequence[FusionTree], order: Sequence[str]) -> Expansion:
    """A map in terms of labelled trees of one bracketing: exact, by orthogonality.

    `target` and the family are over the same leaves in the same `order`.
    """
    members = [canonical(tree, order) for tree in family]
    coefficients = tuple(inner(target, member) for member in members)
    pairs = [(-c, member) for c, member in zip(coefficients, members, strict=True)]
    return Expansion(coefficients, combine([(SurdSum.of(1), target), *pairs]))
