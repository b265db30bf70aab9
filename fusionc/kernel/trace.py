"""`trace`: a network as one graph of scalar and lane values, before it is cut into passes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import prod

from fusionc.algebra.harmonics import harmonic_step
from fusionc.algebra.surd import ONE, Surd
from fusionc.diagnostics import InternalError
from fusionc.diagram.ir import Norm, Space, Via
from fusionc.kernel.couplings import Coupling, Degrees, Wire, by_matrix, by_products, coupled, summed
from fusionc.kernel.inline import only_live
from fusionc.kernel.ir import Buffer, Role, Segment, Store, Value
from fusionc.kernel.scalars import Scalars, Scaled
from fusionc.network import ir
from fusionc.network.ir import Network, Vertex


@dataclass(frozen=True, slots=True)
class Trace:
    buffers: tuple[Buffer, ...]
    values: tuple[Value, ...]
    stores: tuple[Store, ...]


def trace(network: Network) -> Trace:
    """Raises InternalError for a vertex that `is_lanewise` refuses."""
    return _Tracer(network).run()


def is_lanewise(network: Network, vertex: Vertex) -> bool:
    """Whether a kernel can evaluate it: at most one channel axis that is longer than 1, on nodes, edges or rows."""
    if vertex.space not in (Space.NODE, Space.EDGE, Space.BATCH):
        return False
    match vertex.op:
        case ir.Couple(left, right, weight, s):
            axes = [(s.left, left), (s.right, right), *([] if weight is None else [(s.weight, weight)])]
        case ir.Mix(operand, weight, s):
            axes = [(s.left, operand), (s.weight, weight)]
        case ir.Move(operand, Via.ALL, False):
            return _is_memory(network, operand) and len(_wide(network.vertices[operand].channels)) <= 1
        case ir.Move(operand, via, False) | ir.Reduce(operand, via, False):
            return via in (Via.SENDER, Via.RECEIVER) and len(_wide(network.vertices[operand].channels)) <= 1
        case ir.Add() | ir.Entry() | ir.Parameter():
            return True
        case ir.Harmonic(_, l, False, norm):
            return l > 0 and norm is not Norm.INTEGRAL
        case ir.View(operand):
            return isinstance(network.vertices[operand].op, ir.Entry | ir.Parameter)
        case _:
            return False
    letters = {c for own, n in axes for c, length in zip(own, network.vertices[n].channels, strict=True) if length != 1}
    return len(letters) <= 1


def is_same_lanes(network: Network, view: ir.View) -> bool:
    """Whether a view takes all channels of its operand, in one axis: then a kernel has nothing to do."""
    channels = network.vertices[view.operand].channels
    return view.offset == 0 and _wide(view.shape) == _wide(channels) and len(_wide(channels)) <= 1


def _is_memory(network: Network, n: int) -> bool:
    op = network.vertices[n].op
    while isinstance(op, ir.View):
        op = network.vertices[op.operand].op
    return isinstance(op, ir.Entry | ir.Parameter)


def _wires(op: ir.Couple) -> tuple[int, int]:
    return min(op.left, op.right), max(op.left, op.right)


def _wide(channels: tuple[int, ...]) -> list[int]:
    return [n for n in channels if n != 1]


@dataclass(slots=True)
class _Tracer:
    network: Network
    scalars: Scalars = field(default_factory=Scalars)
    buffers: list[Buffer] = field(default_factory=list)
    wires: list[Wire | None] = field(default_factory=list)
    readers: list[list[int]] = field(default_factory=list)
    families: dict[tuple[int, int], tuple[Degrees, ...]] = field(default_factory=dict)

    def run(self) -> Trace:
        self._count_readers()
        self._find_families()
        for n, vertex in enumerate(self.network.vertices):
            if not isinstance(vertex.op, ir.Join) and not _is_memory(self.network, n) and not self._is_seen(vertex):
                raise InternalError(f"no kernel evaluates vertex {n}, {vertex.op}")
            self.wires.append(None if self._waits(n) else self._wire(n, vertex))
        stores = tuple(store for output in self.network.outputs for store in self._stores(output))
        values, stores = only_live(tuple(self.scalars.values), stores)
        return Trace(tuple(self.buffers), values, stores)

    def _is_seen(self, vertex: Vertex) -> bool:
        op = vertex.op
        return is_same_lanes(self.network, op) if isinstance(op, ir.View) else is_lanewise(self.network, vertex)

    def _count_readers(self) -> None:
        self.readers = [[] for _ in self.network.vertices]
        for n, vertex in enumerate(self.network.vertices):
            for operand in ir.operands(vertex.op):
                self.readers[operand].append(n)
        for output in self.network.outputs:
            for wire in output.wires:
                self.readers[wire].append(-1)

    def _find_families(self) -> None:
        """Couplings by the wires that they couple, in degrees, each as if the earlier wire were the left one."""
        for vertex in self.network.vertices:
            if isinstance(vertex.op, ir.Couple):
                wires = _wires(vertex.op)
                a, b = (self.network.vertices[n].irrep.l for n in wires)
                self.families[wires] = (*self.families.get(wires, ()), (a, b, vertex.irrep.l))

    # ----------------------------------------------------------- memory

    def _buffer(self, name: str, role: Role, space: Space, width: int, classes: str = "") -> int:
        buffer = Buffer(name, role, space, width, classes)
        if buffer not in self.buffers:
            self.buffers.append(buffer)
        return self.buffers.index(buffer)

    def _segment(self, n: int) -> tuple[Segment, Space]:
        """Of a vertex that names memory."""
        vertex = self.network.vertices[n]
        wide = _wide(vertex.channels)
        lanes = wide[0] if wide else 0
        match vertex.op:
            case ir.Entry(name, segment):
                slot = next(s for s in self.network.signature if s.name == name)
                assert slot.irreps is not None
                buffer = self._buffer(name, Role.ARGUMENT, slot.space, slot.irreps.dim)
                start = slot.irreps.slices[segment][0]
                return Segment(buffer, start, vertex.irrep.dim, lanes, prod(vertex.channels), 0), slot.space
            case ir.Parameter(name):
                weight = next(w for w in self.network.parameters if w.name == name)
                buffer = self._buffer(name, Role.ARGUMENT, vertex.space, weight.numel, weight.per or "")
                return Segment(buffer, 0, vertex.irrep.dim, lanes, weight.numel, 0), vertex.space
            case ir.View(operand, offset, shape):
                whole, space = self._segment(operand)
                wide = _wide(shape)
                return replace(whole, lanes=wide[0] if wide else 0, first=whole.first + offset), space
            case op:
                raise InternalError(f"not memory: {op}")

    def _stores(self, output: ir.NetworkOutput) -> list[Store]:
        buffer = self._buffer(output.name, Role.RESULT, output.space, output.irreps.dim)
        found: list[Store] = []
        for (start, _), segment, n in zip(output.irreps.slices, output.irreps.segments, output.wires, strict=True):
            dim, first = segment.irrep.dim, 0
            for part in self._parts(n):
                mul = prod(self.network.vertices[part].channels)
                place = Segment(buffer, start, dim, mul if mul > 1 else 0, segment.mul, first)
                for k, component in enumerate(self._known(part)):
                    if component is None:
                        found.append(Store(place, k, ONE, None))
                    else:
                        found.append(Store(place, k, component.coefficient, component.value))
                first += mul
        return found

    def _parts(self, n: int) -> tuple[int, ...]:
        """The wires that a result is joined of; itself where it is not."""
        op = self.network.vertices[n].op
        return tuple(part for m in op.operands for part in self._parts(m)) if isinstance(op, ir.Join) else (n,)

    # ---------------------------------------------------------- vertices

    def _known(self, n: int, space: Space | None = None) -> Wire:
        """A wire, for a reader on `space`: what is there once is loaded as if every row had it."""
        wire = self.wires[n]
        if wire is None:
            raise InternalError(f"vertex {n} is read but not made")
        if space is None or self.network.vertices[n].space is not Space.ONCE:
            return wire
        segment, _ = self._segment(n)
        return tuple(self.scalars.load(segment, k, None, space) for k in range(segment.dim))

    def _waits(self, n: int) -> bool:
        """A coupling that only one sum reads is made there, together with those that share a leg."""
        vertex = self.network.vertices[n]
        if not isinstance(vertex.op, ir.Couple) or vertex.op.weight is not None or len(self.readers[n]) != 1:
            return False
        (reader,) = self.readers[n]
        is_term = reader >= 0 and isinstance(self.network.vertices[reader].op, ir.Add)
        return is_term and self._both_have_lanes(vertex.op) and not self._sums_lanes(vertex, vertex.op)

    def _both_have_lanes(self, op: ir.Couple) -> bool:
        return all(_wide(self.network.vertices[n].channels) for n in (op.left, op.right))

    def _wire(self, n: int, vertex: Vertex) -> Wire | None:
        scalars = self.scalars
        match vertex.op:
            case ir.Entry() | ir.Parameter() | ir.View():
                if len(_wide(vertex.channels)) > 1:
                    return None
                if isinstance(vertex.op, ir.View) and not _is_memory(self.network, vertex.op.operand):
                    return self._known(vertex.op.operand)
                segment, space = self._segment(n)
                return tuple(scalars.load(segment, k, None, space) for k in range(segment.dim))
            case ir.Couple() as op:
                return self._coupled(vertex, op)
            case ir.Mix() as op:
                return self._mixed(vertex, op)
            case ir.Add(terms):
                return self._sum(vertex, terms)
            case ir.Move(operand, Via.ALL):
                return self._known(operand, vertex.space)
            case ir.Move(operand, via):
                return tuple(c and scalars.gathered(c, via) for c in self._known(operand))
            case ir.Reduce(operand, via, _, scale):
                return tuple(c and scalars.edge_sum(c, via).times(Surd.of(scale)) for c in self._known(operand))
            case ir.Harmonic() as op:
                return self._harmonic(op)
            case ir.Join():
                return None  # its parts are stored where they belong
            case other:
                raise InternalError(f"no kernel evaluates {other}")

    def _mixed(self, vertex: Vertex, op: ir.Mix) -> Wire:
        operand, weight = self._known(op.operand, vertex.space), self._known(op.weight, vertex.space)[0]
        if weight is None:
            return (None,) * len(operand)
        made = tuple(c and self.scalars.product(c, weight).times(op.factor) for c in operand)
        has_lanes = any(c is not None and self.scalars.level(c).lanes for c in made)
        if has_lanes and not _wide(vertex.channels):
            return tuple(c and self.scalars.lane_sum(c) for c in made)
        return made

    def _sums_lanes(self, vertex: Vertex, op: ir.Couple) -> bool:
        operands = [n for n in (op.left, op.right, op.weight) if n is not None]
        return not _wide(vertex.channels) and any(_wide(self.network.vertices[n].channels) for n in operands)

    def _coupling(self, vertex: Vertex, op: ir.Couple) -> Coupling:
        left, right = (self.network.vertices[n] for n in (op.left, op.right))
        x, y = self._known(op.left, vertex.space), self._known(op.right, vertex.space)
        ls = (left.irrep.l, right.irrep.l, vertex.irrep.l)
        lanes = (bool(_wide(left.channels)), bool(_wide(right.channels)))
        return Coupling(x, y, ls, lanes, op.factor, self.network.convention)

    def _coupled(self, vertex: Vertex, op: ir.Couple) -> Wire:
        coupling = self._coupling(vertex, op)
        weight = None if op.weight is None else self._known(op.weight, vertex.space)[0]
        if op.weight is not None and weight is None:
            return (None,) * vertex.irrep.dim
        if self._sums_lanes(vertex, op):
            return summed(self.scalars, coupling, weight)
        wire = coupled(self.scalars, coupling, self.families[_wires(op)])
        return wire if weight is None else tuple(c and self.scalars.product(c, weight) for c in wire)

    def _sum(self, vertex: Vertex, terms: tuple[tuple[Surd, int], ...]) -> Wire:
        parts: list[tuple[Surd, Wire]] = []
        legs: dict[int, int] = {}
        waiting = [(factor, n) for factor, n in terms if self.wires[n] is None]
        for _, n in waiting:
            op = self._couple(n)
            for leg in dict.fromkeys((op.left, op.right)):
                legs[leg] = legs.get(leg, 0) + 1
        shared: dict[int, list[Coupling]] = {}
        for factor, n in waiting:
            op = self._couple(n)
            made = self._coupling(self.network.vertices[n], op)
            scaled = replace(made, factor=made.factor * factor)
            y = op.right if legs[op.right] >= legs[op.left] else op.left
            if legs[y] > 1 and op.left != op.right:
                shared.setdefault(y, []).append(scaled if y == op.right else scaled.turned())
            else:
                parts.append((ONE, coupled(self.scalars, scaled, self.families[_wires(op)])))
        parts += [(ONE, by_matrix(self.scalars, many)) for many in shared.values()]
        parts += [(factor, self._known(n, vertex.space)) for factor, n in terms if self.wires[n] is not None]
        rows: list[list[tuple[Scaled, None]]] = [[] for _ in range(vertex.irrep.dim)]
        for factor, wire in parts:
            for k, c in enumerate(wire):
                if c is not None:
                    rows[k].append((c.times(factor), None))
        return tuple(self.scalars.sum(row) for row in rows)

    def _couple(self, n: int) -> ir.Couple:
        op = self.network.vertices[n].op
        assert isinstance(op, ir.Couple)
        return op

    def _harmonic(self, op: ir.Harmonic) -> Wire:
        """Y_l by the recursion from Y_{l-1}; homogeneous of degree l."""
        r = self._known(op.operand)
        wire = tuple(c and c.times(Surd.sqrt(3)) for c in r)
        for l in range(2, op.l + 1):
            factor = harmonic_step(l) * Surd.sqrt(3 * (2 * l + 1))
            wire = by_products(self.scalars, Coupling(r, wire, (1, l - 1, l), (False, False), factor, "e3nn"))
        scale = _norm_factor(op.norm, op.l)
        return tuple(c and c.times(scale) for c in wire)


def _norm_factor(norm: Norm, l: int) -> Surd:
    match norm:
        case Norm.COMPONENT:
            return ONE
        case Norm.NORM:
            return Surd.sqrt(Fraction(1, 2 * l + 1))
        case _:
            raise InternalError(f"harmonics with norm {norm.value} have no exact factor")
