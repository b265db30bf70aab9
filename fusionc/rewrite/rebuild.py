"""A network under reconstruction: old vertices are carried over in order, new ones stand where they are needed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod

from fusionc.algebra.irrep import Irrep
from fusionc.diagram.ir import Space
from fusionc.network import ir
from fusionc.network.ir import Network, Subscripts, Vertex, operands, rewired
from fusionc.rewrite.drop_dead import drop_dead


@dataclass(slots=True)
class Rebuild:
    """`places[n]` is where old vertex n stands now. Equal vertices are one, so that what is made twice is shared.

    Old vertices are taken in order, and a new vertex belongs to the block of the one that asked for it: so blocks never
    fall along the vertices, which the order of steps relies on.
    """

    old: Network
    vertices: list[Vertex] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    _first: dict[Vertex, int] = field(default_factory=dict)

    def copy(self, vertex: Vertex) -> int:
        """The old vertex, reading what now stands for its operands."""
        return self._find(replace(vertex, op=self.rewired(vertex)))

    def rewired(self, vertex: Vertex) -> ir.Op:
        """What an old vertex does, reading what now stands for its operands."""
        return rewired(vertex.op, self.places.__getitem__)

    def space_of(self, op: ir.Op) -> Space:
        """The space of a vertex that lives where its operands do."""
        spaces = [self.vertices[n].space for n in operands(op)]
        return next((s for s in spaces if s is not Space.ONCE), Space.ONCE)

    def put(self, op: ir.Op, irrep: Irrep, channels: tuple[int, ...], like: Vertex) -> int:
        """A new vertex for the sake of `like`, on the space of its operands."""
        return self._find(Vertex(op, irrep, channels, self.space_of(op), like.block, like.origin))

    def put_on(self, op: ir.Op, irrep: Irrep, channels: tuple[int, ...], space: Space, like: Vertex) -> int:
        """A new vertex that leads to another space than that of its operands."""
        return self._find(Vertex(op, irrep, channels, space, like.block, like.origin))

    def finish(self) -> Network:
        outputs = tuple(replace(o, wires=tuple(self.places[w] for w in o.wires)) for o in self.old.outputs)
        return drop_dead(replace(self.old, vertices=tuple(self.vertices), outputs=outputs))

    def _find(self, vertex: Vertex) -> int:
        found = self._first.get(vertex)
        if found is None:
            found = self._first[vertex] = len(self.vertices)
            self.vertices.append(vertex)
        return found


def use_counts(network: Network) -> list[int]:
    """How many vertices and outputs read each vertex."""
    counts = [0] * len(network.vertices)
    for vertex in network.vertices:
        for operand in operands(vertex.op):
            counts[operand] += 1
    for output in network.outputs:
        for wire in output.wires:
            counts[wire] += 1
    return counts


def reshaped(build: Rebuild, like: Vertex, weight: int, shape: tuple[int, ...]) -> int:
    """The weights with other channel axes, as many of them in all."""
    vertex = build.vertices[weight]
    if vertex.channels == shape:
        return weight
    op = vertex.op
    view = ir.View(op.operand, op.offset, shape) if isinstance(op, ir.View) else ir.View(weight, 0, shape)
    return build.put(view, Irrep(0, 1), shape, like)


Split = tuple[ir.Couple, tuple[int, ...], Subscripts, tuple[int, ...]]


def without_weight(vertices: list[Vertex], op: ir.Couple) -> Split | None:
    """A coupling and, after it, the mixing with its weights: both are the coupling with weights.

    The coupling with its channels, the subscripts of the mixing and the shape in which it takes the weights. With two
    channel axes of the coupling, the mixing takes them as one, flat. None where that does not say the same.
    """
    s = op.subscripts
    assert op.weight is not None
    lengths = {
        c: n
        for own, m in ((s.left, op.left), (s.right, op.right), (s.weight, op.weight))
        for c, n in zip(own, vertices[m].channels, strict=True)
    }
    legs = "".join(dict.fromkeys(s.left + s.right))
    wide = "".join(c for c in legs if lengths[c] != 1) or legs[:1]
    others = "".join(c for c in s.weight if c not in legs)
    if not wide or [c for c in s.weight if c in wide or c in others] != [*(c for c in wide if c in s.weight), *others]:
        return None
    bare = ir.Couple(op.left, op.right, None, Subscripts(s.left, s.right, "", wide), op.factor)
    channels = tuple(lengths[c] for c in wide)
    if len(wide) == 1:
        if any(c in legs and c != wide and lengths[wide] != 1 for c in s.out):
            return None
        kept = "".join(c for c in s.weight if c == wide or c in others)
        out = "".join(wide if c in legs else c for c in s.out)
        return bare, channels, Subscripts(wide, "", kept, out), tuple(lengths[c] for c in kept)
    if set(s.out) & set(legs) or not set(wide) <= set(s.weight) or len(wide) > 2:
        return None
    flat = prod(channels)
    return bare, channels, Subscripts("u", "", "u" + others, s.out), (flat, *(lengths[c] for c in others))
