"""The tour of the README runs as it is printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def fusionc(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "fusionc", *arguments], capture_output=True, text=True, timeout=120)


@pytest.fixture(autouse=True)
def tour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("conv.fusion").write_text(blocks("fusion")[0], encoding="utf-8")


def test_the_tour_has_twenty_lines() -> None:
    code = [line for text in blocks("fusion") + blocks("python") for line in text.splitlines() if line.strip()]
    assert len(code) <= 24


def test_the_python_of_the_tour_runs() -> None:
    for text in blocks("python"):
        exec(compile(text, "README.md", "exec"), {})


def test_the_commands_of_the_tour_run() -> None:
    commands = re.findall(r"^\$ fusionc (.*?)\s*(?:#.*)?$", "".join(blocks("console")), re.MULTILINE)
    assert len(commands) == 6
    for command in commands:
        result = fusionc(*command.split())
        assert result.returncode == 0, f"{command}: {result.stderr}"


def test_the_error_of_the_tour_is_what_is_printed() -> None:
    Path("spinor.fusion").write_text(
        "\n\ndiagram spinor {\n  input psi : 1/2e + 1x1o\n  output psi\n}\n", encoding="utf-8"
    )
    result = fusionc("check", "spinor.fusion")
    assert result.returncode == 1
    assert blocks("text")[0] in result.stderr


def test_the_identity_of_the_tour_is_what_is_proved() -> None:
    program = Path(__file__).resolve().parent.parent / "examples" / "fmove" / "fmove.fusion"
    result = fusionc("check", str(program))
    identity = re.search(r"^    (left\(e=1e\) = .*)$", README, re.MULTILINE)
    assert identity is not None
    assert identity[1] in result.stdout
