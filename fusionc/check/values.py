"""The values of one diagram while it is checked: what has been emitted, what names mean, which weights are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fusionc.algebra.clebsch import E3NN_04_LMAX
from fusionc.algebra.irrep import Group, Irrep, Irreps, Segment
from fusionc.check import errors
from fusionc.check import ir as k
from fusionc.check.labels import Target
from fusionc.diagnostics import Diagnostic, Label, Sink
from fusionc.diagram import ir as d
from fusionc.options import CompileOptions
from fusionc.source import Span


@dataclass(slots=True)
class WeightUse:
    """A declared weight: its value, and its size as soon as a use tells."""

    weight: d.Weight
    value: int | None = None
    numel: int | None = None
    first: Span | None = None


class Values:
    """Emits values in evaluation order. `None` in place of a value's number means: already reported as wrong."""

    def __init__(self, diagram: d.Diagram, group: Group, options: CompileOptions, sink: Sink) -> None:
        self.diagram = diagram
        self.group = group
        self.limits = options.limits
        self.convention = options.convention
        self.sink = sink
        self.found: list[k.Value] = []
        self.names: dict[str, int | None] = {}
        self.weights: dict[str, WeightUse] = {}
        self.implicit: list[k.LearnedWeight] = []
        self.declared: dict[str, Span] = {}
        self.statement = ""
        self.paths = 0
        self._taken: dict[str, None] = {}
        items: tuple[d.Input | d.Weight | d.Statement, ...] = (*diagram.inputs, *diagram.weights, *diagram.statements)
        for item in items:
            self._taken[item.name] = None

    # -------------------------------------------------------------- values

    def emit(self, op: k.Op, irreps: Irreps, space: d.Space, span: Span, name: str = "") -> int | None:
        """The number of a new value; None when it would be larger than the limit."""
        if irreps.dim > self.limits.dimension:
            limit = self.limits.dimension
            text = f"this is {self.text(irreps)}"
            self.fail(errors.over_limit("the dimension", irreps.dim, limit, "dimension", span, text))
            return None
        return self._append(op, irreps, space, span, name)

    def _append(self, op: k.Op, irreps: Irreps, space: d.Space, span: Span, name: str) -> int:
        self.found.append(k.Value(name, self.statement, op, irreps, space, span))
        return len(self.found) - 1

    def irreps(self, value: int) -> Irreps:
        return self.found[value].irreps

    def fail(self, diagnostic: Diagnostic) -> None:
        self.sink.add(diagnostic)

    def name(self, value: int, name: str) -> None:
        """Call a value by the user's name, unless it has one already."""
        if not self.found[value].name:
            self.found[value] = replace(self.found[value], name=name)

    # ------------------------------------------------------------- wording

    def text(self, irreps: Irreps) -> str:
        """At most six segments."""
        shown = [short(segment, self.group) for segment in irreps]
        if len(shown) > 6:
            shown = [*shown[:5], f"... ({len(shown)} segments)"]
        return "+".join(shown) or "nothing"

    def describe(self, expr: d.Expr, value: int) -> Label:
        """Where an operand is declared, or else where it stands, and its irreps."""
        irreps = self.text(self.irreps(value))
        while isinstance(expr, d.Gather | d.Ascribe):
            expr = expr.operand
        if isinstance(expr, d.Read) and expr.name in self.declared:
            return Label(self.declared[expr.name], f"`{expr.name}` is {irreps}")
        return Label(expr.span, f"this is {irreps}")

    # -------------------------------------------------------------- limits

    def count_paths(self, more: int, span: Span) -> bool:
        """Add to the diagram's paths; False when there are too many."""
        self.paths += more
        if self.paths > self.limits.paths:
            text = f"{more} paths here"
            limit = self.limits.paths
            self.fail(errors.over_limit("the number of paths", self.paths, limit, "paths", span, text))
            return False
        return True

    @property
    def paths_left(self) -> int:
        return max(self.limits.paths - self.paths, 0)

    def count_weights(self, numel: int, span: Span) -> bool:
        if numel > self.limits.weights:
            limit = self.limits.weights
            self.fail(errors.over_limit("the number of weights", numel, limit, "weights", span))
            return False
        return True

    def has_signs(self, degrees: Iterable[int], span: Span) -> bool:
        """Whether the convention has coupling tensors of all these degrees."""
        highest = max(degrees, default=0)
        if self.convention == "e3nn-0.4" and highest > E3NN_04_LMAX:
            self.fail(errors.no_old_signs(highest, E3NN_04_LMAX, span))
            return False
        return True

    # ------------------------------------------------------------- weights

    def learned(self, numel: int, span: Span) -> int:
        """The compiler's own weight for the current statement: `h_weight`, then `h_weight_2`, ..."""
        number = 1
        name = f"{self.statement}_weight"
        while name in self._taken:
            number += 1
            name = f"{self.statement}_weight_{number}"
        self._taken[name] = None
        self.implicit.append(k.LearnedWeight(name, numel, None, True))
        return self._append(k.Parameter(name), self.scalars(numel), d.Space.ONCE, span, name)

    def scalars(self, numel: int) -> Irreps:
        return Irreps((Segment(numel, Irrep(0, 1)),))

    def declare_weight(self, weight: d.Weight) -> None:
        """An argument has its place from the start; a learned weight becomes a value when it is used."""
        use = WeightUse(weight)
        if weight.given:
            use.value = self._append(k.Argument(weight.name), self.scalars(0), weight.space, weight.span, weight.name)
        self.weights[weight.name] = use

    def use_weight(self, read: d.Read, target: Target | None) -> int | None:
        """The declared weight, whose size its uses tell."""
        use = self.weights[read.name]
        if target is None or not target.width:
            self.fail(errors.weight_as_tensor(read.name, read.span, use.weight.span))
            return None
        numel = target.irreps.num_irreps
        if use.numel is None:
            use.numel, use.first = numel, read.span
            if use.value is None:
                weight = use.weight
                op = k.Parameter(weight.name)
                use.value = self._append(op, self.scalars(numel), weight.space, weight.span, weight.name)
            else:
                self.found[use.value] = replace(self.found[use.value], irreps=self.scalars(numel))
        elif use.numel != numel and use.first is not None:
            self.fail(errors.weight_sizes_differ(read.name, read.span, numel, use.first, use.numel))
            return None
        return use.value


def short(segment: Segment, group: Group) -> str:
    """`1o` for one copy, else `16x1o`."""
    return segment.irrep.text(group) if segment.mul == 1 else segment.text(group)
