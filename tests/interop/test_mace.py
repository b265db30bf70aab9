"""The map of product-basis weights, against contractions put together here from coupling tensors."""

from __future__ import annotations

import pytest
import torch
from e3nn import o3
from torch import Tensor

import fusionc
from fusionc.algebra.irrep import Irrep, Irreps
from fusionc.compiler import check_source
from fusionc.interop.mace import (
    Contraction,
    export_weights,
    features_from_mace,
    features_to_mace,
    import_symmetric_contraction,
    weight_maps,
)
from fusionc.options import CompileOptions
from fusionc.reference import evaluate
from fusionc.source import Source

CHANNELS, ELEMENTS, NODES = 3, 2, 4


def combs(irreps: Irreps, order: int) -> list[tuple[Irrep, Tensor]]:
    """Every left-comb tree as a dense tensor `[D, .., D, 2l+1]`, redundant ones included, with e3nn's 3j."""
    size = sum(segment.irrep.dim for segment in irreps)
    leaves, start = [], 0
    for segment in irreps:
        leaf = torch.zeros(size, segment.irrep.dim, dtype=torch.float64)
        leaf[start : start + segment.irrep.dim] = torch.eye(segment.irrep.dim)
        leaves.append((segment.irrep, leaf))
        start += segment.irrep.dim
    trees = leaves
    for _ in range(order - 1):
        trees = [
            (
                out,
                torch.einsum("...i,bj,ijk->...bk", tree, leaf, o3.wigner_3j(left.l, right.l, out.l, dtype=tree.dtype)),
            )
            for left, tree in trees
            for right, leaf in leaves
            for out in left * right
        ]
    return trees


def contraction(irreps_in: str, irreps_out: str, correlation: int, seed: int) -> Contraction:
    generator = torch.Generator().manual_seed(seed)
    sources, targets = Irreps.parse(irreps_in), Irreps.parse(irreps_out)
    bases, weights = [], []
    for target in targets:
        rows = []
        for order in range(1, correlation + 1):
            trees = [tree for irrep, tree in combs(sources, order) if irrep == target.irrep]
            stacked = torch.stack(trees, dim=-1).movedim(-2, 0)
            rows.append(stacked[0] if target.irrep.l == 0 else stacked)
        bases.append(tuple(rows))
        shapes = [(ELEMENTS, row.shape[-1], CHANNELS) for row in rows]
        weights.append(tuple(torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes))
    return Contraction(sources, targets, tuple(bases), tuple(weights))


def contract(given: Contraction, weights: tuple[tuple[Tensor, ...], ...], x: Tensor, species: Tensor) -> Tensor:
    """What MACE computes: sum over orders of U contracted with the features of each channel and the weights."""
    columns = []
    for target, bases, rows in zip(given.irreps_out, given.bases, weights, strict=True):
        total = x.new_zeros(*x.shape[:2], target.irrep.dim)
        for basis, weight in zip(bases, rows, strict=True):
            term = (basis if target.irrep.l else basis[None]).expand(
                *x.shape[:2], *([-1] * (basis.ndim + (not target.irrep.l)))
            )
            while term.ndim > 4:
                term = torch.einsum("nc...ip,nci->nc...p", term, x)
            total = total + torch.einsum("nckp,npc->nck", term, weight[species])
        columns.append(total.flatten(1))
    return torch.cat(columns, dim=1)


def ours(given: Contraction, x: Tensor, species: Tensor, weights: dict[str, Tensor], text: str) -> Tensor:
    diagram = check_source(Source("product.fusion", text), CompileOptions()).program.diagrams[0]
    arguments: dict[str, Tensor | int] = {"A": features_from_mace(x, given.irreps_in), "species": species}
    return evaluate(diagram, arguments, weights)[0]


CASES = [
    ("3x0e+3x1o+3x2e+3x3o", "3x0e+3x1o+3x2e", 1),
    ("3x0e+3x1o+3x2e+3x3o", "3x0e+3x1o+3x2e", 2),
    ("3x0e+3x1o+3x2e", "3x0e+3x1o+3x2e", 3),
    ("3x0e+3x1o", "3x0e+3x1o", 4),
]


