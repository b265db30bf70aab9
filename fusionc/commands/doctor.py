"""`fusionc doctor`: what is here, what is missing, and what that means."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections.abc import Iterator

import click

from fusionc import __version__
from fusionc.cli import EXIT_ENVIRONMENT, EXIT_FINE
from fusionc.commands.cache import counted
from fusionc.commands.session import Session, run_options
from fusionc.render import visible
from fusionc.runtime.faults import NativeFault, NoCompiler

OLDEST_PYTHON, OLDEST_TORCH = (3, 11), (2, 10)


@click.command("doctor", short_help="Say what is installed and what works.")
@run_options
def command(session: Session) -> int:
    """Print the versions of what fusionc needs, and try it out.

    Exit code 3 if torch is missing or does not work, or if a C++ compiler is there and native code does not work.
    """
    for name, found in _versions():
        session.console.report(f"{name:<9} {found}")
    works = [_line(session, "check and plan", _compiler_fault()), _line(session, "torch modules", _torch_fault())]
    if _version("torch") is not None:
        works.append(_native_code(session))
    return EXIT_FINE if all(works) else EXIT_ENVIRONMENT


def _versions() -> Iterator[tuple[str, str]]:
    yield "fusionc", __version__
    yield "python", f"{platform.python_version()} ({platform.python_implementation()}, {platform.machine()})"
    for name in ("torch", "numpy", "lark", "click"):
        yield name, _version(name) or "missing"
    for name in ("e3nn",):
        yield name, _version(name) or "not installed (only needed to import e3nn's modules)"
    yield "compiler", _compiler()
    yield "cache", _cache()


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _compiler() -> str:
    from fusionc.runtime.toolchain import ask, find_compiler

    try:
        tools = ask(find_compiler())
    except NoCompiler as fault:
        return visible(str(fault))
    sets = ", ".join(name for name, _ in tools.isas)
    return visible(f"{tools.version}; {tools.command[0]}; instruction sets {sets}")


def _cache() -> str:
    """Looking makes no folder."""
    from fusionc.runtime.cache import Cache, location, secured

    folder = location()
    if not folder.exists():
        return visible(f"{folder}, not made yet")
    try:
        kept = Cache(secured(folder)).kept()
    except NativeFault as fault:
        return visible(str(fault))
    return visible(f"{folder}, {counted(kept)}")


def _native_code(session: Session) -> bool:
    """Without a compiler the torch backend works all the same: that is no fault."""
    from fusionc.runtime.trial import attempt

    try:
        outcome = attempt()
    except NoCompiler:
        session.console.report("native code: no C++ compiler")
        return True
    except NativeFault as fault:
        return _line(session, "native code", visible(str(fault)))
    session.console.report(f"native code: works, with {outcome.isa} instructions on {_threads()}")
    return True


def _threads() -> str:
    import torch

    number = torch.get_num_threads()
    return f"{number} thread{'' if number == 1 else 's'}"


def _line(session: Session, what: str, fault: str | None) -> bool:
    session.console.report(f"{what}: {'works' if fault is None else fault}")
    return fault is None


_PROGRAM = """\
fusion 1
diagram norm {
  input x : 2x1o
  z = dot(x, x)
  output z
}
"""


def _compiler_fault() -> str | None:
    if sys.version_info < OLDEST_PYTHON:
        return f"Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or later is needed"
    try:
        from fusionc.compiler import plan_source
        from fusionc.options import CompileOptions
        from fusionc.source import Source

        plan_source(Source("doctor", _PROGRAM), CompileOptions())
    except ImportError as error:
        return f"cannot import {error.name}"
    return None


def _torch_fault() -> str | None:
    """Why no generated module can run here, or None after one has."""
    version = _version("torch")
    if version is None:
        return "torch is missing: pip install torch"
    try:
        import torch
    except (ImportError, OSError) as error:
        return f"torch cannot be imported: {str(error)!a}"
    if tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2]) < OLDEST_TORCH:
        return f"torch {OLDEST_TORCH[0]}.{OLDEST_TORCH[1]} or later is needed, this is {torch.__version__}"
    from fusionc.runtime.loading import load

    module = load(_PROGRAM)()
    result = module(torch.tensor([[3.0, 0.0, 4.0, 0.0, 2.0, 0.0]]))
    return None if result.tolist() == [[25.0, 4.0]] else "a generated module gives a wrong result"
