"""A pass in C++: functions on blocks of channels, and the loop over rows that calls them.

    for each node:  its own components, in blocks
        for 32 edges at a time:
            scalars of the edges, in vectors of edges
            for each block of channels, for each group: accumulators in registers while the edges pass by
            sums over channels, which make scalars of edges again
        what is made of the sums, for each block of channels
        results, in the caller's layout
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fusionc.algebra.surd import ONE, Surd
from fusionc.backends.writer import Writer
from fusionc.diagram.ir import Space
from fusionc.kernel import ir
from fusionc.kernel.groups import Group, groups, phases, slice_of
from fusionc.kernel.ir import Kernel, Load, Pass, Role, Segment, Store, Sum, Value

CLASS_SLOT = 64
"""Where the classes of tables stand after the buffers; packed arrays of a pass stand before."""
CHUNK = 32
"""Edges whose scalars are in the cache at once."""


@dataclass(slots=True)
class Places:
    """Where components stand in an array of blocks: [blocks][components][width]."""

    lanes: int
    numbers: dict[object, int] = field(default_factory=dict)

    def of(self, key: object) -> int:
        return self.numbers.setdefault(key, len(self.numbers))

    @property
    def size(self) -> int:
        return len(self.numbers)


class PassWriter:
    def __init__(self, kernel: Kernel, number: int, layout: str) -> None:
        self.kernel = kernel
        self.pass_ = kernel.passes[number]
        self.name = f"{kernel.name}_{number}"
        self.inner = "true" if layout == "ir_mul" else "false"
        self.w = Writer("  ")
        self.phase = phases(self.pass_)
        self.scalar: dict[int, int] = {}
        self.near: dict[int, Places] = {}
        self.packed: dict[int, Places] = {}
        self.own_edges: dict[int, Places] = {}
        self.sums: dict[int, Places] = {}
        self.made: dict[int, Places] = {}
        self.made_edges: dict[int, Places] = {}
        self.node_scalar: dict[int, int] = {}

    # ------------------------------------------------------------- kinds

    def value(self, n: int) -> Value:
        return self.pass_.values[n]

    def is_edge(self, n: int) -> bool:
        return self.value(n).level.space is Space.EDGE and self.pass_.space is not Space.EDGE

    def places(self, table: dict[int, Places], lanes: int) -> Places:
        return table.setdefault(lanes, Places(lanes))

    # ------------------------------------------------------------- text

    def text(self) -> str:
        self._allot()
        body = Writer("  ")
        self.w = Writer("  ")
        calls = self._functions()
        self._row_loop(calls)
        functions, self.w = self.w, body
        self._frame()
        self._pack_function()
        return body.text() + functions.text()

    def _allot(self) -> None:
        """Give every component that stands in an array its place."""
        for n, value in enumerate(self.pass_.values):
            lanes = value.level.lanes
            match value.op:
                case Load(segment, component, via) if lanes:
                    buffer = self.kernel.buffers[segment.buffer]
                    if self.is_edge(n) and via is not None:
                        if via is self.pass_.via:
                            self._near(segment, lanes)
                        elif buffer.role is not Role.TEMPORARY:
                            self._whole(self.packed, segment, lanes)
                    elif self.is_edge(n) and segment.dim > 1:
                        self._whole(self.own_edges, segment, lanes)
                    elif not self.is_edge(n) and buffer.role is not Role.TEMPORARY and segment.dim > 1:
                        self._near(segment, lanes)
                case ir.EdgeSum() if lanes:
                    self.places(self.sums, lanes).of(n)
                case _:
                    pass
            if not lanes:
                if self.is_edge(n):
                    self.scalar[n] = len(self.scalar)
                else:
                    self.node_scalar[n] = len(self.node_scalar)
        for store in self.pass_.stores:
            lanes = store.segment.lanes
            if lanes and self.kernel.buffers[store.segment.buffer].role is Role.RESULT:
                edge = self.kernel.buffers[store.segment.buffer].space is Space.EDGE and self.pass_.via is not None
                if not edge:
                    self._whole(self.made, store.segment, lanes)
                elif store.segment.dim > 1:
                    self._whole(self.made_edges, store.segment, lanes)

    def _near(self, segment: Segment, lanes: int) -> None:
        if self.kernel.buffers[segment.buffer].role is not Role.TEMPORARY:
            self._whole(self.near, segment, lanes)

    def _whole(self, table: dict[int, Places], segment: Segment, lanes: int) -> None:
        for k in range(segment.dim):
            self.places(table, lanes).of((segment, k))

    # ------------------------------------------------------------ frame

    def _frame(self) -> None:
        w = self.w
        with w.block(f"struct Frame_{self.name} {{", "};"):
            w.line("void* const* data;")
            w.line("int64_t row;")
            w.line("int count;")
            w.line(f"int64_t edge[{CHUNK}], far[{CHUNK}], next[{CHUNK}];")
            w.line(f"alignas(64) real scalar[{max(len(self.scalar), 1)} * {CHUNK}];")
            w.line(f"real node[{max(len(self.node_scalar), 1)}];")
            for name, table, times in self._scratch():
                for lanes, places in table.items():
                    w.line(f"alignas(64) real {name}_{lanes}[{times}blocks({lanes}, W) * {places.size} * W];")
        w.line()

    def _scratch(self) -> list[tuple[str, dict[int, Places], str]]:
        return [
            ("near", self.near, ""),
            ("sums", self.sums, ""),
            ("made", self.made, ""),
            ("own", self.own_edges, f"{CHUNK} * "),
            ("put", self.made_edges, f"{CHUNK} * "),
        ]

    def data(self, number: int) -> int:
        """Where a buffer's pointer stands: buffers, then packed arrays by pass, then tables of classes."""
        return number

    def packed_slot(self, lanes: int) -> int:
        return len(self.kernel.buffers) + list(self.packed).index(lanes)

    def class_slot(self, buffer: int) -> int:
        tables = [n for n, b in enumerate(self.kernel.buffers) if b.classes]
        return len(self.kernel.buffers) + CLASS_SLOT + tables.index(buffer)

    def _pack_function(self) -> None:
        w = self.w
        if not self.packed:
            return
        with w.block(f'extern "C" void {self.name}_pack(const Call* call, int64_t begin, int64_t end) {{', "}"):
            with w.block("for (int64_t row = begin; row < end; ++row) {", "}"):
                for lanes, places in self.packed.items():
                    for (segment, k), first in places.numbers.items():  # type: ignore[misc]
                        if k == 0:
                            self._copy(
                                "pack", segment, lanes, places, first, self._row(segment.buffer, "row", "call->data"),
                                f"(real*)call->data[{self.packed_slot(lanes)}] + row * (blocks({lanes}, W) * {places.size} * W)",
                            )
        w.line()

    def _copy(self, what: str, segment: Segment, lanes: int, places: Places, first: int, outer: str, blocked: str) -> None:
        width = self.kernel.buffers[segment.buffer].width
        assert width
        at = f"{outer} + {self._at(segment, 0)}"
        arguments = f"{at}, {blocked}" if what == "pack" else f"{blocked}, {at}"
        stride = segment.channels if self.inner == "true" else 0
        self.w.line(f"{what}<real, {segment.dim}, {lanes}, {stride}>({arguments}, {places.size}, {first});")

    def _at(self, segment: Segment, component: int) -> int:
        """Where a component of the segment's first channel stands in a row."""
        if self.inner == "true":
            return segment.offset + component * segment.channels + segment.first
        return segment.offset + segment.first * segment.dim + component

    def _row(self, buffer: int, row: str, data: str = "f.data") -> str:
        found = self.kernel.buffers[buffer]
        if found.space is Space.ONCE:
            return f"(real*){data}[{buffer}]"
        if found.classes:
            row = f"((const int64_t*){data}[{self.class_slot(buffer)}])[{row}]"
        return f"(real*){data}[{buffer}] + {row} * {found.width}"

    # -------------------------------------------------------- functions

    def _functions(self) -> dict[str, list[str]]:
        """Functions on blocks; for each stage of the row loop, the statements that call them."""
        calls: dict[str, list[str]] = {}
        top = max(self.phase, default=0)
        for edge in (True, False):
            space = "edge" if edge else "node"
            for p in range(top + 1):
                results = self._results(edge, p)
                sums = [
                    n for n, v in enumerate(self.pass_.values)
                    if isinstance(v.op, ir.LaneSum) and self.is_edge(n) is edge and self.phase[n] == p + 1
                ]
                stage = calls.setdefault(f"{space}_{p}", [])
                stage += self._accumulating(edge, results, f"{space}{p}")
                stage += self._lane_sums(edge, tuple(sums), f"{space}{p}")
        return calls

    def _results(self, edge: bool, phase: int) -> dict[int, list[int]]:
        """Lane values that a stage delivers, by their number of lanes: operands of sums over edges, and what is stored."""
        found: dict[int, dict[int, None]] = {}
        for n, value in enumerate(self.pass_.values):
            if edge and isinstance(value.op, ir.EdgeSum) and value.level.lanes and self.phase[value.op.operand] == phase:
                found.setdefault(value.level.lanes, {})[value.op.operand] = None
        for store in self.pass_.stores:
            n_ = store.value
            if n_ is not None and store.segment.lanes and self._stored_on_edges(store) is edge and self.phase[n_] == phase:
                found.setdefault(store.segment.lanes, {})[n_] = None
        return {lanes: list(many) for lanes, many in found.items()}

    def _stored_on_edges(self, store: Store) -> bool:
        on_edges = self.kernel.buffers[store.segment.buffer].space is Space.EDGE and self.pass_.via is not None
        return on_edges or store.via is not None

    def _accumulating(self, edge: bool, results: dict[int, list[int]], stem: str) -> list[str]:
        calls: list[str] = []
        for lanes, many in results.items():
            space = Space.EDGE if edge else self.pass_.space
            found = groups(self.pass_, tuple(many), space) if edge else (
                Group(tuple(many), slice_of(self.pass_, tuple(many), space)),
            )
            names = []
            for number, group in enumerate(found):
                name = f"{self.name}_{stem}_{lanes}_{number}"
                names.append(name)
                if edge:
                    self._edge_group(name, group, lanes)
                else:
                    self._node_group(name, group, lanes)
            calls += self._over_blocks(names, lanes)
        return calls

    def _over_blocks(self, names: list[str], lanes: int) -> list[str]:
        lines = [f"for (int block = 0; block < {lanes} / W; ++block) {{"]
        lines += [f"  {name}<false>(f, block, first);" for name in names]
        lines.append("}")
        lines.append(f"if constexpr ({lanes} % W != 0) {{")
        lines += [f"  {name}<true>(f, {lanes} / W, first);" for name in names]
        lines.append("}")
        return lines

    def _edge_group(self, name: str, group: Group, lanes: int) -> None:
        w = self.w
        summed = {v.op.operand: n for n, v in enumerate(self.pass_.values) if isinstance(v.op, ir.EdgeSum)}
        accumulated = [n for n in group.results if n in summed]
        with w.block("template <bool TAIL>"):
            pass
        with w.block(f"static void FUSIONC_APART {name}(Frame_{self.name}& f, int block, bool first) {{", "}"):
            if accumulated:
                places = self.places(self.sums, lanes)
                w.line(f"real* const sums = f.sums_{lanes} + block * {places.size} * W;")
                for n in accumulated:
                    w.line(f"Vec a{n} = first ? Vec{{}} : load<real>(sums + {places.of(summed[n])} * W);")
            if self._streams(group):
                w.line(f"const bool last = (block + 1) * W >= {lanes};")
                w.line("const int64_t* const coming = last ? f.next : f.edge;")
                w.line("const int64_t step = last ? -block * W : W;")
            with w.block("for (int q = 0; q < f.count; ++q) {", "}"):
                for n in self._streams(group):
                    w.line(f"__builtin_prefetch({self._streamed(n, 'coming[q]')} + step);")
                self._lane_body(group, lanes, True, set(accumulated))
                for n in group.results:
                    self._edge_stores(n, lanes)
            for n in accumulated:
                w.line(f"store<real>(sums + {places.of(summed[n])} * W, a{n});")
        w.line()

    def _streams(self, group: Group) -> list[int]:
        """Loads from the edges' own rows. Each is read once, a block at a time, so that no processor foresees the next:
        the same place of the next block, or of the edges after these.
        """
        return [
            n for n in group.values
            if isinstance(op := self.value(n).op, Load) and op.via is None and op.segment.dim == 1
            and self.value(n).level.space is Space.EDGE and self.kernel.buffers[op.segment.buffer].space is Space.EDGE
        ]

    def _streamed(self, n: int, row: str) -> str:
        op = self.value(n).op
        assert isinstance(op, Load)
        return f"{self._row(op.segment.buffer, row)} + {self._at(op.segment, 0)} + block * W"

    def _edge_stores(self, n: int, lanes: int) -> None:
        for store in self.pass_.stores:
            if store.value != n or not store.segment.lanes or not self._stored_on_edges(store):
                continue
            value = _scaled(store.coefficient, f"v{n}")
            if store.via is not None:
                base = self._kept_row(store.segment, "f.far[q]", lanes)
                self.w.line(f"{{ real* const to = {base} + {store.component} * W; store<real>(to, load<real>(to) + {value}); }}")
            elif store.segment.dim == 1:
                place = f"{self._row(store.segment.buffer, 'f.edge[q]')} + {self._at(store.segment, 0)} + block * W"
                self.w.line(f"if (TAIL) store_some<real>({place}, {value}, {lanes} % W); else store<real>({place}, {value});")
            else:
                places = self.places(self.made_edges, lanes)
                at = places.of((store.segment, store.component))
                base = f"f.put_{lanes} + (q * blocks({lanes}, W) + block) * {places.size} * W"
                self.w.line(f"store<real>({base} + {at} * W, {value});")

    def _lane_sums(self, edge: bool, sums: tuple[int, ...], stem: str) -> list[str]:
        """Functions that sum over lanes, a group of results each, for one row."""
        calls: list[str] = []
        by_lanes: dict[int, list[int]] = {}
        for n in sums:
            op = self.value(n).op
            assert isinstance(op, ir.LaneSum)
            by_lanes.setdefault(self.value(op.operand).level.lanes, []).append(op.operand)
        target = {v.op.operand: n for n, v in enumerate(self.pass_.values) if isinstance(v.op, ir.LaneSum)}
        space = Space.EDGE if edge else self.pass_.space
        for lanes, many in by_lanes.items():
            for number, group in enumerate(groups(self.pass_, tuple(dict.fromkeys(many)), space)):
                name = f"{self.name}_{stem}_sum_{lanes}_{number}"
                self._sum_group(name, group, lanes, edge, target)
                calls.append(f"{name}(f);")
        return calls

    def _sum_group(self, name: str, group: Group, lanes: int, edge: bool, target: dict[int, int]) -> None:
        w = self.w
        accumulators = ", ".join(f"Vec& a{n}" for n in group.results)
        with w.block("template <bool TAIL>"):
            pass
        head = f"static inline void {name}_block(Frame_{self.name}& f, int q, int block, {accumulators}) {{"
        with w.block(head, "}"):
            self._lane_body(group, lanes, edge, set(group.results))
        with w.block(f"static void FUSIONC_APART {name}(Frame_{self.name}& f) {{", "}"):
            with w.block("for (int q = 0; q < f.count; ++q) {" if edge else "{ const int q = 0;", "}"):
                w.line("Vec " + ", ".join(f"a{n} = {{}}" for n in group.results) + ";")
                names = ", ".join(f"a{n}" for n in group.results)
                w.line(f"for (int block = 0; block < {lanes} / W; ++block) {name}_block<false>(f, q, block, {names});")
                w.line(f"if constexpr ({lanes} % W != 0) {name}_block<true>(f, q, {lanes} / W, {names});")
                for n in group.results:
                    place = f"f.scalar[{self.scalar[target[n]]} * {CHUNK} + q]" if edge else f"f.node[{self.node_scalar[target[n]]}]"
                    w.line(f"{place} = total<real>(a{n});")
        w.line()

    def _node_group(self, name: str, group: Group, lanes: int) -> None:
        w = self.w
        with w.block("template <bool TAIL>"):
            pass
        with w.block(f"static void FUSIONC_APART {name}(Frame_{self.name}& f, int block, bool) {{", "}"):
            w.line("constexpr int q = 0; (void)q;")
            self._lane_body(group, lanes, False, set())
            for store in self.pass_.stores:
                if store.value not in group.results or store.segment.lanes != lanes or self._stored_on_edges(store):
                    continue
                value = _scaled(store.coefficient, f"v{store.value}")
                buffer = self.kernel.buffers[store.segment.buffer]
                if buffer.role is Role.TEMPORARY:
                    base = f"(real*)f.data[{store.segment.buffer}] + (f.row * blocks({lanes}, W) + block) * {store.segment.dim} * W"
                    w.line(f"store<real>({base} + {store.component} * W, {value});")
                else:
                    places = self.places(self.made, lanes)
                    at = places.of((store.segment, store.component))
                    w.line(f"store<real>(f.made_{lanes} + (block * {places.size} + {at}) * W, {value});")
        w.line()

    # ------------------------------------------------------- statements

    def _lane_body(self, group: Group, lanes: int, edge: bool, accumulated: set[int]) -> None:
        """Statements of a group for row q and this block; accumulated results are added to a<n>."""
        w = self.w
        uses: dict[int, int] = {}
        for n in group.values:
            op = self.value(n).op
            if not isinstance(op, ir.EdgeSum):
                for m in ir.operands(op):
                    uses[m] = uses.get(m, 0) + 1
        stored = {s.value for s in self.pass_.stores}
        for n in group.values:
            op = self.value(n).op
            match op:
                case Load():
                    if n in accumulated and not uses.get(n):
                        w.line(f"a{n} += {self._lane_load(n, op, lanes, edge)};")
                        continue
                    w.line(f"const Vec v{n} = {self._lane_load(n, op, lanes, edge)};")
                    if n in accumulated:
                        w.line(f"a{n} += v{n};")
                case Sum(terms):
                    if n in accumulated and not uses.get(n) and n not in stored:
                        for term in terms:
                            sign, text = self._term(term, edge)
                            w.line(f"a{n} {sign}= {text};")
                        continue
                    w.line(f"const Vec v{n} = {self._expression(terms, edge)};")
                    if n in accumulated:
                        w.line(f"a{n} += v{n};")
                case ir.EdgeSum():
                    places = self.places(self.sums, lanes)
                    w.line(f"const Vec v{n} = load<real>(f.sums_{lanes} + (block * {places.size} + {places.of(n)}) * W);")
                case _:
                    raise AssertionError(op)

    def _expression(self, terms: tuple[ir.Term, ...], edge: bool) -> str:
        text = ""
        for number, term in enumerate(terms):
            sign, part = self._term(term, edge)
            text += part if not number and sign == "+" else f"{'-' if sign == '-' else ''}{part}" if not number else f" {sign} {part}"
        return text

    def _term(self, term: ir.Term, edge: bool) -> tuple[str, str]:
        factors = [self._operand(n, edge) for n in (term.a, term.b) if n is not None]
        if abs(term.coefficient) != ONE:
            factors.insert(0, _number(abs(term.coefficient)))
        return ("-" if term.coefficient.sign < 0 else "+"), " * ".join(factors)

    def _operand(self, n: int, edge: bool) -> str:
        if self.value(n).level.lanes:
            return f"v{n}"
        if self.is_edge(n):
            return f"f.scalar[{self.scalar[n] * CHUNK} + q]"
        return f"f.node[{self.node_scalar[n]}]"

    def _lane_load(self, n: int, op: Load, lanes: int, edge: bool) -> str:
        segment = op.segment
        buffer = self.kernel.buffers[segment.buffer]
        key = (segment, op.component)
        if edge and op.via is not None:
            row = "f.row" if op.via is self.pass_.via else "f.far[q]"
            if buffer.role is Role.TEMPORARY:
                return self._kept(segment, op.component, row, lanes)
            if op.via is self.pass_.via:
                places = self.places(self.near, lanes)
                return f"load<real>(f.near_{lanes} + (block * {places.size} + {places.of(key)}) * W)"
            places = self.places(self.packed, lanes)
            base = f"(real*)f.data[{self.packed_slot(lanes)}] + ({row} * blocks({lanes}, W) + block) * {places.size} * W"
            return f"load<real>({base} + {places.of(key)} * W)"
        if buffer.role is Role.TEMPORARY:
            return self._kept(segment, op.component, "f.row", lanes)
        if segment.dim > 1:
            if edge:
                places = self.places(self.own_edges, lanes)
                return f"load<real>(f.own_{lanes} + ((q * blocks({lanes}, W) + block) * {places.size} + {places.of(key)}) * W)"
            places = self.places(self.near, lanes)
            return f"load<real>(f.near_{lanes} + (block * {places.size} + {places.of(key)}) * W)"
        place = f"{self._row(segment.buffer, 'f.edge[q]' if edge else 'f.row')} + {self._at(segment, 0)} + block * W"
        return f"(TAIL ? load_some<real>({place}, {lanes} % W) : load<real>({place}))"

    def _kept(self, segment: Segment, component: int, row: str, lanes: int) -> str:
        return f"load<real>({self._kept_row(segment, row, lanes)} + {component} * W)"

    def _kept_row(self, segment: Segment, row: str, lanes: int) -> str:
        return f"(real*)f.data[{segment.buffer}] + ({row} * blocks({lanes}, W) + block) * {segment.dim} * W"

    # ---------------------------------------------------------- the rows

    def _row_loop(self, calls: dict[str, list[str]]) -> None:
        w = self.w
        top = max(self.phase, default=0)
        for p in range(top + 1):
            self._edge_scalars(p)
        with w.block(f'extern "C" void {self.name}(const Call* call, int64_t begin, int64_t end) {{', "}"):
            w.line(f"Frame_{self.name}& f = *new Frame_{self.name};")
            w.line("f.data = call->data;")
            with w.block("for (int64_t row = begin; row < end; ++row) {", "}"):
                w.line("f.row = row;")
                for lanes, places in self.near.items():
                    for (segment, k), first in places.numbers.items():  # type: ignore[misc]
                        if k == 0:
                            self._copy("pack", segment, lanes, places, first, self._row(segment.buffer, "row"), f"f.near_{lanes}")
                if self.pass_.via is not None:
                    self._edge_loop(calls, top)
                self._node_stage(calls, top)
            w.line("delete &f;")
        w.line()

    def _edge_loop(self, calls: dict[str, list[str]], top: int) -> None:
        w = self.w
        scalars = [n for n, v in enumerate(self.pass_.values) if isinstance(v.op, ir.EdgeSum) and not v.level.lanes]
        for n in scalars:
            w.line(f"f.node[{self.node_scalar[n]}] = 0;")
        w.line("const int64_t start = call->start[row], stop = call->start[row + 1];")
        for lanes in self.sums:
            w.line(f"if (start == stop) std::memset(f.sums_{lanes}, 0, sizeof f.sums_{lanes});")
        with w.block(f"for (int64_t at = start; at < stop; at += {CHUNK}) {{", "}"):
            w.line("const bool first = at == start; (void)first;")
            w.line(f"f.count = stop - at < {CHUNK} ? int(stop - at) : {CHUNK};")
            with w.block("for (int q = 0; q < f.count; ++q) {", "}"):
                w.line("f.edge[q] = call->order ? call->order[at + q] : at + q;")
                w.line("const int64_t after = at + q + f.count < call->start[end] ? at + q + f.count : at + q;")
                w.line("f.next[q] = call->order ? call->order[after] : after;")
                w.line("f.far[q] = call->far[f.edge[q]];")
                for lanes, places in self.own_edges.items():
                    for (segment, k), start in places.numbers.items():  # type: ignore[misc]
                        if k == 0:
                            into = f"f.own_{lanes} + q * (blocks({lanes}, W) * {places.size} * W)"
                            self._copy("pack", segment, lanes, places, start, self._row(segment.buffer, "f.edge[q]"), into)
            for p in range(top + 1):
                w.line(f"{self.name}_scalars_{p}(f);")
                for line in calls[f"edge_{p}"]:
                    w.line(line)
            for n in scalars:
                op = self.value(n).op
                assert isinstance(op, ir.EdgeSum)
                place = self.scalar[op.operand] * CHUNK
                w.line(f"for (int q = 0; q < f.count; ++q) f.node[{self.node_scalar[n]}] += f.scalar[{place} + q];")
            self._edge_deliveries()

    def _edge_deliveries(self) -> None:
        w = self.w
        scalar_stores = [s for s in self.pass_.stores if not s.segment.lanes and self._stored_on_edges(s)]
        zeros = [s for s in self.pass_.stores if s.segment.lanes and s.value is None and self._stored_on_edges(s)]
        if not scalar_stores and not self.made_edges and not zeros:
            return
        with w.block("for (int q = 0; q < f.count; ++q) {", "}"):
            for store in scalar_stores:
                row = "f.edge[q]" if store.via is None else "f.far[q]"
                place = f"({self._row(store.segment.buffer, row)})[{self._at(store.segment, store.component)}]"
                value = "0" if store.value is None else _scaled(store.coefficient, f"f.scalar[{self.scalar[store.value] * CHUNK} + q]")
                w.line(f"{place} {'=' if store.via is None else '+='} {value};")
            for lanes, places in self.made_edges.items():
                for (segment, k), start in places.numbers.items():  # type: ignore[misc]
                    if k == 0:
                        blocked = f"f.put_{lanes} + q * (blocks({lanes}, W) * {places.size} * W)"
                        self._copy("unpack", segment, lanes, places, start, self._row(segment.buffer, "f.edge[q]"), blocked)
            for store in zeros:
                self._zero(store, "f.edge[q]")

    def _zero(self, store: Store, row: str) -> None:
        segment = store.segment
        step = segment.dim if self.inner == "false" else 1
        row = f"({self._row(segment.buffer, row)})[{self._at(segment, store.component)} + u * {step}]"
        self.w.line(f"for (int u = 0; u < {max(segment.lanes, 1)}; ++u) {row} = 0;")

    def _edge_scalars(self, phase: int) -> None:
        """Scalars of up to CHUNK edges, fetched one by one and computed in vectors of edges."""
        w = self.w
        with w.block(f"static void FUSIONC_APART {self.name}_scalars_{phase}(Frame_{self.name}& f) {{", "}"):
            mine = [n for n in self.scalar if self.phase[n] == phase]
            loads = [n for n in mine if isinstance(self.value(n).op, Load)]
            if loads:
                with w.block("for (int q = 0; q < f.count; ++q) {", "}"):
                    for n in loads:
                        op = self.value(n).op
                        assert isinstance(op, Load)
                        row = "f.edge[q]" if op.via is None else "f.row" if op.via is self.pass_.via else "f.far[q]"
                        source = f"({self._row(op.segment.buffer, row)})[{self._at(op.segment, op.component)}]"
                        w.line(f"f.scalar[{self.scalar[n] * CHUNK} + q] = {source};")
            made = [n for n in mine if isinstance(self.value(n).op, Sum)]
            if made:
                needed = dict.fromkeys(m for n in made for m in ir.operands(self.value(n).op) if m not in made)
                with w.block("for (int q = 0; q < f.count; q += W) {", "}"):
                    for n in needed:
                        w.line(f"const Vec v{n} = load<real>(f.scalar + {self.scalar[n] * CHUNK} + q);")
                    for n in made:
                        op = self.value(n).op
                        assert isinstance(op, Sum)
                        w.line(f"const Vec v{n} = {self._scalar_expression(op)};")
                        w.line(f"store<real>(f.scalar + {self.scalar[n] * CHUNK} + q, v{n});")
        w.line()

    def _scalar_expression(self, op: Sum) -> str:
        text = ""
        for number, term in enumerate(op.terms):
            factors = [f"v{n}" for n in (term.a, term.b) if n is not None]
            if abs(term.coefficient) != ONE:
                factors.insert(0, _number(abs(term.coefficient)))
            sign = "-" if term.coefficient.sign < 0 else "+"
            text += (sign if sign == "-" else "") * (not number) + (f" {sign} " if number else "") + " * ".join(factors)
        return text

    def _node_stage(self, calls: dict[str, list[str]], top: int) -> None:
        w = self.w
        w.line("constexpr bool first = true; (void)first;")
        for p in range(top + 1):
            for n, place in self.node_scalar.items():
                value = self.value(n)
                if self.phase[n] != p:
                    continue
                match value.op:
                    case Load(segment, component):
                        w.line(f"f.node[{place}] = ({self._row(segment.buffer, 'row')})[{self._at(segment, component)}];")
                    case Sum(terms):
                        parts = []
                        for term in terms:
                            factors = [f"f.node[{self.node_scalar[m]}]" for m in (term.a, term.b) if m is not None]
                            parts.append(" * ".join([_number(term.coefficient), *factors]))
                        w.line(f"f.node[{place}] = {' + '.join(parts)};")
                    case _:
                        pass
            for line in calls[f"node_{p}"]:
                w.line(line)
        for store in self.pass_.stores:
            if self._stored_on_edges(store):
                continue
            if not store.segment.lanes:
                place = f"({self._row(store.segment.buffer, 'row')})[{self._at(store.segment, store.component)}]"
                value = "0" if store.value is None else _scaled(store.coefficient, f"f.node[{self.node_scalar[store.value]}]")
                w.line(f"{place} = {value};")
            elif store.value is None:
                places = self.places(self.made, store.segment.lanes)
                at = places.of((store.segment, store.component))
                lanes = store.segment.lanes
                w.line(f"for (int b = 0; b < blocks({lanes}, W); ++b) store<real>(f.made_{lanes} + (b * {places.size} + {at}) * W, Vec{{}});")
        for lanes, places in self.made.items():
            for (segment, k), start in places.numbers.items():  # type: ignore[misc]
                if k == 0:
                    self._copy("unpack", segment, lanes, places, start, self._row(segment.buffer, "row"), f"f.made_{lanes}")


def _number(value: Surd) -> str:
    return f"real({float(value)!r})"


def _scaled(coefficient: Surd, text: str) -> str:
    if coefficient == ONE:
        return text
    if coefficient == -ONE:
        return f"-{text}"
    return f"{_number(coefficient)} * {text}"
