"""A cache of its own for every test, compilers that can be watched, and other processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from .native import COMPILER

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Watched:
    """A compiler in CXX that writes every call into a log before it works."""

    log: Path

    def calls(self, containing: str = "") -> list[str]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line for line in lines if containing in line]


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the cache will be; not made yet."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("FUSIONC_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Watched]:
    """`watched("sleep 1")` puts a compiler into CXX that runs the shell commands before each real call."""

    def install(before: str = ":") -> Watched:
        log = tmp_path / "calls.log"
        script = tmp_path / "watched-compiler"
        script.write_text(f'#!/bin/sh\necho "$*" >> "{log}"\n{before}\nexec "{COMPILER}" "$@"\n')
        script.chmod(0o755)
        monkeypatch.setenv("CXX", str(script))
        return Watched(log)

    return install


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """`start(code, NAME=value)`: Python code in a process of its own, with this environment and more."""

    def run(code: str, **more: str) -> subprocess.Popen[str]:
        variables = os.environ | {"PYTHONPATH": os.environ.get("PYTHONPATH", str(ROOT)), **more}
        return subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run
