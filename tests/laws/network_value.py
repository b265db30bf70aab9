"""The value of a `Network`, vertex by vertex, so that rewrites can be tested on the network itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import pi, prod, sqrt
from typing import assert_never

import torch
from torch import Tensor

from fusionc.algebra import clebsch
from fusionc.algebra.function import derivative
from fusionc.algebra.harmonics import harmonic_polynomial
from fusionc.check.ir import ArgumentKind
from fusionc.diagram.ir import Norm, Space, Via
from fusionc.network import ir
from fusionc.network.ir import Network, Vertex

ATOMS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "x": lambda x: x,
    "abs": torch.abs,
    "cos": torch.cos,
    "exp": torch.exp,
    "normal_cdf": torch.special.ndtr,
    "normal_pdf": lambda x: torch.exp(-x * x / 2) / sqrt(2 * pi),
    "relu": torch.relu,
    "rsqrt": lambda x: torch.where(x > 0, 1 / torch.where(x > 0, x, 1).sqrt(), 0),
    "rsqrt_or_one": lambda x: 1 / torch.where(x > 0, x, 1).sqrt(),
    "sigmoid": torch.sigmoid,
    "sign": torch.sign,
    "sin": torch.sin,
    "softplus": torch.nn.functional.softplus,
    "step": lambda x: (x > 0).double(),
    "tanh": torch.tanh,
}
"""What derivatives of functions are polynomials in."""


def apply_function(name: str, order: int, x: Tensor) -> Tensor:
    """The derivative of this order of a scalar function."""
    total = torch.zeros_like(x)
    for coefficient, powers in derivative(name, order):
        term = torch.full_like(x, float(coefficient))
        for atom, power in powers:
            for _ in range(power):
                term = term * ATOMS[atom](x)
        total = total + term
    return total


def value(
    network: Network, arguments: Mapping[str, Tensor | int], parameters: Mapping[str, Tensor]
) -> tuple[Tensor, ...]:
    """Outputs in float64; arguments and parameters as `reference.evaluate` takes them."""
    run = _Run(network, arguments, parameters)
    for vertex in network.vertices:
        run.done.append(run.operate(vertex))
    return tuple(run.output(o) for o in network.outputs)


class _Run:
    """`done[n]` is vertex n as `[elements.., channels.., 2l+1]`, without leading dimensions in `Space.ONCE`."""

    def __init__(
        self, network: Network, arguments: Mapping[str, Tensor | int], parameters: Mapping[str, Tensor]
    ) -> None:
        self.network, self.arguments, self.parameters = network, arguments, parameters
        self.done: list[Tensor] = []
        tensors = [(s, arguments[s.name]) for s in network.signature if s.irreps is not None]
        batches = [t.shape[:-1] for s, t in tensors if isinstance(t, Tensor) and s.space is Space.BATCH]
        self.batch = batches[0] if batches else torch.Size(())

    def lead(self, space: Space) -> torch.Size:
        if space is Space.ONCE:
            return torch.Size(())
        return self.batch if space is Space.BATCH else torch.Size((self.count(space),))

    def count(self, space: Space) -> int:
        for slot in self.network.signature:
            given = self.arguments[slot.name]
            if isinstance(given, int):
                if (slot.kind is ArgumentKind.NUM_NODES) is (space is Space.NODE) and space in (
                    Space.NODE,
                    Space.GRAPH,
                ):
                    return given
            elif slot.kind is ArgumentKind.EDGE_INDEX:
                if space is Space.EDGE:
                    return given.shape[1]
            elif slot.space is space:
                return given.shape[0]
        raise AssertionError(space)

    def tensor(self, name: str) -> Tensor:
        found = self.arguments[name]
        assert isinstance(found, Tensor)
        return found

    def index(self, via: Via, inner: Space) -> Tensor:
        edges = [s.name for s in self.network.signature if s.kind is ArgumentKind.EDGE_INDEX]
        batch = [s.name for s in self.network.signature if s.kind is ArgumentKind.BATCH]
        match via:
            case Via.SENDER:
                return self.tensor(edges[0])[0]
            case Via.RECEIVER:
                return self.tensor(edges[0])[1]
            case Via.GRAPH:
                graph = self.tensor(batch[0])
                return graph[self.tensor(edges[0])[1]] if inner is Space.EDGE else graph
            case Via.ALL:
                raise AssertionError("what lives once has no rows")

    def operate(self, vertex: Vertex) -> Tensor:
        op, lead = vertex.op, self.lead(vertex.space)
        shape = (*lead, *vertex.channels, vertex.irrep.dim)
        match op:
            case ir.Entry(name, segment):
                slot = next(s for s in self.network.signature if s.name == name)
                assert slot.irreps is not None
                start, stop = slot.irreps.slices[segment]
                return self.tensor(name).double()[..., start:stop].reshape(shape)
            case ir.Parameter(name):
                weight = next(w for w in self.network.parameters if w.name == name)
                table = self.parameters[name].double()
                return (table if weight.per is None else table[self.tensor(weight.per)]).reshape(shape)
            case ir.View(operand, offset, part):
                flat = self.flat(operand)
                return flat[..., offset : offset + prod(part), :].reshape(*flat.shape[:-2], *part, vertex.irrep.dim)
            case ir.Join(many):
                wires = [self.flat(n) for n in many]
                lead = torch.broadcast_shapes(*(w.shape[:-2] for w in wires))
                return torch.cat([w.expand(*lead, *w.shape[-2:]) for w in wires], dim=-2)
            case ir.Pick(operand):
                first, second = torch.triu_indices(*self.network.vertices[operand].channels, 1)
                return self.done[operand][..., first, second, :]
            case ir.Couple(left, right, weight, s, factor):
                ls = [self.network.vertices[n].irrep.l for n in (left, right)]
                w3j = torch.tensor(clebsch.dense(ls[0], ls[1], vertex.irrep.l, self.network.convention))
                w = torch.ones((), dtype=torch.float64) if weight is None else self.done[weight][..., 0]
                equation = f"...{s.left}i,...{s.right}j,ijk,...{s.weight}->...{s.out}k"
                return float(factor) * torch.einsum(equation, self.done[left], self.done[right], w3j, w)
            case ir.Mix(operand, weight, s, factor):
                equation = f"...{s.left}k,...{s.weight}->...{s.out}k"
                return float(factor) * torch.einsum(equation, self.done[operand], self.done[weight][..., 0])
            case ir.Add(terms):
                zero = torch.zeros(shape, dtype=torch.float64)
                return sum((float(f) * self.done[n] for f, n in terms), zero)
            case ir.Move():
                return self.move(op, vertex)
            case ir.Reduce():
                return self.reduce(op, vertex)
            case ir.Harmonic():
                return self.harmonic(op)
            case ir.Apply(function, operand, order):
                return apply_function(function, order, self.done[operand])
            case _:
                assert_never(op)

    def flat(self, n: int) -> Tensor:
        vertex = self.network.vertices[n]
        lead = self.done[n].shape[: self.done[n].ndim - len(vertex.channels) - 1]
        return self.done[n].reshape(*lead, prod(vertex.channels), vertex.irrep.dim)

    def move(self, op: ir.Move, vertex: Vertex) -> Tensor:
        tensor = self.done[op.operand]
        if op.via is Via.ALL:
            number = max(self.lead(vertex.space).numel(), 1) if op.mean else 1
            return (tensor / number).expand(*self.lead(vertex.space), *tensor.shape)
        index = self.index(op.via, vertex.space)
        if op.mean:
            number = torch.bincount(index, minlength=tensor.shape[0]).clamp(min=1)
            tensor = tensor / number.reshape(-1, *(1 for _ in tensor.shape[1:]))
        return tensor[index]

    def reduce(self, op: ir.Reduce, vertex: Vertex) -> Tensor:
        tensor, inner = self.done[op.operand], self.network.vertices[op.operand].space
        if op.via is Via.ALL:
            lead = self.lead(inner)
            total = tensor.reshape(lead.numel(), *tensor.shape[len(lead) :]).sum(0)
            return float(op.scale) * (total / max(lead.numel(), 1) if op.mean else total)
        index = self.index(op.via, inner)
        size = self.count(vertex.space)
        total = tensor.new_zeros(size, *tensor.shape[1:]).index_add(0, index, tensor)
        if op.mean:
            number = torch.bincount(index, minlength=size).clamp(min=1)
            total = total / number.reshape(-1, *(1 for _ in tensor.shape[1:]))
        return float(op.scale) * total

    def harmonic(self, op: ir.Harmonic) -> Tensor:
        r = self.done[op.operand]
        if op.normalize:
            square = (r * r).sum(-1, keepdim=True)
            r = r / torch.where(square > 0, square, 1).sqrt()
        factor = {Norm.COMPONENT: 1.0, Norm.NORM: 1 / sqrt(2 * op.l + 1), Norm.INTEGRAL: 1 / sqrt(4 * pi)}[op.norm]
        columns = []
        for terms in harmonic_polynomial(op.l):
            column = torch.zeros(r.shape[:-1], dtype=torch.float64)
            for powers, coefficient in terms:
                column = column + float(coefficient) * prod(r[..., a] ** n for a, n in enumerate(powers))
            columns.append(factor * column)
        return torch.stack(columns, dim=-1)

    def output(self, output: ir.NetworkOutput) -> Tensor:
        wires = [self.done[n].flatten(-2) for n in output.wires]
        lead = self.lead(output.space)
        rows = torch.cat([w.expand(*lead, w.shape[-1]) for w in wires], dim=-1)
        if output.per is None:
            return rows
        number = next(self.parameters[w.name].shape[0] for w in self.network.parameters if w.per == output.per)
        index = self.tensor(output.per).flatten()
        return rows.new_zeros(number, rows.shape[-1]).index_add(0, index, rows.reshape(-1, rows.shape[-1]))
