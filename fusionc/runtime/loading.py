"""The compiler as functions of a program and its parameters: `fusionc.load`, `fusionc.plan`, `fusionc.weight_maps`."""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fusionc.diagnostics import Diagnostic
from fusionc.options import DEGREE, CompileOptions, Limits, Weights
from fusionc.source import Source

if TYPE_CHECKING:
    import torch

    from fusionc.network.weights import WeightMap
    from fusionc.plan.report import PlanReport

Dtype = Literal["float32", "float64"]


class CompileWarning(UserWarning):
    """A program is accepted, but something in it looks like a slip: an input that nothing reads, say."""


def load(
    path_or_text: str | os.PathLike[str],
    entry: str | None = None,
    backend: str = "torch",
    dtype: Dtype | torch.dtype | None = None,
    *,
    layout: Literal["mul_ir", "ir_mul"] = "mul_ir",
    convention: Literal["e3nn", "e3nn-0.4"] = "e3nn",
    weights: Weights = "kept",
    limits: Limits | None = None,
    **params: int,
) -> type[torch.nn.Module]:
    """The `torch.nn.Module` class of a diagram; nothing is written to disk but, by backend "cpp", into the cache.

    path_or_text  a file, or source text when it is a `str` with a newline
    entry         the diagram's name; may be left out when there is only one
    backend       "torch"; "cpp", native code for CPUs; "auto", that where there is a compiler, else "torch"
    weights       "reduced": learned weights in the basis that is computed with, as `weight_maps` tells
    params        values for the program's `param`s, such as C=64

    Raises CompileError, InputError when the file cannot be read, ValueError for an `entry` that is missing, and
    NativeFault where native code cannot be built.
    """
    from fusionc import compiler
    from fusionc.runtime.generated import classes_of, module_of
    from fusionc.runtime.native import load_operators, settled

    options = settled(_options(entry, backend, dtype, layout, convention, weights, limits, params))
    source = _source(path_or_text, options.limits)
    compiled = compiler.compile_source(source, options)
    _warn(source, compiled.planned.checked.warnings, 2)
    load_operators(compiled.emitted)
    classes = classes_of(module_of(compiled.text, Path(source.name).stem))
    if len(classes) != 1:
        names = ", ".join(plan.network.name for plan in compiled.planned.plans)
        raise ValueError(f"entry= must name the diagram to load; {source.name} has {names or 'none'}")
    return classes[0]


def plan(
    path_or_text: str | os.PathLike[str],
    entry: str | None = None,
    dtype: Dtype | torch.dtype | None = None,
    *,
    layout: Literal["mul_ir", "ir_mul"] = "mul_ir",
    convention: Literal["e3nn", "e3nn-0.4"] = "e3nn",
    weights: Weights = "kept",
    limits: Limits | None = None,
    target: Literal["torch", "kernel"] = "torch",
    degree: int = DEGREE,
    **params: int,
) -> PlanReport:
    """The plans of a program's diagrams, with `to_text()`, `to_json()`, `to_dict()` and `sha256`.

    target        whose costs are lowered and counted: a PyTorch module's or a straight-line kernel's
    degree        how many edges a node has, where their work is weighed

    Other arguments as for `load`; without `entry`, all diagrams.
    """
    if target not in ("torch", "kernel"):
        raise ValueError(f"target must be torch or kernel, not {target}")
    if isinstance(degree, bool) or not isinstance(degree, int) or degree < 1:
        raise ValueError(f"degree must be an integer of at least 1, not {degree!r}")
    from fusionc import compiler

    options = _options(entry, "torch", dtype, layout, convention, weights, limits, params)
    options = replace(options, target=target, degree=degree)
    source = _source(path_or_text, options.limits)
    planned = compiler.plan_source(source, options)
    _warn(source, planned.checked.warnings, 3)  # called by the package `fusionc.plan`, which is called by the user
    return planned.report


def weight_maps(
    path_or_text: str | os.PathLike[str],
    entry: str | None = None,
    *,
    convention: Literal["e3nn", "e3nn-0.4"] = "e3nn",
    limits: Limits | None = None,
    **params: int,
) -> dict[str, WeightMap]:
    """By name, the learned weights that `load(.., weights="reduced")` has in another basis, and the exact maps.

    A kept module's state becomes the reduced module's so:

        for name, found in fusionc.weight_maps(path).items():
            state[found.reduced_name] = found.reduce(state.pop(name))

    Raises as `load` does.
    """
    from fusionc import compiler

    options = _options(entry, "torch", None, "mul_ir", convention, "reduced", limits, params)
    source = _source(path_or_text, options.limits)
    plans = compiler.plan_source(source, options).plans
    if len(plans) != 1:
        names = ", ".join(found.network.name for found in plans)
        raise ValueError(f"entry= must name the diagram to map the weights of; {source.name} has {names or 'none'}")
    return {found.name: found for found in plans[0].weight_maps}


def _options(
    entry: str | None,
    backend: str,
    dtype: Dtype | torch.dtype | None,
    layout: Literal["mul_ir", "ir_mul"],
    convention: Literal["e3nn", "e3nn-0.4"],
    weights: Weights,
    limits: Limits | None,
    params: dict[str, int],
) -> CompileOptions:
    for name, value in params.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise TypeError(f"parameter {name} must be an integer of at least 0, not {value!r}")
    if weights not in ("kept", "reduced"):
        raise ValueError(f"weights must be kept or reduced, not {weights!r}")
    given = tuple(params.items())
    options = CompileOptions(limits or Limits(), given, entry, _dtype(dtype), layout, backend, convention)
    return replace(options, weights=weights)


def _dtype(dtype: Dtype | torch.dtype | None) -> Dtype | None:
    match str(dtype).removeprefix("torch."):
        case "None":
            return None
        case "float32":
            return "float32"
        case "float64":
            return "float64"
        case other:
            raise ValueError(f"dtype must be float32 or float64, not {other}")


def _source(path_or_text: str | os.PathLike[str], limits: Limits) -> Source:
    if isinstance(path_or_text, str) and "\n" in path_or_text:
        return Source("<text>", path_or_text)
    from fusionc.reading import load_source

    return load_source(os.fspath(path_or_text), limits)


def _warn(source: Source, diagnostics: tuple[Diagnostic, ...], frames: int) -> None:
    """As Python warnings, at the line so many frames above."""
    from fusionc.render import render_short

    for diagnostic in diagnostics:
        warnings.warn(render_short(source, diagnostic), CompileWarning, stacklevel=frames + 1)
