"""Every path of a checked diagram, in the order of its weights: what the report lists.

The paths of a product are listed as the checker enumerated them, before any rewrite: this is the order in which weights
lie in memory, whatever the plan makes of the paths afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fusionc.algebra.clebsch import coupling
from fusionc.algebra.irrep import Group, Irrep, Irreps
from fusionc.algebra.surd import Surd
from fusionc.algebra.tree import FusionTree, Leaf
from fusionc.check import ir
from fusionc.check.ir import CheckedDiagram, Value, WeightSlice


@dataclass(frozen=True, slots=True)
class Place:
    """A segment of a value: `operand` is its name (or what it is made from), `irreps` such as `128x1o`."""

    operand: str
    segment: int
    irreps: str


@dataclass(frozen=True, slots=True)
class Vertex:
    """A coupling of two labels: `left * right -> out`, times `sqrt(2l+1)` in a tree or a power."""

    left: Irrep
    right: Irrep
    out: Irrep


@dataclass(frozen=True, slots=True)
class PathEntry:
    """One path.

    kind       product, power, tree, linear or dot
    statement  the user's statement that it belongs to
    label      `1o*2e->1o`, `(1o*1o->2e)*1o->1o` or, without a coupling, `1o->1o`
    leaves     what goes in, left to right
    factor     the exact number that multiplies the couplings, all normalisations together
    weights    the name of the weight that `slice` is a part of, "" when the path has none
    """

    kind: str
    statement: str
    mode: str
    label: str
    leaves: tuple[Place, ...]
    out: Place
    vertices: tuple[Vertex, ...]
    factor: Surd
    weights: str
    slice: WeightSlice | None


def paths_of(diagram: CheckedDiagram) -> tuple[PathEntry, ...]:
    """All paths, statement by statement."""
    return tuple(entry for value in diagram.values for entry in _Lister(diagram, value).entries())


def vertex_text(vertex: Vertex, group: Group) -> str:
    """`1o*2e->1o`."""
    return f"{vertex.left.text(group)}*{vertex.right.text(group)}->{vertex.out.text(group)}"


def value_text(diagram: CheckedDiagram, position: int) -> str:
    """The user's name of a value, or what it is made from: `x`, `x[j]`, `sum of m`, `linear in h`."""
    value = diagram.values[position]
    if value.name:
        return value.name
    match value.op:
        case ir.Gather(operand=a, via=via):
            index = {"sender": diagram.indices.sender, "receiver": diagram.indices.receiver}.get(via.value, via.value)
            return f"{value_text(diagram, a)}[{index}]"
        case ir.Reduce(operand=a, mean=mean):
            return f"{'mean' if mean else 'sum'} of {value_text(diagram, a)}"
        case ir.Argument(name) | ir.Parameter(name):
            return name
        case op:
            return f"{type(op).__name__.lower()} in {value.statement}"


def weight_text(diagram: CheckedDiagram, position: int) -> str:
    """The weight that a value reads: its own name, however often it is gathered."""
    value = diagram.values[position]
    match value.op:
        case ir.Gather(operand=a):
            return weight_text(diagram, a)
        case ir.Argument(name) | ir.Parameter(name):
            return name
        case _:
            return value_text(diagram, position)


