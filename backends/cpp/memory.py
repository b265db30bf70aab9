"""Where the components of a pass stand, and how C++ says so: rows of the caller's, blocks, and scratch of a row."""

from __future__ import annotations

from dataclasses import dataclass, field

from fusionc.algebra.surd import ONE, Surd
from fusionc.diagram.ir import Space
from fusionc.kernel import ir
from fusionc.kernel.groups import phases
from fusionc.kernel.ir import Kernel, Load, Pass, Role, Segment, Store, Sum, Term, Value

CHUNK = 32
"""Edges whose scalars are in the cache at once."""

CLASS_SLOT = 64
"""Pointers to tables of classes stand so far behind those of the buffers: before them, the packed arrays."""

Key = tuple[Segment, int]
"""A component of a segment."""


@dataclass(slots=True)
class Places:
    """Where components stand in an array of blocks, [blocks][components][width], for one number of lanes."""

    numbers: dict[Key, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.numbers)

    def enter(self, segment: Segment) -> None:
        for k in range(segment.dim):
            self.numbers.setdefault((segment, k), len(self.numbers))

    def segments(self) -> list[tuple[Segment, int]]:
        """Each segment with the place of its first component."""
        return [(segment, place) for (segment, k), place in self.numbers.items() if k == 0]


Table = dict[int, Places]
"""By the number of lanes."""


