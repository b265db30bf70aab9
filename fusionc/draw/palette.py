"""The colours of pictures: on a light page, and on a dark one."""

from __future__ import annotations

from dataclasses import dataclass

from fusionc.draw.scene import Ink


@dataclass(frozen=True, slots=True)
class Palette:
    """Each colour as `#rrggbb`. Index spaces have a tint, pale enough to write on."""

    colours: tuple[tuple[Ink, str], ...]
    tints: tuple[tuple[Ink, str], ...]

    def full(self, ink: Ink) -> str:
        return dict(self.colours)[ink]

    def tint(self, ink: Ink) -> str:
        return dict(self.tints)[ink]


LIGHT = Palette(
    (
        (Ink.ONCE, "#6e7781"),
        (Ink.BATCH, "#8250df"),
        (Ink.NODE, "#0969da"),
        (Ink.EDGE, "#c4570a"),
        (Ink.GRAPH, "#1a7f37"),
        (Ink.TEXT, "#1f2328"),
        (Ink.MUTED, "#59636e"),
        (Ink.PAPER, "#ffffff"),
    ),
    (
        (Ink.ONCE, "#f2f4f7"),
        (Ink.BATCH, "#f7f0ff"),
        (Ink.NODE, "#eaf4ff"),
        (Ink.EDGE, "#fff2e8"),
        (Ink.GRAPH, "#e9f9ee"),
    ),
)
DARK = Palette(
    (
        (Ink.ONCE, "#9198a1"),
        (Ink.BATCH, "#b78bff"),
        (Ink.NODE, "#58a6ff"),
        (Ink.EDGE, "#f0883e"),
        (Ink.GRAPH, "#4ac26b"),
        (Ink.TEXT, "#f0f3f6"),
        (Ink.MUTED, "#a5adb8"),
        (Ink.PAPER, "#11161d"),
    ),
    (
        (Ink.ONCE, "#1d232b"),
        (Ink.BATCH, "#251c38"),
        (Ink.NODE, "#122338"),
        (Ink.EDGE, "#33200f"),
        (Ink.GRAPH, "#112a1a"),
    ),
)
