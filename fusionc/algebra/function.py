"""Scalar functions: their behaviour under a change of sign, which is all that inversion does to a scalar, and their
derivatives of every order.

An odd function commutes with the sign, so that 0o stays 0o; an even one forgets it, so that 0o becomes 0e; any other
function of a 0o would be neither. A derivative is a polynomial in a few functions whose own derivatives are such
polynomials again, so that the set is closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from fractions import Fraction
from functools import cache
from types import MappingProxyType


class FunctionParity(Enum):
    ODD = "odd"  # f(-x) = -f(x)
    EVEN = "even"  # f(-x) = f(x)
    NEITHER = "neither"

    def image(self, p: int) -> int | None:
        """The parity of f(scalar of parity p); None when f(scalar) would have none."""
        match self:
            case FunctionParity.ODD:
                return p
            case FunctionParity.EVEN:
                return 1
            case FunctionParity.NEITHER:
                return 1 if p == 1 else None

    def derived(self, order: int) -> FunctionParity:
        """Of the derivative of this order: each one takes odd to even and back."""
        if self is FunctionParity.NEITHER or order % 2 == 0:
            return self
        return FunctionParity.EVEN if self is FunctionParity.ODD else FunctionParity.ODD


FUNCTIONS: Mapping[str, FunctionParity] = MappingProxyType(
    {
        "abs": FunctionParity.EVEN,
        "cos": FunctionParity.EVEN,
        "exp": FunctionParity.NEITHER,
        "gelu": FunctionParity.NEITHER,
        "relu": FunctionParity.NEITHER,
        "sigmoid": FunctionParity.NEITHER,
        "silu": FunctionParity.NEITHER,
        "sin": FunctionParity.ODD,
        "softplus": FunctionParity.NEITHER,
        "square": FunctionParity.EVEN,
        "tanh": FunctionParity.ODD,
    }
)
"""The scalar functions of the language; each is its namesake in torch."""

INVERSE_NORM = "inverse_norm"
"""Of a square s = r.r the factor 1/sqrt(s) that makes r a unit vector, and 1 at 0.

Not a function of the language: it is what the derivative of harmonics of r/|r| is made of. Its derivatives are 0 at 0,
where the unit vector is r itself.
"""

_PARITIES: Mapping[str, FunctionParity] = MappingProxyType({**FUNCTIONS, INVERSE_NORM: FunctionParity.NEITHER})

Powers = tuple[tuple[str, int], ...]
"""Product of atoms (the keys of `_SLOPES`), each to a power of at least 1: what derivatives are polynomials in."""

Expression = tuple[tuple[Fraction, Powers], ...]
"""Sum of coefficient * powers, in the order of `powers`; empty for zero."""


def _sum(*terms: tuple[int | Fraction, str]) -> Expression:
    """Of coefficients and products, written as `x normal_pdf`."""
    found: dict[Powers, Fraction] = {}
    for coefficient, product in terms:
        atoms = product.split()
        powers = tuple((a, atoms.count(a)) for a in sorted(dict.fromkeys(atoms)))
        found[powers] = found.get(powers, Fraction(0)) + coefficient
    return _ordered(found)


def _ordered(found: Mapping[Powers, Fraction]) -> Expression:
    return tuple((found[powers], powers) for powers in sorted(found) if found[powers])


_VALUES: Mapping[str, Expression] = MappingProxyType(
    {
        "gelu": _sum((1, "x normal_cdf")),
        "silu": _sum((1, "x sigmoid")),
        "square": _sum((1, "x x")),
        INVERSE_NORM: _sum((1, "rsqrt_or_one")),
    }
)
"""Of the functions that are not atoms."""

_SLOPES: Mapping[str, Expression] = MappingProxyType(
    {
        "x": _sum((1, "")),  # the argument itself
        "abs": _sum((1, "sign")),
        "cos": _sum((-1, "sin")),
        "exp": _sum((1, "exp")),
        "normal_cdf": _sum((1, "normal_pdf")),  # (1 + erf(x / sqrt(2))) / 2
        "normal_pdf": _sum((-1, "x normal_pdf")),  # exp(-x^2 / 2) / sqrt(2 pi)
        "relu": _sum((1, "step")),
        "rsqrt": _sum((Fraction(-1, 2), "rsqrt rsqrt rsqrt")),  # 1 / sqrt(x), and 0 at 0
        "rsqrt_or_one": _sum((Fraction(-1, 2), "rsqrt rsqrt rsqrt")),  # 1 / sqrt(x), and 1 at 0
        "sigmoid": _sum((1, "sigmoid"), (-1, "sigmoid sigmoid")),
        "sign": (),  # 0 at 0
        "sin": _sum((1, "cos")),
        "softplus": _sum((1, "sigmoid")),
        "step": (),  # 1 above 0, else 0
        "tanh": _sum((1, ""), (-1, "tanh tanh")),
    }
)


@cache
def derivative(function: str, order: int) -> Expression:
    """The derivative of this order (0: the function itself) of a function of the language or `INVERSE_NORM`.

    At kinks (abs and relu at 0) the derivative is torch's, 0. KeyError for an unknown function.
    """
    if order == 0:
        if function not in _PARITIES:
            raise KeyError(function)
        return _VALUES.get(function, _sum((1, function)))
    found: dict[Powers, Fraction] = {}
    for coefficient, powers in derivative(function, order - 1):
        for atom, power in powers:
            for slope, more in _SLOPES[atom]:
                total = {**dict(powers), atom: power - 1}
                for other, n in more:
                    total[other] = total.get(other, 0) + n
                key = tuple((a, total[a]) for a in sorted(total) if total[a])
                found[key] = found.get(key, Fraction(0)) + coefficient * power * slope
    return _ordered(found)


def parity_of(function: str, order: int = 0) -> FunctionParity:
    """Of the derivative of this order."""
    return _PARITIES[function].derived(order)
