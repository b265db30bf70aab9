"""Programs and weights from other libraries. Their modules are imported when they are used, not before."""

from __future__ import annotations

import importlib
from types import ModuleType


def __getattr__(name: str) -> ModuleType:
    if name in ("e3nn", "mace"):
        return importlib.import_module(f"fusionc.interop.{name}")
    raise AttributeError(f"module 'fusionc.interop' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), "e3nn", "mace"])
