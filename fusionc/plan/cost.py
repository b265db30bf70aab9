"""What vertices cost by a model: multiply-adds, and values that are read from memory and written to it.

A module of PyTorch reads and writes every wire whole. A kernel keeps wires in registers: it reads an argument, a weight
or what another loop made once in each loop that needs it, and writes what outputs and other loops need. Sums over
elements are written, and read again: for each element, where the sum does not accumulate a coupling in registers.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

from fusionc.diagram.ir import Space
from fusionc.network import ir
from fusionc.network.count import is_free, loop_space, products_of, spent_as_written
from fusionc.network.ir import Network
from fusionc.network.model import Model, Spent, Target
from fusionc.network.summed import summed
from fusionc.network.work import size
from fusionc.plan.ir import Cost, SpaceCost, Total

Costs = tuple[tuple[Space, Cost], ...]


def costs_of(network: Network, model: Model, found: tuple[Spent, ...]) -> Costs:
    """For each vertex the space it loops over, and what it costs an element of that. `found` is what it spends."""
    if model.target is Target.TORCH:
        return _summed_first(network, model.degree, _with_traffic(network, model, found, _read(network)))
    return _with_traffic(network, model, found, _loaded(network, once=True))


def costs_as_written(network: Network, model: Model) -> Costs:
    """Each vertex by itself: what several read is read by each of them."""
    found = spent_as_written(network, model)
    reads = _read(network) if model.target is Target.TORCH else _loaded(network, once=False)
    return _with_traffic(network, model, found, reads)


def held(network: Network, model: Model) -> tuple[bool, ...]:
    """Which vertices are temporaries in memory: made, and neither arguments nor outputs."""
    outputs = {wire for output in network.outputs for wire in output.wires}
    stored = [not is_free(v.op) for v in network.vertices]
    if model.target is Target.KERNEL:
        stored = _stored(network)
    return tuple(yes and n not in outputs for n, yes in enumerate(stored))


def total_by_space(costs: Costs, peak: int) -> Total:
    found: dict[Space, Cost] = {}
    for space, cost in costs:
        found[space] = found.get(space, Cost()) + cost
    return Total(tuple(SpaceCost(s, found[s]) for s in Space if s in found), peak)


def weighed(total: Total, model: Model) -> int:
    """Multiply-adds a node: an edge counts as often as the model's degree says."""
    return sum(c.cost.multiply_adds * model.times(c.space) for c in total.spaces)


def _with_traffic(network: Network, model: Model, found: tuple[Spent, ...], reads: list[int]) -> Costs:
    stored = [True] * len(found) if model.target is Target.TORCH else _stored(network)
    costs = []
    for n, (vertex, s) in enumerate(zip(network.vertices, found, strict=True)):
        if is_free(vertex.op):
            costs.append((s.space, Cost()))
            continue
        per_channel = (s.multiply_adds - s.setup) // max(1, prod(vertex.channels))
        written = size(vertex) if stored[n] else 0
        costs.append((s.space, Cost(s.multiply_adds, per_channel, s.setup, reads[n], written)))
    return tuple(costs)


def _summed_first(network: Network, degree: int, costs: Costs) -> Costs:
    """Of couplings whose products are summed first, the products are in memory and not the couplings."""
    found = list(costs)
    for group in summed(network, degree):
        made = products_of(network, group)
        first, *others = group.couplings
        for n in others:
            found[n] = (found[n][0], replace(found[n][1], read=0, written=0))
        space, cost = found[first]
        found[first] = (space, replace(cost, read=cost.read + made, written=made))
        for number, n in enumerate(group.sums):
            found[n] = (found[n][0], replace(found[n][1], read=0 if number else made))
    return tuple(found)


def _read(network: Network) -> list[int]:
    return [sum(size(network.vertices[m]) for m in ir.operands(vertex.op)) for vertex in network.vertices]


def _loaded(network: Network, once: bool) -> list[int]:
    """What each vertex reads that is not in a register of its own loop; if `once`, only the first reader there does."""
    loaded: dict[tuple[Space, int], None] = {}
    reads = []
    for vertex in network.vertices:
        values, loop = 0, loop_space(network.vertices, vertex)
        for m in () if is_free(vertex.op) else dict.fromkeys(ir.operands(vertex.op)):
            below = network.vertices[m]
            in_register = not is_free(below.op) and not isinstance(below.op, ir.Reduce) and below.space is loop
            if not in_register and not (once and (loop, m) in loaded):
                loaded[loop, m] = None
                values += size(below)
        reads.append(values)
    return reads


def _stored(network: Network) -> list[bool]:
    """Outputs, sums over elements, and what a loop over another space reads; through views, too."""
    stored = [isinstance(v.op, ir.Reduce) for v in network.vertices]
    for output in network.outputs:
        for wire in output.wires:
            stored[wire] = True
    for n in range(len(network.vertices) - 1, -1, -1):
        vertex = network.vertices[n]
        for m in ir.operands(vertex.op):
            elsewhere = network.vertices[m].space is not loop_space(network.vertices, vertex)
            stored[m] = stored[m] or (stored[n] if isinstance(vertex.op, ir.View) else elsewhere)
    return [yes and not is_free(v.op) for yes, v in zip(stored, network.vertices, strict=True)]
