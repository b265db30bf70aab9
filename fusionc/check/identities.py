"""`check` lines, decided exactly: both sides in the orthonormal basis of left combs over one order of the leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fusionc.algebra.irrep import Group, Irrep
from fusionc.algebra.surd import Surd, SurdSum
from fusionc.algebra.tree import Branch, Combination, FusionTree, canonical, expand
from fusionc.check import errors
from fusionc.check import ir as k
from fusionc.check.trees import CheckedTree, Labelling, bound_labels
from fusionc.diagnostics import Sink
from fusionc.diagram import ir as d
from fusionc.options import Limits

SHOWN = 8
"""Coefficients that an error prints."""


@dataclass(frozen=True, slots=True)
class Term:
    """A labelled tree with its factor, and as it is written."""

    factor: SurdSum
    tree: FusionTree
    text: str


@dataclass(frozen=True, slots=True)
class Family:
    """The labelled trees that `recouple` ranges over, and the edges that tell them apart in print."""

    tree: CheckedTree
    over: tuple[str, ...]
    shown: tuple[str, ...]
    trees: Branch


class IdentityChecker:
    """Decides the checks of one program."""

    def __init__(self, trees: Mapping[str, CheckedTree], group: Group, limits: Limits, sink: Sink) -> None:
        self.trees = trees
        self.group = group
        self.limits = limits
        self.sink = sink

    def check(self, check: d.Check) -> k.Identity | None:
        """None after an error, and when it needs a tree that is wrong."""
        sides = (check.left, check.right)
        if any(term.tree not in self.trees for side in sides for term in side) or not self._comparable(check):
            return None
        if check.left[0].over:
            sides = (check.right, check.left)
        left = self._terms(sides[0])
        order = tuple(name for name, _ in self.trees[sides[0][0].tree].leaves)
        if left is None or not self._affordable(check, order):
            return None
        if sides[1][0].over:
            return self._recouple(check, left, sides[1][0], order)
        right = self._terms(sides[1])
        return None if right is None else self._compare(check, left, right, order)

    # --------------------------------------------------------------- terms

    def _comparable(self, check: d.Check) -> bool:
        """Whether all trees map the same leaves to the same root."""
        first, *others = (*check.left, *check.right)
        tree = self.trees[first.tree]
        for term in others:
            other = self.trees[term.tree]
            text = ""
            if dict(other.leaves) != dict(tree.leaves):
                text = f"maps {self._leaves(other)}, not {self._leaves(tree)}"
            elif other.root != tree.root:
                text = f"maps to {other.root.text(self.group)}, not to {tree.root.text(self.group)}"
            if text:
                message = f"`{tree.name}` and `{other.name}` are maps between different spaces"
                self.sink.add(errors.different_spaces(term.span, message, first.span, text))
                return False
        return True

    def _leaves(self, tree: CheckedTree) -> str:
        return ", ".join(f"{name}: {irrep.text(self.group)}" for name, irrep in tree.leaves)

    def _affordable(self, check: d.Check, order: tuple[str, ...]) -> bool:
        """Whether the basis is small enough, counted without listing it."""
        tree = self.trees[check.left[0].tree]
        leaves = dict(tree.leaves)
        ways: dict[Irrep, int] = {leaves[order[0]]: 1}
        for name in order[1:]:
            longer: dict[Irrep, int] = {}
            for irrep, count in ways.items():
                for out in irrep * leaves[name]:
                    longer[out] = longer.get(out, 0) + count
            ways = longer
        size = ways.get(tree.root, 0)
        if size > self.limits.trees:
            limit = self.limits.trees
            self.sink.add(errors.over_limit("the number of labelled trees", size, limit, "trees", check.span))
            return False
        return True

    def _terms(self, side: tuple[d.TreeTerm, ...]) -> tuple[Term, ...] | None:
        terms = [self._term(term) for term in side]
        found = tuple(term for term in terms if term is not None)
        return found if len(found) == len(terms) else None

    def _term(self, term: d.TreeTerm) -> Term | None:
        tree = self.trees[term.tree]
        bound = bound_labels(tree, term.bound, self.group, self.limits, self.sink)
        if bound is None:
            return None
        count = tree.count(bound)
        if count != 1:
            free = [node.name for node in tree.edges if len(bound.get(node.name, node.labels)) > 1]
            self.sink.add(errors.open_edges(tree.name, term.span, free, count))
            return None
        labelling = next(tree.labellings(bound))
        factor = Surd.sqrt(term.factor) if term.root else Surd.of(term.factor)
        signed = SurdSum.of(factor if term.sign > 0 else -factor)
        return Term(signed, tree.labelled(labelling), self._text(tree, labelling, tuple(bound)))

    def _text(self, tree: CheckedTree, labelling: Labelling, edges: tuple[str, ...]) -> str:
        shown = [f"{edge}={irrep.text(self.group)}" for edge, irrep in labelling if edge in edges]
        return f"{tree.name}({', '.join(shown)})"

    def _family(self, term: d.TreeTerm) -> Family | None:
        tree = self.trees[term.tree]
        bound = bound_labels(tree, term.bound, self.group, self.limits, self.sink)
        if bound is None:
            return None
        fixed = [node for node in tree.edges if node.name not in term.over]
        free = [node.name for node in fixed if len(bound.get(node.name, node.labels)) > 1]
        if free:
            self.sink.add(errors.open_edges(tree.name, term.span, free, tree.count(bound)))
            return None
        return Family(tree, term.over, (*bound, *term.over), tree.family(bound))

    # ----------------------------------------------------------- decisions

    def _recouple(
        self, check: d.Check, left: tuple[Term, ...], term: d.TreeTerm, order: tuple[str, ...]
    ) -> k.Identity | None:
        family = self._family(term)
        if family is None:
            return None
        found = expand(_combination(left, order), family.trees)
        inside, outside = self._expanded(family, found.terms), self._expanded(family, found.residual)
        if found.residual:
            line = f"true is: {_sum(left)} = {_sum((*inside, *outside))}"
            self.sink.add(errors.not_in_span(term.span, family.tree.name, family.over, (line,)))
            return None
        return k.Identity(f"{_sum(left)} = {_sum(inside)}", check.span)

    def _expanded(self, family: Family, terms: tuple[tuple[FusionTree, SurdSum], ...]) -> tuple[Term, ...]:
        """Terms of an expansion; those outside of the family are told apart by all their edges that have a name."""
        found: list[Term] = []
        for tree, factor in terms:
            labelling = family.tree.labelling(tree)
            own = [irrep in node.labels for (_, irrep), node in zip(labelling, family.tree.edges, strict=True)]
            shown = family.shown if all(own) else tuple(name for name, _ in labelling if not name.startswith("#"))
            found.append(Term(factor, tree, self._text(family.tree, labelling, shown)))
        return tuple(found)

    def _compare(
        self, check: d.Check, left: tuple[Term, ...], right: tuple[Term, ...], order: tuple[str, ...]
    ) -> k.Identity | None:
        a, b = _combination(left, order), _combination(right, order)
        difference = a - b
        if difference.is_zero:
            return k.Identity(f"{_sum(left)} = {_sum(right)}", check.span)
        one, other = dict(a.terms), dict(b.terms)
        lines = [f"left side, right side and their difference, {self._basis(order)}"]
        for labels, gap in difference.terms[:SHOWN]:
            values = (one.get(labels, SurdSum()), other.get(labels, SurdSum()))
            lines.append(f"{self._labels(labels)}: {values[0]}, {values[1]}, {gap}")
        if len(difference.terms) > SHOWN:
            lines.append(f"... and {len(difference.terms) - SHOWN} more")
        self.sink.add(errors.false_check(check.span, (*lines, *self._truth(check, left, a))))
        return None

    def _truth(self, check: d.Check, left: tuple[Term, ...], target: Combination) -> tuple[str, ...]:
        """What the right side should have been, when it is made of one tree."""
        names = tuple(dict.fromkeys(term.tree for term in check.right))
        if len(names) > 1:
            return ()
        tree = self.trees[names[0]]
        edges = tuple(node.name for node in tree.edges if not node.name.startswith("#"))
        family = Family(tree, edges, edges, tree.family({}))
        found = expand(target, family.trees)
        terms = self._expanded(family, (*found.terms, *found.residual))
        return (f"true is: {_sum(left)} = {_sum(terms)}",) if len(terms) <= SHOWN else ()

    # ------------------------------------------------------------- wording

    def _basis(self, order: tuple[str, ...]) -> str:
        """The basis in words: `in the basis ((a b)_k c)`."""
        comb = order[0]
        for n, name in enumerate(order[1:], 2):
            comb = f"({comb} {name})" + (f"_k{n}" if n < len(order) else "")
        return f"in the basis {comb}:"

    def _labels(self, labels: tuple[Irrep, ...]) -> str:
        inner = [f"k{n}={irrep.text(self.group)}" for n, irrep in enumerate(labels[:-1], 2)]
        return ", ".join(inner) or "the only element"


def _combination(terms: tuple[Term, ...], order: tuple[str, ...]) -> Combination:
    parts = [canonical(term.tree, order).scaled(term.factor) for term in terms]
    return sum(parts[1:], parts[0])


def _sum(terms: tuple[Term, ...]) -> str:
    """`-sqrt(1/3) right(f=0e) + 1/2 right(f=1e)`, without the terms that vanish; it can be pasted into a `check`."""
    text = ""
    for term in terms:
        for surd in _surds(term.factor):
            size = str(abs(surd))
            part = term.text if size == "1" else f"{size} {term.text}"
            if text:
                text += f" - {part}" if surd.sign < 0 else f" + {part}"
            else:
                text = f"-{part}" if surd.sign < 0 else part
    return text or "0"


def _surds(value: SurdSum) -> tuple[Surd, ...]:
    """The square roots that add up to a value."""
    return tuple(Surd.of(factor) * Surd.sqrt(radicand) for radicand, factor in value.terms)
