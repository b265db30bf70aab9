from __future__ import annotations

from itertools import product

import pytest
from sympy import Rational, sign
from sympy.physics.wigner import wigner_6j

from fusionc.algebra.recoupling import f_symbol, r_symbol, six_j
from fusionc.algebra.surd import ZERO


def agrees_with_sympy(labels: tuple[int, ...]) -> bool:
    ours, theirs = six_j(*labels), wigner_6j(*labels)
    square = Rational(ours.square.numerator, ours.square.denominator)
    return bool(theirs**2 == square and sign(theirs) == ours.sign)


def has_triangles(a: int, b: int, c: int, d: int, e: int, f: int) -> bool:
    return all(abs(x - y) <= z <= x + y for x, y, z in ((a, b, c), (a, e, f), (d, b, f), (d, e, c)))


@pytest.mark.parametrize("a", range(5))
def test_six_j_symbols_are_sympys(a: int) -> None:
    allowed = [(a, *rest) for rest in product(range(5), repeat=5) if has_triangles(a, *rest)]
    assert len(allowed) > 50
    assert all(agrees_with_sympy(labels) for labels in allowed)


@pytest.mark.parametrize("labels", [(1, 1, 3, 1, 1, 1), (2, 2, 2, 0, 2, 1), (0, 0, 1, 1, 1, 1)])
def test_a_broken_triangle_gives_zero(labels: tuple[int, ...]) -> None:
    assert six_j(*labels) == ZERO
    assert f_symbol(1, 1, 1, 1, 3, 0) == ZERO
    assert r_symbol(1, 1, 3) == 0


@pytest.mark.parametrize("labels", [(3, 2, 4, 2, 3, 1), (6, 5, 4, 3, 5, 6), (20, 18, 15, 17, 12, 20)])
def test_six_j_symbols_have_the_symmetry_of_the_tetrahedron(labels: tuple[int, ...]) -> None:
    a, b, c, d, e, f = labels
    value = six_j(a, b, c, d, e, f)
    assert value
    assert value == six_j(b, a, c, e, d, f) == six_j(c, a, b, f, d, e) == six_j(d, e, c, a, b, f)


def test_known_values() -> None:
    assert str(six_j(1, 1, 1, 1, 1, 1)) == "1/6"
    assert str(f_symbol(1, 1, 1, 1, 1, 0)) == "-sqrt(1/3)"
    assert str(f_symbol(1, 1, 1, 1, 1, 2)) == "sqrt(5/12)"
    assert r_symbol(1, 1, 1) == -1
    with pytest.raises(ValueError, match="negative"):
        six_j(-1, 1, 1, 1, 1, 1)
