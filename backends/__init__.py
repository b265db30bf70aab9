"""Code generators: plans in, the source of a module out."""

from __future__ import annotations

from collections.abc import Callable

from fusionc.backends.cpp.emit import emit as emit_cpp
from fusionc.backends.interface import Emitted, Header, Unit, safe_name
from fusionc.backends.pytorch.emit import emit as emit_pytorch
from fusionc.options import CompileOptions
from fusionc.plan.ir import Plan

Emitter = Callable[[tuple[Plan, ...], CompileOptions, Header], Emitted]

TARGETS: tuple[str, ...] = ("torch", "cpp")
"""What `--backend` may name."""


def emit(plans: tuple[Plan, ...], options: CompileOptions, header: Header) -> Emitted:
    """One Python module with a `torch.nn.Module` class for each plan, in their order, and the source of its library.

    Raises ValueError for a backend that is none of `TARGETS`.
    """
    return load(options.backend)(plans, options, header)


def load(target: str) -> Emitter:
    match target:
        case "torch":
            return emit_pytorch
        case "cpp":
            return emit_cpp
        case _:
            raise ValueError(f"no backend {target!r}; there are {', '.join(TARGETS)}")


__all__ = ["TARGETS", "Emitted", "Emitter", "Header", "Unit", "emit", "load", "safe_name"]
