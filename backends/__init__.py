"""Code generators: plans in, the source of a module out."""

from __future__ import annotations

from collections.abc import Callable

from fusionc.backends.interface import Header, safe_name
from fusionc.backends.pytorch.emit import emit as emit_pytorch
from fusionc.options import CompileOptions
from fusionc.plan.ir import Plan

Emitter = Callable[[tuple[Plan, ...], CompileOptions, Header], str]

TARGETS: tuple[str, ...] = ("torch",)
"""What `--backend` may name."""


def emit(plans: tuple[Plan, ...], options: CompileOptions, header: Header) -> str:
    """The text of one Python module with a `torch.nn.Module` class for each plan, in their order.

    Raises ValueError for a backend that is none of `TARGETS`.
    """
    return load(options.backend)(plans, options, header)


def load(target: str) -> Emitter:
    match target:
        case "torch":
            return emit_pytorch
        case _:
            raise ValueError(f"no backend {target!r}; there are {', '.join(TARGETS)}")


__all__ = ["TARGETS", "Emitter", "Header", "emit", "load", "safe_name"]
