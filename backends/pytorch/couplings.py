"""Couplings: the strategies by which a COUPLE step becomes matrix products.

Letters of one channel are dropped first, so that what is left names the strategy:

- one operand without channels: it is contracted with the coupling tensors of all paths at once, which leaves one small
  matrix an element and path; those of one wide operand are one batched product;
- both operands with the same channels: their outer product over components, times a constant matrix;
- channels of their own each: the coupling tensor with the operand of fewer channels, then a batched product.

Then weights: channel by channel an elementwise product, across channels one matrix product an output.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from math import prod

from fusionc.algebra.clebsch import coupling
from fusionc.algebra.surd import Surd
from fusionc.backends.pytorch import program
from fusionc.backends.pytorch.mixing import Blend, blend
from fusionc.backends.pytorch.program import Expr
from fusionc.backends.pytorch.storage import Shape, Storage
from fusionc.diagram.ir import Space
from fusionc.network import ir

BUDGET = 800
"""Values an element in one temporary: at ten thousand elements what is larger leaves the C library's heap, and every use
of it then costs page faults, which are dearer than the arithmetic."""

SMALL_PRODUCT = 400
"""Multiply-adds below which torch.bmm leaves its fast path."""

Entries = tuple[tuple[int, int, int, Surd], ...]


@dataclass(frozen=True, slots=True)
class Path:
    """A coupling with the letters of single channels dropped. `entries` are (i, j, k, factor * w3j)."""

    vertex: int
    left: int
    right: int
    weight: int | None
    letters: ir.Subscripts
    lengths: tuple[tuple[str, int], ...]
    entries: Entries
    dims: tuple[int, int, int]

    def length(self, letter: str) -> int:
        return dict(self.lengths)[letter]

    def mirrored(self) -> Path:
        s = self.letters
        return replace(
            self,
            left=self.right,
            right=self.left,
            letters=ir.Subscripts(s.right, s.left, s.weight, s.out),
            entries=tuple((j, i, k, value) for i, j, k, value in self.entries),
            dims=(self.dims[1], self.dims[0], self.dims[2]),
        )


def couple(store: Storage, vertices: tuple[int, ...]) -> None:
    """Place the couplings `vertices`, which have one pattern of channels and one space."""
    paths = [_sums_first(store, _weights_first(store, path_of(store, n))) for n in vertices]
    singles = [_single_right(p) for p in paths if _is_single(p)]
    alike = [p for p in paths if not _is_single(p) and p.letters.left == p.letters.right]
    apart = [p for p in paths if not _is_single(p) and not set(p.letters.left) & set(p.letters.right)]
    rest = [p for p in paths if p not in alike and p not in apart and not _is_single(p)]
    blends: list[Blend] = []
    blends += _couple_singles(store, singles)
    blends += _couple_alike(store, alike)
    blends += _couple_apart(store, apart)
    for path in rest:
        _couple_anyhow(store, path)
    blend(store, blends)


def path_of(store: Storage, n: int) -> Path:
    op = store.network.vertices[n].op
    assert isinstance(op, ir.Couple)
    s = op.subscripts
    wires = [(s.left, op.left), (s.right, op.right)] + ([] if op.weight is None else [(s.weight, op.weight)])
    lengths: dict[str, int] = {}
    for letters, wire in wires:
        lengths.update(zip(letters, store.shape(wire).channels, strict=True))
    kept = ir.Subscripts(*("".join(c for c in t if lengths[c] != 1) for t in (s.left, s.right, s.weight, s.out)))
    irreps = [store.network.vertices[m].irrep for m in (op.left, op.right, n)]
    l1, l2, l3 = (irrep.l for irrep in irreps)
    entries = tuple(
        (e.i, e.j, e.k, e.value * op.factor) for e in coupling(l1, l2, l3, store.network.convention)
    )
    dims = (irreps[0].dim, irreps[1].dim, irreps[2].dim)
    return Path(n, op.left, op.right, op.weight, kept, tuple(lengths.items()), entries, dims)


# ------------------------------------------------------- before the coupling


def _sums_first(store: Storage, path: Path) -> Path:
    """A channel that nothing but one operand has is summed there."""
    for _ in range(2):
        s = path.letters
        alone = "".join(c for c in s.left if c not in s.right + s.weight + s.out)
        if alone:
            kept = "".join(c for c in s.left if c not in alone)
            shape = store.shape(path.left)
            value = program.Sum(_lettered(store, path, path.left, s.left), tuple(2 + s.left.index(c) for c in alone))
            count = _count(path, kept)
            flat = program.Reshape(value, (store.size(shape.space), shape.dim, count))
            left = _made(store, path, flat, shape.space, shape.dim, count)
            path = replace(path, left=left, letters=replace(s, left=kept))
        path = path.mirrored()
    return path


def _weights_first(store: Storage, path: Path) -> Path:
    """uvu and uvv with channels on both sides: the weights mix the summed channels of one operand into the other's."""
    if path.weight is None:
        return path
    for _ in range(2):
        s = path.letters
        inner = "".join(c for c in s.right if c in s.weight and c not in s.left + s.out)
        if len(s.left) == len(inner) == 1 and s.right == inner and s.out == s.left and set(s.weight) == {inner, s.left}:
            weights = store.scalars(path.weight, *(path.length(c) for c in s.weight))
            if s.weight == s.left + inner:
                weights = program.Swap(weights, 1, 2)
            mixed = _batched(store, _flat(store, path.right), weights, path.right, path.weight)
            space = _wider(store.shape(path.right).space, store.shape(path.weight).space)
            right = _made(store, path, mixed, space, path.dims[1], path.length(s.left))
            path = replace(path, right=right, weight=None, letters=ir.Subscripts(s.left, s.left, "", s.out))
        path = path.mirrored()
    return path


