"""Compiled modules against e3nn: the published problems, every mode and option, and two layers built of its parts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from e3nn import o3
from random_products import MODES, double_precision, random_call, random_product
from torch import Tensor

import fusionc
from fusionc.interop.e3nn import copy_weights, to_fusion

ROOT = Path(__file__).parents[2]
PROBLEMS = json.loads((ROOT / "benchmarks" / "problems.json").read_text())
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5}
LINEARS = [("inside", False), ("inside", True), ("shared", False), ("shared", True), ("separate", False)]
"""Whose weights, and whether with biases. e3nn 0.6 cannot make a linear with a bias for each element."""
SEEDS_A_BLOCK = 5
"""Seeds in one test; a failure names its seed."""


@pytest.fixture(autouse=True)
def in_double_precision() -> Iterator[None]:
    with double_precision():
        yield


def compiled(tp: Any, dtype: torch.dtype = torch.float64) -> torch.nn.Module:
    module = fusionc.load(to_fusion(tp))(dtype=dtype)
    copy_weights(tp, module)
    return module


def product_of(problem: dict[str, Any]) -> Any:
    torch.manual_seed(0)
    return o3.TensorProduct(
        problem["irreps_in1"],
        problem["irreps_in2"],
        problem["irreps_out"],
        [tuple(instruction) for instruction in problem["instructions"]],
        shared_weights=problem["shared_weights"],
        internal_weights=problem["shared_weights"],
    )


def close(found: Tensor, wanted: Tensor, what: str) -> None:
    """Within the tolerance of the dtype, relative to the largest entry."""
    assert found.shape == wanted.shape, what
    scale = wanted.abs().max().item() if wanted.numel() else 0.0
    error = (found - wanted).abs().max().item() if wanted.numel() else 0.0
    assert error <= TOLERANCE[found.dtype] * max(scale, 1e-3), f"{what}: {error / max(scale, 1e-3):.1e}"


def flat_gradients(module: torch.nn.Module, gradients: Sequence[Tensor]) -> Tensor:
    """Gradients of w or w0, w1, .. and of b or b0, b1, .. as one vector, laid out as e3nn's weight and bias."""
    named = zip([name for name, _ in module.named_parameters()], gradients, strict=True)
    ordered = sorted(named, key=lambda pair: (pair[0][0] != "w", int(pair[0][1:] or 0)))
    return torch.cat([gradient.flatten() for _, gradient in ordered])


def agree(tp: Any, dtype: torch.dtype, second: bool = False, rows: int = 5) -> None:
    """Values, gradients and with `second` double gradients of an e3nn module and of what its program compiles to."""
    tp = tp.to(dtype)
    module = compiled(tp, dtype)
    call = [tensor.requires_grad_() for tensor in random_call(tp, 1, rows, dtype)]
    theirs, ours = tp(*call), module(*call)
    close(ours, theirs, "output")
    seen = torch.randn(theirs.shape, generator=torch.Generator().manual_seed(2)).to(dtype)
    their_leaves, our_leaves = [*call, *tp.parameters()], [*call, *module.parameters()]
    if not theirs.requires_grad:
        return
    their_first = torch.autograd.grad(
        theirs, their_leaves, seen, create_graph=second, allow_unused=True, materialize_grads=True
    )
    our_first = torch.autograd.grad(
        ours, our_leaves, seen, create_graph=second, allow_unused=True, materialize_grads=True
    )
    compare_gradients(module, our_first, their_first, len(call), "gradient")
    if second:
        their_norm, our_norm = (sum(g.square().sum() for g in found[: len(call)]) for found in (their_first, our_first))
        their_second = torch.autograd.grad(their_norm, their_leaves, allow_unused=True, materialize_grads=True)
        our_second = torch.autograd.grad(our_norm, our_leaves, allow_unused=True, materialize_grads=True)
        compare_gradients(module, our_second, their_second, len(call), "double gradient")


def compare_gradients(
    module: torch.nn.Module, ours: Sequence[Tensor], theirs: Sequence[Tensor], arguments: int, what: str
) -> None:
    for n in range(arguments):
        close(ours[n], theirs[n], f"{what} of argument {n}")
    if len(theirs) > arguments:
        flat = torch.cat([gradient.flatten() for gradient in theirs[arguments:]])
        close(flat_gradients(module, ours[arguments:]), flat, f"{what} of the weights")


