"""A sink that gives up: what a hopeless file costs stays bounded."""

from __future__ import annotations

from fusionc.diagnostics import CompileError, Diagnostic, Sink
from fusionc.source import Source
from fusionc.syntax import errors


class Findings(Sink):
    """Collects up to `most` findings; the next one ends the run by raising `CompileError`."""

    most = 20

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source

    def add(self, diagnostic: Diagnostic) -> None:
        if len(self._found) < self.most:
            super().add(diagnostic)
        elif diagnostic not in self._found:
            last = max((diagnostic, *self._found), key=lambda d: d.labels[0].span.start)
            super().add(errors.too_many_errors(last.labels[0].span, self.most))
            raise CompileError(self.source, self._found)
