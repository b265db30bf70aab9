"""MACE's `SymmetricContraction` as a program, and the exact linear map between its weights and ours.

MACE weighs, for each output irrep and order, every column of a tensor `U[k, i1, .., in, path]`; `sympow` weighs the
linearly independent symmetric products. Contracted with n copies of the same A both are homogeneous polynomials in A,
so that a column of U is a combination of ours, found from the coefficients of the monomials: `ours = matrix @ theirs`,
for each class and channel. U holds whatever coupling signs and normalisation made it; the matrix absorbs them, also
those of e3nn 0.4, which MACE pins.

There are at least as many paths in MACE as here (23 for 8 at order 3 of 0e+1o+2e+3o to 0e), so that the way back is the
pseudo-inverse: the smallest of the MACE weights that mean the same function.

    text, weights = import_symmetric_contraction(module)
    product = fusionc.load(text, dtype="float64")(num_species=...)
    product.load_state_dict(weights)
    product(features_from_mace(x, irreps_in), species)          # equals module(x, one_hot(species))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import prod, sqrt
from typing import Any

import torch
from torch import Tensor

from fusionc.algebra import clebsch
from fusionc.algebra.irrep import Irrep, Irreps, Segment
from fusionc.check.ir import CheckedDiagram, Power, PowerPath
from fusionc.compiler import check_source, plan_source
from fusionc.options import CompileOptions
from fusionc.source import Source

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5}
"""Largest relative residual of the map, by the dtype that holds U."""


@dataclass(frozen=True, slots=True)
class Contraction:
    """What a `SymmetricContraction` holds, read from the module or put together by hand.

    `bases[o][n - 1]` is the tensor U of output segment o at order n: `[2l+1, D, .., D, paths]` with n axes of
    D = sum of 2l+1 over the input irreps, the first axis missing for l = 0. `weights[o][n - 1]` is
    `[elements, paths, channels]`. Every segment of both irreps has the multiplicity `channels`.
    """

    irreps_in: Irreps
    irreps_out: Irreps
    bases: tuple[tuple[Tensor, ...], ...]
    weights: tuple[tuple[Tensor, ...], ...]

    @property
    def correlation(self) -> int:
        return len(self.bases[0])


@dataclass(frozen=True, slots=True)
class WeightMap:
    """`ours[path] = matrix[path, their_path] theirs[their_path]` for one output segment and order, class and channel.

    `offsets[path]` is where our path's weights (one a channel) start in the flat weight of a class. The residual is
    the largest coefficient that was left over, relative to the largest of U.
    """

    out: int
    order: int
    offsets: tuple[int, ...]
    matrix: Tensor
    residual: float


def import_symmetric_contraction(
    module: Any, name: str = "product", options: CompileOptions | None = None
) -> tuple[str, dict[str, Tensor]]:
    """The program of a MACE `SymmetricContraction` and the state of its compiled module, `{"W": [elements, numel]}`.

    `module` may also be a `Contraction`. A module held in float32 has a float32 U, and the map is as good as that:
    convert a model in float64 (`torch.set_default_dtype` before it is built) to lose nothing. With `options.weights`
    "reduced" it is the state of the module that is compiled with the same choice.

    Raises TypeError for a module that does not hold its U (cuEquivariance's), ValueError when U is not in the span of
    the symmetric products of its irreps.
    """
    contraction = module if isinstance(module, Contraction) else read_contraction(module)
    text = program(contraction, name)
    flat = import_weights(contraction, weight_maps(contraction, text, options))
    options = options or CompileOptions()
    (plan,) = plan_source(Source("contraction.fusion", text), options).plans
    reduced = {found.reduced_name: found.reduce(flat) for found in plan.weight_maps}
    return text, reduced or {"W": flat}


def import_weights(contraction: Contraction, maps: Sequence[WeightMap]) -> Tensor:
    """The flat weights of `sympow`, `[elements, numel]`, that give what the contraction's own give."""
    channels = contraction.irreps_in[0].mul
    first = contraction.weights[0][0]
    flat = first.new_zeros(first.shape[0], channels * sum(len(part.offsets) for part in maps))
    for part in maps:
        theirs = contraction.weights[part.out][part.order - 1].detach()
        ours = torch.einsum("pq,eqc->epc", part.matrix, theirs.double())
        for path, offset in enumerate(part.offsets):
            flat[:, offset : offset + channels] = ours[:, path].to(flat.dtype)
    return flat


def export_weights(flat: Tensor, contraction: Contraction, maps: Sequence[WeightMap]) -> tuple[tuple[Tensor, ...], ...]:
    """Weights of MACE, `[o][n - 1]` of `[elements, paths, channels]`, that give what the flat weight of ours gives.

    The smallest such weights. Raises ValueError where MACE's paths do not reach what ours do (order 4, where it leaves
    out intermediate irreps of unnatural parity).
    """
    channels = contraction.irreps_in[0].mul
    found = [[torch.zeros_like(theirs) for theirs in row] for row in contraction.weights]
    for part in maps:
        if not part.offsets:
            continue
        ours = torch.stack([flat[:, offset : offset + channels] for offset in part.offsets], dim=1).double()
        theirs = torch.einsum("qp,epc->eqc", torch.linalg.pinv(part.matrix), ours)
        again = torch.einsum("pq,eqc->epc", part.matrix, theirs)
        if not torch.allclose(again, ours, rtol=0, atol=1e-9 * float(ours.abs().max())):
            raise ValueError(f"order {part.order} to {contraction.irreps_out[part.out].irrep} has no equal in MACE")
        found[part.out][part.order - 1] = theirs.to(flat.dtype)
    return tuple(tuple(row) for row in found)


def read_contraction(module: Any) -> Contraction:
    """The tensors of a `mace.modules.symmetric_contraction.SymmetricContraction`, on the CPU."""
    if not hasattr(module, "contractions"):
        raise TypeError(f"no SymmetricContraction that holds its U tensors but a {type(module).__name__}")
    irreps_in = Irreps(tuple(Segment(mul, Irrep(ir.l, ir.p)) for mul, ir in module.irreps_in))
    channels = irreps_in[0].mul
    return Contraction(
        irreps_in,
        Irreps(tuple(Segment(channels, Irrep(ir.l, ir.p)) for _, ir in module.irreps_out)),
        tuple(_plain(part.U_tensors(n) for n in range(1, part.correlation + 1)) for part in module.contractions),
        tuple(_plain((*reversed(list(part.weights)), part.weights_max)) for part in module.contractions),
    )


def _plain(tensors: Iterable[Tensor]) -> tuple[Tensor, ...]:
    return tuple(tensor.detach().cpu() for tensor in tensors)


def program(contraction: Contraction, name: str = "product") -> str:
    """The diagram called `name`: A[i] and species to B[i], with weights `W` per species."""
    last = contraction.correlation
    if any(len(row) != last for row in contraction.bases):
        raise ValueError("the outputs have different correlations: import one contraction for each")
    return "\n".join(
        [
            "fusion 1",
            "",
            f"diagram {name} {{",
            f"  input A[i] : {_text(contraction.irreps_in)}",
            "  weight W[i] : per species",
            "",
            f"  B[i] : {_text(contraction.irreps_out)} = sympow(A[i], 1..{last}) with weights=W[i], path_norm=none",
            "  output B[i]",
            "}",
            "",
        ]
    )


def _text(irreps: Irreps) -> str:
    return " + ".join(str(segment) for segment in irreps)


def features_from_mace(x: Tensor, irreps: Irreps) -> Tensor:
    """`[nodes, channels, D]`, the irreps side by side in each channel, as `[nodes, channels * D]` in `mul_ir`."""
    parts = x.split([segment.irrep.dim for segment in irreps], dim=-1)
    return torch.cat([part.flatten(-2) for part in parts], dim=-1)


def features_to_mace(x: Tensor, irreps: Irreps) -> Tensor:
    """The inverse of `features_from_mace`."""
    parts = [
        x[..., start:stop].unflatten(-1, (segment.mul, segment.irrep.dim))
        for segment, (start, stop) in zip(irreps, irreps.slices, strict=True)
    ]
    return torch.cat(parts, dim=-1)


# ------------------------------------------------------------------------- map


def weight_maps(
    contraction: Contraction, text: str | None = None, options: CompileOptions | None = None
) -> tuple[WeightMap, ...]:
    """The maps, by output segment and order, onto the weights of the `sympow` in `text` (by default `program`'s).

    That is the only `sympow` of the diagram `options.entry`, or of the first one. Its operand and its ascription must
    be the contraction's irreps, and its orders start at 1.
    """
    options = options or CompileOptions()
    checked = check_source(Source("contraction.fusion", text or program(contraction)), options).program
    diagram = next(found for found in checked.diagrams if options.entry in (None, found.name))
    paths = _power(diagram).paths
    dims = [segment.irrep.dim for segment in contraction.irreps_in]
    found = []
    for order in range(1, contraction.correlation + 1):
        monomials = _monomials(sum(dims), order)
        for out, row in enumerate(contraction.bases):
            chosen = [path for path in paths if path.out == out and len(path.leaves) == order]
            found.append(_solve(out, order, chosen, row[order - 1], dims, monomials, diagram.convention))
    return tuple(sorted(found, key=lambda part: (part.out, part.order)))


def _power(diagram: CheckedDiagram) -> Power:
    (power,) = [value.op for value in diagram.values if isinstance(value.op, Power)]
    return power


def _solve(
    out: int,
    order: int,
    paths: Sequence[PowerPath],
    basis: Tensor,
    dims: Sequence[int],
    monomials: Tensor,
    convention: str,
) -> WeightMap:
    if basis.dtype not in TOLERANCE:
        raise ValueError(f"U is held in {basis.dtype}: convert the module to float32 or float64 first")
    count = int(monomials.max()) + 1
    size = sum(dims)
    flat = basis.detach().double().reshape(-1, size**order, basis.shape[-1])
    theirs = flat.new_zeros(flat.shape[0], count, flat.shape[-1]).index_add(1, monomials, flat).flatten(0, 1)
    columns = [_coefficients(path, dims, monomials, count, convention).flatten() for path in paths]
    ours = torch.stack(columns, dim=1) if columns else theirs.new_zeros(theirs.shape[0], 0)
    matrix = torch.linalg.lstsq(ours, theirs).solution if columns else theirs.new_zeros(0, theirs.shape[1])
    largest = float(theirs.abs().max())
    residual = float((ours @ matrix - theirs).abs().max()) / largest if largest else 0.0
    if residual > TOLERANCE[basis.dtype]:
        raise ValueError(
            f"U of order {order} for output {out} is no symmetric product of these irreps ({residual:.1e})"
        )
    offsets = [path.weight.offset for path in paths if path.weight is not None]
    return WeightMap(out, order, tuple(offsets), matrix, residual)


def _monomials(size: int, order: int) -> Tensor:
    """For each of the `size**order` index tuples, row-major, the position of its monomial."""
    position = torch.zeros((size,) * order, dtype=torch.int64)
    tuples = torch.tensor(list(combinations_with_replacement(range(size), order)))
    position[tuple(tuples.T)] = torch.arange(len(tuples))
    every = torch.cartesian_prod(*[torch.arange(size)] * order).reshape(-1, order).sort(dim=1).values
    return position[tuple(every.T)]


def _coefficients(path: PowerPath, dims: Sequence[int], monomials: Tensor, count: int, convention: str) -> Tensor:
    """`[2l+1, monomials]`: the polynomial of a path with weight 1."""
    widths = [dims[leaf] for leaf in path.leaves]
    tensor = torch.eye(widths[0], dtype=torch.float64)
    for label, width in zip(path.labels, widths[1:], strict=True):
        w3j = torch.from_numpy(clebsch.dense(tensor.shape[0] // 2, width // 2, label.l, convention))
        tensor = torch.einsum("ijk,ia->kaj", sqrt(label.dim) * w3j, tensor).flatten(1)
    starts = [sum(dims[:leaf]) for leaf in path.leaves]
    places = torch.zeros(prod(widths), dtype=torch.int64)
    axes = [torch.arange(start, start + width) for start, width in zip(starts, widths, strict=True)]
    for axis in torch.meshgrid(*axes, indexing="ij"):
        places = places * sum(dims) + axis.flatten()
    polynomial = tensor.new_zeros(tensor.shape[0], count)
    return float(path.factor) * polynomial.index_add(1, monomials[places], tensor)
