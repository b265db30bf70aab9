"""Scalar functions and gates: what may be applied to what without losing equivariance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusionc.algebra.function import FUNCTIONS, FunctionParity
from fusionc.algebra.irrep import Irrep, Irreps, Segment
from fusionc.check import errors
from fusionc.check import ir as k
from fusionc.check.labels import Target
from fusionc.diagnostics import Label
from fusionc.diagram import ir as d
from fusionc.source import Span

if TYPE_CHECKING:
    from fusionc.check.evaluate import Evaluator


def apply(evaluator: Evaluator, expr: d.Apply, target: Target | None) -> int | None:
    aimed = target if FUNCTIONS[expr.function] is not FunctionParity.EVEN or takes_target(expr.operand) else None
    value = _applied(evaluator, expr, aimed)
    return evaluator.conform(value, expr, target)


def _applied(evaluator: Evaluator, expr: d.Apply, target: Target | None) -> int | None:
    operand = evaluator.evaluate(expr.operand, target)
    if operand is None:
        return None
    names = tuple(expr.function for _ in evaluator.values.irreps(operand))
    return _functions(evaluator, expr.operand, operand, names, expr.space, expr.span)


def _functions(
    evaluator: Evaluator, expr: d.Expr, operand: int, names: tuple[str, ...], space: d.Space, span: Span
) -> int | None:
    """One function a segment; None when one of them would not be equivariant."""
    values = evaluator.values
    irreps = values.irreps(operand)
    segments: list[Segment] = []
    place = values.describe(expr, operand)
    places = () if place.span == expr.span else (place,)
    for name, segment in zip(names, irreps, strict=True):
        text = segment.text(values.group)
        p = FUNCTIONS[name].image(segment.irrep.p)
        if segment.irrep.l:
            values.fail(errors.function_of_tensor(name, text, expr.span, places))
            return None
        if p is None:
            fitting = [other for other, parity in FUNCTIONS.items() if parity.image(-1) is not None]
            values.fail(errors.function_of_odd(name, text, expr.span, fitting, places))
            return None
        segments.append(Segment(segment.mul, Irrep(0, p)))
    return values.emit(k.Apply(operand, names), Irreps(tuple(segments)), space, span)


def gate(evaluator: Evaluator, expr: d.Gate) -> int | None:
    """cat(act(s), gate(g) x), the `odd` function on odd scalars of s."""
    values = evaluator.values
    scalars = evaluator.evaluate(expr.scalars, None)
    gates = evaluator.evaluate(expr.gates, None)
    gated = evaluator.evaluate(expr.gated, None)
    if scalars is None or gates is None or gated is None:
        return None
    acts = tuple(expr.odd if segment.irrep.p < 0 else expr.act for segment in values.irreps(scalars))
    acted = _functions(evaluator, expr.scalars, scalars, acts, expr.space, expr.scalars.span)
    opens = tuple(expr.gate for _ in values.irreps(gates))
    opened = _functions(evaluator, expr.gates, gates, opens, expr.space, expr.gates.span)
    if acted is None or opened is None:
        return None
    if not _gates_fit(evaluator, expr, gates, opened, gated):
        return None
    scaled = values.emit(k.Gating(opened, gated), values.irreps(gated), expr.space, expr.span)
    if scaled is None:
        return None
    irreps = values.irreps(acted) + values.irreps(gated)
    return values.emit(k.Concat((acted, scaled)), irreps, expr.space, expr.span)


def _gates_fit(evaluator: Evaluator, expr: d.Gate, gates: int, opened: int, gated: int) -> bool:
    values = evaluator.values
    needed, given = values.irreps(gated).num_irreps, values.irreps(opened).num_irreps
    places = (values.describe(expr.gates, gates), values.describe(expr.gated, gated))
    if any(segment.irrep != Irrep(0, 1) for segment in values.irreps(opened)):
        message = f"`{expr.gate}` of these gates is not invariant"
    elif needed != given:
        message = f"{given} gates for {needed} channels"
    else:
        return True
    labels = tuple(dict.fromkeys(places))
    values.fail(errors.wrong_gates(message, expr.gates.span, tuple(Label(p.span, p.text) for p in labels)))
    return False


def takes_target(expr: d.Expr) -> bool:
    """Whether a target would reach a coupling, a linear map or a weight, which can be made to fulfil it."""
    match expr:
        case d.Product() | d.Linear() | d.Power() | d.TreeCall():
            return True
        case d.Gather() | d.Reduce() | d.Apply():
            return takes_target(expr.operand)
        case d.Combine():
            return any(takes_target(operand) for _, operand in expr.terms)
        case _:
            return False
