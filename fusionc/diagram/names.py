"""The names of one diagram: what is defined so far, what comes later, and what is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fusionc.diagnostics import Diagnostic, Sink
from fusionc.diagram import errors
from fusionc.diagram.frame import Place
from fusionc.source import Span
from fusionc.syntax import ast


@dataclass(slots=True)
class Definition:
    """`place` None: defined wrongly; what uses it is not reported again."""

    name: str
    kind: str
    span: Span
    place: Place | None
    used: bool = False


class Names:
    """One set of names for inputs, weights and statements. `elsewhere` says what other names of the file are."""

    def __init__(self, diagram: ast.Diagram, elsewhere: dict[str, str], sink: Sink) -> None:
        self._sink = sink
        self._elsewhere = elsewhere
        self._defined: dict[str, Definition] = {}
        self._coming: dict[str, Span] = {}
        self._needs: dict[str, tuple[str, ...]] = {}
        for item in diagram.items:
            match item:
                case ast.Input() | ast.Weight():
                    self._coming.setdefault(item.port.name.text, item.port.name.span)
                case ast.Assign():
                    name = item.target.name
                    self._coming.setdefault(name.text, name.span)
                    self._needs.setdefault(name.text, tuple(dict.fromkeys(_mentioned(item))))
                case _:
                    pass

    def define(self, name: ast.Name, kind: str, place: Place | None) -> bool:
        """False when the name is taken."""
        first = self._defined.get(name.text)
        if first is not None:
            self._sink.add(errors.duplicate_name(name.text, name.span, first.span))
            return False
        self._defined[name.text] = Definition(name.text, kind, name.span, place)
        return True

    def spoil(self, name: ast.Name) -> None:
        """The statement of this name could not be built."""
        definition = self._defined.get(name.text)
        if definition is not None and definition.span == name.span:
            definition.place = None

    def find(self, name: ast.Name, target: ast.Name | None) -> Definition | None:
        """The definition that `name` reads in the statement of `target`; None after an error."""
        found = self._defined.get(name.text)
        if found is not None and not (target is not None and found.span == target.span):
            found.used = True
            return found
        self._sink.add(self._missing(name, target))
        return None

    def _missing(self, name: ast.Name, target: ast.Name | None) -> Diagnostic:
        later = self._coming.get(name.text)
        if later is None:
            return errors.unknown_name(name.text, name.span, self._coming, self._elsewhere.get(name.text, ""))
        if target is None:
            return errors.used_before_definition(name.text, name.span, later)
        if target.text == name.text:
            return errors.self_reference(name.text, name.span, target.span)
        if target.text in self._reachable(name.text):
            return errors.cyclic_definition(target.text, name.span, name.text, later, target.span)
        return errors.used_before_definition(name.text, name.span, later)

    def _reachable(self, start: str) -> tuple[str, ...]:
        """All names that a statement needs, directly or not."""
        seen: dict[str, None] = {}
        waiting = [start]
        while waiting:
            for name in self._needs.get(waiting.pop(), ()):
                if name not in seen:
                    seen[name] = None
                    waiting.append(name)
        return tuple(seen)

    def report_unused(self, mentioned: frozenset[str]) -> None:
        """Warn of names that nothing reads; `mentioned` also has those that only broken statements name."""
        for definition in self._defined.values():
            if not definition.used and definition.name not in mentioned:
                self._sink.add(errors.unused_name(definition.name, definition.span, definition.kind))


def mentioned_names(diagram: ast.Diagram) -> frozenset[str]:
    """All names that occur in the expressions and outputs of a diagram."""
    found: list[str] = []
    for item in diagram.items:
        match item:
            case ast.Assign():
                found.extend(name for name in _mentioned(item) if name != item.target.name.text)
            case ast.Output():
                found.extend(port.name.text for port in item.ports)
            case _:
                pass
    return frozenset(found)


def _mentioned(item: ast.Assign) -> Iterator[str]:
    yield from _ports(item.value)
    for option in item.options:
        yield from _ports(option.value)


def _ports(value: ast.Value) -> Iterator[str]:
    match value:
        case ast.Port():
            yield value.name.text
        case ast.Couple() | ast.Add():
            yield from _ports(value.left)
            yield from _ports(value.right)
        case ast.Reduce() | ast.Scale() | ast.Negate():
            yield from _ports(value.operand)
        case ast.Group() | ast.Call():
            inner = (value.operand,) if isinstance(value, ast.Group) else value.arguments
            for part in inner:
                yield from _ports(part)
            for option in value.options:
                yield from _ports(option.value)
        case ast.Irreps() | ast.Int() | ast.Number() | ast.String() | ast.Range() | ast.ListValue():
            pass