# --------------------------------------------------------- published problems


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem["label"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_published_problem(problem: dict[str, Any], dtype: torch.dtype) -> None:
    agree(product_of(problem), dtype)


@pytest.mark.parametrize("label", ["mace-medium", "nequip-water", "tetris-poly-1", "DiffDock-L=1"])
def test_double_gradients_of_a_published_problem(label: str) -> None:
    (problem,) = [problem for problem in PROBLEMS if problem["label"] == label]
    agree(product_of(problem), torch.float64, second=True, rows=3)


# ------------------------------------------------------ modes, normalisations


@pytest.mark.parametrize("block", range(8))
def test_random_instruction_lists(block: int) -> None:
    for seed in range(block * SEEDS_A_BLOCK, (block + 1) * SEEDS_A_BLOCK):
        agree_seed(seed, MODES)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(8, 60))
def test_many_random_instruction_lists(block: int) -> None:
    for seed in range(block * SEEDS_A_BLOCK, (block + 1) * SEEDS_A_BLOCK):
        agree_seed(seed, MODES)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode(mode: str) -> None:
    for seed in range(3):
        agree_seed(seed, (mode,))


def agree_seed(seed: int, modes: tuple[str, ...]) -> None:
    tp = random_product(seed, modes)
    try:
        agree(tp, torch.float64, second=seed % 3 == 0)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}, {tp.instructions}:\n{to_fusion(tp)}") from error


@pytest.mark.parametrize("norm", ["component", "norm", "none"])
@pytest.mark.parametrize("path_norm", ["element", "path", "none"])
def test_every_normalisation(norm: str, path_norm: str) -> None:
    for mode in ("uvw", "uvu"):
        out, paths = ("4x0e + 3x1o + 2x1e", None) if mode == "uvw" else ("4x0e + 2x1o + 4x1o", UVU)
        options = {"irrep_normalization": norm, "path_normalization": path_norm}
        if paths is None:
            tp = o3.FullyConnectedTensorProduct("4x0e + 2x1o", "3x0e + 1x1o", out, **options)
        else:
            tp = o3.TensorProduct("4x0e + 2x1o", "3x0e + 1x1o", out, paths, **options)
        agree(tp, torch.float64)


UVU = [(0, 0, 0, "uvu", True), (1, 0, 1, "uvu", True), (0, 1, 2, "uvu", True)]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_products_without_weights_and_squares(dtype: torch.dtype) -> None:
    agree(o3.FullTensorProduct("4x0e + 2x1o + 1x2e", "3x0e + 1x1o"), dtype, second=True)
    agree(o3.ElementwiseTensorProduct("4x0e + 2x1o", "6x1o"), dtype, second=True)
    agree(o3.TensorSquare("3x0e + 2x1o"), dtype, second=True)
    agree(o3.TensorSquare("3x0e + 2x1o", "3x0e + 2x2e + 2x1o"), dtype, second=True)


@pytest.mark.parametrize(("owner", "biases"), LINEARS)
def test_linear(owner: str, biases: bool) -> None:
    linear = o3.Linear(
        "4x0e + 2x1o + 3x0e + 2x1e", "3x0e + 1x1o + 2x0e", biases=biases,
        internal_weights=owner == "inside", shared_weights=owner != "separate",
    )  # fmt: skip
    with torch.no_grad():
        linear.bias.copy_(torch.arange(linear.bias.numel()) + 1.0)
    agree(linear, torch.float64, second=True)


# --------------------------------------------------------------------- layers


