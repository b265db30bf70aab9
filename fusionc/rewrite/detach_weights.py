"""`detach_weights`: weights as mixings of their own, on a leg of the coupling or on its result, before differentiation.

With w on a leg, z = ((w x) y), the gradients share (y g): the one of x is w (y g), the one of w is <x, (y g)>, and w x
is there for the one of y. On the result, z = w (x y), they share w g instead. A coupling with its weight inside shares
nothing, and a network for its derivative makes every product anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from fusionc.algebra.surd import ONE
from fusionc.network import ir
from fusionc.network.count import letters_of
from fusionc.network.ir import Network, Subscripts, Vertex
from fusionc.network.model import Search
from fusionc.network.work import nonzeros
from fusionc.rewrite.rebuild import Rebuild, reshaped


def detach_weights(network: Network, search: Search | None = None) -> Network:
    """Each weight of a coupling of channels with one channel, or channel by channel, where derivatives cost least."""
    build = Rebuild(network)
    for vertex in network.vertices:
        op = build.rewired(vertex)
        if isinstance(op, ir.Couple) and op.weight is not None:
            found = _Weighted(build, vertex, op, op.weight)
            build.places.append(found.detached())
        else:
            build.places.append(build.copy(vertex))
    return build.finish()


@dataclass(frozen=True, slots=True)
class _Weighted:
    """A coupling with a weight. Letters of one channel only say nothing here: `_wide` leaves them out."""

    build: Rebuild
    vertex: Vertex
    op: ir.Couple
    weight: int

    def detached(self) -> int:
        s = self.op.subscripts
        left, right, mixed = self._wide(s.left), self._wide(s.right), self._wide(s.weight)
        choices: list[tuple[int, int]] = []
        if mixed and (not left or not right or left == right):
            choices.append((self._adds_on_result(), 2))
        for n, (own, other) in enumerate(((left, right), (right, left))):
            if mixed and own and (not other or (other == own == mixed)):
                choices.append((self._adds_on_leg(n), n))
        if not choices:
            return self.build.copy(self.vertex)
        _, place = min(choices)
        return self._on_result() if place == 2 else self._on_leg(place)

    def _wide(self, letters: str) -> str:
        lengths = letters_of(self.build.vertices, self.op)
        return "".join(c for c in dict.fromkeys(letters) if lengths[c] != 1)

    def _shape(self, letters: str) -> tuple[int, ...]:
        lengths = letters_of(self.build.vertices, self.op)
        return tuple(lengths[c] for c in letters)

    # ---------------------------------------------------------------- places

    def _on_leg(self, n: int) -> int:
        s, build = self.op.subscripts, self.build
        leg, letters, other = (self.op.left, s.left, s.right) if n == 0 else (self.op.right, s.right, s.left)
        mixed, out = self._wide(s.weight), self._wide(s.out)
        kept = "".join(c for c in self._wide(letters + s.weight) if c in out + self._wide(other))
        mix = ir.Mix(leg, self._reshaped(mixed), Subscripts(letters, "", mixed, kept), ONE)
        wire = build.put(mix, build.vertices[leg].irrep, self._shape(kept), self.vertex)
        legs = (wire, self.op.right) if n == 0 else (self.op.left, wire)
        subscripts = Subscripts(kept, other, "", out) if n == 0 else Subscripts(other, kept, "", out)
        return self._finished(ir.Couple(*legs, None, subscripts, self.op.factor))

    def _on_result(self) -> int:
        s = self.op.subscripts
        mixed, out = self._wide(s.weight), self._wide(s.out)
        kept = "".join(c for c in self._wide(s.left + s.right) if c in mixed + out)
        bare = ir.Couple(self.op.left, self.op.right, None, Subscripts(s.left, s.right, "", kept), self.op.factor)
        wire = self.build.put(bare, self.vertex.irrep, self._shape(kept), self.vertex)
        return self._finished(ir.Mix(wire, self._reshaped(mixed), Subscripts(kept, "", mixed, out), ONE))

    def _reshaped(self, letters: str) -> int:
        return reshaped(self.build, self.vertex, self.weight, self._shape(letters))

    def _finished(self, op: ir.Op) -> int:
        """With the channels that the vertex had."""
        shape = self._shape(self._wide(self.op.subscripts.out))
        channels, irrep = self.vertex.channels, self.vertex.irrep
        wire = self.build.put(op, irrep, shape, self.vertex)
        return wire if shape == channels else self.build.put(ir.View(wire, 0, channels), irrep, channels, self.vertex)

    # ----------------------------------------------------------------- costs

    def _adds_on_leg(self, n: int) -> int:
        """Multiply-adds of the second derivative of S(x, y, w, g), where all channels share the other leg's matrix.

        With cotangents a, b, c of the gradients of x, y, w: five products with matrices, ((w a + c x) y), ((w x) b),
        (y g), (b g) and ((w a + c x) g), and seven of weights and components.
        """
        s = self.op.subscripts
        leg, letters = (self.op.left, s.left) if n == 0 else (self.op.right, s.right)
        matrix = self._matrix(n) * prod(self._shape(self._wide(s.out)))
        return 5 * matrix + 7 * self.build.vertices[leg].irrep.dim * prod(self._shape(self._wide(letters + s.weight)))

    def _adds_on_result(self) -> int:
        """Seven products with matrices, (x y), (a y), (x b), (y (c g)), (b (w g)), (x (c g)) and (a (w g)), and five of
        weights and components."""
        s = self.op.subscripts
        inner = self._wide(s.left + s.right)
        matrix = min(self._matrix(0), self._matrix(1)) * prod(self._shape(inner))
        return 7 * matrix + 5 * self.vertex.irrep.dim * prod(self._shape(self._wide(inner + s.weight)))

    def _matrix(self, n: int) -> int:
        """Non-zeros of the coupling contracted with the other leg than `n`."""
        left, right = (self.build.vertices[leg].irrep.l for leg in (self.op.left, self.op.right))
        return nonzeros(left, right, self.vertex.irrep.l)[2 - n]
