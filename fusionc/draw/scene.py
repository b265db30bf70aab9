"""A scene: plain shapes at fixed places, in pixels, y downwards. What is drawn, whatever it is written as."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple, assert_never

ADVANCE = 0.612
"""Width of a character of a monospaced font, in units of its size: as wide as any of the usual ones."""


class Point(NamedTuple):
    x: float
    y: float


class Ink(Enum):
    """What a colour stands for. The first five are the index spaces, by name."""

    ONCE = "once"
    BATCH = "batch"
    NODE = "node"
    EDGE = "edge"
    GRAPH = "graph"
    TEXT = "text"
    MUTED = "muted"
    PAPER = "paper"


class Tone(Enum):
    """A fill: the colour itself, or a pale tint of it to write on."""

    FULL = "full"
    TINT = "tint"


class Anchor(Enum):
    START = "start"
    MIDDLE = "middle"
    END = "end"


@dataclass(frozen=True, slots=True)
class Fill:
    ink: Ink
    tone: Tone = Tone.FULL


@dataclass(frozen=True, slots=True)
class Curve:
    """An open path from `start`. A part is one point (a line to it) or three (a cubic: two controls and the end)."""

    start: Point
    parts: tuple[tuple[Point, ...], ...]
    ink: Ink
    width: float = 2.0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Circle:
    center: Point
    radius: float
    fill: Fill
    stroke: Ink | None = None


@dataclass(frozen=True, slots=True)
class Rectangle:
    """`corner` is the upper left one."""

    corner: Point
    width: float
    height: float
    round: float
    fill: Fill
    stroke: Ink | None = None


@dataclass(frozen=True, slots=True)
class Polygon:
    points: tuple[Point, ...]
    fill: Fill
    stroke: Ink | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """One line; `at` is on the baseline."""

    at: Point
    text: str
    size: float
    ink: Ink
    anchor: Anchor = Anchor.START
    bold: bool = False


Shape = Curve | Circle | Rectangle | Polygon | Text


@dataclass(frozen=True, slots=True)
class Scene:
    """Shapes in the order they are painted, within (0, 0) and (width, height). `title` is for readers that see none."""

    title: str
    width: float
    height: float
    shapes: tuple[Shape, ...]


def text_width(text: str, size: float) -> float:
    return len(text) * size * ADVANCE


def moved(shape: Shape, x: float, y: float) -> Shape:
    """The shape, further by (x, y)."""

    def by(point: Point) -> Point:
        return Point(point.x + x, point.y + y)

    match shape:
        case Curve():
            parts = tuple(tuple(by(point) for point in part) for part in shape.parts)
            return replace(shape, start=by(shape.start), parts=parts)
        case Circle():
            return replace(shape, center=by(shape.center))
        case Rectangle():
            return replace(shape, corner=by(shape.corner))
        case Polygon():
            return replace(shape, points=tuple(by(point) for point in shape.points))
        case Text():
            return replace(shape, at=by(shape.at))
        case _:
            assert_never(shape)


def stacked(title: str, scenes: Iterable[Scene]) -> Scene:
    """The scenes below each other, flush left."""
    width = height = 0.0
    shapes: list[Shape] = []
    for scene in scenes:
        shapes += [moved(shape, 0.0, height) for shape in scene.shapes]
        width, height = max(width, scene.width), height + scene.height
    return Scene(title, width, height, tuple(shapes))


def flowed(title: str, scenes: Iterable[Scene], most: float) -> Scene:
    """The scenes beside each other, in rows of at most so wide where one scene is not wider."""
    rows: list[list[Scene]] = []
    for scene in scenes:
        if rows and sum(other.width for other in rows[-1]) + scene.width <= most:
            rows[-1].append(scene)
        else:
            rows.append([scene])
    return stacked(title, [_beside(title, row) for row in rows])


def _beside(title: str, scenes: Iterable[Scene]) -> Scene:
    width = height = 0.0
    shapes: list[Shape] = []
    for scene in scenes:
        shapes += [moved(shape, width, 0.0) for shape in scene.shapes]
        width, height = width + scene.width, max(height, scene.height)
    return Scene(title, width, height, tuple(shapes))


def bounds(shape: Shape) -> tuple[float, float, float, float]:
    """Left, top, right, bottom: of a curve those of its control points, which enclose it."""
    match shape:
        case Curve(start=start, parts=parts):
            return _hull([start, *(point for part in parts for point in part)])
        case Circle(center=(x, y), radius=r):
            return x - r, y - r, x + r, y + r
        case Rectangle(corner=(x, y), width=width, height=height):
            return x, y, x + width, y + height
        case Polygon(points=points):
            return _hull(points)
        case Text(at=(x, y), text=text, size=size, anchor=anchor):
            width = text_width(text, size)
            left = x - {Anchor.START: 0.0, Anchor.MIDDLE: width / 2, Anchor.END: width}[anchor]
            return left, y - 0.8 * size, left + width, y + 0.25 * size
        case _:
            assert_never(shape)


def _hull(points: Iterable[Point]) -> tuple[float, float, float, float]:
    found = list(points)
    xs, ys = [point.x for point in found], [point.y for point in found]
    return min(xs), min(ys), max(xs), max(ys)
