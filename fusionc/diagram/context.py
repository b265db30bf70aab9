"""Where an expression stands, and what building it gives."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fusionc.diagram import ir as d
from fusionc.diagram.frame import Place
from fusionc.source import Span
from fusionc.syntax import ast


@dataclass(frozen=True, slots=True)
class Placed:
    """An expression and the indices that it depends on. `None` instead of it: already reported as wrong."""

    expr: d.Expr
    place: Place


@dataclass(frozen=True, slots=True)
class Context:
    """For which elements an expression is evaluated: the indices of the left side and of the sums around."""

    indices: Place
    target: ast.Name
    left: Span
    bound: tuple[tuple[str, Span], ...]

    def with_sum(self, names: tuple[ast.Name, ...]) -> Context:
        new = tuple((name.text, name.span) for name in names)
        return replace(self, indices=self.indices | {name for name, _ in new}, bound=(*self.bound, *new))


@dataclass(frozen=True, slots=True)
class TreeShape:
    """What a call must know of a tree: its leaves and its named internal edges, in declared order."""

    leaves: tuple[str, ...]
    edges: tuple[str, ...]
