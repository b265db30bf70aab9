"""`left * right`: routes, filters, and why a target is missed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from fusionc.algebra.irrep import Irrep, Irreps, Segment
from fusionc.check import coupling, errors
from fusionc.check import ir as k
from fusionc.check.coupling import Keep, Misfit, Route
from fusionc.check.labels import Target, irreps_of_labels, unique
from fusionc.check.values import Values, short
from fusionc.diagnostics import Label
from fusionc.diagram import ir as d
from fusionc.source import Span

if TYPE_CHECKING:
    from fusionc.check.evaluate import Evaluator


@dataclass(frozen=True, slots=True)
class Operands:
    """The two sides of one product, as expressions and as values."""

    expr: d.Product
    left: int
    right: int
    a: Irreps
    b: Irreps


def product(evaluator: Evaluator, expr: d.Product, target: Target | None) -> int | None:
    values = evaluator.values
    left, right = evaluator.evaluate(expr.left, None), evaluator.evaluate(expr.right, None)
    if left is None or right is None:
        return None
    sides = Operands(expr, left, right, values.irreps(left), values.irreps(right))
    keep = keep_of(values, expr.filters, target is not None)
    if keep is None or not _mode_is_complete(values, sides, target):
        return None
    if target is None:
        found = _collect(values, coupling.free_routes(sides.a, sides.b, expr.mode, keep), sides)
        if not found:
            if found is not None:
                _nothing_left(values, sides)
            return None
        irreps, routes = coupling.own_segments(found)
    elif target.alternatives:
        chosen = _alternatives(values, sides, keep, target)
        if chosen is None:
            return None
        irreps, routes = chosen
    else:
        irreps = target.irreps
        aimed = _collect(values, coupling.aimed_routes(sides.a, sides.b, irreps, expr.mode, keep), sides)
        if aimed is None:
            return None
        routes = aimed
    if target is not None and not _all_reached(values, sides, keep, routes, irreps, target):
        return None
    return _emit(evaluator, sides, routes, irreps)


def keep_of(values: Values, filters: d.Filters, aimed: bool) -> Keep | None:
    """Whether a path passes the filters. With an ascription, which names the outputs, `l` means the operands' l."""
    kept: tuple[Irrep, ...] | None = None
    if filters.keep is not None:
        kept = irreps_of_labels(filters.keep, values.group, values.limits, values.sink)
        if kept is None:
            return None
    lmax, degrees = filters.lmax, filters.l

    def keep(left: Irrep, right: Irrep, out: Irrep) -> bool:
        if (kept is not None and out not in kept) or (lmax is not None and out.l > lmax):
            return False
        return degrees is None or (left.l in degrees and right.l in degrees if aimed else out.l in degrees)

    return keep


def _mode_is_complete(values: Values, sides: Operands, target: Target | None) -> bool:
    mode = sides.expr.mode
    if mode not in coupling.MIXING or mode is None or (target is not None and not target.alternatives):
        return True
    reached = _reachable(sides, None)
    example = "+".join(f"16x{text}" for text in unique(reached, values.group)[:2]) or "16x0e"
    values.fail(errors.mode_needs_target(mode.value, sides.expr.span, f"NAME : {example} = ..."))
    return False


