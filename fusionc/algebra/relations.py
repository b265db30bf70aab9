"""Linear relations between coupling trees of identical leaves, exactly.

A tree is evaluated on binary forms as in `symmetric.py`: a vertex is a transvectant, up to a factor that is known. So
the values of trees at integer points have rational relations; they are found modulo a prime and reconstructed. A tree
of isometries is its transvectants times the product of those factors, hence every coefficient is one signed root.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from math import comb, factorial, perm
from random import Random

from fusionc.algebra.clebsch import isometry_stretched
from fusionc.algebra.irrep import Irrep
from fusionc.algebra.surd import ONE, Surd
from fusionc.algebra.symmetric import transvectant

Tree = int | tuple["Tree", "Tree", Irrep]
"""A leaf by its number, or (left, right, label of the vertex)."""

PRIME = 2**127 - 1
_BOUND = 2**48
"""Above numerator and denominator of every coefficient: a wrong one would have to be below it by chance, 1 in 2^31."""

Row = list[int]


class Values:
    """Trees over `leaves`, where equal irreps may be different tensors, at points that are the same in every run."""

    def __init__(self, leaves: tuple[Irrep, ...], points: int, prime: int = PRIME) -> None:
        generator = Random(1)
        self.leaves = leaves
        self.prime = prime
        self.points = [[[generator.getrandbits(60) for _ in range(i.dim)] for i in leaves] for _ in range(points)]
        self._known: dict[Tree, list[Row]] = {}

    def label(self, tree: Tree) -> Irrep:
        return self.leaves[tree] if isinstance(tree, int) else tree[2]

    def row(self, tree: Tree) -> Row:
        """All components at all points, modulo the prime."""
        return [value for form in self._forms(tree) for value in form]

    def _forms(self, tree: Tree) -> list[Row]:
        if isinstance(tree, int):
            return [forms[tree] for forms in self.points]
        if tree not in self._known:
            left, right, out = tree
            table = transvectant(self.label(left).l, self.label(right).l, out.l)
            pairs = zip(self._forms(left), self._forms(right), strict=True)
            self._known[tree] = [_product(table, a, b, out.dim, self.prime) for a, b in pairs]
        return self._known[tree]

    def gauge(self, tree: Tree) -> Surd:
        """What the tree of transvectants is multiplied by to be the tree of isometries."""
        if isinstance(tree, int):
            return ONE
        left, right, out = tree
        return self.gauge(left) * self.gauge(right) * _gauge(self.label(left).l, self.label(right).l, out.l)


class Span:
    """A growing set of independent rows, in echelon form."""

    def __init__(self) -> None:
        self.size = 0
        self._pivots: list[tuple[int, Row, Row]] = []

    def add(self, row: Row) -> bool:
        """Whether the row is independent of those before; then it belongs to them."""
        rest, combination = self._reduced(row)
        column = next((n for n, value in enumerate(rest) if value), -1)
        if column < 0:
            return False
        inverse = pow(rest[column], -1, PRIME)
        own = [-value * inverse % PRIME for value in combination] + [0] * (self.size - len(combination)) + [inverse]
        self._pivots.append((column, [value * inverse % PRIME for value in rest], own))
        self.size += 1
        return True

    def holds(self, row: Row) -> bool:
        return not any(self._reduced(row)[0])

    def coordinates(self, row: Row) -> list[Fraction]:
        """The row as a combination of those added. AssertionError where it is none."""
        rest, combination = self._reduced(row)
        if any(rest):
            raise AssertionError("a tree is no combination of the basis")
        return [_rational(value) for value in combination]

    def _reduced(self, row: Row) -> tuple[Row, Row]:
        """What is left of a row, and the combination of added rows that was taken away."""
        combination = [0] * self.size
        for column, pivot, own in self._pivots:
            value = row[column]
            if value:
                row = [(a - value * b) % PRIME for a, b in zip(row, pivot, strict=True)]
                for n, part in enumerate(own):
                    combination[n] = (combination[n] + value * part) % PRIME
        return row, combination


def relation(values: Values, span: Span, basis: Sequence[Tree], tree: Tree) -> list[Surd]:
    """`tree` as a combination of the trees of `basis`, all of isometries; `span` holds the rows of the basis."""
    own = values.gauge(tree)
    parts = zip(span.coordinates(values.row(tree)), basis, strict=True)
    return [Surd.of(part) * own / values.gauge(other) for part, other in parts]


def _rational(residue: int) -> Fraction:
    """The fraction of small numerator and denominator that a residue stands for (Wang 1981)."""
    a, b, s, t = PRIME, residue, 0, 1
    while b >= _BOUND:
        quotient = a // b
        a, b, s, t = b, a - quotient * b, t, s - quotient * t
    if abs(t) >= _BOUND:
        raise AssertionError("a relation between trees has larger coefficients than it may")
    return Fraction(b, t)


def _product(table: list[tuple[int, int, int, int]], left: Row, right: Row, dim: int, prime: int) -> Row:
    out = [0] * dim
    for i, j, k, value in table:
        out[k] += value * left[i] * right[j]
    return [value % prime for value in out]


@cache
def _gauge(l1: int, l2: int, l3: int) -> Surd:
    """Isometry over transvectant, from one component: |l m> is sqrt(C(2l, l-m)) x^(l+m) y^(l-m), both are equivariant.

    The components are the highest of the left leg and of the result; there the transvectant has a single term.
    """
    r = l1 + l2 - l3
    transvectant = Surd.of(perm(2 * l1, r) * factorial(r)) * Surd.sqrt(comb(2 * l2, r))
    return isometry_stretched(l1, l2, l3) / transvectant
