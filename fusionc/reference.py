"""The oracle: a checked diagram evaluated literally, in float64, one `einsum` a path and one plain sum a reduction.

Nothing here is fast. It shares no code with the network, the plan or the backends, so that agreement with them means
something. Everything is made of torch operations that differentiate to any order, so that gradients of generated
modules can be compared as well as values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import pi, prod, sqrt
from typing import assert_never

import torch
from torch import Tensor

from fusionc.algebra import clebsch
from fusionc.algebra.harmonics import harmonic_polynomial
from fusionc.algebra.irrep import Irreps
from fusionc.algebra.tree import FusionTree, Leaf, Vertex
from fusionc.check.ir import (
    Apply,
    Argument,
    ArgumentKind,
    CheckedDiagram,
    Combine,
    Concat,
    Dot,
    Gather,
    Gating,
    Harmonics,
    Linear,
    Parameter,
    Power,
    PowerPath,
    Product,
    Reduce,
    Regroup,
    Select,
    TreeProduct,
    Value,
    WeightSlice,
)
from fusionc.diagram.ir import Mode, Norm, Space, Via

FUNCTIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "abs": torch.abs,
    "cos": torch.cos,
    "exp": torch.exp,
    "gelu": torch.nn.functional.gelu,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "silu": torch.nn.functional.silu,
    "sin": torch.sin,
    "softplus": torch.nn.functional.softplus,
    "square": torch.square,
    "tanh": torch.tanh,
}

_EQUATIONS: Mapping[Mode, str] = {
    Mode.UUU: "...u,ijk,...ui,...uj->...uk",
    Mode.UVU: "...uv,ijk,...ui,...vj->...uk",
    Mode.UVV: "...uv,ijk,...ui,...vj->...vk",
    Mode.UUW: "...uw,ijk,...ui,...uj->...wk",
    Mode.UVW: "...uvw,ijk,...ui,...vj->...wk",
    Mode.UVUV: "...uv,ijk,...ui,...vj->...uvk",
    # u counts pairs here: the operands are gathered at both members of each pair first
    Mode.UVU_LESS: "...u,ijk,...ui,...uj->...uk",
    Mode.U_LESS_VW: "...uw,ijk,...ui,...uj->...wk",
}


def evaluate(
    diagram: CheckedDiagram, arguments: Mapping[str, Tensor | int], parameters: Mapping[str, Tensor]
) -> tuple[Tensor, ...]:
    """The outputs of `diagram`, in order, in float64.

    `arguments` holds every name of `diagram.signature`, `parameters` every learned weight, with a leading dimension of
    classes where it is declared `per` one. Raises ValueError when a name is missing or a width is wrong.
    """
    _verify(diagram, arguments, parameters)
    call = _Call(diagram, arguments, parameters, [])
    for value in diagram.values:
        tensor = call.operate(value)
        if tensor.shape[-1] != value.irreps.dim:
            raise AssertionError(f"{value.statement}: {value.op} gave width {tensor.shape[-1]}, not {value.irreps}")
        call.done.append(tensor)
    return tuple(call.done[output.value] for output in diagram.outputs)


def _verify(diagram: CheckedDiagram, arguments: Mapping[str, Tensor | int], parameters: Mapping[str, Tensor]) -> None:
    for slot in diagram.signature:
        if slot.name not in arguments:
            raise ValueError(f"argument {slot.name} is missing")
        given = arguments[slot.name]
        if slot.irreps is not None and (isinstance(given, int) or given.shape[-1] != slot.irreps.dim):
            raise ValueError(f"argument {slot.name} needs a last dimension of {slot.irreps.dim}")
    for weight in diagram.parameters:
        if weight.name not in parameters:
            raise ValueError(f"learned weight {weight.name} is missing")
        if parameters[weight.name].shape[-1] != weight.numel:
            raise ValueError(f"learned weight {weight.name} needs a last dimension of {weight.numel}")


@dataclass(frozen=True, slots=True)
class _Call:
    """One evaluation: what was given, and the values known so far."""

    diagram: CheckedDiagram
    arguments: Mapping[str, Tensor | int]
    parameters: Mapping[str, Tensor]
    done: list[Tensor]

    def operate(self, value: Value) -> Tensor:
        match value.op:
            case Argument(name):
                return self.argument(name).double()
            case Parameter(name):
                return self.parameter(name)
            case Gather(operand, via):
                return self.gather(operand, via, value.space)
            case Reduce(operand, via, mean, scale):
                return self.reduce(operand, via, mean, value.space) * float(scale)
            case Product():
                return self.product(value.op, value.irreps)
            case Power():
                return self.power(value.op, value.irreps)
            case TreeProduct():
                return self.trees(value.op, value.irreps)
            case Linear():
                return self.linear(value.op, value.irreps)
            case Concat(operands):
                return _concatenate([self.done[operand] for operand in operands])
            case Select(operand, segments):
                parts = self.segments(operand)
                return _flatten([parts[segment] for segment in segments], self.done[operand].shape[:-1])
            case Regroup(operand, sources):
                return self.regroup(operand, sources, value.irreps)
            case Combine(terms):
                return self.combine(terms, value.irreps)
            case Dot(left, right):
                return self.dot(left, right)
            case Harmonics(operand, lmax, normalize, norm):
                return _harmonics(self.done[operand], lmax, normalize, norm)
            case Apply(operand, functions):
                parts = self.segments(operand)
                applied = [FUNCTIONS[name](part) for name, part in zip(functions, parts, strict=True)]
                return _flatten(applied, self.done[operand].shape[:-1])
            case Gating(gates, gated):
                return self.gating(gates, gated)
            case _:
                assert_never(value.op)

    # ------------------------------------------------------------ arguments

    def argument(self, name: str) -> Tensor:
        given = self.arguments[name]
        if isinstance(given, int):
            raise ValueError(f"argument {name} must be a tensor")
        return given

    def parameter(self, name: str) -> Tensor:
        weight = next(weight for weight in self.diagram.parameters if weight.name == name)
        table = self.parameters[name].double()
        return table if weight.per is None else table[self.argument(weight.per)]

    def slot(self, kind: ArgumentKind) -> Tensor:
        return self.argument(next(slot.name for slot in self.diagram.signature if slot.kind is kind))

    def count(self, space: Space) -> int:
        """Elements of an index space, from whichever argument tells."""
        for slot in self.diagram.signature:
            match slot.kind, space:
                case (ArgumentKind.NUM_NODES, Space.NODE) | (ArgumentKind.NUM_GRAPHS, Space.GRAPH):
                    return int(self.arguments[slot.name])
                case ArgumentKind.EDGE_INDEX, Space.EDGE:
                    return self.argument(slot.name).shape[1]
                case ((ArgumentKind.NUM_NODES | ArgumentKind.NUM_GRAPHS | ArgumentKind.EDGE_INDEX), _):
                    continue
                case _ if slot.space is space:
                    return self.argument(slot.name).shape[0]
        raise AssertionError(f"no argument tells the number of {space.value}s")

    # --------------------------------------------------------------- spaces

    def index(self, via: Via, inner: Space) -> Tensor:
        """For each element of `inner`, the element it belongs to along `via`."""
        match via:
            case Via.RECEIVER:
                return self.slot(ArgumentKind.EDGE_INDEX)[1]
            case Via.SENDER:
                return self.slot(ArgumentKind.EDGE_INDEX)[0]
            case Via.GRAPH if inner is Space.EDGE:
                return self.slot(ArgumentKind.BATCH)[self.slot(ArgumentKind.EDGE_INDEX)[1]]
            case Via.GRAPH:
                return self.slot(ArgumentKind.BATCH)
            case Via.ALL:
                return torch.zeros(self.count(inner), dtype=torch.int64)
            case _:
                assert_never(via)

    def gather(self, operand: int, via: Via, space: Space) -> Tensor:
        tensor = self.done[operand]
        rows = tensor[None] if via is Via.ALL else tensor
        return rows[self.index(via, space)]

    def reduce(self, operand: int, via: Via, mean: bool, space: Space) -> Tensor:
        tensor = self.done[operand]
        if via is Via.ALL:
            return tensor.sum(dim=0) / (max(tensor.shape[0], 1) if mean else 1)
        index = self.index(via, self.diagram.values[operand].space)
        size = self.count(space)
        total = tensor.new_zeros(size, tensor.shape[-1]).index_add(0, index, tensor)
        return total / torch.bincount(index, minlength=size).clamp(min=1)[:, None] if mean else total

    # ------------------------------------------------------------- channels

    def segments(self, operand: int) -> list[Tensor]:
        """Each segment as `[..., mul, 2l+1]`."""
        tensor, irreps = self.done[operand], self.diagram.values[operand].irreps
        return [
            tensor[..., start:stop].reshape(*tensor.shape[:-1], segment.mul, segment.irrep.dim)
            for segment, (start, stop) in zip(irreps, irreps.slices, strict=True)
        ]

    def weight(self, weights: int | None, part: WeightSlice | None, shape: Sequence[int]) -> Tensor:
        if weights is None or part is None:
            return torch.ones(*shape, dtype=torch.float64)
        if part.shape != tuple(shape):
            raise AssertionError(f"a weight of shape {part.shape} where {tuple(shape)} is needed")
        tensor = self.done[weights][..., part.offset : part.offset + prod(part.shape)]
        return tensor.reshape(*tensor.shape[:-1], *part.shape)

    def lead(self, *operands: int | None) -> tuple[int, ...]:
        """Leading dimensions of an op with these operands."""
        return _lead([self.done[operand] for operand in operands if operand is not None])

    def product(self, op: Product, irreps: Irreps) -> Tensor:
        left, right, lead = self.segments(op.left), self.segments(op.right), self.lead(op.left, op.right, op.weights)
        out = _zeros(irreps, lead)
        for path in op.paths:
            x, y = left[path.left], right[path.right]
            if path.mode in (Mode.UVU_LESS, Mode.U_LESS_VW):
                first, second = torch.triu_indices(x.shape[-2], y.shape[-2], 1)
                x, y = x[..., first, :], y[..., second, :]
            weight = self.weight(op.weights, path.weight, _weight_shape(path.mode, x, y, irreps[path.out].mul))
            w3j = _w3j(x.shape[-1], y.shape[-1], irreps[path.out].irrep.dim, self.diagram.convention)
            term = torch.einsum(_EQUATIONS[path.mode], weight, w3j, x, y)
            if path.mode is Mode.UVUV:
                term = term.flatten(-3, -2)
            out[path.out] = out[path.out] + float(path.factor) * term
        return _flatten(out, lead)

    def power(self, op: Power, irreps: Irreps) -> Tensor:
        parts, lead = self.segments(op.operand), self.lead(op.operand, op.weights)
        out = _zeros(irreps, lead)
        for path in op.paths:
            term = self.comb(path, parts)
            weight = self.weight(op.weights, path.weight, term.shape[-2:-1])
            out[path.out] = out[path.out] + float(path.factor) * weight[..., None] * term
        return _flatten(out, lead)

    def comb(self, path: PowerPath, parts: list[Tensor]) -> Tensor:
        """The leaves of a path, coupled one after the other from the left."""
        term = parts[path.leaves[0]]
        for leaf, label in zip(path.leaves[1:], path.labels, strict=True):
            term = _couple(term, parts[leaf], label.dim, self.diagram.convention)
        return term

    def trees(self, op: TreeProduct, irreps: Irreps) -> Tensor:
        operands, lead = [self.segments(operand) for operand in op.operands], self.lead(*op.operands, op.weights)
        out = _zeros(irreps, lead)
        for path in op.paths:
            chosen = [parts[segment] for parts, segment in zip(operands, path.segments, strict=True)]
            term = _contract(path.tree, dict(zip(path.leaves, chosen, strict=True)))
            weight = self.weight(op.weights, path.weight, term.shape[-2:-1])
            out[path.out] = out[path.out] + float(path.factor) * weight[..., None] * term
        return _flatten(out, lead)

    def linear(self, op: Linear, irreps: Irreps) -> Tensor:
        parts, lead = self.segments(op.operand), self.lead(op.operand, op.weights, op.bias)
        out = _zeros(irreps, lead)
        for path in op.paths:
            x = parts[path.operand]
            weight = self.weight(op.weights, path.weight, (x.shape[-2], irreps[path.out].mul))
            out[path.out] = out[path.out] + float(path.factor) * torch.einsum("...uw,...ui->...wi", weight, x)
        if op.bias is not None:
            start = 0
            for n, segment in enumerate(irreps):
                if (segment.irrep.l, segment.irrep.p) == (0, 1):
                    out[n] = out[n] + self.done[op.bias][..., start : start + segment.mul, None]
                    start += segment.mul
        return _flatten(out, lead)

    # ------------------------------------------------------------- the rest

    def regroup(self, operand: int, sources: tuple[tuple[int, ...], ...], irreps: Irreps) -> Tensor:
        parts, lead = self.segments(operand), self.lead(operand)
        out = _zeros(irreps, lead)
        for n, chosen in enumerate(sources):
            for source in chosen:
                out[n] = out[n] + parts[source]
        return _flatten(out, lead)

    def combine(self, terms: tuple[tuple[Fraction, int], ...], irreps: Irreps) -> Tensor:
        total = torch.zeros(irreps.dim, dtype=torch.float64)
        for factor, operand in terms:
            total = total + float(factor) * self.done[operand]
        return total

    def dot(self, left: int, right: int) -> Tensor:
        pairs = zip(self.segments(left), self.segments(right), strict=True)
        return _flatten([(x * y).sum(dim=-1, keepdim=True) for x, y in pairs], self.lead(left, right))

    def gating(self, gates: int, gated: int) -> Tensor:
        factors, lead = self.done[gates], self.lead(gates, gated)
        out, start = [], 0
        for part in self.segments(gated):
            out.append(factors[..., start : start + part.shape[-2], None] * part)
            start += part.shape[-2]
        return _flatten(out, lead)


# ------------------------------------------------------------------- tensors


def _lead(tensors: Sequence[Tensor]) -> tuple[int, ...]:
    """The common leading dimensions; a tensor without any is the same for all elements."""
    shapes = [tuple(tensor.shape[:-1]) for tensor in tensors if tensor.dim() > 1]
    if any(shape != shapes[0] for shape in shapes):
        raise ValueError(f"leading dimensions differ: {', '.join(map(str, shapes))}")
    return shapes[0] if shapes else ()


def _zeros(irreps: Irreps, lead: Sequence[int]) -> list[Tensor]:
    return [torch.zeros(*lead, segment.mul, segment.irrep.dim, dtype=torch.float64) for segment in irreps]


def _flatten(parts: Sequence[Tensor], lead: Sequence[int]) -> Tensor:
    """Segments `[..., mul, 2l+1]` side by side in memory order."""
    flat = [part.flatten(-2).expand(*lead, part.shape[-2] * part.shape[-1]) for part in parts]
    return torch.cat([*flat, torch.zeros(*lead, 0, dtype=torch.float64)], dim=-1)


def _concatenate(tensors: Sequence[Tensor]) -> Tensor:
    lead = _lead(tensors)
    return torch.cat([tensor.expand(*lead, tensor.shape[-1]) for tensor in tensors], dim=-1)


def _weight_shape(mode: Mode, x: Tensor, y: Tensor, out: int) -> tuple[int, ...]:
    """Shape of a path's weight; `x` and `y` are `[..., channels or pairs of channels, components]`."""
    match mode:
        case Mode.UUU | Mode.UVU_LESS:
            return (x.shape[-2],)
        case Mode.UVU | Mode.UVV | Mode.UVUV:
            return (x.shape[-2], y.shape[-2])
        case Mode.UUW | Mode.U_LESS_VW:
            return (x.shape[-2], out)
        case Mode.UVW:
            return (x.shape[-2], y.shape[-2], out)
        case _:
            assert_never(mode)


