"""The paths of `left * right`: which segments couple to which, in which mode, with which factor and weights.

Everything here is arithmetic on irreps. The normalisation is e3nn's (`TensorProduct`, 0.5 and later):

    factor^2 = a / x,  a = 2 l3 + 1 (component), (2 l1 + 1)(2 l2 + 1) (norm), 1 (none)
                       x = sum of the elements of all paths to the same output segment (element),
                           elements times the number of those paths (path), 1 (none)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

from fusionc.algebra.irrep import Irrep, Irreps, Segment
from fusionc.algebra.surd import Surd
from fusionc.check.ir import Path, WeightSlice
from fusionc.diagram.ir import Mode, Norm, PathNorm

MIXING = (Mode.UVW, Mode.UUW, Mode.U_LESS_VW)
"""Modes whose output multiplicity is free."""


@dataclass(frozen=True, slots=True)
class Route:
    """A path before its factor is known. `out` is the output segment, -1 while each path has one of its own."""

    left: int
    right: int
    out: int
    segment: Segment
    mode: Mode


@dataclass(frozen=True, slots=True)
class Misfit:
    """Two segments that couple to a wanted label, but whose multiplicities do not fit the mode."""

    left: int
    right: int


Keep = Callable[[Irrep, Irrep, Irrep], bool]
"""Whether a path (left, right, output) passes the filters."""


def default_mode(left: int, right: int, both_sides: bool = False) -> Mode | None:
    """uuu for equal multiplicities, uvu for one channel on the right; with `both_sides`, uvv for one on the left."""
    if left == right:
        return Mode.UUU
    if right == 1:
        return Mode.UVU
    return Mode.UVV if both_sides and left == 1 else None


def fits(mode: Mode, left: int, right: int) -> bool:
    return left == right or mode in (Mode.UVU, Mode.UVV, Mode.UVW, Mode.UVUV)


def fitting_modes(left: int, right: int) -> tuple[str, ...]:
    return tuple(mode.value for mode in Mode if fits(mode, left, right))


def channels(mode: Mode, left: int, right: int) -> int | None:
    """Output channels of a mode; None when they are free."""
    match mode:
        case Mode.UUU | Mode.UVU:
            return left
        case Mode.UVV:
            return right
        case Mode.UVUV:
            return left * right
        case Mode.UVU_LESS:
            return left * (left - 1) // 2
        case Mode.UVW | Mode.UUW | Mode.U_LESS_VW:
            return None
        case _:
            assert_never(mode)


def weight_shape(mode: Mode, left: int, right: int, out: int) -> tuple[int, ...]:
    match mode:
        case Mode.UVW:
            return (left, right, out)
        case Mode.UVU | Mode.UVV | Mode.UVUV:
            return (left, right)
        case Mode.UUW:
            return (left, out)
        case Mode.UUU:
            return (left,)
        case Mode.UVU_LESS:
            return (left * (left - 1) // 2,)
        case Mode.U_LESS_VW:
            return (left * (left - 1) // 2, out)
        case _:
            assert_never(mode)


def elements(mode: Mode, left: int, right: int) -> int:
    """Terms of a path's sum over channels, e3nn's `num_elements`."""
    match mode:
        case Mode.UVW:
            return left * right
        case Mode.UVU:
            return right
        case Mode.UVV | Mode.UUW:
            return left
        case Mode.UUU | Mode.UVUV | Mode.UVU_LESS:
            return 1
        case Mode.U_LESS_VW:
            return left * (left - 1) // 2
        case _:
            assert_never(mode)


def _pairs(left: Irreps, right: Irreps, keep: Keep) -> Iterator[tuple[int, int, tuple[Irrep, ...]]]:
    """Pairs of segments with what they couple to and the filters keep; worked out once for each pair of irreps."""
    kept: dict[tuple[Irrep, Irrep], tuple[Irrep, ...]] = {}
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            pair = (a.irrep, b.irrep)
            if pair not in kept:
                kept[pair] = tuple(irrep for irrep in a.irrep * b.irrep if keep(a.irrep, b.irrep, irrep))
            if kept[pair] and a.mul and b.mul:
                yield i, j, kept[pair]


def free_routes(left: Irreps, right: Irreps, mode: Mode | None, keep: Keep) -> Iterator[Route | Misfit]:
    """Left segment, right segment, output l: all that is kept, each to a segment of its own."""
    for i, j, kept in _pairs(left, right, keep):
        m, n = left[i].mul, right[j].mul
        chosen = mode or default_mode(m, n)
        if chosen is None or not fits(chosen, m, n):
            yield Misfit(i, j)
            continue
        mul = channels(chosen, m, n)
        if mul:
            yield from (Route(i, j, -1, Segment(mul, irrep), chosen) for irrep in kept)


def aimed_routes(left: Irreps, right: Irreps, out: Irreps, mode: Mode | None, keep: Keep) -> Iterator[Route | Misfit]:
    """Left segment, right segment, output segment: all triples that the labels, the filters and the mode allow."""
    places: dict[Irrep, list[int]] = {}
    for k, segment in enumerate(out):
        if segment.mul:
            places.setdefault(segment.irrep, []).append(k)

    def wanted(a: Irrep, b: Irrep, irrep: Irrep) -> bool:
        return irrep in places and keep(a, b, irrep)

    for i, j, reached in _pairs(left, right, wanted):
        m, n = left[i].mul, right[j].mul
        chosen = mode or default_mode(m, n)
        if chosen is None or not fits(chosen, m, n):
            yield Misfit(i, j)
            continue
        if not elements(chosen, m, n):
            continue
        mul = channels(chosen, m, n)
        for k in sorted(k for irrep in reached for k in places[irrep]):
            if mul in (None, out[k].mul):
                yield Route(i, j, k, out[k], chosen)


def own_segments(routes: tuple[Route, ...]) -> tuple[Irreps, tuple[Route, ...]]:
    """One output segment a path, sorted as `Irreps.sort` does; the paths in the order of their segments."""
    ordered = Irreps(tuple(route.segment for route in routes)).sort()
    chosen = tuple(routes[n] for n in ordered.inverse)
    return ordered.irreps, tuple(
        Route(route.left, route.right, k, route.segment, route.mode) for k, route in enumerate(chosen)
    )


def paths_of(
    routes: tuple[Route, ...], left: Irreps, right: Irreps, norm: Norm, path_norm: PathNorm, weighted: bool
) -> tuple[tuple[Path, ...], int]:
    """The paths with their factors and weight slices, and the number of weights."""
    totals: dict[int, int] = {}
    counts: dict[int, int] = {}
    for route in routes:
        size = elements(route.mode, left[route.left].mul, right[route.right].mul)
        totals[route.out] = totals.get(route.out, 0) + size
        counts[route.out] = counts.get(route.out, 0) + 1
    paths: list[Path] = []
    offset = 0
    for route in routes:
        a, b = left[route.left], right[route.right]
        factor = _factor(route, a, b, norm, path_norm, totals[route.out], counts[route.out])
        weight = None
        if weighted:
            weight = WeightSlice(offset, weight_shape(route.mode, a.mul, b.mul, route.segment.mul))
            offset += _product(weight.shape)
        paths.append(Path(route.left, route.right, route.out, route.mode, factor, weight))
    return tuple(paths), offset


def weight_count(routes: tuple[Route, ...], left: Irreps, right: Irreps) -> int:
    return sum(
        _product(weight_shape(route.mode, left[route.left].mul, right[route.right].mul, route.segment.mul))
        for route in routes
    )


def _factor(route: Route, a: Segment, b: Segment, norm: Norm, path_norm: PathNorm, total: int, count: int) -> Surd:
    match norm:
        case Norm.COMPONENT:
            above = route.segment.irrep.dim
        case Norm.NORM:
            above = a.irrep.dim * b.irrep.dim
        case Norm.NONE | Norm.INTEGRAL:
            above = 1
        case _:
            assert_never(norm)
    match path_norm:
        case PathNorm.ELEMENT:
            below = total
        case PathNorm.PATH:
            below = elements(route.mode, a.mul, b.mul) * count
        case PathNorm.NONE:
            below = 1
        case _:
            assert_never(path_norm)
    return Surd.sqrt(Fraction(above, below))


def _product(shape: tuple[int, ...]) -> int:
    result = 1
    for size in shape:
        result *= size
    return result
