"""`linear`: channel mixing per irrep, with e3nn's weights and normalisation (`o3.Linear`)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, assert_never

from fusionc.algebra.irrep import Irrep, Irreps
from fusionc.algebra.surd import Surd
from fusionc.check import errors
from fusionc.check import ir as k
from fusionc.check.labels import Target, unique
from fusionc.check.values import short
from fusionc.diagnostics import Label
from fusionc.diagram import ir as d

if TYPE_CHECKING:
    from fusionc.check.evaluate import Evaluator


def linear(evaluator: Evaluator, expr: d.Linear, target: Target | None) -> int | None:
    values = evaluator.values
    operand = evaluator.evaluate(expr.operand, None)
    if target is None or target.alternatives:
        values.fail(
            errors.linear_without_target(expr.span, "16x0e + 16x1o" if values.group.value == "O3" else "16x0 + 16x1")
        )
        return None
    if operand is None:
        return None
    irreps = values.irreps(operand)
    paths, numel = linear_paths(irreps, target.irreps, expr.path_norm)
    if not _all_reached(evaluator, expr, operand, paths, target):
        return None
    if not (values.count_paths(len(paths), expr.span) and values.count_weights(numel, expr.span)):
        return None
    if expr.weights is None:
        weights: int | None = values.learned(numel, expr.span)
    else:
        weights = evaluator.weights(
            expr.weights, numel, expr.span, f"{errors.counted(len(paths), 'path')}, [in, out] channels each"
        )
    bias = None if expr.bias is None else _bias(evaluator, expr, expr.bias, target)
    if weights is None or (bias is None and expr.bias is not None):
        return None
    return values.emit(k.Linear(operand, weights, paths, bias), target.irreps, expr.space, expr.span)


def linear_paths(operand: Irreps, out: Irreps, path_norm: d.PathNorm) -> tuple[tuple[k.LinearPath, ...], int]:
    """Operand segment, output segment, wherever the irreps are equal; and the number of weights."""
    routes = [
        (i, n)
        for i, segment in enumerate(operand)
        for n, asked in enumerate(out)
        if segment.irrep == asked.irrep and segment.mul and asked.mul
    ]
    totals: dict[int, int] = {}
    counts: dict[int, int] = {}
    for i, n in routes:
        totals[n] = totals.get(n, 0) + operand[i].mul
        counts[n] = counts.get(n, 0) + 1
    paths: list[k.LinearPath] = []
    offset = 0
    for i, n in routes:
        match path_norm:
            case d.PathNorm.ELEMENT:
                below = totals[n]
            case d.PathNorm.PATH:
                below = operand[i].mul * counts[n]
            case d.PathNorm.NONE:
                below = 1
            case _:
                assert_never(path_norm)
        shape = (operand[i].mul, out[n].mul)
        paths.append(k.LinearPath(i, n, Surd.sqrt(Fraction(1, below)), k.WeightSlice(offset, shape)))
        offset += shape[0] * shape[1]
    return tuple(paths), offset


def _all_reached(
    evaluator: Evaluator, expr: d.Linear, operand: int, paths: tuple[k.LinearPath, ...], target: Target
) -> bool:
    values = evaluator.values
    reached = frozenset(path.out for path in paths)
    sound = True
    for n, segment in enumerate(target.irreps):
        if segment.mul and n not in reached:
            span = expr.span if target.width else target.spans[n]
            places = (Label(span, "no path leads here"), values.describe(expr.operand, operand))
            reachable = unique((own.irrep for own in values.irreps(operand) if own.mul), values.group)
            values.fail(errors.not_reachable(short(segment, values.group), "`linear`", reachable, places))
            sound = False
    return sound


def _bias(evaluator: Evaluator, expr: d.Linear, bias: d.Expr, target: Target) -> int | None:
    numel = sum(segment.mul for segment in target.irreps if segment.irrep == Irrep(0, 1))
    if numel == 0:
        evaluator.values.fail(errors.no_bias(bias.span, evaluator.values.text(target.irreps)))
        return None
    return evaluator.weights(bias, numel, expr.span, "one for each invariant output channel")
