"""Channel mixing: one matrix product for all paths into an output, channels last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from fusionc.algebra.surd import Surd
from fusionc.backends.pytorch import program
from fusionc.backends.pytorch.program import Expr
from fusionc.backends.pytorch.storage import ONE, Shape, Storage
from fusionc.diagram.ir import Space
from fusionc.network import ir


@dataclass(frozen=True, slots=True)
class Blend:
    """`vertex` = factor * `wire` contracted with `weight`; the wire's flat channels are `letters`, in that order."""

    vertex: int
    wire: int
    letters: str
    weight: int
    weight_letters: str
    out: str
    lengths: tuple[tuple[str, int], ...]
    factor: Surd

    def count(self, letters: str) -> int:
        lengths = dict(self.lengths)
        return prod(lengths[c] for c in letters)

    @property
    def is_matrix(self) -> bool:
        """All of the wire's channels are summed, into channels that only the weight has."""
        return set(self.weight_letters) == set(self.letters) | set(self.out) and not set(self.letters) & set(self.out)


def mix(store: Storage, vertices: tuple[int, ...]) -> None:
    """Place the MIX vertices of one step."""
    blends = []
    for n in vertices:
        op = store.network.vertices[n].op
        assert isinstance(op, ir.Mix)
        s = op.subscripts
        lengths: dict[str, int] = {}
        for letters, wire in ((s.left, op.operand), (s.weight, op.weight)):
            lengths.update(zip(letters, store.shape(wire).channels, strict=True))
        blends.append(Blend(n, op.operand, s.left, op.weight, s.weight, s.out, tuple(lengths.items()), op.factor))
    for b in blends:
        if set(b.weight_letters) <= set(b.letters) and b.letters == b.out:
            _scale(store, b)
    blend(store, [b for b in blends if not store.is_placed(b.vertex)])


def _scale(store: Storage, b: Blend) -> None:
    """Channel by channel."""
    shape = store.shape(b.vertex)
    lengths = dict(b.lengths)
    n = store.size(store.shape(b.weight).space)
    kept = [c for c in b.letters if c in b.weight_letters]
    weights = store.scalars(b.weight, *(lengths[c] for c in b.weight_letters))
    if kept != list(b.weight_letters):
        weights = program.Permute(weights, (0, *(1 + b.weight_letters.index(c) for c in kept)))
    axes = (lengths[c] if c in b.weight_letters else 1 for c in b.letters)
    if len(b.letters) == len(kept) == 1:
        weights = program.Unsqueeze(weights, 1)
    else:
        weights = program.Reshape(weights, (n, 1, *axes))
    value = program.Times(store.read(b.wire), scaled(weights, b.factor))
    assert len(shape.channels) == len(b.letters)
    store.hold_rows(b.vertex, value)


def blend(store: Storage, blends: Sequence[Blend]) -> None:
    """Place matrix products with weights; those that one `Add` sums, and nothing else reads, become one."""
    groups: dict[tuple[bool, int], list[Blend]] = {}
    for b in blends:
        if not b.is_matrix:
            _contract(store, b)
            continue
        sink = store.sink(b.vertex)
        groups.setdefault((sink is None, b.vertex if sink is None else sink), []).append(b)
    for (single, target), group in groups.items():
        shared = [b for b in group if store.shape(b.weight).space is Space.ONCE]
        own = [b for b in group if store.shape(b.weight).space is not Space.ONCE]
        for many, value in ((shared, _product(store, shared)), (own, _products(store, own))):
            if not many:
                continue
            shape = store.shape(many[0].vertex)
            value = (
                program.Reshape(value, (_rows(store, many), shape.dim, *shape.channels))
                if len(shape.channels) != 1
                else value
            )
            if single:
                store.hold_rows(target, value)
            else:
                wire = store.make(Shape(_space(store, many), shape.dim, shape.channels))
                store.hold_block(value, (wire,), store.stem(target))
                store.collect(target, tuple(b.vertex for b in many), wire)


