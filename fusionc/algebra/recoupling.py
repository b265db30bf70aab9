"""6j symbols and the F- and R-moves of fusion trees, exact, for integer spins."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import factorial

from fusionc.algebra.surd import Surd


@cache
def six_j(j1: int, j2: int, j3: int, j4: int, j5: int, j6: int) -> Surd:
    """{j1 j2 j3; j4 j5 j6} by Racah's formula (Edmonds, Angular Momentum in Quantum Mechanics, eq. 6.3.7); zero where a triangle fails."""
    triads = ((j1, j2, j3), (j1, j5, j6), (j4, j2, j6), (j4, j5, j3))
    if not all(abs(a - b) <= c <= a + b for a, b, c in triads):
        return Surd.of(0)
    square = Fraction(1)
    for a, b, c in triads:
        top = factorial(a + b - c) * factorial(a - b + c) * factorial(-a + b + c)
        square *= Fraction(top, factorial(a + b + c + 1))
    low = max(a + b + c for a, b, c in triads)
    pairs = (j1 + j2 + j4 + j5, j2 + j3 + j5 + j6, j3 + j1 + j6 + j4)
    total = Fraction(0)
    for t in range(low, min(pairs) + 1):
        below = 1
        for a, b, c in triads:
            below *= factorial(t - a - b - c)
        for pair in pairs:
            below *= factorial(pair - t)
        total += Fraction((-1) ** t * factorial(t + 1), below)
    return Surd.of(total) * Surd.sqrt(square)


@cache
def f_symbol(j1: int, j2: int, j3: int, J: int, k: int, l: int) -> Surd:
    """F[k, l] of ((1 2)_k 3)_J = sum_l F[k, l] (1 (2 3)_l)_J with isometric vertices; orthogonal in (k, l).

    F[k, l] = (-1)^(j1+j2+j3+J) sqrt((2k+1)(2l+1)) {j1 j2 k; j3 J l}.
    """
    sign = Surd.of((-1) ** (j1 + j2 + j3 + J))
    return sign * Surd.sqrt((2 * k + 1) * (2 * l + 1)) * six_j(j1, j2, k, j3, J, l)


def r_symbol(l1: int, l2: int, l3: int) -> int:
    """The sign of swapping the two legs of a vertex l1 x l2 -> l3."""
    return -1 if (l1 + l2 + l3) % 2 else 1
