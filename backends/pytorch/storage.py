"""Where wires lie while a program is arranged: blocks of memory, and places in them.

A block is one tensor. In `ROWS` it is `[elements, K, *channels]`, and a wire is 2l+1 of its rows. In `COLUMNS` it is
`[elements, D]`, as arguments come, and a wire is `mul (2l+1)` of its columns, in the memory layout of the module.
Blocks are read in pieces; a block that is read in several is split once, since a view of its own for each piece would
cost a gradient of the whole block each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from math import prod

from fusionc.algebra.surd import Surd
from fusionc.backends.naming import Names
from fusionc.backends.pytorch import program
from fusionc.backends.pytorch.program import Constant, Expr, Pairs, Size, Statement
from fusionc.diagnostics import InternalError
from fusionc.diagram.ir import Space
from fusionc.network import ir
from fusionc.network.ir import Network

ONE = Surd.of(1)


class Kind(Enum):
    ROWS = "rows"
    COLUMNS = "columns"


@dataclass(frozen=True, slots=True)
class Block:
    """`width` rows or columns; `channels` of a block of rows, () for columns."""

    name: str
    kind: Kind
    space: Space
    width: int
    channels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    block: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a wire: `[elements, dim, *channels]`."""

    space: Space
    dim: int
    channels: tuple[int, ...]

    @property
    def numel(self) -> int:
        return self.dim * prod(self.channels)


@dataclass(frozen=True, slots=True)
class Consumer:
    """Who reads a wire: a vertex, or None for an output."""

    vertex: int | None


@dataclass(slots=True)
class Column:
    """Where a wire stands in a result: from column `start` on of output `output`. `done`: it has been written there."""

    output: int
    start: int
    done: bool = False


@dataclass(frozen=True, slots=True)
class Partial:
    """`wire` is the sum of some terms of an `Add`, those of the vertices `covered`."""

    covered: tuple[int, ...]
    wire: int


