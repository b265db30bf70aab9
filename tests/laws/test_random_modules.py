"""Generated modules against the reference on 1,000 random programs: values, gradients, gradients of gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Literal

import pytest
import torch
from random_diagrams import random_diagram
from random_seeds import ALL, FAST, blocks, each_seed, options
from torch import Tensor

from fusionc.check.ir import CheckedDiagram
from fusionc.commands.relaid import in_mul_ir
from fusionc.compiler import compile_source
from fusionc.reference import evaluate
from fusionc.runtime.generated import classes_of, module_of
from fusionc.source import Source
from fusionc.testing import (
    Sizes,
    equivariance_error,
    interface,
    random_arguments,
    random_parameters,
    relative_error,
)

TOLERANCE = 1e-11
FLOOR = 0.1  # what is zero by symmetry holds rounding, up to about 1e-13 with random weights
SIZES = (Sizes(nodes=4, edges=9, classes=3, leading=(2, 2)), Sizes(nodes=3, edges=0, graphs=1, classes=3, leading=(0,)))

Arguments = Mapping[str, Tensor | int]
Parameters = Mapping[str, Tensor]
Results = tuple[Tensor, ...]
Function = Callable[[Arguments, Parameters], Results]


def compiled(seed: int, layout: Literal["mul_ir", "ir_mul"] = "mul_ir") -> tuple[CheckedDiagram, torch.nn.Module]:
    source = Source(f"d{seed}.fusion", random_diagram(seed))
    found = compile_source(source, replace(options(seed), layout=layout))
    (diagram,) = found.planned.checked.program.diagrams
    (built,) = classes_of(module_of(found.text, f"d{seed}"))
    counts = {f"num_{weight.per}": 3 for weight in diagram.parameters if weight.per is not None}
    return diagram, built(**counts, dtype=torch.float64)


def compiled_outputs(module: torch.nn.Module, arguments: Arguments, parameters: Parameters) -> Results:
    """The outputs of a generated module with these learned weights, as `reference.evaluate` gives them."""
    out = torch.func.functional_call(module, dict(parameters), tuple(arguments.values()))
    return (out,) if isinstance(out, Tensor) else tuple(out)


def derivatives(function: Function, arguments: Arguments, parameters: Parameters, seed: int) -> list[Results]:
    """Values, the gradient of a random combination of them, and the gradient of one of that."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {name: value for name, value in arguments.items() if isinstance(value, Tensor)}
    floating = {name: value for name, value in tensors.items() if value.is_floating_point()}
    differentiated = {name: value.clone().requires_grad_() for name, value in floating.items()}
    learned = {name: value.clone().requires_grad_() for name, value in parameters.items()}
    given, leaves = {**arguments, **differentiated}, [*differentiated.values(), *learned.values()]
    orders = [function(given, learned)]
    for _ in range(2):
        total = torch.stack([0.0 * leaf.sum() for leaf in leaves]).sum()  # what depends on nothing has gradient zero
        for value in orders[-1]:
            total = total + (value * torch.randn(value.shape, generator=generator, dtype=torch.float64)).sum()
        orders.append(torch.autograd.grad(total, leaves, create_graph=True))
    return orders


def module_equals_reference(seed: int) -> str | None:
    diagram, module = compiled(seed)
    if interface(module) != interface(diagram):
        return f"the module says {interface(module)}, the diagram {interface(diagram)}"
    for sizes in SIZES:
        arguments = random_arguments(diagram, seed=seed, sizes=sizes, sort=seed % 2 == 0)
        parameters = random_parameters(diagram, seed=seed, sizes=sizes)
        expected = derivatives(partial(evaluate, diagram), arguments, parameters, seed)
        found = derivatives(partial(compiled_outputs, module), arguments, parameters, seed)
        for what, ours, theirs in zip(("value", "gradient", "second gradient"), found, expected, strict=True):
            errors = [relative_error(a, b, FLOOR) for a, b in zip(ours, theirs, strict=True)]
            if not all(error <= TOLERANCE for error in errors):
                return f"{what}: relative errors {', '.join(f'{error:.2g}' for error in errors)}"
    return None


def layout_is_a_permutation(seed: int) -> str | None:
    """With `ir_mul` a module gives the same results, channels inside, and is equivariant."""
    diagram, module = compiled(seed, "ir_mul")
    parameters = random_parameters(diagram, seed=seed, sizes=SIZES[0])
    module.load_state_dict(module.state_dict() | parameters)
    arguments = random_arguments(diagram, seed=seed, sizes=SIZES[0])
    with torch.no_grad():
        found = in_mul_ir(module)(*arguments.values())
    expected = evaluate(diagram, arguments, parameters)
    errors = [relative_error(a, b, FLOOR) for a, b in zip(found, expected, strict=True)]
    turned = equivariance_error(module, seed=seed, trials=2, sizes=SIZES[0], dtype=torch.float64, floor=FLOOR)
    errors += turned.values()
    return None if all(error <= TOLERANCE for error in errors) else f"relative errors {errors}"


@pytest.mark.parametrize("seeds", blocks(FAST))
def test_layout_is_a_permutation(seeds: range) -> None:
    each_seed(layout_is_a_permutation, seeds)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", blocks(ALL))
def test_layout_is_a_permutation_for_all(seeds: range) -> None:
    each_seed(layout_is_a_permutation, seeds)


@pytest.mark.parametrize("seeds", blocks(FAST))
def test_modules_equal_the_reference(seeds: range) -> None:
    each_seed(module_equals_reference, seeds)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", blocks(ALL))
def test_all_modules_equal_the_reference(seeds: range) -> None:
    each_seed(module_equals_reference, seeds)
