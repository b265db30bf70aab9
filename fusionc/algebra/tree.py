"""Fusion trees as values, and exact arithmetic with the maps they are.

A labelled tree is an equivariant map from the product of its leaves to its root: the isometry W = sqrt(2l+1) w3j at
every vertex. The trees of one bracketing with one root are an orthonormal basis of all such maps, so two trees over
the same leaves are compared by writing both as left combs ((a b)_k c)_l ... in one order of the leaves; F-moves and
R-moves get them there. Parity is carried along: the parity of an edge is the product of those of the leaves above it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from fusionc.algebra.irrep import Irrep
from fusionc.algebra.moves import Chain, Move, Node, State, States, applied, flattened, inverse, sort_leaves
from fusionc.algebra.surd import SurdSum


@dataclass(frozen=True, slots=True)
class Leaf:
    name: str
    irrep: Irrep


@dataclass(frozen=True, slots=True)
class Vertex:
    """(left right)_irrep. ValueError if the selection rules forbid it."""

    left: FusionTree
    right: FusionTree
    irrep: Irrep

    def __post_init__(self) -> None:
        if self.irrep not in self.left.irrep * self.right.irrep:
            raise ValueError(f"{self.left.irrep} and {self.right.irrep} do not couple to {self.irrep}")


FusionTree = Leaf | Vertex


@dataclass(frozen=True, slots=True)
class Branch:
    """A bracketing whose outgoing edge takes any of `labels`, in that order; None: whatever the rest allows, by l."""

    left: Family
    right: Family
    labels: tuple[Irrep, ...] | None = None


Family = Leaf | Branch
"""The labelled trees of one bracketing, each edge restricted to its labels."""

Labels = tuple[Irrep, ...]


@dataclass(frozen=True, slots=True)
class Combination:
    """sum of coefficient * left comb over `terms` (labels, coefficient).

    `labels` are those of the comb's edges, the root's last: n-1 of them for n leaves. Terms are sorted, no coefficient
    is zero; so two combinations over the same `leaves` are equal exactly if they are the same map.
    """

    leaves: tuple[Leaf, ...]
    terms: tuple[tuple[Labels, SurdSum], ...]

    @property
    def is_zero(self) -> bool:
        return not self.terms

    def scaled(self, factor: SurdSum) -> Combination:
        terms = tuple((labels, value * factor) for labels, value in self.terms)
        return Combination(self.leaves, terms if factor else ())

    def __add__(self, other: Combination) -> Combination:
        """ValueError if the leaves or their order differ."""
        if self.leaves != other.leaves:
            raise ValueError("combinations over different leaves have no sum")
        total = dict(self.terms)
        for labels, value in other.terms:
            total[labels] = total.get(labels, SurdSum()) + value
        return Combination(self.leaves, _sorted_terms(total.items()))

    def __neg__(self) -> Combination:
        return Combination(self.leaves, tuple((labels, -value) for labels, value in self.terms))

    def __sub__(self, other: Combination) -> Combination:
        return self + -other


class Expansion(NamedTuple):
    """`terms` within the family that was asked for; `residual`, the terms of the same bracketing outside of it."""

    terms: tuple[tuple[FusionTree, SurdSum], ...]
    residual: tuple[tuple[FusionTree, SurdSum], ...]


def leaves_of(tree: FusionTree | Family) -> tuple[Leaf, ...]:
    """From left to right."""
    return (tree,) if isinstance(tree, Leaf) else leaves_of(tree.left) + leaves_of(tree.right)


def bracketing(tree: FusionTree) -> Family:
    """The family of all trees with this one's shape, leaves and root."""

    def unlabelled(part: FusionTree) -> Family:
        return part if isinstance(part, Leaf) else Branch(unlabelled(part.left), unlabelled(part.right))

    return tree if isinstance(tree, Leaf) else Branch(unlabelled(tree.left), unlabelled(tree.right), (tree.irrep,))


def labelled_trees(family: Family) -> Iterator[FusionTree]:
    """Every labelled tree, the first edge (left before right, inner before outer) slowest."""
    if isinstance(family, Leaf):
        yield family
        return
    for left in labelled_trees(family.left):
        for right in labelled_trees(family.right):
            product = left.irrep * right.irrep
            labels = product if family.labels is None else family.labels
            yield from (Vertex(left, right, irrep) for irrep in labels if irrep in product)


def count_labelled_trees(family: Family) -> int:
    """As many as `labelled_trees` yields, without making one."""
    return sum(_count_by_root(family).values())


def _count_by_root(family: Family) -> dict[Irrep, int]:
    if isinstance(family, Leaf):
        return {family.irrep: 1}
    found: dict[Irrep, int] = {}
    right = _count_by_root(family.right)
    for a, m in _count_by_root(family.left).items():
        for b, n in right.items():
            for irrep in a * b:
                if family.labels is None or irrep in family.labels:
                    found[irrep] = found.get(irrep, 0) + m * n
    return found


def canonical(tree: FusionTree, order: tuple[str, ...]) -> Combination:
    """The tree as left combs over the leaves in `order`. ValueError unless `order` names every leaf exactly once."""
    frame = _Frame(tree)
    return _to_combs(frame, {frame.state(tree): SurdSum.of(1)}, order)


