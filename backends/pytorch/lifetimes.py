"""Which variables are read, and where for the last time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace

from fusionc.backends.pytorch.program import Assign, Begin, Member, Name, Put, Release, Remark, Result, Statement, Unpack
from fusionc.backends.pytorch.signature import Signature


def released(statements: tuple[Statement, ...], results: tuple[Result, ...], signature: Signature) -> tuple[Statement, ...]:
    """The statements that matter, each followed by the release of what it was the last to read.

    A local variable of a Python function keeps its tensor until the function returns: without releases all
    intermediates would be in memory at once.
    """
    kept = _live(statements, results)
    last: dict[str, int] = {}
    for position, statement in enumerate(kept):
        for name in read_by(statement):
            last[name] = position
    for result in results:
        for name in read_by(result.value):
            last[name] = len(kept)
    arguments = {a.name for a in signature.arguments}
    found: list[Statement] = []
    for position, statement in enumerate(kept):
        found.append(statement)
        done = [n for n in dict.fromkeys(read_by(statement)) if last[n] == position and n not in arguments]
        if done:
            found.append(Release(tuple(done)))
    return tuple(found)


def _live(statements: tuple[Statement, ...], results: tuple[Result, ...]) -> list[Statement]:
    """Without assignments that nothing reads; pieces that nothing reads have no name."""
    needed = {name for result in results for name in read_by(result.value)}
    kept: list[Statement] = []
    for statement in reversed(statements):
        match statement:
            case Assign(target=target) | Begin(target=target) | Put(target=target):
                if target not in needed:
                    continue
            case Unpack(targets=targets):
                if not needed.intersection(t for t in targets if t is not None):
                    continue
                statement = replace(statement, targets=tuple(t if t in needed else None for t in targets))
            case Remark():
                if kept and isinstance(kept[-1], Remark):
                    continue
        needed.update(read_by(statement))
        kept.append(statement)
    return kept[::-1]


def read_by(node: object) -> Iterator[str]:
    """The variables that a statement or an expression reads, in order, with repetitions."""
    yield from (n.name for n in nodes(node) if isinstance(n, Name))


def members(node: object) -> Iterator[str]:
    """The buffers and parameters that it reads."""
    yield from (n.name for n in nodes(node) if isinstance(n, Member))


def nodes(node: object) -> Iterator[object]:
    """Every node of a statement or an expression, from left to right."""
    if isinstance(node, tuple):
        for part in node:
            yield from nodes(part)
    elif is_dataclass(node):
        yield node
        for field in fields(node):
            yield from nodes(getattr(node, field.name))
