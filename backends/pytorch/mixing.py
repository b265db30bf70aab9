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
    for group in groups.values():
        shared = [b for b in group if store.shape(b.weight).space is Space.ONCE]
        for many in [[b] for b in shared] if _is_apart(store, shared) else [shared]:
            if many:
                deliver(store, tuple(b.vertex for b in many), _product(store, many), _space(store, many))
        for b in group:
            if b not in shared:
                deliver(store, (b.vertex,), _own_product(store, b), _space(store, [b]))


def is_apart(store: Storage, b: Blend) -> bool:
    """Whether the matrix product of a path may as well be taken before others into the same output are known."""
    sink = store.sink(b.vertex)
    if sink is None or not b.is_matrix or store.shape(b.weight).space is not Space.ONCE:
        return False
    op = store.network.vertices[sink].op
    assert isinstance(op, ir.Add)
    return (len(op.terms) - 1) * b.count(b.out) < len(op.terms) * b.count(b.letters)


def _is_apart(store: Storage, group: Sequence[Blend]) -> bool:
    """Whether adding results of separate products moves less memory than putting the wires side by side."""
    return len(group) > 1 and (len(group) - 1) * group[0].count(group[0].out) < sum(b.count(b.letters) for b in group)


def deliver(store: Storage, covered: tuple[int, ...], value: Expr, space: Space) -> None:
    """`value`, the sum of the vertices `covered`, as the vertex that it is, or added to what their `Add` has."""
    shape = store.shape(covered[0])
    if len(shape.channels) != 1:
        value = program.Reshape(value, (store.size(space), shape.dim, *shape.channels))
    sink = store.sink(covered[0])
    if sink is None:
        store.hold_rows(covered[0], value)
        return
    before = store.partials.get(sink, [])
    if before and store.shape(before[-1].wire).space is space:
        last = before.pop()
        total = store.read(last.wire)
        if isinstance(value, program.BatchProduct):
            value = program.AddBatchProduct(total, value.left, value.right)
        else:
            value = program.Plus((total, value))
        covered = (*last.covered, *covered)
    wire = store.make(Shape(space, shape.dim, shape.channels))
    store.hold_block(value, (wire,), store.stem(sink))
    store.collect(sink, covered, wire)


def _space(store: Storage, group: Sequence[Blend]) -> Space:
    spaces = [store.shape(w).space for b in group for w in (b.wire, b.weight)]
    return next((s for s in spaces if s is not Space.ONCE), Space.ONCE)


def _product(store: Storage, group: Sequence[Blend]) -> Expr:
    """Weights that live once: the wires side by side times the weights below each other."""
    factors = list(dict.fromkeys(b.factor for b in group))
    weights = [_matrix(store, b) for b in group]
    if len(factors) > 1:
        weights = [scaled(w, b.factor) for w, b in zip(weights, group, strict=True)]
    wires = [rows_in_memory(store, b.wire) for b in group]
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


def _own_product(store: Storage, b: Blend) -> Expr:
    """Weights of each element's own. A product a path, so that no weight is copied."""
    x, weights = scaled(rows_in_memory(store, b.wire), b.factor), _matrix(store, b)
    if store.shape(b.wire).space is store.shape(b.weight).space:
        return program.BatchProduct(x, weights)
    return program.MatrixProduct(x, weights)


def _matrix(store: Storage, b: Blend) -> Expr:
    shape = (b.count(b.letters), b.count(b.out))
    return weight_matrix(store, b.weight, b.weight_letters, b.letters + b.out, b.lengths, shape)


def weight_matrix(
    store: Storage,
    weight: int,
    letters: str,
    wanted: str,
    lengths: tuple[tuple[str, int], ...],
    shape: tuple[int, int],
) -> Expr:
    """Weights with axes `letters`, in the order `wanted`, as a matrix: `[rows, columns]` if they live once."""
    once = store.shape(weight).space is Space.ONCE
    if wanted == letters:
        return store.table(weight, *shape) if once else store.scalars(weight, *shape)
    value: Expr = store.scalars(weight, *(dict(lengths)[c] for c in letters))
    value = program.Permute(value, (0, *(1 + letters.index(c) for c in wanted)))
    return program.Reshape(value, shape if once else (store.size(store.shape(weight).space), *shape))


def rows_in_memory(store: Storage, wire: int) -> Expr:
    """`[elements, dim, all channels]` with contiguous channels: one large matrix product instead of many small ones."""
    shape = store.shape(wire)
    value = store.read(wire)
    if len(shape.channels) != 1:
        return program.Reshape(value, (store.size(shape.space), shape.dim, prod(shape.channels)))
    return program.Contiguous(value) if store.is_turned(wire) else value


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
