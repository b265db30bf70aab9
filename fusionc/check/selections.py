"""`filter`, `segment`, `zeros`, `dot` and `sh`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusionc.algebra.irrep import Irrep, Irreps, Segment
from fusionc.check import errors
from fusionc.check import ir as k
from fusionc.check.labels import resolve
from fusionc.diagram import ir as d

if TYPE_CHECKING:
    from fusionc.check.evaluate import Evaluator


def filter_labels(evaluator: Evaluator, expr: d.Filter) -> int | None:
    """Segments with the labels named, in memory order. A multiplicity in the text must be the segment's own."""
    values = evaluator.values
    operand = evaluator.evaluate(expr.operand, None)
    asked = resolve(expr.labels, values.group, values.limits, values.sink)
    if operand is None or asked is None:
        return None
    irreps = values.irreps(operand)
    for term, segment, span in zip(expr.labels.terms, asked.irreps, asked.spans, strict=True):
        same = [own for own in irreps if own.irrep == segment.irrep]
        counted = isinstance(term, d.Term) and term.mul is not None
        if not same or (counted and any(own.mul != segment.mul for own in same)):
            text = segment.text(values.group) if counted else segment.irrep.text(values.group)
            places = (values.describe(expr.operand, operand),)
            values.fail(errors.no_such_segment(f"segment `{text}`", span, values.text(irreps), places))
            return None
    labels = [segment.irrep for segment in asked.irreps]
    kept = tuple(n for n, segment in enumerate(irreps) if segment.irrep in labels)
    if kept == tuple(range(len(irreps))):
        return operand
    return values.emit(k.Select(operand, kept), Irreps(tuple(irreps[n] for n in kept)), expr.space, expr.span)


def segment(evaluator: Evaluator, expr: d.Segment) -> int | None:
    values = evaluator.values
    operand = evaluator.evaluate(expr.operand, None)
    if operand is None:
        return None
    irreps = values.irreps(operand)
    if not 0 <= expr.index < len(irreps):
        places = (values.describe(expr.operand, operand),)
        text = f"{values.text(irreps)}: segments 0 to {len(irreps) - 1}" if len(irreps) else "no segments"
        values.fail(errors.no_such_segment(f"segment number {expr.index}", expr.span, text, places))
        return None
    chosen = Irreps((irreps[expr.index],))
    return values.emit(k.Select(operand, (expr.index,)), chosen, expr.space, expr.span)


def zeros(evaluator: Evaluator, expr: d.Zeros) -> int | None:
    values = evaluator.values
    operand = evaluator.evaluate(expr.operand, None)
    asked = resolve(expr.labels, values.group, values.limits, values.sink)
    if operand is None or asked is None:
        return None
    return values.emit(k.Regroup(operand, ((),) * len(asked.irreps)), asked.irreps, expr.space, expr.span)


def dot(evaluator: Evaluator, expr: d.Dot) -> int | None:
    """Equal irreps segment by segment; one side may have a single channel, which is then shared."""
    values = evaluator.values
    left, right = evaluator.evaluate(expr.left, None), evaluator.evaluate(expr.right, None)
    if left is None or right is None:
        return None
    a, b = values.irreps(left), values.irreps(right)
    fit = len(a) == len(b) and all(
        x.irrep == y.irrep and (x.mul == y.mul or 1 in (x.mul, y.mul)) for x, y in zip(a, b, strict=True)
    )
    if not fit:
        places = tuple(dict.fromkeys((values.describe(expr.left, left), values.describe(expr.right, right))))
        values.fail(errors.irreps_differ(values.text(a), values.text(b), expr.span, places))
        return None
    pairs = zip(a, b, strict=True)
    scalars = Irreps(tuple(Segment(y.mul if x.mul == 1 else x.mul, Irrep(0, 1)) for x, y in pairs))
    return values.emit(k.Dot(left, right), scalars, expr.space, expr.span)


def harmonics(evaluator: Evaluator, expr: d.Harmonics) -> int | None:
    values = evaluator.values
    operand = evaluator.evaluate(expr.operand, None)
    if operand is None:
        return None
    vector = Irrep.natural(1, values.group)
    irreps = values.irreps(operand)
    if irreps != Irreps((Segment(1, vector),)):
        place = values.describe(expr.operand, operand)
        places = () if place.span == expr.operand.span else (place,)
        text = values.text(irreps)
        values.fail(errors.not_a_vector(text, expr.operand.span, vector.text(values.group), places))
        return None
    op = k.Harmonics(operand, expr.lmax, expr.normalize, expr.norm)
    return values.emit(op, Irreps.natural(expr.lmax, values.group), expr.space, expr.span)
