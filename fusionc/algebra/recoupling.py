"""6j symbols, F-symbols and R-symbols of integer degrees, exactly. A label that breaks a triangle rule gives zero."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import comb, factorial

from fusionc.algebra.surd import ZERO, Surd


def _triangle(a: int, b: int, c: int) -> bool:
    return abs(a - b) <= c <= a + b


@cache
def six_j(a: int, b: int, c: int, d: int, e: int, f: int) -> Surd:
    """{a b c; d e f}: Racah's formula, its sum written with binomials so that it is a sum of integers.

    With D(abc) = (a+b-c)!(a-b+c)!(-a+b+c)!/(a+b+c+1)! it is sqrt(D(aef) D(dbf) D(dec) / D(abc)) times
    sum_t (-1)^t C(t+1, a+b+c+1) C(a+b-c, t-c-d-e) C(a-b+c, t-b-d-f) C(b+c-a, t-a-e-f) (Varshalovich 9.2.1).
    """
    if min(a, b, c, d, e, f) < 0:
        raise ValueError(f"no 6j symbol has a negative degree: {(a, b, c, d, e, f)}")
    if not (_triangle(a, b, c) and _triangle(a, e, f) and _triangle(d, b, f) and _triangle(d, e, c)):
        return ZERO
    lowest = max(a + b + c, c + d + e, b + d + f, a + e + f)
    highest = min(a + b + d + e, a + c + d + f, b + c + e + f)
    total = 0
    for t in range(lowest, highest + 1):
        term = comb(t + 1, a + b + c + 1) * comb(a + b - c, t - c - d - e)
        term *= comb(a - b + c, t - b - d - f) * comb(b + c - a, t - a - e - f)
        total += -term if t % 2 else term
    square = _delta(a, e, f) * _delta(d, b, f) * _delta(d, e, c) / _delta(a, b, c)
    return Surd((total > 0) - (total < 0), square * total * total)


@cache
def f_symbol(j1: int, j2: int, j3: int, J: int, k: int, l: int) -> Surd:
    """F[k, l] of ((1 2)_k 3)_J = sum_l F[k, l] (1 (2 3)_l)_J, with isometries W at the vertices.

    (-1)^(j1+j2+j3+J) sqrt((2k+1)(2l+1)) {j1 j2 k; j3 J l}; orthogonal as a matrix in (k, l). It is the same in the
    complex basis and in e3nn's real one.
    """
    symbol = six_j(j1, j2, k, j3, J, l) * Surd.sqrt((2 * k + 1) * (2 * l + 1))
    return -symbol if (j1 + j2 + j3 + J) % 2 else symbol


def r_symbol(l1: int, l2: int, l3: int) -> int:
    """The sign in (2 1)_l3 = R (1 2)_l3; 0 where there is no vertex."""
    return (-1) ** (l1 + l2 + l3) if _triangle(l1, l2, l3) else 0


@cache
def _delta(a: int, b: int, c: int) -> Fraction:
    return Fraction(
        factorial(a + b - c) * factorial(a - b + c) * factorial(b + c - a),
        factorial(a + b + c + 1),
    )
