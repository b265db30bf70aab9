"""Couplings whose products are summed over elements first: the constant matrix is applied to the sum."""

from __future__ import annotations

from collections.abc import Callable

from fusionc.algebra.surd import Surd
from fusionc.backends.pytorch import program
from fusionc.backends.pytorch.paths import count, path_of, rows_of
from fusionc.backends.pytorch.storage import Shape, Storage
from fusionc.network import ir
from fusionc.network.summed import Summed

Reduced = Callable[[ir.Reduce, int, int], None]
"""Places a wire as the sum of another along a reduction."""


def couple_summed(store: Storage, group: Summed, reduced: Reduced) -> None:
    """Place the sums of `group`; its couplings are never made."""
    paths = [path_of(store, n) for n in group.couplings]
    first = paths[0]
    d1, d2, _ = first.dims
    u = count(first, first.letters.out)
    space = store.shape(first.vertex).space
    x = program.Reshape(store.read(first.left), (rows_of(store, first.left), d1, 1, u))
    y = program.Reshape(store.read(first.right), (rows_of(store, first.right), 1, d2, u))
    outer = store.make(Shape(space, d1 * d2, (u,)))
    store.hold_rows(outer, program.Reshape(program.Times(x, y), (store.size(space), d1 * d2, u)))
    op = store.network.vertices[group.sums[0]].op
    assert isinstance(op, ir.Reduce)
    total = store.make(Shape(store.shape(group.sums[0]).space, d1 * d2, (u,)))
    reduced(op, outer, total)
    entries: list[tuple[int, int, Surd]] = []
    row = 0
    for path in paths:
        entries += [(row + k, i * d2 + j, value) for i, j, k, value in path.entries]
        row += path.dims[2]
    constant = store.constant(store.stem(first.vertex), row, d1 * d2, entries)
    expanded = program.Expand(constant, (rows_of(store, total), row, d1 * d2))
    store.hold_block(program.BatchProduct(expanded, store.read(total)), group.sums, store.stem(first.vertex))
