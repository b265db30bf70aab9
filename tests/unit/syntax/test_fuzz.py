"""Whatever the text, parsing ends with a tree or with a `CompileError`, and what is a tree survives the formatter."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_diagrams import random_diagram

from fusionc import render
from fusionc.diagnostics import CompileError
from fusionc.source import Source
from fusionc.syntax.findings import Findings
from fusionc.syntax.format import format_file
from fusionc.syntax.parse import parse
from fusionc.syntax.tables import tables
from fusionc.syntax.tokens import FORBIDDEN

from .sentences import random_sentence

FRAGMENTS = (
    *tables().keywords,
    *tables().spelling.values(),
    *("x", "z[i]", "sum", "mean", "sqrt", "out", "C", "é", "\u0430", "×"),
    *(
        "0",
        "7",
        "128",
        "1o",
        "128x0e",
        "{C}x1o",
        "16x1",
        "1/2e",
        "0.5",
        "1e3",
        "1O",
        "9999999999",
        "1.",
        ".5",
        "128 x 0e",
    ),
    *('"0e"', '"', "#", "# c\n", "$", "\\", "\x00", "\x1b", "\u202e", "\r", "\r\n", "\n", "\n", "\n", " ", "\t"),
    *(
        "diagram d {\n",
        "}\n",
        "tree t(a: 1o) : 1o {\n",
        "input x : 1o\n",
        "z = a * b\n",
        "output z\n",
        "(a : 1o with k=b)",
    ),
)


def holds(text: str) -> bool:
    """Whether `text` parses; asserts all that is promised either way."""
    source = Source("fuzz.fusion", text)
    try:
        file = parse(source)
    except CompileError as error:
        findings = error.diagnostics
    else:
        laid_out = format_file(file)
        again = parse(Source("fuzz.fusion", laid_out))
        assert again == file
        assert format_file(again) == laid_out
        assert [c.text for c in again.comments] == [c.text for c in file.comments]
        return True
    assert 0 < len(findings) <= Findings.most + 1
    shown = render.render_all(source, findings) + "".join(render.render_short(source, d) for d in findings)
    assert not FORBIDDEN.search(shown)
    for entry in json.loads(render.to_json(source, findings)):
        assert all(0 <= label["offset"] <= label["end_offset"] <= len(text) for label in entry["labels"])
    return False


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_bytes(data: bytes) -> None:
    holds(data.decode("utf-8", "replace"))


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_text(text: str) -> None:
    holds(text)


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=60), st.sampled_from(["", " "]))
@settings(max_examples=800, deadline=None, derandomize=True)
def test_any_fragments_of_the_language(fragments: list[str], between: str) -> None:
    holds(between.join(fragments))


@pytest.mark.parametrize("seed", range(60))
def test_every_sentence_of_the_grammar_is_a_program(seed: int) -> None:
    assert holds(random_sentence(seed))


@pytest.mark.parametrize("seed", range(40))
def test_random_programs(seed: int) -> None:
    assert holds(random_diagram(seed))


@given(st.integers(0, 39), st.data())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_programs_with_a_slip(seed: int, data: st.DataObject) -> None:
    text = random_diagram(seed)
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 3))
    holds(text[:at] + data.draw(st.sampled_from(("", *FRAGMENTS))) + text[at + cut :])


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_any_repetition_takes_bounded_time(fragment: str) -> None:
    start = time.process_time()
    holds("diagram d {\n z = " + (fragment + "\n") * 2_000)
    holds(fragment * (9_000 // len(fragment)))
    assert time.process_time() - start < 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1400))
def test_many_sentences(seed: int) -> None:
    assert holds(random_sentence(seed, items=6))
