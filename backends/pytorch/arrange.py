"""`arrange`: from a plan to a tensor program. Here it is decided which tensors there are and what makes them."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import assert_never

from fusionc.algebra.surd import Surd
from fusionc.backends.naming import Names
from fusionc.backends.pytorch import program
from fusionc.backends.pytorch.blocks import blocks_of
from fusionc.backends.pytorch.couplings import couple
from fusionc.backends.pytorch.harmonics import harmonics
from fusionc.backends.pytorch.lifetimes import released
from fusionc.backends.pytorch.mixing import mix, scaled
from fusionc.backends.pytorch.program import Expr, Program
from fusionc.backends.pytorch.signature import Signature, signature_of
from fusionc.backends.pytorch.storage import Block, Kind, Place, Shape, Storage
from fusionc.backends.pytorch.summed import couple_summed
from fusionc.diagnostics import InternalError
from fusionc.diagram.ir import Space, Via
from fusionc.network import ir
from fusionc.network.summed import summed
from fusionc.plan.ir import Plan, Step, StepKind


def arrange(plan: Plan, layout: str) -> Program:
    """The tensor program of one class. `layout`: of the module's arguments and results, "mul_ir" or "ir_mul"."""
    names = Names()
    signature = signature_of(plan, names)
    store = Storage(plan.network, names, layout)
    arrangement = _Arrangement(plan, store, signature)
    arrangement.place_arguments()
    for step in plan.steps:
        arrangement.place_step(step)
    results = tuple(arrangement.result(n) for n in range(len(plan.network.outputs)))
    prologue = tuple(arrangement.prologue)
    blocks = blocks_of(plan, store, arrangement.arguments)
    statements = tuple(store.statements) if blocks else (*prologue, *_without_blocks(store.statements))
    return Program(
        plan.network.name,
        plan,
        layout,
        signature.arguments,
        signature.weights,
        tuple(store.constants),
        tuple(store.pairs),
        blocks,
        prologue if blocks else (),
        released(statements, results, tuple(a.name for a in signature.arguments)),
        results,
    )


