"""Weights in the basis that is computed with: exact maps both ways, and modules that are equal through them."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

import fusionc
from fusionc.algebra.surd import ONE, Surd
from fusionc.cli import run
from fusionc.network.weights import WeightMap, right_inverse

CUBE = """
tree cube(a: 2e, b: 2e, c: 2e) : 2e {
  e : 0e | 1e | 2e | 3e | 4e = a * b
  out = e * c
}
diagram d {
  input x[i] : 4x2e
  input y[i] : 4x2e
  weight w
  weight s[i] : per species
  p[i] : 4x2e = cube(x[i], x[i], x[i]) with weights=w
  q[i] : 4x2e = cube(y[i], y[i], y[i]) with weights=s[i]
  output p[i], q[i]
}
"""

POWER = """
diagram d {
  input A[i] : 4x0e + 4x1o + 4x2e
  weight W[i] : per species
  B[i] : 4x0e + 4x1o = sympow(A[i], 1..3) with weights=W[i]
  output B[i]
}
"""

LEARNED_TREES = """
diagram d {
  input x[i,j] : 8x1o
  input a[j] : 8x1o
  input b[j] : 8x1o
  weight w
  t[i,j] : 8x1o + 8x2o = (x[i,j] * a[j]) * b[j] with weights=w
  z[i] = sum[j](t[i,j])
  output z[i]
}
"""

SQUARE = """
diagram d {
  input x : 8x1o + 8x2e
  weight w
  z = x * x with mode=uuu, weights=w
  output z
}
"""


@cache
def maps_of(text: str) -> dict[str, WeightMap]:
    return fusionc.weight_maps(text)


@cache
def modules(text: str) -> tuple[torch.nn.Module, torch.nn.Module]:
    """The kept module, and the reduced one with the mapped weights."""
    torch.manual_seed(0)
    counts = {"num_species": 3} if "species" in text else {}
    kept = fusionc.load(text, dtype="float64")(**counts)
    reduced = fusionc.load(text, dtype="float64", weights="reduced")(**counts)
    state = kept.state_dict()
    for name, found in maps_of(text).items():
        state[found.reduced_name] = found.reduce(state.pop(name))
    reduced.load_state_dict(state)
    return kept, reduced


def arguments(text: str) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    found = fusionc.plan(text).to_dict()["diagrams"][0]
    sizes = {"node": 5, "edge": 12, "batch": 5}
    made = []
    for slot in found["inputs"]:
        match slot["kind"]:
            case "tensor":
                width = fusionc.plan(text).program.diagrams[0].signature[len(made)].irreps
                assert width is not None
                shape = (sizes[slot["space"]], width.dim)
                made.append(torch.randn(shape, dtype=torch.float64, generator=generator))
            case "edge_index":
                made.append(torch.randint(5, (2, 12), generator=generator))
            case "class":
                made.append(torch.randint(3, (5,), generator=generator))
            case other:
                raise AssertionError(other)
    return made


@pytest.mark.parametrize("text", [CUBE, POWER, LEARNED_TREES, SQUARE], ids=["cube", "power", "recoupled", "square"])
def test_a_reduced_module_equals_the_kept_one(text: str) -> None:
    kept, reduced = modules(text)
    given = arguments(text)
    for one, other in zip(_tuple(kept(*given)), _tuple(reduced(*given)), strict=True):
        torch.testing.assert_close(other, one, rtol=1e-12, atol=1e-12 * float(one.detach().abs().max()))
    assert maps_of(text), "something is learned in another basis"


@pytest.mark.parametrize("text", [CUBE, POWER, LEARNED_TREES, SQUARE], ids=["cube", "power", "recoupled", "square"])
def test_the_way_back_is_a_right_inverse(text: str) -> None:
    for found in maps_of(text).values():
        assert found.reduced <= found.full
        np.testing.assert_allclose(found.matrix() @ found.inverse(), np.eye(found.reduced), rtol=0, atol=1e-13)
        w = torch.randn(2, found.reduced, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
        torch.testing.assert_close(found.reduce(found.restore(w)), w, rtol=0, atol=1e-13)
        full = torch.randn(found.full, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
        np.testing.assert_allclose(found.matrix() @ full.numpy(), found.reduce(full).numpy(), rtol=0, atol=1e-13)
        with pytest.raises(ValueError, match="weights"):
            found.reduce(w[:, :-1])


def test_restored_weights_mean_the_same() -> None:
    kept, reduced = (copy.deepcopy(module) for module in modules(CUBE))
    state = reduced.state_dict()
    for name, found in maps_of(CUBE).items():
        state[name] = found.restore(state.pop(found.reduced_name))
    before = kept(*arguments(CUBE))
    kept.load_state_dict(state)
    for one, other in zip(before, kept(*arguments(CUBE)), strict=True):
        torch.testing.assert_close(other, one, rtol=1e-12, atol=1e-12)


def test_trees_of_one_tensor_need_few_weights() -> None:
    """Five internal labels, of which the odd ones vanish; the symmetric cube of 2e has one 2e."""
    maps = maps_of(CUBE)
    assert {name: (m.full, m.reduced, m.per) for name, m in maps.items()} == {
        "w": (20, 4, None),
        "s": (20, 4, "species"),
    }


def test_vanishing_products_need_no_weights() -> None:
    (found,) = maps_of(SQUARE).values()
    assert found.reduced < found.full
    assert all(value == ONE for form in found.to_reduced for value, _ in form.terms)


def test_nothing_is_mapped_where_nothing_is_combined() -> None:
    text = (
        SQUARE.replace("8x1o + 8x2e", "8x1o").replace("z =", "input y : 8x1o\n  z : 8x2e =").replace("x * x", "x * y")
    )
    assert maps_of(text) == {}
    assert dict(fusionc.load(text, weights="reduced")().named_parameters()).keys() == {"w"}


def test_the_plan_has_the_map() -> None:
    report = fusionc.plan(CUBE, weights="reduced")
    maps = report.to_dict()["diagrams"][0]["weight_maps"]
    assert [(m["name"], m["reduced_name"], m["shape"], m["reduced_shape"]) for m in maps] == [
        ("w", "w_reduced", [20], [4]),
        ("s", "s_reduced", ["num_species", 20], ["num_species", 4]),
    ]
    assert all(isinstance(value, str) for m in maps for form in m["to_reduced"] for value, _ in form[2])
    assert "weights reduced: w [20] is learned as w_reduced [4], with w_reduced[0:4] = " in report.to_text()
    assert "weight_maps" not in fusionc.plan(CUBE).to_dict()["diagrams"][0]


def test_the_command_line_reduces(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cube.fusion"
    path.write_text(CUBE)
    assert run(["compile", str(path), "--weights", "reduced"]) == 0
    made = capfd.readouterr().out
    assert "self.w_reduced = " in made
    assert "self.w = " not in made
    assert run(["plan", str(path), "--weights", "reduced", "--format", "json"]) == 0
    assert json.loads(capfd.readouterr().out)["diagrams"][0]["weight_maps"]


def test_a_taken_name_is_not_taken_again() -> None:
    text = CUBE.replace("weight w\n", "weight w\n  weight w_reduced\n").replace(
        "output p[i]", "t[i] : 4x2e = linear(x[i]) with weights=w_reduced\n  output t[i], p[i]"
    )
    assert maps_of(text)["w"].reduced_name == "w_reduced_"


def test_only_known_choices() -> None:
    with pytest.raises(ValueError, match="kept or reduced"):
        fusionc.load(CUBE, weights="fewer")  # type: ignore[arg-type]


def test_right_inverse_is_exact() -> None:
    half = Surd.sqrt(3) / Surd.sqrt(5)
    rows = ({0: ONE, 1: half}, {1: Surd.sqrt(3) / Surd.sqrt(5), 2: ONE})
    inverse = right_inverse(rows)
    assert inverse is not None
    for r, row in enumerate(rows):
        for s in range(len(rows)):
            products = [value * inverse[c][s] for c, value in row.items() if s in inverse[c]]
            assert sum(float(p) for p in products) == pytest.approx(float(r == s), abs=1e-15)


def test_dependent_rows_have_no_right_inverse() -> None:
    assert right_inverse(({0: ONE, 1: ONE}, {0: Surd.of(2), 1: Surd.of(2)})) is None


def test_incommensurable_rows_have_none_either() -> None:
    assert right_inverse(({0: ONE, 1: ONE}, {0: ONE, 1: Surd.sqrt(2)})) is None


def _tuple(found: torch.Tensor | tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return found if isinstance(found, tuple) else (found,)
