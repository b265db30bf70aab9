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

from fusionc.backends.cpp.blocks import BlockWriter, Calls
from fusionc.backends.cpp.memory import CHUNK, CLASS_SLOT, Memory, Table, scaled, sum_text
from fusionc.backends.writer import Writer
from fusionc.kernel import ir
from fusionc.kernel.ir import Kernel, Load, Store, Sum

__all__ = ["CLASS_SLOT", "PassWriter"]

_EDGES = "for (int q = 0; q < f.count; ++q) {"


class PassWriter:
    """The text of one pass; `packed` and `class_slot` tell its caller what it expects to be given."""

    def __init__(self, kernel: Kernel, number: int, layout: str) -> None:
        self.memory = Memory(kernel, number, layout)
        self.pass_ = self.memory.pass_
        self.name = self.memory.name
        self.w = Writer("  ")

    @property
    def packed(self) -> Table:
        return self.memory.packed

    def class_slot(self, buffer: int) -> int:
        return self.memory.class_slot(buffer)

    def text(self) -> str:
        """Two functions of rows: `<name>`, and `<name>_pack`, to be called before it, where something is packed."""
        self.w = Writer("  ")
        self._frame()
        self._pack()
        calls = BlockWriter(self.memory, self.w).functions()
        for phase in range(self._phases):
            self._scalars_of_edges(phase)
        self._rows(calls)
        return self.w.text()

    @property
    def _phases(self) -> int:
        return max(self.memory.phase, default=0) + 1

    # ------------------------------------------------------------- memory

    def _frame(self) -> None:
        memory, w = self.memory, self.w
        with w.block(f"struct Frame_{self.name} {{", "};"):
            w.line("void* const* data;")
            w.line("int64_t row;")
            w.line("int count;")
            w.line(f"int64_t edge[{CHUNK}], far[{CHUNK}], next[{CHUNK}];")
            w.line(f"alignas(64) real scalar[{max(len(memory.edge_scalars), 1)} * {CHUNK}];")
            w.line(f"real node[{max(len(memory.row_scalars), 1)}];")
            for name, table, times in (
                ("near", memory.near, ""),
                ("made", memory.made, ""),
                ("own", memory.own, f"{CHUNK} * "),
                ("put", memory.put, f"{CHUNK} * "),
            ):
                for lanes, places in table.items():
                    w.line(f"alignas(64) real {name}_{lanes}[{times}blocks({lanes}, W) * {places.size} * W];")
            for lanes, sums in memory.sums.items():
                w.line(f"alignas(64) real sums_{lanes}[blocks({lanes}, W) * {len(sums)} * W];")
        w.line()

    def _pack(self) -> None:
        memory, w = self.memory, self.w
        if not memory.packed:
            return
        head = f'extern "C" void {self.name}_pack(const Call* call, int64_t begin, int64_t end) {{'
        with w.block(head, "}"), w.block("for (int64_t row = begin; row < end; ++row) {", "}"):
            for lanes, places in memory.packed.items():
                data = f"(real*)call->data[{memory.packed_slot(lanes)}]"
                blocked = f"{data} + row * (blocks({lanes}, W) * {places.size} * W)"
                for segment, _ in places.segments():
                    row = memory.row(segment.buffer, "row", "call->data")
                    w.line(memory.pack(segment, lanes, places, row, blocked))
        w.line()

    # --------------------------------------------------------------- rows

    def _rows(self, calls: Calls) -> None:
        memory, w = self.memory, self.w
        with w.block(f'extern "C" void {self.name}(const Call* call, int64_t begin, int64_t end) {{', "}"):
            w.line(f"Frame_{self.name}& f = *new Frame_{self.name};")
            w.line("f.data = call->data;")
            with w.block("for (int64_t row = begin; row < end; ++row) {", "}"):
                w.line("f.row = row;")
                for lanes, places in memory.near.items():
                    for segment, _ in places.segments():
                        w.line(
                            memory.pack(segment, lanes, places, memory.row(segment.buffer, "row"), f"f.near_{lanes}")
                        )
                if self.pass_.via is not None:
                    self._edges(calls)
                self._row(calls)
                self._deliver_row()
            w.line("delete &f;")
        w.line()

    def _edges(self, calls: Calls) -> None:
        """All edges of a row, a chunk at a time."""
        memory, w = self.memory, self.w
        sums = [
            (n, v.op) for n, v in enumerate(self.pass_.values) if isinstance(v.op, ir.EdgeSum) and not v.level.lanes
        ]
        for n, _ in sums:
            w.line(f"{memory.scalar(n)} = 0;")
        w.line("const int64_t start = call->start[row], stop = call->start[row + 1];")
        for lanes in memory.sums:
            w.line(f"if (start == stop) std::memset(f.sums_{lanes}, 0, sizeof f.sums_{lanes});")
        with w.block(f"for (int64_t at = start; at < stop; at += {CHUNK}) {{", "}"):
            w.line("const bool first = at == start;")
            w.line("(void)first;")
            w.line(f"f.count = stop - at < {CHUNK} ? int(stop - at) : {CHUNK};")
            self._fetch_edges()
            for phase in range(self._phases):
                w.line(f"{self.name}_scalars_{phase}(f);")
                for line in calls[True, phase]:
                    w.line(line)
            for n, op in sums:
                w.line(f"{_EDGES[:-2]} {memory.scalar(n)} += {memory.scalar(op.operand)};")
            self._deliver_edges()

    def _fetch_edges(self) -> None:
        memory, w = self.memory, self.w
        with w.block(_EDGES, "}"):
            w.line("f.edge[q] = call->order ? call->order[at + q] : at + q;")
            w.line("const int64_t after = at + q + f.count < call->start[end] ? at + q + f.count : at + q;")
            w.line("f.next[q] = call->order ? call->order[after] : after;")
            w.line("f.far[q] = call->far[f.edge[q]];")
            for lanes, places in memory.own.items():
                blocked = f"f.own_{lanes} + q * (blocks({lanes}, W) * {places.size} * W)"
                for segment, _ in places.segments():
                    w.line(memory.pack(segment, lanes, places, memory.row(segment.buffer, "f.edge[q]"), blocked))

    def _scalars_of_edges(self, phase: int) -> None:
        """Scalars of a chunk of edges, fetched one by one and computed in vectors of edges."""
        memory, w = self.memory, self.w
        mine = [n for n in memory.edge_scalars if memory.phase[n] == phase]
        with w.block(f"static void FUSIONC_APART {self.name}_scalars_{phase}(Frame_{self.name}& f) {{", "}"):
            w.line("(void)f;")
            loads = [(n, op) for n in mine if isinstance(op := memory.value(n).op, Load)]
            if loads:
                with w.block(_EDGES, "}"):
                    for n, op in loads:
                        row = memory.row(op.segment.buffer, memory.row_of_load(n))
                        w.line(f"{memory.scalar(n)} = ({row})[{memory.at(op.segment, op.component)}];")
            made = {n: op for n in mine if isinstance(op := memory.value(n).op, Sum)}
            if made:
                names = {m: f"v{m}" for op in made.values() for m in ir.operands(op)}
                with w.block("for (int q = 0; q < f.count; q += W) {", "}"):
                    for n in sorted(n for n in names if n not in made):
                        w.line(f"const Vec v{n} = load<real>(&{memory.scalar(n)});")
                    for n, sum_ in made.items():
                        w.line(f"const Vec v{n} = {sum_text(sum_, names)};")
                        w.line(f"store<real>(&{memory.scalar(n)}, v{n});")
        w.line()

    def _row(self, calls: Calls) -> None:
        memory, w = self.memory, self.w
        w.line("constexpr bool first = true;")
        w.line("(void)first;")
        for phase in range(self._phases):
            for n in memory.row_scalars:
                op = memory.value(n).op
                if memory.phase[n] != phase:
                    continue
                if isinstance(op, Load):
                    source = f"({memory.row(op.segment.buffer, 'row')})[{memory.at(op.segment, op.component)}]"
                    w.line(f"{memory.scalar(n)} = {source};")
                elif isinstance(op, Sum):
                    names = {m: memory.scalar(m) for m in ir.operands(op)}
                    w.line(f"{memory.scalar(n)} = {sum_text(op, names)};")
            for line in calls[False, phase]:
                w.line(line)

    # ----------------------------------------------------------- delivery

    def _deliver_edges(self) -> None:
        memory, w = self.memory, self.w
        mine = [s for s in self.pass_.stores if memory.is_on_edges(s)]
        scalars = [s for s in mine if not s.segment.lanes]
        zeros = [s for s in mine if s.segment.lanes and s.value is None]
        if not scalars and not memory.put and not zeros:
            return
        with w.block(_EDGES, "}"):
            for store in scalars:
                self._deliver_scalar(store, "f.edge[q]" if store.via is None else "f.far[q]")
            for lanes, places in memory.put.items():
                blocked = f"f.put_{lanes} + q * (blocks({lanes}, W) * {places.size} * W)"
                for segment, _ in places.segments():
                    w.line(memory.unpack(segment, lanes, places, memory.row(segment.buffer, "f.edge[q]"), blocked))
            for store in zeros:
                self._deliver_zeros(store, "f.edge[q]")

    def _deliver_row(self) -> None:
        memory, w = self.memory, self.w
        mine = [s for s in self.pass_.stores if not memory.is_on_edges(s)]
        for store in mine:
            if not store.segment.lanes:
                self._deliver_scalar(store, "row")
        for lanes, places in memory.made.items():
            for segment, _ in places.segments():
                w.line(memory.unpack(segment, lanes, places, memory.row(segment.buffer, "row"), f"f.made_{lanes}"))
        for store in mine:
            if store.segment.lanes and store.value is None:
                self._deliver_zeros(store, "row")

    def _deliver_scalar(self, store: Store, row: str) -> None:
        memory = self.memory
        place = f"({memory.row(store.segment.buffer, row)})[{memory.at(store.segment, store.component)}]"
        value = "0" if store.value is None else scaled(store.coefficient, memory.scalar(store.value))
        self.w.line(f"{place} {'=' if store.via is None else '+='} {value};")

    def _deliver_zeros(self, store: Store, row: str) -> None:
        segment, memory = store.segment, self.memory
        step = 1 if memory.channels_inner else segment.dim
        place = f"({memory.row(segment.buffer, row)})[{memory.at(segment, store.component)} + u * {step}]"
        self.w.line(f"for (int u = 0; u < {segment.lanes}; ++u) {place} = 0;")
