"""`hoist`: what does not depend on the summed index leaves the sum.

With o the same for all j, sum_j (o x_j)_J = (o [sum_j x_j])_J; and where o sits deeper, F-moves bring it to the root:

    sum_j ((o x_j)_k e_j)_J = sum_l F[k, l] (o [sum_j (x_j e_j)_l])_J

So a three-body product on every edge becomes the two-body aggregate and one product a node. Weights that do not depend
on the index leave as well, also those that mix channels, and what is computed on edges from nodes of one end alone is
computed on nodes. The same holds for means: both are linear. A scalar function of what is summed is not, and keeps its
sum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

from fusionc.algebra.clebsch import is_flipped
from fusionc.algebra.irrep import Irrep
from fusionc.algebra.recoupling import f_symbol, r_symbol
from fusionc.algebra.surd import ONE, Surd
from fusionc.diagram.ir import Space, Via
from fusionc.network import ir
from fusionc.network.count import multiply_adds
from fusionc.network.ir import Network, Subscripts, Vertex
from fusionc.network.model import Search
from fusionc.rewrite.drop_dead import drop_dead
from fusionc.rewrite.fold import fold
from fusionc.rewrite.rebuild import Rebuild, reshaped, without_weight
from fusionc.rewrite.sum_choice import PASSES, Choice, Prices


def hoist(network: Network, search: Search | None = None) -> Network:
    """Each sum opened or not, whatever lowers the work together; again where that gives new sums to open.

    The choice goes by prices, which foresee what is shared but not all: to open every sum is tried beside it.
    """
    search = search or Search()
    while True:
        live = drop_dead(network)
        every = frozenset(n for n, vertex in enumerate(live.vertices) if isinstance(vertex.op, ir.Reduce))
        ways = (_hoisted(live, opened) for opened in dict.fromkeys((_chosen(live, search), every)))
        found = min(ways, key=lambda way: multiply_adds(fold(way), search.model))
        if multiply_adds(found, search.model) >= multiply_adds(live, search.model):
            return network
        network = found


def _hoisted(network: Network, opened: frozenset[int]) -> Network:
    """With these sums opened."""
    build = Rebuild(network)
    for n, vertex in enumerate(network.vertices):
        if n in opened:
            build.places.append(_opened(build, vertex))
        else:
            build.places.append(_sunk(build, vertex))
    return build.finish()


def _opened(build: Rebuild, vertex: Vertex) -> int:
    op = build.rewired(vertex)
    assert isinstance(op, ir.Reduce)
    return _Sum(build, vertex, op, build.vertices[op.operand].space).of(op.operand)


def _chosen(network: Network, search: Search) -> frozenset[int]:
    """The sums to open: from all and from none, each in turn as long as the work falls; at most PASSES times."""
    build = Rebuild(network)
    ways: dict[int, tuple[int, int]] = {}
    for n, vertex in enumerate(network.vertices):
        build.places.append(_sunk(build, vertex))
        if isinstance(vertex.op, ir.Reduce):
            ways[n] = (build.places[n], _opened(build, vertex))
    sums = frozenset(closed for closed, _ in ways.values())
    prices = Prices(build.vertices, search.model)
    needs = {n: tuple(prices.with_products(_needed(build.vertices, w, sums)) for w in both) for n, both in ways.items()}
    outputs = [build.places[wire] for output in network.outputs for wire in output.wires]
    readers = [build.places[m] for m, v in enumerate(network.vertices) if any(n in ways for n in ir.operands(v.op))]
    roots = [root for root in (*outputs, *readers) if root not in sums]
    always = frozenset(prices.with_products(tuple(m for root in roots for m in _needed(build.vertices, root, sums))))
    choices = [Choice(prices.costs, always, needs, way) for way in (1, 0)]
    for choice in choices:
        if not choice.descend():
            search.met("hoist", "passes over the sums to open", PASSES)
    return frozenset(n for n, way in min(choices, key=lambda c: c.work).ways.items() if way)


def _needed(vertices: list[Vertex], root: int, sums: frozenset[int]) -> tuple[int, ...]:
    """The vertices that `root` is computed from, itself included; other sums stand for themselves."""
    found: dict[int, None] = {}
    rest = [root]
    while rest:
        n = rest.pop()
        if n not in found:
            found[n] = None
            rest += [m for m in ir.operands(vertices[n].op) if m not in sums]
    return tuple(found)


def _sunk(build: Rebuild, vertex: Vertex) -> int:
    """A vertex that reads copies of one end's elements: computed there, and its result copied."""
    op = build.rewired(vertex)
    vias = {
        below.op.via: below.space
        for n in ir.operands(op)
        if isinstance((below := build.vertices[n]).op, ir.Move) and not below.op.mean and below.op.via is not Via.ALL
    }
    if len(vias) == 1 and not isinstance(op, ir.Move | ir.Reduce | ir.View):
        ((via, space),) = vias.items()
        outer = _Outside(build, vertex, via, space).twin(op, vertex.irrep, vertex.channels)
        if outer is not None and build.vertices[outer].space is not Space.ONCE:
            return build.put_on(ir.Move(outer, via), vertex.irrep, vertex.channels, vertex.space, vertex)
    return build.copy(vertex)


