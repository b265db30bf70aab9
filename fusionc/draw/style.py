"""The style sheet of the page of a plan, in the colours of its pictures."""

from __future__ import annotations

from collections.abc import Iterator

from fusionc.draw.palette import DARK, LIGHT, Palette
from fusionc.draw.scene import Ink

_RULES = """\
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1240px; padding: 2rem 1.5rem 4rem; background: var(--paper); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0; }
h2 { font-size: 1.35rem; margin: 2.6rem 0 .8rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.02rem; margin: 2rem 0 .5rem; }
code, figure { font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; }
code { font-size: .88em; white-space: nowrap; }
.wraps { white-space: normal; }
.about, footer { color: var(--muted); margin: .2rem 0 0; }
footer { margin-top: 3rem; font-size: .85rem; }
.proved { padding-left: 1.1rem; }
.proved code { white-space: normal; }
figure { margin: 1rem 0; padding: 0; overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; }
figure svg { display: block; margin: 0 auto; }
.cards { display: flex; flex-wrap: wrap; gap: .7rem; margin: 1rem 0; }
.card { flex: 1 1 150px; padding: .7rem .9rem; background: var(--soft); border-radius: 8px; }
.card b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.card span { color: var(--muted); font-size: .85rem; }
.card i { display: block; font-style: normal; font-size: .85rem; color: var(--node); }
.scroll { overflow-x: auto; margin: .4rem 0 .8rem; }
table { border-collapse: collapse; font-size: .85rem; min-width: 40%; }
th { text-align: left; font-weight: 600; color: var(--muted); white-space: nowrap; }
th, td { padding: .28rem .9rem .28rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td { font-variant-numeric: tabular-nums; }
.number { text-align: right; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
details { margin: .25rem 0; }
details details { margin: 0; }
summary { cursor: pointer; }
.couplings { columns: 3 300px; column-gap: 2rem; }
.couplings details { break-inside: avoid; }
.space::before { content: ""; display: inline-block; width: .6em; height: .6em; border-radius: 2px;
  margin-right: .45em; background: var(--muted); }
.bar { display: block; min-width: 1px; height: .75em; margin-top: .35em; border-radius: 2px; background: var(--node); }
td:has(> .bar) { width: 120px; min-width: 120px; }
"""


def _variables(palette: Palette, line: str, soft: str) -> str:
    colours = "".join(f" --{ink.value}: {palette.full(ink)};" for ink in Ink)
    return f":root {{{colours} --line: {line}; --soft: {soft}; }}"


def _spaces() -> Iterator[str]:
    for ink in (Ink.ONCE, Ink.BATCH, Ink.NODE, Ink.EDGE, Ink.GRAPH):
        yield f".space.{ink.value}::before {{ background: var(--{ink.value}); }}"


STYLE = "\n".join(
    (
        "",
        _variables(LIGHT, "#d8dee4", "#f4f6f8"),
        f"@media (prefers-color-scheme: dark) {{ {_variables(DARK, '#30363d', '#1b222b')} }}",
        _RULES.rstrip("\n"),
        *_spaces(),
        "",
    )
)
