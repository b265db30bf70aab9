"""`sympow`: the symmetric powers of one tensor, over a basis of independent trees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import TYPE_CHECKING

from fusionc.algebra.irrep import Group, Irrep, Irreps, Segment
from fusionc.algebra.surd import Surd
from fusionc.algebra.symmetric import CombTree, symmetric_dimension, symmetric_trees
from fusionc.check import errors
from fusionc.check import ir as k
from fusionc.check.labels import Target, unique
from fusionc.check.products import keep_of
from fusionc.check.values import short
from fusionc.diagnostics import Label
from fusionc.diagram import ir as d

if TYPE_CHECKING:
    from fusionc.check.evaluate import Evaluator


@dataclass(frozen=True, slots=True)
class Leaves:
    """The segments that take part: their places in the operand, their irreps, and their common multiplicity."""

    segments: tuple[int, ...]
    irreps: tuple[Irrep, ...]
    mul: int

    def dimension(self, order: int, out: Irrep) -> int:
        """Independent symmetric products of this order that transform as `out`; integer arithmetic only."""
        return symmetric_dimension(self.irreps, order, out)

    def outputs(self, order: int, group: Group) -> Iterator[Irrep]:
        """All irreps that a product of this order may hold, sorted."""
        highest = order * max((irrep.l for irrep in self.irreps), default=0)
        for l in range(highest + 1):
            for p in (-1, 1) if group is Group.O3 else (1,):
                if self.dimension(order, Irrep(l, p)):
                    yield Irrep(l, p)


@dataclass(frozen=True, slots=True)
class Block:
    """The products of one order to one output segment (-1: each to a segment of its own)."""

    order: int
    irrep: Irrep
    out: int
    count: int


def power(evaluator: Evaluator, expr: d.Power, target: Target | None) -> int | None:
    values = evaluator.values
    operand = evaluator.evaluate(expr.operand, None)
    leaves = None if operand is None else _leaves(evaluator, expr, operand, target is not None)
    if operand is None or leaves is None:
        return None
    if not _countable(evaluator, expr, leaves):
        return None
    blocks = _free(evaluator, expr, leaves) if target is None else _aimed(evaluator, expr, operand, leaves, target)
    if blocks is None:
        return None
    total = sum(block.count for block in blocks)
    if not (values.count_paths(total, expr.span) and values.count_weights(total * leaves.mul, expr.span)):
        return None
    trees = [(block, tree) for block in blocks for tree in symmetric_trees(leaves.irreps, block.order, block.irrep)]
    if target is None:
        sorted_ = Irreps(tuple(Segment(leaves.mul, block.irrep) for block, _ in trees)).sort()
        irreps, trees = sorted_.irreps, [trees[n] for n in sorted_.inverse]
        outs = list(range(len(trees)))
    else:
        irreps = _asked(leaves, target)
        outs = [block.out for block, _ in trees]
    weighted = expr.weights is not None or target is not None
    weights = _weights(evaluator, expr, leaves.mul, total) if weighted else None
    if weighted and weights is None:
        return None
    if not values.has_signs((l for _, tree in trees for l in _degrees(leaves, tree)), expr.span):
        return None
    paths = _paths(leaves, [tree for _, tree in trees], outs, expr.path_norm, weighted)
    return values.emit(k.Power(operand, weights, paths), irreps, expr.space, expr.span)


def _degrees(leaves: Leaves, tree: CombTree) -> tuple[int, ...]:
    """All l that meet at a vertex; none for a product of one leaf, which has no vertex."""
    if not tree.labels:
        return ()
    return (*(leaves.irreps[n].l for n in tree.leaves), *(irrep.l for irrep in tree.labels))


def _countable(evaluator: Evaluator, expr: d.Power, leaves: Leaves) -> bool:
    """Whether there are few enough choices of leaves to look at each."""
    values = evaluator.values
    choices = sum(comb(len(leaves.segments) + n - 1, n) for n in range(expr.first, expr.last + 1))
    if choices > values.limits.trees:
        limit = values.limits.trees
        text = f"{len(leaves.segments)} segments, order {expr.last}"
        values.fail(errors.over_limit("the number of choices of leaves", choices, limit, "trees", expr.span, text))
        return False
    return True


def _weights(evaluator: Evaluator, expr: d.Power, mul: int, total: int) -> int | None:
    if expr.weights is None:
        return evaluator.values.learned(mul * total, expr.span)
    text = f"{errors.counted(total, 'product')} of {errors.counted(mul, 'channel')}"
    return evaluator.weights(expr.weights, mul * total, expr.span, text)


def _paths(
    leaves: Leaves, trees: list[CombTree], outs: list[int], path_norm: d.PathNorm, weighted: bool
) -> tuple[k.PowerPath, ...]:
    paths: list[k.PowerPath] = []
    counts = Counter(outs)
    for n, (tree, out) in enumerate(zip(trees, outs, strict=True)):
        below = 1 if path_norm is d.PathNorm.NONE else counts[out]
        weight = k.WeightSlice(n * leaves.mul, (leaves.mul,)) if weighted else None
        segments = tuple(leaves.segments[leaf] for leaf in tree.leaves)
        paths.append(k.PowerPath(segments, tree.labels, out, Surd.sqrt(Fraction(1, below)), weight))
    return tuple(paths)


def _leaves(evaluator: Evaluator, expr: d.Power, operand: int, aimed: bool) -> Leaves | None:
    """With an ascription, `l` chooses among the operand's segments; without one it chooses outputs."""
    values = evaluator.values
    irreps = values.irreps(operand)
    chosen = expr.filters.l if aimed else None
    segments = tuple(n for n, own in enumerate(irreps) if own.mul and (chosen is None or own.irrep.l in chosen))
    multiplicities = dict.fromkeys(irreps[n].mul for n in segments)
    if len(multiplicities) != 1:
        place = values.describe(expr.operand, operand)
        if multiplicities:
            places = () if place.span == expr.operand.span else (place,)
            values.fail(errors.unequal_multiplicities(values.text(irreps), expr.operand.span, places))
        else:
            values.fail(errors.nothing_left(expr.span, unique((own.irrep for own in irreps), values.group), (place,)))
        return None
    return Leaves(segments, tuple(irreps[n].irrep for n in segments), next(iter(multiplicities)))


