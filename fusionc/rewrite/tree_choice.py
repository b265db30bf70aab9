"""Which trees a symmetric power is evaluated by: of all bases, one whose couplings cost little together.

A tree costs its weights, and what it makes that no chosen tree makes already: products of components, couplings with
constants, the matrix that its last leaf is multiplied by. For each space of trees a basis is chosen greedily, by least
cost beside what the others use; then each space in turn chooses anew, as long as that lowers the total. Greedy choice
is exact for costs that only add up (a matroid); the search as a whole is bounded by PASSES and CANDIDATES.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from fusionc.algebra.clebsch import coupling
from fusionc.algebra.irrep import Irrep
from fusionc.algebra.relations import Span, Tree, Values
from fusionc.network.straight_line import matrix, products, symmetric_nonzeros

PASSES = 6
CANDIDATES = 160
"""Trees that are looked at for one space beyond those it already has, cheapest first."""

Feature = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """A space of trees: those of one sum over one choice of leaves, of this dimension.

    `leaves` number the tensors in `irreps`; `given` are the trees that the network has.
    """

    sum: int
    leaves: tuple[int, ...]
    out: Irrep
    dimension: int
    given: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    tree: Tree
    own: int
    features: tuple[tuple[Feature, int], ...]


def choose(irreps: tuple[Irrep, ...], tasks: tuple[Task, ...]) -> tuple[tuple[Tree, ...], ...]:
    """A basis for each task."""
    best: list[tuple[Candidate, ...]] | None = None
    pools = [_Pool(irreps, task) for task in tasks]
    orders = (range(len(tasks)), range(len(tasks) - 1, -1, -1), sorted(range(len(tasks)), key=lambda n: pools[n].room))
    for order in orders:
        found = _descend(pools, tuple(order))
        if best is None or _total(found) < _total(best):
            best = found
    return tuple(tuple(c.tree for c in chosen) for chosen in best or ())


def _descend(pools: list[_Pool], order: tuple[int, ...]) -> list[tuple[Candidate, ...]]:
    chosen: list[tuple[Candidate, ...]] = [() for _ in pools]
    used: Counter[Feature] = Counter()
    for n in order:
        chosen[n] = pools[n].basis(used)
        used.update(_features(chosen[n]))
    total = _total(chosen)
    for _ in range(PASSES):
        before = total
        for n in order:
            used.subtract(_features(chosen[n]))
            old, chosen[n] = chosen[n], pools[n].basis(used)
            if (now := _total(chosen)) < total:
                total = now
            else:
                chosen[n] = old
            used.update(_features(chosen[n]))
        if total == before:
            break
    return chosen


def _features(chosen: tuple[Candidate, ...]) -> list[Feature]:
    return [feature for candidate in chosen for feature, _ in candidate.features]


def _total(chosen: list[tuple[Candidate, ...]]) -> int:
    costs = {feature: cost for many in chosen for candidate in many for feature, cost in candidate.features}
    return sum(costs.values()) + sum(candidate.own for many in chosen for candidate in many)


class _Pool:
    """The trees of one task, with their values."""

    def __init__(self, irreps: tuple[Irrep, ...], task: Task) -> None:
        self.task = task
        self.values = Values(irreps, task.dimension // task.out.dim + 2)
        trees = list(dict.fromkeys(_trees(irreps, task.leaves, task.out)))
        found = [Candidate(t, *_costs(self.values, t, task.sum)) for t in trees]
        found.sort(key=lambda c: c.own + sum(cost for _, cost in c.features))
        self.candidates = self._bounded(found)
        self.room = len(self.candidates) - task.dimension

    def _bounded(self, found: list[Candidate]) -> list[Candidate]:
        """The first CANDIDATES, and those after them that are needed to span the space."""
        if len(found) <= CANDIDATES:
            return found
        span, kept = Span(), []
        for number, candidate in enumerate(found):
            if span.size == self.task.dimension and number >= CANDIDATES:
                break
            new = span.size < self.task.dimension and span.add(self.values.row(candidate.tree))
            if new or number < CANDIDATES:
                kept.append(candidate)
        return kept

    def basis(self, used: Counter[Feature]) -> tuple[Candidate, ...]:
        span = Span()
        rest = list(self.candidates)
        chosen: list[Candidate] = []
        taken: set[Feature] = set()
        while span.size < self.task.dimension:
            costs = [_marginal(candidate, used, taken) for candidate in rest]
            best = min(range(len(rest)), key=costs.__getitem__)
            candidate = rest.pop(best)
            if span.add(self.values.row(candidate.tree)):
                chosen.append(candidate)
                taken.update(feature for feature, _ in candidate.features)
        return tuple(chosen)


def _marginal(candidate: Candidate, used: Counter[Feature], taken: set[Feature]) -> int:
    return candidate.own + sum(cost for f, cost in candidate.features if not used[f] and f not in taken)


# ---------------------------------------------------------------------- trees


def _trees(irreps: tuple[Irrep, ...], leaves: tuple[int, ...], out: Irrep) -> Iterator[Tree]:
    """Left combs over the leaves in any order, and products of two pairs; none that vanishes by its first pair."""
    yield from _combs(irreps, leaves, out)
    if len(leaves) == 4:
        for n in range(1, 4):
            first, second = (leaves[0], leaves[n]), tuple(leaves[m] for m in range(1, 4) if m != n)
            for a in _labels(irreps, first):
                for b in _labels(irreps, second):
                    left, right = (*first, a), (second[0], second[1], b)
                    if out in a * b and not (left == right and (2 * a.l + out.l) % 2):
                        yield (left, right, out)


def _labels(irreps: tuple[Irrep, ...], pair: tuple[int, ...]) -> list[Irrep]:
    a, b = pair
    return [label for label in irreps[a] * irreps[b] if a != b or label.l % 2 == 0]


@cache
def _combs(irreps: tuple[Irrep, ...], leaves: tuple[int, ...], out: Irrep) -> tuple[Tree, ...]:
    if len(leaves) == 2:
        a, b = leaves
        return ((a, b, out),) if out in _labels(irreps, leaves) else ()
    found: list[Tree] = []
    for n, last in enumerate(leaves):
        if n and leaves[n - 1] == last:
            continue
        for label in out * irreps[last]:
            found += [(tree, last, out) for tree in _combs(irreps, leaves[:n] + leaves[n + 1 :], label)]
    return tuple(found)


# ---------------------------------------------------------------------- costs


def _costs(values: Values, tree: Tree, sum_: int) -> tuple[int, tuple[tuple[Feature, int], ...]]:
    """What a tree alone costs, its weights, and what it shares with others that need the same."""
    assert not isinstance(tree, int)
    left, right, out = tree
    a, b = values.label(left), values.label(right)
    ls = (a.l, b.l, out.l)
    features = [*_inner(values, left), *_inner(values, right)]
    constants = 0 if out.l == 0 or b.l == 0 else len(coupling(*ls))
    features.append((("sum", sum_, right, a), constants))
    features += [(("matrix", sum_, right, j, k), 1) for j, k in sorted(matrix(*ls))]
    return a.dim, tuple(features)


def _inner(values: Values, tree: Tree) -> Iterator[tuple[Feature, int]]:
    if isinstance(tree, int):
        return
    left, right, out = tree
    yield from _inner(values, left)
    yield from _inner(values, right)
    ls = (values.label(left).l, values.label(right).l, out.l)
    if left == right:
        constants, pairs = symmetric_nonzeros(ls[0], out.l)
    else:
        constants, pairs = len(coupling(*ls)), products(*ls)
    yield ("tree", tree), 0 if 0 in ls else constants
    yield from ((("product", left, right, i, j), 1) for i, j in sorted(pairs))