def _made(store: Storage, path: Path, value: Expr, space: Space, dim: int, channels: int) -> int:
    """A wire of our own for `value`, `[elements, dim, channels]`: channels are flat here, whatever their letters."""
    made = store.make(Shape(space, dim, (channels,)))
    store.hold_block(value, (made,), store.stem(path.vertex))
    return made


def _flat(store: Storage, wire: int) -> Expr:
    """`[elements, dim, all channels]`."""
    shape = store.shape(wire)
    if len(shape.channels) == 1:
        return store.read(wire)
    return program.Reshape(store.read(wire), (store.size(shape.space), shape.dim, prod(shape.channels)))


def _lettered(store: Storage, path: Path, wire: int, letters: str) -> Expr:
    """`[elements, dim, *letters]`: the wire without its axes of length one."""
    shape = store.shape(wire)
    channels = tuple(path.length(c) for c in letters)
    value = store.read(wire)
    if channels == shape.channels:
        return value
    return program.Reshape(value, (store.size(shape.space), shape.dim, *channels))


def _wider(*spaces: Space) -> Space:
    return next((space for space in spaces if space is not Space.ONCE), Space.ONCE)


def _space(store: Storage, path: Path) -> Space:
    return _wider(store.shape(path.left).space, store.shape(path.right).space)


# --------------------------------------------------- one side without channels


def _is_single(path: Path) -> bool:
    return not path.letters.left or not path.letters.right


def _single_right(path: Path) -> Path:
    return path if not path.letters.right else path.mirrored()


def _couple_singles(store: Storage, paths: list[Path]) -> list[Blend]:
    blends: list[Blend] = []
    for group in _grouped(paths, lambda p: (store.shape(p.left).space.value, store.shape(p.right).space.value)):
        blends += _couple_singles_of(store, group)
    return blends


def _couple_singles_of(store: Storage, paths: list[Path]) -> list[Blend]:
    """One small matrix an element and path; the paths of one wide operand share a batched product."""
    blends: list[Blend] = []
    narrow = [p for p in paths if p.dims[0] == p.dims[1] == 1]
    for path in narrow:
        blends += _scale(store, path)
    wide = [p for p in paths if p not in narrow]
    bundles = [b for group in _grouped(wide, lambda p: (p.left, _is_weighted_first(p))) for b in _bundles(group)]
    for bundle, matrix in zip(bundles, _small_matrices(store, bundles), strict=True):
        blends += _apply_matrix(store, bundle, matrix)
    return blends


