"""The signature of a generated class: legal names, what each argument is, which tensor tells dtype and device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fusionc.backends.naming import Names
from fusionc.backends.pytorch.program import Argument, Weight
from fusionc.check.ir import ArgumentKind
from fusionc.plan.ir import Plan

SIZE_NAMES = ("num_rows", "num_nodes", "num_edges", "num_graphs")
LOCAL_NAMES = ("leading", "like", "into")
_COUNTS = {ArgumentKind.NUM_NODES: "num_nodes", ArgumentKind.NUM_GRAPHS: "num_graphs"}


@dataclass(frozen=True, slots=True)
class Signature:
    """`names`: from the names of the source to legal ones."""

    arguments: tuple[Argument, ...]
    weights: tuple[Weight, ...]
    names: Mapping[str, str]
    edge_index: str
    batch: str


def signature_of(plan: Plan, names: Names) -> Signature:
    network = plan.network
    for reserved in (*SIZE_NAMES, *LOCAL_NAMES):
        names.keep(reserved)
    found: dict[str, str] = {}
    arguments = []
    special = {ArgumentKind.EDGE_INDEX: "", ArgumentKind.BATCH: ""}
    for slot in network.signature:
        legal = _COUNTS[slot.kind] if slot.kind in _COUNTS else names.keep(slot.name)
        found[slot.name] = legal
        if slot.kind in special:
            special[slot.kind] = legal
        width = None if slot.irreps is None else slot.irreps.dim
        irreps = None if slot.irreps is None else slot.irreps.text(network.group)
        arguments.append(Argument(legal, slot.kind.value, slot.space, width, irreps))
    weights = []
    for weight in network.parameters:
        legal = names.keep(weight.name)
        found[weight.name] = legal
        classes = None if weight.per is None else f"num_{found[weight.per]}"
        weights.append(Weight(legal, weight.numel, None if weight.per is None else found[weight.per], classes))
    for classes in dict.fromkeys(w.classes for w in weights if w.classes is not None):
        names.keep(classes)
    for output in network.outputs:
        if output.name not in found:
            found[output.name] = names.keep(output.name)
    return Signature(
        tuple(arguments),
        tuple(weights),
        found,
        special[ArgumentKind.EDGE_INDEX],
        special[ArgumentKind.BATCH],
    )
