"""Whatever comes in: exit code 0, 1 or 2, in bounded time, and never a traceback."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_diagrams import random_diagram

from fusionc.cli import run

TOKENS = [
    *"(){}[]+-*|:=,.#\n\t \"\\;\r\0\x1b\u202e\ufeff\u0430",
    "fusion 1\n", "group SO3\n", "param C = 3\n", "irreps H = 2x0e + 1o\n", "diagram d {\n", "input x : 1o\n",
    "tree t(a: 1o, b: 1o) : 1e {\n", "check t() == t()\n", "input y[i] : {C}x1o\n", "weight w\n", "index i in g\n",
    "output z\n", "}\n", "z = x * x\n", "z : 0e = ", "sum[j](", "mean[i](", "sympow(x, 1..3)", "sh(x, 2)", "linear(x)",
    "cat(x, x)", "dot(x, x)", "gate(x, x, x)", " with ", "mode=uvw", "weights=w", "keep=0e + 1o", "1/2e", "128x0e",
    "1e3", "0.5", "1e", "..", "==", "H", "sqrt(1/3) * ", "recouple(t, over=f)", "9999999999", "x", "y[i]", "r[i,j]",
]  # fmt: skip


def outcome(command: tuple[str, ...], data: bytes) -> tuple[int, str, str]:
    """Exit code and both outputs of one command on standard input."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
    stdin, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(data))
    try:
        with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
            code = run([*command, "-"])
        return code, *(stream.buffer.getvalue().decode() for stream in streams)  # type: ignore[attr-defined]
    finally:
        sys.stdin = stdin


def assert_foreseen(data: bytes) -> None:
    for command in (("check",), ("plan",), ("plan", "--format", "html"), ("draw",), ("fmt",), ("compile",)):
        start = time.monotonic()
        code, _, err = outcome(command, data)
        assert code in (0, 1, 2), err
        assert "Traceback" not in err
        assert time.monotonic() - start < 10


FUZZ = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@FUZZ
@given(st.binary(max_size=300))
def test_bytes(data: bytes) -> None:
    assert_foreseen(data)


@FUZZ
@given(st.lists(st.sampled_from(TOKENS), max_size=40).map("".join))
def test_tokens(text: str) -> None:
    assert_foreseen(text.encode())


@FUZZ
@given(st.lists(st.sampled_from(TOKENS), max_size=12).map("".join))
def test_statements(text: str) -> None:
    assert_foreseen(f"diagram d {{\n  input x : 1o\n  z = dot(x, x)\n  {text}\n  output z\n}}\n".encode())


@pytest.mark.parametrize("seed", range(0, 1000, 50))
def test_random_programs_compile_to_python_and_plan_to_json(seed: int) -> None:
    source = random_diagram(seed).encode()
    code, text, err = outcome(("compile",), source)
    assert code == 0, err
    ast.parse(text)
    code, text, err = outcome(("plan", "--format", "json"), source)
    assert code == 0, err
    assert json.loads(text)["schema"] == "fusionc-plan/1"
    code, text, err = outcome(("plan",), source)
    assert code == 0, err
    code, laid_out, err = outcome(("fmt",), source)
    assert code == 0, err
    assert outcome(("plan",), laid_out.encode())[1] == text
