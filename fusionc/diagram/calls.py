"""Calls: the functions of the language, the scalar functions, and trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusionc.algebra.function import FUNCTIONS
from fusionc.diagram import errors, values
from fusionc.diagram import ir as d
from fusionc.diagram.clauses import Clause, Reach, clause_of
from fusionc.diagram.context import Context, Placed, TreeShape
from fusionc.syntax import ast

if TYPE_CHECKING:
    from fusionc.diagram.expression import ExpressionBuilder

USAGE = {
    "linear": "linear(x)",
    "cat": "cat(a, b)",
    "filter": 'filter(x, "0e+1o")',
    "segment": "segment(x, 0)",
    "zeros": 'zeros(x, "4x1o")',
    "dot": "dot(a, b)",
    "sh": "sh(r, 3)",
    "gate": "gate(s, g, x)",
    "sympow": "sympow(A, 1..3)",
}
"""The functions that are not scalar functions, each with an example."""

OPTIONS = {
    "linear": ("weights", "bias", "path_norm"),
    "sympow": ("weights", "keep", "lmax", "l", "mode", "path_norm"),
    "sh": ("normalize", "norm"),
    "gate": ("act", "odd", "gate"),
}
"""Options that may stand in the call itself; they are for it alone."""


def build_call(builder: ExpressionBuilder, call: ast.Call, context: Context, reach: Reach) -> Placed | None:
    name = call.name.text
    tree = builder.trees.get(name)
    known = (*OPTIONS.get(name, ()), *(() if tree is None else (*tree.edges, "weights", "path_norm")))
    clause = clause_of(call.options, known, f"`{name}`", builder.sink)
    inner = reach.within(clause)
    match name:
        case "linear":
            return _linear(builder, call, context, inner)
        case "cat":
            return _cat(builder, call, context, reach)
        case "filter" | "segment" | "zeros":
            return _selection(builder, call, context, reach)
        case "dot":
            return _dot(builder, call, context, reach)
        case "sh":
            return _harmonics(builder, call, context, inner)
        case "gate":
            return _gate(builder, call, context, inner)
        case "sympow":
            return _power(builder, call, context, inner)
        case _ if tree is not None:
            return _tree(builder, call, tree, clause, context, reach)
        case _ if name in FUNCTIONS:
            return _function(builder, call, context, reach)
        case _:
            builder.scope.no_function(call.name, (*USAGE, *FUNCTIONS, *builder.trees))
            return None


def _operands(
    builder: ExpressionBuilder, call: ast.Call, count: int | None, usage: str, context: Context, reach: Reach
) -> tuple[Placed, ...] | None:
    """The first `count` arguments (None: all), which must be tensors; None after an error in any."""
    wanted = call.arguments if count is None else call.arguments[:count]
    parts: list[Placed | None] = []
    for argument in wanted:
        match argument:
            case ast.Int() | ast.Number() | ast.String() | ast.Range():
                builder.sink.add(errors.wrong_arguments(call.name.text, argument.span, usage, "a tensor belongs here"))
                parts.append(None)
            case _:
                parts.append(builder.build(argument, context, reach))
    found = tuple(part for part in parts if part is not None)
    return found if len(found) == len(parts) else None


def _arity(builder: ExpressionBuilder, call: ast.Call, count: int, usage: str) -> bool:
    given = len(call.arguments)
    if given == count:
        return True
    text = f"{count} {'argument' if count == 1 else 'arguments'} expected, {given} given"
    builder.sink.add(errors.wrong_arguments(call.name.text, call.span, usage, text))
    return False


def _integer(builder: ExpressionBuilder, call: ast.Call, argument: ast.Value) -> int | None:
    if isinstance(argument, ast.Int) or (isinstance(argument, ast.Port) and not argument.indices):
        return values.integer(argument, builder.scope)
    usage = USAGE[call.name.text]
    builder.sink.add(errors.wrong_arguments(call.name.text, argument.span, usage, "an integer belongs here"))
    return None


def _linear(builder: ExpressionBuilder, call: ast.Call, context: Context, reach: Reach) -> Placed | None:
    if not _arity(builder, call, 1, USAGE["linear"]):
        return None
    path_norm = values.path_norm(reach.inherited("path_norm", call.span), builder.scope)
    weights, sound = builder.weights(reach, "weights", call.span, context)
    bias, bias_sound = builder.weights(reach, "bias", call.span, context)
    operands = _operands(builder, call, 1, USAGE["linear"], context, reach.below_coupling())
    if operands is None or not (sound and bias_sound):
        return None
    extra = tuple(part for part in (weights, bias) if part is not None)
    place = builder.join((*operands, *extra), call.span)
    if place is None:
        return None
    operand = builder.lift(operands[0], place)
    lifted, added = (None if part is None else builder.lift(part, place) for part in (weights, bias))
    return Placed(d.Linear(operand, lifted, added, path_norm, builder.frame.space(place), call.span), place)


def _cat(builder: ExpressionBuilder, call: ast.Call, context: Context, reach: Reach) -> Placed | None:
    if not call.arguments:
        builder.sink.add(errors.wrong_arguments("cat", call.span, USAGE["cat"], "nothing to concatenate"))
        return None
    operands = _operands(builder, call, None, USAGE["cat"], context, reach)
    place = None if operands is None else builder.join(operands, call.span)
    if operands is None or place is None:
        return None
    lifted = tuple(builder.lift(part, place) for part in operands)
    return Placed(d.Concat(lifted, builder.frame.space(place), call.span), place)


def _selection(builder: ExpressionBuilder, call: ast.Call, context: Context, reach: Reach) -> Placed | None:
    name = call.name.text
    if not _arity(builder, call, 2, USAGE[name]):
        return None
    operands = _operands(builder, call, 1, USAGE[name], context, reach.below_coupling())
    which = call.arguments[1]
    if name == "segment":
        index = _integer(builder, call, which)
        if operands is None or index is None:
            return None
        part = operands[0]
        return Placed(d.Segment(part.expr, index, part.expr.space, call.span), part.place)
    if not isinstance(which, ast.String):
        text = "labels in quotes belong here"
        builder.sink.add(errors.wrong_arguments(name, which.span, USAGE[name], text))
        return None
    labels = builder.scope.labels_of_text(name, which)
    if operands is None or labels is None:
        return None
    part = operands[0]
    made = d.Zeros if name == "zeros" else d.Filter
    return Placed(made(part.expr, labels, part.expr.space, call.span), part.place)


def _dot(builder: ExpressionBuilder, call: ast.Call, context: Context, reach: Reach) -> Placed | None:
    if not _arity(builder, call, 2, USAGE["dot"]):
        return None
    operands = _operands(builder, call, 2, USAGE["dot"], context, reach.below_coupling())
    place = None if operands is None else builder.join(operands, call.span)
    if operands is None or place is None:
        return None
    left, right = (builder.lift(part, place) for part in operands)
    return Placed(d.Dot(left, right, builder.frame.space(place), call.span), place)


def _harmonics(builder: ExpressionBuilder, call: ast.Call, context: Context, reach: Reach) -> Placed | None:
    if not _arity(builder, call, 2, USAGE["sh"]):
        return None
    norm = values.choice(reach.direct("norm", call.span), values.HARMONIC_NORMS, d.Norm.COMPONENT, builder.scope)
    normalize = values.truth(reach.direct("normalize", call.span), True, builder.scope)
    operands = _operands(builder, call, 1, USAGE["sh"], context, reach.below_coupling())
    lmax = _integer(builder, call, call.arguments[1])
    if operands is None or lmax is None:
        return None
    if not 0 <= lmax <= builder.scope.limits.l:
        span = call.arguments[1].span
        builder.sink.add(errors.over_limit("the degree l", lmax, builder.scope.limits.l, "l", span))
        return None
    part = operands[0]
    return Placed(d.Harmonics(part.expr, lmax, normalize, norm, part.expr.space, call.span), part.place)


def _gate(builder: ExpressionBuilder, call: ast.Call, context: Context, reach: Reach) -> Placed | None:
    if not _arity(builder, call, 3, USAGE["gate"]):
        return None
    act = values.function(reach.direct("act", call.span), "silu", builder.scope)
    odd = values.function(reach.direct("odd", call.span), "tanh", builder.scope)
    gate = values.function(reach.direct("gate", call.span), "sigmoid", builder.scope)
    operands = _operands(builder, call, 3, USAGE["gate"], context, reach.below_coupling())
    place = None if operands is None else builder.join(operands, call.span)
    if operands is None or place is None:
        return None
    scalars, gates, gated = (builder.lift(part, place) for part in operands)
    space = builder.frame.space(place)
    return Placed(d.Gate(scalars, gates, gated, act, odd, gate, space, call.span), place)


def _power(builder: ExpressionBuilder, call: ast.Call, context: Context, reach: Reach) -> Placed | None:
    if not _arity(builder, call, 2, USAGE["sympow"]):
        return None
    mode = reach.inherited("mode", call.span)
    if values.mode(mode, builder.scope) not in (None, d.Mode.UUU) and mode is not None:
        expected = "uuu: sympow couples channel by channel"
        builder.sink.add(errors.bad_option_value("mode", mode.value.span, expected, "uuu"))
        return None
    path_norm = values.path_norm(reach.inherited("path_norm", call.span), builder.scope)
    filters = builder.filters(reach, call.span)
    weights, sound = builder.weights(reach, "weights", call.span, context)
    operands = _operands(builder, call, 1, USAGE["sympow"], context, reach.below_coupling())
    orders = _orders(builder, call, call.arguments[1])
    if operands is None or orders is None or not sound:
        return None
    place = builder.join((*operands, *(() if weights is None else (weights,))), call.span)
    if place is None:
        return None
    lifted = None if weights is None else builder.lift(weights, place)
    operand, space = builder.lift(operands[0], place), builder.frame.space(place)
    return Placed(d.Power(operand, *orders, filters, lifted, path_norm, space, call.span), place)


def _orders(builder: ExpressionBuilder, call: ast.Call, argument: ast.Value) -> tuple[int, int] | None:
    if isinstance(argument, ast.Range):
        orders = values.bounds(argument, builder.scope, lowest=1)
    else:
        order = _integer(builder, call, argument)
        if order is not None and order < 1:
            builder.sink.add(errors.empty_range(argument.span, order, order))
            return None
        orders = None if order is None else (order, order)
    if orders is not None and orders[1] > builder.scope.limits.sympow:
        limit = builder.scope.limits.sympow
        builder.sink.add(errors.over_limit("the order", orders[1], limit, "sympow", argument.span))
        return None
    return orders


def _function(builder: ExpressionBuilder, call: ast.Call, context: Context, reach: Reach) -> Placed | None:
    usage = f"{call.name.text}(s)"
    if not _arity(builder, call, 1, usage):
        return None
    operands = _operands(builder, call, 1, usage, context, reach)
    if operands is None:
        return None
    part = operands[0]
    return Placed(d.Apply(call.name.text, part.expr, part.expr.space, call.span), part.place)


def _tree(
    builder: ExpressionBuilder, call: ast.Call, tree: TreeShape, clause: Clause, context: Context, outer: Reach
) -> Placed | None:
    name = call.name.text
    usage = f"{name}({', '.join(tree.leaves)})"
    if not _arity(builder, call, len(tree.leaves), usage):
        return None
    bound: list[tuple[str, d.Labels]] = []
    sound = True
    for key, option in clause.options.items():
        if key in tree.edges:
            labels = values.labels(option, builder.scope)
            sound = sound and labels is not None
            if labels is not None:
                bound.append((key, labels))
    reach = outer.within(Clause({key: o for key, o in clause.options.items() if key not in tree.edges}))
    path_norm = values.path_norm(reach.inherited("path_norm", call.span), builder.scope)
    weights, weights_sound = builder.weights(reach, "weights", call.span, context)
    operands = _operands(builder, call, None, usage, context, reach.below_coupling())
    if operands is None or not (sound and weights_sound):
        return None
    place = builder.join((*operands, *(() if weights is None else (weights,))), call.span)
    if place is None:
        return None
    lifted = None if weights is None else builder.lift(weights, place)
    legs = tuple(builder.lift(part, place) for part in operands)
    space = builder.frame.space(place)
    return Placed(d.TreeCall(name, legs, tuple(bound), lifted, path_norm, space, call.span), place)


def reserved(name: str) -> bool:
    """Whether a tree of this name could not be called."""
    return name in USAGE or name in FUNCTIONS or name in ("recouple", "sum", "mean")
