"""`order`: from a network to the steps that evaluate it."""

from __future__ import annotations

from typing import assert_never

from fusionc.diagram.ir import Space
from fusionc.network import ir
from fusionc.network.ir import Network
from fusionc.network.work import DEGREE, size
from fusionc.plan.cost import cheapest_first, is_free, loop_space, total_by_space, vertex_cost
from fusionc.plan.ir import Cost, First, Plan, Rewritten, Step, StepKind, Total


def order(network: Network, naive: Network, rewrites: tuple[Rewritten, ...] = (), degree: int = DEGREE) -> Plan:
    """Group the vertices of `network` into steps. `naive` is the network before any rewrite, for its cost.

    Vertices of one block that have equal depth in it, one kind, one pattern of channels and one space go together: they
    cannot depend on each other, and they share their loops.
    """
    steps = steps_of(network)
    return Plan(network, steps, degree, rewrites, naive_total(naive), planned_total(network, steps))


def steps_of(network: Network) -> tuple[Step, ...]:
    depth: list[int] = []
    groups: dict[tuple[int, int, StepKind, ir.Subscripts | None, Space], list[int]] = {}
    for n, vertex in enumerate(network.vertices):
        depth.append(_depth(network, depth, n))
        if is_free(vertex.op):
            continue
        pattern = vertex.op.subscripts if isinstance(vertex.op, ir.Couple | ir.Mix) else None
        key = (vertex.block, depth[n], kind_of(vertex.op), pattern, loop_space(network, vertex))
        groups.setdefault(key, []).append(n)
    ordered = sorted(groups.items(), key=lambda item: (item[0][0], item[0][1], item[1][0]))
    return tuple(_step(network, key[2], tuple(vertices), key[4]) for key, vertices in ordered)


def _depth(network: Network, depth: list[int], n: int) -> int:
    """Steps of the same block below a vertex; what only names memory stands where its operands stand."""
    vertex = network.vertices[n]
    inside = [m for m in ir.operands(vertex.op) if network.vertices[m].block == vertex.block]
    below = [depth[m] + (0 if is_free(network.vertices[m].op) else 1) for m in inside]
    return max(below, default=0)


def kind_of(op: ir.Op) -> StepKind:
    match op:
        case ir.Couple():
            return StepKind.COUPLE
        case ir.Mix():
            return StepKind.MIX
        case ir.Move():
            return StepKind.MOVE
        case ir.Reduce():
            return StepKind.REDUCE
        case ir.Harmonic():
            return StepKind.HARMONIC
        case ir.Apply():
            return StepKind.APPLY
        case ir.Add():
            return StepKind.ADD
        case ir.Join() | ir.Pick() | ir.Entry() | ir.Parameter() | ir.View():
            return StepKind.ARRANGE
        case _:
            assert_never(op)


def _step(network: Network, kind: StepKind, vertices: tuple[int, ...], space: Space) -> Step:
    first = cheapest_first(network, vertices) if kind is StepKind.COUPLE else First.BOTH
    cost = Cost()
    for n in vertices:
        cost += vertex_cost(network, network.vertices[n], first)
    return Step(kind, vertices, space, first, cost)


def naive_total(network: Network) -> Total:
    """Every path on its own, each coupling with both operands at once, as a product of dense blocks evaluates it."""
    costs = [(loop_space(network, v), vertex_cost(network, v, First.BOTH)) for v in network.vertices]
    return total_by_space(costs, _peak(network, tuple((n,) for n in range(len(network.vertices)))))


def planned_total(network: Network, steps: tuple[Step, ...]) -> Total:
    return total_by_space([(s.space, s.cost) for s in steps], _peak(network, tuple(s.vertices for s in steps)))


def _peak(network: Network, steps: tuple[tuple[int, ...], ...]) -> int:
    """The most values alive at once, an element of the space that has most elements, outputs and arguments aside."""
    outputs = {wire for output in network.outputs for wire in output.wires}
    last = _last_uses(network, steps)
    held = [n for n, v in enumerate(network.vertices) if not is_free(v.op) and n not in outputs]
    largest = next(
        (s for s in (Space.EDGE, Space.NODE, Space.BATCH, Space.GRAPH, Space.ONCE) if _has(network, s)), None
    )
    counted = {n for n in held if network.vertices[n].space is largest}
    alive = peak = 0
    freed: dict[int, list[int]] = {}
    for number, vertices in enumerate(steps):
        for n in vertices:
            if n in counted:
                alive += size(network.vertices[n])
                freed.setdefault(last.get(n, number), []).append(n)
        peak = max(peak, alive)
        alive -= sum(size(network.vertices[n]) for n in freed.pop(number, []))
    return peak


def _has(network: Network, space: Space) -> bool:
    return any(v.space is space for v in network.vertices)


def _last_uses(network: Network, steps: tuple[tuple[int, ...], ...]) -> dict[int, int]:
    """For each vertex the last step that reads it, directly or through names of memory."""
    behind: list[tuple[int, ...]] = []
    for n, vertex in enumerate(network.vertices):
        through = tuple(m for o in ir.operands(vertex.op) for m in behind[o])
        behind.append(through if isinstance(vertex.op, ir.View) else (n,))
    last: dict[int, int] = {}
    for number, vertices in enumerate(steps):
        for n in vertices:
            for operand in ir.operands(network.vertices[n].op):
                for m in behind[operand]:
                    last[m] = number
    return last
