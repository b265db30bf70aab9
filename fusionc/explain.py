"""The error index as it is packaged: one section a code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Section:
    """`title` is the heading without the code; `text` the Markdown from the heading on, without trailing blank lines."""

    code: str
    title: str
    text: str


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
