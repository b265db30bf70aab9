"""`fold`: what is known before any tensor is.

- Constants are carried to where they cost nothing: through gathers, sums and views into the factors of couplings and
  mixings, and into the terms of sums. Couplings that differ in a constant or in the order of their legs (R-moves) are
  one coupling.
- (a a)_l of one wire with itself, channel by channel, is zero for odd l; what is zero is not computed.
- Y_0 is 1, so that coupling with it scales.
- Sums of sums are one sum; equal terms are one term.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod

from fusionc.algebra.irrep import Irrep
from fusionc.algebra.recoupling import r_symbol
from fusionc.algebra.surd import ONE, ZERO, Surd, SurdSum
from fusionc.diagram.ir import Norm
from fusionc.network import ir
from fusionc.network.ir import Network, Subscripts, Vertex
from fusionc.network.model import Search
from fusionc.rewrite.rebuild import Rebuild, reshaped, use_counts

SCALAR = Irrep(0, 1)

Key = tuple[int, int, int | None, Subscripts, Irrep]
Scaled = tuple[Surd, int]
"""A constant times a wire. The constant 0 stands for the value zero, whatever the wire."""


def fold(network: Network, search: Search | None = None) -> Network:
    """Until nothing is left to fold."""
    while True:
        found = _once(network)
        if found == network:
            return network
        network = found


def _once(network: Network) -> Network:
    build = Rebuild(network)
    run = _Fold(build, use_counts(network), _absorbed(network))
    for vertex in network.vertices:
        factor, place = run.fold(vertex)
        run.scaled.append((factor, place))
        build.places.append(place)
    outputs = {wire for output in network.outputs for wire in output.wires}
    for wire in sorted(outputs):
        build.places[wire] = run.wire(wire, network.vertices[wire])
    return build.finish()


def _absorbed(network: Network) -> frozenset[int]:
    """Vertices that only couplings and mixings read: these take their constants."""
    others = {wire for output in network.outputs for wire in output.wires}
    for vertex in network.vertices:
        if not isinstance(vertex.op, ir.Couple | ir.Mix):
            others.update(ir.operands(vertex.op))
    return frozenset(n for n in range(len(network.vertices)) if n not in others)


@dataclass(slots=True)
class _Fold:
    """`scaled[n]` is the value of old vertex n. A constant passes a gather only where `absorbed` behind it."""

    build: Rebuild
    uses: list[int]
    absorbed: frozenset[int]
    scaled: list[Scaled] = field(default_factory=list)
    _couplings: dict[Key, Scaled] = field(default_factory=dict)

    def fold(self, vertex: Vertex) -> Scaled:
        op = vertex.op
        match op:
            case ir.Couple():
                return self._couple(vertex, op)
            case ir.Mix(operand, weight, subscripts, factor):
                (a, x), (b, w) = self.scaled[operand], self.scaled[weight]
                total = factor * a * b
                return (ONE, self._put(ir.Mix(x, w, subscripts, total), vertex)) if total else self._zero(vertex)
            case ir.Add(terms):
                return self._add(vertex, terms)
            case ir.Move(operand=n) if len(self.scaled) not in self.absorbed:
                place = self.wire(n, self.build.old.vertices[n], vertex)
                return ONE, self._put(replace(op, operand=place), vertex)
            case ir.Move(operand=n) | ir.Reduce(operand=n) | ir.View(operand=n) | ir.Pick(operand=n):
                factor, x = self.scaled[n]
                return (factor, self._put(replace(op, operand=x), vertex)) if factor else self._zero(vertex)
            case _:
                for n in ir.operands(op):
                    self.build.places[n] = self.wire(n, self.build.old.vertices[n], vertex)
                return ONE, self.build.copy(vertex)

    def wire(self, n: int, old: Vertex, like: Vertex | None = None) -> int:
        """Old vertex `n` with its constant multiplied in."""
        factor, place = self.scaled[n]
        if factor == ONE:
            return place
        terms = ((factor, place),) if factor else ()
        block = old if like is None else replace(old, block=like.block)
        return self.build.put_on(ir.Add(terms), old.irrep, old.channels, old.space, block)

    def _put(self, op: ir.Op, vertex: Vertex) -> int:
        return self.build.put_on(op, vertex.irrep, vertex.channels, vertex.space, vertex)

    def _zero(self, vertex: Vertex) -> Scaled:
        return ZERO, self._put(ir.Add(()), vertex)

    # ------------------------------------------------------------- couplings

    def _couple(self, vertex: Vertex, op: ir.Couple) -> Scaled:
        (a, x), (b, y) = self.scaled[op.left], self.scaled[op.right]
        c, weight = (ONE, None) if op.weight is None else self.scaled[op.weight]
        factor, s = op.factor * a * b * c, op.subscripts
        together = s.left == s.right and len(s.left) == len(set(s.left))
        ls = (self.build.vertices[x].irrep.l, self.build.vertices[y].irrep.l, vertex.irrep.l)
        if not factor or (x == y and together and r_symbol(*ls) < 0):
            return self._zero(vertex)
        found = self._by_one(vertex, x, y, weight, s)
        if found is not None:
            return factor * found[0], found[1]
        key = (x, y, weight, s, vertex.irrep)
        if together and x > y:
            key = (y, x, weight, s, vertex.irrep)
            factor = factor if r_symbol(*ls) > 0 else -factor
        known = self._couplings.get(key)
        if known is None or (0 in ls and abs(known[0]) != abs(factor)):
            # To scale a coupling with a scalar is no less work than to make it again.
            # The first coupling keeps its constant and its legs as they are.
            place = self._put(ir.Couple(x, y, weight, s, op.factor * a * b * c), vertex)
            self._couplings.setdefault(key, (factor, place))
            return ONE, place
        return factor / known[0], known[1]

    def _by_one(self, vertex: Vertex, x: int, y: int, weight: int | None, s: Subscripts) -> Scaled | None:
        """The coupling with Y_0: w3j(l, 0, l) is delta / sqrt(2l + 1)."""
        for wire, other, own in ((y, x, s.left), (x, y, s.right)):
            op, rest = self.build.vertices[wire].op, self.build.vertices[other]
            if not isinstance(op, ir.Harmonic) or op.l or op.norm is Norm.INTEGRAL or s.out != own:
                continue
            factor = ONE / Surd.sqrt(vertex.irrep.dim)
            if rest.channels != vertex.channels or rest.space is not vertex.space:
                continue
            if weight is None:
                return factor, other
            if prod(self.build.vertices[weight].channels) == prod(rest.channels) and len(own) == 1:
                flat = reshaped(self.build, vertex, weight, rest.channels)
                return factor, self._put(ir.Mix(other, flat, Subscripts(own, "", own, own), ONE), vertex)
        return None

    # ------------------------------------------------------------------ sums

    def _add(self, vertex: Vertex, terms: tuple[tuple[Surd, int], ...]) -> Scaled:
        found: dict[int, SurdSum] = {}
        order: list[Scaled] = []
        for value, n in terms:
            factor, place = self.scaled[n]
            order += [(value * factor * inner, m) for inner, m in self._opened(vertex, n, place)] if factor else []
        for value, place in order:
            found[place] = found.get(place, SurdSum()) + SurdSum.of(value)
        if any(total.as_surd() is None for total in found.values()):
            rest = tuple(order)
        else:
            rest = tuple((surd, n) for n, total in found.items() if (surd := total.as_surd()))
        if not rest:
            return self._zero(vertex)
        if len(rest) == 1 and self._is_like(vertex, rest[0][1]):
            return rest[0]
        return ONE, self._put(ir.Add(rest), vertex)

    def _opened(self, vertex: Vertex, n: int, place: int) -> tuple[Scaled, ...]:
        """The terms of a sum that only this one reads; else the wire itself."""
        inner = self.build.vertices[place]
        if self.uses[n] == 1 and isinstance(inner.op, ir.Add) and inner.op.terms and inner.space is vertex.space:
            return inner.op.terms
        return ((ONE, place),)

    def _is_like(self, vertex: Vertex, n: int) -> bool:
        found = self.build.vertices[n]
        return found.channels == vertex.channels and found.space is vertex.space
