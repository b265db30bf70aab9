"""Lines of text with indentation: all that an emitter needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

WIDTH = 120


class Writer:
    """Collects lines; `block` indents what is written inside it."""

    def __init__(self, indent: str = "    ") -> None:
        self._indent = indent
        self._depth = 0
        self._lines: list[str] = []

    def line(self, text: str = "") -> None:
        self._lines.append(self._indent * self._depth + text if text else "")

    @contextmanager
    def block(self, head: str, end: str | None = None) -> Iterator[None]:
        """`head`, then what is written inside, indented, then `end` when there is one."""
        self.line(head)
        self._depth += 1
        yield
        self._depth -= 1
        if end is not None:
            self.line(end)

    @contextmanager
    def function(self, name: str, parameters: Sequence[str], returns: str) -> Iterator[None]:
        """A Python function; the parameters below each other when they do not fit on its line."""
        head = f"def {name}({', '.join(parameters)}) -> {returns}:"
        if not self.fits(head):
            self.line(f"def {name}(")
            with self.indented():
                for parameter in parameters:
                    self.line(f"{parameter},")
            head = f") -> {returns}:"
        with self.block(head):
            yield

    @contextmanager
    def indented(self) -> Iterator[None]:
        self._depth += 1
        yield
        self._depth -= 1

    def listing(self, head: str, items: Iterable[str], end: str) -> None:
        """`head items end` on one line when that fits, else the items, each with a comma, filled into lines."""
        parts = list(items)
        whole = head + ", ".join(parts) + end
        if self.fits(whole):
            self.line(whole)
            return
        with self.block(head, end.lstrip(",")):
            self.filled([f"{part}," for part in parts])

    def filled(self, words: Iterable[str]) -> None:
        """Words, separated by spaces, in as few lines as hold them."""
        row = ""
        for word in words:
            if row and not self.fits(f"{row} {word}"):
                self.line(row)
                row = ""
            row = f"{row} {word}" if row else word
        if row:
            self.line(row)

    def comment(self, text: str) -> None:
        """A comment, wrapped at spaces."""
        row = "#"
        for word in text.split():
            if row != "#" and not self.fits(f"{row} {word}"):
                self.line(row)
                row = "#"
            row = f"{row} {word}"
        self.line(row)

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"

    def fits(self, text: str) -> bool:
        """Whether a line of this text, indented, stays within `WIDTH`."""
        return len(self._indent) * self._depth + len(text) <= WIDTH
