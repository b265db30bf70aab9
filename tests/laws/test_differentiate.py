"""`differentiate` against automatic differentiation of the reference, to third order, before and after rewrites.

The reference shares no code with networks; torch differentiates it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from e3nn import o3
from network_value import value
from random_diagrams import random_diagram
from random_seeds import FAST, blocks, each_seed, options
from torch import Tensor

from fusionc import reference
from fusionc.check.ir import CheckedDiagram
from fusionc.compiler import check_source
from fusionc.interop.e3nn import to_fusion
from fusionc.network.differentiate import differentiate
from fusionc.network.expand import expand
from fusionc.network.ir import Network
from fusionc.network.model import KERNEL, TORCH, Model, Search
from fusionc.rewrite.apply import apply
from fusionc.rewrite.detach_weights import detach_weights
from fusionc.source import Source
from fusionc.testing import Sizes, random_arguments, random_parameters

PROBLEMS = json.loads((Path(__file__).parents[2] / "benchmarks" / "problems.json").read_text())
TOLERANCE = 1e-11
SMALL = Sizes(nodes=3, edges=5, leading=(2,))

Tensors = dict[str, Tensor]


def diagrams(seed: int) -> tuple[CheckedDiagram, ...]:
    return check_source(Source("random", random_diagram(seed)), options(seed)).program.diagrams


class Call:
    """A diagram with random arguments, its network differentiated step by step beside torch's derivative."""

    def __init__(self, diagram: CheckedDiagram, seed: int) -> None:
        self.arguments = random_arguments(diagram, seed=seed, sizes=SMALL)
        self.parameters = random_parameters(diagram, seed=seed, sizes=SMALL)
        self.generator = torch.Generator().manual_seed(seed)
        for tensors in (self.arguments, self.parameters):
            for tensor in tensors.values():
                if isinstance(tensor, Tensor) and tensor.is_floating_point():
                    tensor.requires_grad_()
        self.wanted = reference.evaluate(diagram, self.arguments, self.parameters)

    def differentiated(self, network: Network) -> Network:
        """The derivative with respect to everything; `arguments`, `parameters` and `wanted` are then its own."""
        found = differentiate(network)
        inputs = self.inputs(network)
        cotangents = [
            torch.randn(t.shape, generator=self.generator, dtype=t.dtype, requires_grad=True) for t in self.wanted
        ]
        self.wanted = gradients(self.wanted, inputs, cotangents)
        names = [s.name for s in found.signature[len(network.signature) :]]
        names += [w.name for w in found.parameters[len(network.parameters) :]]
        slots = {s.name for s in found.signature}
        order = [o for o in network.outputs if o.per is None] + [o for o in network.outputs if o.per is not None]
        by_output = {o.name: t for o, t in zip(network.outputs, cotangents, strict=True)}
        for name, output in zip(names, order, strict=True):
            (self.arguments if name in slots else self.parameters)[name] = by_output[output.name]
        return found

    def inputs(self, network: Network) -> list[Tensor]:
        found = [self.arguments[s.name] for s in network.signature if s.irreps is not None]
        found += [self.parameters[w.name] for w in network.parameters]
        return [tensor for tensor in found if isinstance(tensor, Tensor)]

    def fault(self, network: Network, what: str) -> str | None:
        for output, found, wanted in zip(network.outputs, self.value(network), self.wanted, strict=True):
            if found.shape != wanted.shape:
                return f"{what}: {output.name} has the shape {tuple(found.shape)}, not {tuple(wanted.shape)}"
            wanted = wanted.detach()
            scale = max(float(wanted.abs().max()), 1.0) if wanted.numel() else 1.0
            error = float((found - wanted).abs().max()) / scale if wanted.numel() else 0.0
            if not error <= TOLERANCE:
                return f"{what}: {output.name} is wrong by {error:.1e}"
        return None

    def value(self, network: Network) -> tuple[Tensor, ...]:
        with torch.no_grad():
            return value(network, self.arguments, self.parameters)


def gradients(outputs: Sequence[Tensor], inputs: Sequence[Tensor], cotangents: Sequence[Tensor]) -> tuple[Tensor, ...]:
    pairs = [(o, c) for o, c in zip(outputs, cotangents, strict=True) if o.requires_grad]
    if not pairs:
        return tuple(torch.zeros_like(tensor) for tensor in inputs)
    found = torch.autograd.grad(
        [o for o, _ in pairs], inputs, [c for _, c in pairs], create_graph=True, materialize_grads=True
    )
    return tuple(found)


def rewritten(network: Network, model: Model = KERNEL) -> Network:
    found, _ = apply(network, Search(model))
    return found


