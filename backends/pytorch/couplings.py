"""Couplings: the strategies by which a COUPLE step becomes matrix products.

Letters of one channel are dropped first, so that what is left names the strategy:

- one operand without channels: it is contracted with the coupling tensors of all paths at once, which leaves one small
  matrix an element and path; those of one wide operand are one batched product;
- both operands with the same channels: their outer product over components, times a constant matrix;
- channels of their own each: the coupling tensor with the operand of fewer channels, then a batched product.

Then weights: channel by channel an elementwise product, across channels one matrix product an output.
"""

from __future__ import annotations

from fusionc.algebra.surd import Surd
from fusionc.backends.pytorch import program
from fusionc.backends.pytorch.crossed import couple_crossed
from fusionc.backends.pytorch.finishing import finish
from fusionc.backends.pytorch.mixing import Blend, blend
from fusionc.backends.pytorch.paths import (
    Path,
    count,
    flat,
    grouped,
    is_single,
    lettered,
    made,
    path_of,
    rows_of,
    single_right,
    space_of,
    sums_first,
    weights_first,
)
from fusionc.backends.pytorch.program import Expr
from fusionc.backends.pytorch.singles import couple_singles
from fusionc.backends.pytorch.storage import Shape, Storage


def couple(store: Storage, vertices: tuple[int, ...]) -> None:
    """Place the couplings `vertices`, which have one pattern of channels and one space."""
    paths = [sums_first(store, weights_first(store, path_of(store, n))) for n in vertices]
    singles = [single_right(p) for p in paths if is_single(p)]
    alike = [p for p in paths if not is_single(p) and p.letters.left == p.letters.right]
    apart = [p for p in paths if not is_single(p) and not set(p.letters.left) & set(p.letters.right)]
    rest = [p for p in paths if p not in alike and p not in apart and not is_single(p)]
    blends: list[Blend] = []
    blends += couple_singles(store, singles)
    blends += _couple_alike(store, alike)
    blends += couple_crossed(store, apart)
    for path in rest:
        _couple_anyhow(store, path)
    blend(store, blends)


def _couple_alike(store: Storage, paths: list[Path]) -> list[Blend]:
    blends: list[Blend] = []
    for group in grouped(paths, lambda p: (p.left, p.right)):
        flat = [p for p in group if 1 in p.dims]
        for path in flat:
            blends += _couple_thin(store, path)
        dense = [p for p in group if 1 not in p.dims]
        if dense:
            blends += _couple_outer(store, dense)
    return blends


def _couple_thin(store: Storage, path: Path) -> list[Blend]:
    """With a scalar among the three irreps, a coupling is a product or a dot product, times one number."""
    product: Expr = program.Times(flat(store, path.left), flat(store, path.right))
    if path.dims[2] == 1 and path.dims[0] != 1:
        product = program.Unsqueeze(program.Sum(product, (1,)), 1)
    value = program.Scaled(product, path.entries[0][3])
    wire = made(store, path, value, space_of(store, path), path.dims[2], count(path, path.letters.left))
    return finish(store, path, wire, path.letters.left)


def _couple_outer(store: Storage, paths: list[Path]) -> list[Blend]:
    """All paths of one pair of wires: one outer product over components, one constant matrix."""
    first = paths[0]
    d1, d2, _ = first.dims
    u = count(first, first.letters.left)
    x = program.Reshape(store.read(first.left), (rows_of(store, first.left), d1, 1, u))
    y = program.Reshape(store.read(first.right), (rows_of(store, first.right), 1, d2, u))
    space = space_of(store, first)
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
        blends += finish(store, path, wire, path.letters.left)
    return blends


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
        lettered(store, path, path.left, s.left),
        lettered(store, path, path.right, s.right),
    ]
    equation = f"xyz,nx{left},ny{right}"
    if path.weight is not None:
        operands.append(store.scalars(path.weight, *(path.length(c) for c in s.weight)))
        equation += f",n{weight}"
    value = program.Einsum(f"{equation}->nz{out}", tuple(operands))
    shape = store.shape(path.vertex)
    store.hold_rows(path.vertex, program.Reshape(value, (store.size(shape.space), d3, *shape.channels)))