def _collect(values: Values, found: Iterator[Route | Misfit], sides: Operands) -> tuple[Route, ...] | None:
    """All routes, as long as there are not too many, and all of them fit."""
    routes: list[Route] = []
    left = values.paths_left
    for route in islice(found, left + 1):
        if isinstance(route, Misfit):
            a, b = sides.a[route.left], sides.b[route.right]
            mode = None if sides.expr.mode is None else sides.expr.mode.value
            fitting = coupling.fitting_modes(a.mul, b.mul)
            places = (
                Label(sides.expr.span, f"{short(a, values.group)} * {short(b, values.group)}"),
                *_sides(values, sides),
            )
            values.fail(errors.mode_does_not_fit(mode, a.mul, b.mul, fitting, places))
            return None
        routes.append(route)
    if len(routes) > left:
        limit = values.limits.paths
        text = "narrow it with `keep=`, `lmax=` or an ascription"
        values.fail(
            errors.over_limit("the number of paths", f"more than {limit}", limit, "paths", sides.expr.span, text)
        )
        return None
    high = next((route for route in routes if route.segment.irrep.l > values.limits.l), None)
    if high is not None:
        text = f"holds {high.segment.irrep.text(values.group)}; limit it with `lmax=` or `keep=`"
        l, limit = high.segment.irrep.l, values.limits.l
        values.fail(errors.over_limit("the degree l", l, limit, "l", sides.expr.span, text))
        return None
    wide = next((route for route in routes if route.segment.mul > values.limits.multiplicity), None)
    if wide is not None:
        limit = values.limits.multiplicity
        mul = wide.segment.mul
        values.fail(errors.over_limit("the multiplicity", mul, limit, "multiplicity", sides.expr.span))
        return None
    return tuple(routes)


def _emit(evaluator: Evaluator, sides: Operands, routes: tuple[Route, ...], irreps: Irreps) -> int | None:
    values, expr = evaluator.values, sides.expr
    degrees = (irrep.l for r in routes for irrep in (sides.a[r.left].irrep, sides.b[r.right].irrep, r.segment.irrep))
    if not (values.count_paths(len(routes), expr.span) and values.has_signs(degrees, expr.span)):
        return None
    weights: int | None = None
    if expr.weights is not None:
        numel = coupling.weight_count(routes, sides.a, sides.b)
        if not values.count_weights(numel, expr.span):
            return None
        weights = evaluator.weights(
            expr.weights, numel, expr.span, f"{errors.counted(len(routes), 'path')}, channels by mode"
        )
        if weights is None:
            return None
    elif _mixes_without_weights(values, expr, routes):
        return None
    weighted = weights is not None
    paths, _ = coupling.paths_of(routes, sides.a, sides.b, expr.norm, expr.path_norm, weighted)
    return values.emit(k.Product(sides.left, sides.right, weights, paths), irreps, expr.space, expr.span)


def _mixes_without_weights(values: Values, expr: d.Product, routes: tuple[Route, ...]) -> bool:
    for route in routes:
        if route.mode in coupling.MIXING and route.segment.mul > 1:
            values.fail(errors.mode_needs_weights(route.mode.value, expr.span))
            return True
    return False


def _alternatives(
    values: Values, sides: Operands, keep: Keep, target: Target
) -> tuple[Irreps, tuple[Route, ...]] | None:
    """Labels without multiplicities: each takes that of the paths to it, which must agree."""
    labels = tuple(segment.irrep for segment in target.irreps)

    def wanted(left: Irrep, right: Irrep, out: Irrep) -> bool:
        return out in labels and keep(left, right, out)

    routes = _collect(values, coupling.free_routes(sides.a, sides.b, sides.expr.mode, wanted), sides)
    if routes is None:
        return None
    found: dict[Irrep, int] = {}
    for route in routes:
        mul = found.setdefault(route.segment.irrep, route.segment.mul)
        if mul != route.segment.mul:
            given = [f"{m}x{route.segment.irrep.text(values.group)}" for m in (mul, route.segment.mul)]
            span = target.spans[labels.index(route.segment.irrep)]
            places = (Label(span, "of how many channels?"), *_sides(values, sides))
            values.fail(errors.wrong_multiplicity(route.segment.irrep.text(values.group), given, places))
            return None
    irreps = Irreps(tuple(Segment(found.get(label, 1), label) for label in labels))
    aimed = [Route(r.left, r.right, labels.index(r.segment.irrep), r.segment, r.mode) for r in routes]
    return irreps, tuple(sorted(aimed, key=lambda r: (r.left, r.right, r.out)))


# ----------------------------------------------------- why a target is missed


