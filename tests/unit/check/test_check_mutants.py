"""Programs with small mistakes: each compiles or is refused with something to read, and nothing else happens."""

from __future__ import annotations

import random
import re

import pytest
from random_diagrams import random_diagram

from fusionc.compiler import check_source
from fusionc.diagnostics import CompileError
from fusionc.render import render_all
from fusionc.source import Source

WORDS = re.compile(
    r"(?P<indices>\[[a-z,]+\])"
    r"|(?P<irrep>\b(?:[0-9]+x)?[0-9]+[eoy]\b)"
    r"|(?P<number>\b[0-9]+(?:\.[0-9]+)?\b)"
    r"|(?P<mode>\b(?:uuu|uvu|uvv|uuw|uvw|uvuv)\b)"
    r"|(?P<operator>(?<= )[*+\-](?= ))"
    r"|(?P<name>\b[a-z_][a-z0-9_]*\b)"
)
STRANGE = {
    "indices": ["[j,i]", "[g]", "", "[k]"],
    "irrep": ["0x0e", "1/2e", "12e", "65536x1o"],
    "number": ["0", "7", "1000"],
    "mode": ['"u<vw"', "uvuv"],
    "operator": ["*", "-"],
    "name": ["x", "abs", "linear", "lmax"],
}


def mutant(seed: int) -> str:
    """A random program with one to three of its words replaced by others of their kind."""
    rng = random.Random(seed)
    text = random_diagram(seed)
    for _ in range(rng.choice((1, 2, 3))):
        found = list(WORDS.finditer(text))
        chosen = rng.choice(found)
        kind = chosen.lastgroup or ""
        others = [word.group() for word in found if word.lastgroup == kind] + STRANGE[kind]
        text = text[: chosen.start()] + rng.choice(others) + text[chosen.end() :]
    return text


def refusal(source: Source) -> CompileError | None:
    try:
        check_source(source)
    except CompileError as error:
        return error
    return None


def outcome(text: str) -> set[str]:
    source = Source("mutant.fusion", text)
    refused = refusal(source)
    if refused is None:
        return {"fine"}
    assert render_all(source, refused.diagnostics)
    assert all(found.labels for found in refused.diagnostics)
    return {found.code for found in refused.diagnostics}


@pytest.mark.parametrize("block", range(8))
def test_mutants_are_refused_in_words(block: int) -> None:
    for seed in range(25 * block, 25 * block + 25):
        outcome(mutant(seed))


def test_mutants_fail_in_many_ways() -> None:
    seen = set().union(*(outcome(mutant(seed)) for seed in range(1000, 1200)))
    assert "fine" in seen
    assert len(seen) > 25
    assert any(code.startswith("F1") for code in seen)
    assert any(code.startswith("F2") for code in seen)