def _w3j(dim1: int, dim2: int, dim3: int, convention: str) -> Tensor:
    """The 3j tensor of three irreps, given by their dimensions 2l+1."""
    return torch.tensor(clebsch.dense(dim1 // 2, dim2 // 2, dim3 // 2, convention), dtype=torch.float64)


def _couple(x: Tensor, y: Tensor, dim: int, convention: str) -> Tensor:
    """Two segments at a tree's vertex: channel by channel, a single channel shared, by the isometry sqrt(2l+1) w3j."""
    vertex = sqrt(dim) * _w3j(x.shape[-1], y.shape[-1], dim, convention)
    channels = max(x.shape[-2], y.shape[-2]) if min(x.shape[-2], y.shape[-2]) else 0
    x, y = (part.expand(*part.shape[:-2], channels, part.shape[-1]) for part in (x, y))
    return torch.einsum("ijk,...ui,...uj->...uk", vertex, x, y)


def _contract(tree: FusionTree, leaves: Mapping[str, Tensor]) -> Tensor:
    match tree:
        case Leaf():
            return leaves[tree.name]
        case Vertex():
            return _couple(_contract(tree.left, leaves), _contract(tree.right, leaves), tree.irrep.dim, "e3nn")
        case _:
            assert_never(tree)


def _harmonics(r: Tensor, lmax: int, normalize: bool, norm: Norm) -> Tensor:
    """The harmonics as the polynomials they are, monomial by monomial.

    At every point of the unit sphere the sum of squares of Y_l is 2l+1 with `component` norm and 1 with `norm`; with
    `integral` the integral of each component's square over the sphere is 1.
    """
    if normalize:
        square = (r * r).sum(dim=-1, keepdim=True)
        r = r / torch.where(square > 0, square, 1).sqrt()
    columns = []
    for l in range(lmax + 1):
        for terms in harmonic_polynomial(l):
            column = torch.zeros(r.shape[:-1], dtype=torch.float64)
            for powers, coefficient in terms:
                column = column + float(coefficient) * _monomial(r, powers)
            columns.append(_harmonic_factor(norm, l) * column)
    return torch.stack(columns, dim=-1)


def _monomial(r: Tensor, powers: Sequence[int]) -> Tensor:
    """x^a y^b z^c by multiplication alone: `pow` has no second derivative at zero."""
    out = torch.ones(r.shape[:-1], dtype=torch.float64)
    for axis, power in enumerate(powers):
        for _ in range(power):
            out = out * r[..., axis]
    return out


def _harmonic_factor(norm: Norm, l: int) -> float:
    match norm:
        case Norm.COMPONENT:
            return 1.0
        case Norm.NORM:
            return 1 / sqrt(2 * l + 1)
        case Norm.INTEGRAL:
            return 1 / sqrt(4 * pi)
        case Norm.NONE:
            raise AssertionError("spherical harmonics always have a norm")
        case _:
            assert_never(norm)
