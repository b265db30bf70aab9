"""`order`: from a network to the steps that evaluate it."""

from __future__ import annotations

from typing import assert_never

from fusionc.diagram.ir import Space
from fusionc.network import ir
from fusionc.network.count import is_free, spent
from fusionc.network.ir import Network
from fusionc.network.model import TORCH, Bound, First, Model, Rewritten
from fusionc.network.work import size
from fusionc.plan.cost import Costs, costs_as_written, costs_of, held, total_by_space
from fusionc.plan.ir import Cost, Plan, Step, StepKind, Total


def order(
    network: Network,
    naive: Network,
    model: Model = TORCH,
    rewrites: tuple[Rewritten, ...] = (),
    bounds: tuple[Bound, ...] = (),
) -> Plan:
    """Group the vertices of `network` into steps. `naive` is the network before any rewrite, for its cost.

    Vertices of one block that have equal depth in it, one kind, one pattern of channels and one space go together: they
    cannot depend on each other, and they share their loops.
    """
    steps = steps_of(network, model)
    total = planned_total(network, steps, model)
    return Plan(network, steps, model, rewrites, bounds, naive_total(naive, model), total)


def steps_of(network: Network, model: Model = TORCH) -> tuple[Step, ...]:
    found = spent(network, model)
    costs = costs_of(network, model, found)
    firsts = tuple(s.first for s in found)
    depth: list[int] = []
    groups: dict[tuple[int, int, StepKind, ir.Subscripts | None, Space], list[int]] = {}
    for n, vertex in enumerate(network.vertices):
        depth.append(_depth(network, depth, n))
        if is_free(vertex.op):
            continue
        pattern = vertex.op.subscripts if isinstance(vertex.op, ir.Couple | ir.Mix) else None
        key = (vertex.block, depth[n], kind_of(vertex.op), pattern, costs[n][0])
        groups.setdefault(key, []).append(n)
    ordered = sorted(groups.items(), key=lambda item: (item[0][0], item[0][1], item[1][0]))
    return tuple(_step(costs, firsts, key[2], tuple(vertices)) for key, vertices in ordered)


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


def _step(costs: Costs, firsts: tuple[First, ...], kind: StepKind, vertices: tuple[int, ...]) -> Step:
    cost = Cost()
    for n in vertices:
        cost += costs[n][1]
    dearest = max(vertices, key=lambda n: costs[n][1].multiply_adds)
    return Step(kind, vertices, costs[dearest][0], firsts[dearest], cost)


def naive_total(network: Network, model: Model = TORCH) -> Total:
    """The network as it is written, vertex by vertex."""
    alone = tuple((n,) for n in range(len(network.vertices)))
    return total_by_space(costs_as_written(network, model), _peak(network, alone, model))


def planned_total(network: Network, steps: tuple[Step, ...], model: Model = TORCH) -> Total:
    costs = tuple((s.space, s.cost) for s in steps)
    return total_by_space(costs, _peak(network, tuple(s.vertices for s in steps), model))


def _peak(network: Network, steps: tuple[tuple[int, ...], ...], model: Model) -> int:
    """The most values alive at once, an element of the space that has most elements, outputs and arguments aside."""
    last = _last_uses(network, steps)
    largest = next(
        (s for s in (Space.EDGE, Space.NODE, Space.BATCH, Space.GRAPH, Space.ONCE) if _has(network, s)), None
    )
    temporary = held(network, model)
    counted = {n for n, v in enumerate(network.vertices) if temporary[n] and v.space is largest}
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
