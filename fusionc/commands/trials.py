"""What `fusionc verify` measures: each a relative error with the tolerance that it must keep."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

import torch
from torch import Tensor

from fusionc.check.ir import CheckedDiagram
from fusionc.commands.relaid import in_mul_ir
from fusionc.reference import evaluate
from fusionc.testing import (
    Sizes,
    equivariance_error,
    interface,
    random_arguments,
    random_parameters,
    relative_error,
)

SIZES = Sizes(nodes=4, edges=7, graphs=2, classes=3, leading=(3,))
Arguments = Mapping[str, Tensor | int]
Results = tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """`error` is relative; NaN fails."""

    what: str
    error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        return self.error <= self.tolerance


def trials_of_diagram(diagram: CheckedDiagram, built: type[torch.nn.Module], seed: int) -> Iterator[Trial]:
    """A compiled diagram against the reference, which evaluates the checked diagram literally in float64."""
    parameters = random_parameters(diagram, seed=seed, sizes=SIZES)
    arguments = random_arguments(diagram, seed=seed, sizes=SIZES)
    module = _with_parameters(_instance(built, torch.float64), parameters)

    def reference(*leaves: Tensor) -> Results:
        given, learned = _assigned(arguments, parameters, leaves)
        return tuple(evaluate(diagram, given, learned))

    def compiled(*leaves: Tensor) -> Results:
        given, learned = _assigned(arguments, parameters, leaves)
        named = dict(zip((name for name, _ in module.named_parameters()), learned.values(), strict=True))
        positional: tuple[Any, ...] = tuple(given.values())
        return _tuple(torch.func.functional_call(module, named, positional))

    everything: tuple[Tensor | int, ...] = (*arguments.values(), *parameters.values())
    leaves = [t for t in everything if isinstance(t, Tensor) and t.is_floating_point()]
    expected, found = _derivatives(reference, leaves, seed), _derivatives(compiled, leaves, seed)
    for what, tolerance in (("value", 1e-12), ("gradient", 1e-11), ("double gradient", 1e-10)):
        yield Trial(f"{what} against the reference, float64", _worst(found[what], expected[what]), tolerance)
    single = _with_parameters(_instance(built, torch.float32), parameters)
    lowered = (t.float() if isinstance(t, Tensor) and t.is_floating_point() else t for t in arguments.values())
    with torch.no_grad():
        yield Trial("value against the reference, float32", _worst(_tuple(single(*lowered)), expected["value"]), 1e-5)
    yield from _equivariance(module, single, seed)


def trials_of_module(built: type[torch.nn.Module], seed: int) -> Iterator[Trial]:
    """A generated module on its own: equivariance, and its derivatives against finite differences."""
    torch.manual_seed(seed)
    module = _instance(built, torch.float64)
    yield from _equivariance(module, _instance(built, torch.float32), seed)
    arguments = random_arguments(module, seed=seed, sizes=SIZES)
    floating = [t for t in arguments.values() if isinstance(t, Tensor) and t.is_floating_point()]
    if not floating:
        return
    for tensor in floating:
        tensor.requires_grad_()
    positional: tuple[Any, ...] = tuple(arguments.values())
    for what, check in (("gradient", torch.autograd.gradcheck), ("double gradient", torch.autograd.gradgradcheck)):
        passed = check(module, positional, fast_mode=True, raise_exception=False)
        yield Trial(f"{what} against finite differences", 0.0 if passed else float("inf"), 1e-3)


def _equivariance(double: torch.nn.Module, single: torch.nn.Module, seed: int) -> Iterator[Trial]:
    group = "O(3)" if interface(double).inversion else "SO(3)"
    for module, dtype, tolerance in ((double, torch.float64, 1e-12), (single, torch.float32, 1e-5)):
        errors = equivariance_error(module, seed=seed, sizes=SIZES, dtype=dtype)
        name = str(dtype).removeprefix("torch.")
        yield Trial(f"equivariance under {group}, {name}", _maximum(errors.values()), tolerance)


def _instance(built: type[torch.nn.Module], dtype: torch.dtype) -> torch.nn.Module:
    """The constructor takes one `num_<classes>` for each kind of classes."""
    counts = {name: SIZES.classes for name in inspect.signature(built).parameters if name.startswith("num_")}
    return in_mul_ir(built(**counts, dtype=dtype))


def _with_parameters(module: torch.nn.Module, values: Mapping[str, Tensor]) -> torch.nn.Module:
    """Parameters of the module are the learned weights of the diagram, in order."""
    with torch.no_grad():
        for parameter, value in zip(module.parameters(), values.values(), strict=True):
            parameter.copy_(value)
    return module


def _assigned(
    arguments: Arguments, parameters: Mapping[str, Tensor], leaves: Sequence[Tensor]
) -> tuple[dict[str, Tensor | int], dict[str, Tensor]]:
    """Arguments and parameters with `leaves` in the places of all floating tensors."""
    remaining = iter(leaves)
    given = {
        name: next(remaining) if isinstance(value, Tensor) and value.is_floating_point() else value
        for name, value in arguments.items()
    }
    return given, {name: next(remaining) for name in parameters}


def _derivatives(function: Callable[..., Results], leaves: Sequence[Tensor], seed: int) -> dict[str, Results]:
    """Value, gradient with a random cotangent, and the gradient of that with another."""
    generator = torch.Generator().manual_seed(seed)
    inputs = [leaf.detach().clone().requires_grad_() for leaf in leaves]
    values = function(*inputs)
    first = _gradient(values, inputs, generator)
    second = _gradient(first, inputs, generator)
    return {"value": _detached(values), "gradient": _detached(first), "double gradient": _detached(second)}


def _gradient(values: Results, inputs: Sequence[Tensor], generator: torch.Generator) -> Results:
    total = torch.zeros((), dtype=torch.float64)
    for value in values:
        total = total + (value * torch.randn(value.shape, generator=generator, dtype=torch.float64)).sum()
    if not total.requires_grad:
        return tuple(torch.zeros_like(leaf) for leaf in inputs)
    return torch.autograd.grad(total, inputs, create_graph=True, materialize_grads=True)


def _detached(tensors: Results) -> Results:
    return tuple(tensor.detach() for tensor in tensors)


def _worst(found: Results, expected: Results) -> float:
    """The largest relative error, each tensor against its own largest value."""
    return _maximum(relative_error(a, b) for a, b in zip(found, expected, strict=True))


def _maximum(errors: Iterable[float]) -> float:
    """NaN if there is one, which `max` could hide."""
    found = tuple(errors)
    return nan if any(isnan(error) for error in found) else max(found, default=0.0)


def _tuple(result: Tensor | Results) -> Results:
    return (result,) if isinstance(result, Tensor) else tuple(result)
