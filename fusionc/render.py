"""Diagnostics as text for people, as one line for editors, and as JSON for programs."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from fusionc.diagnostics import Diagnostic, Label, Severity
from fusionc.source import Source, Span

WIDTH = 100
"""Columns of a source line that are shown; of a longer one, what is around its labels."""
_TAB = "    "
_INK = {Severity.ERROR: 31, Severity.WARNING: 33, Severity.NOTE: 36}
_GUTTER_INK = 34


def visible(text: str) -> str:
    """The text with every character that cannot be seen, or that can reorder others, written as an escape."""
    return "".join(_shown(c) for c in text)


def render(source: Source, diagnostic: Diagnostic, color: bool = False) -> str:
    """The block that people see: what, where in the source, why, and what to do. No newline at its end."""
    ink = _Ink(color)
    labels = [_Mark.of(source, label, primary=i == 0) for i, label in enumerate(diagnostic.labels)]
    marks = [part for mark in labels for part in mark.by_line(source)]
    gutter = len(str(max((m.line for m in marks), default=1)))
    severity = diagnostic.severity
    head = ink(f"{severity.value}[{diagnostic.code}]", _INK[severity]) + ink(f": {visible(diagnostic.message)}", 0)
    lines = [head, f"{' ' * gutter}{ink('-->', _GUTTER_INK)} {_place(source, diagnostic)}"]
    bar = " " * gutter + ink(" |", _GUTTER_INK)
    if marks:
        lines += [bar, *_excerpt(source, marks, gutter, severity, ink), bar]
    notes = [f"help: {visible(h)}" for h in diagnostic.help] + [f"more: fusionc explain {diagnostic.code}"]
    lines += [f"{' ' * gutter} {ink('=', _GUTTER_INK)} {note}" for note in notes]
    return "\n".join(lines)


def render_all(source: Source, diagnostics: Iterable[Diagnostic], color: bool = False) -> str:
    """All blocks, with a blank line between them."""
    return "\n\n".join(render(source, d, color) for d in diagnostics)


def render_short(source: Source, diagnostic: Diagnostic) -> str:
    """`file:line:column: error[F203]: message`."""
    what = f"{diagnostic.severity.value}[{diagnostic.code}]: {visible(diagnostic.message)}"
    return f"{_place(source, diagnostic)}: {what}"


def to_json(source: Source, diagnostics: Iterable[Diagnostic]) -> str:
    """A JSON array, one object a diagnostic; lines and columns count from 1, offsets from 0, ends are exclusive."""
    return json.dumps([_entry(source, d) for d in diagnostics], indent=2)


def _entry(source: Source, diagnostic: Diagnostic) -> dict[str, object]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "labels": [_label_entry(source, label) for label in diagnostic.labels],
        "help": list(diagnostic.help),
    }


def _label_entry(source: Source, label: Label) -> dict[str, object]:
    span = _clamped(source, label.span)
    line, column = source.position(span.start)
    end_line, end_column = source.position(span.end)
    return {
        "file": source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "offset": span.start,
        "end_offset": span.end,
        "text": label.text,
    }


def _place(source: Source, diagnostic: Diagnostic) -> str:
    name = visible(source.name)
    if not diagnostic.labels:
        return name
    line, column = source.position(_clamped(source, diagnostic.labels[0].span).start)
    return f"{name}:{line}:{column}"


def _clamped(source: Source, span: Span) -> Span:
    size = len(source.text)
    start = min(span.start, size)
    return Span(start, min(max(span.end, start), size))


# ------------------------------------------------------------------ excerpts


class _Ink:
    """ANSI colours, or nothing."""

    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, text: str, code: int) -> str:
        """Bold text in the colour `code`; 0 is bold alone."""
        if not self.color or not text:
            return text
        return f"\033[1;{code}m{text}\033[0m" if code else f"\033[1m{text}\033[0m"


@dataclass(frozen=True, slots=True)
class _Mark:
    """A label on one line: 0-based columns of characters, the end exclusive, and at least one column wide."""

    line: int
    start: int
    end: int
    text: str
    primary: bool
    last_line: int
    last_end: int

    @staticmethod
    def of(source: Source, label: Label, primary: bool) -> _Mark:
        span = _clamped(source, label.span)
        line, column = source.position(span.start)
        last_line, last_column = source.position(span.end)
        if last_line > line and last_column == 1:  # the span ends with a newline: point at the line it ends
            last_line, last_column = last_line - 1, len(source.line(last_line - 1)) + 1
        if last_line == line:
            end = max(last_column - 1, column)
            return _Mark(line, column - 1, end, label.text, primary, line, end)
        end = max(len(source.line(line)), column)
        return _Mark(line, column - 1, end, label.text, primary, last_line, last_column - 1)

    def by_line(self, source: Source) -> tuple[_Mark, ...]:
        """The mark itself; one over several lines as its first and its last, where the text goes."""
        if self.last_line == self.line:
            return (self,)
        last = source.line(self.last_line)
        indent = len(last) - len(last.lstrip())
        first = _Mark(self.line, self.start, self.end, "", self.primary, self.line, self.end)
        end = max(self.last_end, indent + 1)
        return first, _Mark(self.last_line, indent, end, self.text, self.primary, self.last_line, end)


def _excerpt(source: Source, marks: Sequence[_Mark], gutter: int, severity: Severity, ink: _Ink) -> list[str]:
    shown: list[str] = []
    previous: int | None = None
    for number in sorted({m.line for m in marks}):
        if previous is not None and number > previous + 1:
            shown.append(ink("...", _GUTTER_INK))
        here = sorted((m for m in marks if m.line == number), key=lambda m: (m.start, m.end, m.text))
        line, here = _neighbourhood(source.line(number), here)
        text, cells = _Cells.of(line).window(here)
        shown.append(f"{ink(f'{number:>{gutter}} |', _GUTTER_INK)} {text}".rstrip())
        for row in _rows(here, cells, severity, ink):
            shown.append(f"{' ' * gutter}{ink(' |', _GUTTER_INK)} {row}")
        previous = number
    return shown


def _neighbourhood(line: str, marks: list[_Mark]) -> tuple[str, list[_Mark]]:
    """Of a very long line, the part that a window can come to show, so that its length costs nothing."""
    reach = 5 * WIDTH
    start = max(0, _focus(marks).start - reach)
    if len(line) <= 2 * reach:
        return line, marks
    part = line[start : start + 2 * reach]

    def moved(column: int) -> int:
        return min(max(column - start, 0), len(part))

    return part, [replace(m, start=moved(m.start), end=moved(m.end)) for m in marks]


def _focus(marks: Sequence[_Mark]) -> _Mark:
    """The mark that has to be seen: the primary one, else the first."""
    return min(marks, key=lambda m: (not m.primary, m.start))


@dataclass(frozen=True, slots=True)
class _Cells:
    """A source line as it is shown: the text of each character and the column where each begins, plus the end."""

    texts: tuple[str, ...]
    columns: tuple[int, ...]

    @staticmethod
    def of(line: str) -> _Cells:
        texts = tuple(_TAB if c == "\t" else _shown(c) for c in line)
        columns = [0]
        for c, text in zip(line, texts, strict=True):
            columns.append(columns[-1] + (_columns_of(c) if text == c else len(text)))
        return _Cells(texts, tuple(columns))

    def at(self, index: int) -> int:
        """Column of character `index`; beyond the line, one column each."""
        last = len(self.texts)
        return self.columns[index] if index <= last else self.columns[last] + index - last

    def window(self, marks: Sequence[_Mark]) -> tuple[str, _Window]:
        """What is shown of the line, and how its columns map to those of the window."""
        total = self.columns[-1]
        if total <= WIDTH:
            return "".join(self.texts), _Window(self, 0, total + 1, 0)
        focus = _focus(marks)
        middle = (self.at(focus.start) + min(self.at(focus.end), self.at(focus.start) + WIDTH // 2)) // 2
        low = max(0, min(middle - WIDTH // 2, total - WIDTH))
        first = next(i for i, column in enumerate(self.columns) if column >= low)
        last = max(i for i, column in enumerate(self.columns) if column <= low + WIDTH)
        before, after = "..." * (first > 0), "..." * (last < len(self.texts))
        text = before + "".join(self.texts[first:last]) + after
        return text, _Window(self, self.columns[first], self.columns[last], len(before))


@dataclass(frozen=True, slots=True)
class _Window:
    """Columns `low` to `high` of a line, shown `shift` columns from the left."""

    cells: _Cells
    low: int
    high: int
    shift: int

    def column(self, index: int) -> int:
        """Where character `index` is shown; what is outside goes to the nearer edge."""
        return min(max(self.cells.at(index), self.low), self.high) - self.low + self.shift


def _rows(marks: Sequence[_Mark], window: _Window, severity: Severity, ink: _Ink) -> list[str]:
    """The underlines with the text of the last one, then the texts of the others, each hung from its beginning."""
    placed = [(window.column(m.start), window.column(m.end), m) for m in marks]
    canvas: dict[int, tuple[str, int]] = {}
    for start, end, mark in sorted(placed, key=lambda p: p[2].primary):
        for column in range(start, max(end, start + 1)):
            canvas[column] = ("^", _INK[severity]) if mark.primary else ("-", _GUTTER_INK)
    *hanging, last = [p for p in placed if p[2].text] or [placed[-1]]
    inline = max(canvas) < max(last[1], last[0] + 1)
    if not inline:
        hanging.append(last)
    rows = [_paint(canvas, ink) + (f" {_colored(last[2], severity, ink)}" if inline and last[2].text else "")]
    hanging = [p for p in hanging if p[2].text]
    if hanging:
        rows.append(_paint({start: ("|", _color(m, severity)) for start, _, m in hanging}, ink))
    while hanging:
        start, _, mark = hanging.pop()
        left = {s: ("|", _color(m, severity)) for s, _, m in hanging if s < start}
        before = _paint(left, ink)
        rows.append(before + " " * (start - max(left, default=-1) - 1) + _colored(mark, severity, ink))
    return rows


def _color(mark: _Mark, severity: Severity) -> int:
    return _INK[severity] if mark.primary else _GUTTER_INK


def _colored(mark: _Mark, severity: Severity, ink: _Ink) -> str:
    return ink(visible(mark.text), _color(mark, severity))


def _paint(canvas: dict[int, tuple[str, int]], ink: _Ink) -> str:
    """A row of single characters at their columns; runs of one colour share one escape."""
    row, run, color, end = "", "", 0, 0
    for column in sorted(canvas):
        character, wanted = canvas[column]
        if wanted != color or column > end:
            row, run, color = row + ink(run, color) + " " * (column - end), "", wanted
        run, end = run + character, column + 1
    return row + ink(run, color)


# ---------------------------------------------------------------- characters


def _shown(c: str) -> str:
    if " " <= c <= "~":
        return c
    if unicodedata.category(c) in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"):
        code = ord(c)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return c


def _columns_of(c: str) -> int:
    """Columns of a terminal that a character takes."""
    if unicodedata.combining(c) or unicodedata.category(c) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(c) in ("W", "F") else 1
