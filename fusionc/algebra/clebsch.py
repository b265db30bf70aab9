"""The real 3j tensors of e3nn, exactly.

A complex Clebsch-Gordan coefficient is a signed root of a rational (Racah 1942). The real basis has, for each m > 0,

    |l, +m> = i^-l (|-m) + (-1)^m |m)) / sqrt(2),    |l, -m> = i^-l (-i |-m) + i (-1)^m |m)) / sqrt(2)

and |l, 0> = i^-l |0), over the Condon-Shortley states |m). So an entry of the real tensor is a sum of two complex
ones which differ in the signs of all m only; those are equal up to (-1)^(l1+l2+l3), and what is left is one root.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from math import comb, factorial
from typing import TYPE_CHECKING, NamedTuple

from fusionc.algebra.surd import Surd

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONVENTIONS = ("e3nn", "e3nn-0.4")
"""Sign tables: e3nn 0.5 and later, and e3nn 0.4 (on which mace-torch depends)."""

E3NN_04_LMAX = 11


class Entry(NamedTuple):
    """w3j[i, j, k] = value, with component indices i = l1 + m1 and so on in the real basis (l = 1 is y, z, x)."""

    i: int
    j: int
    k: int
    value: Surd


Coupling = tuple[Entry, ...]
"""The non-zero entries of one real 3j tensor, sorted by (i, j, k)."""


def is_allowed(l1: int, l2: int, l3: int) -> bool:
    """The triangle rule."""
    return abs(l1 - l2) <= l3 <= l1 + l2


@cache
def coupling(l1: int, l2: int, l3: int, convention: str = "e3nn") -> Coupling:
    """The real 3j tensor of unit Frobenius norm, shape (2 l1 + 1, 2 l2 + 1, 2 l3 + 1).

    sqrt(2 l3 + 1) times it is the isometry of a tree's vertex: sum_ij W[i,j,k] W[i,j,k'] = delta(k, k'). ValueError if
    the triangle rule forbids the triple, if the convention is unknown, or if it has no tensor of that degree.
    """
    if convention not in CONVENTIONS:
        raise ValueError(f"unknown coupling convention {convention!r}; known are {', '.join(CONVENTIONS)}")
    if min(l1, l2, l3) < 0 or not is_allowed(l1, l2, l3):
        raise ValueError(f"no coupling of l={l1} and l={l2} to l={l3}: the triangle rule forbids it")
    if convention == "e3nn-0.4":
        entries = coupling(l1, l2, l3)
        return tuple(e._replace(value=-e.value) for e in entries) if is_flipped(l1, l2, l3) else entries
    return tuple(sorted(_entries(l1, l2, l3)))


def is_flipped(l1: int, l2: int, l3: int) -> bool:
    """Whether e3nn 0.4's tensor is minus e3nn 0.5's.

    A rule found by comparing all 870 tensors up to l = 11: where l1 + l2 + l3 is even the two agree; where it is odd,
    e3nn 0.4.4 has a positive first entry (in index order) for l1 <= l2 <= l3, and every permutation of such a triple
    is flipped when that triple is.
    """
    if max(l1, l2, l3) > E3NN_04_LMAX:
        raise ValueError(f"e3nn 0.4 has no 3j tensors beyond l={E3NN_04_LMAX}: asked for ({l1}, {l2}, {l3})")
    return (l1 + l2 + l3) % 2 == 1 and coupling(*sorted((l1, l2, l3)))[0].value.sign < 0


@cache
def isometry_stretched(l1: int, l2: int, l3: int) -> Surd:
    """The complex Clebsch-Gordan coefficient <l1 l1 l2 l3-l1 | l3 l3> in Condon and Shortley's phases."""
    square, sign = _complex_3j(l1, l2, l3, l1, l3 - l1)
    return Surd(sign, square * (2 * l3 + 1))


def dense(l1: int, l2: int, l3: int, convention: str = "e3nn") -> NDArray[np.float64]:
    """`coupling` as an array of shape (2 l1 + 1, 2 l2 + 1, 2 l3 + 1), every entry correctly rounded."""
    import numpy as np  # here alone: checking and planning start without it

    tensor = np.zeros((2 * l1 + 1, 2 * l2 + 1, 2 * l3 + 1))
    for i, j, k, value in coupling(l1, l2, l3, convention):
        tensor[i, j, k] = float(value)
    return tensor


def _entries(l1: int, l2: int, l3: int) -> Iterator[Entry]:
    for a in range(l1 + 1):
        for m2 in range(-l2 if a else 0, l2 + 1):
            if abs(a + m2) > l3:
                continue
            square, sign = _complex_3j(l1, l2, l3, a, m2)
            if sign:
                yield from _real_entries((l1, l2, l3), (a, m2, a + m2), sign, square)


def _real_entries(ls: tuple[int, int, int], ms: tuple[int, int, int], sign: int, square: Fraction) -> Iterator[Entry]:
    """The real entries made of the complex one at `ms` and of its mirror image at -`ms`."""
    moved = sum(m != 0 for m in ms)
    if moved == 0:
        yield Entry(*ls, Surd(sign * _real_sign(ls, (0, 0, 0), ms), square))
        return
    # Twice the one term, and 1/sqrt(2) for every basis vector that is a superposition.
    value = Surd(sign, square * Fraction(4, 2**moved))
    for r1 in _mirrored(ms[0]):
        for r2 in _mirrored(ms[1]):
            for r3 in _mirrored(ms[2]):
                phase = _real_sign(ls, (r1, r2, r3), ms)
                if phase:
                    yield Entry(ls[0] + r1, ls[1] + r2, ls[2] + r3, value if phase > 0 else -value)


def _mirrored(m: int) -> tuple[int, ...]:
    return (-abs(m), abs(m)) if m else (0,)


def _real_sign(ls: tuple[int, int, int], real: tuple[int, int, int], ms: tuple[int, int, int]) -> int:
    """The real part of the phase <m1|r1> <m2|r2> conj<m3|r3>: 1, -1 or 0.

    0 stands for an imaginary phase: it is that of an entry whose mirror image is its negative.
    """
    quarters = [_quarter_turns(l, r, m) for l, r, m in zip(ls, real, ms, strict=True)]
    return (1, 0, -1, 0)[(quarters[0] + quarters[1] - quarters[2]) % 4]


def _quarter_turns(l: int, r: int, m: int) -> int:
    """n such that the component of |l, r> along |m) has the phase i^n; abs(r) = abs(m)."""
    turns = 2 * m if m > 0 else 0
    if r < 0:
        turns += 1 if m > 0 else -1
    return turns - l


def _complex_3j(l1: int, l2: int, l3: int, m1: int, m2: int) -> tuple[Fraction, int]:
    """(square, sign) of <l1 m1 l2 m2 | l3 m1+m2> / sqrt(2 l3 + 1).

    Racah's sum with its factorials gathered into binomials, so that it is a sum of integers (Varshalovich 8.2.1).
    """
    m3 = m1 + m2
    free, left, right = l1 + l2 - l3, l3 + l1 - l2, l3 + l2 - l1
    total = 0
    for n in range(max(0, l1 - m1 - left, l2 + m2 - right), min(free, l1 - m1, l2 + m2) + 1):
        term = comb(free, n) * comb(left, l1 - m1 - n) * comb(right, l2 + m2 - n)
        total += -term if n % 2 else term
    states = (l1 + m1, l1 - m1, l2 + m2, l2 - m2, l3 + m3, l3 - m3)
    above, below = total * total, factorial(l1 + l2 + l3 + 1)
    for n in states:
        above *= factorial(n)
    for n in (free, left, right):
        below *= factorial(n)
    return Fraction(above, below), (total > 0) - (total < 0)
