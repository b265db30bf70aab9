"""Exact numbers: signed square roots of rationals, and sums of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, total_ordering
from math import isqrt

_TEXT = re.compile(r"(-?)(?:sqrt\((\d+)(?:/(\d+))?\)|(\d+)(?:/(\d+))?)", re.ASCII)


@total_ordering
@dataclass(frozen=True, slots=True)
class Surd:
    """sign * sqrt(square), with sign -1, 0 or 1 and a rational square >= 0, zero exactly when the sign is."""

    sign: int
    square: Fraction

    @classmethod
    def of(cls, value: int | Fraction) -> Surd:
        """A rational number."""
        return cls((value > 0) - (value < 0), Fraction(value) ** 2)

    @classmethod
    def sqrt(cls, value: int | Fraction) -> Surd:
        """Raises ValueError for a negative number."""
        if value < 0:
            raise ValueError(f"no real square root of {value}")
        return cls(int(value > 0), Fraction(value))

    @classmethod
    def parse(cls, text: str) -> Surd:
        """The inverse of `str`. Raises ValueError."""
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"not a signed square root of a rational: {text!r}")
        root = match[2] is not None
        top, bottom = (match[2], match[3]) if root else (match[4], match[5])
        value = Fraction(int(top), int(bottom or 1))
        found = cls.sqrt(value) if root else cls.of(value)
        return -found if match[1] else found

    @property
    def rational(self) -> Fraction | None:
        """The number itself if it is rational."""
        top, bottom = isqrt(self.square.numerator), isqrt(self.square.denominator)
        if top * top != self.square.numerator or bottom * bottom != self.square.denominator:
            return None
        return Fraction(self.sign * top, bottom)

    @property
    def is_rational(self) -> bool:
        return self.rational is not None

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
        """Correctly rounded: an integer square root with bits to spare, and one last bit that says whether it was exact."""
        top, bottom = self.square.numerator, self.square.denominator
        if top == 0:
            return 0.0
        # 2^shift scales the square so that its root has over 64 bits, more than twice a rounding of 53 needs.
        shift = max(0, 130 - (top.bit_length() - bottom.bit_length()))
        shift += shift % 2
        quotient, remainder = divmod(top << shift, bottom)
        root = isqrt(quotient)
        sticky = remainder != 0 or root * root != quotient
        return self.sign * float(Fraction(2 * root + sticky, 1 << (shift // 2 + 1)))

    def __str__(self) -> str:
        value = self.rational
        if value is not None:
            return str(value)
        return f"{'-' if self.sign < 0 else ''}sqrt({self.square})"


@dataclass(frozen=True, slots=True)
class SurdSum:
    """Sum of `coefficient * sqrt(root)` over distinct squarefree roots, by increasing root, no coefficient zero.

    Square roots of distinct squarefree integers are linearly independent over the rationals, so this form is unique.
    """

    terms: tuple[tuple[int, Fraction], ...] = ()

    @classmethod
    def of(cls, value: int | Fraction | Surd) -> SurdSum:
        surd = value if isinstance(value, Surd) else Surd.of(value)
        if not surd:
            return cls()
        # sqrt(a/b) = sqrt(a b) / b
        top, bottom = surd.square.numerator, surd.square.denominator
        a, free_a = squarefree(top)
        b, free_b = squarefree(bottom)
        return cls(((free_a * free_b, Fraction(surd.sign * a, b * free_b)),))

    @classmethod
    def total(cls, values: Iterable[SurdSum]) -> SurdSum:
        found: dict[int, Fraction] = {}
        for value in values:
            for root, coefficient in value.terms:
                found[root] = found.get(root, Fraction(0)) + coefficient
        return cls(tuple((root, found[root]) for root in sorted(found) if found[root]))

    def __add__(self, other: SurdSum) -> SurdSum:
        return SurdSum.total((self, other))

    def __sub__(self, other: SurdSum) -> SurdSum:
        return self + -other

    def __neg__(self) -> SurdSum:
        return SurdSum(tuple((root, -coefficient) for root, coefficient in self.terms))

    def __mul__(self, other: SurdSum) -> SurdSum:
        products = []
        for r, c in self.terms:
            for s, d in other.terms:
                square, free = squarefree(r * s)
                products.append(SurdSum(((free, c * d * square),)))
        return SurdSum.total(products)

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def is_zero(self) -> bool:
        return not self.terms

    def as_surd(self) -> Surd:
        """Raises ValueError when there is more than one term."""
        if not self.terms:
            return Surd.of(0)
        if len(self.terms) > 1:
            raise ValueError(f"{self} is not a single square root")
        ((root, coefficient),) = self.terms
        return Surd.of(coefficient) * Surd.sqrt(root)

    def __float__(self) -> float:
        return sum(float(Surd.of(c) * Surd.sqrt(r)) for r, c in self.terms)

    def __str__(self) -> str:
        parts = [str(Surd.of(c) * Surd.sqrt(r)) for r, c in self.terms]
        return " + ".join(parts).replace("+ -", "- ") if parts else "0"


@cache
def squarefree(number: int) -> tuple[int, int]:
    """(s, f) with number = s^2 f and f squarefree; number >= 1.

    Trial division: the numbers met here are products of factorials, whose primes are small; what a few thousand
    divisors leave over is taken as squarefree unless it is a square.
    """
    square, free, p = 1, 1, 2
    while p * p <= number and p < 4096:
        while number % (p * p) == 0:
            number //= p * p
            square *= p
        if number % p == 0:
            number //= p
            free *= p
        p += 1 if p == 2 else 2
    root = isqrt(number)
    if root * root == number:
        return square * root, free
    return square, free * number
