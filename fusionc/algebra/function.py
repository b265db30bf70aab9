"""Scalar functions by their behaviour under a change of sign, which is all that inversion does to a scalar.

An odd function commutes with the sign, so that 0o stays 0o; an even one forgets it, so that 0o becomes 0e; any other
function of a 0o would be neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
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
