"""Expressions of the syntax tree to expressions whose every part knows the space that it lives in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import assert_never

from fusionc.diagnostics import Sink
from fusionc.diagram import errors, values
from fusionc.diagram import ir as d
from fusionc.diagram.calls import build_call
from fusionc.diagram.clauses import NEEDS, Reach, clause_of
from fusionc.diagram.context import Context, Placed, TreeShape
from fusionc.diagram.frame import BATCH, ONCE, Frame, Place
from fusionc.diagram.names import Names
from fusionc.diagram.scope import Scope
from fusionc.source import Span
from fusionc.syntax import ast


class ExpressionBuilder:
    """Builds the expressions of one diagram; calls of functions are in `calls.py`."""

    def __init__(self, names: Names, frame: Frame, scope: Scope, trees: Mapping[str, TreeShape]) -> None:
        self.names = names
        self.frame = frame
        self.scope = scope
        self.trees = trees
        self.sink: Sink = scope.sink

    def build(self, expr: ast.Expr, context: Context, reach: Reach) -> Placed | None:
        match expr:
            case ast.Port():
                return self._read(expr, context)
            case ast.Group():
                return self._group(expr, context, reach)
            case ast.Couple():
                return self._product(expr, context, reach)
            case ast.Scale():
                return self._combine(((Fraction(expr.factor.value), expr.operand),), expr.span, context, reach)
            case ast.Negate():
                return self._combine(((Fraction(-1), expr.operand),), expr.span, context, reach)
            case ast.Add():
                return self._combine(_terms(expr), expr.span, context, reach)
            case ast.Reduce():
                return self._reduce(expr, context, reach)
            case ast.Call():
                return build_call(self, expr, context, reach)
            case _:
                assert_never(expr)

    # -------------------------------------------------------------- places

    def join(self, parts: Iterable[Placed | None], span: Span) -> Place | None:
        """The place of a value made of these; None after an error in one of them, or when they never meet."""
        places: list[Place] = []
        for part in parts:
            if part is None:
                return None
            places.append(part.place)
        joined = self.frame.join(places)
        if joined is None:
            union: Place = frozenset().union(*places)
            names = self.frame.ordered(union)
            shown, why = f"`[{','.join(names)}]`", f"depends on {errors.listing(names)}, which no edge joins"
            if self.frame.edge:
                help = "sum over one of them first, or give both the names of the ends of an edge"
                self.sink.add(errors.no_such_space(shown, span, why, self.frame.pair, help))
            else:
                help = f"say that there are edges {shown}: with an edge tensor, or a statement such as `m[i,j] = ...`"
                self.sink.add(errors.no_such_space(shown, span, why, None, help))
        return joined

    def lift(self, part: Placed, onto: Place) -> d.Expr:
        return self.frame.lift(part.expr, part.place, onto)

    def onto_left(self, part: Placed, left: Place, context: Context) -> d.Expr | None:
        """The value of a statement, seen from its left side."""
        if part.place == ONCE and left not in (ONCE, BATCH):
            shown, help = self.frame.shown(left), tuple[str, ...]()
            if isinstance(part.expr, d.Reduce) and len(left) == 1 and self.frame.indices.graph is None:
                help = (f"for one value a graph, declare its index first, such as `index i in {min(left)}`",)
            self.sink.add(errors.single_value(part.expr.span, context.left, context.target.text, shown, help))
            return None
        return self.lift(part, left)

    # --------------------------------------------------------------- parts

    def _read(self, port: ast.Port, context: Context) -> Placed | None:
        definition = self.names.find(port.name, context.target)
        if definition is None or definition.place is None:
            return None
        place = self.frame.place(port.indices, port.span, self.sink, definition.place == ONCE)
        if place is None:
            return None
        space = self.frame.space(place)
        defined = self.frame.space(definition.place)
        if space is not defined:
            lives, write = self.frame.lives(definition.place), self.frame.written(port.name.text, defined)
            self.sink.add(errors.wrong_indices(port.name.text, port.span, definition.span, lives, write))
            return None
        known = self.frame.closed(context.indices)
        for index in port.indices:
            if index.text not in known:
                shown = self.frame.shown(context.indices)
                self.sink.add(errors.index_out_of_scope(index.text, index.span, context.left, shown))
                return None
        return Placed(d.Read(port.name.text, space, port.span), place)

    def _group(self, group: ast.Group, context: Context, reach: Reach) -> Placed | None:
        clause = clause_of(group.options, NEEDS, "a `with`", self.sink)
        part = self.build(group.operand, context, reach.within(clause))
        if part is not None:
            clause.report(self.sink)
        return self.ascribe(part, group.irreps, group.span)

    def ascribe(self, part: Placed | None, irreps: ast.Irreps | None, span: Span) -> Placed | None:
        labels = None if irreps is None else self.scope.labels(irreps)
        if irreps is None:
            return part
        if part is None or labels is None:
            return None
        return Placed(d.Ascribe(part.expr, labels, part.expr.space, span), part.place)

    def _product(self, expr: ast.Couple, context: Context, reach: Reach) -> Placed | None:
        mode = values.mode(reach.inherited("mode", expr.span), self.scope)
        norm = values.choice(reach.inherited("norm", expr.span), values.PRODUCT_NORMS, d.Norm.COMPONENT, self.scope)
        path_norm = values.path_norm(reach.inherited("path_norm", expr.span), self.scope)
        filters = self.filters(reach, expr.span)
        weights, sound = self.weights(reach, "weights", expr.span, context)
        left = self.build(expr.left, context, reach.below_coupling())
        right = self.build(expr.right, context, reach.below_coupling())
        place = self.join((left, right, *(() if weights is None else (weights,))), expr.span)
        if left is None or right is None or place is None or not sound:
            return None
        lifted = None if weights is None else self.lift(weights, place)
        left_expr, right_expr = self.lift(left, place), self.lift(right, place)
        space = self.frame.space(place)
        return Placed(d.Product(left_expr, right_expr, mode, filters, lifted, norm, path_norm, space, expr.span), place)

    def filters(self, reach: Reach, span: Span) -> d.Filters:
        keep = values.labels(reach.direct("keep", span), self.scope)
        lmax = values.one_degree(reach.direct("lmax", span), self.scope)
        return d.Filters(keep, lmax, values.degrees(reach.direct("l", span), self.scope))

    def weights(self, reach: Reach, key: str, span: Span, context: Context) -> tuple[Placed | None, bool]:
        """The value of `weights=` or `bias=`, and whether it was sound: an expression with options of its own."""
        option = reach.direct(key, span)
        if option is None:
            return None, True
        match option.value:
            case ast.Irreps() | ast.Int() | ast.Number() | ast.String() | ast.Range() | ast.ListValue():
                expected = "a weight or an expression, such as `w` or `R[i,j]`"
                self.sink.add(errors.bad_option_value(key, option.value.span, expected))
                return None, False
            case value:
                built = self.build(value, context, Reach())
                return built, built is not None

    def _combine(
        self, terms: tuple[tuple[Fraction, ast.Expr], ...], span: Span, context: Context, reach: Reach
    ) -> Placed | None:
        parts = [(factor, self.build(operand, context, reach)) for factor, operand in terms]
        place = self.join((part for _, part in parts), span)
        if place is None:
            return None
        lifted = tuple((factor, self.lift(part, place)) for factor, part in parts if part is not None)
        return Placed(d.Combine(lifted, self.frame.space(place), span), place)

    # ---------------------------------------------------------------- sums

    def _reduce(self, expr: ast.Reduce, context: Context, reach: Reach) -> Placed | None:
        scale = values.number(reach.of_sum("scale", expr.span), Fraction(1), self.scope)
        bound = dict(context.bound)
        for index in expr.indices:
            if index.text in bound:
                self.sink.add(errors.index_summed_twice(index.text, index.span, bound[index.text]))
                return None
            bound[index.text] = index.span
        part = self.build(expr.operand, context.with_sum(expr.indices), reach.below_sum())
        if part is None:
            return None
        summed: Place = frozenset(name.text for name in expr.indices)
        held = part.place if not part.place & summed else self.frame.closed(part.place)  # a fixed node fixes its graph
        for index in expr.indices:
            if index.text not in held:
                self.sink.add(errors.nothing_to_sum(index.text, index.span, expr.operand.span))
                return None
        return self._sum(expr, part, summed, scale, context)

    def _sum(self, expr: ast.Reduce, part: Placed, summed: Place, scale: Fraction, context: Context) -> Placed | None:
        edge, graph = self.frame.edge, self.frame.indices.graph
        place, value = part.place, part.expr
        if summed == place and len(place) == 1 and place < edge and edge - place <= context.indices:
            value, place = self.frame.lift(value, place, edge), edge  # a sum over neighbours
        rest = place - summed
        if rest:
            via = d.Via.RECEIVER if self.frame.indices.receiver in rest else d.Via.SENDER
        elif graph is not None and graph in context.indices and graph not in summed:
            via, rest = d.Via.GRAPH, frozenset({graph})
        else:
            via, rest = d.Via.ALL, ONCE
        space = self.frame.space(rest)
        return Placed(d.Reduce(value, via, expr.kind == "mean", scale, space, expr.span), rest)


def _terms(expr: ast.Expr) -> tuple[tuple[Fraction, ast.Expr], ...]:
    """`a + b - c` as its terms with their signs."""
    found: list[tuple[Fraction, ast.Expr]] = []
    while isinstance(expr, ast.Add):
        found.append((Fraction(expr.sign), expr.right))
        expr = expr.left
    found.append((Fraction(1), expr))
    return tuple(reversed(found))
