"""What goes where: artefacts and reports to stdout, diagnostics, notes and progress to stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from fusionc.diagnostics import Diagnostic
from fusionc.source import Source


@dataclass(frozen=True, slots=True)
class Console:
    """How to talk. `form` json makes every line on stderr one JSON object."""

    form: Literal["full", "short", "json"] = "full"
    color: bool = False
    quiet: bool = False
    verbose: bool = False

    def artefact(self, text: str) -> None:
        """To stdout, as UTF-8 whatever the locale, so that it is the same everywhere."""
        stream = sys.stdout
        if stream is None:
            return
        if hasattr(stream, "buffer"):
            stream.flush()
            stream.buffer.write(text.encode("utf-8"))
            stream.buffer.flush()
        else:
            stream.write(text)

    def report(self, line: str) -> None:
        """A line of the answer that was asked for."""
        self.artefact(line + "\n")

    def note(self, text: str) -> None:
        """Worth knowing, not worth a failure; left out by `-q`."""
        if not self.quiet:
            self._say("note", text, text)

    def fault(self, text: str) -> None:
        """Why a file or a call was refused."""
        self._say("error", text, f"{self._painted('error', 31)}: {text}")

    def diagnostics(self, source: Source, diagnostics: Iterable[Diagnostic]) -> None:
        """Every finding, in order; `-q` leaves the warnings out."""
        from fusionc import render
        from fusionc.diagnostics import Severity

        wanted = tuple(d for d in diagnostics if not self.quiet or d.severity is Severity.ERROR)
        if not wanted:
            return
        match self.form:
            case "full":
                _write(render.render_all(source, wanted, color=self.color))
            case "short":
                _write("\n".join(render.render_short(source, d) for d in wanted))
            case "json":
                for entry in json.loads(render.to_json(source, wanted)):
                    _write(json.dumps(entry))

    def _say(self, severity: str, text: str, shown: str) -> None:
        if self.form == "json":
            _write(json.dumps({"severity": severity, "message": text}))
        else:
            _write(shown)

    def _painted(self, text: str, code: int) -> str:
        return f"\033[1;{code}m{text}\033[0m" if self.color else text


def wants_color(choice: str) -> bool:
    """Whether to colour stderr: NO_COLOR wins over everything, then `choice`, then whether it is a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if choice == "auto":
        return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return choice == "always"


def _write(text: str) -> None:
    """To stderr; what its encoding cannot say is escaped, never an exception."""
    stream = sys.stderr
    if stream is None:
        return
    encoding = stream.encoding or "ascii"
    stream.write(text.rstrip("\n").encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()
