"""Rewrites keep the value, are idempotent, and do not raise the cost."""

from __future__ import annotations

import pytest
import torch
from network_value import value
from random_diagrams import random_diagram
from random_seeds import ALL, FAST, blocks, each_seed

from fusionc import reference
from fusionc.check.ir import CheckedDiagram
from fusionc.compiler import check_source, plan_diagram
from fusionc.network.count import multiply_adds
from fusionc.network.expand import expand
from fusionc.network.ir import Network, operands
from fusionc.network.model import KERNEL, TORCH, Model, Search
from fusionc.plan.cost import weighed
from fusionc.plan.order import planned_total, steps_of
from fusionc.rewrite import KERNEL_REWRITES, REWRITES, Rewrite
from fusionc.source import Source
from fusionc.testing import random_arguments, random_parameters

SEEDS = range(0, 1000, 25)
PASSES = ((TORCH, REWRITES), (KERNEL, KERNEL_REWRITES))


def diagrams(seed: int) -> tuple[CheckedDiagram, ...]:
    return check_source(Source("random", random_diagram(seed))).program.diagrams


def assert_same(network: Network, diagram: CheckedDiagram, seed: int) -> None:
    arguments, parameters = random_arguments(diagram, seed=seed), random_parameters(diagram, seed=seed)
    expected = reference.evaluate(diagram, arguments, parameters)
    for found, wanted in zip(value(network, arguments, parameters), expected, strict=True):
        scale = max(float(wanted.abs().max()), 1.0) if wanted.numel() else 1.0
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-11 * scale)


@pytest.mark.parametrize("seed", SEEDS)
def test_expansion_keeps_the_value(seed: int) -> None:
    for diagram in diagrams(seed):
        assert_same(expand(diagram), diagram, seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("rewrite", "model"),
    [pytest.param(r, m, id=f"{r.__name__}-{m.target.value}") for m, all_ in PASSES for r in dict.fromkeys(all_)],
)
def test_a_rewrite_keeps_the_value_and_is_idempotent(rewrite: Rewrite, model: Model, seed: int) -> None:
    for diagram in diagrams(seed):
        before = expand(diagram)
        after = rewrite(before, Search(model))
        assert_same(after, diagram, seed)
        assert rewrite(after, Search(model)) == after
        if rewrite.__name__ not in ("fold", "reuse", "share"):  # of these the compiler takes what costs no more
            assert multiply_adds(after, model) <= multiply_adds(before, model)


def rewritten_equals_reference(seed: int) -> str | None:
    """What is planned for PyTorch and for kernels: same value, no more work than naively, and no saving is left out."""
    for diagram in diagrams(seed):
        for model in (TORCH, KERNEL):
            plan = plan_diagram(diagram, model)
            assert_same(plan.network, diagram, seed)
            naive, planned = (weighed(total, model) for total in (plan.naive, plan.planned))
            savings = [r.before - r.after for r in plan.rewrites]
            if min(savings) < 0 or naive - sum(savings) != planned:
                return f"{naive} naively, {planned} as planned, savings {savings} for {model.target.value}"
    return None


@pytest.mark.parametrize("seeds", blocks(FAST))
def test_rewritten_networks_equal_the_reference(seeds: range) -> None:
    each_seed(rewritten_equals_reference, seeds)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", blocks(ALL))
def test_all_rewritten_networks_equal_the_reference(seeds: range) -> None:
    each_seed(rewritten_equals_reference, seeds)


@pytest.mark.parametrize("seed", SEEDS)
def test_steps_evaluate_every_vertex_after_its_operands(seed: int) -> None:
    for diagram in diagrams(seed):
        network = expand(diagram)
        steps = steps_of(network)
        step_of = {n: number for number, step in enumerate(steps) for n in step.vertices}
        assert sum(len(step.vertices) for step in steps) == len(step_of)
        done: list[int] = []  # the last step that a vertex, or what it names, needs
        for n, vertex in enumerate(network.vertices):
            below = max((done[m] for m in operands(vertex.op)), default=-1)
            assert n not in step_of or below < step_of[n]
            done.append(max(below, step_of.get(n, -1)))
        assert planned_total(network, steps).peak_temporary >= 0
