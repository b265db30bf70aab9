"""Option values and arguments, read as what they must be."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from fractions import Fraction
from typing import TypeVar

from fusionc.algebra.function import FUNCTIONS
from fusionc.diagram import errors
from fusionc.diagram.ir import Labels, Mode, Norm, PathNorm, Term
from fusionc.diagram.scope import Scope
from fusionc.suggest import suggest
from fusionc.syntax import ast

Choice = TypeVar("Choice", bound=Enum)

PRODUCT_NORMS = (Norm.COMPONENT, Norm.NORM, Norm.NONE)
HARMONIC_NORMS = (Norm.COMPONENT, Norm.INTEGRAL, Norm.NORM)


def word(value: ast.Value) -> str | None:
    """A lone name or a string."""
    match value:
        case ast.Port(indices=()):
            return value.name.text
        case ast.String():
            return value.value
        case _:
            return None


def _one_of(option: ast.Option, choices: Iterable[str], scope: Scope) -> str | None:
    names = tuple(choices)
    given = word(option.value)
    if given in names:
        return given
    near = None if given is None else suggest(given, names)
    key = option.key.text
    scope.sink.add(errors.bad_option_value(key, option.value.span, errors.listing(names, "or"), near))
    return None


def choice(option: ast.Option | None, choices: Iterable[Choice], default: Choice, scope: Scope) -> Choice:
    """One member of an enumeration, by its value; the default also after an error."""
    members = {member.value: member for member in choices}
    given = None if option is None else _one_of(option, members, scope)
    return default if given is None else members[given]


def mode(option: ast.Option | None, scope: Scope) -> Mode | None:
    given = None if option is None else _one_of(option, (mode.value for mode in Mode), scope)
    return None if given is None else Mode(given)


def path_norm(option: ast.Option | None, scope: Scope) -> PathNorm:
    return choice(option, PathNorm, PathNorm.ELEMENT, scope)


def truth(option: ast.Option | None, default: bool, scope: Scope) -> bool:
    given = None if option is None else _one_of(option, ("true", "false"), scope)
    return default if given is None else given == "true"


def function(option: ast.Option | None, default: str, scope: Scope) -> str:
    given = None if option is None else _one_of(option, FUNCTIONS, scope)
    return default if given is None else given


def number(option: ast.Option | None, default: Fraction, scope: Scope) -> Fraction:
    if option is None:
        return default
    match option.value:
        case ast.Number() | ast.Int():
            return Fraction(option.value.value)
        case ast.Port(indices=()):
            value = scope.integer(option.value.name)
            return default if value is None else Fraction(value)
        case _:
            scope.sink.add(errors.bad_option_value(option.key.text, option.value.span, "a number such as `0.1`"))
            return default


def integer(value: ast.Value, scope: Scope) -> int | None:
    """An integer or a parameter; None, and no report, for anything else or an unknown parameter (reported)."""
    match value:
        case ast.Int():
            return value.value
        case ast.Port(indices=()):
            return scope.integer(value.name)
        case _:
            return None


def one_degree(option: ast.Option | None, scope: Scope) -> int | None:
    if option is None:
        return None
    if not isinstance(option.value, ast.Int | ast.Port):
        scope.sink.add(errors.bad_option_value(option.key.text, option.value.span, "an integer such as `3`"))
        return None
    return integer(option.value, scope)


def degrees(option: ast.Option | None, scope: Scope) -> tuple[int, ...] | None:
    """`[0, 2]`, `0..2`, or one integer."""
    if option is None:
        return None
    match option.value:
        case ast.ListValue():
            items = [scope.integer(item) for item in option.value.items]
            found = tuple(item for item in items if item is not None)
            return found if len(found) == len(items) else None
        case ast.Range():
            ends = bounds(option.value, scope, lowest=0)
            if ends is None:
                return None
            last = min(ends[1], scope.limits.l * 2)
            return tuple(range(ends[0], last + 1))
        case ast.Int() | ast.Port():
            one = integer(option.value, scope)
            return None if one is None else (one,)
        case _:
            scope.sink.add(errors.bad_option_value("l", option.value.span, "a list such as `[0, 2]`"))
            return None


def bounds(value: ast.Range, scope: Scope, lowest: int) -> tuple[int, int] | None:
    first, last = scope.integer(value.first), scope.integer(value.last)
    if first is None or last is None:
        return None
    if first > last or first < lowest:
        scope.sink.add(errors.empty_range(value.span, first, last))
        return None
    return first, last


def labels(option: ast.Option | None, scope: Scope) -> Labels | None:
    """Irreps, the name of irreps, `sh(n)`, or under SO3 a bare l."""
    if option is None:
        return None
    value = option.value
    match value:
        case ast.Irreps():
            return scope.labels(value)
        case ast.Int():
            return Labels((Term(None, value.value, "", value.span),), False, value.span)
        case ast.Port(indices=()):
            named = ast.IrrepsName(value.name, value.span)
            return scope.labels(ast.Irreps((named,), False, value.span))
        case ast.Call(arguments=(ast.Int() | ast.Port() as argument,), options=()):
            degree = argument.name if isinstance(argument, ast.Port) else argument
            call = ast.IrrepsCall(value.name, degree, value.span)
            return scope.labels(ast.Irreps((call,), False, value.span))
        case _:
            scope.sink.add(errors.bad_option_value(option.key.text, value.span, "irreps such as `0e + 1o`"))
            return None
