"""Whole cases: the checked program, the plan and the generated module of a source, exactly.

A difference is to be read: `pytest --update-golden` writes the files, `git diff` shows what has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fusionc.commands.show import Stage, stage_text
from fusionc.compiler import plan_source
from fusionc.options import CompileOptions
from fusionc.reading import load_source
from fusionc.source import Source

CASES = sorted(path.parent for path in Path(__file__).resolve().parent.glob("*/*.fusion"))
STAGES: dict[str, Stage] = {".checked": "checked", ".network": "network", ".py": "module"}

Golden = Callable[[Path, str], None]


def source_of(case: Path) -> Source:
    """Named as on the command line from the folder of the cases, so that no machine shows in a golden file."""
    return Source(f"{case.name}.fusion", load_source(str(case / f"{case.name}.fusion")).text)


@pytest.mark.parametrize("suffix", STAGES)
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_stages(case: Path, suffix: str, golden: Golden) -> None:
    golden(case / f"{case.name}{suffix}", stage_text(source_of(case), CompileOptions(), STAGES[suffix]))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_plan(case: Path, golden: Golden) -> None:
    golden(case / f"{case.name}.plan", plan_source(source_of(case)).report.to_text())


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_sources_are_in_the_canonical_layout(case: Path) -> None:
    from fusionc.syntax.format import format_file
    from fusionc.syntax.parse import parse

    source = source_of(case)
    assert format_file(parse(source)) == source.text


def test_nothing_is_left_over() -> None:
    suffixes = {".fusion", ".plan", *STAGES}
    for case in CASES:
        assert {path.name for path in case.iterdir()} == {f"{case.name}{suffix}" for suffix in suffixes}
