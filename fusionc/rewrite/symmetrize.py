"""`symmetrize`: sums of trees of the same leaves, evaluated by a cheap basis of the space that they span.

Most trees over identical leaves depend on each other, and so do trees of the same leaves in other bracketings. The
trees T_t of a sum with weights w_t, as checked, are combinations T_t = sum_s Q_ts S_s of a basis S: the sum is taken
over S with the weights w'_s = sum_t Q_ts w_t. So parameters keep their meaning, and the user's own basis, whatever the
compiler evaluates. Q is exact: each entry is one signed root.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from fusionc.algebra.clebsch import is_flipped
from fusionc.algebra.irrep import Irrep
from fusionc.algebra.relations import Span, Tree, Values, relation
from fusionc.algebra.surd import ONE, Surd
from fusionc.algebra.symmetric import choice_dimension
from fusionc.network import ir
from fusionc.network.count import multiply_adds
from fusionc.network.ir import Network, Subscripts, Vertex
from fusionc.network.model import Search
from fusionc.rewrite.drop_dead import drop_dead
from fusionc.rewrite.factor import factor
from fusionc.rewrite.rebuild import Rebuild, use_counts
from fusionc.rewrite.tree_choice import Task, choose

MAX_ORDER = 5


@dataclass(frozen=True, slots=True)
class Term:
    """value * weight * tree of isometries; `number` is the place among the terms of the sum."""

    number: int
    value: Surd
    weight: int
    tree: Tree


Terms = dict[tuple[int, tuple[int, ...]], list[Term]]
"""The weighted trees of each sum (by vertex) over each choice of leaves (sorted wires)."""


def symmetrize(network: Network, search: Search | None = None) -> Network:
    """The network with other trees, common legs out of their sums, or as it is if that would cost no less."""
    search = search or Search()
    found, longest = _terms(network)
    if longest > MAX_ORDER:
        search.met("symmetrize", "leaves of a tree", MAX_ORDER)
    if not found:
        return network
    wires = tuple(sorted({leaf for _, leaves in found for leaf in leaves}))
    tasks = tuple(task for key, terms in found.items() if (task := _task(network, wires, key, terms)) is not None)
    if not tasks:
        return network
    irreps = tuple(network.vertices[n].irrep for n in wires)
    bases = choose(irreps, tasks, search)
    rewritten = factor(_rewritten(network, found, wires, tasks, bases), search)
    plain = factor(drop_dead(network), search)
    return rewritten if multiply_adds(rewritten, search.model) < multiply_adds(plain, search.model) else network


# ------------------------------------------------------------------- reading


def _terms(network: Network) -> tuple[Terms, int]:
    """And how many leaves the largest tree has."""
    found: Terms = {}
    longest = 0
    uses = use_counts(network)
    for n, vertex in enumerate(network.vertices):
        if not isinstance(vertex.op, ir.Add):
            continue
        for number, (value, wire) in enumerate(vertex.op.terms):
            top = network.vertices[wire]
            if uses[wire] != 1 or not _is_channelwise(network, top):
                continue
            op = top.op
            assert isinstance(op, ir.Couple)
            if op.weight is None:
                continue
            tree, factor_ = _tree(network, wire, top.block)
            leaves = tuple(sorted(_leaves(tree)))
            longest = max(longest, len(leaves))
            if 3 <= len(leaves) <= MAX_ORDER:
                found.setdefault((n, leaves), []).append(Term(number, value * factor_, op.weight, tree))
    return found, longest


def _is_channelwise(network: Network, vertex: Vertex) -> bool:
    """Equal channels on both legs and on the result, and on the weight if there is one."""
    op = vertex.op
    return isinstance(op, ir.Couple) and (
        len(op.subscripts.out) == 1
        and op.subscripts.left == op.subscripts.right == op.subscripts.out
        and op.subscripts.weight in ("", op.subscripts.out)
    )


def _tree(network: Network, n: int, block: int) -> tuple[Tree, Surd]:
    """The tree at a vertex, of unweighted channel-wise couplings of one block below it, and its factor over isometries.

    Leaves are vertices.
    """
    vertex = network.vertices[n]
    op = vertex.op
    assert isinstance(op, ir.Couple)
    parts: list[Tree] = []
    total = op.factor / (Surd.sqrt(vertex.irrep.dim) * _sign(network, op, vertex.irrep))
    for leg in (op.left, op.right):
        below = network.vertices[leg]
        inner = below.op
        deeper = below.block == block and isinstance(inner, ir.Couple) and inner.weight is None
        if deeper and _is_channelwise(network, below) and below.channels == vertex.channels:
            tree, value = _tree(network, leg, block)
            parts.append(tree)
            total = total * value
        else:
            parts.append(leg)
    return (parts[0], parts[1], vertex.irrep), total


def _sign(network: Network, op: ir.Couple, out: Irrep) -> Surd:
    """Trees of the algebra are in e3nn >= 0.5's signs."""
    a, b = (network.vertices[leg].irrep.l for leg in (op.left, op.right))
    return -ONE if network.convention == "e3nn-0.4" and is_flipped(a, b, out.l) else ONE


def _leaves(tree: Tree) -> list[int]:
    return [tree] if isinstance(tree, int) else _leaves(tree[0]) + _leaves(tree[1])


