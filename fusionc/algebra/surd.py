"""Exact numbers: signed square roots of rationals, and their sums.

Every 3j entry and every 6j symbol is a `Surd` (Racah 1942). Square roots of distinct squarefree integers are linearly
independent over the rationals (Besicovitch 1940), so that a `SurdSum` in its normal form is zero only if it is empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, total_ordering
from itertools import chain
from math import gcd, isqrt, ldexp

_SURD = re.compile(r"(-?)(?:(\d+)(?:/(\d+))?|sqrt\((\d+)(?:/(\d+))?\))", re.ASCII)


@total_ordering
@dataclass(frozen=True, slots=True)
class Surd:
    """sign * sqrt(square); sign is -1, 0 or 1, and 0 exactly if the square is."""

    sign: int
    square: Fraction

    def __post_init__(self) -> None:
        if self.square < 0 or self.sign not in ((0,) if self.square == 0 else (-1, 1)):
            raise ValueError(f"no real number is {self.sign} * sqrt({self.square})")

    @classmethod
    def of(cls, value: int | Fraction) -> Surd:
        return cls((value > 0) - (value < 0), Fraction(value) ** 2)

    @classmethod
    def sqrt(cls, square: int | Fraction) -> Surd:
        """ValueError if the square is negative."""
        return cls(int(square != 0), Fraction(square))

    @classmethod
    def parse(cls, text: str) -> Surd:
        """`-sqrt(5/12)`, `1/2`, `0`: the inverse of `str`. ValueError for anything else."""
        match = _SURD.fullmatch(text.strip())
        if match is None or not all(int(part or 1) for part in match.group(3, 5)):
            raise ValueError(f"not a signed square root: {text!r}")
        minus, whole, below, radicand, root_below = match.groups()
        if whole is not None:
            value = cls.of(Fraction(int(whole), int(below or 1)))
        else:
            value = cls.sqrt(Fraction(int(radicand), int(root_below or 1)))
        return -value if minus else value

    @property
    def is_rational(self) -> bool:
        return self.as_fraction() is not None

    def as_fraction(self) -> Fraction | None:
        """None if the number is irrational."""
        above, below = isqrt(self.square.numerator), isqrt(self.square.denominator)
        if above**2 != self.square.numerator or below**2 != self.square.denominator:
            return None
        return self.sign * Fraction(above, below)

    def __mul__(self, other: Surd) -> Surd:
        return Surd(self.sign * other.sign, self.square * other.square)

    def __truediv__(self, other: Surd) -> Surd:
        return Surd(self.sign * other.sign, self.square / other.square)

    def __neg__(self) -> Surd:
        return Surd(-self.sign, self.square)

    def __abs__(self) -> Surd:
        return Surd(abs(self.sign), self.square)

    def __bool__(self) -> bool:
        return self.sign != 0

    def __lt__(self, other: Surd) -> bool:
        return self.sign * self.square < other.sign * other.square

    def __float__(self) -> float:
        """The nearest double (ties to even), outside the range of subnormals and overflow."""
        n, d = self.square.numerator, self.square.denominator
        shift = 64 - (n.bit_length() - d.bit_length()) // 2
        n, d = n << max(2 * shift, 0), d << max(-2 * shift, 0)
        root = isqrt(n // d)
        # The root holds at least 63 bits; a sticky bit below them decides every tie, and int to float rounds once.
        return self.sign * ldexp(float(2 * root + (root * root * d != n)), -shift - 1)

    def __str__(self) -> str:
        rational = self.as_fraction()
        return str(rational) if rational is not None else f"{'-' if self.sign < 0 else ''}sqrt({self.square})"


ZERO = Surd(0, Fraction(0))
ONE = Surd(1, Fraction(1))


@dataclass(frozen=True, slots=True)
class SurdSum:
    """sum of c * sqrt(r) over the `terms` (r, c): r squarefree and increasing, c rational and not zero.

    Build one with `of` or by arithmetic, which keep that normal form; so `==` decides equality of numbers.
    """

    terms: tuple[tuple[int, Fraction], ...] = ()

    @classmethod
    def of(cls, value: int | Fraction | Surd) -> SurdSum:
        surd = value if isinstance(value, Surd) else Surd.of(value)
        if not surd:
            return cls()
        above, r = square_part(surd.square.numerator)
        below, s = square_part(surd.square.denominator)
        # sqrt(r/s) = sqrt(r s) / s, and r s is squarefree because numerator and denominator are coprime.
        return cls(((r * s, Fraction(surd.sign * above, below * s)),))

    @property
    def is_zero(self) -> bool:
        return not self.terms

    def as_surd(self) -> Surd | None:
        """The sum as one signed square root; None if it has two terms or more, for then it is none."""
        if len(self.terms) > 1:
            return None
        return Surd.of(self.terms[0][1]) * Surd.sqrt(self.terms[0][0]) if self.terms else ZERO

    def __add__(self, other: SurdSum) -> SurdSum:
        return _collect(chain(self.terms, other.terms))

    def __neg__(self) -> SurdSum:
        return SurdSum(tuple((r, -c) for r, c in self.terms))

    def __sub__(self, other: SurdSum) -> SurdSum:
        return self + -other

    def __mul__(self, other: SurdSum) -> SurdSum:
        """sqrt(r) sqrt(s) = g sqrt(r s / g^2) with g = gcd(r, s): nothing is factorised."""
        return _collect((r * s // (g := gcd(r, s)) ** 2, c * d * g) for r, c in self.terms for s, d in other.terms)

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __float__(self) -> float:
        """To within one unit in the last place, whatever cancels."""
        surd = self.as_surd()
        if surd is not None:
            return float(surd)
        bits = 128
        while True:
            total = sum(_fixed_point(r, c, bits) for r, c in self.terms)
            if abs(total) > len(self.terms) << 60:
                return float(Fraction(total, 1 << bits))
            bits *= 2

    def __str__(self) -> str:
        if not self.terms:
            return "0"
        first, *rest = (str(Surd.of(c) * Surd.sqrt(r)) for r, c in self.terms)
        return first + "".join(f" - {text[1:]}" if text.startswith("-") else f" + {text}" for text in rest)


def _collect(terms: Iterable[tuple[int, Fraction]]) -> SurdSum:
    found: dict[int, Fraction] = {}
    for r, c in terms:
        found[r] = found.get(r, Fraction(0)) + c
    return SurdSum(tuple((r, found[r]) for r in sorted(found) if found[r]))


def _fixed_point(radicand: int, factor: Fraction, bits: int) -> int:
    """factor * sqrt(radicand) * 2^bits, cut to an integer."""
    size = isqrt((radicand * factor.numerator**2 << 2 * bits) // factor.denominator**2)
    return size if factor > 0 else -size


_SMALL = 256
"""Above the primes in any factorial that degrees up to the hard limit lead to."""


@cache
def square_part(n: int) -> tuple[int, int]:
    """(a, s) with n = a^2 s, s squarefree, for n >= 1.

    The numbers of this algebra are a square times a quotient of factorials, so that a square is left once small primes
    are divided out. Any other number takes trial division to its cube root, which leaves two prime factors at most.
    """
    root, free, rest, divisor = 1, 1, n, 2
    while divisor**3 <= rest and (divisor < _SMALL or isqrt(rest) ** 2 != rest):
        power = 0
        while rest % divisor == 0:
            rest //= divisor
            power += 1
        root *= divisor ** (power // 2)
        free *= divisor ** (power % 2)
        divisor += 1 if divisor == 2 else 2
    side = isqrt(rest)
    return (root * side, free) if side * side == rest else (root, free * rest)
