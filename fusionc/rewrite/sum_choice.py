"""Which sums are opened, when what they need is shared: a descent over closed and opened, by counts of users."""

from __future__ import annotations

from math import prod

from fusionc.diagram.ir import Space
from fusionc.network import ir
from fusionc.network.count import price
from fusionc.network.ir import Vertex
from fusionc.network.model import Model, Target
from fusionc.network.work import loops, nonzeros

PASSES = 6


class Prices:
    """What each vertex costs; after the vertices, what the products of each two wires cost that couplings share."""

    def __init__(self, vertices: list[Vertex], model: Model) -> None:
        self.vertices = vertices
        self._summed = {v.op.operand: v.space for v in vertices if isinstance(v.op, ir.Reduce)}
        self.costs = [_price(vertices, v, model, self._summed.get(n)) for n, v in enumerate(vertices)]
        self._products: dict[tuple[int, int], int] = {}
        self._model = model

    def with_products(self, needed: tuple[int, ...]) -> tuple[int, ...]:
        found = dict.fromkeys(needed)
        for n in needed:
            op = self.vertices[n].op
            if isinstance(op, ir.Couple) and (self._model.target is Target.KERNEL or n in self._summed):
                found[self._product(n, op)] = None
        return tuple(found)

    def _product(self, n: int, op: ir.Couple) -> int:
        key = (min(op.left, op.right), max(op.left, op.right))
        if key not in self._products:
            s, x, y = op.subscripts, self.vertices[op.left], self.vertices[op.right]
            pairs = loops(self.vertices, ((s.left, op.left), (s.right, op.right)))
            self._products[key] = len(self.costs)
            self.costs.append(x.irrep.dim * y.irrep.dim * pairs * self._model.times(self.vertices[n].space))
        return self._products[key]


def _price(vertices: list[Vertex], vertex: Vertex, model: Model, after: Space | None) -> int:
    """Without products, where they are shared: what then is left of a coupling is multiplied `after` it is summed."""
    match vertex.op:
        case ir.Couple(left=left, right=right, weight=None, subscripts=s) if after or model.target is Target.KERNEL:
            irreps = (vertices[left].irrep, vertices[right].irrep, vertex.irrep)
            constants = (
                prod(i.dim for i in irreps) if model.target is Target.TORCH else nonzeros(*(i.l for i in irreps))[0]
            )
            thin = any(i.l == 0 for i in irreps)
            pairs = loops(vertices, ((s.left, left), (s.right, right)))
            return 0 if thin else constants * pairs * model.times(after or vertex.space)
        case ir.Reduce(operand=operand) if isinstance(vertices[operand].op, ir.Couple):
            return 0
        case _:
            return price(vertices, vertex, model)


class Choice:
    """A way for each sum, closed (0) or opened (1), with how many of them use each vertex."""

    def __init__(
        self, costs: list[int], always: frozenset[int], needs: dict[int, tuple[tuple[int, ...], ...]], way: int
    ) -> None:
        self.costs = costs
        self.needs = needs
        self.ways = dict.fromkeys(needs, way)
        self.users = [int(n in always) for n in range(len(costs))]
        self.work = sum(costs[n] for n in always)
        for n in needs:
            self._use(n, 1)

    def descend(self) -> bool:
        """Sums one by one, then together those that need one vertex; at most PASSES times. Whether that was enough."""
        groups: dict[tuple[int, ...], None] = dict.fromkeys((n,) for n in self.needs)
        for m, cost in enumerate(self.costs):
            if cost:
                groups.setdefault(tuple(n for n, needed in self.needs.items() if m in needed[1]))
        for _ in range(PASSES):
            before = self.work
            for group in groups:
                for way in (0, 1):
                    self._turn_if_cheaper(group, way)
            if self.work == before:
                return True
        return False

    def _turn_if_cheaper(self, group: tuple[int, ...], way: int) -> None:
        before = self.work
        turned = [n for n in group if self.ways[n] != way]
        for n in turned:
            self._turn(n)
        if self.work >= before:
            for n in turned:
                self._turn(n)

    def _turn(self, n: int) -> None:
        self._use(n, -1)
        self.ways[n] = 1 - self.ways[n]
        self._use(n, 1)

    def _use(self, n: int, step: int) -> None:
        for m in self.needs[n][self.ways[n]]:
            if self.users[m] == (0 if step > 0 else 1):
                self.work += step * self.costs[m]
            self.users[m] += step