def _free(evaluator: Evaluator, expr: d.Power, leaves: Leaves) -> list[Block] | None:
    """All outputs that are kept, by order and irrep."""
    values = evaluator.values
    keep = keep_of(values, expr.filters, aimed=False)
    if keep is None:
        return None
    blocks: list[Block] = []
    dropped: dict[Irrep, None] = {}
    for order in range(expr.first, expr.last + 1):
        for irrep in leaves.outputs(order, values.group):
            if not keep(irrep, irrep, irrep):
                dropped[irrep] = None
            elif irrep.l > values.limits.l:
                text = f"holds {irrep.text(values.group)}; limit it with `lmax=` or `keep=`"
                values.fail(errors.over_limit("the degree l", irrep.l, values.limits.l, "l", expr.span, text))
                return None
            else:
                blocks.append(Block(order, irrep, -1, leaves.dimension(order, irrep)))
    if not blocks:
        values.fail(errors.nothing_left(expr.span, unique(dropped, values.group), ()))
        return None
    return blocks


def _asked(leaves: Leaves, target: Target) -> Irreps:
    if not target.alternatives:
        return target.irreps
    return Irreps(tuple(Segment(leaves.mul, segment.irrep) for segment in target.irreps))


def _aimed(evaluator: Evaluator, expr: d.Power, operand: int, leaves: Leaves, target: Target) -> list[Block] | None:
    """All products to the irreps asked for, by output segment and order."""
    values = evaluator.values
    keep = keep_of(values, d.Filters(expr.filters.keep, expr.filters.lmax, None), aimed=True)
    if keep is None:
        return None
    blocks: list[Block] = []
    sound = True
    for n, segment in enumerate(_asked(leaves, target)):
        irrep = segment.irrep
        if not segment.mul:
            continue
        sizes = [(order, leaves.dimension(order, irrep)) for order in range(expr.first, expr.last + 1)]
        found = [Block(order, irrep, n, count) for order, count in sizes if count and keep(irrep, irrep, irrep)]
        if not found or segment.mul != leaves.mul:
            _explain(evaluator, expr, operand, leaves, segment, target, n, any(count for _, count in sizes))
            sound = False
        blocks.extend(found)
    return blocks if sound else None


def _explain(
    evaluator: Evaluator,
    expr: d.Power,
    operand: int,
    leaves: Leaves,
    segment: Segment,
    target: Target,
    n: int,
    exists: bool,
) -> None:
    values = evaluator.values
    group = values.group
    text = segment.irrep.text(group) if target.alternatives else short(segment, group)
    places = (Label(target.spans[n], "asked for here"), values.describe(expr.operand, operand))
    if exists and segment.mul != leaves.mul:
        given = (Segment(leaves.mul, segment.irrep).text(group),)
        values.fail(errors.wrong_multiplicity(text, given, places))
        return
    reachable: dict[Irrep, None] = {}
    for order in range(expr.first, expr.last + 1):
        reachable.update(dict.fromkeys(leaves.outputs(order, group)))
    if exists:
        values.fail(errors.nothing_left(expr.span, unique(reachable, group), places))
    else:
        values.fail(errors.not_reachable(text, "this symmetric power", unique(reachable, group), places))
