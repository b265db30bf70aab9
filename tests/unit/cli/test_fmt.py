"""`fusionc fmt`: in place, as a filter, and as a check."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

UGLY = "fusion   1\ndiagram d {\n   input x:1o  # a vector\n z=dot( x,x )\n  output z\n}\n"


def test_in_place_once(fusionc: Callable, program: Callable) -> None:
    path = program(UGLY)
    path.chmod(0o640)
    assert fusionc("fmt", path).code == 0
    text = path.read_text()
    assert text != UGLY
    assert "z = dot(x, x)" in text
    assert "# a vector" in text
    assert path.stat().st_mode & 0o777 == 0o640
    before = path.stat().st_mtime_ns
    run = fusionc("fmt", path)
    assert (run.code, run.out, run.err) == (0, "", "")
    assert path.stat().st_mtime_ns == before


def test_as_a_filter(fusionc: Callable, program: Callable) -> None:
    path = program(UGLY)
    run = fusionc("fmt", "-", stdin=UGLY.encode())
    assert run.code == 0
    fusionc("fmt", path)
    assert run.out == path.read_text()


def test_check_writes_nothing(fusionc: Callable, program: Callable) -> None:
    path = program(UGLY)
    run = fusionc("fmt", "--check", path)
    assert run.code == 1
    assert str(path) in run.err
    assert path.read_text() == UGLY
    fusionc("fmt", path)
    assert fusionc("fmt", "--check", path).code == 0


def test_diff_writes_nothing(fusionc: Callable, program: Callable) -> None:
    path = program(UGLY)
    run = fusionc("fmt", "--diff", path)
    assert run.code == 0
    assert f"--- {path}\n+++ {path}\n" in run.out
    assert "+  z = dot(x, x)\n" in run.out
    assert path.read_text() == UGLY
    assert fusionc("fmt", "--diff", "--check", path).code == 1


@pytest.mark.parametrize("text", [UGLY.replace("\n", "\r\n"), "\ufeff" + UGLY])
def test_line_ends_and_byte_order_marks_are_layout(fusionc: Callable, program: Callable, text: str) -> None:
    path = program(text)
    assert fusionc("fmt", "--check", path).code == 1
    fusionc("fmt", path)
    data = path.read_bytes()
    assert b"\r" not in data
    assert data.startswith(b"fusion 1\n")
    assert fusionc("fmt", "--check", path).code == 0


def test_a_faulty_source_stays_as_it_is(fusionc: Callable, program: Callable) -> None:
    path = program("diagarm d {\n")
    assert fusionc("fmt", path).code == 1
    assert path.read_text() == "diagarm d {\n"


def test_not_through_a_symbolic_link(fusionc: Callable, program: Callable, tmp_path: Path) -> None:
    path, link = program(UGLY), tmp_path / "link.fusion"
    os.symlink(path, link)
    run = fusionc("fmt", link)
    assert run.code == 2
    assert "symbolic link" in run.err
    assert path.read_text() == UGLY
