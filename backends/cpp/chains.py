"""The statements that call the parts of a chain, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fusionc.backends.cpp.operators import Operator, Part, TorchPart
from fusionc.backends.cpp.parts import TorchFunction
from fusionc.backends.naming import Names
from fusionc.backends.pytorch.forward import SIZES, write_long
from fusionc.backends.writer import Writer
from fusionc.network.ir import Network

ORDERS = ("receiver_start", "receiver_order", "sender_start", "sender_order")
SIZE_NAMES = tuple(SIZES.values())


@dataclass(slots=True)
class Chain:
    """Where a chain is called: `known` are expressions for what networks name; `owner` stands before functions.

    cast: written after tensors that operators get, to bring them to one precision.
    """

    writer: Writer
    functions: Mapping[str, TorchFunction]
    names: Names
    known: dict[str, str]
    owner: str = ""
    cast: str = ""
    edge_index: str = "edge_index"

    def write(self, parts: tuple[Part, ...]) -> None:
        for part in parts:
            match part:
                case TorchPart(name, network):
                    function = self.functions[name]
                    given = [*(self.known[n] for n in function.given), *function.sizes]
                    self._call(f"{self.owner}{function.name}", given, network, tuple(o.per for o in network.outputs))
                case Operator():
                    self._operate(part)

    def _operate(self, operator: Operator) -> None:
        given = [f"{self.known[name]}{self.cast}" for name in operator.arguments]
        given += [self.known[name] for name in operator.classes]
        if operator.has_edges:
            given += [self.edge_index, *ORDERS]
        self._call(f"_ops.{operator.name}", [*given, operator.rows], operator.network, operator.tables)

    def _call(self, function: str, given: list[str], network: Network, tables: tuple[str | None, ...]) -> None:
        targets = []
        for output in network.outputs:
            self.known[output.name] = self.names.fresh(output.name)
            targets.append(self.known[output.name])
        write_long(self.writer, f"{', '.join(targets)} = ", f"{function}({', '.join(given)})", [])
        for target, per in zip(targets, tables, strict=True):
            if per is not None:
                table = next(self.known[w.name] for w in network.parameters if w.per == per)
                text = f"_ops.class_sum({target}, {self.known[per]}, {table}.shape[0])"
                write_long(self.writer, f"{target} = ", text, [])


def rows_of(operator: Operator) -> str:
    """The variable with the number of rows in the derivative of an operator."""
    return SIZES[operator.space]


def torch_parts(parts: tuple[Part, ...]) -> Iterator[TorchPart]:
    """Those of a chain itself, without those of derivatives."""
    for part in parts:
        if isinstance(part, TorchPart):
            yield part
