"""Any value of the compiler as text: stable, without addresses, the positions that others refer to in front."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

from fusionc.algebra.irrep import Irrep, Irreps
from fusionc.algebra.surd import Surd

WIDTH = 120


def show(value: object) -> str:
    """One field a line where a line would be longer than 120 characters.

    Spans are left out, as everything is that its own `repr` leaves out. Members of a tuple that takes several lines are
    numbered: values and vertices refer to each other by these numbers.
    """
    return "\n".join(_lines(value, 0, 0)) + "\n"


def _lines(value: object, indent: int, lead: int) -> Iterator[str]:
    """`value` in lines of at most 120 characters where it can be done, to be indented as told; the first line comes
    after a lead of so many characters."""
    short = _short(value)
    if len(short) + indent + lead <= WIDTH or not _parts(value):
        yield short
        return
    opening, closing = _brackets(value)
    yield opening
    for name, part in _parts(value):
        name += ": " if isinstance(value, tuple) else "="
        first, *rest = _lines(part, indent + 2, len(name))
        yield f"  {name}{first}"
        yield from (f"  {line}" for line in rest)
    yield closing


def _short(value: object) -> str:
    """The value on one line."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, Irrep | Irreps | Surd | Fraction):
        return str(value) or "0"
    if isinstance(value, tuple):
        inner = ", ".join(_short(part) for part in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if is_dataclass(value):
        inner = ", ".join(f"{name}={_short(part)}" for name, part in _parts(value))
        return f"{type(value).__name__}({inner})"
    return repr(value)


def _parts(value: object) -> list[tuple[str, Any]]:
    """What a value is made of, by field name or by position; nothing when it prints as a whole."""
    if isinstance(value, Irrep | Irreps | Surd):
        return []
    if isinstance(value, tuple):
        return [(str(n), part) for n, part in enumerate(value)]
    if is_dataclass(value):
        return [(field.name, getattr(value, field.name)) for field in fields(value) if field.repr]
    return []


def _brackets(value: object) -> tuple[str, str]:
    return ("(", ")") if isinstance(value, tuple) else (f"{type(value).__name__}(", ")")
