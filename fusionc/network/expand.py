"""`expand`: every block of a checked diagram becomes its paths, one vertex a coupling.

Nothing is chosen here: each path is spelled out on its own, as the checker listed it, and what can be shared, reordered
or dropped is left to the rewrites. A block of channels of multiplicity one keeps its channel axis, of length one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import assert_never

from fusionc.algebra.clebsch import is_flipped
from fusionc.algebra.irrep import Irrep
from fusionc.algebra.surd import Surd
from fusionc.algebra.tree import FusionTree, Leaf
from fusionc.check import ir as checked
from fusionc.diagram.ir import Mode, Space, Via
from fusionc.network import ir
from fusionc.network.ir import Network, NetworkOutput, Subscripts, Vertex

SCALAR = Irrep(0, 1)
ONE = Surd.of(1)

_SUBSCRIPTS = {
    Mode.UUU: Subscripts("u", "u", "u", "u"),
    Mode.UVU: Subscripts("u", "v", "uv", "u"),
    Mode.UVV: Subscripts("u", "v", "uv", "v"),
    Mode.UUW: Subscripts("u", "u", "uw", "w"),
    Mode.UVW: Subscripts("u", "v", "uvw", "w"),
    Mode.UVUV: Subscripts("u", "v", "uv", "uv"),
}


def expand(diagram: checked.CheckedDiagram) -> Network:
    """The network of `diagram`, with the same value."""
    expansion = _Expansion(diagram)
    for value in diagram.values:
        expansion.add_value(value)
    outputs = tuple(
        NetworkOutput(o.name, diagram.values[o.value].irreps, diagram.values[o.value].space, expansion.wires[o.value])
        for o in diagram.outputs
    )
    return Network(
        diagram.name,
        diagram.group,
        diagram.convention,
        diagram.signature,
        diagram.parameters,
        tuple(expansion.vertices),
        outputs,
    )


@dataclass(slots=True)
class _Expansion:
    """The network under construction. `wires[n]` are the segments of checked value n."""

    diagram: checked.CheckedDiagram
    vertices: list[Vertex] = field(default_factory=list)
    wires: list[tuple[int, ...]] = field(default_factory=list)

    def add_value(self, value: checked.Value) -> None:
        self.wires.append(tuple(self._segments(value)))

    # ------------------------------------------------------------ vertices

    def _put(self, value: checked.Value, op: ir.Op, irrep: Irrep, channels: tuple[int, ...]) -> int:
        inputs = ir.operands(op)
        space = value.space
        # What depends on nothing but once-a-call wires is itself once a call (views of shared weights above all).
        if inputs and all(self.vertices[n].space is Space.ONCE for n in inputs):
            space = Space.ONCE
        self.vertices.append(Vertex(op, irrep, channels, space, len(self.wires), value.statement or value.name))
        return len(self.vertices) - 1

    def _flat(self, value: checked.Value, source: int) -> int:
        """The scalars of a value as one wire: what weights are read from."""
        segments = self.wires[source]
        if len(segments) == 1:
            return segments[0]
        numel = sum(prod(self.vertices[w].channels) for w in segments)
        return self._put(value, ir.Join(segments), SCALAR, (numel,))

    def _weight(self, value: checked.Value, flat: int | None, part: checked.WeightSlice | None) -> int | None:
        if flat is None or part is None:
            return None
        return self._put(value, ir.View(flat, part.offset, part.shape), SCALAR, part.shape)

    def _sums(self, value: checked.Value, terms: Iterable[tuple[int, int]]) -> list[int]:
        """One wire an output segment from (segment, wire) terms."""
        found: list[list[int]] = [[] for _ in value.irreps]
        for segment, wire in terms:
            found[segment].append(wire)
        return [self._sum(value, n, wires) for n, wires in enumerate(found)]

    def _sum(self, value: checked.Value, segment: int, wires: list[int]) -> int:
        if len(wires) == 1:
            return wires[0]
        mul, irrep = value.irreps[segment].mul, value.irreps[segment].irrep
        return self._put(value, ir.Add(tuple((ONE, w) for w in wires)), irrep, (mul,))

    # -------------------------------------------------------------- blocks

    def _segments(self, value: checked.Value) -> list[int]:
        op = value.op
        match op:
            case checked.Argument(name):
                return [self._put(value, ir.Entry(name, n), s.irrep, (s.mul,)) for n, s in enumerate(value.irreps)]
            case checked.Parameter(name):
                return [self._put(value, ir.Parameter(name), SCALAR, (value.irreps.dim,))]
            case checked.Gather():
                return self._gather(value, op)
            case checked.Reduce():
                return self._reduce(value, op)
            case checked.Product():
                return self._product(value, op)
            case checked.Power():
                return self._power(value, op)
            case checked.TreeProduct():
                return self._trees(value, op)
            case checked.Linear():
                return self._linear(value, op)
            case checked.Concat(operands):
                return [w for operand in operands for w in self.wires[operand]]
            case checked.Select(operand, segments):
                return [self.wires[operand][n] for n in segments]
            case checked.Regroup(operand, sources):
                return [self._sum(value, n, [self.wires[operand][s] for s in many]) for n, many in enumerate(sources)]
            case checked.Combine(terms):
                return self._combine(value, terms)
            case checked.Dot(left, right):
                return self._dot(value, left, right)
            case checked.Harmonics(operand, lmax, normalize, norm):
                vector = self.wires[operand][0]
                return [
                    self._put(value, ir.Harmonic(vector, l, normalize, norm), value.irreps[l].irrep, (1,))
                    for l in range(lmax + 1)
                ]
            case checked.Apply(operand, functions):
                pairs = zip(functions, self.wires[operand], value.irreps, strict=True)
                return [self._put(value, ir.Apply(f, w), s.irrep, (s.mul,)) for f, w, s in pairs]
            case checked.Gating(gates, gated):
                return self._gating(value, gates, gated)
            case _:
                assert_never(op)

    def _gather(self, value: checked.Value, op: checked.Gather) -> list[int]:
        """A segment that is the same for all elements, of a constant concatenated with others, is so afterwards too."""
        wires = []
        for wire, segment in zip(self.wires[op.operand], value.irreps, strict=True):
            once = self.vertices[wire].space is Space.ONCE
            wires.append(wire if once else self._put(value, ir.Move(wire, op.via), segment.irrep, (segment.mul,)))
        return wires

    def _reduce(self, value: checked.Value, op: checked.Reduce) -> list[int]:
        inner = self.diagram.values[op.operand].space
        wires = []
        for wire, segment in zip(self.wires[op.operand], value.irreps, strict=True):
            if self.vertices[wire].space is not inner:  # as often in the sum as there are elements
                repeated = Vertex(
                    ir.Move(wire, Via.ALL), segment.irrep, (segment.mul,), inner, len(self.wires), value.statement
                )
                self.vertices.append(repeated)
                wire = len(self.vertices) - 1
            wires.append(self._put(value, ir.Reduce(wire, op.via, op.mean, op.scale), segment.irrep, (segment.mul,)))
        return wires

    def _product(self, value: checked.Value, op: checked.Product) -> list[int]:
        flat = None if op.weights is None else self._flat(value, op.weights)
        left, right = self.wires[op.left], self.wires[op.right]
        terms = []
        for path in op.paths:
            weight = self._weight(value, flat, path.weight)
            terms.append((path.out, self._path(value, path, left[path.left], right[path.right], weight)))
        return self._sums(value, terms)

    def _path(self, value: checked.Value, path: checked.Path, x: int, y: int, weight: int | None) -> int:
        mul, irrep = value.irreps[path.out].mul, value.irreps[path.out].irrep
        if path.mode in (Mode.UVU_LESS, Mode.U_LESS_VW):
            return self._triangle(value, path, x, y, weight)
        subscripts = _SUBSCRIPTS[path.mode]
        channels: tuple[int, ...] = (mul,)
        if path.mode is Mode.UVUV:
            channels = (*self.vertices[x].channels, *self.vertices[y].channels)
        if weight is None:
            out = "" if path.mode is Mode.UUW else subscripts.out
            channels = () if path.mode is Mode.UUW else channels
            subscripts = Subscripts(subscripts.left, subscripts.right, "", out)
        wire = self._put(value, ir.Couple(x, y, weight, subscripts, path.factor), irrep, channels)
        return wire if channels == (mul,) else self._put(value, ir.View(wire, 0, (mul,)), irrep, (mul,))

    def _triangle(self, value: checked.Value, path: checked.Path, x: int, y: int, weight: int | None) -> int:
        """The modes over pairs u < v: all pairs, then those, then their weights."""
        mul, irrep = value.irreps[path.out].mul, value.irreps[path.out].irrep
        u = self.vertices[x].channels[0]
        pairs = u * (u - 1) // 2
        every = self._put(value, ir.Couple(x, y, None, Subscripts("u", "v", "", "uv"), path.factor), irrep, (u, u))
        picked = self._put(value, ir.Pick(every), irrep, (pairs,))
        if weight is None:
            return picked
        less = path.mode is Mode.UVU_LESS
        subscripts = Subscripts("u", "", "u", "u") if less else Subscripts("u", "", "uw", "w")
        return self._put(value, ir.Mix(picked, weight, subscripts, ONE), irrep, (mul,))

    def _power(self, value: checked.Value, op: checked.Power) -> list[int]:
        flat = None if op.weights is None else self._flat(value, op.weights)
        segments = self.wires[op.operand]
        terms = []
        for path in op.paths:
            weight = self._weight(value, flat, path.weight)
            wire = segments[path.leaves[0]]
            for n, (leaf, label) in enumerate(zip(path.leaves[1:], path.labels, strict=True)):
                last = n == len(path.labels) - 1
                factor = Surd.sqrt(label.dim) * (path.factor if last else ONE)
                wire = self._channelwise(value, wire, segments[leaf], weight if last else None, label, factor)
            if len(path.leaves) == 1:
                wire = self._scaled(value, wire, weight, path.factor)
            terms.append((path.out, wire))
        return self._sums(value, terms)

    def _scaled(self, value: checked.Value, wire: int, weight: int | None, factor: Surd) -> int:
        vertex = self.vertices[wire]
        if weight is not None:
            op: ir.Op = ir.Mix(wire, weight, Subscripts("u", "", "u", "u"), factor)
        elif factor == ONE:
            return wire
        else:
            op = ir.Add(((factor, wire),))
        return self._put(value, op, vertex.irrep, vertex.channels)

    def _channelwise(self, value: checked.Value, x: int, y: int, weight: int | None, irrep: Irrep, factor: Surd) -> int:
        """Equal multiplicities go together, a multiplicity of one is shared."""
        (u,), (v,) = self.vertices[x].channels, self.vertices[y].channels
        letters = ("u", "u", "u") if u == v else ("u", "v", "u") if v == 1 else ("u", "v", "v")
        subscripts = Subscripts(letters[0], letters[1], "" if weight is None else letters[2], letters[2])
        channels = (u if letters[2] == "u" else v,)
        return self._put(value, ir.Couple(x, y, weight, subscripts, factor), irrep, channels)

    def _trees(self, value: checked.Value, op: checked.TreeProduct) -> list[int]:
        flat = None if op.weights is None else self._flat(value, op.weights)
        terms = []
        for path in op.paths:
            leaves = {
                name: self.wires[operand][segment]
                for name, operand, segment in zip(path.leaves, op.operands, path.segments, strict=True)
            }
            weight = self._weight(value, flat, path.weight)
            terms.append((path.out, self._tree(value, path.tree, leaves, weight, path.factor)))
        return self._sums(value, terms)

    def _tree(
        self, value: checked.Value, tree: FusionTree, leaves: dict[str, int], weight: int | None, factor: Surd
    ) -> int:
        if isinstance(tree, Leaf):
            return self._scaled(value, leaves[tree.name], weight, factor)
        left = self._tree(value, tree.left, leaves, None, ONE)
        right = self._tree(value, tree.right, leaves, None, ONE)
        # Trees are the algebra's own objects, in e3nn >= 0.5's signs; the network has one sign convention.
        sign = _gauge(tree.left.irrep, tree.right.irrep, tree.irrep, self.diagram.convention)
        return self._channelwise(value, left, right, weight, tree.irrep, sign * Surd.sqrt(tree.irrep.dim) * factor)

    def _linear(self, value: checked.Value, op: checked.Linear) -> list[int]:
        flat = self._flat(value, op.weights)
        terms = []
        for path in op.paths:
            weight = self._weight(value, flat, path.weight)
            assert weight is not None
            mix = ir.Mix(self.wires[op.operand][path.operand], weight, Subscripts("u", "", "uw", "w"), path.factor)
            segment = value.irreps[path.out]
            terms.append((path.out, self._put(value, mix, segment.irrep, (segment.mul,))))
        if op.bias is not None:
            bias = self._flat(value, op.bias)
            offset = 0
            for n, segment in enumerate(value.irreps):
                if segment.irrep == SCALAR:
                    terms.append((n, self._put(value, ir.View(bias, offset, (segment.mul,)), SCALAR, (segment.mul,))))
                    offset += segment.mul
        return self._sums(value, terms)

    def _combine(self, value: checked.Value, terms: tuple[tuple[Fraction, int], ...]) -> list[int]:
        wires = []
        for n, segment in enumerate(value.irreps):
            op = ir.Add(tuple((Surd.of(factor), self.wires[operand][n]) for factor, operand in terms))
            wires.append(self._put(value, op, segment.irrep, (segment.mul,)))
        return wires

    def _dot(self, value: checked.Value, left: int, right: int) -> list[int]:
        wires = []
        for x, y in zip(self.wires[left], self.wires[right], strict=True):
            irrep = self.vertices[x].irrep
            sign = _gauge(irrep, irrep, SCALAR, self.diagram.convention)
            wires.append(self._channelwise(value, x, y, None, SCALAR, sign * Surd.sqrt(irrep.dim)))
        return wires

    def _gating(self, value: checked.Value, gates: int, gated: int) -> list[int]:
        flat = self._flat(value, gates)
        wires, offset = [], 0
        for wire, segment in zip(self.wires[gated], value.irreps, strict=True):
            part = self._put(value, ir.View(flat, offset, (segment.mul,)), SCALAR, (segment.mul,))
            mix = ir.Mix(wire, part, Subscripts("u", "", "u", "u"), ONE)
            wires.append(self._put(value, mix, segment.irrep, (segment.mul,)))
            offset += segment.mul
        return wires


def _gauge(a: Irrep, b: Irrep, out: Irrep, convention: str) -> Surd:
    """The sign that turns w3j(a, b, out) of `convention` into e3nn >= 0.5's."""
    return Surd.of(-1 if convention == "e3nn-0.4" and is_flipped(a.l, b.l, out.l) else 1)