def graph(nodes: int, edges: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Edge vectors, edge_index and species."""
    generator = torch.Generator().manual_seed(seed)
    r = torch.randn(edges, 3, generator=generator)
    edge_index = torch.randint(nodes, (2, edges), generator=generator)
    return r, edge_index, torch.randint(3, (nodes,), generator=generator)


def test_nequip_layer_of_e3nn_parts() -> None:
    c, functions, nodes = 4, 8, 9
    module = fusionc.load(ROOT / "examples/nequip_layer/nequip_layer.fusion", C=c, G=2 * c)(
        num_species=3, dtype=torch.float64
    )
    r, edge_index, species = graph(nodes, 40, seed=0)
    x, f = torch.randn(nodes, 9 * c, requires_grad=True), torch.randn(40, functions)
    weights = dict(module.named_parameters())

    features = o3.Irreps(f"{c}x0e + {c}x1o + {c}x2e")
    labels = [o3.Irrep(name) for name in ("0e", "1o", "2e")]
    found = [
        (n, m, ir) for n, (_, a) in enumerate(features) for m, (_, b) in enumerate(o3.Irreps("0e + 1o + 2e"))
        for ir in a * b if ir in labels
    ]  # fmt: skip
    middle, places, _ = o3.Irreps([(c, ir) for *_, ir in found]).sort()
    paths = sorted(((n, m, places[k], "uvu", True) for k, (n, m, _) in enumerate(found)), key=lambda path: path[2])
    product = o3.TensorProduct(features, "0e + 1o + 2e", middle, paths, shared_weights=False)
    before = o3.Irreps(f"{c}x0e + {2 * c}x0e + {c}x1o + {c}x2e")
    mix = {
        name: o3.Linear(start, end, internal_weights=False, shared_weights=shared)
        for name, start, end, shared in (
            ("u", features, features, True),
            ("g", f"{functions}x0e", "64x0e", True),
            ("m", "64x0e", f"{product.weight_numel}x0e", True),
            ("p", middle, before, True),
            ("K", features, before, False),
        )
    }  # fmt: skip
    y = o3.spherical_harmonics([0, 1, 2], r, normalize=True, normalization="component")
    hidden = torch.nn.functional.silu(mix["g"](f, weights["g_weight"]))
    u = mix["u"](x, weights["u_weight"])
    m = product(u[edge_index[0]], y, mix["m"](hidden, weights["m_weight"]))
    a = torch.zeros(nodes, middle.dim).index_add(0, edge_index[1], m) * 0.25
    p = mix["p"](a, weights["p_weight"]) + mix["K"](x, weights["K"][species])
    scalars, gates, vectors = p[:, :c], torch.sigmoid(p[:, c : 3 * c]), p[:, 3 * c :]
    gated = o3.ElementwiseTensorProduct(f"{c}x1o + {c}x2e", f"{2 * c}x0e")(vectors, gates)
    wanted = torch.cat([torch.nn.functional.silu(scalars), gated], dim=1)

    ours = module(x, r, f, edge_index, species)
    close(ours, wanted, "layer")
    leaves = [x, *weights.values()]
    for name, mine, theirs in zip(
        ("x", *weights),
        torch.autograd.grad(ours.square().sum(), leaves),
        torch.autograd.grad(wanted.square().sum(), leaves),
        strict=True,
    ):
        close(mine, theirs, f"gradient of {name}")


def test_convolution_of_e3nn_parts() -> None:
    c, nodes, edges = 4, 7, 30
    module = fusionc.load(ROOT / "examples/conv/conv.fusion", C=c)(dtype=torch.float64)
    r, edge_index, _ = graph(nodes, edges, seed=1)
    r.requires_grad_()
    features = o3.Irreps(f"{c}x0e + {c}x1o + {c}x2e")
    full = o3.Irreps("0e + 1o + 2e + 3o")
    found = [
        (n, m, ir) for n, (_, a) in enumerate(features) for m, (_, b) in enumerate(full)
        for ir in a * b if ir in [label for _, label in full]
    ]  # fmt: skip
    middle, places, _ = o3.Irreps([(c, ir) for *_, ir in found]).sort()
    paths = sorted(((n, m, places[k], "uvu", True) for k, (n, m, _) in enumerate(found)), key=lambda path: path[2])
    product = o3.TensorProduct(features, full, middle, paths, shared_weights=False)
    linear = o3.Linear(middle, module.irreps_out["h"], internal_weights=False, shared_weights=True)
    x, weights = torch.randn(nodes, features.dim), torch.randn(edges, product.weight_numel)

    y = o3.spherical_harmonics([0, 1, 2, 3], r, normalize=True, normalization="component")
    a = torch.zeros(nodes, middle.dim).index_add(0, edge_index[1], product(x[edge_index[0]], y, weights))
    wanted = linear(a, module.h_weight)
    ours = module(x, r, weights, edge_index)
    close(ours, wanted, "convolution")
    force, their_force = (torch.autograd.grad(h.square().sum(), r)[0] for h in (ours, wanted))
    close(force, their_force, "gradient of r")
