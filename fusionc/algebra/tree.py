"""Fusion trees as values, and exact arithmetic with the maps they are.

A labelled tree is an equivariant map from the product of its leaves to its root: the isometry W = sqrt(2l+1) w3j at
every vertex. The trees of one bracketing with one root are an orthonormal basis of all such maps, so two trees over
the same leaves are compared by writing both as left combs ((a b)_k c)_l ... in one order of the leaves; F-moves and
R-moves get them there. Parity is carried along: the parity of an edge is the product of those of the leaves above it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple, assert_never

from fusionc.algebra.irrep import Irrep
from fusionc.algebra.recoupling import f_symbol
from fusionc.algebra.surd import Surd, SurdSum


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
        states = _applied(_inverse(move), states)
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


# The rewriting itself works on numbered edges: the n leaves from left to right, then the vertices' outgoing edges from
# the inside out. A state is the degree of every edge. A move changes the shape for all states of a combination alike,
# and keeps the edges' numbers.

_State = tuple[int, ...]
_States = dict[_State, SurdSum]
_Node = int | tuple["_Node", "_Node", int]


class _Exchange(NamedTuple):
    """(a b)_root = +-(b a)_root."""

    a: int
    b: int
    root: int


class _Recouple(NamedTuple):
    """(a (b c)_edge)_root to ((a b)_edge c)_root, or back if not `leftwards`."""

    a: int
    b: int
    c: int
    root: int
    edge: int
    leftwards: bool


_Move = _Exchange | _Recouple


@dataclass(slots=True)
class _Chain:
    """A left comb: `edges[n]` joins the first n+1 leaves, so `edges[0]` is `leaves[0]`."""

    leaves: list[int]
    edges: list[int]


@dataclass(slots=True)
class _Frame:
    """The edges' numbers in one bracketing."""

    shape: FusionTree | Family
    leaves: tuple[Leaf, ...] = field(init=False)
    degrees: tuple[int, ...] = field(init=False)
    root: _Node = field(init=False)

    def __post_init__(self) -> None:
        self.leaves = leaves_of(self.shape)
        self.degrees = tuple(leaf.irrep.l for leaf in self.leaves)
        if len({leaf.name for leaf in self.leaves}) < len(self.leaves):
            raise ValueError("two leaves of a tree have the same name")
        leaf_edges, inner_edges = iter(range(len(self.leaves))), iter(range(len(self.leaves), 2 * len(self.leaves)))

        def number(part: FusionTree | Family) -> _Node:
            if isinstance(part, Leaf):
                return next(leaf_edges)
            return (number(part.left), number(part.right), next(inner_edges))

        self.root = number(self.shape)

    def state(self, tree: FusionTree) -> _State:
        return (*self.degrees, *_inner_degrees(tree))

    def tree(self, state: _State) -> FusionTree:
        def build(node: _Node) -> FusionTree:
            if isinstance(node, int):
                return self.leaves[node]
            left, right = build(node[0]), build(node[1])
            return Vertex(left, right, Irrep(state[node[2]], left.irrep.p * right.irrep.p))

        return build(self.root)

    def to_comb(self) -> tuple[_Chain, list[_Move]]:
        """The moves that turn the bracketing into the left comb with the same order of leaves."""
        moves: list[_Move] = []
        return _flattened(self.root, moves), moves


def _inner_degrees(tree: FusionTree) -> tuple[int, ...]:
    if isinstance(tree, Leaf):
        return ()
    return (*_inner_degrees(tree.left), *_inner_degrees(tree.right), tree.irrep.l)


def _flattened(node: _Node, moves: list[_Move]) -> _Chain:
    if isinstance(node, int):
        return _Chain([node], [node])
    left, right, root = _flattened(node[0], moves), _flattened(node[1], moves), node[2]
    outer = root
    for n in range(len(right.leaves) - 1, 0, -1):
        moves.append(_Recouple(left.edges[-1], right.edges[n - 1], right.leaves[n], outer, right.edges[n], True))
        outer = right.edges[n]
    return _Chain(left.leaves + right.leaves, [*left.edges, *right.edges[1:], root])


def _sort(chain: _Chain, rank: Mapping[int, int], moves: list[_Move]) -> None:
    """Bubble sort: neighbours ((x a)_m b)_n are exchanged by R, F and R."""
    for end in range(len(chain.leaves) - 1, 0, -1):
        for n in range(end):
            a, b = chain.leaves[n], chain.leaves[n + 1]
            if rank[a] < rank[b]:
                continue
            if n == 0:
                moves.append(_Exchange(a, b, chain.edges[1]))
                chain.edges[0] = b
            else:
                before, middle, after = chain.edges[n - 1 : n + 2]
                moves.append(_Exchange(middle, b, after))
                moves.append(_Recouple(b, before, a, after, middle, True))
                moves.append(_Exchange(b, before, middle))
            chain.leaves[n], chain.leaves[n + 1] = b, a


def _to_combs(frame: _Frame, states: _States, order: tuple[str, ...]) -> Combination:
    names = {leaf.name: n for n, leaf in enumerate(frame.leaves)}
    if sorted(names) != sorted(order):
        raise ValueError(f"the order {', '.join(order)} does not name every leaf once: {', '.join(names)}")
    chain, moves = frame.to_comb()
    _sort(chain, {names[name]: n for n, name in enumerate(order)}, moves)
    for move in moves:
        states = _applied(move, states)
    leaves = tuple(frame.leaves[names[name]] for name in order)
    terms = []
    for state, value in states.items():
        labels, p = [], leaves[0].irrep.p
        for leaf, edge in zip(leaves[1:], chain.edges[1:], strict=True):
            p *= leaf.irrep.p
            labels.append(Irrep(state[edge], p))
        terms.append((tuple(labels), value))
    return Combination(leaves, _sorted_terms(terms))


def _as_states(combination: Combination) -> tuple[_Frame, _States]:
    comb: Family = combination.leaves[0]
    for leaf in combination.leaves[1:]:
        comb = Branch(comb, leaf)
    frame = _Frame(comb)
    return frame, {(*frame.degrees, *(irrep.l for irrep in labels)): value for labels, value in combination.terms}


def _inverse(move: _Move) -> _Move:
    return move._replace(leftwards=not move.leftwards) if isinstance(move, _Recouple) else move


def _applied(move: _Move, states: _States) -> _States:
    match move:
        case _Exchange(a, b, root):
            return {s: -value if (s[a] + s[b] + s[root]) % 2 else value for s, value in states.items()}
        case _Recouple():
            return _recoupled(move, states)
        case _:
            assert_never(move)


def _recoupled(move: _Recouple, states: _States) -> _States:
    found: _States = {}
    edge = move.edge
    for state, value in states.items():
        a, b, c, root = state[move.a], state[move.b], state[move.c], state[move.root]
        for new, factor in _recoupling_row(a, b, c, root, state[edge], move.leftwards):
            target = (*state[:edge], new, *state[edge + 1 :])
            found[target] = found.get(target, SurdSum()) + value * factor
    return {state: value for state, value in found.items() if value}


@cache
def _recoupling_row(a: int, b: int, c: int, root: int, old: int, leftwards: bool) -> tuple[tuple[int, SurdSum], ...]:
    first, second, rest = (a, b, c) if leftwards else (b, c, a)
    low = max(abs(first - second), abs(rest - root))
    found = []
    for new in range(low, min(first + second, rest + root) + 1):
        symbol: Surd = f_symbol(a, b, c, root, new, old) if leftwards else f_symbol(a, b, c, root, old, new)
        if symbol:
            found.append((new, SurdSum.of(symbol)))
    return tuple(found)
