"""From what a backend has emitted to loaded operators, or to files beside a module."""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from pathlib import Path

from fusionc.backends import Emitted
from fusionc.options import CompileOptions
from fusionc.runtime.building import NativeSource, Report, Unit, build, build_into
from fusionc.runtime.faults import NativeFault
from fusionc.runtime.libraries import load as load_library
from fusionc.runtime.toolchain import find_compiler


def load_operators(emitted: Emitted) -> None:
    """Load the library of a module, if it has one, which is built in the cache where it is not. Raises NativeFault."""
    import torch

    if emitted.units and not hasattr(getattr(torch.ops, emitted.namespace), "graph"):
        load_library(build(native_source(emitted), report=_tell))


def write_library(emitted: Emitted, folder: Path, report: Report, force: bool) -> Path | None:
    """Put the library and its sources into the folder of a module; None where it needs none.

    Raises NativeFault, and OutputError for what may not be overwritten.
    """
    return build_into(native_source(emitted), folder, report=report, force=force) if emitted.units else None


def settled(options: CompileOptions) -> CompileOptions:
    """With "auto" settled: native code where there is a compiler, else PyTorch's, with a warning."""
    if options.backend != "auto":
        return options
    try:
        find_compiler()
    except NativeFault as fault:
        warnings.warn(f"backend='auto' takes PyTorch: {fault}", RuntimeWarning, stacklevel=3)
        return replace(options, backend="torch")
    return replace(options, backend="cpp")


def native_source(emitted: Emitted) -> NativeSource:
    return NativeSource(emitted.library, tuple(Unit(u.name, u.text, u.per_isa) for u in emitted.units))


def _tell(line: str) -> None:
    print(f"fusionc: {line}", file=sys.stderr, flush=True)
