"""`grammar/ERRORS.md`: a section for every code and for no other, whose example fails with it and mended does not."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from fusionc.cheaper import notes
from fusionc.commands.recouple import recoupled
from fusionc.compiler import compile_source
from fusionc.diagnostics import CompileError, Diagnostic
from fusionc.draw.picture import oversize
from fusionc.explain import Section, sections
from fusionc.options import CompileOptions, Limits
from fusionc.source import Source

ROOT = Path(__file__).resolve().parent.parent
CODE = re.compile(r"F[0-9]{3}")
STAGES = {"syntax": "F0", "diagram": "F1", "check": "F2", "plan": "F3"}


@dataclass(frozen=True)
class Block:
    """A fenced block: the codes it must give, the options to check it with, its text, and what to recouple in it."""

    codes: tuple[str, ...]
    options: CompileOptions
    text: str
    recouple: tuple[str, str] | None = None


def blocks(section: Section) -> tuple[Block, ...]:
    found = re.finditer(r"^```fusion *([^\n]*)\n(.*?)^```$", section.text, flags=re.MULTILINE | re.DOTALL)
    return tuple(_block(m[1], m[2]) for m in found)


def _block(info: str, text: str) -> Block:
    words = shlex.split(info)
    codes = tuple(word for word in words if CODE.fullmatch(word))
    given = [(flag, *value.split("=")) for flag, value in pairwise(words) if flag in ("--limit", "-D")]
    limits = Limits().with_overrides({name: int(value) for flag, name, value in given if flag == "--limit"})
    params = tuple((name, int(value)) for flag, name, value in given if flag == "-D")
    shown = re.sub(r"\\u\{([0-9A-F]+)\}", lambda m: chr(int(m[1], 16)), text)
    old = ("--convention", "e3nn-0.4") in pairwise(words)
    options = CompileOptions(limits=limits, params=params, convention="e3nn-0.4" if old else "e3nn")
    named = dict(pairwise(words))
    recouple = (named["--recouple"], named["--to"]) if "--recouple" in named else None
    return Block(codes, options, shown, recouple)


def findings(block: Block) -> tuple[Diagnostic, ...]:
    source = Source("example", block.text)
    try:
        planned = compile_source(source, block.options).planned
        checked = planned.checked
        if block.recouple is not None:
            recoupled(source, block.options, *block.recouple)
        too_large = oversize(checked.program, block.options.limits)
        said = (*checked.warnings, *notes(source, block.options, planned))
        return said if too_large is None else (too_large,)
    except CompileError as error:
        return error.diagnostics


def constructors() -> Iterator[tuple[str, str]]:
    """(stage, code) of every function of an `errors.py` whose docstring begins with a code."""
    for stage in STAGES:
        path = ROOT / "fusionc" / stage / "errors.py"
        tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and (found := CODE.match(ast.get_docstring(node) or "")):
                yield stage, found[0]


def test_every_code_has_a_section_and_every_section_a_code() -> None:
    codes = [code for _, code in constructors()]
    assert len(codes) == len(set(codes)), "two constructors share a code"
    assert [section.code for section in sections()] == sorted(codes)


def test_codes_are_those_of_their_stage() -> None:
    assert all(code.startswith(STAGES[stage]) for stage, code in constructors())


@pytest.mark.parametrize("section", sections(), ids=lambda s: s.code)
def test_a_section_explains_and_shows(section: Section) -> None:
    prose = re.sub(r"^```.*?^```$", "", section.text, flags=re.MULTILINE | re.DOTALL).split("\n", 1)[1]
    assert len(prose.split()) >= 8, "say when it happens, and why"
    assert not section.title.endswith(".")
    faulty, mended = blocks(section)
    assert section.code in faulty.codes
    assert mended.codes == ()


@pytest.mark.parametrize("section", sections(), ids=lambda s: s.code)
def test_the_example_fails_with_its_code(section: Section) -> None:
    faulty, _ = blocks(section)
    found = findings(faulty)
    severity = next((d.severity for d in found if d.code == section.code), None)
    assert severity is not None, [d.code for d in found]
    assert {d.code for d in found if d.severity is severity} == set(faulty.codes)


@pytest.mark.parametrize("section", sections(), ids=lambda s: s.code)
def test_the_mended_example_is_fine(section: Section) -> None:
    _, mended = blocks(section)
    assert findings(mended) == ()


@pytest.mark.parametrize("section", sections(), ids=lambda s: s.code)
def test_every_example_prints_and_is_explained(section: Section) -> None:
    """What the user sees of the example leads back to the section."""
    from fusionc.render import render_all

    faulty, _ = blocks(section)
    text = render_all(Source("example", faulty.text), findings(faulty))
    assert f"fusionc explain {section.code}" in text
    assert all(c.isprintable() or c == "\n" for c in text)
