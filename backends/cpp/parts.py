"""Parts that PyTorch computes, as functions: what the PyTorch backend makes of their networks, without its class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from fusionc.backends.pytorch import program
from fusionc.backends.pytorch.arrange import arrange
from fusionc.backends.pytorch.expressions import exact_forms, text_of
from fusionc.backends.pytorch.forward import COUNTS, SIZES, write_long, write_statement
from fusionc.backends.pytorch.program import Program
from fusionc.backends.writer import Writer
from fusionc.check.ir import ArgumentKind
from fusionc.diagram.ir import Space
from fusionc.network import ir
from fusionc.network.ir import Network
from fusionc.plan.order import order


@dataclass(frozen=True, slots=True)
class TorchFunction:
    """given: the names that the network has for what the function takes; `locals`: those of the function.

    sizes: variables that it takes after them, `num_nodes` and the like.
    """

    name: str
    program: Program
    given: tuple[str, ...]
    locals: tuple[str, ...]
    sizes: tuple[str, ...]


def torch_function(
    name: str, network: Network, layout: str, taken: Iterable[str] = (), first: Sequence[str] = ()
) -> TorchFunction:
    """`first`: what it takes before everything else. Constants get none of the names `taken`."""
    network = _only_read(network)
    found = arrange(order(network, network), layout, taken, part=True)
    weights = {w.name: program.Name(w.name) for w in found.weights}
    found = _renamed(found, weights)
    pairs = [
        (slot.name, argument.name)
        for slot, argument in zip(network.signature, found.arguments, strict=True)
        if argument.kind not in COUNTS
    ]
    pairs += [(w.name, own.name) for w, own in zip(network.parameters, found.weights, strict=True)]
    by_name = dict(pairs)
    given = (*(n for n in first if n in by_name), *(n for n in by_name if n not in first))
    spaces = {v.space for v in network.vertices} | {o.space for o in network.outputs}
    sizes = tuple(size for space, size in SIZES.items() if space in spaces)
    return TorchFunction(name, found, given, tuple(by_name[n] for n in given), sizes)


def _only_read(network: Network) -> Network:
    """Without tensors that are only there to be counted, but for one where there is no other."""
    read = {v.op.name for v in network.vertices if isinstance(v.op, ir.Entry)}
    tensors = [s.name for s in network.signature if s.irreps is not None]
    if not read and not any(isinstance(v.op, ir.Parameter) for v in network.vertices):
        read = set(tensors[:1])
    kept = tuple(s for s in network.signature if s.irreps is None or s.name in read)
    parameters = tuple(w for w in network.parameters if ir.Parameter(w.name) in {v.op for v in network.vertices})
    classes = {w.per for w in parameters}
    kept = tuple(s for s in kept if s.kind is not ArgumentKind.CLASS or s.name in classes)
    return replace(
        network, signature=kept, parameters=parameters, outputs=tuple(replace(o, per=None) for o in network.outputs)
    )


def _renamed(node: Any, members: Mapping[str, program.Expr]) -> Any:
    """With these expressions in the place of members of the class."""
    match node:
        case program.Member(name):
            return members.get(name, node)
        case tuple():
            return tuple(_renamed(part, members) for part in node)
        case program.Program():
            return replace(node, statements=_renamed(node.statements, members), results=_renamed(node.results, members))
        case program.Result():
            return replace(node, value=_renamed(node.value, members))
        case _ if is_dataclass(node) and type(node).__module__ == program.__name__:
            return replace(node, **{f.name: _renamed(getattr(node, f.name), members) for f in fields(node)})  # type: ignore[type-var]
        case _:
            return node


def write_function(writer: Writer, function: TorchFunction, method: bool, table: str = "") -> None:
    """As a method its constants are the module's; else they are made of the `table` of constants."""
    found = function.program
    if not method:
        members = [*(c.name for c in found.constants), *(p.name for p in found.pairs)]
        found = _renamed(found, {name: program.Name(name) for name in members})
    parameters = ["self"] * method + [f"{name}: torch.Tensor" for name in function.locals]
    parameters += [f"{size}: int" for size in function.sizes]
    results = ["torch.Tensor"] * len(found.results)
    returns = results[0] if len(results) == 1 else f"tuple[{', '.join(results)}]"
    with writer.function(function.name, parameters, returns):
        if not method:
            for constant in found.constants:
                writer.line(f'{constant.name} = _dense(*{table}["{constant.name}"]).to({function.locals[0]})')
            for pairs in found.pairs:
                writer.line(f"{pairs.name} = _pairs({pairs.channels}).to({function.locals[0]}.device)")
        for statement in found.statements:
            write_statement(writer, statement)
        for result in found.results:
            write_long(writer, f"{result.variable} = ", text_of(result.value), exact_forms(result.value))
        once = Space.ONCE
        outward = [text_of(r.outward) if r.output.space is once else r.variable for r in found.results]
        write_long(writer, "return ", ", ".join(outward), [])
