"""Functions of C++ on one block of channels: what a row, or the edges of a chunk, compute there.

A group of results is a function. For edges it keeps sums over them in registers while they pass by, and stores what is
theirs; sums over channels have a function that goes through the blocks of one edge, or of the row, after another.
"""

from __future__ import annotations

from fusionc.backends.cpp.memory import Memory, scaled, sum_text, term_text
from fusionc.backends.writer import Writer
from fusionc.diagram.ir import Space
from fusionc.kernel import ir
from fusionc.kernel.groups import Group, groups, slice_of
from fusionc.kernel.ir import Load, Role, Store, Sum

Calls = dict[tuple[bool, int], list[str]]
"""For edges or the row, and the number of the phase: the statements that call the functions."""


class BlockWriter:
    def __init__(self, memory: Memory, writer: Writer) -> None:
        self.memory = memory
        self.pass_ = memory.pass_
        self.frame = f"Frame_{memory.name}"
        self.w = writer
        self._stored = {s.value for s in self.pass_.stores if s.value is not None}
        self._summed = {v.op.operand: n for n, v in enumerate(self.pass_.values) if isinstance(v.op, ir.EdgeSum)}

    def functions(self) -> Calls:
        """Write all of them."""
        calls: Calls = {}
        for edge in (True, False):
            for phase in range(max(self.memory.phase, default=0) + 1):
                stage = calls.setdefault((edge, phase), [])
                for lanes, many in self._results(edge, phase).items():
                    stage += self._block_functions(edge, phase, lanes, tuple(many))
                for lanes, many in self._lane_sums(edge, phase).items():
                    stage += self._sum_functions(edge, phase, lanes, tuple(many))
        return calls

    # ----------------------------------------------------- what is computed

    def _results(self, edge: bool, phase: int) -> dict[int, list[int]]:
        """By their lanes, the values that a phase delivers: operands of sums over edges, and what is stored."""
        found: dict[int, dict[int, None]] = {}
        for value in self.pass_.values:
            op = value.op
            if edge and isinstance(op, ir.EdgeSum) and value.level.lanes and self.memory.phase[op.operand] == phase:
                found.setdefault(value.level.lanes, {})[op.operand] = None
        for store in self.pass_.stores:
            n, lanes = store.value, store.segment.lanes
            mine = lanes and self.memory.is_on_edges(store) is edge
            if n is not None and mine and self.memory.phase[n] == phase:
                found.setdefault(lanes, {})[n] = None
        return {lanes: list(many) for lanes, many in found.items()}

    def _lane_sums(self, edge: bool, phase: int) -> dict[int, list[int]]:
        """By their lanes, the values whose sums over lanes the next phase needs."""
        found: dict[int, dict[int, None]] = {}
        for n, value in enumerate(self.pass_.values):
            op = value.op
            if isinstance(op, ir.LaneSum) and self.memory.is_edge(n) is edge and self.memory.phase[n] == phase + 1:
                found.setdefault(self.memory.value(op.operand).level.lanes, {})[op.operand] = None
        return {lanes: list(many) for lanes, many in found.items()}

    def _space(self, edge: bool) -> Space:
        return Space.EDGE if edge else self.pass_.space

    # ------------------------------------------------------ one block a call

    def _block_functions(self, edge: bool, phase: int, lanes: int, results: tuple[int, ...]) -> list[str]:
        """Rows are there once: all their results together. Edges come by for each group again."""
        space = self._space(edge)
        whole = Group(results, slice_of(self.pass_, results, space))
        names = []
        for n, group in enumerate(groups(self.pass_, results, space) if edge else (whole,)):
            name = f"{self.memory.name}_{'edges' if edge else 'row'}_{phase}_{lanes}_{n}"
            names.append(name)
            self.w.line("template <bool TAIL>")
            head = f"static void FUSIONC_APART {name}({self.frame}& f, int block, bool first) {{"
            with self.w.block(head, "}"):
                if edge:
                    self._edges(group, lanes)
                else:
                    self._row(group, lanes)
            self.w.line()
        blocks = [f"for (int block = 0; block < {lanes} / W; ++block) {{"]
        blocks += [f"  {name}<false>(f, block, first);" for name in names]
        tail = [f"if constexpr ({lanes} % W != 0) {{", *(f"  {name}<true>(f, {lanes} / W, first);" for name in names)]
        return [*blocks, "}", *tail, "}"]

    def _edges(self, group: Group, lanes: int) -> None:
        w = self.w
        sums = self.memory.sums.get(lanes, {})
        places = {n: sums[self._summed[n]] for n in group.results if n in self._summed}
        if places:
            w.line(f"real* const sums = f.sums_{lanes} + block * {len(sums)} * W;")
        for n, place in places.items():
            w.line(f"Vec a{n} = first ? Vec{{}} : load<real>(sums + {place} * W);")
        coming = self._coming(group)
        if coming:
            w.line(f"const bool last = (block + 1) * W >= {lanes};")
            w.line("const int64_t* const coming = last ? f.next : f.edge;")
            w.line("const int64_t step = last ? -block * W : W;")
        with w.block("for (int q = 0; q < f.count; ++q) {", "}"):
            for place_ in coming:
                w.line(f"__builtin_prefetch({place_});")
            self._body(group, set(places))
            for store in self.pass_.stores:
                if store.value in group.results and store.segment.lanes and self.memory.is_on_edges(store):
                    self._store_of_edge(store, lanes)
        for n, place in places.items():
            w.line(f"store<real>(sums + {place} * W, a{n});")

    def _coming(self, group: Group) -> list[str]:
        """What is read of edges next. They have long rows, of which a block here and a block there is wanted at a time,
        so that no processor foresees it: the same place of the next block or, after the last, of the edges after these.
        """
        found: list[str] = []
        for n in group.values:
            op = self.memory.value(n).op
            if isinstance(op, Load) and op.via is None and op.segment.dim == 1 and self.memory.is_edge(n):
                buffer = self.memory.kernel.buffers[op.segment.buffer]
                if buffer.space is Space.EDGE:
                    row = self.memory.row(op.segment.buffer, "coming[q]")
                    found.append(f"{row} + {self.memory.at(op.segment)} + block * W + step")
        return found

    def _store_of_edge(self, store: Store, lanes: int) -> None:
        memory, segment = self.memory, store.segment
        value = scaled(store.coefficient, f"v{store.value}")
        if store.via is not None:
            to = f"real* const to = {memory.block_of(segment, 'f.far[q]', lanes)} + {store.component} * W"
            self.w.line(f"{{ {to}; store<real>(to, load<real>(to) + {value}); }}")
        elif segment.dim == 1:
            place = f"{memory.row(segment.buffer, 'f.edge[q]')} + {memory.at(segment)} + block * W"
            some = f"store_some<real>({place}, {value}, {lanes} % W)"
            self.w.line(f"if (TAIL) {some}; else store<real>({place}, {value});")
        else:
            places = memory.put[lanes]
            number = places.numbers[segment, store.component]
            place = f"f.put_{lanes} + ((q * blocks({lanes}, W) + block) * {places.size} + {number}) * W"
            self.w.line(f"store<real>({place}, {value});")

    def _row(self, group: Group, lanes: int) -> None:
        memory = self.memory
        self.w.line("(void)first;")
        self._body(group, set())
        for store in self.pass_.stores:
            if store.value not in group.results or store.segment.lanes != lanes or memory.is_on_edges(store):
                continue
            if memory.role(store.segment) is Role.TEMPORARY:
                place = f"{memory.block_of(store.segment, 'f.row', lanes)} + {store.component} * W"
            else:
                places = memory.made[lanes]
                number = places.numbers[store.segment, store.component]
                place = f"f.made_{lanes} + (block * {places.size} + {number}) * W"
            self.w.line(f"store<real>({place}, {scaled(store.coefficient, f'v{store.value}')});")

    # ----------------------------------------------- all blocks of one row

    def _sum_functions(self, edge: bool, phase: int, lanes: int, results: tuple[int, ...]) -> list[str]:
        calls = []
        for n, group in enumerate(groups(self.pass_, results, self._space(edge))):
            name = f"{self.memory.name}_{'edges' if edge else 'row'}_{phase}_{lanes}_sum_{n}"
            self._sum_function(name, group, lanes, edge)
            calls.append(f"{name}(f);")
        return calls

    def _sum_function(self, name: str, group: Group, lanes: int, edge: bool) -> None:
        w = self.w
        w.line("template <bool TAIL>")
        accumulators = ", ".join(f"Vec& a{n}" for n in group.results)
        with w.block(f"static inline void {name}_block({self.frame}& f, int q, int block, {accumulators}) {{", "}"):
            w.line("(void)q;")
            self._body(group, set(group.results))
        target = {v.op.operand: n for n, v in enumerate(self.pass_.values) if isinstance(v.op, ir.LaneSum)}
        with w.block(f"static void FUSIONC_APART {name}({self.frame}& f) {{", "}"):
            rows = "for (int q = 0; q < f.count; ++q) {" if edge else "for (int q = 0; q < 1; ++q) {"
            with w.block(rows, "}"):
                w.line(f"Vec {', '.join(f'a{n} = {{}}' for n in group.results)};")
                names = ", ".join(f"a{n}" for n in group.results)
                w.line(f"for (int block = 0; block < {lanes} / W; ++block) {name}_block<false>(f, q, block, {names});")
                w.line(f"if constexpr ({lanes} % W != 0) {name}_block<true>(f, q, {lanes} / W, {names});")
                for n in group.results:
                    w.line(f"{self.memory.scalar(target[n])} = total<real>(a{n});")
        w.line()

    # ---------------------------------------------------------- statements

    def _body(self, group: Group, accumulated: set[int]) -> None:
        """The values of a group, v<n>, for row q in this block; those that are accumulated are added to a<n>."""
        w = self.w
        read = {m for n in group.values for m in self._read(n)}
        names = {m: self._name(m) for m in read}
        for n in group.values:
            op = self.memory.value(n).op
            alone = n in accumulated and n not in read and n not in self._stored
            match op:
                case Sum(terms) if alone:
                    for term in terms:
                        w.line(f"a{n} {'-' if term.coefficient.sign < 0 else '+'}= {term_text(term, names)};")
                    continue
                case Sum():
                    text = sum_text(op, names)
                case Load():
                    text = self.memory.lanes_of(n)
                case ir.EdgeSum():
                    sums = self.memory.sums[self.memory.value(n).level.lanes]
                    text = (
                        f"load<real>(f.sums_{self.memory.value(n).level.lanes} + (block * {len(sums)} + {sums[n]}) * W)"
                    )
                case _:
                    raise AssertionError(op)
            w.line(f"a{n} += {text};" if alone else f"const Vec v{n} = {text};")
            if n in accumulated and not alone:
                w.line(f"a{n} += v{n};")

    def _read(self, n: int) -> tuple[int, ...]:
        """What the value reads in this function: sums over edges are there already."""
        op = self.memory.value(n).op
        return () if isinstance(op, ir.EdgeSum) else ir.operands(op)

    def _name(self, n: int) -> str:
        return f"v{n}" if self.memory.value(n).level.lanes else self.memory.scalar(n)
