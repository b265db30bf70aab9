"""`(a (b c))` as text: the shape of a fusion tree, its leaves by name. What `fusionc recouple --to` takes."""

from __future__ import annotations

import re

from fusionc.check import errors
from fusionc.diagnostics import CompileError
from fusionc.source import Source, Span

Shape = str | tuple["Shape", "Shape"]
"""A leaf's name, or a vertex of two shapes."""

_TOKEN = re.compile(r"\s*(?:([A-Za-z_][A-Za-z0-9_]*)|([()*])|(\S))", re.ASCII)


def parse_bracketing(source: Source, leaves: tuple[str, ...]) -> Shape:
    """The bracketing of exactly these leaves, in any order; a `*` between two parts and the outermost parentheses may
    be there or not. Raises CompileError, with places in `source`."""
    open_parts: list[list[Shape]] = [[]]
    starts: list[int] = [0]
    seen: dict[str, Span] = {}
    for found in _TOKEN.finditer(source.text):
        span = Span(found.end() - len(found[0].lstrip()), found.end())
        name, mark = found[1], found[2]
        if name:
            _know(source, name, span, leaves, seen)
            open_parts[-1].append(name)
        elif mark == "(":
            open_parts.append([])
            starts.append(span.start)
        elif mark == ")" and len(open_parts) > 1:
            open_parts[-2].append(_joined(source, open_parts.pop(), Span(starts.pop(), span.end)))
        elif mark != "*" or len(open_parts[-1]) != 1:
            raise CompileError(source, [errors.not_a_bracketing(span, f"`{found[0].strip()}` does not belong here")])
    whole = Span(0, len(source.text))
    if len(open_parts) > 1:
        raise CompileError(source, [errors.not_a_bracketing(Span(starts[-1], starts[-1] + 1), "never closed")])
    missing = tuple(name for name in leaves if name not in seen)
    if missing:
        raise CompileError(source, [errors.missing_leaves(missing, whole)])
    parts = open_parts[0]
    return parts[0] if len(parts) == 1 else _joined(source, parts, whole)


def _know(source: Source, name: str, span: Span, leaves: tuple[str, ...], seen: dict[str, Span]) -> None:
    if name not in leaves:
        raise CompileError(source, [errors.no_such_leaf(name, span, leaves)])
    if name in seen:
        raise CompileError(source, [errors.leaf_twice(name, span, seen[name])])
    seen[name] = span


def _joined(source: Source, parts: list[Shape], span: Span) -> Shape:
    if len(parts) != 2:
        told = "one part" if len(parts) == 1 else f"{len(parts)} parts" if parts else "nothing"
        raise CompileError(source, [errors.not_a_bracketing(span, f"{told} in here, where a vertex joins two")])
    return parts[0], parts[1]