@dataclass(slots=True)
class _Outside:
    """Wires of `inner` that are copies along `via`, and what they are copies of."""

    build: Rebuild
    like: Vertex
    via: Via
    inner: Space

    def source(self, n: int) -> int | None:
        """The wire that `n` is a copy of; None if `n` depends on the index."""
        vertex = self.build.vertices[n]
        match vertex.op:
            case _ if vertex.space is Space.ONCE:
                return n
            case ir.Move(operand, via, False) if vertex.space is self.inner and via in (self.via, Via.ALL):
                return operand
            case ir.View() as op if vertex.space is self.inner:
                return self.twin(op, vertex.irrep, vertex.channels)
            case _:
                return None

    def twin(self, op: ir.Op, irrep: Irrep, channels: tuple[int, ...]) -> int | None:
        """The same operation on the sources of all operands."""
        operands = ir.operands(op)
        sources = [self.source(n) for n in operands]
        if not operands or any(source is None for source in sources):
            return None
        found = {n: source for n, source in zip(operands, sources, strict=True) if source is not None}
        return self.build.put(ir.rewired(op, found.__getitem__), irrep, channels, self.like)


Item = tuple[Surd, int, int]
"""factor, o and y, of factor * w3j(o, y)."""


@dataclass(slots=True)
class _Sum:
    """One reduction, `vertex`, of wires of the space `inner`."""

    build: Rebuild
    vertex: Vertex
    op: ir.Reduce
    inner: Space

    @property
    def outside(self) -> _Outside:
        return _Outside(self.build, self.vertex, self.op.via, self.inner)

    def of(self, n: int) -> int:
        """The sum of wire `n`."""
        vertex = self.build.vertices[n]
        if vertex.space is self.inner:
            found = self._opened(vertex)
            if found is not None:
                return found
        op = replace(self.op, operand=n)
        return self.build.put_on(op, vertex.irrep, vertex.channels, self.vertex.space, self.vertex)

    def _opened(self, vertex: Vertex) -> int | None:
        match vertex.op:
            case ir.Couple() as op:
                return self._direct(vertex, op) or self._recoupled(vertex, op) or self._weighted(vertex, op)
            case ir.Mix(operand, weight):
                outer = self.outside.source(weight)
                if outer is None or self.build.vertices[operand].space is not self.inner:
                    return None
                mix = replace(vertex.op, operand=self.of(operand), weight=outer)
                return self._put(mix, vertex)
            case ir.Add(terms) if terms and all(self.build.vertices[n].space is self.inner for _, n in terms):
                return self._put(ir.Add(tuple((factor, self.of(n)) for factor, n in terms)), vertex)
            case _:
                return None

    def _put(self, op: ir.Op, like: Vertex) -> int:
        return self.build.put(op, like.irrep, like.channels, self.vertex)

    def _direct(self, vertex: Vertex, op: ir.Couple) -> int | None:
        """One leg and the weight do not depend on the index."""
        weight = None if op.weight is None else self.outside.source(op.weight)
        if op.weight is not None and weight is None:
            return None
        left, right = self.outside.source(op.left), self.outside.source(op.right)
        if left is not None and right is None:
            return self._put(replace(op, left=left, right=self.of(op.right), weight=weight), vertex)
        if right is not None and left is None:
            return self._put(replace(op, left=self.of(op.left), right=right, weight=weight), vertex)
        return None

    def _recoupled(self, vertex: Vertex, op: ir.Couple) -> int | None:
        """A leg deeper down comes to the root by F-moves, channel by channel."""
        bare = op if op.weight is None else self._unweighted(vertex, op)
        items = None if bare is None else self._extracted(replace(vertex, op=bare))
        if items is None:
            return None
        terms = [(ONE, self._coupled(o, self.of(y), vertex.irrep, factor)) for factor, o, y in items]
        return terms[0][1] if len(terms) == 1 else self._put(ir.Add(tuple(terms)), vertex)

    def _weighted(self, vertex: Vertex, op: ir.Couple) -> int | None:
        """Weights that do not depend on the index come after the sum of what they mix."""
        weight = None if op.weight is None else self.outside.source(op.weight)
        split = None if weight is None else without_weight(self.build.vertices, op)
        if weight is None or split is None:
            return None
        bare, channels, mixing, shape = split
        below = self.of(self.build.put(bare, vertex.irrep, channels, self.vertex))
        if len(channels) > 1:
            flat = (prod(channels),)
            below = self.build.put(ir.View(below, 0, flat), vertex.irrep, flat, self.vertex)
        return self._put(ir.Mix(below, reshaped(self.build, self.vertex, weight, shape), mixing, ONE), vertex)

    def _unweighted(self, vertex: Vertex, op: ir.Couple) -> ir.Couple | None:
        """A weight of each edge's own, channel by channel, goes to a leg that depends on the edge."""
        assert op.weight is not None
        s = op.subscripts
        for left in (False, True):
            leg, own = (op.left, s.left) if left else (op.right, s.right)
            below = self.build.vertices[leg]
            if s.weight == own == s.out and self.outside.source(leg) is None and not _is_bare_coupling(below):
                mix = ir.Mix(leg, op.weight, Subscripts(own, "", own, own), ONE)
                wire = self.build.put(mix, below.irrep, below.channels, self.vertex)
                legs = (wire, op.right) if left else (op.left, wire)
                return ir.Couple(*legs, None, Subscripts(s.left, s.right, "", s.out), op.factor)
        return None

    def _extracted(self, vertex: Vertex) -> list[Item] | None:
        """The vertex as a sum of couplings of wires o, which do not depend on the index, with wires y, which do."""
        match vertex.op:
            case ir.Couple(weight=None) as op if _is_channelwise(self.build.vertices, vertex):
                return self._extracted_coupling(vertex, op)
            case ir.Add(terms) if terms:
                found: list[Item] = []
                for factor, n in terms:
                    below = self.build.vertices[n]
                    items = self._extracted(below) if below.space is self.inner else None
                    if items is None:
                        return None
                    found += [(factor * value, o, y) for value, o, y in items]
                return found
            case _:
                return None

    def _extracted_coupling(self, vertex: Vertex, op: ir.Couple) -> list[Item] | None:
        for a, b in ((op.left, op.right), (op.right, op.left)):
            turned = op.factor if a == op.left else op.factor * self._exchange(a, b, vertex.irrep)
            outer = self.outside.source(a)
            if outer is not None and self.outside.source(b) is None:
                return [(turned, outer, b)]
            below = self.build.vertices[a]
            items = self._extracted(below) if below.space is self.inner else None
            if items is not None:
                return [moved for item in items for moved in self._moved(item, below.irrep, b, vertex.irrep, turned)]
        return None

    def _moved(self, item: Item, k: Irrep, b: int, out: Irrep, factor: Surd) -> list[Item]:
        """factor * w3j(value * w3j(o, y)_k, b)_out with o at the root."""
        value, o, y = item
        j1, j2, j3 = (self.build.vertices[n].irrep for n in (o, y, b))
        whole = factor * value / (self._isometry(k, j3, out) * self._isometry(j1, j2, k))
        found: list[Item] = []
        for label in j2 * j3:
            symbol = f_symbol(j1.l, j2.l, j3.l, out.l, k.l, label.l)
            if symbol and label.p * j1.p == out.p:
                wire = self._coupled(y, b, label, self._isometry(j2, j3, label))
                found.append((whole * symbol * self._isometry(j1, label, out), o, wire))
        return found

    def _isometry(self, a: Irrep, b: Irrep, out: Irrep) -> Surd:
        """The factor that makes the network's w3j a vertex of e3nn >= 0.5's trees."""
        flipped = self.build.old.convention == "e3nn-0.4" and is_flipped(a.l, b.l, out.l)
        return -Surd.sqrt(out.dim) if flipped else Surd.sqrt(out.dim)

    def _exchange(self, a: int, b: int, out: Irrep) -> Surd:
        sign = r_symbol(self.build.vertices[a].irrep.l, self.build.vertices[b].irrep.l, out.l)
        return Surd.of(sign)

    def _coupled(self, x: int, y: int, irrep: Irrep, factor: Surd) -> int:
        """Equal multiplicities go together, a multiplicity of one is shared."""
        (u,), (v,) = self.build.vertices[x].channels, self.build.vertices[y].channels
        letters = ("u", "u", "u") if u == v else ("u", "v", "u") if v == 1 else ("u", "v", "v")
        couple = ir.Couple(x, y, None, Subscripts(letters[0], letters[1], "", letters[2]), factor)
        return self.build.put(couple, irrep, (max(u, v),), self.vertex)


def _is_bare_coupling(vertex: Vertex) -> bool:
    return isinstance(vertex.op, ir.Couple) and vertex.op.weight is None


def _is_channelwise(vertices: list[Vertex], vertex: Vertex) -> bool:
    """Channels go together, or one leg has a single one that all of the other's share."""
    op = vertex.op
    assert isinstance(op, ir.Couple)
    s = op.subscripts
    u, v = vertices[op.left].channels, vertices[op.right].channels
    if len(u) != 1 or len(v) != 1 or len(vertex.channels) != 1:
        return False
    if s.left == s.right:
        return s.out == s.left
    return (s.out == s.left and v == (1,)) or (s.out == s.right and u == (1,))
