"""Every code has a program that provokes it, with the text that people see beside it.

A case is `F203_name.fusion` and `F203_name.err`; `F032+F005_name` provokes both, and counts for the first. A first line
`# fusionc: --limit l=20 -D C=3 --entry conv` gives it the options of the command line; `--recouple left --to
"(a b)"` is what `fusionc recouple` is asked for.
"""

from __future__ import annotations

import importlib
import inspect
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from fusionc import compiler
from fusionc.cheaper import notes
from fusionc.commands.recouple import recoupled
from fusionc.diagnostics import CompileError, Diagnostic
from fusionc.draw.picture import oversize
from fusionc.options import CompileOptions, Limits
from fusionc.render import render_all
from fusionc.source import Source

HERE = Path(__file__).parent
CASES = sorted(HERE.glob("*.fusion"))
STAGES = ("syntax", "diagram", "check", "plan")
CODE = re.compile(r"F[0-9]{3}")


def constructors() -> dict[str, list[str]]:
    """Code to the functions that make it: those of every stage's `errors.py` that return a Diagnostic."""
    found: dict[str, list[str]] = {}
    for stage in STAGES:
        name = f"fusionc.{stage}.errors"
        if importlib.util.find_spec(name) is None:
            continue
        module = importlib.import_module(name)
        for function_name, function in inspect.getmembers(module, inspect.isfunction):
            own = function.__module__ == name and not function_name.startswith("_")
            if own and inspect.signature(function).return_annotation in ("Diagnostic", Diagnostic):
                code = CODE.match(inspect.getdoc(function) or "")
                assert code, f"{name}.{function_name}: the docstring begins with the code, such as `F203: ...`"
                found.setdefault(code.group(), []).append(f"{stage}.{function_name}")
    return found


CONSTRUCTORS = constructors()


@dataclass(frozen=True)
class Asked:
    """What the first line of a case asks for: options, and (tree, bracketing) of `fusionc recouple`."""

    options: CompileOptions
    recouple: tuple[str, str] | None = None


def asked_of(text: str) -> Asked:
    line = text.partition("\n")[0].removeprefix("# fusionc:") if text.startswith("# fusionc:") else ""
    words = iter(shlex.split(line))
    limits, params, entry, recouple = {}, [], None, ("", "")
    convention: Literal["e3nn", "e3nn-0.4"] = "e3nn"
    for word in words:
        match word, next(words):
            case "--limit", value:
                limits[value.partition("=")[0]] = int(value.partition("=")[2])
            case "-D", value:
                params.append((value.partition("=")[0], int(value.partition("=")[2])))
            case "--entry", value:
                entry = value
            case "--recouple", value:
                recouple = (value, recouple[1])
            case "--to", value:
                recouple = (recouple[0], value)
            case "--convention", "e3nn-0.4":
                convention = "e3nn-0.4"
            case option, _:
                raise ValueError(f"a case cannot have the option {option}")
    options = CompileOptions(
        limits=Limits().with_overrides(limits), params=tuple(params), entry=entry, convention=convention
    )
    return Asked(options, recouple if recouple[0] else None)


def diagnostics(source: Source, asked: Asked, code: str) -> tuple[Source, tuple[Diagnostic, ...]]:
    """What the compiler says as far as the stage of `code`, and of which source; warnings, when it finds no error."""
    noted: tuple[Diagnostic, ...] = ()
    try:
        if code >= "F300":
            planned = compiler.compile_source(source, asked.options).planned
            checked, noted = planned.checked, notes(source, asked.options, planned)
        else:
            checked = compiler.check_source(source, asked.options)
        if asked.recouple is not None:
            recoupled(source, asked.options, *asked.recouple)
        too_large = oversize(checked.program, asked.options.limits)
    except CompileError as error:
        return error.source, error.diagnostics
    return source, (*checked.warnings, *noted) if too_large is None else (too_large,)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(case: Path, golden: Callable[[Path, str], None]) -> None:
    text = case.read_bytes().decode("utf-8")
    source = Source(case.name, text)
    source, found = diagnostics(source, asked_of(text), case.name[:4])
    assert {d.code for d in found} == set(case.stem.partition("_")[0].split("+"))
    golden(case.with_suffix(".err"), render_all(source, found) + "\n")


def test_every_code_has_a_case_and_every_case_a_code() -> None:
    assert {case.name[:4] for case in CASES} == set(CONSTRUCTORS)


def test_a_code_has_one_constructor() -> None:
    assert {code: names for code, names in CONSTRUCTORS.items() if len(names) > 1} == {}


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in HERE.glob("*.err")} == {case.stem for case in CASES}


def test_codes_follow_their_stage() -> None:
    digits = dict(zip(STAGES, "0123", strict=True))
    for code, (name, *_) in CONSTRUCTORS.items():
        assert code[1] == digits[name.partition(".")[0]], name
