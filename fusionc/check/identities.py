"""`check` lines, decided exactly: both sides in the orthonormal basis of left combs over one order of the leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fusionc.algebra.irrep import Group, Irrep
from fusionc.algebra.surd import Surd, SurdSum
from fusionc.algebra.tree import Combination, FusionTree, canonical, combine, expand
from fusionc.check import errors
from fusionc.check import ir as k
from fusionc.check.trees import CheckedTree, Labelling, bound_labels
from fusionc.diagnostics import Sink
from fusionc.diagram import ir as d
from fusionc.options import Limits

SHOWN = 8
"""Coefficients of a difference that are printed."""


@dataclass(frozen=True, slots=True)
class Term:
    """A labelled tree with its factor, and as it is written."""

    factor: SurdSum
    tree: FusionTree
    text: str


@dataclass(frozen=True, slots=True)
class Family:
    """The labelled trees that `recouple` ranges over."""

    tree: CheckedTree
    over: tuple[str, ...]
    members: tuple[Term, ...]


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
        fixed = [node.name for node in tree.edges if node.name not in term.over]
        open_ = [node.name for node in tree.edges if node.name in fixed and len(bound.get(node.name, node.labels)) > 1]
        if open_:
            self.sink.add(errors.open_edges(tree.name, term.span, open_, tree.count(bound)))
            return None
        return self._members(tree, bound, (*bound, *term.over), term.over)

    def _members(
        self, tree: CheckedTree, bound: Mapping[str, tuple[Irrep, ...]], shown: tuple[str, ...], over: tuple[str, ...]
    ) -> Family:
        members = tuple(
            Term(SurdSum.of(1), tree.labelled(labelling), self._text(tree, labelling, shown))
            for labelling in tree.labellings(bound)
        )
        return Family(tree, over, members)

    # ----------------------------------------------------------- decisions

    def _recouple(
        self, check: d.Check, left: tuple[Term, ...], term: d.TreeTerm, order: tuple[str, ...]
    ) -> k.Identity | None:
        family = self._family(term)
        if family is None:
            return None
        target = _combination(left, order)
        found = expand(target, [member.tree for member in family.members], order)
        if found.residual:
            lines = ("what is left over, " + self._basis(order), *self._coefficients(found.residual, order))
            self.sink.add(errors.not_in_span(term.span, family.tree.name, family.over, lines))
            return None
        pairs = zip(found.coefficients, family.members, strict=True)
        return k.Identity(f"{_sum(left)} = {_sum(tuple(Term(c, m.tree, m.text) for c, m in pairs))}", check.span)

    def _compare(
        self, check: d.Check, left: tuple[Term, ...], right: tuple[Term, ...], order: tuple[str, ...]
    ) -> k.Identity | None:
        a, b = _combination(left, order), _combination(right, order)
        difference = combine([(SurdSum.of(1), a), (SurdSum.of(-1), b)])
        if not difference:
            return k.Identity(f"{_sum(left)} = {_sum(right)}", check.span)
        lines = ["coefficients of both sides and their difference, " + self._basis(order)]
        one, other = dict(a), dict(b)
        for labels, gap in difference[:SHOWN]:
            values = (one.get(labels, SurdSum()), other.get(labels, SurdSum()))
            lines.append(f"{self._labels(labels)}: {values[0]} and {values[1]}, difference {gap}")
        if len(difference) > SHOWN:
            lines.append(f"... and {len(difference) - SHOWN} more")
        lines.extend(self._truth(check, left, a, order))
        self.sink.add(errors.false_check(check.span, tuple(lines)))
        return None

    def _truth(
        self, check: d.Check, left: tuple[Term, ...], target: Combination, order: tuple[str, ...]
    ) -> tuple[str, ...]:
        """What the right side should have been, when it is made of one tree."""
        names = tuple(dict.fromkeys(term.tree for term in check.right))
        if len(names) > 1:
            return ()
        tree = self.trees[names[0]]
        edges = tuple(node.name for node in tree.edges if not node.name.startswith("#"))
        family = self._members(tree, {}, edges, edges)
        if len(family.members) > self.limits.leaves * SHOWN:
            return ()
        found = expand(target, [member.tree for member in family.members], order)
        if found.residual:
            return ()
        pairs = zip(found.coefficients, family.members, strict=True)
        return (f"true is: {_sum(left)} = {_sum(tuple(Term(c, m.tree, m.text) for c, m in pairs))}",)

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

    def _coefficients(self, combination: Combination, order: tuple[str, ...]) -> tuple[str, ...]:
        lines = [f"{self._labels(labels)}: {factor}" for labels, factor in combination[:SHOWN]]
        if len(combination) > SHOWN:
            lines.append(f"... and {len(combination) - SHOWN} more")
        return tuple(lines)


def _combination(terms: tuple[Term, ...], order: tuple[str, ...]) -> Combination:
    return combine([(term.factor, canonical(term.tree, order)) for term in terms])


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
