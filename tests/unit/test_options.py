"""Limits cannot be raised beyond what the compiler can bear, and never by a misspelt name."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from fusionc import grammar
from fusionc.options import HARD_CAPS, CompileOptions, Limits


def test_defaults_are_those_of_the_design() -> None:
    limits = Limits()
    assert (limits.source_bytes, limits.line, limits.nesting, limits.name, limits.digits) == (2**20, 10_000, 64, 64, 9)
    assert (limits.l, limits.multiplicity, limits.terms, limits.dimension) == (12, 65_536, 256, 2**24)
    assert (limits.leaves, limits.trees, limits.paths, limits.weights, limits.sympow) == (10, 100_000, 20_000, 2**28, 6)
    assert (limits.emitted_bytes, limits.seconds) == (8 * 2**20, 60)


def test_overrides() -> None:
    limits = Limits().with_overrides({"l": 20, "paths": 5})
    assert (limits.l, limits.paths, limits.trees) == (20, 5, 100_000)
    assert Limits().with_overrides({}) == Limits()


@pytest.mark.parametrize(("name", "cap"), HARD_CAPS)
def test_hard_caps(name: str, cap: int) -> None:
    assert getattr(Limits().with_overrides({name: cap}), name) == cap
    with pytest.raises(ValueError, match=f"limit {name} cannot be raised above {cap}"):
        Limits().with_overrides({name: cap + 1})


@pytest.mark.parametrize("name", [f.name for f in fields(Limits)])
def test_no_limit_is_zero(name: str) -> None:
    with pytest.raises(ValueError, match=f"limit {name} must be at least 1"):
        Limits().with_overrides({name: 0})


def test_unknown_names() -> None:
    with pytest.raises(ValueError, match="there is no limit 'nestng'; did you mean nesting"):
        Limits().with_overrides({"nestng": 5})
    with pytest.raises(ValueError, match="the limits are source_bytes, line, nesting"):
        Limits().with_overrides({"zzzzzz": 5})


def test_frozen_and_hashable() -> None:
    assert hash(CompileOptions(params=(("C", 2),))) == hash(CompileOptions(params=(("C", 2),)))
    with pytest.raises(FrozenInstanceError):
        Limits().l = 5  # type: ignore[misc]


def test_the_reference_lists_every_limit() -> None:
    caps = dict(HARD_CAPS)
    rows = [
        [cell.strip() for cell in line.split("|")[1:4]]
        for line in grammar.read("REFERENCE.md").split("\n")
        if "| `" in line
    ]
    listed = [row for row in rows if row[0].strip("`") in {f.name for f in fields(Limits)}]
    assert listed == [
        [f"`{f.name}`", f"{getattr(Limits(), f.name):,}", f"{caps[f.name]:,}" if f.name in caps else ""]
        for f in fields(Limits)
    ]
