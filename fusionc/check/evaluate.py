"""Irreps of expressions: each is given what is asked of it, and emits the values that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from fusionc.algebra.irrep import Irrep, Irreps, Segment
from fusionc.check import errors, functions, mixing, powers, products, selections, treecalls
from fusionc.check import ir as k
from fusionc.check.labels import Target, has_multiplicities, resolve, unique
from fusionc.check.trees import CheckedTree
from fusionc.check.values import Values, short
from fusionc.diagnostics import Label
from fusionc.diagram import ir as d
from fusionc.source import Span


class Evaluator:
    """Checks the expressions of one diagram. A target is handed down to the couplings that can fulfil it.

    `None` for a value: already reported as wrong.
    """

    def __init__(self, values: Values, trees: Mapping[str, CheckedTree]) -> None:
        self.values = values
        self.trees = trees

    def evaluate(self, expr: d.Expr, target: Target | None) -> int | None:
        match expr:
            case d.Read():
                return self._read(expr, target)
            case d.Gather() | d.Reduce():
                return self._moved(expr, target)
            case d.Combine():
                return self._combine(expr, target)
            case d.Ascribe():
                return self._ascribe(expr, target)
            case d.Product():
                return products.product(self, expr, target)
            case d.Linear():
                return mixing.linear(self, expr, target)
            case d.Power():
                return powers.power(self, expr, target)
            case d.TreeCall():
                return treecalls.tree_call(self, expr, target)
            case d.Apply():
                return functions.apply(self, expr, target)
            case d.Concat():
                return self.conform(self._concat(expr), expr, target)
            case d.Gate():
                return self.conform(functions.gate(self, expr), expr, target)
            case d.Filter():
                return self.conform(selections.filter_labels(self, expr), expr, target)
            case d.Zeros():
                return self.conform(selections.zeros(self, expr), expr, target)
            case d.Segment():
                return self.conform(selections.segment(self, expr), expr, target)
            case d.Dot():
                return self.conform(selections.dot(self, expr), expr, target)
            case d.Harmonics():
                return self.conform(selections.harmonics(self, expr), expr, target)
            case _:
                assert_never(expr)

    def _read(self, expr: d.Read, target: Target | None) -> int | None:
        if expr.name in self.values.weights:
            return self.values.use_weight(expr, target)
        return self.conform(self.values.names.get(expr.name), expr, target)

    def _moved(self, expr: d.Gather | d.Reduce, target: Target | None) -> int | None:
        operand = self.evaluate(expr.operand, target)
        if operand is None:
            return None
        irreps = self.values.irreps(operand)
        op: k.Op = k.Gather(operand, expr.via)
        if isinstance(expr, d.Reduce):
            op = k.Reduce(operand, expr.via, expr.mean, expr.scale)
        return self.values.emit(op, irreps, expr.space, expr.span)

    def _ascribe(self, expr: d.Ascribe, target: Target | None) -> int | None:
        values = self.values
        asked = resolve(expr.labels, values.group, values.limits, values.sink)
        if asked is None:
            return None
        if asked.alternatives and has_multiplicities(expr.labels):
            where, text = "written with multiplicities", values.text(asked.irreps)
            values.fail(errors.misplaced_alternatives(expr.labels.span, where, text))
            return None
        return self.conform(self.evaluate(expr.operand, asked), expr, target)

    def _combine(self, expr: d.Combine, target: Target | None) -> int | None:
        parts = [(factor, operand, self.evaluate(operand, target)) for factor, operand in expr.terms]
        terms = tuple((factor, value) for factor, _, value in parts if value is not None)
        if len(terms) < len(parts):
            return None
        irreps = self.values.irreps(terms[0][1])
        first = self.values.describe(parts[0][1], terms[0][1])
        for (_, operand, _), (_, value) in zip(parts[1:], terms[1:], strict=True):
            other = self.values.irreps(value)
            if other != irreps:
                places = (self.values.describe(operand, value), first)
                texts = self.values.text(irreps), self.values.text(other)
                self.values.fail(errors.irreps_differ(*texts, expr.span, places))
                return None
        return self.values.emit(k.Combine(terms), irreps, expr.space, expr.span)

    def _concat(self, expr: d.Concat) -> int | None:
        operands = [self.evaluate(operand, None) for operand in expr.operands]
        found = tuple(value for value in operands if value is not None)
        if len(found) < len(operands):
            return None
        irreps = Irreps(tuple(segment for value in found for segment in self.values.irreps(value)))
        if len(irreps) > self.values.limits.paths:
            limit = self.values.limits.paths
            self.values.fail(errors.over_limit("the number of segments", len(irreps), limit, "paths", expr.span))
            return None
        return self.values.emit(k.Concat(found), irreps, expr.space, expr.span)

    # ------------------------------------------------------------- weights

    def weights(self, expr: d.Expr, numel: int, span: Span, paths: str) -> int | None:
        """The value of `weights=` or `bias=`: `numel` channels of 0e in all, in one segment or several."""
        values = self.values
        target = Target(values.scalars(numel), (span,), span, width=True)
        value = self.evaluate(expr, target)
        if value is None:
            return None
        irreps = values.irreps(value)
        if any(segment.irrep != Irrep(0, 1) for segment in irreps):
            values.fail(errors.weights_not_scalar(values.text(irreps), expr.span))
            return None
        if irreps.num_irreps != numel:
            given = f"{irreps.num_irreps}"
            values.fail(errors.wrong_width(numel, given, expr.span, (Label(span, f"needs {numel}"),), paths))
            return None
        return value

    # ---------------------------------------------------------- conforming

    def conform(self, value: int | None, expr: d.Expr, target: Target | None) -> int | None:
        """A value that takes no target, brought to it: each segment is the sum of the value's segments of its irrep."""
        if value is None or target is None or target.width:
            return value
        irreps = self.values.irreps(value)
        asked = target.irreps if not target.alternatives else self._natural(irreps, target)
        if asked == irreps:
            return value
        sources: list[tuple[int, ...]] = []
        for segment, span in zip(asked, target.spans, strict=True):
            same = tuple(n for n, own in enumerate(irreps) if own.irrep == segment.irrep)
            fitting = tuple(n for n in same if irreps[n].mul == segment.mul)
            if segment.mul and (not same or len(fitting) < len(same)):
                self._unfit(expr, value, segment, span, same)
                return None
            sources.append(fitting if segment.mul else ())
        return self.values.emit(k.Regroup(value, tuple(sources)), asked, expr.space, expr.span)

    def _natural(self, irreps: Irreps, target: Target) -> Irreps:
        """Alternatives take the multiplicity of the first segment that has their label."""
        found = {segment.irrep: segment.mul for segment in reversed(irreps.segments)}
        return Irreps(tuple(Segment(found.get(label.irrep, 1), label.irrep) for label in target.irreps))

    def _unfit(self, expr: d.Expr, value: int, segment: Segment, span: Span, same: tuple[int, ...]) -> None:
        values = self.values
        irreps = values.irreps(value)
        text = short(segment, values.group)
        places = (Label(span, "asked for here"), values.describe(expr, value))
        if same:
            given = dict.fromkeys(irreps[n].text(values.group) for n in same)
            values.fail(errors.wrong_multiplicity(text, given, places))
        else:
            reachable = unique((own.irrep for own in irreps), values.group)
            values.fail(errors.not_reachable(text, "this tensor", reachable, places))