@pytest.mark.parametrize(("irreps_in", "irreps_out", "correlation"), CASES)
def test_imported_weights_mean_the_same(irreps_in: str, irreps_out: str, correlation: int) -> None:
    given = contraction(irreps_in, irreps_out, correlation, seed=correlation)
    generator = torch.Generator().manual_seed(7)
    x = torch.randn(
        NODES, CHANNELS, sum(s.irrep.dim for s in given.irreps_in), generator=generator, dtype=torch.float64
    )
    species = torch.tensor([0, 1, 1, 0])
    text, weights = import_symmetric_contraction(given)
    wanted = contract(given, given.weights, x, species)
    assert (ours(given, x, species, weights, text) - wanted).abs().max() <= 1e-12 * wanted.abs().max()

    maps = weight_maps(given)
    assert max(found.residual for found in maps) <= 1e-12
    back = export_weights(weights["W"], given, maps)
    again = contract(given, back, x, species)
    assert (again - wanted).abs().max() <= 1e-11 * wanted.abs().max()
    for mine, theirs in zip(sum(back, ()), sum(given.weights, ()), strict=True):
        assert mine.norm() <= theirs.norm() * (1 + 1e-12)


def test_imported_weights_reach_the_reduced_module() -> None:
    """The basis that the compiler computes with is not `sympow`'s: the weights go through both maps."""
    given = contraction("3x0e+3x1o+3x2e", "3x0e+3x1o+3x2e", 3, seed=3)
    generator = torch.Generator().manual_seed(7)
    x = torch.randn(NODES, CHANNELS, 9, generator=generator, dtype=torch.float64)
    species = torch.tensor([0, 1, 1, 0])
    text, state = import_symmetric_contraction(given, options=CompileOptions(weights="reduced"))
    assert list(state) == ["W_reduced"]
    module = fusionc.load(text, dtype="float64", weights="reduced")(num_species=ELEMENTS)
    module.load_state_dict(state)
    wanted = contract(given, given.weights, x, species)
    found = module(features_from_mace(x, given.irreps_in), species)
    assert (found - wanted).abs().max() <= 1e-12 * wanted.abs().max()


def test_the_map_counts_independent_paths() -> None:
    given = contraction("3x0e+3x1o+3x2e", "3x0e+3x1o+3x2e", 3, seed=0)
    shapes = [tuple(found.matrix.shape) for found in weight_maps(given) if found.order == 3]
    assert [ours for ours, _ in shapes] == [5, 5, 6]
    assert all(theirs > ours for ours, theirs in shapes)


def test_a_tensor_outside_the_span_is_refused() -> None:
    given = contraction("3x0e+3x1o", "3x0e", 2, seed=0)
    basis = torch.zeros_like(given.bases[0][1])
    basis[1, 1, 0] = 1.0  # the square of one component of a vector is no invariant
    wrong = Contraction(given.irreps_in, given.irreps_out, ((given.bases[0][0], basis),), given.weights)
    with pytest.raises(ValueError, match="no symmetric product"):
        weight_maps(wrong)


def test_half_precision_is_refused() -> None:
    given = contraction("3x0e+3x1o", "3x0e", 1, seed=0)
    with pytest.raises(ValueError, match="float32 or float64"):
        weight_maps(Contraction(given.irreps_in, given.irreps_out, ((given.bases[0][0].half(),),), given.weights))


def test_features_change_layout_and_back() -> None:
    irreps = Irreps.parse("3x0e+3x1o+3x2e")
    x = torch.arange(2 * 3 * 9).reshape(2, 3, 9)
    flat = features_from_mace(x, irreps)
    assert flat[0, :3].tolist() == x[0, :, 0].tolist()
    assert torch.equal(features_to_mace(flat, irreps), x)


def test_another_module_is_refused() -> None:
    with pytest.raises(TypeError, match="ReLU"):
        import_symmetric_contraction(torch.nn.ReLU())
