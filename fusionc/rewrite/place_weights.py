"""`place_weights`: weights are multiplied in where that costs least: on the coupling, on its left leg or on its right.

A weight on a leg is mixed into it before the coupling: w (x y)_L = ((w x) y)_L. That pays where the weight sums
channels that the coupling would otherwise carry along: `linear` of an outer product is a coupling with weights, and
never makes the outer product if it need not.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

from fusionc.algebra.irrep import Irrep
from fusionc.algebra.surd import ONE
from fusionc.network import ir
from fusionc.network.count import letters_of, multiply_adds, price
from fusionc.network.ir import Network, Subscripts, Vertex
from fusionc.network.model import Model, Search
from fusionc.rewrite.rebuild import Rebuild, reshaped, use_counts


def place_weights(network: Network, search: Search | None = None) -> Network:
    """Each weight that sums channels where it costs least; it stays where it is if nothing is saved."""
    return _all_placed(network, False, (search or Search()).model)


def place_scales(network: Network, search: Search | None = None) -> Network:
    """`place_weights`, and weights that scale a leg of few components or leave a sum over channels to the coupling.

    For kernels, where that saves multiplications; a backend that keeps wires in memory pays for one more of them for
    each path.
    """
    return _all_placed(network, True, (search or Search()).model)


def _all_placed(network: Network, scales: bool, model: Model) -> Network:
    uses = use_counts(network)
    build = Rebuild(network)
    for vertex in network.vertices:
        match vertex.op:
            case ir.Couple(weight=weight) if weight is not None:
                build.places.append(_placed(build, vertex, _coupling(build, vertex), scales, model))
            case ir.Mix() as mix:
                fused = _fused(build, uses, vertex, mix)
                build.places.append(_best_of(build, vertex, fused, scales, model))
            case _:
                build.places.append(build.copy(vertex))
    found = build.finish()
    return found if multiply_adds(found, model) < multiply_adds(network, model) else network


def _coupling(build: Rebuild, vertex: Vertex) -> ir.Couple:
    op = build.rewired(vertex)
    assert isinstance(op, ir.Couple)
    return op


def _placed(build: Rebuild, like: Vertex, op: ir.Couple, scales: bool, model: Model) -> int:
    """The coupling `op` for `like`, with its weight on the cheapest wire."""
    vertex = replace(like, op=op)
    least = price(build.vertices, vertex, model)
    best: tuple[ir.Mix, Irrep, tuple[int, ...], Subscripts, bool] | None = None
    for left in (True, False):
        moved = _on_leg(build, like, op, left, scales)
        if moved is None:
            continue
        mix, irrep, channels, subscripts = moved
        mixed = replace(like, op=mix, irrep=irrep, channels=channels, space=build.space_of(mix))
        wire = len(build.vertices)
        bare = ir.Couple(wire if left else op.left, op.right if left else wire, None, subscripts, op.factor)
        total = price(build.vertices, mixed, model) + price([*build.vertices, mixed], replace(vertex, op=bare), model)
        if total < least:
            least, best = total, (mix, irrep, channels, subscripts, left)
    if best is None:
        return build.put(op, like.irrep, like.channels, like)
    mix, irrep, channels, subscripts, left = best
    wire = build.put(mix, irrep, channels, like)
    bare = ir.Couple(wire if left else op.left, op.right if left else wire, None, subscripts, op.factor)
    return build.put(bare, like.irrep, like.channels, like)


def _on_leg(
    build: Rebuild, like: Vertex, op: ir.Couple, left: bool, scales: bool
) -> tuple[ir.Mix, Irrep, tuple[int, ...], Subscripts] | None:
    """The weight mixed into one leg, and the subscripts of the coupling that is left.

    None where what is mixed would be larger than the coupling's own channels: those are never all in memory. None, too,
    where the weight sums no channel, unless it scales the channels that the leg has and `scales` asks for that; nor,
    without `scales`, where the coupling would then sum channels, which no matrix product of tensors does.
    """
    assert op.weight is not None
    s = op.subscripts
    own, other = (s.left, s.right) if left else (s.right, s.left)
    x = op.left if left else op.right
    lengths = letters_of(build.vertices, op)
    letters = "".join(c for c in s.weight if c not in s.left + s.right or lengths[c] != 1)
    mixed = "".join(c for c in own if c in other + s.out)
    mixed += "".join(c for c in letters if c not in own and c in other + s.out)
    sums = any(c not in mixed and lengths[c] != 1 for c in own + letters)
    if not sums and not (scales and mixed == own):
        return None
    if not scales and any(c in other and c not in s.out and lengths[c] != 1 for c in mixed):
        return None
    if len(mixed) > 1 and _length(lengths, mixed) > _length(lengths, s.left + s.right):
        return None
    weight = reshaped(build, like, op.weight, tuple(lengths[c] for c in letters))
    subscripts = Subscripts(mixed, s.right, "", s.out) if left else Subscripts(s.left, mixed, "", s.out)
    mix = ir.Mix(x, weight, Subscripts(own, "", letters, mixed), ONE)
    return mix, build.vertices[x].irrep, tuple(lengths[c] for c in mixed), subscripts


def _length(lengths: dict[str, int], letters: str) -> int:
    return prod(lengths[c] for c in dict.fromkeys(letters))


def _fused(build: Rebuild, uses: list[int], vertex: Vertex, mix: ir.Mix) -> tuple[ir.Couple, int] | None:
    """A mixing of a coupling that nothing else reads, as one coupling with weights.

    The coupling, which may be seen through a view that makes its channels flat, is the second of the two.
    """
    source = build.old.vertices[mix.operand]
    shape = source.channels
    number = mix.operand
    if isinstance(source.op, ir.View) and uses[number] == 1:
        number = source.op.operand
        source = build.old.vertices[number]
        shape = source.channels
        if prod(shape) != prod(build.old.vertices[mix.operand].channels):
            return None
    if not isinstance(source.op, ir.Couple) or source.op.weight is not None or uses[number] != 1:
        return None
    couple = _coupling(build, source)
    letters = mix.subscripts
    names = _renamed(couple.subscripts, letters, shape != build.old.vertices[mix.operand].channels)
    if names is None:
        return None
    inner, weight_letters, out = names
    lengths = dict(zip(inner.out, shape, strict=True)) | dict(
        zip((c for c in weight_letters if c not in inner.out), _new_lengths(build, mix), strict=True)
    )
    weight = reshaped(build, vertex, build.places[mix.weight], tuple(lengths[c] for c in weight_letters))
    subscripts = Subscripts(inner.left, inner.right, weight_letters, out)
    return ir.Couple(couple.left, couple.right, weight, subscripts, couple.factor * mix.factor), number


def _new_lengths(build: Rebuild, mix: ir.Mix) -> tuple[int, ...]:
    """Lengths of the channels that only the weights of a mixing have."""
    s = mix.subscripts
    shape = build.old.vertices[mix.weight].channels
    return tuple(n for c, n in zip(s.weight, shape, strict=True) if c not in s.left)


def _renamed(inner: Subscripts, outer: Subscripts, flattened: bool) -> tuple[Subscripts, str, str] | None:
    """The subscripts of a coupling, and those of the mixing's weight and result in the same letters."""
    free = iter("wabcdefgh")
    if flattened:
        if len(outer.left) != 1:
            return None
        meaning = {outer.left: inner.out}
    else:
        meaning = dict(zip(outer.left, inner.out, strict=True))
    used = set(inner.left + inner.right + inner.out)
    for c in outer.weight:
        if c not in meaning:
            meaning[c] = next(a for a in free if a not in used)
            used.add(meaning[c])
    if any(len(meaning[c]) != 1 for c in outer.out):
        return None
    return inner, "".join(meaning[c] for c in outer.weight), "".join(meaning[c] for c in outer.out)


def _best_of(build: Rebuild, vertex: Vertex, fused: tuple[ir.Couple, int] | None, scales: bool, model: Model) -> int:
    """The mixing as it is, or the fused coupling where its best place costs less than coupling and mixing together."""
    if fused is not None:
        op, inner = fused
        coupling = build.vertices[build.places[inner]]
        mixing = replace(vertex, op=build.rewired(vertex))
        apart = price(build.vertices, coupling, model) + price(build.vertices, mixing, model)
        mark = len(build.vertices)
        placed = _placed(build, vertex, op, scales, model)
        if sum(price(build.vertices, v, model) for v in build.vertices[mark:]) < apart:
            return placed
    return build.copy(vertex)