def _renumbered(tree: Tree, numbers: dict[int, int]) -> Tree:
    if isinstance(tree, int):
        return numbers[tree]
    return _renumbered(tree[0], numbers), _renumbered(tree[1], numbers), tree[2]


def _task(network: Network, wires: tuple[int, ...], key: tuple[int, tuple[int, ...]], terms: list[Term]) -> Task | None:
    """None where the trees do not span the space of all, or are none of each other's kind."""
    number, leaves = key
    numbers = {wire: n for n, wire in enumerate(wires)}
    out = network.vertices[number].irrep
    choice = tuple((network.vertices[leaf].irrep, len(tuple(same))) for leaf, same in groupby(leaves))
    dimension = choice_dimension(choice, out)
    channels = {network.vertices[leaf].channels for leaf in leaves} | {network.vertices[number].channels}
    if not dimension or len(terms) < dimension or len(channels) != 1:
        return None
    own = tuple(numbers[leaf] for leaf in leaves)
    return Task(number, own, out, dimension, tuple(_renumbered(term.tree, numbers) for term in terms))


# ------------------------------------------------------------------- writing


def _rewritten(
    network: Network,
    found: Terms,
    wires: tuple[int, ...],
    tasks: tuple[Task, ...],
    bases: tuple[tuple[Tree, ...], ...],
) -> Network:
    irreps = tuple(network.vertices[n].irrep for n in wires)
    build = Rebuild(network)
    by_sum: dict[int, list[tuple[Task, tuple[Tree, ...]]]] = {}
    for task, basis in zip(tasks, bases, strict=True):
        by_sum.setdefault(task.sum, []).append((task, basis))
    for n, vertex in enumerate(network.vertices):
        if n not in by_sum:
            build.places.append(build.copy(vertex))
            continue
        assert isinstance(vertex.op, ir.Add)
        rest = dict(enumerate(vertex.op.terms))
        new: list[int] = []
        for task, basis in by_sum[n]:
            terms = found[n, tuple(wires[leaf] for leaf in task.leaves)]
            for term in terms:
                del rest[term.number]
            new += _evaluated(build, vertex, _Basis(irreps, task, basis), terms, wires)
        sum_ = tuple((value, build.places[m]) for value, m in rest.values()) + tuple((ONE, m) for m in new)
        build.places.append(build.put_on(ir.Add(sum_), vertex.irrep, vertex.channels, vertex.space, vertex))
    return build.finish()


class _Basis:
    def __init__(self, irreps: tuple[Irrep, ...], task: Task, trees: tuple[Tree, ...]) -> None:
        values = Values(irreps, task.dimension // task.out.dim + 2)
        span = Span()
        for tree in trees:
            if not span.add(values.row(tree)):
                raise AssertionError("a basis whose trees depend on each other")
        self.trees = trees
        self.rows = [relation(values, span, trees, tree) for tree in task.given]


def _evaluated(build: Rebuild, like: Vertex, basis: _Basis, terms: list[Term], wires: tuple[int, ...]) -> list[int]:
    """The sum of the terms, one weighted tree a basis tree."""
    made = []
    for s, tree in enumerate(basis.trees):
        parts = [(term.value * row[s], build.places[term.weight]) for term, row in zip(terms, basis.rows, strict=True)]
        parts = [(value, weight) for value, weight in parts if value]
        if parts:
            scale = parts[0][0]
            weight = _weight(build, like, [(value / scale, weight) for value, weight in parts])
            made.append(_weighted(build, like, tree, wires, weight, scale))
    return made


def _weight(build: Rebuild, like: Vertex, parts: list[tuple[Surd, int]]) -> int:
    if len(parts) == 1:
        return parts[0][1]
    first = build.vertices[parts[0][1]]
    return build.put(ir.Add(tuple(parts)), first.irrep, first.channels, like)


def _weighted(build: Rebuild, like: Vertex, tree: Tree, wires: tuple[int, ...], weight: int, scale: Surd) -> int:
    assert not isinstance(tree, int)
    left, right = (_built(build, like, part, wires) for part in tree[:2])
    value = scale * _vertex_factor(build, left, right, tree[2])
    return build.put(
        ir.Couple(left, right, weight, Subscripts("u", "u", "u", "u"), value), tree[2], like.channels, like
    )


def _built(build: Rebuild, like: Vertex, tree: Tree, wires: tuple[int, ...]) -> int:
    """A tree of isometries; for a leaf its wire."""
    if isinstance(tree, int):
        return build.places[wires[tree]]
    left, right = (_built(build, like, part, wires) for part in tree[:2])
    value = _vertex_factor(build, left, right, tree[2])
    return build.put(ir.Couple(left, right, None, Subscripts("u", "u", "", "u"), value), tree[2], like.channels, like)


def _vertex_factor(build: Rebuild, left: int, right: int, out: Irrep) -> Surd:
    """Of an isometry in e3nn >= 0.5's signs, over w3j in the network's."""
    a, b = build.vertices[left].irrep.l, build.vertices[right].irrep.l
    flipped = build.old.convention == "e3nn-0.4" and is_flipped(a, b, out.l)
    return -Surd.sqrt(out.dim) if flipped else Surd.sqrt(out.dim)
