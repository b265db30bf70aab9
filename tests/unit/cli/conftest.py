"""Running the command line: in this process for what it says, in one of its own for what the system sees."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from fusionc.cli import run

ROOT = Path(__file__).resolve().parents[3]

NORM = """\
fusion 1
param C = 2

diagram norm {
  input x : {C}x1o
  z = dot(x, x)
  output z
}
"""
"""The smallest program that all stages have something to do with."""


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str


class _Standard(io.TextIOWrapper):
    """A standard stream whose bytes can be given beforehand."""


@pytest.fixture
def fusionc(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """`fusionc("check", path, stdin=b"...")` in this process."""

    def call(*arguments: str | Path, stdin: bytes = b"") -> Run:
        monkeypatch.setattr(sys, "stdin", _Standard(io.BytesIO(stdin)))
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Run(code, out, err)

    return call


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Path]:
    """`program(text, name)` writes a source file."""

    def write(text: str | bytes = NORM, name: str = "norm.fusion") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return path

    return write


Spawn = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def spawn(tmp_path: Path) -> Spawn:
    """A process of the command line, in a folder of its own."""

    def start(
        *arguments: str | Path, environment: Mapping[str, str] | None = None, **options: object
    ) -> subprocess.Popen[bytes]:
        variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **(environment or {})}
        command = [sys.executable, "-m", "fusionc", *map(str, arguments)]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen(command, cwd=tmp_path, env=variables, **streams)  # type: ignore[call-overload, no-any-return]

    return start
