"""Did-you-mean."""

from __future__ import annotations

import itertools

import pytest

from fusionc.suggest import suggest

WORDS = ("diagram", "tree", "check", "group", "param", "irreps", "x", "e")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("diagarm", "diagram"),
        ("Diagram", "diagram"),
        ("digram", "diagram"),
        ("diagramm", "diagram"),
        ("gropu", "group"),
        ("treee", "tree"),
        ("ireps", "irreps"),
        ("irepss", "irreps"),
        ("X", "x"),
        ("y", None),
        ("picture", None),
        ("diagram", None),
        ("", None),
    ],
)
def test_suggest(word: str, meant: str | None) -> None:
    assert suggest(word, WORDS) == meant


def test_the_order_of_the_candidates_does_not_matter() -> None:
    assert {suggest("cat", p) for p in itertools.permutations(("bat", "rat", "hat", "mat"))} == {"bat"}


def test_nearer_wins_over_earlier() -> None:
    assert suggest("linaer", ("lineage", "linear", "liner")) == "linear"
