"""Public benchmark problems are planned soon, and never at more than their naive cost."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from e3nn import o3

from fusionc.compiler import check_source, plan_diagram
from fusionc.interop import e3nn as interop
from fusionc.network.model import KERNEL, TORCH, Model
from fusionc.plan.cost import weighed
from fusionc.source import Source

PROBLEMS = json.loads((Path(__file__).parents[2] / "benchmarks" / "problems.json").read_text())


@pytest.mark.parametrize("model", [TORCH, KERNEL], ids=lambda model: model.target.value)
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem["label"])
def test_a_problem_is_planned_soon_and_costs_no_more(problem: dict[str, Any], model: Model) -> None:
    irreps = (problem["irreps_in1"], problem["irreps_in2"], problem["irreps_out"])
    shared = problem["shared_weights"]
    product = o3.TensorProduct(
        *irreps,
        [tuple(instruction) for instruction in problem["instructions"]],
        shared_weights=shared,
        internal_weights=shared,
        _specialized_code=False,
        compile_left_right=False,
        compile_right=False,
    )
    source = Source("problem.fusion", interop.to_fusion(product))
    (diagram,) = check_source(source).program.diagrams
    start = perf_counter()
    plan = plan_diagram(diagram, model)
    assert perf_counter() - start < 2
    assert plan.rewrites[0].before == weighed(plan.naive, model)
    assert weighed(plan.planned, model) <= weighed(plan.naive, model)
