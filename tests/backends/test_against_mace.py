"""Compiled product bases and a whole layer against MACE itself, run by an interpreter of its own.

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
    import_weights,
    weight_maps,
)
from fusionc.options import CompileOptions

INTERPRETER = os.environ.get("FUSIONC_MACE_PYTHON")
ROOT = Path(__file__).parents[2]
CASES = ["correlation-1", "correlation-2", "correlation-3", "correlation-4", "pseudovectors"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not INTERPRETER, reason="FUSIONC_MACE_PYTHON names no interpreter that has MACE"),
]


def run_mace(script: str, *arguments: Path, **environment: str) -> str:
    """What a script of tests/interop prints when MACE's interpreter runs it."""
    fixed = {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1", "OMP_NUM_THREADS": "1"}
    command = [str(INTERPRETER), ROOT / "tests" / "interop" / script, *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **fixed, **environment}, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def saved(script: str, path: Path) -> dict[str, Any]:
    run_mace(script, path)
    return torch.load(path, weights_only=True)


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return saved("dump_contraction.py", tmp_path_factory.mktemp("mace") / "contractions.pt")


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
def test_same_function_with_reduced_weights(computed: dict[str, Any], name: str) -> None:
    case = computed[name]
    given = contraction_of(case)
    text, state = import_symmetric_contraction(given, options=CompileOptions(weights="reduced"))
    (weight,) = state.values()
    module = fusionc.load(text, weights="reduced")(num_species=weight.shape[0], dtype=torch.float64)
    module.load_state_dict(state)
    close(module(features_from_mace(case["x"], given.irreps_in), case["species"]), case["out"], "output", 1e-12)


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


def test_whole_layer(tmp_path: Path) -> None:
    """`examples/mace_layer` is MACE's residual interaction block with its product block, weight for weight."""
    case = saved("dump_layer.py", tmp_path / "layer.pt")
    path, channels, elements = ROOT / "examples" / "mace_layer" / "mace_layer.fusion", 4, 3
    params = {"C": channels, "F": case["f"].shape[1], "S": elements}
    options = CompileOptions(entry="mace_layer", params=tuple(params.items()), convention="e3nn-0.4")
    given = Contraction(
        Irreps.parse("4x0e+4x1o+4x2e+4x3o"),
        Irreps.parse("4x0e+4x1o"),
        tuple(tuple(row) for row in case["bases"]),
        tuple(tuple(row) for row in case["weights"]),
    )
    maps = weight_maps(given, path.read_text(encoding="utf-8"), options)
    # MACE's skip is a product with the one-hot species: a weight for each irrep, channel, species and channel
    skip = case["skip"].reshape(2, channels, elements, channels).permute(2, 0, 1, 3).flatten(1) / elements**0.5
    state = {
        "W": import_weights(given, maps),
        "K": skip,
        "u_weight": case["linear_up"],
        "m_weight": case["radial"].flatten(),
        "a_weight": case["linear"],
        "h_weight": case["product"],
    }
    module_class = fusionc.load(path, entry="mace_layer", convention="e3nn-0.4", **params)
    module = module_class(num_species=elements, dtype=torch.float64)
    missing, unexpected = module.load_state_dict(state, strict=False)
    assert (missing, unexpected) == (["e_weight", "e_weight_2"], [])

    x, r = (case[name].clone().requires_grad_() for name in ("x", "r"))
    h, _ = module(x, r, case["f"], case["edge_index"], case["species"])
    close(h, case["h"], "layer")
    for name, gradient in zip(("x", "r"), torch.autograd.grad(h, [x, r], case["seen"]), strict=True):
        close(gradient, case[f"grad_{name}"], f"gradient of {name}")


def test_live_modules_in_their_own_environment(tmp_path: Path) -> None:
    """fusionc beside MACE: one folder in which all of its packages lie where they are imported from."""
    package = tmp_path / "fusionc"
    package.mkdir()
    for part in (*(ROOT / "fusionc").iterdir(), ROOT / "grammar", ROOT / "backends"):
        (package / part.name).symlink_to(part)
    double, single = run_mace("convert_contraction.py", PYTHONPATH=str(tmp_path)).split()[-2:]
    assert float(double) <= 1e-12
    assert float(single) <= 1e-5
