"""Checked values of small programs, for the tests of this folder."""

from __future__ import annotations

from typing import TypeVar

import pytest

from fusionc.check.ir import CheckedDiagram, CheckedProgram, Op, Value
from fusionc.compiler import check_source
from fusionc.diagnostics import CompileError, Diagnostic
from fusionc.options import CompileOptions
from fusionc.source import Source

Kind = TypeVar("Kind", bound=Op)


def checked(text: str, options: CompileOptions | None = None) -> CheckedProgram:
    return check_source(Source("test.fusion", text), options).program


def diagram(body: str, header: str = "") -> CheckedDiagram:
    """The diagram with these statements."""
    return checked(f"{header}\ndiagram d {{\n{body}\n}}\n").diagrams[0]


def value(diagram: CheckedDiagram, name: str) -> Value:
    return next(value for value in diagram.values if value.name == name)


def operation(diagram: CheckedDiagram, name: str, kind: type[Kind]) -> Kind:
    """What makes the value of this name."""
    op = value(diagram, name).op
    assert isinstance(op, kind)
    return op


def findings(text: str, options: CompileOptions | None = None) -> tuple[Diagnostic, ...]:
    with pytest.raises(CompileError) as raised:
        check_source(Source("test.fusion", text), options)
    return raised.value.diagnostics


def codes(text: str, options: CompileOptions | None = None) -> list[str]:
    return [found.code for found in findings(text, options)]
