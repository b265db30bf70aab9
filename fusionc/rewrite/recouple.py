"""`recouple`: trees of couplings, in the bracketing in which they cost least.

    ((a b)_k c)_J = sum_l F[k, l] (a (b c)_l)_J

Which pair goes first decides where it is computed (b and c may live on nodes where a lives on edges), with how many
channels (b and c may have one where a has many), and with whom it is shared (another tree may need (b c)_l as well).
All paths between the same three tensors turn together, so that full sums over k collapse; then single trees. Each turn
is taken that lowers the work most, until none does. Everything is channel by channel, so that a weight of the tree, on
either vertex, stays a weight of the tree.

Sums of weighted trees whose leaves all have the same channels, and powers of one tensor, are left to `symmetrize`,
which chooses among more trees.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import prod

from fusionc.algebra.clebsch import is_flipped
from fusionc.algebra.irrep import Irrep
from fusionc.algebra.recoupling import f_symbol, r_symbol
from fusionc.algebra.surd import ONE, Surd
from fusionc.diagram.ir import Via
from fusionc.network import ir
from fusionc.network.count import multiply_adds
from fusionc.network.ir import Network, Subscripts, Vertex
from fusionc.network.model import Search
from fusionc.rewrite.fold import fold
from fusionc.rewrite.hoist import is_channelwise, put_sunk
from fusionc.rewrite.rebuild import Rebuild, reshaped, use_counts

TURNS = 32
"""Turns that are tried before the best of them is taken, those of whole tensors first."""

VERTICES = 4_000
"""Vertices that are rebuilt for this in all: in a larger network fewer turns are tried."""

PATHS = 64
"""Paths in the sum that one vertex's inner leg may be, for its tree to be turned."""

Tensor = tuple[str | int | Via, ...]
"""Where a wire comes from: an argument's name or a block, and the gathers that it went through."""


@dataclass(frozen=True, slots=True)
class Inner:
    """value * weight * (out into)_label, of an isometry."""

    value: Surd
    out: int
    into: int
    label: Irrep
    weight: int | None