class Memory:
    """The arrays of one pass.

    packed   of all rows, in blocks: what edges read of the node at their other end
    near     of the row, in blocks: what it reads of itself, where that is not in blocks already
    own      of the edges of a chunk, in blocks: what they read of themselves
    sums     of the row, in blocks: sums over its edges
    made     of the row, in blocks: results before they are put into the caller's layout
    put      of the edges of a chunk, in blocks: the same
    """

    def __init__(self, kernel: Kernel, number: int, layout: str) -> None:
        self.kernel = kernel
        self.pass_: Pass = kernel.passes[number]
        self.name = f"{kernel.name}_{number}"
        self.channels_inner = layout == "ir_mul"
        self.phase = phases(self.pass_)
        self.packed: Table = {}
        self.near: Table = {}
        self.own: Table = {}
        self.made: Table = {}
        self.put: Table = {}
        self.sums: dict[int, dict[int, int]] = {}
        self.edge_scalars: dict[int, int] = {}
        self.row_scalars: dict[int, int] = {}
        for n in range(len(self.pass_.values)):
            self._enter_value(n)
        for store in self.pass_.stores:
            self._enter_store(store)

    # ------------------------------------------------------------- kinds

    def value(self, n: int) -> Value:
        return self.pass_.values[n]

    def is_edge(self, n: int) -> bool:
        return self.value(n).level.space is Space.EDGE

    def role(self, segment: Segment) -> Role:
        return self.kernel.buffers[segment.buffer].role

    def is_on_edges(self, store: Store) -> bool:
        """Whether edges store it: in rows of their own, or added to those of a node."""
        return store.via is not None or self.kernel.buffers[store.segment.buffer].space is Space.EDGE

    def _enter_value(self, n: int) -> None:
        value = self.value(n)
        lanes = value.level.lanes
        match value.op:
            case Load(segment) as op if lanes:
                table = self._table(n, op)
                if table is not None:
                    table.setdefault(lanes, Places()).enter(segment)
            case ir.EdgeSum() if lanes:
                own = self.sums.setdefault(lanes, {})
                own[n] = len(own)
            case _ if not lanes:
                scalars = self.edge_scalars if self.is_edge(n) else self.row_scalars
                scalars[n] = len(scalars)
            case _:
                pass

    def _table(self, n: int, op: Load) -> Table | None:
        """Where the lanes of a load are put before they are read; None where they are read from their row."""
        if self.role(op.segment) is Role.TEMPORARY:
            return None
        if op.via is not None and self.is_edge(n):
            return self.near if op.via is self.pass_.via else self.packed
        if op.segment.dim == 1:
            return None
        return self.own if self.is_edge(n) else self.near

    def _enter_store(self, store: Store) -> None:
        lanes = store.segment.lanes
        if not lanes or self.role(store.segment) is not Role.RESULT:
            return
        if not self.is_on_edges(store):
            self.made.setdefault(lanes, Places()).enter(store.segment)
        elif store.segment.dim > 1:
            self.put.setdefault(lanes, Places()).enter(store.segment)

    # --------------------------------------------------------- addresses

    def packed_slot(self, lanes: int) -> int:
        return len(self.kernel.buffers) + list(self.packed).index(lanes)

    def class_slot(self, buffer: int) -> int:
        tables = [n for n, b in enumerate(self.kernel.buffers) if b.classes]
        return len(self.kernel.buffers) + CLASS_SLOT + tables.index(buffer)

    def row(self, buffer: int, row: str, data: str = "f.data") -> str:
        """Pointer to a row of a buffer in the caller's layout."""
        found = self.kernel.buffers[buffer]
        if found.space is Space.ONCE:
            return f"(real*){data}[{buffer}]"
        if found.classes:
            row = f"((const int64_t*){data}[{self.class_slot(buffer)}])[{row}]"
        return f"(real*){data}[{buffer}] + {row} * {found.width}"

    def at(self, segment: Segment, component: int = 0) -> int:
        """Where a component of the segment's first channel stands in a row."""
        if self.channels_inner:
            return segment.offset + component * segment.channels + segment.first
        return segment.offset + segment.first * segment.dim + component

    def row_of_load(self, n: int) -> str:
        """The row that a value of an edge, or of the row, is loaded from."""
        op = self.value(n).op
        assert isinstance(op, Load)
        if not self.is_edge(n):
            return "f.row"
        if op.via is None:
            return "f.edge[q]"
        return "f.row" if op.via is self.pass_.via else "f.far[q]"

    def block_of(self, segment: Segment, row: str, lanes: int) -> str:
        """Pointer to this block of a row of a temporary."""
        return f"(real*)f.data[{segment.buffer}] + ({row} * blocks({lanes}, W) + block) * {segment.dim} * W"

    def lanes_of(self, n: int) -> str:
        """The vector of this block that a load of lanes stands for."""
        value = self.value(n)
        op, lanes = value.op, value.level.lanes
        assert isinstance(op, Load)
        row = self.row_of_load(n)
        if self.role(op.segment) is Role.TEMPORARY:
            return f"load<real>({self.block_of(op.segment, row, lanes)} + {op.component} * W)"
        table = self._table(n, op)
        if table is None:
            place = f"{self.row(op.segment.buffer, row)} + {self.at(op.segment)} + block * W"
            return f"(TAIL ? load_some<real>({place}, {lanes} % W) : load<real>({place}))"
        places = table[lanes]
        number = places.numbers[op.segment, op.component]
        if table is self.packed:
            base = (
                f"(real*)f.data[{self.packed_slot(lanes)}] + ({row} * blocks({lanes}, W) + block) * {places.size} * W"
            )
            return f"load<real>({base} + {number} * W)"
        if table is self.own:
            return f"load<real>(f.own_{lanes} + ((q * blocks({lanes}, W) + block) * {places.size} + {number}) * W)"
        return f"load<real>(f.near_{lanes} + (block * {places.size} + {number}) * W)"

    def scalar(self, n: int) -> str:
        """The place of a scalar of edge q, or of the row."""
        if self.is_edge(n):
            return f"f.scalar[{self.edge_scalars[n] * CHUNK} + q]"
        return f"f.node[{self.row_scalars[n]}]"

    def pack(self, segment: Segment, lanes: int, places: Places, row: str, blocked: str) -> str:
        arguments = f"{row} + {self.at(segment)}, {blocked}, {self._placed(segment, places)}"
        return f"pack<{self._copied(segment, lanes)}>({arguments});"

    def unpack(self, segment: Segment, lanes: int, places: Places, row: str, blocked: str) -> str:
        arguments = f"{blocked}, {row} + {self.at(segment)}, {self._placed(segment, places)}"
        return f"unpack<{self._copied(segment, lanes)}>({arguments});"

    def _copied(self, segment: Segment, lanes: int) -> str:
        return f"real, {segment.dim}, {lanes}, {segment.channels if self.channels_inner else 0}"

    def _placed(self, segment: Segment, places: Places) -> str:
        return f"{places.size}, {places.numbers[segment, 0]}"


def number(value: Surd) -> str:
    return f"real({float(value)!r})"


def scaled(coefficient: Surd, text: str) -> str:
    if coefficient == ONE:
        return text
    return f"-{text}" if coefficient == -ONE else f"{number(coefficient)} * {text}"


def term_text(term: Term, names: dict[int, str]) -> str:
    """Without its sign."""
    factors = [names[n] for n in (term.a, term.b) if n is not None]
    if abs(term.coefficient) != ONE:
        factors.insert(0, number(abs(term.coefficient)))
    return " * ".join(factors)


def sum_text(op: Sum, names: dict[int, str]) -> str:
    text = ""
    for n, term in enumerate(op.terms):
        sign = "-" if term.coefficient.sign < 0 else "+"
        lead = f" {sign} " if n else "-" if sign == "-" else ""
        text += lead + term_text(term, names)
    return text
