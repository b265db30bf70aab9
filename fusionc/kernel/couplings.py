"""Couplings as sums of products, in the order of contraction that costs least (as `network.straight_line` counts it).

- A leg without channels goes first: C with y is a small matrix of scalars an element, which all channels share.
- A result without channels goes last: products are summed over the channels first, C comes once an element.
- Between wires that both have channels: products of components that several couplings share, then constants; or,
  where several couplings of one sum share a leg, a common matrix of the other legs first, then one product.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fusionc.algebra.clebsch import Entry, coupling
from fusionc.algebra.surd import Surd
from fusionc.kernel.scalars import Component, Scalars, Scaled
from fusionc.network.straight_line import products
from fusionc.network.work import nonzeros

Wire = tuple[Component, ...]
Degrees = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Coupling:
    """factor * sum_ij C[i, j, k] x[i] y[j], in the signs of `convention`. `lanes`: whether x and y have any."""

    x: Wire
    y: Wire
    ls: Degrees
    lanes: tuple[bool, bool]
    factor: Surd
    convention: str

    @property
    def entries(self) -> tuple[Entry, ...]:
        return coupling(*self.ls, self.convention)

    def turned(self) -> Coupling:
        l1, l2, l3 = self.ls
        x_has, y_has = self.lanes
        factor = self.factor * self._exchange()
        return replace(self, x=self.y, y=self.x, ls=(l2, l1, l3), lanes=(y_has, x_has), factor=factor)

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


def coupled(scalars: Scalars, c: Coupling, family: tuple[Degrees, ...]) -> Wire:
    """In the cheapest order. `family`: of all couplings of these two wires, which may share products."""
    match c.lanes:
        case (True, False):
            return by_scalars(scalars, c)
        case (False, True):
            return by_matrix(scalars, (c,))
        case _:
            return _apart(scalars, c, family)


def _apart(scalars: Scalars, c: Coupling, family: tuple[Degrees, ...]) -> Wire:
    """With products that other couplings of the same wires share, or by a matrix of its own."""
    if 0 in c.ls or c.x == c.y:
        return by_products(scalars, c)
    shared = len({pair for ls in family for pair in products(*ls)}) + sum(nonzeros(*ls)[0] for ls in family)
    alone = sum(nonzeros(*ls)[0] + min(nonzeros(*ls)[1:]) for ls in family)
    if shared <= alone:
        return by_products(scalars, c)
    _, left, right = nonzeros(*c.ls)
    return by_matrix(scalars, (c if left <= right else c.turned(),))


def summed(scalars: Scalars, c: Coupling, weight: Scaled | None) -> Wire:
    """The sum over the lanes; a weight, which has lanes, goes to the shorter leg that has them, too."""
    if weight is not None:
        left = c.lanes[0] and (not c.lanes[1] or c.ls[0] <= c.ls[1])
        if left or not c.lanes[1]:
            c = replace(c, x=_times(scalars, c.x, weight), lanes=(True, c.lanes[1]))
        else:
            c = replace(c, y=_times(scalars, c.y, weight))
    if all(c.lanes):
        return by_products(scalars, c, lane_sums=True)
    x, y = (_total(scalars, leg) if has else leg for leg, has in zip((c.x, c.y), c.lanes, strict=True))
    return by_products(scalars, replace(c, x=x, y=y, lanes=(False, False)))


def _times(scalars: Scalars, wire: Wire, weight: Scaled) -> Wire:
    return tuple(component and scalars.product(component, weight) for component in wire)


def _total(scalars: Scalars, wire: Wire) -> Wire:
    return tuple(component and scalars.lane_sum(component) for component in wire)
