from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from math import factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionc.algebra.surd import ONE, ZERO, Surd, SurdSum, square_part

squares = st.fractions(min_value=0, max_value=10**6, max_denominator=10**4)
surds = st.builds(lambda sign, square: Surd(sign if square else 0, square), st.sampled_from((-1, 1)), squares)
sums = st.lists(surds, max_size=4).map(lambda parts: sum((SurdSum.of(part) for part in parts), SurdSum()))


def decimal_root(surd: Surd) -> Decimal:
    return surd.sign * (Decimal(surd.square.numerator) / Decimal(surd.square.denominator)).sqrt()


@given(surds, surds)
def test_arithmetic_is_that_of_real_numbers(a: Surd, b: Surd) -> None:
    assert float(a * b) == pytest.approx(float(a) * float(b))
    assert (a * b).square == a.square * b.square
    negated = -a
    assert -negated == a
    assert abs(a).sign >= 0
    if b:
        assert a / b * b == a
    assert (a < b) == (SurdSum.of(a) != SurdSum.of(b) and float(SurdSum.of(a) - SurdSum.of(b)) < 0)
    assert bool(a) == (a != ZERO)


@given(surds)
def test_text_round_trips(a: Surd) -> None:
    assert Surd.parse(str(a)) == a


@given(st.integers(1, 10**40), st.integers(1, 10**40), st.sampled_from((-1, 1)))
def test_float_is_correctly_rounded(above: int, below: int, sign: int) -> None:
    surd = Surd(sign, Fraction(above, below))
    with localcontext() as context:
        context.prec = 120
        assert float(surd) == float(decimal_root(surd))


@pytest.mark.parametrize(
    ("surd", "text"),
    [
        (Surd(-1, Fraction(1, 3)), "-sqrt(1/3)"),
        (Surd.of(Fraction(1, 2)), "1/2"),
        (Surd.sqrt(Fraction(5, 12)), "sqrt(5/12)"),
        (ZERO, "0"),
        (Surd.of(2), "2"),
        (Surd(1, Fraction(45, 16)), "sqrt(45/16)"),
        (Surd.of(-7), "-7"),
    ],
)
def test_spelling(surd: Surd, text: str) -> None:
    assert str(surd) == text
    assert Surd.parse(text) == surd


@pytest.mark.parametrize("text", ["", "sqrt(-1)", "1/0", "sqrt(1/0)", "0.5", "3*sqrt(2)", "--1", "sqrt(2"])
def test_bad_spelling_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="not a signed square root"):
        Surd.parse(text)


def test_impossible_values_are_refused() -> None:
    for sign, square in ((0, Fraction(1)), (1, Fraction(0)), (2, Fraction(1)), (1, Fraction(-1))):
        with pytest.raises(ValueError, match="no real number"):
            Surd(sign, square)
    with pytest.raises(ZeroDivisionError):
        ONE / ZERO


@given(sums, sums, sums)
def test_sums_form_a_ring(a: SurdSum, b: SurdSum, c: SurdSum) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a * b == b * a
    assert (a * b) * c == a * (b * c)
    assert a * (b + c) == a * b + a * c
    assert (a - a).is_zero
    assert a * SurdSum.of(1) == a


@given(surds)
def test_a_single_root_survives_a_sum(a: Surd) -> None:
    assert SurdSum.of(a).as_surd() == a
    assert float(SurdSum.of(a)) == float(a)


@given(sums)
def test_sums_are_in_normal_form(a: SurdSum) -> None:
    radicands = [r for r, _ in a.terms]
    assert radicands == sorted(set(radicands))
    assert all(square_part(r) == (1, r) for r in radicands)
    assert all(c for _, c in a.terms)


def test_equal_numbers_are_equal_sums() -> None:
    assert SurdSum.of(Surd.sqrt(8)) == SurdSum.of(Surd.sqrt(2)) + SurdSum.of(Surd.sqrt(2))
    golden = SurdSum.of(Fraction(1, 2)) + SurdSum.of(Surd.sqrt(Fraction(5, 4)))
    assert golden * golden == golden + SurdSum.of(1)
    assert golden.as_surd() is None
    assert str(golden) == "1/2 + sqrt(5/4)"
    assert str(SurdSum.of(Surd.sqrt(3)) - golden) == "-1/2 + sqrt(3) - sqrt(5/4)"
    assert str(SurdSum()) == "0"


def test_float_of_a_sum_survives_cancellation() -> None:
    close = SurdSum.of(Surd.sqrt(10**18 + 1)) - SurdSum.of(10**9)
    assert float(close) == pytest.approx(0.5e-9, rel=1e-15, abs=0)


@given(st.integers(1, 10**9))
def test_square_part(n: int) -> None:
    root, free = square_part(n)
    assert root * root * free == n
    assert all(free % (d * d) for d in range(2, 1001))


def test_square_part_of_factorials_is_quick() -> None:
    root, free = square_part(factorial(61) * factorial(40))
    assert root * root * free == factorial(61) * factorial(40)
    assert free < 10**24


def test_square_part_of_a_large_square_is_quick() -> None:
    prime = 2**127 - 1
    assert square_part(prime**2 * 6) == (prime, 6)
