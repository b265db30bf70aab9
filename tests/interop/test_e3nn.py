"""Programs written from e3nn modules, read back by the checker and evaluated by the oracle."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from e3nn import o3
from random_products import MODES, double_precision, random_call, random_product
from torch import Tensor

from fusionc.compiler import check_source
from fusionc.interop import e3nn as interop
from fusionc.options import CompileOptions
from fusionc.reference import evaluate
from fusionc.source import Source

PROBLEMS = json.loads((Path(__file__).parents[2] / "benchmarks" / "problems.json").read_text())
LINEARS = [("inside", False), ("inside", True), ("shared", False), ("shared", True), ("separate", False)]
"""Whose weights, and whether with biases. e3nn 0.6 cannot make a linear with a bias for each element."""
SEEDS_A_BLOCK = 10


@pytest.fixture(autouse=True)
def in_double_precision() -> Iterator[None]:
    with double_precision():
        yield


def agree(module: Any, seed: int = 0) -> str:
    """Asserts that the program of an e3nn module, in the oracle, gives what the module gives. Returns the program."""
    text = interop.to_fusion(module)
    diagram = check_source(Source("tp.fusion", text), CompileOptions()).program.diagrams[0]
    stand_in = torch.nn.Module()
    for weight in diagram.parameters:
        stand_in.register_parameter(weight.name, torch.nn.Parameter(torch.zeros(weight.numel, dtype=torch.float64)))
    interop.copy_weights(module, stand_in)
    call = random_call(module, seed)
    names = [slot.name for slot in diagram.signature]
    (found,) = evaluate(diagram, dict(zip(names, call, strict=True)), dict(stand_in.named_parameters()))
    same(found, module(*call), text)
    return text


def same(found: Tensor, wanted: Tensor, text: str) -> None:
    assert found.shape == wanted.shape, text
    assert (found - wanted).abs().max() <= 1e-12 * wanted.abs().max().clamp(min=1e-3), text


@pytest.mark.parametrize("block", range(8))
def test_every_instruction_list(block: int) -> None:
    for seed in range(block * SEEDS_A_BLOCK, (block + 1) * SEEDS_A_BLOCK):
        agree(random_product(seed), seed)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_by_itself(mode: str) -> None:
    for seed in range(6):
        agree(random_product(seed, (mode,)), seed)


def test_random_products_cover_every_mode_and_both_forms() -> None:
    products = [random_product(seed) for seed in range(8 * SEEDS_A_BLOCK)]
    assert {i.connection_mode for tp in products for i in tp.instructions} == set(MODES)
    assert {(i.connection_mode, i.has_weight) for tp in products for i in tp.instructions} >= {
        ("uuu", False), ("uuu", True), ("uvuv", True), ("uvu<v", True), ("uuw", False)
    }  # fmt: skip
    assert any(len({i.i_out for i in tp.instructions}) < len(tp.instructions) for tp in products)


@pytest.mark.parametrize("norm", ["component", "norm", "none"])
@pytest.mark.parametrize("path_norm", ["element", "path", "none"])
@pytest.mark.parametrize("separate", [False, True])
def test_fully_connected_in_one_statement(norm: str, path_norm: str, separate: bool) -> None:
    tp = o3.FullyConnectedTensorProduct(
        "4x0e + 2x1o + 3x1o", "3x0e + 1x1o + 2x2e", "5x0e + 2x1o + 3x2e + 2x1e",
        irrep_normalization=norm, path_normalization=path_norm, shared_weights=not separate,
    )  # fmt: skip
    text = agree(tp)
    assert "segment" not in text
    assert ("norm=" in text) == (norm != "component" or path_norm != "element")


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem["label"])
def test_published_problems_are_one_statement(problem: dict[str, Any]) -> None:
    text = interop.to_fusion(product_of(problem))
    assert text.count(" = ") == 1
    assert "norm=" not in text


def product_of(problem: dict[str, Any]) -> Any:
    return o3.TensorProduct(
        problem["irreps_in1"], problem["irreps_in2"], problem["irreps_out"],
        [tuple(instruction) for instruction in problem["instructions"]],
        shared_weights=problem["shared_weights"], internal_weights=problem["shared_weights"],
    )  # fmt: skip


@pytest.mark.parametrize(
    "module",
    [
        lambda: o3.FullTensorProduct("4x0e + 2x1o", "3x0e + 1x1o"),
        lambda: o3.FullTensorProduct("4x0e + 2x1o + 1x2e", "3x0e + 1x1o", ["0e", "1o"]),
        lambda: o3.ElementwiseTensorProduct("4x0e + 2x1o", "6x1o"),
        lambda: o3.ElementwiseTensorProduct("3x1o", "3x1o"),
    ],
    ids=["full", "full-filtered", "elementwise", "elementwise-whole"],
)
def test_products_without_weights(module: Any) -> None:
    agree(module())


@pytest.mark.parametrize("irreps_out", [None, "3x0e + 2x2e + 2x1o"])
@pytest.mark.parametrize("norm", ["component", "norm"])
def test_squares(irreps_out: str | None, norm: str) -> None:
    assert "input y" not in agree(o3.TensorSquare("3x0e + 2x1o", irreps_out, irrep_normalization=norm))


@pytest.mark.parametrize("path_norm", ["element", "path"])
@pytest.mark.parametrize(("owner", "biases"), LINEARS)
def test_linear(biases: bool, path_norm: str, owner: str) -> None:
    linear = o3.Linear(
        "4x0e + 2x1o + 3x0e + 2x1e", "3x0e + 1x1o + 2x0e",
        biases=biases, path_normalization=path_norm,
        internal_weights=owner == "inside", shared_weights=owner != "separate",
    )  # fmt: skip
    randomise_bias(linear)
    assert "segment" not in agree(linear)


@pytest.mark.parametrize("owner", ["inside", "shared", "separate"])
def test_linear_path_by_path(owner: str) -> None:
    linear = o3.Linear(
        "4x0e + 2x1o + 3x0e", "3x0e + 2x0e + 1x1o", biases=[owner != "separate", False, False],
        instructions=[(2, 0), (0, 0), (0, 1), (1, 2)],
        internal_weights=owner == "inside", shared_weights=owner != "separate",
    )  # fmt: skip
    randomise_bias(linear)
    assert "segment" in agree(linear)


def randomise_bias(linear: Any) -> None:
    with torch.no_grad():
        linear.bias.copy_(torch.arange(linear.bias.numel()) + 1.0)


def test_weights_go_both_ways() -> None:
    tp, back = random_product_inside(), random_product_inside()
    with torch.no_grad():
        back.weight.zero_()
    diagram = check_source(Source("tp.fusion", interop.to_fusion(tp)), CompileOptions()).program.diagrams[0]
    stand_in = torch.nn.Module()
    for weight in diagram.parameters:
        stand_in.register_parameter(weight.name, torch.nn.Parameter(torch.zeros(weight.numel, dtype=torch.float64)))
    interop.copy_weights(tp, stand_in)
    interop.copy_weights(stand_in, back)
    assert torch.equal(back.weight, tp.weight)


def random_product_inside() -> Any:
    return next(
        tp
        for tp in map(random_product, itertools.count())
        if tp.internal_weights and len([i for i in tp.instructions if i.has_weight]) > 2
    )


@pytest.mark.parametrize("factor", [1.0, 0.1, 1 / 3, 2 / 3 * 1e-4, 1.5e-7, 12345.678901, 0.0, 2**-30])
def test_factors_keep_every_bit(factor: float) -> None:
    written = interop._scaled(factor, "x").replace("(", "").replace(")", "").split(" * ")
    exact = Fraction(1)
    for part in written[:-1]:
        assert len(part.partition(".")[2]) <= interop.DECIMALS
        exact *= Fraction(part)
    assert float(exact) == factor


def test_segments_without_channels() -> None:
    agree(o3.FullyConnectedTensorProduct("0x0e + 4x0e + 2x1o", "3x0e + 0x1o + 1x1o", "0x1e + 5x0e + 2x1o"))
    agree(o3.Linear("4x0e + 0x1o + 2x1o", "3x1o + 0x2e + 2x0e"))
    elementwise = o3.TensorProduct("4x0e", "4x0e", "0x1o + 4x0e", [(0, 0, 1, "uuu", True, 0.7)])
    assert 'zeros(x, "0x1o")' in agree(elementwise)


def test_segments_that_no_path_reaches_are_zeros() -> None:
    text = agree(o3.FullyConnectedTensorProduct("4x0e", "3x0e", "5x0e + 2x1e"))
    assert 'zeros(x, "2x1e")' in text
    agree(o3.TensorProduct("4x0e", "3x0e", "2x1e", []))
    agree(o3.Linear("4x0e", "3x1o + 2x0e"))


def test_wide_weights_are_cut() -> None:
    tp = o3.FullyConnectedTensorProduct("300x0e", "20x0e", "20x0e", shared_weights=False, compile_left_right=False)
    assert "input w : 65536x0e + 54464x0e" in interop.to_fusion(tp)


def test_wide_weights_give_the_same() -> None:
    agree(o3.FullyConnectedTensorProduct("80x0e + 1x1o", "30x0e", "30x0e + 1x1o", shared_weights=False))
    paths = [(0, 0, 0, "uvw", True), (1, 1, 0, "uuw", True)]
    text = agree(o3.TensorProduct("80x0e + 2x1o", "30x0e + 2x1o", "30x0e", paths, shared_weights=False))
    assert "weights=cat(segment(w, 0), segment(w, 1))" in text


def test_importing_needs_no_e3nn() -> None:
    program = "import sys, fusionc.interop.e3nn; print([n for n in ('e3nn', 'torch', 'numpy') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_other_modules_are_refused() -> None:
    with pytest.raises(TypeError, match="no e3nn TensorProduct or Linear but a ReLU"):
        interop.to_fusion(torch.nn.ReLU())
    with pytest.raises(ValueError, match="cannot be the name"):
        interop.to_fusion(o3.Linear("2x0e", "2x0e"), "a {\n}")
    with pytest.raises(ValueError, match="f_in"):
        interop.to_fusion(o3.Linear("2x0e", "2x0e", f_in=2, f_out=3))
