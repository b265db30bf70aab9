"""The arguments of `forward`: inputs, weights given at call time, then what gathers, sums and classes need."""

from __future__ import annotations

from fusionc.check import ir as k
from fusionc.check.values import Values
from fusionc.diagram import errors as diagram_errors
from fusionc.diagram import ir as d
from fusionc.diagram.ir import Space, Via
from fusionc.source import Span


def signature_of(values: Values) -> tuple[k.Slot, ...]:
    """Reports names that would be taken twice."""
    slots: list[k.Slot] = []
    spans: dict[str, Span] = {}
    for value in values.found:
        if isinstance(value.op, k.Argument):
            weight = value.name in values.weights
            kind = k.ArgumentKind.WEIGHT if weight else k.ArgumentKind.TENSOR
            slots.append(k.Slot(value.name, kind, value.space, value.irreps))
            spans[value.name] = value.span
    edge_index, batch = _maps(values)
    if edge_index:
        slots.append(k.Slot("edge_index", k.ArgumentKind.EDGE_INDEX, Space.EDGE))
    for weight_ in values.diagram.weights:
        if weight_.per is not None and weight_.per not in [s.name for s in slots if s.kind is k.ArgumentKind.CLASS]:
            slots.append(k.Slot(weight_.per, k.ArgumentKind.CLASS, weight_.space))
            spans[weight_.per] = weight_.span
    if batch:
        slots.append(k.Slot("batch", k.ArgumentKind.BATCH, Space.NODE))
    slots.extend(_sizes(values, slots))
    own = (k.ArgumentKind.TENSOR, k.ArgumentKind.WEIGHT, k.ArgumentKind.CLASS)
    added = [slot.name for slot in slots if slot.kind not in own]
    for slot in slots:
        if slot.kind in own and slot.name in added:
            taken = f"`forward` takes an argument `{slot.name}` of its own"
            values.fail(diagram_errors.duplicate_name(slot.name, spans[slot.name], None, "argument", taken))
    return tuple(slots)


def _maps(values: Values) -> tuple[bool, bool]:
    """Whether `edge_index` and `batch` are read. An edge belongs to its receiver's graph, so that it needs both."""
    edge_index = batch = False
    for value in values.found:
        op = value.op
        if not isinstance(op, k.Gather | k.Reduce):
            continue
        if op.via is Via.GRAPH:
            edges = value.space if isinstance(op, k.Gather) else values.found[op.operand].space
            batch = True
            edge_index = edge_index or edges is Space.EDGE
        elif op.via is not Via.ALL:
            edge_index = True
    return edge_index, batch


def _sizes(values: Values, slots: list[k.Slot]) -> list[k.Slot]:
    """`num_nodes` and `num_graphs`, where a sum makes nodes or graphs that no argument counts."""
    made = [
        value.space
        for value in values.found
        if isinstance(value.op, k.Reduce) and value.space in (Space.NODE, Space.GRAPH)
    ]
    told = [slot.space for slot in slots if slot.kind is not k.ArgumentKind.EDGE_INDEX]
    sizes: list[k.Slot] = []
    if Space.NODE in made and Space.NODE not in told:
        sizes.append(k.Slot("num_nodes", k.ArgumentKind.NUM_NODES, Space.ONCE))
    if Space.GRAPH in made and Space.GRAPH not in told:
        sizes.append(k.Slot("num_graphs", k.ArgumentKind.NUM_GRAPHS, Space.ONCE))
    return sizes


def learned_weights(values: Values) -> tuple[k.LearnedWeight, ...]:
    """Declared ones in the order of their declarations, then the compiler's own."""
    declared: list[k.LearnedWeight] = []
    for use in values.weights.values():
        weight: d.Weight = use.weight
        if not weight.given and use.numel is not None:
            declared.append(k.LearnedWeight(weight.name, use.numel, weight.per, False))
    return (*declared, *values.implicit)
