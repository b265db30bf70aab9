"""The plan as data and as text: the schema, and that the numbers are those of the plan."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from typing import Any

import pytest

import fusionc
from fusionc.algebra.clebsch import coupling
from fusionc.algebra.surd import Surd

CONV = """\
fusion 1
param C = 4
diagram conv {
  input  x[j]   : {C}x0e + {C}x1o
  input  r[i,j] : 1o
  weight R[i,j]

  Y[i,j] = sh(r[i,j], 2)
  m[i,j] = x[j] * Y[i,j] with weights=R[i,j], keep=0e + 1o
  A[i]   = sum[j](m[i,j])
  h[i] : {C}x0e + {C}x1o = linear(A[i])
  output h[i]
}
"""
POWER = """\
diagram power {
  input A[i] : 4x0e + 4x1o
  weight W[i] : per species
  B[i] : 4x0e + 4x1o = sympow(A[i], 1..3) with weights=W[i]
  output B[i]
}
"""
TREE = """\
group SO3
tree t(a: 1, b: 1, c: 1) : 1 {
  e : 0 | 1 | 2 = a * b
  out = e * c
}
diagram trees {
  input x : 4x1
  y = t(x, x, x)
  z = dot(x, x)
  output y, z
}
"""
SOURCES = {"conv": CONV, "power": POWER, "trees": TREE}

Place = {"value": str, "segment": int, "irreps": str}
Cost = {"multiply_adds": int, "multiply_adds_per_channel": int, "bytes": int}
Total = {
    "multiply_adds_per_channel": {str: int},
    "multiply_adds": int,
    "bytes": int,
    "peak_temporary_bytes": int,
    "spaces": {str: Cost},
}
Slice = {"path": int, "label": str, "offset": int, "shape": [int]}
Path = {
    "path": int,
    "statement": str,
    "kind": str,
    "mode": str,
    "label": str,
    "left?": Place,
    "right?": Place,
    "leaves?": [Place],
    "out": Place,
    "coefficients": [str],
    "normalization": {"factor": str, "vertices": [str]},
    "weight": ({"name": str, "offset": int, "shape": [int]}, None),
}
SCHEMA = {
    "schema": str,
    "group": str,
    "identities": [str],
    "diagrams": [
        {
            "name": str,
            "convention": str,
            "inputs": [{"name": str, "kind": str, "space": str, "irreps": (str, None)}],
            "outputs": [{"name": str, "space": str, "irreps": str}],
            "weights": [{"name": str, "kind": str, "shape": [(str, int)], "slices": [Slice]}],
            "paths": [Path],
            "coefficients": {str: [[(str, int)]]},
            "rewrites": [{"name": str, "vertices_removed": int, "before": int, "after": int}],
            "steps": [
                {
                    "step": int,
                    "kind": str,
                    "statements": [str],
                    "operands": [str],
                    "labels": [str],
                    "first": str,
                    "space": str,
                    "vertices": int,
                    "cost": Cost,
                }
            ],
            "bounds": [{"name": str, "what": str, "limit": int}],
            "model": str,
            "degree": int,
            "cost": {"naive": Total, "planned": Total},
        }
    ],
}
"""`fusionc-plan/1`: a type, a list of one schema, a mapping, or a tuple of alternatives; `?` marks an optional key."""


def conforms(value: Any, schema: Any, place: str = "plan") -> None:
    """Exactly these keys, and nothing but strings, integers, lists and dicts."""
    match schema:
        case tuple():
            if value is None and None in schema:
                return
            fitting = [s for s in schema if isinstance(s, dict) or (isinstance(s, type) and type(value) is s)]
            assert fitting, f"{place}: {value!r}"
            conforms(value, fitting[0], place)
        case dict() if list(schema) == [str]:
            assert isinstance(value, dict), place
            for key, item in value.items():
                assert isinstance(key, str)
                conforms(item, schema[str], f"{place}.{key}")
        case dict():
            assert isinstance(value, dict), place
            needed = {key for key in schema if not key.endswith("?")}
            known = needed | {key.removesuffix("?") for key in schema}
            assert needed <= set(value) <= known, f"{place}: {set(value) ^ needed}"
            for key, item in value.items():
                conforms(item, schema.get(key, schema.get(f"{key}?")), f"{place}.{key}")
        case list():
            assert isinstance(value, list), place
            for n, item in enumerate(value):
                conforms(item, schema[0], f"{place}[{n}]")
        case _:
            assert type(value) is schema, f"{place}: {value!r} is not {schema}"


def diagram(name: str, **params: int) -> dict[str, Any]:
    (found,) = json.loads(fusionc.plan(SOURCES[name], **params).to_json())["diagrams"]
    return found


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_the_json_is_of_the_schema(name: str) -> None:
    text = fusionc.plan(SOURCES[name]).to_json()
    whole = json.loads(text)
    assert whole["schema"] == "fusionc-plan/1"
    conforms(whole, SCHEMA)
    assert text.isascii()
    assert text.endswith("}\n")
    assert max(map(len, text.splitlines())) <= 400


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_the_same_plan_is_the_same_text(name: str) -> None:
    first, second = fusionc.plan(SOURCES[name]), fusionc.plan(SOURCES[name])
    assert first.to_json() == second.to_json()
    assert first.to_text() == second.to_text()
    canonical = json.dumps(json.loads(first.to_json()), sort_keys=True, separators=(",", ":"))
    assert first.sha256 == hashlib.sha256(canonical.encode()).hexdigest() == second.sha256


def test_other_parameters_are_another_plan() -> None:
    assert fusionc.plan(CONV).sha256 != fusionc.plan(CONV, C=5).sha256
    assert fusionc.plan(CONV).sha256 == fusionc.plan(CONV, C=4).sha256


def test_paths_stand_in_the_order_of_their_weights() -> None:
    found = diagram("conv")
    paths = [path for path in found["paths"] if path["kind"] == "product"]
    assert [path["label"] for path in paths] == ["0e*0e->0e", "1o*1o->0e", "0e*1o->1o", "1o*0e->1o", "1o*2e->1o"]
    assert [path["mode"] for path in paths] == ["uvu"] * 5
    assert [path["weight"] for path in paths] == [{"name": "R", "offset": 4 * n, "shape": [4, 1]} for n in range(5)]
    assert paths[1]["left"] == {"value": "x[j]", "segment": 1, "irreps": "4x1o"}
    assert paths[1]["out"] == {"value": "m", "segment": 1, "irreps": "4x0e"}


def test_weights_list_a_slice_for_each_path() -> None:
    given, learned = sorted(diagram("conv")["weights"], key=lambda w: w["kind"])
    assert (given["name"], given["kind"], given["shape"]) == ("R", "given", ["edge", 20])
    assert [s["label"] for s in given["slices"]] == ["0e*0e->0e", "1o*1o->0e", "0e*1o->1o", "1o*0e->1o", "1o*2e->1o"]
    assert (learned["name"], learned["kind"], learned["shape"]) == ("h_weight", "learned", [80])
    assert sum(s["shape"][0] * s["shape"][1] for s in learned["slices"]) == 80
    (classes,) = diagram("power")["weights"]
    assert classes["shape"][0] == "num_species"


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_coefficients_are_exact(name: str) -> None:
    """They read back, are those of the algebra, and have unit norm together."""
    found = diagram(name)
    used = {label for path in found["paths"] for label in path["coefficients"]}
    assert set(found["coefficients"]) == used
    for label, entries in found["coefficients"].items():
        left, right, out = (int(part.rstrip("eo")) for part in label.replace("->", "*").split("*"))
        expected = [[e.i, e.j, e.k, str(e.value)] for e in coupling(left, right, out)]
        assert entries == expected
        assert sum((Surd.parse(value).square for *_, value in entries), Fraction(0)) == 1


def test_normalisations_are_exact() -> None:
    """e3nn's component and element normalisation: sqrt(2l+1) over the root of the paths into the segment."""
    products = [path for path in diagram("conv")["paths"] if path["kind"] == "product"]
    assert [p["normalization"]["factor"] for p in products] == ["1", "1", "sqrt(3)", "sqrt(3)", "sqrt(3)"]
    linear = [path for path in diagram("conv")["paths"] if path["kind"] == "linear"]
    assert sorted({p["normalization"]["factor"] for p in linear}) == ["sqrt(1/12)", "sqrt(1/8)"]


