"""e3nn's real spherical harmonics, exactly: as couplings of each other and as polynomials.

A vector is a 1o tensor: its three components in memory order, which e3nn calls x, y, z. In e3nn's basis the polar axis
is the second of them and azimuths are counted from the third towards the first. The normalisation throughout is
`component`: |Y_l|^2 = 2l+1 at every point of the unit sphere, so that Y_1(r) = sqrt(3) r.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from fractions import Fraction
from functools import cache
from math import comb, factorial, pi, sqrt
from typing import assert_never

from fusionc.algebra.surd import Surd

Powers = tuple[int, int, int]
Polynomial = tuple[tuple[Powers, Surd], ...]
"""Sum of coefficient * x^a y^b z^c over the terms ((a, b, c), coefficient), sorted by exponents."""


class HarmonicNorm(Enum):
    COMPONENT = "component"  # |Y_l|^2 = 2l+1 on the unit sphere
    INTEGRAL = "integral"  # the integral of every component's square over the unit sphere is 1
    NORM = "norm"  # |Y_l| = 1 on the unit sphere

    def factor(self, l: int) -> float:
        """The factor that takes `component` to this norm."""
        match self:
            case HarmonicNorm.COMPONENT:
                return 1.0
            case HarmonicNorm.INTEGRAL:
                return 1 / sqrt(4 * pi)
            case HarmonicNorm.NORM:
                return float(Surd.sqrt(Fraction(1, 2 * l + 1)))
            case _:
                assert_never(self)


def harmonic_step(l: int) -> Surd:
    """c_l such that, with W = sqrt(2l+1) w3j(1, l-1, l) and l >= 1, at every unit vector

        Y_l[k] = c_l sum_ij W[i, j, k] Y_1[i] Y_{l-1}[j].

    At the pole only the m = 0 components are not zero, Y_l = sqrt(2l+1), and W[1, l-1, l] = sqrt(l/(2l-1)) there; so
    c_l = sqrt((2l+1) / (3l)). For vectors of any length the right side is the solid harmonic of degree l when Y_1 and
    Y_{l-1} are. ValueError if l < 1.
    """
    if l < 1:
        raise ValueError("there is no harmonic below l=0 to step from")
    return Surd.sqrt(Fraction(2 * l + 1, 3 * l))


@cache
def harmonic_polynomial(l: int) -> tuple[Polynomial, ...]:
    """The 2l+1 components of Y_l, homogeneous of degree l.

    Component l+m is, with u the polar coordinate and A_m the real part (m >= 0) or the imaginary part (m < 0) of
    (z + i x)^|m|, sqrt((2l+1) (2 if m else 1) (l-|m|)!/(l+|m|)!) A_m times the polynomial

        sum_k (-1)^k 2^-l C(l,k) C(2l-2k,l) (l-2k)!/(l-2k-|m|)! r^2k u^(l-2k-|m|)

    (the |m|-th derivative of the Legendre polynomial, made homogeneous). ValueError if l < 0.
    """
    if l < 0:
        raise ValueError(f"no harmonics have l={l}")
    return tuple(_component(l, m) for m in range(-l, l + 1))


def _component(l: int, m: int) -> Polynomial:
    size = abs(m)
    scale = Surd.sqrt(Fraction((2 * l + 1) * (2 if m else 1) * factorial(l - size), factorial(l + size)))
    found: dict[Powers, int] = {}
    for (a, c), around in _azimuthal(m):
        for (x, y, z), along in _polar(l, size):
            powers = (a + x, y, c + z)
            found[powers] = found.get(powers, 0) + around * along
    return tuple((powers, Surd.of(Fraction(found[powers], 2**l)) * scale) for powers in sorted(found) if found[powers])


def _azimuthal(m: int) -> Iterator[tuple[tuple[int, int], int]]:
    """Terms ((power of x, power of z), coefficient) of A_m."""
    for a in range(0 if m >= 0 else 1, abs(m) + 1, 2):
        yield (a, abs(m) - a), (-1) ** (a // 2) * comb(abs(m), a)


def _polar(l: int, m: int) -> Iterator[tuple[Powers, int]]:
    """Terms of 2^l times the sum over k, with r^2 = x^2 + y^2 + z^2 written out."""
    for k in range((l - m) // 2 + 1):
        below = l - 2 * k - m
        outer = (-1) ** k * comb(l, k) * comb(2 * l - 2 * k, l) * factorial(l - 2 * k) // factorial(below)
        for a in range(k + 1):
            for c in range(k - a + 1):
                yield (2 * a, below + 2 * (k - a - c), 2 * c), outer * comb(k, a) * comb(k - a, c)
