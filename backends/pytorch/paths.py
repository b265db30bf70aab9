"""Couplings as they are arranged: their letters, and what is done to operands first."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from math import prod

from fusionc.algebra.clebsch import coupling
from fusionc.algebra.surd import Surd
from fusionc.backends.pytorch import program
from fusionc.backends.pytorch.program import Expr
from fusionc.backends.pytorch.storage import Shape, Storage
from fusionc.diagram.ir import Space
from fusionc.network import ir

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
    entries = tuple((e.i, e.j, e.k, e.value * op.factor) for e in coupling(l1, l2, l3, store.network.convention))
    dims = (irreps[0].dim, irreps[1].dim, irreps[2].dim)
    return Path(n, op.left, op.right, op.weight, kept, tuple(lengths.items()), entries, dims)


def is_single(path: Path) -> bool:
    return not path.letters.left or not path.letters.right


def single_right(path: Path) -> Path:
    return path if not path.letters.right else path.mirrored()


def grouped(paths: Iterable[Path], key: Callable[[Path], Hashable]) -> list[list[Path]]:
    found: dict[Hashable, list[Path]] = {}
    for path in paths:
        found.setdefault(key(path), []).append(path)
    return list(found.values())


# ------------------------------------------------------- before the coupling


def sums_first(store: Storage, path: Path) -> Path:
    """A channel that nothing but one operand has is summed there."""
    for _ in range(2):
        s = path.letters
        alone = "".join(c for c in s.left if c not in s.right + s.weight + s.out)
        if alone:
            kept = "".join(c for c in s.left if c not in alone)
            shape = store.shape(path.left)
            value = program.Sum(lettered(store, path, path.left, s.left), tuple(2 + s.left.index(c) for c in alone))
            channels = count(path, kept)
            summed = program.Reshape(value, (store.size(shape.space), shape.dim, channels))
            left = made(store, path, summed, shape.space, shape.dim, channels)
            path = replace(path, left=left, letters=replace(s, left=kept))
        path = path.mirrored()
    return path


def weights_first(store: Storage, path: Path) -> Path:
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
            spaces = store.shape(path.right).space, store.shape(path.weight).space
            mixed = batched(flat(store, path.right), weights, *spaces)
            right = made(store, path, mixed, wider(*spaces), path.dims[1], path.length(s.left))
            path = replace(path, right=right, weight=None, letters=ir.Subscripts(s.left, s.left, "", s.out))
        path = path.mirrored()
    return path


# ------------------------------------------------------------------- tensors


def made(store: Storage, path: Path, value: Expr, space: Space, dim: int, channels: int) -> int:
    """A wire of our own for `value`, `[elements, dim, channels]`: channels are flat here, whatever their letters."""
    made = store.make(Shape(space, dim, (channels,)))
    store.hold_block(value, (made,), store.stem(path.vertex))
    return made


def flat(store: Storage, wire: int) -> Expr:
    """`[elements, dim, all channels]`."""
    shape = store.shape(wire)
    if len(shape.channels) == 1:
        return store.read(wire)
    return program.Reshape(store.read(wire), (store.size(shape.space), shape.dim, prod(shape.channels)))


def lettered(store: Storage, path: Path, wire: int, letters: str) -> Expr:
    """`[elements, dim, *letters]`: the wire without its axes of length one."""
    shape = store.shape(wire)
    channels = tuple(path.length(c) for c in letters)
    value = store.read(wire)
    if channels == shape.channels:
        return value
    return program.Reshape(value, (store.size(shape.space), shape.dim, *channels))


def batched(a: Expr, b: Expr, left: Space, right: Space) -> Expr:
    """A matrix product an element, of operands that live in these spaces; what lives once is broadcast."""
    return program.BatchProduct(a, b) if left is right else program.MatrixProduct(a, b)


def rows_of(store: Storage, wire: int) -> program.Size:
    return store.size(store.shape(wire).space)


def count(path: Path, letters: str) -> int:
    return prod(path.length(c) for c in letters)


def wider(*spaces: Space) -> Space:
    return next((space for space in spaces if space is not Space.ONCE), Space.ONCE)


def space_of(store: Storage, path: Path) -> Space:
    return wider(store.shape(path.left).space, store.shape(path.right).space)
