"""`lower`: from a network to a kernel. The graph of its values is cut into passes over rows.

A value of a node that edges read must be there for all nodes first: it is stored by one pass and loaded by a later one.
Sums over edges by receiver and by sender need passes of their own, unless one of them is added up in memory, edge by
edge, while the pass of the other goes by: whichever moves fewer bytes (`visits`). What is cheap, a value of an edge, is
computed again in each pass that needs it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fusionc.algebra.surd import ONE
from fusionc.diagram.ir import Space, Via
from fusionc.kernel import ir
from fusionc.kernel.inline import inlined
from fusionc.kernel.ir import Buffer, Kernel, Level, Load, Op, Pass, Role, Segment, Store, Value
from fusionc.kernel.trace import Trace, trace
from fusionc.kernel.visits import When, visits
from fusionc.network.ir import Network


def lower(network: Network, name: str) -> Kernel:
    return _Cut(trace(network)).kernel(name)


@dataclass(slots=True)
class _Cut:
    trace: Trace
    when: list[When] = field(default_factory=list)
    kept: dict[int, Segment] = field(default_factory=dict)
    """Where the values of nodes stand that a pass leaves for later ones."""
    visited: dict[int, Via] = field(default_factory=dict)
    """By the number of a pass: the edges that it visits with a node, where sums along others are added in memory."""

    @property
    def values(self) -> tuple[Value, ...]:
        return self.trace.values

    def kernel(self, name: str) -> Kernel:
        self._time()
        self.visited = visits(self.trace, self.when)
        if self.visited:
            self.when.clear()
            self.kept.clear()
            self._time()
        buffers = list(self.trace.buffers)
        stores: dict[When, list[Store]] = {}
        for store in self.trace.stores:
            space = buffers[store.segment.buffer].space
            stores.setdefault(self._pass_of(store, space), []).append(store)
        for when, store in self._left(buffers):
            stores.setdefault(when, []).append(store)
        self._settle(stores)
        ordered = sorted(stores, key=lambda w: (w[0], "" if w[1] is None else w[1].value))
        return Kernel(name, tuple(buffers), tuple(self._pass(w, stores[w], buffers) for w in ordered))

    def _time(self) -> None:
        for n in range(len(self.values)):
            self.when.append(self._when(n))

    def _is_added(self, n: int) -> bool:
        """A sum over edges that is added up in memory, by a pass that visits edges along another way."""
        op = self.values[n].op
        if not isinstance(op, ir.EdgeSum):
            return False
        return self.visited.get(self.when[op.operand][0], op.via) is not op.via

    def _when(self, n: int) -> When:
        """The first pass in which the value can be had."""
        value = self.values[n]
        match value.op:
            case Load():
                return (0, None)
            case ir.Gather(operand):
                self._keep(operand)
                return (self.when[operand][0] + 1, None)
            case ir.EdgeSum(operand) if self._is_added(n):
                self._keep(n)
                return (self.when[operand][0] + 1, None)
            case ir.EdgeSum(operand, via):
                return (self.when[operand][0], via)
            case _:
                return self._together(ir.operands(value.op), value.level)

    def _together(self, operands: tuple[int, ...], level: Level) -> When:
        number = max(self.when[m][0] for m in operands)
        latest = [m for m in operands if self.when[m][0] == number]
        vias = {self.when[m][1] for m in latest if self.when[m][1] is not None}
        for m in operands:
            if self.when[m][0] < number and self.values[m].level.space is Space.NODE and self.when[m][1] is not None:
                self._keep(m)
        if len(vias) <= 1:
            return (number, next(iter(vias), None))
        for m in latest:
            if self.when[m][1] is not None:
                self._keep(m)
        return (number + 1, None)

    def _keep(self, n: int) -> None:
        if not isinstance(self.values[n].op, Load):
            self.kept.setdefault(n, Segment(-1, 0, 1, self.values[n].level.lanes, 0, 0))

    def _pass_of(self, store: Store, space: Space) -> When:
        return (0, None) if store.value is None and space is not Space.EDGE else self._first(store, space)

    def _first(self, store: Store, space: Space) -> When:
        if space is Space.EDGE:
            number = 0 if store.value is None else self.when[store.value][0]
            return (number, self.visited.get(number, Via.RECEIVER))
        assert store.value is not None
        return self.when[store.value]

    def _settle(self, stores: dict[When, list[Store]]) -> None:
        """What is stored on edges goes with sums over edges where there are any; nodes alone with an equal number."""
        numbers = sorted({number for number, _ in stores})
        for number in numbers:
            sender, receiver, alone = (number, Via.SENDER), (number, Via.RECEIVER), (number, None)
            edge_only = receiver in stores and all(self._is_edge(s) for s in stores[receiver])
            if edge_only and sender in stores:
                stores[sender] += stores.pop(receiver)
            if alone in stores and not self._is_rows(stores[alone]):
                for other in (receiver, sender):
                    if other in stores:
                        stores[other] += stores.pop(alone)
                        break

    def _is_edge(self, store: Store) -> bool:
        return store.via is not None or self._space(store) is Space.EDGE

    def _is_rows(self, stores: list[Store]) -> bool:
        return any(self._space(store) is Space.BATCH for store in stores)

    def _space(self, store: Store) -> Space:
        if store.segment.buffer < len(self.trace.buffers):
            return self.trace.buffers[store.segment.buffer].space
        return Space.NODE

    def _left(self, buffers: list[Buffer]) -> list[tuple[When, Store]]:
        """Stores of what later passes load: one temporary for each number of lanes, and pass that makes it."""
        groups: dict[tuple[When, int, bool], list[int]] = {}
        for n in sorted(self.kept):
            groups.setdefault((self._made(n), self.values[n].level.lanes, self._is_added(n)), []).append(n)
        found: list[tuple[When, Store]] = []
        for (when, lanes, added), many in groups.items():
            segment = Segment(len(buffers), 0, len(many), lanes, max(lanes, 1), 0)
            width = len(many) * max(lanes, 1)
            buffers.append(Buffer(f"kept_{len(buffers)}", Role.TEMPORARY, Space.NODE, width, "", added))
            for k, n in enumerate(many):
                self.kept[n] = segment
                op = self.values[n].op
                if added and isinstance(op, ir.EdgeSum):
                    found.append((when, Store(segment, k, ONE, op.operand, op.via)))
                else:
                    found.append((when, Store(segment, k, ONE, n)))
        return found

    def _made(self, n: int) -> When:
        """The pass that makes a value."""
        op = self.values[n].op
        if isinstance(op, ir.EdgeSum) and self._is_added(n):
            number = self.when[op.operand][0]
            return number, self.visited[number]
        return self.when[n]

    def _component(self, n: int) -> int:
        return sum(1 for m, segment in self.kept.items() if segment == self.kept[n] and m < n)

    def _pass(self, when: When, stores: list[Store], buffers: list[Buffer]) -> Pass:
        new: dict[int, int] = {}
        values: list[Value] = []
        own = {store.value for store in stores if store.value is not None}

        def place(n: int) -> int:
            if n not in new:
                op, level = self._local(n, when, n in own)
                op = ir.renumbered(op, place)
                new[n] = len(values)
                values.append(Value(op, level))
            return new[n]

        kept = tuple(
            Store(s.segment, s.component, s.coefficient, None if s.value is None else place(s.value), s.via)
            for s in stores
        )
        space = Space.BATCH if any(buffers[s.segment.buffer].space is Space.BATCH for s in stores) else Space.NODE
        return inlined(Pass(space, when[1], tuple(values), kept))

    def _local(self, n: int, when: When, own: bool) -> tuple[Op, Level]:
        """The value as this pass has it: loaded, if an earlier pass or one along other edges has left it."""
        value = self.values[n]
        if isinstance(value.op, ir.Gather):
            segment = self.kept[value.op.operand]
            return Load(segment, self._component(value.op.operand), value.op.via), value.level
        foreign = self.when[n] != when and self.when[n][1] is not None
        if n in self.kept and (self._is_added(n) or (foreign and not own)):
            return Load(self.kept[n], self._component(n), None), value.level
        return value.op, value.level


__all__ = ["Kernel", "Role", "lower"]