def reorder(combination: Combination, order: tuple[str, ...]) -> Combination:
    """The same map as left combs over another order of the leaves. ValueError as for `canonical`."""
    frame, states = _as_states(combination)
    return _to_combs(frame, states, order)


def expand(source: FusionTree | Combination, family: Family) -> Expansion:
    """The same map in another bracketing of the same leaves: its exact coefficients, which are unique.

    Trees are ordered by the degrees of their edges, left before right, inner before outer. ValueError if the leaves of
    `source` and `family` are not the same, or if names repeat.
    """
    order = tuple(leaf.name for leaf in leaves_of(family))
    combs = reorder(source, order) if isinstance(source, Combination) else canonical(source, order)
    if combs.leaves != leaves_of(family):
        raise ValueError("a map expands only in trees over its own leaves")
    frame = _Frame(family)
    chain, moves = frame.to_comb()
    states = {}
    for labels, value in combs.terms:
        edges = dict(zip(chain.edges[1:], (irrep.l for irrep in labels), strict=True))
        states[(*frame.degrees, *(edges[n] for n in range(len(frame.degrees), 2 * len(frame.degrees) - 1)))] = value
    for move in reversed(moves):
        states = applied(inverse(move), states)
    inside: list[tuple[FusionTree, SurdSum]] = []
    outside: list[tuple[FusionTree, SurdSum]] = []
    for state in sorted(states):
        tree = frame.tree(state)
        (inside if _is_member(tree, family) else outside).append((tree, states[state]))
    return Expansion(tuple(inside), tuple(outside))


def _is_member(tree: FusionTree, family: Family) -> bool:
    if isinstance(tree, Leaf) or isinstance(family, Leaf):
        return tree == family
    allowed = family.labels is None or tree.irrep in family.labels
    return allowed and _is_member(tree.left, family.left) and _is_member(tree.right, family.right)


def _sorted_terms(terms: Iterable[tuple[Labels, SurdSum]]) -> tuple[tuple[Labels, SurdSum], ...]:
    return tuple(sorted(((labels, value) for labels, value in terms if value), key=lambda term: term[0]))


@dataclass(slots=True)
class _Frame:
    """The edges' numbers in one bracketing."""

    shape: FusionTree | Family
    leaves: tuple[Leaf, ...] = field(init=False)
    degrees: tuple[int, ...] = field(init=False)
    root: Node = field(init=False)

    def __post_init__(self) -> None:
        self.leaves = leaves_of(self.shape)
        self.degrees = tuple(leaf.irrep.l for leaf in self.leaves)
        if len({leaf.name for leaf in self.leaves}) < len(self.leaves):
            raise ValueError("two leaves of a tree have the same name")
        leaf_edges, inner_edges = iter(range(len(self.leaves))), iter(range(len(self.leaves), 2 * len(self.leaves)))

        def number(part: FusionTree | Family) -> Node:
            if isinstance(part, Leaf):
                return next(leaf_edges)
            return (number(part.left), number(part.right), next(inner_edges))

        self.root = number(self.shape)

    def state(self, tree: FusionTree) -> State:
        return (*self.degrees, *_inner_degrees(tree))

    def tree(self, state: State) -> FusionTree:
        def build(node: Node) -> FusionTree:
            if isinstance(node, int):
                return self.leaves[node]
            left, right = build(node[0]), build(node[1])
            return Vertex(left, right, Irrep(state[node[2]], left.irrep.p * right.irrep.p))

        return build(self.root)

    def to_comb(self) -> tuple[Chain, list[Move]]:
        """The moves that turn the bracketing into the left comb with the same order of leaves."""
        moves: list[Move] = []
        return flattened(self.root, moves), moves


def _inner_degrees(tree: FusionTree) -> tuple[int, ...]:
    if isinstance(tree, Leaf):
        return ()
    return (*_inner_degrees(tree.left), *_inner_degrees(tree.right), tree.irrep.l)


def _to_combs(frame: _Frame, states: States, order: tuple[str, ...]) -> Combination:
    names = {leaf.name: n for n, leaf in enumerate(frame.leaves)}
    if sorted(names) != sorted(order):
        raise ValueError(f"the order {', '.join(order)} does not name every leaf once: {', '.join(names)}")
    chain, moves = frame.to_comb()
    sort_leaves(chain, {names[name]: n for n, name in enumerate(order)}, moves)
    for move in moves:
        states = applied(move, states)
    leaves = tuple(frame.leaves[names[name]] for name in order)
    terms = []
    for state, value in states.items():
        labels, p = [], leaves[0].irrep.p
        for leaf, edge in zip(leaves[1:], chain.edges[1:], strict=True):
            p *= leaf.irrep.p
            labels.append(Irrep(state[edge], p))
        terms.append((tuple(labels), value))
    return Combination(leaves, _sorted_terms(terms))


def _as_states(combination: Combination) -> tuple[_Frame, States]:
    comb: Family = combination.leaves[0]
    for leaf in combination.leaves[1:]:
        comb = Branch(comb, leaf)
    frame = _Frame(comb)
    return frame, {(*frame.degrees, *(irrep.l for irrep in labels)): value for labels, value in combination.terms}