@dataclass(frozen=True, slots=True)
class Turn:
    """The vertex `root`, value * weight * ((out into)_k other)_J over `inner`, is to be made of (into other)_l."""

    root: int
    value: Surd
    other: int
    weight: int | None
    inner: tuple[Inner, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """value * weight * (out pair)_J, of an isometry."""

    value: Surd
    out: int
    pair: int
    weight: int | None


def recouple(network: Network, search: Search | None = None) -> Network:
    """Turn by turn, the best of at most TURNS each time; the network as it is where none helps.

    Idempotent where no bound is met.
    """
    search = search or Search()
    least = min(multiply_adds(found, search.model) for found in (network, fold(network)))
    room = VERTICES
    while True:
        best: Network | None = None
        for turns in _tried(network, room, search):
            room -= len(network.vertices)
            found = fold(_turned(network, turns))
            work = multiply_adds(found, search.model)
            if work < least:
                least, best = work, found
        if best is None:
            return network
        network = best


def _tried(network: Network, room: int, search: Search) -> list[dict[int, Turn]]:
    """The first turns, as many as TURNS and as the room for rebuilt vertices allow."""
    turns = _turns(network)
    if len(turns) * len(network.vertices) > room:
        search.met("recouple", "vertices rebuilt to try turns of trees", VERTICES)
    elif len(turns) > TURNS:
        search.met("recouple", "turns of trees at a time", TURNS)
    return turns[: min(TURNS, room // max(1, len(network.vertices)))]


# ------------------------------------------------------------------- reading


def _turns(network: Network) -> list[dict[int, Turn]]:
    """By root: all trees of three tensors in one bracketing, and each tree of three wires by itself."""
    coarse: dict[tuple[Tensor, ...], dict[int, Turn]] = {}
    fine: dict[tuple[int, ...], dict[int, Turn]] = {}
    for turn in _possible(network):
        wires = {(inner.out, inner.into, turn.other): None for inner in turn.inner}
        tensors = dict.fromkeys(tuple(_tensor(network, n) for n in three) for three in wires)
        if len(tensors) == 1:
            coarse.setdefault(next(iter(tensors)), {}).setdefault(turn.root, turn)
        fine.setdefault(tuple(n for three in wires for n in three), {}).setdefault(turn.root, turn)
    groups = list(coarse.values())
    groups += [group for group in fine.values() if group not in groups]
    return groups


def _tensor(network: Network, n: int) -> Tensor:
    vertex = network.vertices[n]
    match vertex.op:
        case ir.Entry(name):
            return (name,)
        case ir.Move(operand, via):
            return (*_tensor(network, operand), via)
        case _:
            return (vertex.block,)


def _sources(network: Network) -> list[dict[Tensor, None]]:
    """The tensors that are coupled to make each wire."""
    found: list[dict[Tensor, None]] = []
    for n, vertex in enumerate(network.vertices):
        match vertex.op:
            case ir.Couple(left=left, right=right):
                found.append(found[left] | found[right])
            case ir.Add(terms) if terms:
                found.append({tensor: None for _, m in terms for tensor in found[m]})
            case _:
                found.append({_tensor(network, n): None})
    return found


def _possible(network: Network) -> Iterator[Turn]:
    sources = _sources(network)
    for n, vertex in enumerate(network.vertices):
        op = vertex.op
        if not isinstance(op, ir.Couple) or not _is_tree_vertex(network, vertex, op) or len(sources[n]) == 1:
            continue
        for leg, other in ((op.left, op.right), (op.right, op.left)):
            found = _products(network, leg, vertex.channels, op.weight is None)
            if not found or len(found) > PATHS or _is_symmetric(network, vertex, op, found, other):
                continue
            turned = op.factor / _isometry(network, leg, other, vertex.irrep)
            if leg == op.right:
                turned = turned * _exchange(network, op.left, op.right, vertex.irrep)
            for swapped in (False, True):
                inner = tuple(_swapped(network, i) for i in found) if swapped else tuple(found)
                yield Turn(n, turned, other, op.weight, inner)


def _is_tree_vertex(network: Network, vertex: Vertex, op: ir.Couple) -> bool:
    """Channel by channel, its weight too."""
    if not is_channelwise(list(network.vertices), vertex):
        return False
    return op.weight is None or prod(network.vertices[op.weight].channels) == vertex.channels[0]


def _products(network: Network, n: int, channels: tuple[int, ...], weighted: bool) -> list[Inner] | None:
    """The wire as a sum of couplings; with a weight of the tree's own `channels` where `weighted`."""
    vertex = network.vertices[n]
    match vertex.op:
        case ir.Couple(left=left, right=right, weight=weight) as op if _is_tree_vertex(network, vertex, op):
            if weight is not None and not (weighted and vertex.channels == channels):
                return None
            value = op.factor / _isometry(network, left, right, vertex.irrep)
            return [Inner(value, left, right, vertex.irrep, weight)]
        case ir.Add(terms) if terms and all(network.vertices[m].channels == vertex.channels for _, m in terms):
            found: list[Inner] = []
            for factor, m in terms:
                inner = _products(network, m, channels, weighted)
                if inner is None or len(found) > PATHS:
                    return None
                found += [replace(i, value=factor * i.value) for i in inner]
            return found
        case _:
            return None


def _is_symmetric(network: Network, vertex: Vertex, op: ir.Couple, inner: list[Inner], other: int) -> bool:
    """A weighted tree whose leaves have the same channels and live on the same elements: those are `symmetrize`'s."""
    leaves = {other: None} | {leaf: None for i in inner for leaf in (i.out, i.into)}
    places = {(network.vertices[leaf].space, _tensor(network, leaf)[1:]): None for leaf in leaves}
    alike = all(network.vertices[leaf].channels == vertex.channels for leaf in leaves)
    return op.weight is not None and alike and len(places) == 1


def _swapped(network: Network, inner: Inner) -> Inner:
    sign = _exchange(network, inner.out, inner.into, inner.label)
    return replace(inner, value=inner.value * sign, out=inner.into, into=inner.out)


def _exchange(network: Network, a: int, b: int, out: Irrep) -> Surd:
    return Surd.of(r_symbol(network.vertices[a].irrep.l, network.vertices[b].irrep.l, out.l))


def _isometry(network: Network, a: int, b: int, out: Irrep) -> Surd:
    return _factor(network, network.vertices[a].irrep, network.vertices[b].irrep, out)


def _factor(network: Network, a: Irrep, b: Irrep, out: Irrep) -> Surd:
    """What makes the network's w3j a vertex of e3nn >= 0.5's trees."""
    flipped = network.convention == "e3nn-0.4" and is_flipped(a.l, b.l, out.l)
    return -Surd.sqrt(out.dim) if flipped else Surd.sqrt(out.dim)


# ------------------------------------------------------------------- writing


def _turned(network: Network, turns: dict[int, Turn]) -> Network:
    readers: dict[int, int] = {}
    for n, vertex in enumerate(network.vertices):
        readers.update(dict.fromkeys(ir.operands(vertex.op), n))
    run = _Turning(Rebuild(network), turns, readers, use_counts(network))
    for n, vertex in enumerate(network.vertices):
        run.build.places.append(run.place(n, vertex))
    return run.build.finish()


@dataclass(slots=True)
class _Turning:
    """`waiting`: turned trees that one sum alone reads, and combines with its others. `readers`: the last of each."""

    build: Rebuild
    turns: dict[int, Turn]
    readers: dict[int, int]
    uses: list[int]
    waiting: dict[int, list[Term]] = field(default_factory=dict)

    def place(self, n: int, vertex: Vertex) -> int:
        turn = self.turns.get(n)
        if turn is not None:
            terms = self._terms(vertex, turn)
            if self._is_summed(n, vertex):
                self.waiting[n] = terms
                return -1
            return self._sum(vertex, terms, [])
        if isinstance(vertex.op, ir.Add):
            return self._add(vertex, vertex.op)
        return self.build.copy(vertex)

    def _is_summed(self, n: int, vertex: Vertex) -> bool:
        reader = self.build.old.vertices[self.readers[n]] if self.uses[n] == 1 and n in self.readers else None
        return reader is not None and isinstance(reader.op, ir.Add) and reader.channels == vertex.channels

    def _add(self, vertex: Vertex, add: ir.Add) -> int:
        turned = [replace(t, value=f * t.value) for f, n in add.terms for t in self.waiting.get(n, ())]
        rest = [(f, self.build.places[n]) for f, n in add.terms if n not in self.waiting]
        return self._sum(vertex, turned, rest)

    def _sum(self, like: Vertex, terms: list[Term], rest: list[tuple[Surd, int]]) -> int:
        """Terms of the same coupling are one, with the sum of their weights."""
        found: dict[tuple[int, int, bool], list[Term]] = {}
        for term in terms:
            found.setdefault((term.out, term.pair, term.weight is None), []).append(term)
        added = list(rest)
        for (out, pair, bare), many in found.items():
            if bare:
                wire = self._coupled(like, out, pair, like.irrep, None, ONE)
                added += [(term.value, wire) for term in many]
            else:
                scale = many[0].value
                weight = self._weight(like, [(t.value / scale, t.weight) for t in many if t.weight is not None])
                added.append((ONE, self._coupled(like, out, pair, like.irrep, weight, scale)))
        return self.build.put_on(ir.Add(tuple(added)), like.irrep, like.channels, like.space, like)

    def _weight(self, like: Vertex, parts: list[tuple[Surd, int]]) -> int:
        if len(parts) == 1:
            return parts[0][1]
        first = self.build.vertices[parts[0][1]]
        return self.build.put(ir.Add(tuple(parts)), first.irrep, first.channels, like)

    def _terms(self, vertex: Vertex, turn: Turn) -> list[Term]:
        """F-moves of every tree of the root."""
        found = []
        old = self.build.old
        c = old.vertices[turn.other].irrep
        for inner in turn.inner:
            a, b = (old.vertices[n].irrep for n in (inner.out, inner.into))
            weight = turn.weight if inner.weight is None else inner.weight
            if weight is not None:
                weight = reshaped(self.build, vertex, self.build.places[weight], vertex.channels)
            for label in b * c:
                symbol = f_symbol(a.l, b.l, c.l, vertex.irrep.l, inner.label.l, label.l)
                if symbol:
                    places = self.build.places
                    pair = self._coupled(vertex, places[inner.into], places[turn.other], label, None, ONE)
                    found.append(Term(turn.value * inner.value * symbol, places[inner.out], pair, weight))
        return found

    def _coupled(self, like: Vertex, x: int, y: int, irrep: Irrep, weight: int | None, value: Surd) -> int:
        """An isometry times `value`: equal multiplicities go together, a multiplicity of one is shared."""
        left, right = self.build.vertices[x], self.build.vertices[y]
        (u,), (v,) = left.channels, right.channels
        letters = ("u", "u", "u") if u == v else ("u", "v", "u") if v == 1 else ("u", "v", "v")
        subscripts = Subscripts(letters[0], letters[1], "" if weight is None else letters[2], letters[2])
        couple = ir.Couple(x, y, weight, subscripts, value * _factor(self.build.old, left.irrep, right.irrep, irrep))
        space = self.build.space_of(couple)
        return put_sunk(self.build, couple, Vertex(couple, irrep, (max(u, v),), space, like.block, like.origin))
