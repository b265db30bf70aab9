"""The stages of a network, one after the other, have its value; kernels get only what they can evaluate."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import pytest
import torch
from network_value import value
from random_diagrams import random_diagram
from random_seeds import ALL, blocks, each_seed, options
from torch import Tensor

from fusionc.check.ir import CheckedDiagram
from fusionc.compiler import check_source
from fusionc.kernel.lower import lower
from fusionc.kernel.stages import Side, Stage, stages
from fusionc.network import ir
from fusionc.network.differentiate import differentiate
from fusionc.network.expand import expand
from fusionc.network.ir import Network
from fusionc.rewrite import KERNEL_REWRITES
from fusionc.source import Source
from fusionc.testing import Sizes, random_arguments, random_parameters

FEW = [range(start, start + 100, 50) for start in range(0, 1000, 100)]
SMALL = Sizes(nodes=3, edges=5, leading=(2,))

Tensors = Mapping[str, Tensor | int]


def rewritten(network: Network) -> Network:
    return reduce(lambda found, rewrite: rewrite(found), KERNEL_REWRITES, network)


def diagrams(text: str, seed: int = 0) -> tuple[CheckedDiagram, ...]:
    return check_source(Source("stages", text), options(seed)).program.diagrams


def composed(chain: tuple[Stage, ...], network: Network, arguments: Tensors, parameters: Mapping[str, Tensor]) -> list[Tensor]:
    known = dict(arguments)
    for stage in chain:
        found = value(stage.network, known, parameters)
        known |= {o.name: t for o, t in zip(stage.network.outputs, found, strict=True)}
    results = [known[output.name] for output in network.outputs]
    assert all(isinstance(result, Tensor) for result in results)
    return [result for result in results if isinstance(result, Tensor)]


def cotangents(network: Network, derivative: Network, seed: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Random arguments and parameters that the derivative has and the network has not."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    rows = {"once": (), "batch": SMALL.leading, "node": (SMALL.nodes,), "edge": (SMALL.edges,), "graph": (SMALL.graphs,)}
    slots = derivative.signature[len(network.signature) :]
    tables = derivative.parameters[len(network.parameters) :]
    return (
        {s.name: draw(*rows[s.space.value], s.irreps.dim) for s in slots if s.irreps is not None},
        {w.name: draw(3, w.numel) for w in tables},
    )


def fault_of(network: Network, arguments: Tensors, parameters: Mapping[str, Tensor]) -> str | None:
    chain = stages(network)
    for stage in chain:
        if stage.side is Side.KERNEL:
            lower(stage.network, stage.network.name)
            assert any(isinstance(v.op, ir.Couple | ir.Reduce) for v in stage.network.vertices)
    wanted = value(network, arguments, parameters)
    for output, one, other in zip(network.outputs, composed(chain, network, arguments, parameters), wanted, strict=True):
        scale = max(float(other.abs().max()), 1.0) if other.numel() else 1.0
        if one.shape != other.shape or not torch.allclose(one, other, rtol=0, atol=1e-13 * scale):
            return f"{output.name} differs"
    return None


def stages_compose(seed: int, derivatives: int = 1) -> str | None:
    for diagram in diagrams(random_diagram(seed), seed):
        arguments: dict[str, Tensor | int] = dict(random_arguments(diagram, seed=seed, sizes=SMALL))
        parameters = dict(random_parameters(diagram, seed=seed, sizes=SMALL))
        network = expand(diagram)
        for order in range(derivatives + 1):
            fault = fault_of(rewritten(network), arguments, parameters)
            if fault is not None:
                return f"derivative {order}: {fault}"
            derivative = differentiate(network)
            more = cotangents(network, derivative, seed)
            arguments |= more[0]
            parameters |= more[1]
            network = derivative
    return None


@pytest.mark.parametrize("seeds", blocks(FEW))
def test_stages_compose_to_the_network(seeds: range) -> None:
    each_seed(lambda seed: stages_compose(seed, derivatives=0), seeds)
    each_seed(lambda seed: stages_compose(seed, derivatives=1), seeds[:1])


@pytest.mark.slow
@pytest.mark.parametrize("seeds", blocks(ALL))
def test_stages_of_all_programs_and_their_derivatives_compose(seeds: range) -> None:
    each_seed(stages_compose, seeds)
