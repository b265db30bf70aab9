"""A tree applied to tensors: one path for each labelled tree of its family."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING

from fusionc.algebra.irrep import Irrep, Irreps, Segment
from fusionc.algebra.surd import Surd
from fusionc.check import errors
from fusionc.check import ir as k
from fusionc.check.coupling import default_mode
from fusionc.check.labels import Target
from fusionc.check.trees import CheckedTree, bound_labels
from fusionc.check.values import short
from fusionc.diagnostics import Label
from fusionc.diagram import ir as d

if TYPE_CHECKING:
    from fusionc.check.evaluate import Evaluator


def tree_call(evaluator: Evaluator, expr: d.TreeCall, target: Target | None) -> int | None:
    values = evaluator.values
    operands = [evaluator.evaluate(operand, None) for operand in expr.operands]
    found = tuple(value for value in operands if value is not None)
    tree = evaluator.trees.get(expr.tree)
    if tree is None or len(found) < len(operands):
        return None
    bound = bound_labels(tree, expr.bound, values.group, values.limits, values.sink)
    segments = _segments(evaluator, expr, tree, found)
    if bound is None or segments is None:
        return None
    mul = _channels(evaluator, expr, tree, found, segments)
    count = tree.count(bound)
    if mul is None or not _affordable(evaluator, expr, count, mul):
        return None
    outs = _outputs(evaluator, expr, tree, mul, count, target)
    if outs is None:
        return None
    irreps, repeats = outs
    total = count * len(repeats) if target is not None else count
    weights: int | None = None
    if expr.weights is not None:
        weights = evaluator.weights(
            expr.weights, total * mul, expr.span, f"{errors.counted(total, 'tree')} of {errors.counted(mul, 'channel')}"
        )
        if weights is None:
            return None
    paths = _paths(expr, tree, bound, segments, mul, repeats, target is not None)
    return values.emit(k.TreeProduct(found, weights, paths), irreps, expr.space, expr.span)


def _segments(
    evaluator: Evaluator, expr: d.TreeCall, tree: CheckedTree, operands: tuple[int, ...]
) -> tuple[int, ...] | None:
    """For each leaf the segment of its operand that has its label."""
    values = evaluator.values
    chosen: list[int] = []
    for (leaf, irrep), operand, value in zip(tree.leaves, expr.operands, operands, strict=True):
        irreps = values.irreps(value)
        fitting = [n for n, own in enumerate(irreps) if own.irrep == irrep and own.mul]
        if len(fitting) != 1:
            text, label = values.text(irreps), irrep.text(values.group)
            values.fail(errors.no_leaf_segment(tree.name, leaf, label, operand.span, text, len(fitting)))
        else:
            chosen.append(fitting[0])
    return tuple(chosen) if len(chosen) == len(operands) else None


def _channels(
    evaluator: Evaluator, expr: d.TreeCall, tree: CheckedTree, operands: tuple[int, ...], segments: tuple[int, ...]
) -> int | None:
    """The multiplicity of the result: equal ones go together, a multiplicity of one is shared."""
    values = evaluator.values
    muls: dict[str, int] = {}
    for (leaf, _), value, segment in zip(tree.leaves, operands, segments, strict=True):
        muls[leaf] = values.irreps(value)[segment].mul
    for node in tree.nodes:
        left, right = muls[node.left], muls[node.right]
        if default_mode(left, right, both_sides=True) is None:
            text = f"vertex `{node.name}`" if not node.name.startswith("#") else "a vertex"
            places = (Label(expr.span, f"{text} joins {left} and {right} channels"),)
            values.fail(errors.mode_does_not_fit(None, left, right, (), places))
            return None
        muls[node.name] = max(left, right)
    return muls[tree.nodes[-1].name]


def _affordable(evaluator: Evaluator, expr: d.TreeCall, count: int, mul: int) -> bool:
    values = evaluator.values
    if count == 0:
        values.fail(errors.no_tree_left(expr.tree, expr.span))
        return False
    if count > values.limits.trees:
        limit = values.limits.trees
        values.fail(errors.over_limit("the number of labelled trees", count, limit, "trees", expr.span))
        return False
    return values.count_paths(count, expr.span) and values.count_weights(count * mul, expr.span)


def _outputs(
    evaluator: Evaluator, expr: d.TreeCall, tree: CheckedTree, mul: int, count: int, target: Target | None
) -> tuple[Irreps, tuple[int, ...]] | None:
    """The irreps of the result, and the output segments that each labelled tree adds to."""
    values = evaluator.values
    own = Segment(mul, tree.root)
    if target is None:
        return Irreps((own,) * count), ()
    irreps = Irreps(tuple(Segment(mul, s.irrep) for s in target.irreps)) if target.alternatives else target.irreps
    outs: list[int] = []
    for n, segment in enumerate(irreps):
        if not segment.mul:
            continue
        if segment != own:
            places = (Label(target.spans[n], "asked for here"), Label(expr.span, f"this is {short(own, values.group)}"))
            text = short(segment, values.group)
            if segment.irrep == tree.root:
                values.fail(errors.wrong_multiplicity(text, (own.text(values.group),), places))
            else:
                reachable = (tree.root.text(values.group),)
                values.fail(errors.not_reachable(text, f"the tree `{tree.name}`", reachable, places))
            return None
        outs.append(n)
    return irreps, tuple(outs)


def _paths(
    expr: d.TreeCall,
    tree: CheckedTree,
    bound: Mapping[str, tuple[Irrep, ...]],
    segments: tuple[int, ...],
    mul: int,
    outs: tuple[int, ...],
    summed: bool,
) -> tuple[k.TreePath, ...]:
    labelled = [tree.labelled(labelling) for labelling in islice(tree.labellings(bound), None)]
    leaves = tuple(name for name, _ in tree.leaves)
    places = (
        [(one, out) for out in outs for one in labelled]
        if summed
        else list(zip(labelled, range(len(labelled)), strict=True))
    )
    below = len(labelled) if summed and expr.path_norm is not d.PathNorm.NONE else 1
    factor = Surd.sqrt(Fraction(1, below))
    paths: list[k.TreePath] = []
    for n, (one, out) in enumerate(places):
        weight = None if expr.weights is None else k.WeightSlice(n * mul, (mul,))
        paths.append(k.TreePath(one, leaves, segments, out, factor, weight))
    return tuple(paths)