@dataclass(frozen=True, slots=True)
class _Lister:
    """The paths of one value."""

    diagram: CheckedDiagram
    value: Value

    def entries(self) -> Iterator[PathEntry]:
        match self.value.op:
            case ir.Product() as op:
                yield from (self._product(op, path) for path in op.paths)
            case ir.Power() as op:
                yield from (self._power(op, path) for path in op.paths)
            case ir.TreeProduct() as op:
                yield from (self._tree(op, path) for path in op.paths)
            case ir.Linear() as op:
                yield from (self._linear(op, path) for path in op.paths)
            case ir.Dot(left, right):
                yield from (self._dot(left, right, n) for n in range(len(self.value.irreps)))
            case _:
                return

    def _place(self, position: int, segment: int) -> Place:
        return Place(value_text(self.diagram, position), segment, self._segment(position, segment))

    def _segment(self, position: int, segment: int) -> str:
        return _text(self.diagram.values[position].irreps, segment, self.diagram.group)

    def _out(self, segment: int) -> Place:
        return Place(
            self.value.name or self.value.statement, segment, _text(self.value.irreps, segment, self.diagram.group)
        )

    def _weights(self, position: int | None, part: WeightSlice | None) -> str:
        return "" if position is None or part is None else weight_text(self.diagram, position)

    def _irrep(self, position: int, segment: int) -> Irrep:
        return self.diagram.values[position].irreps[segment].irrep

    def _gauge(self, vertices: tuple[Vertex, ...]) -> Surd:
        """The sign that trees and dots, which are in e3nn >= 0.5's signs, have with the couplings of the diagram."""
        sign = 1
        for v in vertices:
            for convention in ("e3nn", self.diagram.convention):
                sign *= coupling(v.left.l, v.right.l, v.out.l, convention)[0].value.sign
        return Surd.of(sign)

    def _product(self, op: ir.Product, path: ir.Path) -> PathEntry:
        out = self.value.irreps[path.out].irrep
        vertex = Vertex(self._irrep(op.left, path.left), self._irrep(op.right, path.right), out)
        return PathEntry(
            "product",
            self.value.statement,
            path.mode.value,
            vertex_text(vertex, self.diagram.group),
            (self._place(op.left, path.left), self._place(op.right, path.right)),
            self._out(path.out),
            (vertex,),
            path.factor,
            self._weights(op.weights, path.weight),
            path.weight,
        )

    def _power(self, op: ir.Power, path: ir.PowerPath) -> PathEntry:
        leaves = [self._irrep(op.operand, n) for n in path.leaves]
        vertices, label, left = [], leaves[0].text(self.diagram.group), leaves[0]
        for n, (leaf, out) in enumerate(zip(leaves[1:], path.labels, strict=True)):
            right = leaf.text(self.diagram.group)
            label = f"{label if n == 0 else f'({label})'}*{right}->{out.text(self.diagram.group)}"
            vertices.append(Vertex(left, leaf, out))
            left = out
        return PathEntry(
            "power",
            self.value.statement,
            "uuu",
            label if vertices else f"{label}->{label}",
            tuple(self._place(op.operand, n) for n in path.leaves),
            self._out(path.out),
            tuple(vertices),
            path.factor,
            self._weights(op.weights, path.weight),
            path.weight,
        )

    def _tree(self, op: ir.TreeProduct, path: ir.TreePath) -> PathEntry:
        label, vertices = _tree_text(path.tree, self.diagram.group), tuple(_tree_vertices(path.tree))
        return PathEntry(
            "tree",
            self.value.statement,
            "uuu",
            label[1:-1] if label.startswith("(") else f"{label}->{label}",
            tuple(self._place(o, s) for o, s in zip(op.operands, path.segments, strict=True)),
            self._out(path.out),
            vertices,
            path.factor * self._gauge(vertices),
            self._weights(op.weights, path.weight),
            path.weight,
        )

    def _linear(self, op: ir.Linear, path: ir.LinearPath) -> PathEntry:
        irrep = self.value.irreps[path.out].irrep.text(self.diagram.group)
        return PathEntry(
            "linear",
            self.value.statement,
            "uw",
            f"{irrep}->{irrep}",
            (self._place(op.operand, path.operand),),
            self._out(path.out),
            (),
            path.factor,
            self._weights(op.weights, path.weight),
            path.weight,
        )

    def _dot(self, left: int, right: int, n: int) -> PathEntry:
        irrep = self._irrep(left, n)
        vertex = Vertex(irrep, self._irrep(right, n), self.value.irreps[n].irrep)
        return PathEntry(
            "dot",
            self.value.statement,
            "uuu",
            vertex_text(vertex, self.diagram.group),
            (self._place(left, n), self._place(right, n)),
            self._out(n),
            (vertex,),
            Surd.sqrt(irrep.dim) * self._gauge((vertex,)),
            "",
            None,
        )


def _text(irreps: Irreps, segment: int, group: Group) -> str:
    return f"{irreps[segment].mul}x{irreps[segment].irrep.text(group)}"


def _tree_text(tree: FusionTree, group: Group) -> str:
    if isinstance(tree, Leaf):
        return tree.irrep.text(group)
    left, right = _tree_text(tree.left, group), _tree_text(tree.right, group)
    return f"({left}*{right}->{tree.irrep.text(group)})"


def _tree_vertices(tree: FusionTree) -> Iterator[Vertex]:
    """Vertices below first, left before right: the order of evaluation."""
    if not isinstance(tree, Leaf):
        yield from _tree_vertices(tree.left)
        yield from _tree_vertices(tree.right)
        yield Vertex(tree.left.irrep, tree.right.irrep, tree.irrep)
