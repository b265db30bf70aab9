"""The transpose of each kind of vertex, as vertices: what `differentiate` chains.

Real 3j tensors are the same under cyclic permutations of their legs, in both conventions, so that a leg is bent without
a sign: if out = w3j(l1, l2, l3) x y, the cotangents of x and y are w3j(l2, l3, l1) y g and w3j(l3, l1, l2) g x.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from math import prod

from fusionc.algebra.function import INVERSE_NORM
from fusionc.algebra.harmonics import harmonic_step
from fusionc.algebra.irrep import Irrep
from fusionc.algebra.surd import ONE, Surd
from fusionc.diagram.ir import Norm, Space, Via
from fusionc.network import ir
from fusionc.network.ir import Subscripts, Vertex

SCALAR = Irrep(0, 1)
_TOGETHER = Subscripts("u", "u", "", "u")
_SCALED = Subscripts("u", "", "u", "u")

Term = tuple[Surd, int]
"""A constant times a wire."""


@dataclass(frozen=True, slots=True)
class _Leg:
    """A wire with the letters of its channel axes."""

    wire: int
    letters: str
    irrep: Irrep


@dataclass(slots=True)
class Adjoints:
    """The vertices, old ones first. `turn` is the block after the last old one: what transposes a vertex of block b is
    of block 2 turn - b, so that blocks never fall along the vertices.

    Every method takes the old vertex that it works for.
    """

    vertices: list[Vertex]
    turn: int

    def put(self, like: Vertex, op: ir.Op, irrep: Irrep, channels: tuple[int, ...]) -> int:
        """A new vertex, on the space of its operands."""
        spaces = [self.vertices[n].space for n in ir.operands(op)]
        space = next((s for s in spaces if s is not Space.ONCE), Space.ONCE)
        return self.put_on(like, op, irrep, channels, space)

    def put_on(self, like: Vertex, op: ir.Op, irrep: Irrep, channels: tuple[int, ...], space: Space) -> int:
        self.vertices.append(Vertex(op, irrep, channels, space, 2 * self.turn - like.block, like.origin))
        return len(self.vertices) - 1

    def first(self, op: ir.Op, irrep: Irrep, channels: tuple[int, ...], like: Vertex) -> int:
        """A vertex before all other new ones, on the space of `like`."""
        return self.put_on(replace(like, block=self.turn), op, irrep, channels, like.space)

    def sum(self, like: Vertex, terms: Sequence[Term]) -> int:
        """With the irrep, the channels and the space of `like`."""
        if len(terms) == 1 and terms[0][0] == ONE:
            return terms[0][1]
        return self.put_on(like, ir.Add(tuple(terms)), like.irrep, like.channels, like.space)

    def last_sum(
        self, terms: Sequence[Term], irrep: Irrep, channels: tuple[int, ...], space: Space, origin: str
    ) -> int:
        """After all other vertices."""
        return self.sum(Vertex(ir.Add(()), irrep, channels, space, -1, origin), terms)

    def view(self, like: Vertex, wire: int, offset: int, shape: tuple[int, ...]) -> int:
        vertex = self.vertices[wire]
        if vertex.channels == shape:
            return wire
        return self.put(like, ir.View(wire, offset, shape), vertex.irrep, shape)

    def on_space_of(self, vertex: Vertex, wire: int) -> int:
        """The cotangent of `vertex` from that of what it is in a larger space, where one wire serves all elements."""
        found = self.vertices[wire]
        if vertex.space is found.space:
            return wire
        assert vertex.space is Space.ONCE
        summed = ir.Reduce(wire, Via.ALL, False, Fraction(1))
        like = replace(vertex, block=2 * self.turn - found.block)
        return self.put_on(like, summed, found.irrep, found.channels, Space.ONCE)

    # -------------------------------------------------------------- channels

    def unpicked(self, like: Vertex, wire: int, operand: int) -> int:
        """Channels of pairs u < v put back on the axes (u, v), with zeros elsewhere."""
        rows, columns = self.vertices[operand].channels
        pieces: list[int] = []
        offset = 0
        for u in range(rows):
            above = max(columns - u - 1, 0)
            pieces.append(self._zeros(like, columns - above))
            if above:
                pieces.append(self.view(like, wire, offset, (above,)))
            offset += above
        joined = self.put(like, ir.Join(tuple(pieces)), like.irrep, (rows * columns,))
        return self.view(like, joined, 0, (rows, columns))

    def _zeros(self, like: Vertex, number: int) -> int:
        return self.put_on(like, ir.Add(()), like.irrep, (number,), like.space)

    def _repeated(self, like: Vertex, wire: int, have: str, want: str, lengths: dict[str, int]) -> int:
        """A wire with the axes `have` on the axes `want`, of which it is constant along the others.

        `have` is in the order of `want`.
        """
        shape = tuple(lengths[c] for c in want)
        vertex = self.vertices[wire]
        if have == want:
            return wire
        number = prod(shape)
        if not number:
            return self.put_on(like, ir.Add(()), vertex.irrep, shape, vertex.space)
        if number == prod(vertex.channels):
            return self.view(like, wire, 0, shape)
        if prod(vertex.channels) == 1:
            pieces = [wire] * number
        else:
            pieces = [self.view(like, wire, at, (1,)) for at in _places(have, want, lengths)]
        return self.view(like, self.put(like, ir.Join(tuple(pieces)), vertex.irrep, (number,)), 0, shape)

    # ------------------------------------------------------- couplings, mixing

    def couple(self, vertex: Vertex, op: ir.Couple, cotangent: int, active: Sequence[bool]) -> list[tuple[int, Term]]:
        """The cotangents of active operands."""
        s = _distinct(op.subscripts, self._channels(op))
        lengths = self._lengths(s, self._channels(op))
        x, y = (_Leg(n, c, self.vertices[n].irrep) for n, c in ((op.left, s.left), (op.right, s.right)))
        g = _Leg(cotangent, s.out, vertex.irrep)
        weight = None if op.weight is None else (op.weight, s.weight)
        found = []
        if active[op.left]:
            found.append((op.left, (ONE, self._closed(vertex, y, g, weight, x, lengths, op.factor))))
        if active[op.right]:
            found.append((op.right, (ONE, self._closed(vertex, g, x, weight, y, lengths, op.factor))))
        if weight is not None and active[weight[0]]:
            w = _Leg(*weight, self.vertices[weight[0]].irrep)
            found.append((w.wire, (ONE, self._weight(vertex, x, y, g, w, lengths, op.factor))))
        return found

    def _closed(
        self,
        like: Vertex,
        a: _Leg,
        b: _Leg,
        weight: tuple[int, str] | None,
        open_: _Leg,
        lengths: dict[str, int],
        factor: Surd,
    ) -> int:
        """a and b coupled to what stands at the leg `open_`, on its channels."""
        letters = "" if weight is None else weight[1]
        have = "".join(c for c in open_.letters if c in a.letters + b.letters + letters)
        subscripts = Subscripts(a.letters, b.letters, letters, have)
        op = ir.Couple(a.wire, b.wire, None if weight is None else weight[0], subscripts, factor)
        wire = self.put(like, op, open_.irrep, tuple(lengths[c] for c in have))
        return self._repeated(like, wire, have, open_.letters, lengths)

    def _weight(self, like: Vertex, x: _Leg, y: _Leg, g: _Leg, w: _Leg, lengths: dict[str, int], factor: Surd) -> int:
        """The closed diagram, with the weight's channels open.

        The leg of x or y that has more channels comes last: the coupling of the others, without the weight, is what the
        cotangent of that leg is made of, too.
        """
        first, second, last = (y, g, x)
        if prod(lengths[c] for c in x.letters) < prod(lengths[c] for c in y.letters):
            first, second, last = (g, x, y)
        kept = "".join(c for c in dict.fromkeys(first.letters + second.letters) if c in last.letters + w.letters)
        # In the order of the leg, as its own cotangent has them.
        kept = "".join(sorted(kept, key=lambda c: (last.letters + w.letters).index(c)))
        inner = ir.Couple(first.wire, second.wire, None, Subscripts(first.letters, second.letters, "", kept), factor)
        wire = self.put(like, inner, last.irrep, tuple(lengths[c] for c in kept))
        return self._dot(like, _Leg(wire, kept, last.irrep), last, w, lengths, ONE)

    def _dot(self, like: Vertex, a: _Leg, b: _Leg, w: _Leg, lengths: dict[str, int], factor: Surd) -> int:
        """The sum over components of a times b: w3j(l, l, 0) is delta / sqrt(2l + 1)."""
        have = "".join(c for c in w.letters if c in a.letters + b.letters)
        op = ir.Couple(
            a.wire, b.wire, None, Subscripts(a.letters, b.letters, "", have), factor * Surd.sqrt(a.irrep.dim)
        )
        wire = self.put(like, op, w.irrep, tuple(lengths[c] for c in have))
        return self._repeated(like, wire, have, w.letters, lengths)

    def mix(self, vertex: Vertex, op: ir.Mix, cotangent: int, active: Sequence[bool]) -> list[tuple[int, Term]]:
        """The cotangents of active operands."""
        s = _distinct(op.subscripts, self._channels(op))
        lengths = self._lengths(s, self._channels(op))
        x = _Leg(op.operand, s.left, self.vertices[op.operand].irrep)
        w = _Leg(op.weight, s.weight, self.vertices[op.weight].irrep)
        g = _Leg(cotangent, s.out, vertex.irrep)
        found = []
        if active[op.operand]:
            have = "".join(c for c in x.letters if c in g.letters + w.letters)
            mixed = ir.Mix(cotangent, op.weight, Subscripts(g.letters, "", w.letters, have), op.factor)
            wire = self.put(vertex, mixed, x.irrep, tuple(lengths[c] for c in have))
            found.append((op.operand, (ONE, self._repeated(vertex, wire, have, x.letters, lengths))))
        if active[op.weight]:
            found.append((op.weight, (ONE, self._dot(vertex, x, g, w, lengths, op.factor))))
        return found

    def _channels(self, op: ir.Couple | ir.Mix) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        left, right, weight = (
            (op.left, op.right, op.weight) if isinstance(op, ir.Couple) else (op.operand, None, op.weight)
        )
        found = [() if n is None else self.vertices[n].channels for n in (left, right, weight)]
        return found[0], found[1], found[2]

    @staticmethod
    def _lengths(s: Subscripts, channels: tuple[tuple[int, ...], ...]) -> dict[str, int]:
        lengths: dict[str, int] = {}
        for letters, shape in zip((s.left, s.right, s.weight), channels, strict=True):
            lengths.update(zip(letters, shape, strict=True))
        return lengths

    # ------------------------------------------------------ harmonics, functions

    def harmonic(self, vertex: Vertex, op: ir.Harmonic, cotangent: int) -> Term:
        """The cotangent of r, or of r/|r| when `normalize`.

        By Euler l Y_l = r.grad Y_l, and grad Y_l is a solid harmonic of degree l-1. With Y_1 = sqrt(3) r and
        Y_l = c_l W(1, l-1, l) Y_1 Y_{l-1} (`harmonic_step`) it is sqrt(3) l c_l W(1, l-1, l) Y_{l-1}.
        """
        l = op.l
        below = Irrep(l - 1, vertex.irrep.p * self.vertices[op.operand].irrep.p)
        lower = self.put(vertex, replace(op, l=l - 1), below, (1,))
        factor = Surd.sqrt(3 * (2 * l + 1)) * Surd.of(l) * harmonic_step(l)
        if op.norm is Norm.NORM:
            factor = factor * Surd.sqrt(Fraction(2 * l - 1, 2 * l + 1))
        couple = ir.Couple(lower, cotangent, None, _TOGETHER, factor)
        return ONE, self.put(vertex, couple, self.vertices[op.operand].irrep, (1,))

    def through_unit(self, r: int, vertex: Vertex, terms: Sequence[Term]) -> list[Term]:
        """From cotangents of the unit vector u = f(r.r) r to those of r: f g + 2 f' r (r.g)."""
        if not terms:
            return []
        g = self.sum(vertex, terms)
        square, along = (
            self.put(vertex, ir.Couple(r, other, None, _TOGETHER, Surd.sqrt(3)), SCALAR, (1,)) for other in (r, g)
        )
        scale = self.put(vertex, ir.Apply(INVERSE_NORM, square), SCALAR, (1,))
        slope = self.put(vertex, ir.Apply(INVERSE_NORM, square, 1), SCALAR, (1,))
        radial = self.put(vertex, ir.Couple(slope, along, None, _TOGETHER, ONE), SCALAR, (1,))
        straight = self.put(vertex, ir.Mix(g, scale, _SCALED, ONE), vertex.irrep, (1,))
        turned = self.put(vertex, ir.Mix(r, radial, _SCALED, ONE), vertex.irrep, (1,))
        return [(ONE, straight), (Surd.of(2), turned)]

    def apply(self, vertex: Vertex, op: ir.Apply, slope: Irrep, below: Irrep, cotangent: int) -> Term:
        """The slope, a scalar of its own parity, times the cotangent."""
        wire = self.put(vertex, ir.Apply(op.function, op.operand, op.order + 1), slope, vertex.channels)
        letters = "uvwabcdefgh"[: len(vertex.channels)]
        couple = ir.Couple(wire, cotangent, None, Subscripts(letters, letters, "", letters), ONE)
        return ONE, self.put(vertex, couple, below, vertex.channels)


def _places(have: str, want: str, lengths: dict[str, int]) -> list[int]:
    """For each place on the axes `want`, the flat place on the axes `have`."""
    found = []
    for index in product(*(range(lengths[c]) for c in want)):
        at = 0
        for c, n in zip(want, index, strict=True):
            at = at * lengths[c] + n if c in have else at
        found.append(at)
    return found


def _distinct(s: Subscripts, channels: tuple[tuple[int, ...], ...]) -> Subscripts:
    """An axis of one channel that is used with all channels of another wire gets a letter of its own."""
    wires = list(zip((s.left, s.right, s.weight), channels, strict=True))
    lengths: dict[str, int] = {}
    for letters, shape in wires:
        for c, n in zip(letters, shape, strict=True):
            lengths[c] = lengths.get(c, 1) if n == 1 else n
    free = iter(c for c in "abcdefghijklmnopqrstuvwxyz" if c not in s.left + s.right + s.weight + s.out)
    found = [
        "".join(c if n == lengths[c] else next(free) for c, n in zip(letters, shape, strict=True))
        for letters, shape in wires
    ]
    return Subscripts(found[0], found[1], found[2], s.out)
