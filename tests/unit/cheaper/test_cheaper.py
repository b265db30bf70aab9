"""Notes on cheaper diagrams: what they suggest can be pasted, compiles, and is the same map."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter

import pytest
import torch

from fusionc import reference
from fusionc.cheaper import CHECKED_VERTICES, LEAST, Suggestion, notes, quick_notes, suggestion
from fusionc.cli import run
from fusionc.compiler import check_source, plan_source
from fusionc.network.count import multiply_adds
from fusionc.network.expand import expand
from fusionc.network.model import TORCH
from fusionc.options import CompileOptions
from fusionc.reading import load_source
from fusionc.rewrite.drop_dead import drop_dead
from fusionc.source import Source
from fusionc.testing import random_arguments, random_parameters

ROOT = Path(__file__).resolve().parents[3]
OPTIONS = CompileOptions()

NAIVE = """\
diagram three_body {
  input x[i]   : 8x0e + 8x1o
  input y[i,j] : 8x0e + 8x1o
  t[i,j] = x[i] * (x[j] * y[i,j] with mode=uuu)   # on every edge
  z[i] = sum[j](t[i,j])
  output z[i]
}
"""

CASES = {
    "hoisted": (NAIVE, ("z[i] = x[i] * sum[j]((x[j] * y[i,j] with mode=uuu))",)),
    "weighted": (
        """\
diagram d {
  input x[i]   : 8x1o
  input y[i,j] : 8x1o
  weight w
  z[i] : 8x0e + 8x2e = mean[j](y[i,j] * x[i]) with weights=w
  output z[i]
}
""",
        ("z[i] : 8x0e + 8x2e = mean[j](y[i,j]) * x[i] with weights=w",),
    ),
    "mixed-after-the-sum": (
        """\
diagram d {
  input y[i,j] : 8x0e + 8x1o
  z[i] : 4x0e + 4x1o = sum[j](linear(y[i,j]))
  output z[i]
}
""",
        ("z[i] : 4x0e + 4x1o = linear(sum[j](y[i,j]))",),
    ),
    "combined-before-coupling": (
        """\
diagram d {
  input a : 8x1o
  input b : 8x1o
  input c : 8x1o
  input v : 8x2e
  z : 8x1o = a * v + b * v + c * v
  output z
}
""",
        ("z : 8x1o = ((a + b) + c) * v",),
    ),
}


def suggested(text: str) -> Suggestion:
    (diagram,) = check_source(Source("d.fusion", text)).program.diagrams
    found = suggestion(Source("d.fusion", text), OPTIONS, diagram, TORCH)
    assert found is not None
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_suggestion_is_the_same_map_and_cheaper(name: str) -> None:
    text, statements = CASES[name]
    found = suggested(text)
    assert found.statements == statements
    works = []
    values = []
    for program in (text, found.text):
        (diagram,) = check_source(Source("d.fusion", program)).program.diagrams
        works.append(multiply_adds(drop_dead(expand(diagram)), TORCH))
        given, learned = random_arguments(diagram, seed=3), random_parameters(diagram, seed=3)
        values.append(reference.evaluate(diagram, given, learned))
    assert works[0] >= LEAST * works[1]
    for one, other in zip(*values, strict=True):
        torch.testing.assert_close(other, one, rtol=0, atol=1e-12 * float(one.abs().max()))


def test_the_pasted_file_keeps_the_rest() -> None:
    assert suggested(NAIVE).text == NAIVE.replace(
        "  t[i,j] = x[i] * (x[j] * y[i,j] with mode=uuu)   # on every edge\n", ""
    ).replace("sum[j](t[i,j])", "x[i] * sum[j]((x[j] * y[i,j] with mode=uuu))")


@pytest.mark.parametrize(
    "statement",
    [
        "z[i] = sum[j](x[j] * y[i,j])",  # both depend on the neighbour
        "z[i] = sum[j](x[i] * y[i,j]) with scale=0.5",  # the scale is the sum's
        "z[i] = x[i] * sum[j](y[i,j])",
    ],
)
def test_nothing_is_suggested_where_nothing_is_to_be_saved(statement: str) -> None:
    text = f"diagram d {{\n  input x[i] : 8x1o\n  input y[i,j] : 8x1o\n  {statement}\n  output z[i]\n}}\n"
    (diagram,) = check_source(Source("d.fusion", text)).program.diagrams
    assert suggestion(Source("d.fusion", text), OPTIONS, diagram, TORCH) is None


def test_what_the_language_cannot_say_is_said_in_words() -> None:
    """The fusion block needs F-moves, and other weights: the note names the rewrite."""
    source = load_source(str(ROOT / "examples" / "fusion_block" / "fusion_block.fusion"))
    (note,) = notes(source, OPTIONS, plan_source(source))
    assert note.code == "F303"
    assert note.help[0].startswith("`hoist`: what does not depend on the summed index leaves the sum (-")


def test_examples_are_checked_quickly() -> None:
    for path in sorted((ROOT / "examples").glob("*/*.fusion")):
        if path.parent.name != "half_integer":
            source = load_source(str(path))
            checked = check_source(source)
            start = perf_counter()
            quick_notes(source, OPTIONS, checked)
            assert perf_counter() - start < 3, path.name  # tenths of a second on an idle machine


def test_large_diagrams_are_not_planned_for_a_check() -> None:
    irreps = " + ".join(f"4x{l}{p}" for l in range(4) for p in "eo")
    text = NAIVE.replace("8x0e + 8x1o", irreps)
    checked = check_source(Source("large.fusion", text))
    assert len(expand(checked.program.diagrams[0]).vertices) > CHECKED_VERTICES
    start = perf_counter()
    assert quick_notes(Source("large.fusion", text), OPTIONS, checked) == ()
    assert perf_counter() - start < 2


@pytest.mark.parametrize("command", ["check", "plan"])
def test_the_command_line_tells(command: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "naive.fusion"
    path.write_text(NAIVE)

    def told(*arguments: str) -> str:
        assert run([command, str(path), *arguments]) == 0
        return capfd.readouterr().err

    assert "write `z[i] = x[i] * sum[j]((x[j] * y[i,j] with mode=uuu))`" in told()
    assert told("-q") == ""
    (entry, *_) = [json.loads(line) for line in told("--message-format", "json").splitlines()]
    assert (entry["code"], entry["severity"]) == ("F303", "note")
