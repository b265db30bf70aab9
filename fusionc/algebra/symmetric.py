"""Symmetric powers: how many independent products of identical leaves there are, and left combs that are a basis.

All leaves of a comb are the same tensor A = sum of segments, so that most combs depend on others. Combs whose leaves
are different choices of segments are independent of each other. For one choice, the number of independent combs is
counted from characters, and a basis is found by evaluation: an irrep of degree l is a binary form of degree 2l, a
vertex is a transvectant up to a factor that is not zero (Olver, Classical Invariant Theory, ch. 5), and transvectants
have integer coefficients. So the rank of the combs' values at some points modulo a prime bounds the rank over the
rationals from below, and where it reaches the count from characters the combs that gave it are a basis, for certain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement, groupby, product
from math import comb, perm, prod
from random import Random

from fusionc.algebra.irrep import Irrep

Labels = tuple[Irrep, ...]
Choice = tuple[tuple[Irrep, int], ...]
"""Which leaves a product takes: (irrep of the leaf, how often), for different leaves in order."""

PRIME = 2**61 - 1


@dataclass(frozen=True, slots=True)
class CombTree:
    """((a_0 a_1)_k2 a_2)_k3 ...: `leaves` are indices of segments, `labels` k2 ... kn, of which the last is the output.

    One leaf has no label.
    """

    leaves: tuple[int, ...]
    labels: Labels


def symmetric_dimension(irreps: tuple[Irrep, ...], order: int, out: Irrep) -> int:
    """How often `out` occurs in the symmetric power of the sum of `irreps`, one copy of each."""
    if order < 0:
        raise ValueError(f"no symmetric power has order {order}")
    weights = _power_weights(irreps, order)
    return weights.get((out.l, out.p), 0) - weights.get((out.l + 1, out.p), 0)


def choice_dimension(choice: Choice, out: Irrep) -> int:
    """How often `out` occurs in the products of one choice of leaves, identical ones taken symmetrically."""
    if prod(irrep.p**count for irrep, count in choice) != out.p or out.l > sum(irrep.l * n for irrep, n in choice):
        return 0
    weights = _choice_weights(choice)
    return weights.get(out.l, 0) - weights.get(out.l + 1, 0)


def symmetric_trees(leaf_irreps: tuple[Irrep, ...], order: int, out: Irrep) -> tuple[CombTree, ...]:
    """A basis of the symmetric products of `order` >= 1 leaves: left combs, each with leaves in increasing order.

    Greedy: of all combs, sorted by leaves and then by labels, those that do not depend on the ones before. There are
    `symmetric_dimension` of them; AssertionError if the evaluation fails to certify that.
    """
    if order < 1:
        raise ValueError(f"no tree has {order} leaves")
    found = []
    for leaves in combinations_with_replacement(range(len(leaf_irreps)), order):
        choice = tuple((leaf_irreps[leaf], len(tuple(same))) for leaf, same in groupby(leaves))
        found += [CombTree(leaves, labels) for labels in _basis(choice, out)]
    if len(found) != symmetric_dimension(leaf_irreps, order, out):
        raise AssertionError(f"{len(found)} independent combs, their characters say otherwise")
    return tuple(found)


def comb_trees(leaf_irreps: tuple[Irrep, ...], order: int, out: Irrep) -> Iterator[CombTree]:
    """Every left comb of `order` >= 1 leaves in any order, as if all leaves were different tensors."""
    for leaves in product(range(len(leaf_irreps)), repeat=order):
        first, *rest = (leaf_irreps[leaf] for leaf in leaves)
        yield from (CombTree(leaves, labels) for labels in _labellings(first, rest, out))


def count_comb_trees(leaf_irreps: tuple[Irrep, ...], order: int, out: Irrep) -> int:
    """As many as `comb_trees` yields, without making one."""
    found: dict[Irrep, int] = {}
    for leaf in leaf_irreps:
        found[leaf] = found.get(leaf, 0) + 1
    for _ in range(order - 1):
        longer: dict[Irrep, int] = {}
        for label, count in found.items():
            for leaf in leaf_irreps:
                for irrep in label * leaf:
                    longer[irrep] = longer.get(irrep, 0) + count
        found = longer
    return found.get(out, 0)


def _labellings(label: Irrep, rest: list[Irrep], out: Irrep) -> Iterator[Labels]:
    if not rest:
        if label == out:
            yield ()
        return
    for irrep in label * rest[0]:
        yield from ((irrep, *labels) for labels in _labellings(irrep, rest[1:], out))


# Characters: the weights m of a representation, with how often each occurs, determine it.


@cache
def _symmetric_weights(l: int, count: int, copies: int = 1) -> dict[int, int]:
    """The weights of the symmetric power of `copies` copies of the irrep of degree l.

    Every weight m has `copies` states, of which n (with repetition) are chosen in C(copies+n-1, n) ways.
    """
    powers: list[dict[int, int]] = [{0: 1}, *({} for _ in range(count))]
    for m in range(-l, l + 1):
        # From the highest power down, so that those below are still without this weight.
        for total in range(count, 0, -1):
            grown = powers[total]
            for n in range(1, total + 1):
                for weight, ways in powers[total - n].items():
                    grown[weight + n * m] = grown.get(weight + n * m, 0) + ways * comb(copies + n - 1, n)
    return powers[count]


@cache
def _choice_weights(choice: Choice) -> dict[int, int]:
    if not choice:
        return {0: 1}
    irrep, count = choice[-1]
    found: dict[int, int] = {}
    for a, m in _choice_weights(choice[:-1]).items():
        for b, n in _symmetric_weights(irrep.l, count).items():
            found[a + b] = found.get(a + b, 0) + m * n
    return found


@cache
def _power_weights(irreps: tuple[Irrep, ...], order: int) -> dict[tuple[int, int], int]:
    """The (weight, parity) of the symmetric power of a sum: all choices of leaves at once."""
    powers: list[dict[tuple[int, int], int]] = [{(0, 1): 1}, *({} for _ in range(order))]
    for irrep, copies in Counter(irreps).items():
        for total in range(order, 0, -1):
            grown = powers[total]
            for n in range(1, total + 1):
                more = _symmetric_weights(irrep.l, n, copies).items()
                for (a, p), ways in powers[total - n].items():
                    for b, factor in more:
                        key = (a + b, p * irrep.p**n)
                        grown[key] = grown.get(key, 0) + ways * factor
    return powers[order]


# Evaluation.

_Form = list[int]
"""Coefficients modulo PRIME of x^2l, x^(2l-1) y, ..., y^2l."""


@cache
def _basis(choice: Choice, out: Irrep) -> tuple[Labels, ...]:
    """The greedy basis of one choice of leaves.

    A comb whose first leaves make a comb that depends on earlier ones depends on earlier ones itself, so that only
    bases are continued.
    """
    dimension = choice_dimension(choice, out)
    if dimension == 0:
        return ()
    last, count = choice[-1]
    rest = (*choice[:-1], (last, count - 1)) if count > 1 else choice[:-1]
    if not rest:
        return ((),)
    # The label of a lone first leaf is not written down.
    lower = (labels for label in out * last for labels in _basis(rest, label))
    candidates: list[Labels] = sorted((*labels, out) for labels in lower)
    points = dimension // out.dim + 2
    for _ in range(8):
        chosen = _independent(candidates, _Evaluation(choice, points), dimension)
        if len(chosen) == dimension:
            return tuple(chosen)
        points *= 2
    raise AssertionError(f"the combs of {choice} to {out} have rank {len(chosen)}, their characters say {dimension}")


class _Evaluation:
    """The values of combs at pseudo-random integer forms, the same in every run."""

    def __init__(self, choice: Choice, points: int) -> None:
        generator = Random(1)
        self.leaves = [irrep for irrep, count in choice for _ in range(count)]
        drawn = [[[generator.getrandbits(60) for _ in range(irrep.dim)] for irrep, _ in choice] for _ in range(points)]
        places = [n for n, (_, count) in enumerate(choice) for _ in range(count)]
        self.points = [[forms[place] for place in places] for forms in drawn]
        self.known: dict[Labels, list[_Form]] = {(): [forms[0] for forms in self.points]}

    def forms(self, labels: Labels) -> list[_Form]:
        """The comb of the first leaves with these labels, at every point."""
        if labels not in self.known:
            n = len(labels)
            left = self.leaves[0] if n == 1 else labels[-2]
            table = transvectant(left.l, self.leaves[n].l, labels[-1].l)
            pairs = zip(self.forms(labels[:-1]), self.points, strict=True)
            self.known[labels] = [_product(table, form, forms[n], labels[-1].dim) for form, forms in pairs]
        return self.known[labels]

    def row(self, labels: Labels) -> list[int]:
        return [value for form in self.forms(labels) for value in form]


def _independent(candidates: list[Labels], evaluation: _Evaluation, dimension: int) -> list[Labels]:
    """Those that do not depend on the ones before, by elimination modulo PRIME; stops at `dimension` of them."""
    chosen: list[Labels] = []
    pivots: list[tuple[int, list[int]]] = []
    for labels in candidates:
        row = evaluation.row(labels)
        for column, pivot in pivots:
            factor = row[column]
            if factor:
                row = [(a - factor * b) % PRIME for a, b in zip(row, pivot, strict=True)]
        column = next((n for n, value in enumerate(row) if value), -1)
        if column >= 0:
            inverse = pow(row[column], -1, PRIME)
            pivots.append((column, [value * inverse % PRIME for value in row]))
            chosen.append(labels)
            if len(chosen) == dimension:
                break
    return chosen


def _product(table: list[tuple[int, int, int, int]], left: _Form, right: _Form, dim: int) -> _Form:
    out = [0] * dim
    for i, j, k, factor in table:
        out[k] += factor * left[i] * right[j]
    return [value % PRIME for value in out]


@cache
def transvectant(l1: int, l2: int, l3: int) -> list[tuple[int, int, int, int]]:
    """(i, j, k, factor): what coefficients i and j of two forms add to coefficient k of their r-th transvectant

    sum_s (-1)^s C(r, s) (d/dx)^(r-s) (d/dy)^s f  (d/dx)^s (d/dy)^(r-s) g,    r = l1 + l2 - l3.
    """
    r = l1 + l2 - l3
    found = []
    for i in range(2 * l1 + 1):
        for j in range(max(0, r - i), min(2 * l2, r - i + 2 * l3) + 1):
            factor = sum(
                (-1) ** s * comb(r, s) * perm(2 * l1 - i, r - s) * perm(i, s) * perm(2 * l2 - j, s) * perm(j, r - s)
                for s in range(r + 1)
            )
            if factor:
                found.append((i, j, i + j - r, factor))
    return found