def _is_weighted_first(path: Path) -> bool:
    """Whether weights are cheaper on the wide operand, which has fewer components, than on the result."""
    d1, _, d3 = path.dims
    by_channel = path.weight is not None and path.letters.weight == path.letters.left
    small = d1 * d3 * _count(path, path.letters.left) < SMALL_PRODUCT
    return by_channel and d1 < d3 and (d1 == 1 or not small)


def _bundles(paths: list[Path]) -> Iterator[tuple[Path, ...]]:
    """Paths of one wide operand that share a batched product: at most BUDGET results, one path if weights come first."""
    bundle: list[Path] = []
    for path in paths:
        results = sum(p.dims[2] for p in (*bundle, path)) * _count(path, path.letters.left)
        if bundle and (_is_weighted_first(path) or results > BUDGET):
            yield tuple(bundle)
            bundle = []
        bundle.append(path)
    yield tuple(bundle)


def _scale(store: Storage, path: Path) -> list[Blend]:
    """A scalar times a scalar: the numbers first, then the channels."""
    scale = program.Scaled(_flat(store, path.right), path.entries[0][3])
    return _finish(store, path, path.left, path.letters.left, (scale, store.shape(path.right).space))


def _n(store: Storage, wire: int) -> program.Size:
    return store.size(store.shape(wire).space)


def _small_matrices(store: Storage, bundles: list[tuple[Path, ...]]) -> list[Expr]:
    """sum_j C_ijk y_j of every bundle as `[elements, sum of d3, d1]`: one product of all y with all coupling tensors."""
    if not bundles:
        return []
    wires = tuple(dict.fromkeys(p.right for bundle in bundles for p in bundle))
    y, rows, starts = store.matrix(wires)
    begin = dict(zip(wires, starts, strict=True))
    entries: list[tuple[int, int, Surd]] = []
    column, sizes = 0, []
    for bundle in bundles:
        first = column
        for path in bundle:
            d1, _, d3 = path.dims
            row = begin[path.right]
            entries += [(row + j, column + k * d1 + i, value) for i, j, k, value in path.entries]
            column += d1 * d3
        sizes.append(column - first)
    stem = store.stem(bundles[0][0].vertex)
    name = store.let(f"{stem}_matrices", program.MatrixProduct(y, store.constant(stem, rows, column, entries)))
    targets = tuple(store.names.fresh(f"{stem}_matrix") for _ in bundles) if len(bundles) > 1 else (name.name,)
    if len(bundles) > 1:
        store.statements.append(program.Unpack(targets, name, tuple(sizes), 1))
    n = _n(store, wires[0])
    shapes = [(n, sum(p.dims[2] for p in bundle), bundle[0].dims[0]) for bundle in bundles]
    return [program.Reshape(program.Name(t), shape) for t, shape in zip(targets, shapes, strict=True)]


def _apply_matrix(store: Storage, bundle: tuple[Path, ...], matrix: Expr) -> list[Blend]:
    first = bundle[0]
    x, letters = _flat(store, first.left), first.letters.left
    if _is_weighted_first(first):
        x = program.Times(x, _spread(store, first, letters, letters))
    if first.dims[0] == 1:
        value: Expr = program.Times(matrix, x)
    else:
        value = _batched(store, matrix, x, first.right, first.left)
    if _is_weighted_first(first):
        _settle(store, first, value, letters)
        return []
    space, count = _space(store, first), _count(first, letters)
    wires = tuple(store.make(Shape(space, p.dims[2], (count,))) for p in bundle)
    store.hold_block(value, wires, store.stem(first.vertex))
    return [b for p, wire in zip(bundle, wires, strict=True) for b in _finish(store, p, wire, p.letters.left)]


def _batched(store: Storage, a: Expr, b: Expr, left: int, right: int) -> Expr:
    """A product an element; what lives once is broadcast."""
    if store.shape(left).space is store.shape(right).space:
        return program.BatchProduct(a, b)
    return program.MatrixProduct(a, b)


# ------------------------------------------------- the same channels on both


