"""Which seeds a law is tried on, in blocks of one test each, and how its failures name them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from fusionc.options import CompileOptions

PROGRAMS = 1000
FAST = [range(start, start + 100, 10) for start in range(0, PROGRAMS, 100)]
ALL = [range(start, start + 25) for start in range(0, PROGRAMS, 25)]


def options(seed: int) -> CompileOptions:
    """Every fourth program has the coupling signs of e3nn 0.4."""
    return CompileOptions(dtype="float64", convention="e3nn-0.4" if seed // 10 % 4 == 3 else "e3nn")


def blocks(seeds: Iterable[range]) -> list[object]:
    """Parameters of a test, one block of seeds each."""
    return [pytest.param(block, id=f"{block.start}-{block.stop - 1}") for block in seeds]


def each_seed(law: Callable[[int], str | None], seeds: range) -> None:
    """Fails with every seed of the block that breaks the law, and how; a law returns None where it holds."""
    broken = []
    for seed in seeds:
        try:
            fault = law(seed)
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
        if fault is not None:
            broken.append(f"seed {seed}: {fault}")
    assert not broken, "\n".join(broken)
