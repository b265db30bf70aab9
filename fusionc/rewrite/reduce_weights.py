"""`reduce_weights`: learned weights in the basis that the network computes with, which may need fewer of them.

Rewrites keep the user's weights w and read combinations of them, sum_t Q_ts w_t, because they evaluate other trees
than the user wrote. Where all that is read of a learned weight are independent combinations of its slices, these can
be learned instead. It changes what a parameter means, so that it is no pass of its own accord but an option.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod

from fusionc.algebra.surd import ONE, Surd, SurdSum
from fusionc.check.ir import LearnedWeight
from fusionc.network import ir
from fusionc.network.count import multiply_adds
from fusionc.network.ir import Network
from fusionc.network.model import Model, Rewritten
from fusionc.network.weights import Form, Row, WeightMap, right_inverse
from fusionc.options import Weights
from fusionc.rewrite.rebuild import Rebuild

Terms = tuple[tuple[Surd, int], ...]
"""(value, start) of the slices of a weight whose combination a vertex is."""


@dataclass(frozen=True, slots=True)
class Read:
    """`vertex` is scale * the reduced weights from `offset` on."""

    vertex: int
    scale: Surd
    offset: int


def reduce_weights(network: Network) -> tuple[Network, tuple[WeightMap, ...]]:
    """The network with its reduced weights in place of the user's, and the map of each that changed."""
    maps: list[WeightMap] = []
    for weight in network.parameters:
        found = _reduced(network, weight)
        if found is not None:
            network, map_ = found
            maps.append(map_)
    return network, tuple(maps)


Log = tuple[Rewritten, ...]


def with_weights(
    weights: Weights, network: Network, log: Log, model: Model
) -> tuple[Network, Log, tuple[WeightMap, ...]]:
    """`reduce_weights` where they are to be reduced, and the log of what was saved, continued."""
    if weights == "kept":
        return network, log, ()
    found, maps = reduce_weights(network)
    before, removed = log[-1].after, len(network.vertices) - len(found.vertices)
    return found, (*log, Rewritten("reduce_weights", removed, before, multiply_adds(found, model))), maps


def _reduced(network: Network, weight: LearnedWeight) -> tuple[Network, WeightMap] | None:
    """None where nothing is combined and all is read, or where the map has no exact right inverse."""
    combined = _combinations(network, weight)
    forms: dict[tuple[int, Terms], int] = {}
    reads: list[Read] = []
    for n in _frontier(network, combined):
        size, terms = prod(network.vertices[n].channels), combined[n]
        if not terms:
            return None
        scale = terms[0][0]
        key = (size, tuple((value / scale, start) for value, start in terms))
        offset = forms.setdefault(key, sum(other for other, _ in forms))
        reads.append(Read(n, scale, offset))
    total = sum(size for size, _ in forms)
    if not reads or total > weight.numel or (total == weight.numel and all(len(terms) == 1 for _, terms in forms)):
        return None
    to_reduced = tuple(Form(offset, size, terms) for (size, terms), offset in forms.items())
    to_full = _inverted(to_reduced)
    if to_full is None:
        return None
    name = _free_name(network, f"{weight.name}_reduced")
    map_ = WeightMap(weight.name, name, weight.per, weight.numel, total, to_reduced, to_full)
    return _rewritten(network, weight, map_, {read.vertex: read for read in reads}), map_


def _combinations(network: Network, weight: LearnedWeight) -> dict[int, Terms]:
    """The vertices that are sums of slices of the weight, by number."""
    found: dict[int, Terms] = {}
    for n, vertex in enumerate(network.vertices):
        match vertex.op:
            case ir.Parameter(weight.name):
                found[n] = ((ONE, 0),)
            case ir.View(operand, offset) if operand in found:
                found[n] = tuple((value, start + offset) for value, start in found[operand])
            case ir.Add(terms) if terms and all(
                m in found and network.vertices[m].channels == vertex.channels for _, m in terms
            ):
                total: dict[int, SurdSum] = {}
                for factor, m in terms:
                    for value, start in found[m]:
                        total[start] = total.get(start, SurdSum()) + SurdSum.of(factor * value)
                values = [(value.as_surd(), start) for start, value in sorted(total.items()) if value]
                if all(value is not None for value, _ in values):
                    found[n] = tuple((value, start) for value, start in values if value is not None)
            case _:
                continue
    return found


def _frontier(network: Network, combined: dict[int, Terms]) -> list[int]:
    """Combinations that something else than a combination reads."""
    read = {wire for output in network.outputs for wire in output.wires}
    for n, vertex in enumerate(network.vertices):
        if n not in combined:
            read.update(ir.operands(vertex.op))
    return [n for n in combined if n in read]


def _inverted(forms: tuple[Form, ...]) -> tuple[Form, ...] | None:
    """None, too, where slices overlap."""
    slices = sorted({(start, form.size) for form in forms for _, start in form.terms})
    if any(start + size > after for (start, size), (after, _) in pairwise(slices)):
        return None
    column = {start: c for c, (start, _) in enumerate(slices)}
    rows: tuple[Row, ...] = tuple({column[start]: value for value, start in form.terms} for form in forms)
    inverse = right_inverse(rows)
    if inverse is None:
        return None
    return tuple(
        Form(start, size, tuple((value, forms[r].offset) for r, value in parts.items()))
        for (start, size), parts in zip(slices, inverse, strict=True)
        if parts
    )


def _free_name(network: Network, name: str) -> str:
    taken = [slot.name for slot in network.signature] + [weight.name for weight in network.parameters]
    while name in taken:
        name += "_"
    return name


def _rewritten(network: Network, weight: LearnedWeight, map_: WeightMap, reads: dict[int, Read]) -> Network:
    build = Rebuild(network)
    parameter = -1
    for n, vertex in enumerate(network.vertices):
        if vertex.op == ir.Parameter(weight.name):
            op = ir.Parameter(map_.reduced_name)
            parameter = build.put_on(op, vertex.irrep, (map_.reduced,), vertex.space, vertex)
        if n not in reads:
            build.places.append(parameter if vertex.op == ir.Parameter(weight.name) else build.copy(vertex))
            continue
        read = reads[n]
        view = ir.View(parameter, read.offset, vertex.channels)
        place = build.put_on(view, vertex.irrep, vertex.channels, vertex.space, vertex)
        if read.scale != ONE:
            scaled = ir.Add(((read.scale, place),))
            place = build.put_on(scaled, vertex.irrep, vertex.channels, vertex.space, vertex)
        build.places.append(place)
    learned = replace(weight, name=map_.reduced_name, numel=map_.reduced)
    parameters = tuple(learned if other is weight else other for other in network.parameters)
    return replace(build.finish(), parameters=parameters)