class Storage:
    """The program under construction. Wires are vertices of the network, or negative numbers for those made here."""

    def __init__(self, network: Network, names: Names, layout: str) -> None:
        self.network = network
        self.names = names
        self.layout = layout
        self.statements: list[Statement] = []
        self.constants: list[Constant] = []
        self.pairs: list[Pairs] = []
        self.blocks: list[Block] = []
        self.consumers = _consumers(network)
        self.partials: dict[int, list[Partial]] = {}
        self.columns: dict[int, list[Column]] = _columns(network)
        self.started: dict[int, str] = {}
        self.placed_rows: Callable[[tuple[int, ...]], None] = lambda wires: None
        """Called with the wires of every new block of rows: what can be done with them at once is."""
        self._places: dict[int, Place] = {}
        self._made: dict[int, Shape] = {}
        self._pieces: dict[Place, str] = {}
        self._cuts: dict[int, tuple[int, ...]] = {}

    # ---------------------------------------------------------- statements

    def let(self, stem: str, value: Expr) -> program.Name:
        name = self.names.fresh(stem)
        self.statements.append(program.Assign(name, value))
        return program.Name(name)

    def remark(self, text: str) -> None:
        self.statements.append(program.Remark(text))

    def constant(self, stem: str, rows: int, columns: int, entries: list[tuple[int, int, Surd]]) -> program.Member:
        """A buffer with these non-zeros; equal ones are one."""
        ordered = tuple(sorted(entries, key=lambda entry: entry[:2]))
        for held in self.constants:
            if (held.rows, held.columns, held.entries) == (rows, columns, ordered):
                return program.Member(held.name)
        name = self.names.fresh(f"coupling_{stem}")
        self.constants.append(Constant(name, rows, columns, ordered))
        return program.Member(name)

    def pairs_of(self, channels: int) -> program.Member:
        for held in self.pairs:
            if held.channels == channels:
                return program.Member(held.name)
        name = self.names.fresh(f"pairs_{channels}")
        self.pairs.append(Pairs(name, channels))
        return program.Member(name)

    # ---------------------------------------------------------------- sums

    def sink(self, wire: int) -> int | None:
        """The `Add` that alone reads the wire, as it is."""
        readers = self.consumers.get(wire, ())
        if len(readers) != 1 or readers[0].vertex is None:
            return None
        op = self.network.vertices[readers[0].vertex].op
        if not isinstance(op, ir.Add) or (ONE, wire) not in op.terms:
            return None
        return readers[0].vertex

    def collect(self, sink: int, covered: tuple[int, ...], wire: int) -> None:
        """`wire` stands for the sum of the vertices `covered` when `sink` is placed."""
        self.partials.setdefault(sink, []).append(Partial(covered, wire))

    # --------------------------------------------------------------- wires

    def shape(self, wire: int) -> Shape:
        if wire < 0:
            return self._made[wire]
        vertex = self.network.vertices[wire]
        return Shape(vertex.space, vertex.irrep.dim, vertex.channels)

    def stem(self, wire: int) -> str:
        """The statement that a vertex serves, for names of variables."""
        return self.network.vertices[wire].origin or "t"

    def size(self, space: Space) -> Size:
        return SIZES[space]

    def make(self, shape: Shape) -> int:
        """A wire of our own, without a place yet."""
        wire = -1 - len(self._made)
        self._made[wire] = shape
        return wire

    def is_placed(self, wire: int) -> bool:
        return wire in self._places

    def place(self, wire: int) -> Place:
        found = self._places.get(wire)
        if found is None:
            found = self._places[wire] = self._viewed(wire)
        return found

    def put(self, wire: int, place: Place) -> None:
        """`wire` lies where others lie already."""
        self._places[wire] = place

    def alias(self, wire: int, other: int) -> None:
        """`wire` is `other`, but perhaps for the shape of its channels."""
        if self.shape(wire).channels == self.shape(other).channels:
            self._places[wire] = self.place(other)
        else:
            self.hold_rows(wire, self._reshaped(other, self.shape(wire).channels))

    def hold_rows(self, wire: int, value: Expr) -> None:
        """A wire in a block of its own."""
        self.hold_block(value, (wire,))

    def hold_block(self, value: Expr, wires: tuple[int, ...], stem: str | None = None) -> None:
        """Wires one after the other in the rows of `value`, `[elements, sum of dims, *channels]`."""
        first = self.shape(wires[0])
        owner = next((w for w in wires if w >= 0), None)
        name = self.let(stem or ("t" if owner is None else self.stem(owner)), value).name
        self._hold(Block(name, Kind.ROWS, first.space, sum(self.shape(w).dim for w in wires), first.channels), wires)

    def hold_columns(self, name: str, space: Space, wires: tuple[int, ...], width: int | None = None) -> None:
        """Wires one after the other in the columns of the variable `name`, `[elements, width]`."""
        total = sum(self.shape(w).numel for w in wires)
        self._hold(Block(name, Kind.COLUMNS, space, total if width is None else width, ()), wires)

    def hold_at(self, name: str, space: Space, width: int, wires: tuple[tuple[int, int], ...]) -> None:
        """Wires at given columns (wire, start) of the variable `name`."""
        self.blocks.append(Block(name, Kind.COLUMNS, space, width, ()))
        for wire, start in wires:
            self._places[wire] = Place(len(self.blocks) - 1, start, start + self.shape(wire).numel)

    def hold_like(
        self, name: str, block: Block, space: Space, wires: tuple[tuple[int, Place], ...], start: int
    ) -> None:
        """A copy of `block` from row or column `start` on, in another space: each wire lies as its source does."""
        width = max(place.stop for _, place in wires) - start
        self.blocks.append(Block(name, block.kind, space, width, block.channels))
        for wire, place in wires:
            self._places[wire] = Place(len(self.blocks) - 1, place.start - start, place.stop - start)
        if block.kind is Kind.ROWS:
            self._write_out(tuple(wire for wire, _ in wires))

    def _hold(self, block: Block, wires: tuple[int, ...]) -> None:
        self.blocks.append(block)
        start = 0
        for wire in wires:
            shape = self.shape(wire)
            stop = start + (shape.dim if block.kind is Kind.ROWS else shape.numel)
            self._places[wire] = Place(len(self.blocks) - 1, start, stop)
            start = stop
        if block.kind is Kind.ROWS:
            self._write_out(wires)
            self.placed_rows(wires)

    def _write_out(self, wires: tuple[int, ...]) -> None:
        """Into the results at once, so that the wires' memory can be released; where they are only a part of them."""
        for wire in wires:
            for column in self.columns.get(wire, ()):
                output = self.network.outputs[column.output]
                if not column.done and len(output.wires) > 1 and self.shape(wire).space is output.space:
                    self.put_out(wire, column)

    def put_out(self, wire: int, column: Column) -> None:
        output, shape = self.network.outputs[column.output], self.shape(wire)
        if column.output not in self.started:
            name = self.names.fresh(f"{output.name}_out")
            self.started[column.output] = name
            self.statements.append(program.Begin(name, self.size(output.space), output.irreps.dim, column.output))
        value, size = self.read(wire), self.size(output.space)
        if shape.space is not output.space:
            value = program.Expand(value, (size, shape.dim, *shape.channels))
        if self.layout == "ir_mul":
            value = program.Reshape(value, (size, 1, shape.numel))
        elif len(shape.channels) != 1:
            value = program.Reshape(value, (size, shape.dim, prod(shape.channels)))
        self.statements.append(program.Put(self.started[column.output], column.start, value))
        column.done = True

    def _viewed(self, wire: int) -> Place:
        """A view's place: inside its operand's where memory allows, else a variable of its own."""
        op = self.network.vertices[wire].op if wire >= 0 else None
        if not isinstance(op, ir.View):
            raise InternalError(f"wire {wire} is read before it is computed")
        outer, place = self.shape(op.operand), self.place(op.operand)
        if outer.dim == 1 and self.blocks[place.block].kind is Kind.ROWS and prod(op.shape) != prod(outer.channels):
            place = self._laid_flat(op.operand)
        if outer.dim == 1 and self.blocks[place.block].kind is Kind.COLUMNS:
            return Place(place.block, place.start + op.offset, place.start + op.offset + prod(op.shape))
        flat = self._reshaped(op.operand, (prod(outer.channels),))
        if prod(op.shape) != prod(outer.channels):
            flat = program.Narrow(flat, 2, op.offset, op.offset + prod(op.shape))
        shape = self.shape(wire)
        if shape.channels != (prod(shape.channels),):
            flat = program.Reshape(flat, (self.size(outer.space), shape.dim, *shape.channels))
        self.hold_rows(wire, flat)
        return self._places[wire]

    def _laid_flat(self, wire: int) -> Place:
        """A scalar wire that views take parts of: from now on in columns, so that one split serves them all."""
        shape = self.shape(wire)
        name = self.let(self.stem(wire), self._flat(self.read(wire), self.blocks[self.place(wire).block], shape.numel))
        self.hold_columns(name.name, shape.space, (wire,))
        return self._places[wire]

    def _reshaped(self, wire: int, channels: tuple[int, ...]) -> Expr:
        shape = self.shape(wire)
        if shape.channels == channels:
            return self.read(wire)
        return program.Reshape(self.read(wire), (self.size(shape.space), shape.dim, *channels))

    # -------------------------------------------------------------- reading

    def read(self, wire: int) -> Expr:
        """`[elements, dim, *channels]`."""
        place, shape = self.place(wire), self.shape(wire)
        block = self.blocks[place.block]
        piece = self.piece(place)
        if block.kind is Kind.ROWS:
            return piece
        count = prod(shape.channels)
        if shape.dim == 1 and len(shape.channels) == 1:
            return program.Unsqueeze(piece, 1)
        if shape.dim == 1 or self.layout == "ir_mul" or count == 1:
            return program.Reshape(piece, (self.size(block.space), shape.dim, *shape.channels))
        return program.Swap(program.Reshape(piece, (self.size(block.space), count, shape.dim)), 1, 2)

    def is_turned(self, wire: int) -> bool:
        """Whether a wire lies in memory with its components inside its channels, unlike in blocks of rows."""
        shape = self.shape(wire)
        columns = self.blocks[self.place(wire).block].kind is Kind.COLUMNS
        return columns and self.layout == "mul_ir" and shape.dim > 1 and prod(shape.channels) > 1

    def scalars(self, wire: int, *shape: int) -> Expr:
        """The channels of a scalar wire as `[elements, *shape]`, without the axis of components."""
        place = self.place(wire)
        block = self.blocks[place.block]
        piece = self.piece(place)
        if block.kind is Kind.COLUMNS and shape == (place.stop - place.start,):
            return piece
        return program.Reshape(piece, (self.size(block.space), *shape))

    def table(self, wire: int, rows: int, columns: int) -> Expr:
        """The channels of a scalar wire that lives once, as a matrix."""
        return program.Reshape(self.piece(self.place(wire)), (rows, columns))

    def matrix(self, wires: tuple[int, ...]) -> tuple[Expr, int, tuple[int, ...]]:
        """Wires of a single channel as `[elements, columns]`, the number of columns, and where each wire begins."""
        run = self.run(wires)
        if run is not None:
            block = self.blocks[run.block]
            starts = tuple(self.place(w).start for w in wires)
            needed = run.stop - run.start
            if block.kind is Kind.COLUMNS and block.width <= 2 * needed:
                return program.Name(block.name), block.width, starts
            return self._flat(self.piece(run), block, needed), needed, tuple(s - run.start for s in starts)
        parts: list[Expr] = []
        begins: list[int] = []
        column = 0
        for wire in wires:
            place = self.place(wire)
            parts.append(self._flat(self.piece(place), self.blocks[place.block], self.shape(wire).dim))
            begins.append(column)
            column += self.shape(wire).dim
        return (program.Cat(tuple(parts), 1) if len(parts) > 1 else parts[0]), column, tuple(begins)

    def _flat(self, piece: Expr, block: Block, width: int) -> Expr:
        if block.kind is Kind.COLUMNS:
            return piece
        return program.Reshape(piece, (self.size(block.space), width))

    def run(self, wires: tuple[int, ...]) -> Place | None:
        """The wires as one stretch of a block, if they lie one after the other."""
        places = [self.place(w) for w in wires]
        follows = all(a.block == b.block and a.stop == b.start for a, b in pairwise(places))
        return Place(places[0].block, places[0].start, places[-1].stop) if follows else None

    def piece(self, place: Place) -> Expr:
        """A stretch of a block, `[elements, stop - start, *channels]` or `[elements, stop - start]`."""
        block = self.blocks[place.block]
        if place.start == 0 and place.stop == block.width:
            return program.Name(block.name)
        if place not in self._pieces:
            self._split(place.block)
        if place in self._pieces:
            return program.Name(self._pieces[place])
        return program.Narrow(program.Name(block.name), 1, place.start, place.stop)

    def _split(self, number: int) -> None:
        """Split the block where its wires, or the views of them, begin; once."""
        if number in self._cuts:
            return
        stretches = sorted({(p.start, p.stop) for p in self._stretches(number)})
        disjoint = all(a[1] <= b[0] for a, b in pairwise(stretches))
        self._cuts[number] = tuple(start for start, _ in stretches) if disjoint else ()
        if not disjoint:
            return
        block = self.blocks[number]
        targets: list[str | None] = []
        sizes: list[int] = []
        column = 0
        for start, stop in (*stretches, (block.width, block.width)):
            if start > column:
                targets.append(None)
                sizes.append(start - column)
            if stop > start:
                targets.append(self.names.fresh(f"{block.name}_{len(targets)}"))
                sizes.append(stop - start)
                self._pieces[Place(number, start, stop)] = str(targets[-1])
            column = stop
        if len(sizes) > 1:
            self.statements.append(program.Unpack(tuple(targets), program.Name(block.name), tuple(sizes), 1))

    def _stretches(self, number: int) -> list[Place]:
        """What is read of a block: wires that are read as they are, and views of the others."""
        found = []
        for wire, place in list(self._places.items()):
            if place.block != number or place.start == place.stop:
                continue
            views = [] if wire < 0 else self._views(wire)
            inside = self.blocks[number].kind is Kind.COLUMNS and self.shape(wire).dim == 1
            if not views or not inside or len(views) < len(self.consumers.get(wire, ())):
                found.append(place)
            if inside:
                found += [self.place(v) for v in views]
        return [place for place in found if place.block == number]

    def _views(self, wire: int) -> list[int]:
        readers = [c.vertex for c in self.consumers.get(wire, ()) if c.vertex is not None]
        return [v for v in readers if isinstance(self.network.vertices[v].op, ir.View)]


SIZES: dict[Space, Size] = {
    Space.ONCE: 1,
    Space.BATCH: "num_rows",
    Space.NODE: "num_nodes",
    Space.EDGE: "num_edges",
    Space.GRAPH: "num_graphs",
}


def _columns(network: Network) -> dict[int, list[Column]]:
    found: dict[int, list[Column]] = {}
    for number, output in enumerate(network.outputs):
        for wire, (start, stop) in zip(output.wires, output.irreps.slices, strict=True):
            if stop > start:
                found.setdefault(wire, []).append(Column(number, start))
    return found


def _consumers(network: Network) -> dict[int, tuple[Consumer, ...]]:
    found: dict[int, list[Consumer]] = {}
    for n, vertex in enumerate(network.vertices):
        for operand in ir.operands(vertex.op):
            found.setdefault(operand, []).append(Consumer(n))
    for output in network.outputs:
        for wire in output.wires:
            found.setdefault(wire, []).append(Consumer(None))
    return {wire: tuple(many) for wire, many in found.items()}