def test_powers_and_trees_list_their_vertices() -> None:
    cubes = [path for path in diagram("power")["paths"] if len(path["leaves"]) == 3]
    assert all(len(path["coefficients"]) == 2 for path in cubes)
    assert all(path["label"].startswith("(") for path in cubes)
    trees = [path for path in diagram("trees")["paths"] if path["kind"] == "tree"]
    assert [path["label"] for path in trees] == ["(1*1->0)*1->1", "(1*1->1)*1->1", "(1*1->2)*1->1"]
    assert trees[1]["normalization"] == {"factor": "1", "vertices": ["sqrt(3)", "sqrt(3)"]}
    (dot,) = [path for path in diagram("trees")["paths"] if path["kind"] == "dot"]
    assert dot["normalization"]["factor"] == "sqrt(3)"


def test_trees_mean_the_same_in_either_convention() -> None:
    """Some couplings have the other sign there; the factor makes up for it."""
    text = "tree t(a: 1o, b: 2e, c: 1o) : 1e {\n  e : 2o = a * b\n  out = e * c\n}\n"
    text += "diagram d {\n  input x : 1o + 2e\n  z = t(segment(x, 0), segment(x, 1), segment(x, 0))\n  output z\n}\n"
    signs = []
    for convention in ("e3nn", "e3nn-0.4"):
        (found,) = fusionc.plan(text, convention=convention).to_dict()["diagrams"]
        (path,) = found["paths"]
        numbers = [found["coefficients"][label][0][3] for label in path["coefficients"]]
        signs.append([number.startswith("-") for number in (path["normalization"]["factor"], *numbers)])
    assert signs[0] != signs[1]
    assert sum(signs[0]) % 2 == sum(signs[1]) % 2


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_steps_read_what_is_there(name: str) -> None:
    found = diagram(name)
    names = {slot["name"] for slot in found["inputs"]} | {weight["name"] for weight in found["weights"]}
    for number, step in enumerate(found["steps"]):
        assert step["step"] == number
        for operand in step["operands"]:
            assert operand in names or int(operand.removeprefix("#")) < number


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_costs_add_up(name: str) -> None:
    found = diagram(name)
    planned = found["cost"]["planned"]
    for space, cost in planned["spaces"].items():
        inside = [step["cost"] for step in found["steps"] if step["space"] == space]
        assert cost["multiply_adds"] == sum(c["multiply_adds"] for c in inside)
        assert cost["bytes"] == sum(c["bytes"] for c in inside)
    weighed = {"edge": found["degree"], "once": 0}
    for total in found["cost"].values():
        spaces = total["spaces"].items()
        assert total["multiply_adds"] == sum(c["multiply_adds"] * weighed.get(s, 1) for s, c in spaces)
    assert planned["multiply_adds"] <= found["cost"]["naive"]["multiply_adds"]
    assert planned["peak_temporary_bytes"] >= 0


def test_bytes_are_those_of_the_dtype() -> None:
    reports = [fusionc.plan(CONV, dtype=dtype).to_dict() for dtype in ("float32", "float64")]
    single, double = (report["diagrams"][0]["cost"] for report in reports)
    assert double["planned"]["bytes"] == 2 * single["planned"]["bytes"]
    assert double["planned"]["multiply_adds"] == single["planned"]["multiply_adds"]


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_the_text_says_everything(name: str) -> None:
    found, text = diagram(name), fusionc.plan(SOURCES[name]).to_text()
    for path in found["paths"]:
        assert path["label"] in text
        assert path["normalization"]["factor"] in text
    for entries in found["coefficients"].values():
        assert all(value in text for *_, value in entries)
    for step in found["steps"]:
        assert f"#{step['step']} " in text
        assert f"{step['cost']['multiply_adds']:,}" in text
    assert f"{found['cost']['naive']['multiply_adds']:,}" in text
    assert not any(line != line.rstrip() for line in text.splitlines())
