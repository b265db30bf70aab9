"""After a coupling: its weights, and the shape that its vertex has."""

from __future__ import annotations

from fusionc.algebra.surd import Surd
from fusionc.backends.pytorch import program
from fusionc.backends.pytorch.mixing import Blend, blend, is_apart
from fusionc.backends.pytorch.paths import Path, count, flat, made, rows_of, wider
from fusionc.backends.pytorch.program import Expr
from fusionc.backends.pytorch.storage import Storage
from fusionc.diagram.ir import Space


def finish(store: Storage, path: Path, wire: int, letters: str, scale: tuple[Expr, Space] | None = None) -> list[Blend]:
    """Weights on `wire`, whose flat channels are `letters`; `scale`: a factor `[elements, 1, 1]` still to be applied.

    Returns what a matrix product must do, so that paths to one output can be gathered into one.
    """
    s = path.letters
    value = flat(store, wire)
    weighted = path.weight is not None and set(s.weight) <= set(letters)
    if weighted:
        value = program.Times(value, spread(store, path, s.weight, letters))
    if scale is not None:
        value = program.Times(value, scale[0])
    if weighted or path.weight is None:
        settle(store, path, value, letters)
        return []
    if scale is not None:
        space = wider(store.shape(wire).space, scale[1])
        wire = made(store, path, value, space, path.dims[2], count(path, letters))
    assert path.weight is not None
    mixed = Blend(path.vertex, wire, letters, path.weight, s.weight, s.out, path.lengths, Surd.of(1))
    if is_apart(store, mixed):
        blend(store, [mixed])
        return []
    return [mixed]


def spread(store: Storage, path: Path, weight: str, letters: str) -> Expr:
    """Weights as `[elements, 1, all channels]`, in the order of the channels of `letters`."""
    assert path.weight is not None
    if weight == letters:
        return program.Unsqueeze(store.scalars(path.weight, count(path, weight)), 1)
    n = rows_of(store, path.weight)
    value = store.scalars(path.weight, *(path.length(c) for c in weight))
    kept = [c for c in letters if c in weight]
    if "".join(kept) != weight:
        value = program.Permute(value, (0, *(1 + weight.index(c) for c in kept)))
    if len(kept) < len(letters):
        value = program.Reshape(value, (n, *(path.length(c) if c in weight else 1 for c in letters)))
        value = program.Expand(value, (n, *(path.length(c) for c in letters)))
    return program.Reshape(value, (n, 1, count(path, letters)))


def settle(store: Storage, path: Path, value: Expr, letters: str) -> None:
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
