"""Compile coupling diagrams (`.fusion` files) to equivariant torch modules.

    Conv = fusionc.load("conv.fusion", C=64)    # a torch.nn.Module class
    print(fusionc.plan("conv.fusion").to_text())

Importing this package imports neither torch nor numpy; `load` does.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

import fusionc.plan

__version__ = "0.1.0"

_HOMES = {
    "CompileError": "fusionc.diagnostics",
    "CompileWarning": "fusionc.runtime.loading",
    "InputError": "fusionc.reading",
    "Limits": "fusionc.options",
    "load": "fusionc.runtime.loading",
    "weight_maps": "fusionc.runtime.loading",
}

if TYPE_CHECKING:
    from fusionc.diagnostics import CompileError as CompileError
    from fusionc.options import Limits as Limits
    from fusionc.reading import InputError as InputError
    from fusionc.runtime.loading import CompileWarning as CompileWarning
    from fusionc.runtime.loading import load as load
    from fusionc.runtime.loading import plan as plan
    from fusionc.runtime.loading import weight_maps as weight_maps


def __getattr__(name: str) -> Any:
    """The public names, imported when they are first used."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in ("interop", "testing"):
        return importlib.import_module(f"fusionc.{name}")
    raise AttributeError(f"module 'fusionc' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES, "interop", "testing"])


class _PlanPackage(ModuleType):
    """`fusionc.plan` is the package of the planner and, called, the function that plans a program.

    A mere function of this name would be lost: importing a module of the package puts the package in its place.
    """

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """See `fusionc.runtime.loading.plan`."""
        from fusionc.runtime.loading import plan

        return plan(*arguments, **options)


fusionc.plan.__class__ = _PlanPackage
