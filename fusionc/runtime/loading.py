"""The compiler as functions of a program and its parameters: `fusionc.load` and `fusionc.plan`."""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fusionc.diagnostics import Diagnostic
from fusionc.options import DEGREE, CompileOptions, Limits
from fusionc.source import Source

if TYPE_CHECKING:
    import torch

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
    limits: Limits | None = None,
    **params: int,
) -> type[torch.nn.Module]:
    """The `torch.nn.Module` class of a diagram; nothing is written to disk.

    path_or_text  a file, or source text when it is a `str` with a newline
    entry         the diagram's name; may be left out when there is only one
    params        values for the program's `param`s, such as C=64

    Raises CompileError, InputError when the file cannot be read, and ValueError for an `entry` that is missing.
    """
    from fusionc import compiler
    from fusionc.runtime.generated import classes_of, module_of

    options = _options(entry, backend, dtype, layout, convention, limits, params)
    source = _source(path_or_text, options.limits)
    compiled = compiler.compile_source(source, options)
    _warn(source, compiled.planned.checked.warnings, 2)
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

    options = _options(entry, "torch", dtype, layout, convention, limits, params)
    options = replace(options, target=target, degree=degree)
    source = _source(path_or_text, options.limits)
    planned = compiler.plan_source(source, options)
    _warn(source, planned.checked.warnings, 3)  # called by the package `fusionc.plan`, which is called by the user
    return planned.report


def _options(
    entry: str | None,
    backend: str,
    dtype: Dtype | torch.dtype | None,
    layout: Literal["mul_ir", "ir_mul"],
    convention: Literal["e3nn", "e3nn-0.4"],
    limits: Limits | None,
    params: dict[str, int],
) -> CompileOptions:
    for name, value in params.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise TypeError(f"parameter {name} must be an integer of at least 0, not {value!r}")
    return CompileOptions(limits or Limits(), tuple(params.items()), entry, _dtype(dtype), layout, backend, convention)


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
