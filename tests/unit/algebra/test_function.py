"""Derivatives of scalar functions against sympy, and their parity."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy
from sympy.abc import x

from fusionc.algebra.function import FUNCTIONS, INVERSE_NORM, Expression, FunctionParity, derivative, parity_of

SIGMOID = 1 / (1 + sympy.exp(-x))
NORMAL = (1 + sympy.erf(x / sympy.sqrt(2))) / 2

# On x > 0, where none of them has a kink.
CLOSED: dict[str, sympy.Expr] = {
    "x": x,
    "abs": x,
    "cos": sympy.cos(x),
    "exp": sympy.exp(x),
    "gelu": x * NORMAL,
    "normal_cdf": NORMAL,
    "normal_pdf": sympy.exp(-(x**2) / 2) / sympy.sqrt(2 * sympy.pi),
    "relu": x,
    "rsqrt": 1 / sympy.sqrt(x),
    "rsqrt_or_one": 1 / sympy.sqrt(x),
    "sigmoid": SIGMOID,
    "sign": sympy.Integer(1),
    "silu": x * SIGMOID,
    "sin": sympy.sin(x),
    "softplus": sympy.log(1 + sympy.exp(x)),
    "square": x**2,
    "step": sympy.Integer(1),
    "tanh": sympy.tanh(x),
    INVERSE_NORM: 1 / sympy.sqrt(x),
}
ALL = [*FUNCTIONS, INVERSE_NORM]


def symbolic(expression: Expression) -> sympy.Expr:
    total = sympy.Integer(0)
    for coefficient, powers in expression:
        term = sympy.Rational(coefficient.numerator, coefficient.denominator)
        for atom, power in powers:
            term *= CLOSED[atom] ** power
        total += term
    return total


@pytest.mark.parametrize("order", range(5))
@pytest.mark.parametrize("name", ALL)
def test_derivatives_are_those_of_sympy(name: str, order: int) -> None:
    difference = symbolic(derivative(name, order)) - sympy.diff(CLOSED[name], x, order)
    for point in (sympy.Rational(1, 3), sympy.Rational(7, 5)):
        assert abs(difference.subs(x, point).evalf(30)) < 1e-25


@pytest.mark.parametrize("name", ALL)
def test_the_parity_of_a_derivative(name: str) -> None:
    for order in range(4):
        found = parity_of(name, order)
        assert (found is FunctionParity.NEITHER) is (parity_of(name) is FunctionParity.NEITHER)
        if found is not FunctionParity.NEITHER:
            mirrored = [(c * sign, powers) for c, powers in derivative(name, order) for sign in [sign_of(powers)]]
            expected = 1 if found is FunctionParity.EVEN else -1
            assert [(c * expected, powers) for c, powers in derivative(name, order)] == mirrored


def sign_of(powers: tuple[tuple[str, int], ...]) -> Fraction:
    """What a product is multiplied by when x changes its sign."""
    odd = {"x", "sin", "tanh", "sign"}
    assert all(atom in odd | {"cos", "abs"} for atom, _ in powers)
    return Fraction((-1) ** sum(power for atom, power in powers if atom in odd))


def test_squares_end_and_kinks_have_no_slope() -> None:
    assert derivative("square", 2) == ((Fraction(2), ()),)
    assert derivative("square", 3) == ()
    assert derivative("relu", 2) == derivative("abs", 2) == ()
    with pytest.raises(KeyError):
        derivative("cube", 0)