class _Arrangement:
    """One run: the program under construction, and the indices that it reads along."""

    def __init__(self, plan: Plan, store: Storage, signature: Signature) -> None:
        self.plan = plan
        self.network = plan.network
        self.store = store
        self.signature = signature
        self._indices: dict[tuple[Via, Space], Expr] = {}
        self._counts: dict[tuple[Via, Space, int], Expr] = {}
        self.reference: Expr | None = None
        """A tensor that tells dtype and device."""
        self.prologue: list[program.Statement] = []
        self.arguments: list[tuple[str, Space]] = []
        """Variables that hold the arguments, as they are read."""
        self._summed = {n: group for group in summed(self.network, plan.model.degree) for n in group.couplings}
        store.placed_rows = self._reduce_at_once

    # ----------------------------------------------------------- arguments

    def place_arguments(self) -> None:
        entries: dict[str, list[int]] = {}
        parameters: dict[str, list[int]] = {}
        for n, vertex in enumerate(self.network.vertices):
            match vertex.op:
                case ir.Entry(name=name):
                    entries.setdefault(name, []).append(n)
                case ir.Parameter(name=name):
                    parameters.setdefault(name, []).append(n)
        for slot in self.network.signature:
            if slot.irreps is None:
                self.arguments.append((self.signature.names[slot.name], slot.space))
            if slot.irreps is not None and (slot.name in entries or self.reference is None):
                variable = self._rows_of(self.signature.names[slot.name], slot.space)
                self.arguments.append((variable, slot.space))
                self.reference = self.reference or program.Name(variable)
                starts = [start for start, _ in slot.irreps.slices]
                wires = tuple((n, starts[self._entry(n).segment]) for n in entries.get(slot.name, ()))
                self.store.hold_at(variable, slot.space, slot.irreps.dim, wires)
        for weight in self.network.parameters:
            if weight.name in parameters:
                self._place_parameter(weight.name, weight.numel, weight.per, tuple(parameters[weight.name]))

    def _entry(self, n: int) -> ir.Entry:
        op = self.network.vertices[n].op
        assert isinstance(op, ir.Entry)
        return op

    def _rows_of(self, name: str, space: Space) -> str:
        """The argument as `[elements, width]`."""
        match space:
            case Space.ONCE:
                return self._given(f"{name}_row", program.Unsqueeze(program.Name(name), 0))
            case Space.BATCH:
                return self._given(f"{name}_rows", program.FlattenLeading(program.Name(name)))
            case _:
                return name

    def _given(self, stem: str, value: Expr) -> str:
        name = self.store.names.fresh(stem)
        self.prologue.append(program.Assign(name, value))
        return name

    def _place_parameter(self, name: str, numel: int, per: str | None, wires: tuple[int, ...]) -> None:
        member = program.Member(self.signature.names[name])
        self.reference = self.reference or member
        if per is None:
            held = self.store.let(f"{name}_row", program.Unsqueeze(member, 0))
            space = Space.ONCE
        else:
            index = program.Name(self.signature.names[per])
            held = self.store.let(f"{name}_rows", program.Take(member, index, 0))
            space = self.network.vertices[wires[0]].space
        self.store.hold_at(held.name, space, numel, tuple((n, 0) for n in wires))

    # --------------------------------------------------------------- steps

    def place_step(self, step: Step) -> None:
        todo = tuple(n for n in step.vertices if not self.store.is_placed(n))
        if not todo:
            return
        self._announce(step)
        match step.kind:
            case StepKind.COUPLE:
                self._couple(todo)
            case StepKind.MIX:
                mix(self.store, todo)
            case StepKind.MOVE:
                self._move(todo)
            case StepKind.REDUCE:
                self._reduce(todo)
            case StepKind.HARMONIC:
                harmonics(self.store, todo)
            case StepKind.APPLY:
                self._apply(todo)
            case StepKind.ADD:
                for n in todo:
                    self._add(n)
            case StepKind.ARRANGE:
                for n in todo:
                    self._arrange(n)
            case _:
                assert_never(step.kind)

    def _announce(self, step: Step) -> None:
        vertex = self.network.vertices[step.vertices[0]]
        labels: list[str] = []
        for n in step.vertices:
            label = self._label(n)
            if label not in labels:
                labels.append(label)
        shown = ", ".join(labels[:12]) + (", ..." if len(labels) > 12 else "")
        self.store.remark(f"{vertex.origin}: {step.kind.value} {shown}")

    def _label(self, n: int) -> str:
        vertices, group = self.network.vertices, self.network.group
        op = vertices[n].op
        out = vertices[n].irrep.text(group)
        if isinstance(op, ir.Couple):
            return f"{vertices[op.left].irrep.text(group)}*{vertices[op.right].irrep.text(group)}->{out}"
        return out

    def _couple(self, vertices: tuple[int, ...]) -> None:
        rest = tuple(n for n in vertices if n not in self._summed)
        if rest:
            couple(self.store, rest)
        for group in dict.fromkeys(self._summed[n] for n in vertices if n in self._summed):
            if not self.store.is_placed(group.sums[0]):
                couple_summed(self.store, group, self._reduced)

    def _reduced(self, op: ir.Reduce, wire: int, total: int) -> None:
        place = self.store.place(wire)
        self._reduce_block(op, place.block, [(total, place)], self.store.stem(op.operand))

    def _move(self, vertices: tuple[int, ...]) -> None:
        for space, via, wires in self._along(vertices):
            index = self.index(via, space)
            for block, pairs in self._by_block(wires):
                turned = [n for n, _ in pairs if self.store.is_turned(ir.operands(self.network.vertices[n].op)[0])]
                for n in turned:
                    # laid out for couplings where there are few rows, and not by each edge that reads them
                    value = program.Contiguous(self.store.read(ir.operands(self.network.vertices[n].op)[0]))
                    self.store.hold_rows(n, program.Take(value, index, 0))
                rest = [(n, place) for n, place in pairs if n not in turned]
                if rest:
                    start, part = self._stretch(block, [place for _, place in rest])
                    taken = self.store.let(self.store.stem(rest[0][0]), program.Take(part, index, 0))
                    self.store.hold_like(taken.name, self.store.blocks[block], space, tuple(rest), start)

    def _along(self, vertices: tuple[int, ...]) -> list[tuple[Space, Via, list[int]]]:
        """Moves by their way. What lives once is repeated, for a sum that counts its elements."""
        groups: dict[tuple[Space, Via], list[int]] = {}
        for n in vertices:
            op = self.network.vertices[n].op
            assert isinstance(op, ir.Move)
            if op.via is Via.ALL:
                self.store.hold_rows(n, program.Expand(self.store.read(op.operand), self._full(self.store.shape(n))))
            else:
                groups.setdefault((self.network.vertices[n].space, op.via), []).append(n)
        return [(space, via, wires) for (space, via), wires in groups.items()]

    def _by_block(self, vertices: list[int]) -> list[tuple[int, list[tuple[int, Place]]]]:
        """Each vertex with the place of its operand, gathered by block."""
        found: dict[int, list[tuple[int, Place]]] = {}
        for n in vertices:
            place = self.store.place(ir.operands(self.network.vertices[n].op)[0])
            found.setdefault(place.block, []).append((n, place))
        return list(found.items())

    def _stretch(self, block: int, places: list[Place]) -> tuple[int, Expr]:
        """The part of a block that holds all of `places`, and where it begins."""
        start, stop = min(p.start for p in places), max(p.stop for p in places)
        return start, self.store.piece(Place(block, start, stop))

    def _reduce_at_once(self, wires: tuple[int, ...]) -> None:
        """What is only ever summed need not stay in memory until its step comes."""
        sums: list[int] = []
        for wire in wires:
            readers = [c.vertex for c in self.store.consumers.get(wire, ())]
            if len(readers) != 1 or readers[0] is None:
                return
            if not isinstance(self.network.vertices[readers[0]].op, ir.Reduce):
                return
            sums.append(readers[0])
        self._reduce(tuple(sums))

    def _reduce(self, vertices: tuple[int, ...]) -> None:
        for block, pairs in self._by_block(list(vertices)):
            groups: dict[ir.Reduce, list[tuple[int, Place]]] = {}
            for n, place in pairs:
                op = self.network.vertices[n].op
                assert isinstance(op, ir.Reduce)
                groups.setdefault(ir.Reduce(-1, op.via, op.mean, op.scale), []).append((n, place))
            for op, many in groups.items():
                self._reduce_block(op, block, many, self.store.stem(many[0][0]))

    def _reduce_block(self, op: ir.Reduce, block: int, pairs: list[tuple[int, Place]], stem: str) -> None:
        held = self.store.blocks[block]
        start, value = self._stretch(block, [place for _, place in pairs])
        width = max(place.stop for _, place in pairs) - start
        space = self.store.shape(pairs[0][0]).space
        if op.via is Via.ALL:
            total: Expr = program.Unsqueeze(program.Sum(value, (0,)), 0)
            if op.mean:
                total = program.Over(total, program.Count(self.store.size(held.space)))
        else:
            index = self.index(op.via, held.space)
            shape = (self.store.size(space), width, *held.channels)
            if not isinstance(value, program.Name):
                value = self.store.let(stem, value)
            total = program.Accumulate(value, index, shape)
            if op.mean:
                total = program.Over(total, self._contributions(op.via, held.space, space, value, len(shape)))
        name = self.store.let(stem, scaled(total, Surd.of(op.scale)))
        self.store.hold_like(name.name, held, space, tuple(pairs), start)

    def index(self, via: Via, inner: Space) -> Expr:
        """For each element of `inner`, the number of the element that it belongs to along `via`."""
        key = (via, inner)
        if key not in self._indices:
            match via:
                case Via.RECEIVER | Via.SENDER:
                    edges = program.Name(self.signature.edge_index)
                    found: Expr = self.store.let(via.value, program.Row(edges, 1 if via is Via.RECEIVER else 0))
                case Via.GRAPH if inner is Space.EDGE:
                    batch = program.Name(self.signature.batch)
                    found = self.store.let("edge_graph", program.Take(batch, self.index(Via.RECEIVER, inner), 0))
                case Via.GRAPH:
                    found = program.Name(self.signature.batch)
                case Via.ALL:
                    raise InternalError("nothing is gathered from, or added to, everything by an index")
                case _:
                    assert_never(via)
            self._indices[key] = found
        return self._indices[key]

    def _contributions(self, via: Via, inner: Space, outer: Space, like: Expr, ndim: int) -> Expr:
        key = (via, inner, ndim)
        if key not in self._counts:
            index = self.index(via, inner)
            value = program.Contributions(like, index, self.store.size(outer), ndim)
            self._counts[key] = self.store.let("contributions", value)
        return self._counts[key]

    def _apply(self, vertices: tuple[int, ...]) -> None:
        for n in vertices:
            op = self.network.vertices[n].op
            assert isinstance(op, ir.Apply)
            self.store.hold_rows(n, program.Function(op.function, self.store.read(op.operand)))

    def _add(self, n: int) -> None:
        op = self.network.vertices[n].op
        assert isinstance(op, ir.Add)
        partials = self.store.partials.get(n, [])
        covered = {m for partial in partials for m in partial.covered}
        terms = [(Surd.of(1), partial.wire) for partial in partials]
        terms += [(factor, m) for factor, m in op.terms if m not in covered]
        shape = self.store.shape(n)
        if not terms:
            self.store.hold_rows(n, program.Zeros(self._any_tensor(), self._full(shape)))
        elif terms == [(Surd.of(1), terms[0][1])] and self._same(terms[0][1], n):
            self.store.alias(n, terms[0][1])
        else:
            parts = tuple(scaled(self.store.read(m), factor) for factor, m in terms)
            self.store.hold_rows(n, parts[0] if len(parts) == 1 else program.Plus(parts))

    def _same(self, wire: int, n: int) -> bool:
        return self.store.shape(wire).space is self.store.shape(n).space

    def _full(self, shape: Shape) -> tuple[program.Size, ...]:
        return (self.store.size(shape.space), shape.dim, *shape.channels)

    def _any_tensor(self) -> Expr:
        """A floating tensor whose dtype and device zeros can have."""
        if self.reference is None:
            raise InternalError("a diagram without tensors")
        return self.reference

    def _arrange(self, n: int) -> None:
        op = self.network.vertices[n].op
        shape = self.store.shape(n)
        match op:
            case ir.Join(operands=many):
                self._join(n, many)
            case ir.Pick(operand=wire):
                u = self.store.shape(wire).channels[0]
                size = self.store.size(shape.space)
                flat = program.Reshape(self.store.read(wire), (size, shape.dim, u * u))
                self.store.hold_rows(n, program.Take(flat, self.store.pairs_of(u), 2))
            case _:
                raise InternalError(f"vertex {n} is no arrangement")

    def _join(self, n: int, wires: tuple[int, ...]) -> None:
        shape = self.store.shape(n)
        spaces = {self.store.shape(w).space.value for w in wires}
        run = self.store.run(wires)
        if run is not None and shape.dim == 1 and self.store.blocks[run.block].kind is Kind.COLUMNS:
            self.store.put(n, run)
            return
        parts = []
        for wire in wires:
            found = self.store.shape(wire)
            count = prod(found.channels)
            value = self.store.read(wire)
            if len(found.channels) != 1:
                value = program.Reshape(value, (self.store.size(found.space), found.dim, count))
            if len(spaces) > 1:
                value = program.Expand(value, (self.store.size(shape.space), found.dim, count))
            parts.append(value)
        self.store.hold_rows(n, parts[0] if len(parts) == 1 else program.Cat(tuple(parts), 2))

    # ------------------------------------------------------------- results

    def result(self, number: int) -> program.Result:
        output = self.network.outputs[number]
        name = self.signature.names[output.name]
        size = self.store.size(output.space)
        parts = [self._rest(number)] if number in self.store.started else self._parts(output)
        if not parts:
            parts = [program.Zeros(self._any_tensor(), (size, 0))]
        value = parts[0] if len(parts) == 1 else program.Cat(tuple(parts), 1)
        variable = self.store.names.fresh(f"{output.name}_result")
        return program.Result(name, output, value, variable, _outward(program.Name(variable), output))

    def _parts(self, output: ir.NetworkOutput) -> list[Expr]:
        """The columns of a result, in order, as far as possible in the pieces in which they lie in memory."""
        parts: list[Expr] = []
        for wires in _runs(output.wires, self.store):
            place = self.store.run(wires)
            assert place is not None
            block = self.store.blocks[place.block]
            if block.kind is Kind.COLUMNS and all(self._is_whole(w) for w in wires):
                parts.append(self._everywhere(self.store.piece(place), block, place, output.space))
            else:
                parts += [self._laid_out(w, output.space) for w in wires]
        return parts

    def _rest(self, number: int) -> Expr:
        """The columns of a result that are not written yet, and then the whole of it."""
        for wire, columns in self.store.columns.items():
            for column in columns:
                if column.output == number and not column.done:
                    self.store.put_out(wire, column)
        return program.Finished(program.Name(self.store.started[number]))

    def _is_whole(self, wire: int) -> bool:
        """Whether the wire is a segment with its own axis of channels, as arguments are."""
        return len(self.store.shape(wire).channels) == 1

    def _everywhere(self, value: Expr, block: Block, place: Place, space: Space) -> Expr:
        if block.space is space:
            return value
        return program.Expand(value, (self.store.size(space), place.stop - place.start))

    def _laid_out(self, wire: int, space: Space) -> Expr:
        """`[elements, mul (2l+1)]` in the module's layout."""
        shape = self.store.shape(wire)
        value = self.store.read(wire)
        size = self.store.size(shape.space)
        if shape.dim > 1 and prod(shape.channels) > 1 and self.store.layout == "mul_ir":
            value = program.Swap(value, 1, 2)
        flat = program.Reshape(value, (size, shape.numel))
        if shape.space is not space:
            return program.Expand(flat, (self.store.size(space), shape.numel))
        return flat


def _without_blocks(statements: list[program.Statement]) -> list[program.Statement]:
    return [replace(s, output=None) if isinstance(s, program.Begin) else s for s in statements]


def _outward(held: Expr, output: ir.NetworkOutput) -> Expr:
    """`[elements, width]` with the leading axes that a caller expects."""
    match output.space:
        case Space.ONCE:
            return program.Reshape(held, (output.irreps.dim,))
        case Space.BATCH:
            return program.RestoreLeading(held, output.irreps.dim)
        case _:
            return held


def _runs(wires: tuple[int, ...], store: Storage) -> list[tuple[int, ...]]:
    """The wires cut into stretches that lie one after the other in one block."""
    found: list[tuple[int, ...]] = []
    for wire in wires:
        if found and store.run((*found[-1], wire)) is not None:
            found[-1] = (*found[-1], wire)
        else:
            found.append((wire,))
    return found
