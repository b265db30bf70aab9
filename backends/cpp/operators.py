"""What a module computes: chains of parts, each for PyTorch or a native operator, whose derivative is a chain again.

The derivative of an operator is a network, cut into stages again; so is its derivative. The operators of the second
derivative are differentiated by PyTorch through their networks: third derivatives are rare, and as exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fusionc.backends.naming import Names
from fusionc.check.ir import ArgumentKind, Slot
from fusionc.diagram.ir import Space
from fusionc.kernel.ir import Kernel, Role
from fusionc.kernel.lower import lower
from fusionc.kernel.stages import Side, stages
from fusionc.network import ir
from fusionc.network.differentiate import differentiate
from fusionc.network.ir import Network
from fusionc.network.model import KERNEL, Search
from fusionc.rewrite.apply import apply
from fusionc.rewrite.detach_weights import detach_weights

NATIVE_ORDERS = 2
"""Derivatives that are native: forces, and training on them."""
_COUNT = ArgumentKind.NUM_NODES
_ROWS = {Space.NODE: "num_nodes", Space.EDGE: "num_edges", Space.BATCH: "num_rows"}


@dataclass(frozen=True, slots=True)
class TorchPart:
    """`name`: of the function that is printed for it."""

    name: str
    network: Network


@dataclass(frozen=True, slots=True)
class Operator:
    """A native operator, on the rows of a network: of nodes with their edges, or any rows.

    arguments  names of the tensors and tables that it takes, in order
    classes    names of the class arguments of tables
    rows       the variable with the number of its rows in a forward
    tables     for each result, the class argument by which its rows are still to be summed, or None
    backward   its derivative; None where PyTorch differentiates the network
    frozen     that with respect to all but learned tables, as for forces of a model that is not trained, if there is
               a difference
    """

    name: str
    network: Network
    kernel: Kernel
    arguments: tuple[str, ...]
    classes: tuple[str, ...]
    rows: str
    tables: tuple[str | None, ...]
    backward: Backward | None
    frozen: Backward | None

    @property
    def has_edges(self) -> bool:
        return any(p.via is not None for p in self.kernel.passes)

    @property
    def space(self) -> Space:
        """What its rows are."""
        return _space(self.network)

    @property
    def results(self) -> tuple[str, ...]:
        return tuple(b.name for b in self.kernel.buffers if b.role is Role.RESULT)


Part = TorchPart | Operator


@dataclass(frozen=True, slots=True)
class Backward:
    """parts       the chain that computes it, of the operator's arguments and the cotangents
    cotangents  names of those of the results
    gradients   names of the outputs, one for each argument; None for one that has no gradient here
    """

    parts: tuple[Part, ...]
    cotangents: tuple[str, ...]
    gradients: tuple[str | None, ...]


def chain_of(network: Network, names: Names, order: int = 0) -> tuple[Part, ...]:
    """The parts of a network that has been rewritten for kernels; `order` is that of the derivative it is."""
    found: list[Part] = []
    for stage in stages(network):
        match stage.side:
            case Side.TORCH:
                found.append(TorchPart(names.fresh(stage.network.name), stage.network))
            case Side.KERNEL:
                found.append(_operator(stage.network, names, order))
    return tuple(found)


def operators(parts: tuple[Part, ...]) -> Iterator[Operator]:
    """Those of a chain, each followed by those of its derivative."""
    for part in parts:
        if isinstance(part, Operator):
            yield part
            for backward in (part.backward, part.frozen):
                yield from operators(() if backward is None else backward.parts)


def _operator(network: Network, names: Names, order: int) -> Operator:
    name = names.fresh(network.name)
    tables = tuple(output.per for output in network.outputs)
    rows = _ROWS[_space(network)]
    network = _self_contained(network)
    kernel = lower(network, name)
    given = [b for b in kernel.buffers if b.role is Role.ARGUMENT]
    arguments = tuple(b.name for b in given)
    classes = tuple(dict.fromkeys(b.classes for b in given if b.classes))
    backward = frozen = None
    if order < NATIVE_ORDERS:
        backward = _backward(network, arguments, arguments, names, order)
    rest = tuple(b.name for b in given if not b.classes and b.space is not Space.ONCE)
    if order == 0 and 0 < len(rest) < len(arguments):
        frozen = _backward(network, arguments, rest, names, NATIVE_ORDERS - 1)
    return Operator(name, network, kernel, arguments, classes, rows, tables, backward, frozen)


def _backward(network: Network, arguments: tuple[str, ...], wrt: tuple[str, ...], names: Names, order: int) -> Backward:
    derivative = differentiate(detach_weights(network), wrt)
    known = [s.name for s in network.signature] + [w.name for w in network.parameters]
    found = dict(zip((name for name in known if name in wrt), (o.name for o in derivative.outputs), strict=True))
    cotangents = tuple(s.name for s in derivative.signature if s.name not in known)
    rewritten, _ = apply(derivative, Search(KERNEL))
    return Backward(chain_of(rewritten, names, order + 1), cotangents, tuple(map(found.get, arguments)))


def _space(network: Network) -> Space:
    """What the rows of a kernel are: nodes, also where edges go with them."""
    spaces = {v.space for v in network.vertices}
    return next(space for space in (Space.NODE, Space.EDGE, Space.BATCH) if space in spaces)


def _self_contained(network: Network) -> Network:
    """On rows of any kind where edges do not meet nodes; tables are left to be summed; the number of nodes is an
    argument, instead of tensors of which nothing else is read.
    """
    read = {v.op.name for v in network.vertices if isinstance(v.op, ir.Entry)}
    signature = tuple(s for s in network.signature if s.irreps is None or s.name in read)
    outputs = tuple(replace(o, per=None) for o in network.outputs)
    network = replace(network, signature=signature, outputs=outputs)
    if _space(network) is Space.EDGE:
        return replace(
            network,
            signature=tuple(replace(s, space=_as_rows(s.space)) for s in signature),
            vertices=tuple(replace(v, space=_as_rows(v.space)) for v in network.vertices),
            outputs=tuple(replace(o, space=Space.BATCH) for o in outputs),
        )
    if _space(network) is Space.BATCH or any(s.kind is _COUNT for s in signature):
        return network
    return replace(network, signature=(*signature, Slot("num_nodes", _COUNT, Space.ONCE)))


def _as_rows(space: Space) -> Space:
    return Space.BATCH if space is Space.EDGE else space
