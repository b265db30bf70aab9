"""Every `fusion` block of REFERENCE.md compiles, or is refused with the codes it is marked with.

The blocks of ERRORS.md are compiled by `tests/test_error_index.py`.
"""

from __future__ import annotations

import re

import pytest

from fusionc import grammar
from fusionc.compiler import compile_source
from fusionc.diagnostics import CompileError
from fusionc.source import Source

BLOCKS = re.findall(r"^```fusion *([^\n]*)\n(.*?)^```$", grammar.read("REFERENCE.md"), flags=re.MULTILINE | re.DOTALL)


def test_the_page_has_blocks() -> None:
    assert len(BLOCKS) >= 8
    assert any(marks for marks, _ in BLOCKS)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_block(number: int) -> None:
    marks, text = BLOCKS[number]
    source = Source(f"block {number}", text)
    if not marks:
        assert compile_source(source).planned.checked.warnings == ()
        return
    with pytest.raises(CompileError) as raised:
        compile_source(source)
    assert {found.code for found in raised.value.diagnostics} == set(marks.split())
