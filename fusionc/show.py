"""Any value of the compiler as text: stable, without addresses, the positions that others refer to in front."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from functools import cache
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
    parts = _parts(value)
    flat = _flat(value, WIDTH - indent - lead) if parts else _leaf(value)
    if flat is not None:
        yield flat
        return
    separator = ": " if isinstance(value, tuple) else "="
    opening, closing = _brackets(value)
    yield opening
    for name, part in parts:
        first, *rest = _lines(part, indent + 2, len(name) + len(separator))
        yield f"  {name}{separator}{first}"
        yield from (f"  {line}" for line in rest)
    yield closing


def _flat(value: object, room: int) -> str | None:
    """The value on one line of at most `room` characters; None, as soon as it is known not to fit."""
    parts = _parts(value)
    if not parts:
        leaf = _leaf(value)
        return leaf if len(leaf) <= room else None
    opening, closing = _brackets(value)
    pieces: list[str] = []
    room -= len(opening) + len(closing)
    for name, part in parts:
        lead = "" if isinstance(value, tuple) else f"{name}="
        text = _flat(part, room - len(lead))
        if text is None:
            return None
        pieces.append(lead + text)
        room -= len(lead) + len(text) + 2
    comma = "," if isinstance(value, tuple) and len(pieces) == 1 else ""
    return f"{opening}{', '.join(pieces)}{comma}{closing}"


def _leaf(value: object) -> str:
    """What is shown as a whole."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, Irrep | Irreps | Surd | Fraction):
        return str(value) or "0"
    return "()" if value == () else f"{type(value).__name__}()" if is_dataclass(value) else repr(value)


def _parts(value: object) -> list[tuple[str, Any]]:
    """What a value is made of, by field name or by position; nothing when it is shown as a whole."""
    if isinstance(value, Irrep | Irreps | Surd | Enum):
        return []
    if isinstance(value, tuple):
        return [(str(n), part) for n, part in enumerate(value)]
    if is_dataclass(value) and not isinstance(value, type):
        kind: type = type(value)
        return [(name, getattr(value, name)) for name in _shown_fields(kind)]
    return []


@cache
def _shown_fields(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.repr)


def _brackets(value: object) -> tuple[str, str]:
    return ("(", ")") if isinstance(value, tuple) else (f"{type(value).__name__}(", ")")
