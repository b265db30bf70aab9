"""Errors are data: what happened, where, why, and what to do.

Every stage's `errors.py` holds one constructor function a code that returns a `Diagnostic`. A `Sink` collects
them while the stage goes on; `CompileError` carries all of them. `render` is the only place that turns them into text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from fusionc.source import Source, Span


class Severity(Enum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Label:
    """A place and what is to be said of it."""

    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `labels[0]` is where it is, the others say why; `help` lines say what to do."""

    code: str
    message: str
    labels: tuple[Label, ...] = ()
    help: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR


class CompileError(Exception):
    """The source is at fault. Carries every diagnostic of the run, sorted by place."""

    def __init__(self, source: Source, diagnostics: Iterable[Diagnostic]) -> None:
        self.source = source
        self.diagnostics = in_order(diagnostics)
        super().__init__(source, self.diagnostics)

    def __str__(self) -> str:
        from fusionc.render import render_all

        return "\n" + render_all(self.source, self.diagnostics)


class InternalError(Exception):
    """A broken invariant: a bug in fusionc, never the user's fault."""


class Sink:
    """Collects the diagnostics of a stage."""

    def __init__(self) -> None:
        self._found: list[Diagnostic] = []

    def add(self, diagnostic: Diagnostic) -> None:
        if diagnostic not in self._found:
            self._found.append(diagnostic)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return in_order(self._found)

    @property
    def has_errors(self) -> bool:
        return any(d.severity is Severity.ERROR for d in self._found)

    def raise_errors(self, source: Source) -> None:
        """Raise `CompileError` when an error (not a mere warning) has been found."""
        if self.has_errors:
            raise CompileError(source, self._found)


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """By place, then code: the same order in every run."""
    return tuple(sorted(diagnostics, key=lambda d: (d.labels[0].span.start if d.labels else 0, d.code, d.message)))
