"""Symmetric powers: which products of identical leaves are linearly independent.

With n equal leaves A = V_1 + V_2 + ... (channel by channel, so one copy of each irrep), the left combs
((a_i a_j)_k a_m)_L are polynomials in A. For each multiset of leaves they span Hom(Sym^{n_1}(V_1) x Sym^{n_2}(V_2) x ..., V_L),
whose dimension follows from characters. A basis is chosen exactly: couplings become transvectants of binary forms, which
are the Clebsch-Gordan maps up to a non-zero factor and have integer coefficients, and the rank of their leading
coefficients is taken modulo a prime at fixed points. That rank is a lower bound over the rationals, and the dimension is an
upper one, so their agreement is a proof.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from math import comb, perm

import numpy as np
from numpy.typing import NDArray

from fusionc.algebra.irrep import Irrep

PRIME = 2**31 - 1  # products of two residues fit 63 bits


@dataclass(frozen=True, slots=True, order=True)
class CombTree:
    """((a_0 a_1)_k2 a_2)_k3 ...: `leaves` are places in the list of leaf irreps, never decreasing; `labels` are k2, k3, ...
    and last the outgoing irrep. One leaf has no label.
    """

    leaves: tuple[int, ...]
    labels: tuple[Irrep, ...]


def symmetric_dimension(leaf_irreps: tuple[Irrep, ...], order: int, out: Irrep) -> int:
    """Dimension of Hom(Sym^order(sum of the leaves), out), from weights; O(3) and SO(3) alike."""
    ways = _symmetric_weights(leaf_irreps, order)
    return ways.get((out.l, out.p), 0) - ways.get((out.l + 1, out.p), 0)


@cache
def _symmetric_weights(leaf_irreps: tuple[Irrep, ...], order: int) -> dict[tuple[int, int], int]:
    """How many multisets of `order` basis vectors have total weight M and parity p, by (M, p)."""
    ways: list[dict[tuple[int, int], int]] = [{} for _ in range(order + 1)]
    ways[0][0, 1] = 1
    for irrep in leaf_irreps:
        for m in range(-irrep.l, irrep.l + 1):
            for n in range(1, order + 1):  # ascending: the vector may be taken again
                for (weight, p), number in list(ways[n - 1].items()):
                    key = (weight + m, p * irrep.p)
                    ways[n][key] = ways[n].get(key, 0) + number
    return ways[order]


def multiset_dimension(leaves: tuple[Irrep, ...], counts: tuple[int, ...], out: Irrep) -> int:
    """Dimension of Hom(Sym^n1(V_1) x Sym^n2(V_2) x ..., out)."""
    weights: dict[int, int] = {0: 1}
    parity = 1
    for irrep, count in zip(leaves, counts, strict=True):
        parity *= irrep.p**count
        power = _power_weights(irrep.l, count)
        joined: dict[int, int] = {}
        for a, x in weights.items():
            for b, y in power.items():
                joined[a + b] = joined.get(a + b, 0) + x * y
        weights = joined
    return weights.get(out.l, 0) - weights.get(out.l + 1, 0) if parity == out.p else 0


@cache
def _power_weights(l: int, count: int) -> dict[int, int]:
    ways: list[dict[int, int]] = [{0: 1}] + [{} for _ in range(count)]
    for m in range(-l, l + 1):
        for n in range(1, count + 1):
            for weight, number in list(ways[n - 1].items()):
                ways[n][weight + m] = ways[n].get(weight + m, 0) + number
    return ways[count]


def comb_trees(leaf_irreps: tuple[Irrep, ...], order: int, out: Irrep) -> Iterator[CombTree]:
    """All left combs with leaves in order, dependent ones too: by leaves, then labels."""
    for leaves in combinations_with_replacement(range(len(leaf_irreps)), order):
        yield from _combs(leaf_irreps, leaves, out)


def _combs(leaf_irreps: tuple[Irrep, ...], leaves: tuple[int, ...], out: Irrep) -> Iterator[CombTree]:
    def grow(labels: tuple[Irrep, ...], top: Irrep) -> Iterator[tuple[Irrep, ...]]:
        depth = len(labels) + 1
        if depth == len(leaves):
            if top == out:
                yield labels
            return
        rest = sum(leaf_irreps[n].l for n in leaves[depth + 1 :])
        for irrep in top * leaf_irreps[leaves[depth]]:
            if abs(irrep.l - out.l) <= rest:
                yield from grow((*labels, irrep), irrep)

    for labels in grow((), leaf_irreps[leaves[0]]):
        yield CombTree(leaves, labels)


@cache
def symmetric_trees(leaf_irreps: tuple[Irrep, ...], order: int, out: Irrep) -> tuple[CombTree, ...]:
    """A basis of left combs: for each multiset of leaves, in order, the first combs that are independent.

    Raises AssertionError if the rank found is not the dimension that characters give, which no input can cause.
    """
    found: list[CombTree] = []
    for leaves in combinations_with_replacement(range(len(leaf_irreps)), order):
        used = sorted(set(leaves))
        counts = tuple(leaves.count(n) for n in used)
        dimension = multiset_dimension(tuple(leaf_irreps[n] for n in used), counts, out)
        if dimension:
            found += _independent(leaf_irreps, leaves, out, dimension)
    return tuple(found)


def _independent(
    leaf_irreps: tuple[Irrep, ...], leaves: tuple[int, ...], out: Irrep, dimension: int
) -> list[CombTree]:
    forms = _Forms(leaf_irreps, 2 * dimension + 8)
    chosen: list[CombTree] = []
    rows: list[tuple[int, NDArray[np.int64]]] = []  # (pivot, row), each row 1 at its pivot
    for tree in _combs(leaf_irreps, leaves, out):
        row = forms.value(tree.leaves, tree.labels)[:, -1].copy()
        for pivot, other in rows:
            row = (row - row[pivot] * other) % PRIME
        places = np.flatnonzero(row)
        if len(places):
            pivot = int(places[0])
            rows.append((pivot, row * pow(int(row[pivot]), -1, PRIME) % PRIME))
            chosen.append(tree)
            if len(chosen) == dimension:
                return chosen
    raise AssertionError(f"{len(chosen)} independent combs of {leaves} to {out}, where characters count {dimension}")


class _Forms:
    """Values of combs at fixed points: `[points, 2l+1]` coefficients of binary forms modulo `PRIME`, by power of x."""

    def __init__(self, leaf_irreps: tuple[Irrep, ...], points: int) -> None:
        generator = np.random.default_rng(20241123)
        self._leaves = [
            generator.integers(0, PRIME, size=(points, irrep.dim), dtype=np.int64) for irrep in leaf_irreps
        ]
        self._known: dict[tuple[tuple[int, ...], tuple[Irrep, ...]], NDArray[np.int64]] = {}

    def value(self, leaves: tuple[int, ...], labels: tuple[Irrep, ...]) -> NDArray[np.int64]:
        if not labels:
            return self._leaves[leaves[0]]
        key = (leaves, labels)
        if key not in self._known:
            below = self.value(leaves[:-1], labels[:-1])
            self._known[key] = _transvectant(below, self._leaves[leaves[-1]], labels[-1].l)
        return self._known[key]


def _transvectant(f: NDArray[np.int64], g: NDArray[np.int64], l: int) -> NDArray[np.int64]:
    """The component of degree l of a product of binary forms, modulo `PRIME`."""
    l1, l2 = f.shape[1] // 2, g.shape[1] // 2
    out = np.zeros((f.shape[0], 2 * l + 1), dtype=np.int64)
    for u, v, w, coefficient in _transvectant_terms(l1, l2, l):
        out[:, w] = (out[:, w] + f[:, u] * g[:, v] % PRIME * coefficient) % PRIME
    return out


@cache
def _transvectant_terms(l1: int, l2: int, l: int) -> tuple[tuple[int, int, int, int], ...]:
    """(u, v, w, c): x^u of the first form times x^v of the second adds c x^w.

    With k = l1 + l2 - l, the k-th transvectant is sum_i (-1)^i C(k, i) d^k f / dx^(k-i) dy^i  d^k g / dx^i dy^(k-i).
    """
    k = l1 + l2 - l
    terms = []
    for u in range(2 * l1 + 1):
        for v in range(2 * l2 + 1):
            total = sum(
                (-1) ** i * comb(k, i) * perm(u, k - i) * perm(2 * l1 - u, i) * perm(v, i) * perm(2 * l2 - v, k - i)
                for i in range(k + 1)
            )
            if total % PRIME:
                terms.append((u, v, u + v - k, total % PRIME))
    return tuple(terms)
