"""Symmetric powers: counts, order and weights of their paths."""

from __future__ import annotations

from collections import Counter

import pytest

from fusionc.algebra.irrep import Irrep
from fusionc.check import ir

from .checking import codes, diagram, operation, value


@pytest.mark.parametrize(
    ("operand", "counts"),
    [
        ("2x0e + 2x1o + 2x2e", {"0e": 5, "1o": 5, "2e": 6}),
        ("2x0e + 2x1o + 2x2e + 2x3o", {"0e": 8, "1o": 12, "2e": 14, "3o": 15}),
    ],
)
def test_third_powers(operand: str, counts: dict[str, int]) -> None:
    """The counts of CONVENTIONS."""
    target = " + ".join(f"2x{irrep}" for irrep in counts)
    checked = diagram(f"input A : {operand}\nB : {target} = sympow(A, 3)\noutput B")
    power = operation(checked, "B", ir.Power)
    assert Counter(path.out for path in power.paths) == Counter(dict(enumerate(counts.values())))
    assert [path.out for path in power.paths] == sorted(path.out for path in power.paths)
    assert [path.weight.offset for path in power.paths if path.weight] == [2 * n for n in range(len(power.paths))]
    assert checked.parameters[0].numel == 2 * sum(counts.values())
    for path in power.paths:
        assert path.factor.square == pytest.approx(1 / list(counts.values())[path.out])


def test_orders_come_one_after_the_other() -> None:
    checked = diagram("input A : 3x0e + 3x1o\nB : 3x0e = sympow(A, 1..3) with path_norm=none\noutput B")
    power = operation(checked, "B", ir.Power)
    assert [path.leaves for path in power.paths] == [(0,), (0, 0), (1, 1), (0, 0, 0), (0, 1, 1)]
    assert [len(path.labels) for path in power.paths] == [0, 1, 1, 2, 2]
    assert {str(path.factor) for path in power.paths} == {"1"}
    assert all(path.labels[-1:] in ((), (Irrep(0, 1),)) for path in power.paths)


def test_without_an_ascription_each_path_has_its_segment() -> None:
    checked = diagram("input A : 3x0e + 3x1o\nB = sympow(A, 1..2)\nC = sympow(A, 2) with l=[2]\noutput B, C")
    power = operation(checked, "B", ir.Power)
    assert str(value(checked, "B").irreps) == "3x0e+3x0e+3x0e+3x1o+3x1o+3x2e"
    assert [path.leaves for path in power.paths] == [(0,), (0, 0), (1, 1), (1,), (0, 1), (1, 1)]
    assert power.weights is None
    assert str(value(checked, "C").irreps) == "3x2e"


def test_one_channel_for_each_weight() -> None:
    body = "input A[i] : 3x0e + 3x1o\nweight W[i] : per species\n"
    body += "B[i] : 3x0e = sympow(A[i], 2) with weights=W[i]\noutput B[i]"
    assert diagram(body).parameters == (ir.LearnedWeight("W", 6, "species", False),)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("B : 4x1e = sympow(A, 2)", "F211"),
        ("B : 3x0e = sympow(A, 2)", "F212"),
        ('B = sympow(cat(A, filter(B0, "0e")), 2)', "F260"),
        ("B : 4x2e = sympow(A, 2) with l=[0]", "F211"),
        ("B = sympow(A, 2) with keep=1e", "F216"),
        ("B : 4x2e = sympow(A, 2) with lmax=1", "F216"),
    ],
)
def test_refusals(statement: str, code: str) -> None:
    text = f"diagram d {{\ninput A : 4x0e + 4x1o\ninput B0 : 2x0e\n{statement}\noutput A, B0, B\n}}\n"
    assert codes(text) == [code]
