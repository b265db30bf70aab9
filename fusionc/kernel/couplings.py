"""Couplings as sums of products, in the order of contraction that costs least (as `network.straight_line` counts it).

- A leg without channels goes first: C with y is a small matrix of scalars an element, which all channels share.
- A result without channels goes last: products are summed over the channels first, C comes once an element.
- Between wires that both have channels: products of components that several couplings share, then constants; or,
  where several couplings of one sum share a leg, a common matrix of the other legs first, then one product.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fusionc.algebra.clebsch import Entry, coupling
from fusionc.algebra.surd import Surd
from fusionc.kernel.scalars import Component, Scalars, Scaled

Wire = tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class Coupling:
    """factor * sum_ij C[i, j, k] x[i] y[j], in the signs of `convention`."""

    x: Wire
    y: Wire
    ls: tuple[int, int, int]
    factor: Surd
    convention: str

    @property
    def entries(self) -> tuple[Entry, ...]:
        return coupling(*self.ls, self.convention)

    def turned(self) -> Coupling:
        l1, l2, l3 = self.ls
        return Coupling(self.y, self.x, (l2, l1, l3), self.factor * self._exchange(), self.convention)

    def _exchange(self) -> Surd:
        """Of the sign that the two orders of the legs differ by."""
        l1, l2, l3 = self.ls
        here, there = self.entries[0], {(e.i, e.j, e.k): e.value for e in coupling(l2, l1, l3, self.convention)}
        return here.value / there[here.j, here.i, here.k]


def by_matrix(scalars: Scalars, many: Iterable[Coupling]) -> Wire:
    """The sum of couplings that share y: all matrices of C with x are one, then its product with y."""
    rows: dict[tuple[int, int], list[tuple[Scaled, None]]] = {}
    y: Wire = ()
    dim = 0
    for c in many:
        y, dim = c.y, 2 * c.ls[2] + 1
        for e in c.entries:
            x = c.x[e.i]
            if x is not None and y[e.j] is not None:
                rows.setdefault((e.j, e.k), []).append((x.times(e.value * c.factor), None))
    products: list[list[tuple[Scaled, Scaled | None]]] = [[] for _ in range(dim)]
    for (j, k), terms in rows.items():
        entry, other = scalars.sum(terms), y[j]
        if entry is not None and other is not None:
            products[k].append((entry, other))
    return tuple(scalars.sum(terms) for terms in products)


def by_products(scalars: Scalars, c: Coupling, lane_sums: bool = False) -> Wire:
    """Products of components first, summed over the lanes if so asked; constants then."""
    terms: list[list[tuple[Scaled, None]]] = [[] for _ in range(2 * c.ls[2] + 1)]
    for e in c.entries:
        x, y = c.x[e.i], c.y[e.j]
        if x is None or y is None:
            continue
        product = scalars.product(x, y)
        if lane_sums:
            product = scalars.lane_sum(product)
        terms[e.k].append((product.times(e.value * c.factor), None))
    return tuple(scalars.sum(many) for many in terms)


def by_scalars(scalars: Scalars, c: Coupling) -> Wire:
    """y is an operand without channels: its matrix with C, which every channel of x then meets."""
    return by_matrix(scalars, (c.turned(),))
