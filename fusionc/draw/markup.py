"""HTML that cannot be injected into: a string is text, and is escaped, unless it is `Markup`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr


@dataclass(frozen=True, slots=True)
class Markup:
    """HTML as it will be written."""

    html: str


Part = str | Markup


def written(part: Part) -> str:
    """What does not print is replaced: no control character of any kind gets through."""
    if isinstance(part, Markup):
        return part.html
    return escape("".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in part))


def element(tag: str, *parts: Part, cls: str = "", style: str = "") -> Markup:
    """`tag`, `cls` and `style` are ours, never a user's."""
    attributes = "".join(f" {key}={quoteattr(value)}" for key, value in (("class", cls), ("style", style)) if value)
    return Markup(f"<{tag}{attributes}>{''.join(written(part) for part in parts)}</{tag}>")


def joined(parts: Iterable[Part], between: str = "\n") -> Markup:
    return Markup(between.join(written(part) for part in parts))


def table(header: Sequence[Part], rows: Iterable[Sequence[Part]], numbers: Sequence[int] = ()) -> Markup:
    """The columns of `numbers` are flush right. The table scrolls by itself where it is wider than the page."""

    def cells(tag: str, row: Sequence[Part]) -> Markup:
        return joined((element(tag, cell, cls="number" if n in numbers else "") for n, cell in enumerate(row)), "")

    head = element("thead", element("tr", cells("th", header)))
    body = element("tbody", joined(element("tr", cells("td", row)) for row in rows))
    return element("div", element("table", head, body), cls="scroll")


def folded(summary: Part, *parts: Part, opened: bool = False) -> Markup:
    """Shown on demand, without a script."""
    inner = element("summary", summary).html + "".join(written(part) for part in parts)
    return Markup(f"<details{' open' if opened else ''}>{inner}</details>")
