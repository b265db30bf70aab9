"""`factor`: couplings that are summed, and share a leg, are one coupling of a sum.

sum_t w_t (x_t y)_L = ((sum_t w_t x_t) y)_L for x_t of one label: the copies of equal label are combined first and
coupled once. So a symmetric power is evaluated as Horner evaluates a polynomial, its lower orders joining in.
"""

from __future__ import annotations

from dataclasses import dataclass

from fusionc.algebra.irrep import Irrep
from fusionc.algebra.recoupling import r_symbol
from fusionc.algebra.surd import ONE, Surd
from fusionc.network import ir
from fusionc.network.count import multiply_adds
from fusionc.network.ir import Network, Subscripts, Vertex
from fusionc.network.model import Search
from fusionc.network.work import nonzeros
from fusionc.rewrite.rebuild import Rebuild, reshaped, use_counts


@dataclass(frozen=True, slots=True)
class Term:
    """factor * weight * (x y), with x the leg that moves into a sum. `number` is the term's place in the `Add`."""

    number: int
    factor: Surd
    x: int
    y: int
    weight: int | None


@dataclass(frozen=True, slots=True)
class Shared:
    """What the terms of one group have in common: y, the label and channels of x, and how they couple."""

    y: int
    irrep: Irrep
    channels: tuple[int, ...]
    subscripts: Subscripts


Groups = dict[Shared, list[Term]]


def factor(network: Network, search: Search | None = None) -> Network:
    """Common legs out of sums, again inside the sums that this makes, as long as work is saved."""
    model = (search or Search()).model
    while True:
        found = _once(network)
        if found == network or multiply_adds(found, model) > multiply_adds(network, model):
            return network
        network = found


def _once(network: Network) -> Network:
    uses = use_counts(network)
    build = Rebuild(network)
    for vertex in network.vertices:
        if isinstance(vertex.op, ir.Add):
            build.places.append(_sum(build, uses, vertex, vertex.op))
        else:
            build.places.append(build.copy(vertex))
    return build.finish()


def _sum(build: Rebuild, uses: list[int], vertex: Vertex, add: ir.Add) -> int:
    groups = _groups(build, uses, vertex, add)
    rest = dict(enumerate(add.terms))
    terms: list[tuple[Surd, int]] = []
    while groups:
        shared = max(groups, key=lambda key: _saving(build, vertex, key, groups[key]))
        if _saving(build, vertex, shared, groups[shared]) <= 0:
            break
        taken = groups.pop(shared)
        terms.append((ONE, _coupled(build, vertex, shared, taken)))
        gone = {term.number for term in taken}
        for number in gone:
            del rest[number]
        groups = {key: kept for key, many in groups.items() if (kept := [t for t in many if t.number not in gone])}
    if not terms:
        return build.copy(vertex)
    terms += [(value, build.places[n]) for value, n in rest.values()]
    if len(terms) == 1:
        return terms[0][1]
    return build.put_on(ir.Add(tuple(terms)), vertex.irrep, vertex.channels, vertex.space, vertex)


def _groups(build: Rebuild, uses: list[int], vertex: Vertex, add: ir.Add) -> Groups:
    """The couplings that only this sum reads, by what they share; each stands in a group for either leg."""
    groups: Groups = {}
    for number, (value, n) in enumerate(add.terms):
        inner = build.old.vertices[n]
        if uses[n] != 1 or not isinstance(inner.op, ir.Couple) or inner.space is not vertex.space:
            continue
        op = build.rewired(inner)
        assert isinstance(op, ir.Couple)
        for flipped in (False, True) if op.left != op.right else (False,):
            _enter(build, groups, inner, op, number, value * op.factor, flipped)
    return groups


def _enter(
    build: Rebuild, groups: Groups, inner: Vertex, op: ir.Couple, number: int, value: Surd, flipped: bool
) -> None:
    s = op.subscripts
    x, y, own, other = (op.left, op.right, s.left, s.right)
    if flipped:
        x, y, own, other = op.right, op.left, s.right, s.left
        a, b = build.vertices[x].irrep.l, build.vertices[y].irrep.l
        value = value if r_symbol(a, b, inner.irrep.l) > 0 else -value
    weight = op.weight
    if weight is not None:
        if not set(s.out) <= set(own + other):
            return
        lengths = dict(zip(own, build.vertices[x].channels, strict=True))
        wide = [c for c, n in zip(s.weight, build.vertices[weight].channels, strict=True) if n != 1]
        if wide != [c for c in own if lengths[c] != 1]:
            return
    shared = Shared(y, build.vertices[x].irrep, build.vertices[x].channels, Subscripts(own, other, "", s.out))
    groups.setdefault(shared, []).append(Term(number, value, x, y, weight))


def _saving(build: Rebuild, vertex: Vertex, shared: Shared, terms: list[Term]) -> int:
    """Multiply-adds a channel: n couplings with weights and one sum against n weights, a sum and one coupling."""
    n = len(terms)
    if n < 2:
        return 0
    y = build.vertices[shared.y]
    counts = nonzeros(shared.irrep.l, y.irrep.l, vertex.irrep.l)
    coupling = counts[0] if shared.subscripts.left == shared.subscripts.right else min(counts)
    weighted = sum(1 for term in terms if term.weight is not None)
    return (n - 1) * coupling + (weighted + n - 1) * (vertex.irrep.dim - shared.irrep.dim) - shared.irrep.dim


def _coupled(build: Rebuild, like: Vertex, shared: Shared, terms: list[Term]) -> int:
    """The coupling of the combination; the first term's factor stays with the coupling."""
    scale = terms[0].factor
    parts = [_part(build, like, shared, term, term.factor / scale) for term in terms]
    x = build.put(ir.Add(tuple(parts)), shared.irrep, shared.channels, like)
    couple = ir.Couple(x, shared.y, None, shared.subscripts, scale)
    return build.put(couple, like.irrep, like.channels, like)


def _part(build: Rebuild, like: Vertex, shared: Shared, term: Term, value: Surd) -> tuple[Surd, int]:
    """A term of the combination. A weight goes into a coupling that makes x, where it finds one of its own pattern."""
    if term.weight is None:
        return value, term.x
    letters = shared.subscripts.left
    shape = build.vertices[term.weight].channels
    wide = [n for n in shape if n != 1]
    lengths = dict(zip(letters, shared.channels, strict=True))
    kept = "".join(c for c in letters if lengths[c] != 1)
    weight = term.weight
    if tuple(wide) != shape:
        weight = reshaped(build, like, weight, tuple(wide))
    mix = ir.Mix(term.x, weight, Subscripts(letters, "", kept, letters), value)
    return ONE, build.put(mix, shared.irrep, shared.channels, like)