def derivatives_are_those_of_the_reference(seed: int, orders: int = 2, all_models: bool = False) -> str | None:
    """As differentiated, and after the rewrites of both targets or of one that the seed says."""
    models = (TORCH, KERNEL) if all_models else ((TORCH, KERNEL)[seed % 2],)
    for diagram in diagrams(seed):
        call, network = Call(diagram, seed), expand(diagram)
        for order in range(1, orders + 1):
            network = call.differentiated(network)
            fault = call.fault(network, f"derivative {order}")
            if fault is None and order < 3:
                for model in models:
                    what = f"derivative {order} for {model.target.value}"
                    fault = fault or call.fault(rewritten(network, model), what)
            if fault is not None:
                return fault
    return None


def detaching_weights_keeps_the_value(seed: int) -> str | None:
    for diagram in diagrams(seed):
        detached = detach_weights(expand(diagram))
        fault = Call(diagram, seed).fault(detached, "with weights detached")
        if fault is not None or detach_weights(detached) != detached:
            return fault or "detached twice"
    return None


FEW = [range(start, start + 100, 17) for start in range(0, 1000, 100)]
MANY = [range(start, start + 100, 4) for start in range(1, 1000, 80)]


@pytest.mark.parametrize("seeds", blocks(FEW))
def test_derivatives_are_those_of_the_reference(seeds: range) -> None:
    each_seed(derivatives_are_those_of_the_reference, seeds)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", blocks(MANY))
def test_many_derivatives_are_those_of_the_reference(seeds: range) -> None:
    each_seed(lambda seed: derivatives_are_those_of_the_reference(seed, all_models=True), seeds)


@pytest.mark.parametrize("seeds", blocks([range(3, 1000, 200)]))
def test_third_derivatives(seeds: range) -> None:
    each_seed(lambda seed: derivatives_are_those_of_the_reference(seed, orders=3), seeds)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", blocks([range(start, 1000, 160) for start in range(0, 160, 16)]))
def test_many_third_derivatives(seeds: range) -> None:
    each_seed(lambda seed: derivatives_are_those_of_the_reference(seed, orders=3), seeds)


@pytest.mark.parametrize("seeds", blocks(FAST))
def test_detaching_weights_keeps_the_value(seeds: range) -> None:
    each_seed(detaching_weights_keeps_the_value, seeds)


# ------------------------------------------------------------ published problems

CONVOLUTIONS = {
    "harmonics": """diagram conv {
  input  x[j] : 4x0e + 4x1o + 4x2e
  input  r[i,j] : 1o
  weight R[i,j]
  Y[i,j] = sh(r[i,j], 3)
  m[i,j] = x[j] * Y[i,j] with weights=R[i,j], mode=uvu, lmax=2
  h[i] = mean[j](m[i,j])
  output h[i]
}
""",
    "product basis": """diagram basis {
  input  A[i] : 3x0e + 3x1o + 3x2e
  weight W[i] : per species
  B[i] : 3x0e + 3x1o = sympow(A[i], 1..3) with weights=W[i]
  output B[i]
}
""",
    "fully connected": """diagram conv {
  input  x[j] : 3x0e + 2x1o
  input  Y[i,j] : 1x0e + 1x1o
  weight w
  m[i,j] : 2x0e + 3x1o = x[j] * Y[i,j] with weights=w, mode=uvw
  h[i] = sum[j](m[i,j])
  output h[i]
}
""",
}


def problem_fault(text: str, orders: int) -> str | None:
    """The way to cheap derivatives: weights detached, differentiated, rewritten for kernels; at a few elements."""
    (diagram,) = check_source(Source("problem.fusion", text)).program.diagrams
    call, network = Call(diagram, 0), detach_weights(expand(diagram))
    for order in range(1, orders + 1):
        network = call.differentiated(network)
        fault = call.fault(rewritten(network), f"derivative {order}")
        if fault is not None:
            return fault
    return None


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem["label"])
def test_published_problems(problem: dict[str, Any]) -> None:
    """Both derivatives of e3nn's own object, as the program that `to_fusion` writes for it."""
    product = o3.TensorProduct(
        problem["irreps_in1"],
        problem["irreps_in2"],
        problem["irreps_out"],
        [tuple(instruction) for instruction in problem["instructions"]],
        shared_weights=problem["shared_weights"],
        internal_weights=problem["shared_weights"],
    )
    assert problem_fault(to_fusion(product), 2) is None


@pytest.mark.parametrize("label", CONVOLUTIONS)
def test_convolutions(label: str) -> None:
    assert problem_fault(CONVOLUTIONS[label], 2) is None
