"""Two plans are told apart, whatever is different, and nothing is said of equal ones."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from fusionc.compiler import plan_source
from fusionc.options import CompileOptions
from fusionc.plan.difference import difference, is_plan
from fusionc.source import Source

ROOT = Path(__file__).resolve().parents[3]


def plan_of(name: str, **params: int) -> dict[str, Any]:
    text = (ROOT / "examples" / name / f"{name}.fusion").read_text(encoding="utf-8")
    options = CompileOptions(params=tuple(params.items()))
    return json.loads(plan_source(Source(name, text), options).report.to_json())


@pytest.mark.parametrize("name", ["conv", "mace_layer", "fmove"])
def test_a_plan_is_equal_to_itself(name: str) -> None:
    plan = plan_of(name)
    assert is_plan(plan)
    assert difference(plan, copy.deepcopy(plan)) == []


def test_other_channels() -> None:
    lines = difference(plan_of("conv"), plan_of("conv", C=16))
    assert lines[0] == "diagram conv"
    assert "    - x  tensor  node  128x0e+128x1o+128x2e" in lines
    assert "    + x  tensor  node  16x0e+16x1o+16x2e" in lines
    assert "  paths: 34 -> 34" in lines
    assert any("planned multiply_adds " in line and " -> " in line for line in lines)


def test_a_path_that_went_is_the_only_one_told() -> None:
    old = plan_of("conv")
    new = copy.deepcopy(old)
    gone = new["diagrams"][0]["paths"].pop(3)
    for number, path in enumerate(new["diagrams"][0]["paths"]):
        path["path"] = number
    lines = difference(old, new)
    assert lines[:2] == ["diagram conv", "  paths: 34 -> 33"]
    assert len(lines) == 3
    assert gone["label"] in lines[2]
    assert lines[2].startswith("    - ")


def test_diagrams_that_came_and_went() -> None:
    old = plan_of("mace_layer")
    new = copy.deepcopy(old)
    gone = new["diagrams"].pop(0)
    new["diagrams"].append({"name": "other"})
    assert difference(old, new) == [f"- diagram {gone['name']}", "+ diagram other"]
    assert difference(old, {**old, "diagrams": old["diagrams"][::-1]}) != []


def leaves(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [found for key in value for found in leaves(value[key], (*way, key))]
    if isinstance(value, list):
        return [found for n, part in enumerate(value) for found in leaves(part, (*way, n))]
    return [way]


@pytest.mark.parametrize("seed", range(60))
def test_no_change_goes_unseen_and_none_is_too_strange(seed: int) -> None:
    """Any leaf of the JSON may become anything."""
    random = Random(seed)
    old = plan_of("tree")
    new = copy.deepcopy(old)
    way = random.choice([way for way in leaves(old) if way[0] != "schema" and way[-1] != "name"])
    at = new
    for key in way[:-1]:
        at = at[key]
    at[way[-1]] = random.choice([None, -1, 1.5, "<other>", [], {}, [[[]]], {"a": [1]}, True])
    if old != new:
        assert difference(old, new) != []
        assert difference(new, old) != []


@pytest.mark.parametrize("value", [None, 1, [], {}, {"schema": "fusionc-plan/1"}, {"schema": "other", "diagrams": []}])
def test_what_is_no_plan(value: object) -> None:
    assert not is_plan(value)


@pytest.mark.parametrize("diagrams", [1, [1], [{}], [{"name": 1}]])
def test_plans_with_diagrams_that_are_none(diagrams: object) -> None:
    assert not is_plan({"schema": "fusionc-plan/1", "diagrams": diagrams})
