"""Couplings whose products are summed over elements before they are coupled.

sum_e C x_e y_e = C (sum_e x_e y_e): where all that is read of some couplings of two wires is one kind of sum over
elements, the products of components are summed, and the coupling tensors are applied to the sum, once a node instead of
once an edge.
"""

from __future__ import annotations

from dataclasses import dataclass

from fusionc.network import ir
from fusionc.network.ir import Network
from fusionc.network.work import times


@dataclass(frozen=True, slots=True)
class Summed:
    """Couplings of the same two wires, channel by channel, and for each the sum that reads it, all of one kind."""

    couplings: tuple[int, ...]
    sums: tuple[int, ...]


def summed(network: Network, degree: int) -> tuple[Summed, ...]:
    """Groups in which there is a coupling tensor to apply: where a scalar takes part, products are all that there is.

    Couplings with weights are none of them, nor are couplings that channels of one operand share, nor sums onto a space
    that is not known to be smaller: a node may have one edge, a graph one node.
    """
    readers: list[list[int]] = [[] for _ in network.vertices]
    for n, vertex in enumerate(network.vertices):
        for operand in ir.operands(vertex.op):
            readers[operand].append(n)
    outputs = {wire for output in network.outputs for wire in output.wires}
    found: dict[tuple[int, int, ir.Reduce], list[tuple[int, int]]] = {}
    for n, vertex in enumerate(network.vertices):
        op = vertex.op
        if not isinstance(op, ir.Couple) or op.weight is not None or n in outputs or len(readers[n]) != 1:
            continue
        s, (reader,) = op.subscripts, readers[n]
        reduce = network.vertices[reader].op
        if s.left != s.right or s.left != s.out or len(s.out) != 1 or not isinstance(reduce, ir.Reduce):
            continue
        if times(vertex.space, degree) >= 2 * times(network.vertices[reader].space, degree):
            kind = ir.Reduce(-1, reduce.via, reduce.mean, reduce.scale)
            found.setdefault((op.left, op.right, kind), []).append((n, reader))
    return tuple(
        Summed(tuple(n for n, _ in many), tuple(reader for _, reader in many))
        for many in found.values()
        if any(_has_tensor(network, n) for n, _ in many)
    )


def _has_tensor(network: Network, n: int) -> bool:
    op = network.vertices[n].op
    assert isinstance(op, ir.Couple)
    return all(network.vertices[m].irrep.l for m in (op.left, op.right, n))
