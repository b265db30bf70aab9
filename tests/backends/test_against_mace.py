"""Compiled product bases against MACE's `SymmetricContraction`, run by an interpreter of its own.

MACE pins an e3nn whose coupling signs differ, so that it cannot live beside ours: FUSIONC_MACE_PYTHON names the
interpreter that has it, and files of plain tensors are what crosses over.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import fusionc
from fusionc.algebra.irrep import Irreps
from fusionc.interop.mace import (
    Contraction,
    export_weights,
    features_from_mace,
    features_to_mace,
    import_symmetric_contraction,
    weight_maps,
)
from fusionc.options import CompileOptions

INTERPRETER = os.environ.get("FUSIONC_MACE_PYTHON")
SCRIPT = Path(__file__).parents[1] / "interop" / "dump_contraction.py"
CASES = ["correlation-1", "correlation-2", "correlation-3", "correlation-4", "pseudovectors"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not INTERPRETER, reason="FUSIONC_MACE_PYTHON names no interpreter that has MACE"),
]


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("mace") / "contractions.pt"
    environment = {**os.environ, "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [str(INTERPRETER), SCRIPT, path], capture_output=True, text=True, env=environment, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return torch.load(path, weights_only=True)


def contraction_of(case: dict[str, Any]) -> Contraction:
    return Contraction(
        Irreps.parse(case["irreps_in"]),
        Irreps.parse(case["irreps_out"]),
        tuple(tuple(row) for row in case["bases"]),
        tuple(tuple(row) for row in case["weights"]),
    )


def close(found: Tensor, wanted: Tensor, what: str, tolerance: float = 1e-10) -> None:
    assert found.shape == wanted.shape, what
    error = (found - wanted).abs().max() / wanted.abs().max().clamp(min=1e-3)
    assert error <= tolerance, f"{what}: {error:.1e}"


def test_the_cases_are_those_of_the_script(computed: dict[str, Any]) -> None:
    assert list(computed) == CASES


@pytest.mark.parametrize("convention", ["e3nn", "e3nn-0.4"])
@pytest.mark.parametrize("name", CASES)
def test_same_function_and_gradients(computed: dict[str, Any], name: str, convention: Any) -> None:
    case = computed[name]
    given = contraction_of(case)
    options = CompileOptions(convention=convention)
    text, weights = import_symmetric_contraction(given, options=options)
    module = fusionc.load(text, convention=convention)(num_species=weights["W"].shape[0], dtype=torch.float64)
    module.load_state_dict(weights)

    x = case["x"].clone().requires_grad_()
    out = module(features_from_mace(x, given.irreps_in), case["species"])
    close(out, case["out"], "output")
    grad_x, grad_w = torch.autograd.grad(out, [x, module.W], case["seen"], create_graph=True)
    close(grad_x, case["grad_x"], "gradient of x")
    (double_x,) = torch.autograd.grad(grad_x.square().sum(), x, allow_unused=True, materialize_grads=True)
    close(double_x, case["double_x"], "double gradient of x")

    # a weight of MACE acts through ours, so its gradient is the transposed map of our gradient
    channels = given.irreps_in[0].mul
    for part in weight_maps(given, text, options):
        wanted = case["grad_weights"][part.out][part.order - 1]
        if wanted is None or not part.offsets:
            continue
        ours = torch.stack([grad_w[:, offset : offset + channels] for offset in part.offsets], dim=1)
        close(torch.einsum("pq,epc->eqc", part.matrix, ours), wanted, f"weights of order {part.order}")


@pytest.mark.parametrize("name", CASES)
def test_the_map_is_exact(computed: dict[str, Any], name: str) -> None:
    given = contraction_of(computed[name])
    for part in weight_maps(given):
        assert part.residual <= 1e-12
        ours, theirs = part.matrix.shape
        assert ours <= theirs
        rank = torch.linalg.matrix_rank(part.matrix) if ours else 0
        assert rank == ours or given.correlation == 4


def test_counts_of_order_three(computed: dict[str, Any]) -> None:
    maps = weight_maps(contraction_of(computed["correlation-3"]))
    assert [tuple(part.matrix.shape) for part in maps if part.order == 3] == [(8, 23), (12, 51), (14, 65)]


@pytest.mark.parametrize("name", CASES[:3])
def test_there_and_back(computed: dict[str, Any], name: str) -> None:
    given = contraction_of(computed[name])
    maps = weight_maps(given)
    _, weights = import_symmetric_contraction(given)
    back = export_weights(weights["W"], given, maps)
    again = Contraction(given.irreps_in, given.irreps_out, given.bases, back)
    close(import_symmetric_contraction(again)[1]["W"], weights["W"], "weights")


def test_features_go_both_ways(computed: dict[str, Any]) -> None:
    case = computed["correlation-2"]
    irreps = Irreps.parse(case["irreps_in"])
    assert torch.equal(features_to_mace(features_from_mace(case["x"], irreps), irreps), case["x"])
