"""Diagrams that can be evaluated some rows at a time."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from fusionc.backends.pytorch.program import Blocks
from fusionc.backends.pytorch.storage import Kind, Storage
from fusionc.check.ir import ArgumentKind
from fusionc.diagram.ir import Space
from fusionc.network import ir
from fusionc.plan.ir import Plan

CACHED = 2**17
"""Values of the widest temporary of a block: 512 KiB in float32, within a core's second cache."""
WORTH = 512
"""Values a row in all temporaries together, from which on blocks pay."""
RECORDED = 6000
"""Values a row of the results, from which on blocks pay while gradients are recorded, too."""


def blocks_of(plan: Plan, store: Storage, arguments: Sequence[tuple[str, Space]]) -> Blocks | None:
    """None where rows depend on each other, or need so little memory that there is nothing to gain."""
    network = plan.network
    found = list(dict.fromkeys(v.space for v in network.vertices if v.space is not Space.ONCE))
    if len(found) != 1 or any(isinstance(v.op, ir.Move | ir.Reduce) for v in network.vertices):
        return None
    if any(slot.kind is ArgumentKind.EDGE_INDEX for slot in network.signature):
        return None
    (space,) = found
    rows = tuple(name for name, where in arguments if where is space)
    if not rows or any(output.space is not space for output in network.outputs):
        return None
    widths = [b.width * prod(b.channels) for b in store.blocks if b.kind is Kind.ROWS and b.space is space]
    if sum(widths) < WORTH:
        return None
    size = min(max(CACHED // max(widths), 64), 4096)
    recorded = sum(output.irreps.dim for output in network.outputs) >= RECORDED
    once = tuple(name for name, where in arguments if where is Space.ONCE)
    return Blocks(space, size, recorded, rows, once)
