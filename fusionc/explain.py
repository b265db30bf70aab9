"""The error index as it is packaged: one section a code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from textwrap import fill

WIDTH = 96


@dataclass(frozen=True, slots=True)
class Section:
    """`title` is the heading without the code; `text` the Markdown from the heading on."""

    code: str
    title: str
    text: str

    def wrapped(self) -> str:
        """For a terminal: prose in lines of at most 96 characters, programs as they are."""
        parts = re.split(r"(^```.*?^```$)", self.text, flags=re.MULTILINE | re.DOTALL)
        return "".join(part if part.startswith("```") else _filled(part) for part in parts)


@cache
def sections() -> tuple[Section, ...]:
    """Every section of `grammar/ERRORS.md`, in the order of the file, which is that of the codes."""
    from fusionc import grammar

    found = []
    for part in re.split(r"^(?=## )", grammar.read("ERRORS.md"), flags=re.MULTILINE):
        heading = re.match(r"## (F[0-9]{3}) (.+)\n", part)
        if heading:
            found.append(Section(heading[1], heading[2], part.rstrip() + "\n"))
    return tuple(found)


def _filled(text: str) -> str:
    paragraphs = text.split("\n\n")
    return "\n\n".join(fill(p, WIDTH, break_long_words=False, break_on_hyphens=False) for p in paragraphs)
