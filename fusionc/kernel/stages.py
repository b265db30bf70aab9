"""`stages`: a network as a chain of networks, by turns for PyTorch and for kernels.

Each vertex goes to a kernel where kernels can evaluate it. A stage reads arguments and what earlier stages leave: the
number of a vertex's stage is at least that of its operands, and larger where the two sides meet. What only names
memory, and gathers, are made anew by each stage that reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from math import prod

from fusionc.algebra.irrep import Irreps, Segment
from fusionc.check.ir import ArgumentKind, Slot
from fusionc.diagram.ir import Norm, Space, Via
from fusionc.kernel.trace import is_lanewise, is_same_lanes
from fusionc.network import ir
from fusionc.network.ir import Network, NetworkOutput, Vertex
from fusionc.network.live import only_live

MEMORY = -1
"""The phase of what no stage makes."""


class Side(Enum):
    TORCH = "torch"
    KERNEL = "kernel"


@dataclass(frozen=True, slots=True)
class Stage:
    """`network` has the arguments that it reads, whole, and after them wires of earlier stages, flat, by the names that
    these give them as outputs; its outputs are those of the whole that it completes, and wires for later stages.
    """

    side: Side
    network: Network


def stages(network: Network) -> tuple[Stage, ...]:
    """Their composition is the network, but that channels of scalars put end to end in an output are segments there."""
    return _Cut(only_live(replace(network, outputs=tuple(_unjoined(network, o) for o in network.outputs)))).stages()


def _unjoined(network: Network, output: NetworkOutput) -> NetworkOutput:
    """Wires of scalars that are only joined to be delivered lie side by side in memory in any layout."""
    segments: list[Segment] = []
    wires: list[int] = []
    for segment, wire in zip(output.irreps, output.wires, strict=True):
        pieces = _pieces(network, wire) if segment.irrep.dim == 1 else (wire,)
        if len(pieces) == 1:
            pieces = (wire,)
        segments += [Segment(prod(network.vertices[n].channels), segment.irrep) for n in pieces]
        wires += pieces
    return replace(output, irreps=Irreps(tuple(segments)), wires=tuple(wires))


def _pieces(network: Network, wire: int) -> tuple[int, ...]:
    """The wires whose flat channels, end to end, are those of the wire; each has one channel axis."""
    match network.vertices[wire].op:
        case ir.Join(operands):
            found = tuple(piece for n in operands for piece in _pieces(network, n))
            return found if all(len(network.vertices[n].channels) == 1 for n in found) else (wire,)
        case ir.View(operand, 0, shape) if prod(shape) == prod(network.vertices[operand].channels):
            found = _pieces(network, operand)
            return found if found != (operand,) else (wire,)
        case _:
            return (wire,)


def _is_native(network: Network, vertex: Vertex) -> bool:
    """Kernels have one axis of channels, no means, and exact constants."""
    read = [network.vertices[n] for n in ir.operands(vertex.op)]
    wide = [len([c for c in v.channels if c != 1]) for v in (vertex, *read)]
    if max(wide) > 1:
        return False
    has_edges = any(s.kind is ArgumentKind.EDGE_INDEX for s in network.signature)
    if vertex.space is Space.EDGE and not has_edges and any(v.space is Space.NODE for v in network.vertices):
        return False  # nothing tells which edges go with which rows
    match vertex.op:
        case ir.Move(mean=True) | ir.Harmonic(l=0) | ir.Harmonic(norm=Norm.INTEGRAL):
            return False
        case _:
            return is_lanewise(network, vertex)


@dataclass(slots=True)
class _Cut:
    network: Network
    native: list[bool] = field(default_factory=list)
    """Whether a kernel makes the vertex; of what floats, whether a kernel could."""
    floats: list[bool] = field(default_factory=list)
    """Whether each stage that reads the vertex makes it anew."""
    phase: list[int] = field(default_factory=list)

    def stages(self) -> tuple[Stage, ...]:
        vertices = self.network.vertices
        self.native = [_is_native(self.network, v) for v in vertices]
        for n in range(len(vertices)):
            self.floats.append(self._floats(n))
        self._settle()
        homes = [self._home(output) for output in self.network.outputs]
        last = max([*self.phase, *homes], default=MEMORY)
        needed = [_Needed(self, number) for number in range(last + 1)]
        for output, home in zip(self.network.outputs, homes, strict=True):
            for wire in output.wires:
                needed[home].want(wire)
        for n, p in enumerate(self.phase):
            if p != MEMORY and not self.floats[n]:
                needed[p].want(n)
        read = {n for one in needed for n in one.foreign}
        made = [
            self._stage(
                one, [o for o, home in zip(self.network.outputs, homes, strict=True) if home == one.number], read
            )
            for one in needed
        ]
        return tuple(stage for stage in made if stage.network.outputs)

    # ---------------------------------------------------------------- phases

    def _floats(self, n: int) -> bool:
        vertex = self.network.vertices[n]
        match vertex.op:
            case ir.Entry() | ir.Parameter() | ir.Add(terms=()):
                return True
            case ir.View(operand):
                return self._is_plain(n) or not self._is_moved(operand)
            case ir.Move():
                return self.native[n]
            case _:
                return False

    def _is_plain(self, n: int) -> bool:
        op = self.network.vertices[n].op
        return isinstance(op, ir.View) and is_same_lanes(self.network, op)

    def _is_moved(self, n: int) -> bool:
        op = self.network.vertices[n].op
        while isinstance(op, ir.View):
            op = self.network.vertices[op.operand].op
        return isinstance(op, ir.Move)

    def root(self, n: int) -> int:
        """What a vertex that floats stands for, below all of them."""
        while self.floats[n] and ir.operands(self.network.vertices[n].op):
            (n,) = ir.operands(self.network.vertices[n].op)
        return n

    def _is_cut(self, n: int) -> bool:
        """Whether a view on the way to the root takes other lanes: a kernel must have left the root in memory."""
        while self.floats[n] and ir.operands(self.network.vertices[n].op):
            if isinstance(self.network.vertices[n].op, ir.View) and not self._is_plain(n):
                return True
            (n,) = ir.operands(self.network.vertices[n].op)
        return False

    def _settle(self) -> None:
        """Phases: even ones are PyTorch's. Kernels that would hardly compute are PyTorch's too."""
        while True:
            self.phase = []
            for n in range(len(self.network.vertices)):
                self.phase.append(self._phase(n))
            made = [n for n in range(len(self.phase)) if self.native[n] and not self.floats[n]]
            poor = [n for n in made if not self._is_worth(self.phase[n])]
            if not poor:
                return
            for n in poor:
                self.native[n] = False

    def _is_worth(self, phase: int) -> bool:
        made = [v for n, v in enumerate(self.network.vertices) if not self.floats[n] and self.phase[n] == phase]
        return any(isinstance(v.op, ir.Couple | ir.Reduce) for v in made)

    def _is_sum_of_torch(self, n: int) -> bool:
        """One wire is less to hand over than its terms."""
        op = self.network.vertices[n].op
        roots = [self.root(m) for m in ir.operands(op)]
        made = [r for r in roots if not self.floats[r]]
        return isinstance(op, ir.Add) and bool(made) and not any(self.native[r] for r in made)

    def _phase(self, n: int) -> int:
        if self.floats[n]:
            root = self.root(n)
            return MEMORY if self.floats[root] else self.phase[root]
        self.native[n] = native = self.native[n] and not self._is_sum_of_torch(n)
        found = int(native)
        for m in ir.operands(self.network.vertices[n].op):
            root = self.root(m)
            if self.floats[root]:
                continue
            if self.native[root] != native:
                found = max(found, self.phase[root] + 1)
            else:
                found = max(found, self.phase[root] + (2 if native and self._is_cut(m) else 0))
        return found

    def _home(self, output: NetworkOutput) -> int:
        """The phase that delivers an output: that of a kernel only if it makes all of it."""
        roots = [self.root(n) for n in output.wires]
        phases = [self.phase[r] for r in roots if not self.floats[r]]
        last = max(phases, default=0)
        spaces = [self.network.vertices[n].space for n in output.wires]
        own = all(p == last for p in phases) and all(s is output.space for s in spaces)
        if last % 2 == 0 or (own and all(self._is_stored(n) for n in output.wires)):
            return last
        return last + 1

    def _is_stored(self, n: int) -> bool:
        op = self.network.vertices[n].op
        return not self._is_cut(n) and (not self.floats[self.root(n)] or op == ir.Add(()))

    # -------------------------------------------------------------- networks

    def _stage(self, needed: _Needed, whole: list[NetworkOutput], read: set[int]) -> Stage:
        vertices: list[Vertex] = []
        places: dict[int, int] = {}
        names = _Names(self.network)
        wires: list[Slot] = []
        for n in sorted(needed.own | needed.foreign):
            vertex = self.network.vertices[n]
            if n in needed.own:
                places[n] = len(vertices)
                vertices.append(replace(vertex, op=ir.rewired(vertex.op, places.__getitem__)))
                continue
            slot = Slot(names.of(n), ArgumentKind.TENSOR, vertex.space, _flat(vertex))
            wires.append(slot)
            flat = (prod(vertex.channels),)
            vertices.append(replace(vertex, op=ir.Entry(slot.name, 0), channels=flat))
            if flat != vertex.channels:
                vertices.append(replace(vertex, op=ir.View(len(vertices) - 1, 0, vertex.channels)))
            places[n] = len(vertices) - 1
        outputs = [replace(o, wires=tuple(places[w] for w in o.wires)) for o in whole]
        for n in sorted(needed.own):
            if n in read and not self.floats[n] and self.phase[n] == needed.number:
                vertex, place = self.network.vertices[n], places[n]
                flat = (prod(vertex.channels),)
                if flat != vertex.channels:
                    place = len(vertices)
                    vertices.append(replace(vertex, op=ir.View(places[n], 0, flat), channels=flat))
                outputs.append(NetworkOutput(names.of(n), _flat(vertex), vertex.space, (place,)))
        side = Side.KERNEL if needed.number % 2 else Side.TORCH
        part = replace(self.network, vertices=tuple(vertices), outputs=tuple(outputs))
        name = f"{self.network.name}_{needed.number}"
        tables = {o.per for o in outputs if o.per is not None}
        parameters = tuple(
            w for w in self.network.parameters if w.per in tables or ir.Parameter(w.name) in {v.op for v in vertices}
        )
        part = replace(part, name=name, parameters=parameters)
        return Stage(side, replace(part, signature=_signature(part, tuple(wires))))


@dataclass(slots=True)
class _Needed:
    """Vertices that a stage has: its own, with what floats, and roots that it is given by earlier ones."""

    cut: _Cut
    number: int
    own: set[int] = field(default_factory=set)
    foreign: set[int] = field(default_factory=set)

    def want(self, n: int) -> None:
        rest = [n]
        while rest:
            m = rest.pop()
            if m in self.own or m in self.foreign:
                continue
            if not self.cut.floats[m] and self.cut.phase[m] != self.number:
                self.foreign.add(m)
                continue
            self.own.add(m)
            rest += ir.operands(self.cut.network.vertices[m].op)


class _Names:
    """Of wires between stages, different from all of the source."""

    def __init__(self, network: Network) -> None:
        self._taken = {s.name for s in network.signature} | {w.name for w in network.parameters}
        self._taken |= {o.name for o in network.outputs}

    def of(self, n: int) -> str:
        found = f"wire_{n}"
        while found in self._taken:
            found += "_"
        return found


def _flat(vertex: Vertex) -> Irreps:
    return Irreps((Segment(prod(vertex.channels), vertex.irrep),))


def _signature(part: Network, wires: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """Of the arguments of the whole, those that the part reads and, for each space that no other tells, one more."""
    read = {v.op.name for v in part.vertices if isinstance(v.op, ir.Entry)}
    read |= {w.per for w in part.parameters if w.per is not None}
    read |= {o.per for o in part.outputs if o.per is not None}
    vias = {v.op.via for v in part.vertices if isinstance(v.op, ir.Move | ir.Reduce)}
    spaces = {v.space for v in part.vertices} | {o.space for o in part.outputs}
    spaces |= {part.vertices[v.op.operand].space for v in part.vertices if isinstance(v.op, ir.Reduce)}
    if Via.GRAPH in vias and Space.EDGE in spaces:
        vias.add(Via.RECEIVER)
    for slot in part.signature:
        by_index = slot.kind is ArgumentKind.EDGE_INDEX and vias & {Via.SENDER, Via.RECEIVER}
        by_graph = slot.kind is ArgumentKind.BATCH and Via.GRAPH in vias
        if by_index or by_graph:
            read.add(slot.name)
    told = {w.space for w in wires} | {_counted(s) for s in part.signature if s.name in read} | {Space.ONCE}
    for slot in part.signature:
        if _counted(slot) in spaces - told:
            read.add(slot.name)
            told.add(_counted(slot))
    return (*(s for s in part.signature if s.name in read), *wires)


def _counted(slot: Slot) -> Space:
    """The space whose number of elements an argument tells."""
    match slot.kind:
        case ArgumentKind.NUM_NODES:
            return Space.NODE
        case ArgumentKind.NUM_GRAPHS:
            return Space.GRAPH
        case _:
            return slot.space
