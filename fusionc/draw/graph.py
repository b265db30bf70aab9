"""`Graph`: what a picture of a diagram shows, before anything has a place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from fusionc.diagram.ir import Space


class Glyph(Enum):
    """How a node is drawn."""

    INPUT = "input"
    OUTPUT = "output"
    WEIGHT = "weight"
    COUPLING = "coupling"
    POWER = "power"
    TREE = "tree"
    SUM = "sum"
    GATHER = "gather"
    MIXING = "mixing"
    BAR = "bar"
    SYMBOL = "symbol"


@dataclass(frozen=True, slots=True)
class Weight:
    """A learned weight that one node alone reads: it is drawn at that node."""

    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Node:
    """`symbol` stands in the glyph; beside it `name` (the user's, or none), `what` it does, and lines of irreps."""

    glyph: Glyph
    symbol: str
    name: str
    what: str
    irreps: tuple[str, ...]
    space: Space
    weights: tuple[Weight, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """A wire, drawn in the colour of the space that its tensor lives on; dashed when it carries weights."""

    source: int
    target: int
    space: Space
    weighs: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in evaluation order. `legend` says what each space is called."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    legend: tuple[tuple[Space, str], ...]