def _couple_alike(store: Storage, paths: list[Path]) -> list[Blend]:
    blends: list[Blend] = []
    for group in _grouped(paths, lambda p: (p.left, p.right)):
        flat = [p for p in group if 1 in p.dims]
        for path in flat:
            blends += _couple_thin(store, path)
        dense = [p for p in group if 1 not in p.dims]
        if dense:
            blends += _couple_outer(store, dense)
    return blends


def _couple_thin(store: Storage, path: Path) -> list[Blend]:
    """With a scalar among the three irreps, a coupling is a product or a dot product, times one number."""
    product: Expr = program.Times(_flat(store, path.left), _flat(store, path.right))
    if path.dims[2] == 1 and path.dims[0] != 1:
        product = program.Unsqueeze(program.Sum(product, (1,)), 1)
    value = program.Scaled(product, path.entries[0][3])
    wire = _made(store, path, value, _space(store, path), path.dims[2], _count(path, path.letters.left))
    return _finish(store, path, wire, path.letters.left)


def _couple_outer(store: Storage, paths: list[Path]) -> list[Blend]:
    """All paths of one pair of wires: one outer product over components, one constant matrix."""
    first = paths[0]
    d1, d2, _ = first.dims
    u = _count(first, first.letters.left)
    x = program.Reshape(store.read(first.left), (_n(store, first.left), d1, 1, u))
    y = program.Reshape(store.read(first.right), (_n(store, first.right), 1, d2, u))
    space = _space(store, first)
    outer = program.Reshape(program.Times(x, y), (store.size(space), d1 * d2, u))
    entries: list[tuple[int, int, Surd]] = []
    row = 0
    for path in paths:
        entries += [(row + k, i * d2 + j, value) for i, j, k, value in path.entries]
        row += path.dims[2]
    constant = store.constant(store.stem(first.vertex), row, d1 * d2, entries)
    expanded = program.Expand(constant, (store.size(space), row, d1 * d2))
    value = program.BatchProduct(expanded, outer)
    wires = tuple(store.make(Shape(space, p.dims[2], (u,))) for p in paths)
    store.hold_block(value, wires, store.stem(first.vertex))
    blends: list[Blend] = []
    for path, wire in zip(paths, wires, strict=True):
        blends += _finish(store, path, wire, path.letters.left)
    return blends


# ------------------------------------------------------ channels of their own


def _couple_apart(store: Storage, paths: list[Path]) -> list[Blend]:
    blends: list[Blend] = []
    few_right = [p if _count(p, p.letters.right) <= _count(p, p.letters.left) else p.mirrored() for p in paths]
    for path in few_right:
        blends += _couple_pair(store, path)
    return blends


def _count(path: Path, letters: str) -> int:
    return prod(path.length(c) for c in letters)


def _couple_pair(store: Storage, path: Path) -> list[Blend]:
    """z[(k v), u] = sum_i (sum_j C_ijk y_jv)[(k v), i] x_iu: the components of pairs are never all in memory."""
    d1, d2, d3 = path.dims
    u, v = _count(path, path.letters.left), _count(path, path.letters.right)
    stem = store.stem(path.vertex)
    entries = [(k * d1 + i, j, value) for i, j, k, value in path.entries]
    constant = store.constant(stem, d3 * d1, d2, entries)
    n = _n(store, path.right)
    y = program.Reshape(store.read(path.right), (n, d2, v))
    matrices = store.let(f"{stem}_matrices", program.BatchProduct(program.Expand(constant, (n, d3 * d1, d2)), y))
    turned = program.Swap(program.Reshape(matrices, (n, d3, d1, v)), 2, 3)
    matrix = program.Reshape(turned, (n, d3 * v, d1))
    x = program.Reshape(store.read(path.left), (_n(store, path.left), d1, u))
    value = _batched(store, matrix, x, path.right, path.left)
    space = _space(store, path)
    wire = _made(store, path, program.Reshape(value, (store.size(space), d3, v * u)), space, d3, v * u)
    return _finish(store, path, wire, path.letters.right + path.letters.left)


