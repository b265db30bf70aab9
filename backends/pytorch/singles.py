"""Couplings with an operand that has no channels: one small matrix an element, which all channels share."""

from __future__ import annotations

from collections.abc import Iterator

from fusionc.algebra.surd import Surd
from fusionc.backends.pytorch import program
from fusionc.backends.pytorch.finishing import finish, settle, spread
from fusionc.backends.pytorch.mixing import Blend
from fusionc.backends.pytorch.paths import Path, batched, count, flat, grouped, rows_of, space_of
from fusionc.backends.pytorch.program import Expr
from fusionc.backends.pytorch.storage import Shape, Storage

BUDGET = 800
"""Values an element in one temporary. At ten thousand elements what is larger leaves the C library's heap, and costs
page faults at every call, which are dearer than the arithmetic."""

SMALL_PRODUCT = 400
"""Multiply-adds below which torch.bmm leaves its fast path."""


def couple_singles(store: Storage, paths: list[Path]) -> list[Blend]:
    blends: list[Blend] = []
    for group in grouped(paths, lambda p: (store.shape(p.left).space.value, store.shape(p.right).space.value)):
        blends += _couple_singles_of(store, group)
    return blends


def _couple_singles_of(store: Storage, paths: list[Path]) -> list[Blend]:
    """One small matrix an element and path; the paths of one wide operand share a batched product."""
    blends: list[Blend] = []
    narrow = [p for p in paths if p.dims[0] == p.dims[1] == 1]
    for path in narrow:
        blends += _scale(store, path)
    wide = [p for p in paths if p not in narrow]
    bundles = [b for group in grouped(wide, lambda p: (p.left, _is_weighted_first(p))) for b in _bundles(group)]
    for bundle, matrix in zip(bundles, _small_matrices(store, bundles), strict=True):
        blends += _apply_matrix(store, bundle, matrix)
    return blends


def _is_weighted_first(path: Path) -> bool:
    """Whether weights are cheaper on the wide operand, which has fewer components, than on the result."""
    d1, _, d3 = path.dims
    by_channel = path.weight is not None and path.letters.weight == path.letters.left
    small = d1 * d3 * count(path, path.letters.left) < SMALL_PRODUCT
    return by_channel and d1 < d3 and (d1 == 1 or not small)


def _bundles(paths: list[Path]) -> Iterator[tuple[Path, ...]]:
    """Paths of one wide operand that share a product: at most BUDGET results, and one path where weights come first."""
    bundle: list[Path] = []
    for path in paths:
        results = sum(p.dims[2] for p in (*bundle, path)) * count(path, path.letters.left)
        if bundle and (_is_weighted_first(path) or results > BUDGET):
            yield tuple(bundle)
            bundle = []
        bundle.append(path)
    yield tuple(bundle)


def _scale(store: Storage, path: Path) -> list[Blend]:
    """A scalar times a scalar: the numbers first, then the channels."""
    scale = program.Scaled(flat(store, path.right), path.entries[0][3])
    return finish(store, path, path.left, path.letters.left, (scale, store.shape(path.right).space))


def _small_matrices(store: Storage, bundles: list[tuple[Path, ...]]) -> list[Expr]:
    """sum_j C_ijk y_j of each bundle as `[elements, sum of d3, d1]`: one product of all y with all coupling tensors."""
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
    n = rows_of(store, wires[0])
    shapes = [(n, sum(p.dims[2] for p in bundle), bundle[0].dims[0]) for bundle in bundles]
    return [program.Reshape(program.Name(t), shape) for t, shape in zip(targets, shapes, strict=True)]


def _apply_matrix(store: Storage, bundle: tuple[Path, ...], matrix: Expr) -> list[Blend]:
    first = bundle[0]
    x, letters = flat(store, first.left), first.letters.left
    if _is_weighted_first(first):
        x = program.Times(x, spread(store, first, letters, letters))
    if first.dims[0] == 1:
        value: Expr = program.Times(matrix, x)
    else:
        value = batched(matrix, x, store.shape(first.right).space, store.shape(first.left).space)
    if _is_weighted_first(first):
        settle(store, first, value, letters)
        return []
    space, channels = space_of(store, first), count(first, letters)
    wires = tuple(store.make(Shape(space, p.dims[2], (channels,))) for p in bundle)
    store.hold_block(value, wires, store.stem(first.vertex))
    return [b for p, wire in zip(bundle, wires, strict=True) for b in finish(store, p, wire, p.letters.left)]
