"""Values while a kernel is put together: each is made once, and constants travel outwards as far as they can."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from fusionc.algebra.surd import ONE, Surd
from fusionc.diagram.ir import Space, Via
from fusionc.kernel.ir import EdgeSum, Gather, LaneSum, Level, Load, Op, Segment, Sum, Term, Value


@dataclass(frozen=True, slots=True)
class Scaled:
    """coefficient * value."""

    coefficient: Surd
    value: int

    def times(self, coefficient: Surd) -> Scaled:
        return Scaled(self.coefficient * coefficient, self.value)


Component = Scaled | None
"""Of a wire; None where it is zero."""

Products = Iterable[tuple[Scaled, Scaled | None]]
"""a * b, or a."""


@dataclass(slots=True)
class Scalars:
    """The values so far, each only once."""

    values: list[Value] = field(default_factory=list)
    _numbers: dict[Value, int] = field(default_factory=dict)

    def put(self, op: Op, level: Level) -> Scaled:
        value = Value(op, level)
        found = self._numbers.get(value)
        if found is None:
            found = self._numbers[value] = len(self.values)
            self.values.append(value)
        return Scaled(ONE, found)

    def level(self, a: Scaled) -> Level:
        return self.values[a.value].level

    def load(self, segment: Segment, component: int, via: Via | None, space: Space) -> Scaled:
        return self.put(Load(segment, component, via), Level(space, segment.lanes))

    def product(self, a: Scaled, b: Scaled) -> Scaled:
        level = joined(self.level(a), self.level(b))
        first, second = sorted((a.value, b.value))
        return self.put(Sum((Term(ONE, first, second),)), level).times(a.coefficient * b.coefficient)

    def gathered(self, a: Scaled, via: Via) -> Scaled:
        """The value of the node at this end of each edge."""
        value = self.values[a.value]
        level = Level(Space.EDGE, value.level.lanes)
        op = Load(value.op.segment, value.op.component, via) if isinstance(value.op, Load) else Gather(a.value, via)
        return self.put(op, level).times(a.coefficient)

    def lane_sum(self, a: Scaled) -> Scaled:
        return self.put(LaneSum(a.value), Level(self.level(a).space, 0)).times(a.coefficient)

    def edge_sum(self, a: Scaled, via: Via) -> Scaled:
        return self.put(EdgeSum(a.value, via), Level(Space.NODE, self.level(a).lanes)).times(a.coefficient)

    def sum(self, products: Products) -> Component:
        """Terms with the same factors are collected; a coefficient that all have in common stands outside."""
        kept = self._collected(products)
        if not kept:
            return None
        if len(kept) == 1 and kept[0].b is None:
            return Scaled(kept[0].coefficient, kept[0].a)
        summed = self._summed(kept)
        if summed is not None:
            return summed
        level = self._level_of(kept)
        lead = self._lead(kept, level)
        terms = [self._absorbed(Term(t.coefficient / lead, t.a, t.b), level) for t in kept]
        terms.sort(key=lambda term: (term.a, -1 if term.b is None else term.b))
        if terms[0].coefficient.sign < 0:
            lead, terms = -lead, [Term(-t.coefficient, t.a, t.b) for t in terms]
        return self.put(Sum(tuple(terms)), level).times(lead)

    def _summed(self, terms: list[Term]) -> Component:
        """Sums over the same edges are one sum, with one accumulator."""
        found: list[tuple[Scaled, None]] = []
        vias: set[Via] = set()
        for term in terms:
            op = self.values[term.a].op
            if term.b is not None or not isinstance(op, EdgeSum):
                return None
            vias.add(op.via)
            found.append((Scaled(term.coefficient, op.operand), None))
        inner = self.sum(found) if len(vias) == 1 else None
        return inner and self.edge_sum(inner, vias.pop())

    def _collected(self, products: Products) -> list[Term]:
        found: dict[tuple[int, int | None], list[Surd]] = {}
        for a, b in products:
            if b is None:
                found.setdefault((a.value, None), []).append(a.coefficient)
            else:
                first, second = sorted((a.value, b.value))
                found.setdefault((first, second), []).append(a.coefficient * b.coefficient)
        return [Term(c, a, b) for (a, b), many in found.items() for c in _added(many)]

    def _level_of(self, terms: list[Term]) -> Level:
        level = self.values[terms[0].a].level
        for term in terms:
            for n in (term.a, term.b):
                if n is not None:
                    level = joined(level, self.values[n].level)
        return level

    def _lead(self, terms: list[Term], level: Level) -> Surd:
        """The coefficient that most of the terms share that cannot hide theirs in a scalar."""
        bound = [abs(t.coefficient) for t in terms if self._scalar(t, level) is None] or [
            abs(t.coefficient) for t in terms
        ]
        return max(dict.fromkeys(bound), key=bound.count)

    def _scalar(self, term: Term, level: Level) -> int | None:
        """The factor that is a scalar, where the other has lanes."""
        if not level.lanes or term.b is None:
            return None
        scalars = [n for n in (term.a, term.b) if not self.values[n].level.lanes]
        return scalars[0] if len(scalars) == 1 else None

    def _absorbed(self, term: Term, level: Level) -> Term:
        """c M x with a scalar M is (c M) x: one multiplication a row instead of one a channel."""
        scalar = self._scalar(term, level)
        if scalar is None or abs(term.coefficient) == ONE:
            return term
        other = term.b if scalar == term.a else term.a
        scaled = self._scaled_scalar(scalar, abs(term.coefficient))
        first, second = sorted((scaled, other if other is not None else scaled))
        return Term(Surd(term.coefficient.sign, ONE.square), first, second)

    def _scaled_scalar(self, n: int, coefficient: Surd) -> int:
        value = self.values[n]
        terms = value.op.terms if isinstance(value.op, Sum) else (Term(ONE, n, None),)
        scaled = tuple(Term(t.coefficient * coefficient, t.a, t.b) for t in terms)
        return self.put(Sum(scaled), value.level).value


def joined(a: Level, b: Level) -> Level:
    """Of a product or sum: edges beat nodes, lanes beat scalars."""
    if a.lanes and b.lanes and a.lanes != b.lanes:
        raise ValueError(f"{a.lanes} lanes do not go with {b.lanes}")
    return Level(a.space if a.space == b.space else Space.EDGE, max(a.lanes, b.lanes))


def _added(coefficients: list[Surd]) -> list[Surd]:
    """Their sum as signed roots, those with a rational ratio taken together."""
    found: list[Surd] = []
    for c in coefficients:
        for n, other in enumerate(found):
            ratio = (c / other).as_fraction()
            if ratio is not None:
                found[n] = other * Surd.of(ratio + 1)
                break
        else:
            found.append(c)
        found = [kept for kept in found if kept]
    return found