def _couple_anyhow(store: Storage, path: Path) -> None:
    """Any other pattern, by one contraction."""
    d1, d2, d3 = path.dims
    s = path.letters
    entries = [(i * d2 + j, k, value) for i, j, k, value in path.entries]
    constant = store.constant(store.stem(path.vertex), d1 * d2, d3, entries)
    names = {c: "abcdefgh"[n] for n, c in enumerate(dict.fromkeys(s.left + s.right + s.weight + s.out))}
    left, right, weight, out = ("".join(names[c] for c in t) for t in (s.left, s.right, s.weight, s.out))
    operands = [
        program.Reshape(constant, (d1, d2, d3)),
        _lettered(store, path, path.left, s.left),
        _lettered(store, path, path.right, s.right),
    ]
    equation = f"xyz,nx{left},ny{right}"
    if path.weight is not None:
        operands.append(store.scalars(path.weight, *(path.length(c) for c in s.weight)))
        equation += f",n{weight}"
    value = program.Einsum(f"{equation}->nz{out}", tuple(operands))
    shape = store.shape(path.vertex)
    store.hold_rows(path.vertex, program.Reshape(value, (store.size(shape.space), d3, *shape.channels)))


# -------------------------------------------------------- after the coupling


def _finish(
    store: Storage, path: Path, wire: int, letters: str, scale: tuple[Expr, Space] | None = None
) -> list[Blend]:
    """Weights on `wire`, whose flat channels are `letters`; `scale`: a factor `[elements, 1, 1]` still to be applied.

    Returns what a matrix product must do, so that paths to one output can be gathered into one.
    """
    s = path.letters
    value = _flat(store, wire)
    weighted = path.weight is not None and set(s.weight) <= set(letters)
    if weighted:
        value = program.Times(value, _spread(store, path, s.weight, letters))
    if scale is not None:
        value = program.Times(value, scale[0])
    if weighted or path.weight is None:
        _settle(store, path, value, letters)
        return []
    if scale is not None:
        space = _wider(store.shape(wire).space, scale[1])
        wire = _made(store, path, value, space, path.dims[2], _count(path, letters))
    assert path.weight is not None
    return [Blend(path.vertex, wire, letters, path.weight, s.weight, s.out, path.lengths, Surd.of(1))]


def _spread(store: Storage, path: Path, weight: str, letters: str) -> Expr:
    """Weights as `[elements, 1, all channels]`, in the order of the channels of `letters`."""
    assert path.weight is not None
    if weight == letters:
        return program.Unsqueeze(store.scalars(path.weight, _count(path, weight)), 1)
    n = _n(store, path.weight)
    value = store.scalars(path.weight, *(path.length(c) for c in weight))
    kept = [c for c in letters if c in weight]
    if "".join(kept) != weight:
        value = program.Permute(value, (0, *(1 + weight.index(c) for c in kept)))
    if len(kept) < len(letters):
        value = program.Reshape(value, (n, *(path.length(c) if c in weight else 1 for c in letters)))
        value = program.Expand(value, (n, *(path.length(c) for c in letters)))
    return program.Reshape(value, (n, 1, _count(path, letters)))


def _settle(store: Storage, path: Path, value: Expr, letters: str) -> None:
    """The finished value, `[elements, d3, all letters]`, into the vertex's own shape."""
    shape, out = store.shape(path.vertex), path.letters.out
    if letters != out:
        value = program.Reshape(value, (store.size(shape.space), shape.dim, *(path.length(c) for c in letters)))
        summed = tuple(2 + n for n, c in enumerate(letters) if c not in out)
        kept = [c for c in letters if c in out]
        if summed:
            value = program.Sum(value, summed)
        if "".join(kept) != out:
            value = program.Permute(value, (0, 1, *(2 + kept.index(c) for c in out)))
    if letters != out or len(shape.channels) != 1:
        value = program.Reshape(value, (store.size(shape.space), shape.dim, *shape.channels))
    store.hold_rows(path.vertex, value)


def _grouped(paths: Iterable[Path], key: Callable[[Path], Hashable]) -> list[list[Path]]:
    found: dict[Hashable, list[Path]] = {}
    for path in paths:
        found.setdefault(key(path), []).append(path)
    return list(found.values())