def _space(store: Storage, group: Sequence[Blend]) -> Space:
    spaces = [store.shape(w).space for b in group for w in (b.wire, b.weight)]
    return next((s for s in spaces if s is not Space.ONCE), Space.ONCE)


def _rows(store: Storage, group: Sequence[Blend]) -> program.Size:
    return store.size(_space(store, group))


def _product(store: Storage, group: Sequence[Blend]) -> Expr:
    """Weights that live once: the wires side by side times the weights below each other."""
    if not group:
        return program.Cat((), 0)
    factors = list(dict.fromkeys(b.factor for b in group))
    weights = [_matrix(store, b) for b in group]
    if len(factors) > 1:
        weights = [scaled(w, b.factor) for w, b in zip(weights, group, strict=True)]
    wires = [_channels_flat(store, b) for b in group]
    spaces = {store.shape(b.wire).space.value for b in group}
    if len(spaces) > 1:
        space = _space(store, group)
        wires = [
            program.Expand(x, (store.size(space), store.shape(b.wire).dim, b.count(b.letters)))
            for x, b in zip(wires, group, strict=True)
        ]
    left = wires[0] if len(wires) == 1 else program.Cat(tuple(wires), 2)
    right = weights[0] if len(weights) == 1 else program.Cat(tuple(weights), 0)
    return program.MatrixProduct(left, scaled(right, factors[0]) if len(factors) == 1 else right)


def _products(store: Storage, group: Sequence[Blend]) -> Expr:
    """Weights of each element's own: a product a path, added up, so that no weight is copied."""
    total: Expr | None = None
    for b in group:
        x, weights = _channels_flat(store, b), _matrix(store, b)
        if store.shape(b.wire).space is not store.shape(b.weight).space:
            term: Expr = scaled(program.MatrixProduct(x, weights), b.factor)
            total = term if total is None else program.Plus((total, term))
        elif total is None:
            total = program.BatchProduct(scaled(x, b.factor), weights)
        else:
            total = program.AddBatchProduct(total, scaled(x, b.factor), weights)
    return program.Cat((), 0) if total is None else total


def _matrix(store: Storage, b: Blend) -> Expr:
    """The weights as a matrix from the wire's channels to the output's: `[rows, columns]` if they live once."""
    lengths = dict(b.lengths)
    shape = (b.count(b.letters), b.count(b.out))
    once = store.shape(b.weight).space is Space.ONCE
    wanted = b.letters + b.out
    if wanted != b.weight_letters:
        value = store.scalars(b.weight, *(lengths[c] for c in b.weight_letters))
        value = program.Permute(value, (0, *(1 + b.weight_letters.index(c) for c in wanted)))
        n = store.size(store.shape(b.weight).space)
        return program.Reshape(value, shape if once else (n, *shape))
    return store.table(b.weight, *shape) if once else store.scalars(b.weight, *shape)


def _channels_flat(store: Storage, b: Blend) -> Expr:
    shape = store.shape(b.wire)
    if len(shape.channels) == 1:
        return store.read(b.wire)
    return program.Reshape(store.read(b.wire), (store.size(shape.space), shape.dim, b.count(b.letters)))


def _contract(store: Storage, b: Blend) -> None:
    """Any other pattern, by one contraction."""
    lengths = dict(b.lengths)
    shape, source = store.shape(b.vertex), store.shape(b.wire)
    names = {c: "abcdefgh"[n] for n, c in enumerate(dict.fromkeys(b.letters + b.weight_letters))}
    left, weight, out = ("".join(names[c] for c in t) for t in (b.letters, b.weight_letters, b.out))
    x = program.Reshape(store.read(b.wire), (store.size(source.space), source.dim, *(lengths[c] for c in b.letters)))
    weights = store.scalars(b.weight, *(lengths[c] for c in b.weight_letters))
    value = scaled(program.Einsum(f"nz{left},n{weight}->nz{out}", (x, weights)), b.factor)
    store.hold_rows(b.vertex, program.Reshape(value, (store.size(shape.space), shape.dim, *shape.channels)))


def scaled(value: Expr, factor: Surd) -> Expr:
    return value if factor == ONE else program.Scaled(value, factor)