def _all_reached(
    values: Values, sides: Operands, keep: Keep, routes: tuple[Route, ...], irreps: Irreps, target: Target
) -> bool:
    reached = frozenset(route.out for route in routes)
    sound = True
    for n, segment in enumerate(irreps):
        if segment.mul and n not in reached:
            _explain(values, sides, keep, segment, target.spans[n], target.alternatives)
            sound = False
    return sound


def _explain(values: Values, sides: Operands, keep: Keep, segment: Segment, span: Span, alternatives: bool) -> None:
    group = values.group
    text = segment.irrep.text(group) if alternatives else short(segment, group)
    irrep = segment.irrep
    if irrep in _reachable(sides, None):
        if irrep not in _reachable(sides, keep):
            _nothing_left(values, sides)
            return
        given = dict.fromkeys(_multiplicities(values, sides, keep, irrep))
        places = (Label(span, "asked for here"), *_sides(values, sides))
        values.fail(errors.wrong_multiplicity(text, given, places))
        return
    other = Irrep(irrep.l, -irrep.p)
    pair = next(((a, b) for a, b in _pairs(sides) if other in a.irrep * b.irrep), None)
    if pair is not None:
        a, b = (side.irrep.text(group) for side in pair)
        parity, asked = ("even", "odd") if other.p == 1 else ("odd", "even")
        meant = other.text(group) if alternatives else _meant(values, sides, Segment(segment.mul, other))
        places = (Label(span, f"{asked} is asked for"), *_sides(values, sides))
        values.fail(errors.wrong_parity(text, f"`{a}` x `{b}`", parity, meant, places))
        return
    places = (Label(span, "no path leads here"), *_sides(values, sides))
    values.fail(errors.not_reachable(text, "this product", unique(_reachable(sides, None), group), places))


def _meant(values: Values, sides: Operands, segment: Segment) -> str:
    """The segment, with a multiplicity that the mode gives."""
    given = tuple(_multiplicities(values, sides, lambda *_: True, segment.irrep))
    return short(segment, values.group) if not given or segment.text(values.group) in given else given[0]


def _nothing_left(values: Values, sides: Operands) -> None:
    places = _sides(values, sides)
    filters = sides.expr.filters
    filtered = filters.keep is not None or filters.lmax is not None or filters.l is not None
    available = unique(_reachable(sides, None), values.group) if filtered else ()
    values.fail(errors.nothing_left(sides.expr.span, available, places))


def _pairs(sides: Operands) -> Iterator[tuple[Segment, Segment]]:
    """Pairs of segments, each combination of irreps once."""
    firsts = {segment.irrep: segment for segment in reversed(sides.a.segments) if segment.mul}
    seconds = {segment.irrep: segment for segment in reversed(sides.b.segments) if segment.mul}
    for a in reversed(firsts.values()):
        for b in reversed(seconds.values()):
            yield a, b


def _reachable(sides: Operands, keep: Keep | None) -> tuple[Irrep, ...]:
    found: dict[Irrep, None] = {}
    for a, b in _pairs(sides):
        for irrep in a.irrep * b.irrep:
            if keep is None or keep(a.irrep, b.irrep, irrep):
                found[irrep] = None
    return tuple(found)


def _multiplicities(values: Values, sides: Operands, keep: Keep, irrep: Irrep) -> Iterator[str]:
    """The segments with this irrep that the channel-wise mode could give."""
    for a in sides.a:
        for b in sides.b:
            mode = sides.expr.mode or coupling.default_mode(a.mul, b.mul)
            if mode is None or irrep not in a.irrep * b.irrep or not keep(a.irrep, b.irrep, irrep):
                continue
            mul = coupling.channels(mode, a.mul, b.mul)
            if mul:
                yield Segment(mul, irrep).text(values.group)


def _sides(values: Values, sides: Operands) -> tuple[Label, ...]:
    places: Iterable[Label] = (
        values.describe(sides.expr.left, sides.left),
        values.describe(sides.expr.right, sides.right),
    )
    return tuple(dict.fromkeys(places))
