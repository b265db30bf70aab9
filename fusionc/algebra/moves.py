"""F-moves and R-moves on all the labelled trees of a combination at once.

The edges of a tree are numbered: the n leaves from left to right, then the outgoing edges of the vertices. A state is
the degree of every edge. A move changes the shape for all states of a combination alike, and edges keep their numbers;
so that the moves from one bracketing to another depend on the bracketings only, and are undone in reverse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, assert_never

from fusionc.algebra.recoupling import f_symbol
from fusionc.algebra.surd import SurdSum

State = tuple[int, ...]
States = dict[State, SurdSum]
Node = int | tuple["Node", "Node", int]
"""A leaf's edge, or (left, right, outgoing edge)."""


class Exchange(NamedTuple):
    """(a b)_root = +-(b a)_root."""

    a: int
    b: int
    root: int


class Recouple(NamedTuple):
    """(a (b c)_edge)_root to ((a b)_edge c)_root, or back if not `leftwards`."""

    a: int
    b: int
    c: int
    root: int
    edge: int
    leftwards: bool


Move = Exchange | Recouple


@dataclass(slots=True)
class Chain:
    """A left comb: `edges[n]` joins the first n+1 leaves, so `edges[0]` is `leaves[0]`."""

    leaves: list[int]
    edges: list[int]


def flattened(node: Node, moves: list[Move]) -> Chain:
    """The left comb with the same order of leaves; appends the moves that lead to it."""
    if isinstance(node, int):
        return Chain([node], [node])
    left, right, root = flattened(node[0], moves), flattened(node[1], moves), node[2]
    outer = root
    for n in range(len(right.leaves) - 1, 0, -1):
        moves.append(Recouple(left.edges[-1], right.edges[n - 1], right.leaves[n], outer, right.edges[n], True))
        outer = right.edges[n]
    return Chain(left.leaves + right.leaves, [*left.edges, *right.edges[1:], root])


def sort_leaves(chain: Chain, rank: Mapping[int, int], moves: list[Move]) -> None:
    """Order the leaves by `rank`, in place; appends the moves.

    A bubble sort, in which neighbours ((x a)_m b)_n change places by R, F and R: a single 6j symbol.
    """
    for end in range(len(chain.leaves) - 1, 0, -1):
        for n in range(end):
            a, b = chain.leaves[n], chain.leaves[n + 1]
            if rank[a] < rank[b]:
                continue
            if n == 0:
                moves.append(Exchange(a, b, chain.edges[1]))
                chain.edges[0] = b
            else:
                before, middle, after = chain.edges[n - 1 : n + 2]
                moves.append(Exchange(middle, b, after))
                moves.append(Recouple(b, before, a, after, middle, True))
                moves.append(Exchange(b, before, middle))
            chain.leaves[n], chain.leaves[n + 1] = b, a


def inverse(move: Move) -> Move:
    return move._replace(leftwards=not move.leftwards) if isinstance(move, Recouple) else move


def applied(move: Move, states: States) -> States:
    match move:
        case Exchange(a, b, root):
            return {s: -value if (s[a] + s[b] + s[root]) % 2 else value for s, value in states.items()}
        case Recouple():
            return _recoupled(move, states)
        case _:
            assert_never(move)


def _recoupled(move: Recouple, states: States) -> States:
    found: States = {}
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
        symbol = f_symbol(a, b, c, root, new, old) if leftwards else f_symbol(a, b, c, root, old, new)
        if symbol:
            found.append((new, SurdSum.of(symbol)))
    return tuple(found)
