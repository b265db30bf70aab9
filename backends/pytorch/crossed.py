"""Couplings of operands with channels of their own each."""

from __future__ import annotations

from fusionc.backends.pytorch import program
from fusionc.backends.pytorch.finishing import finish
from fusionc.backends.pytorch.mixing import Blend, deliver, rows_in_memory, weight_matrix
from fusionc.backends.pytorch.paths import Path, batched, count, made, rows_of, space_of, wider
from fusionc.backends.pytorch.program import Expr
from fusionc.backends.pytorch.storage import Storage
from fusionc.diagram.ir import Space

MEMORY = 32
"""Multiply-adds that take as long as one value of a temporary, written and read."""


def couple_crossed(store: Storage, paths: list[Path]) -> list[Blend]:
    blends: list[Blend] = []
    for path in paths:
        if _is_mixing(path):
            ways = (_cost_of_pairs(path), _cost_of_mixing(path), _cost_of_mixing(path.mirrored()))
            cheapest = ways.index(min(ways))
            if cheapest > 0:
                _mix_first(store, path if cheapest == 1 else path.mirrored())
                continue
        few_right = count(path, path.letters.right) <= count(path, path.letters.left)
        blends += _couple_pair(store, path if few_right else path.mirrored())
    return blends


def _is_mixing(path: Path) -> bool:
    """uvw: the weights sum all channels of both operands into new ones."""
    s = path.letters
    apart = not set(s.left + s.right) & set(s.out)
    return path.weight is not None and apart and sorted(s.weight) == sorted(s.left + s.right + s.out)


def _cost_of_pairs(path: Path) -> int:
    """The coupling of every pair of channels, then the weights."""
    u, v, w = (count(path, letters) for letters in (path.letters.left, path.letters.right, path.letters.out))
    return path.dims[2] * u * v * (w + MEMORY)


def _cost_of_mixing(path: Path) -> int:
    """The weights with the left operand, then the coupling."""
    u, v, w = (count(path, letters) for letters in (path.letters.left, path.letters.right, path.letters.out))
    return path.dims[0] * v * w * (u + path.dims[2] + MEMORY)


def _mix_first(store: Storage, path: Path) -> None:
    """x'_(i v)w = sum_u x_iu W_uvw is one matrix product; then z_kw = sum_(i v) (sum_j C_ijk y_jv) x'_(i v)w."""
    assert path.weight is not None
    d1, d2, d3 = path.dims
    s = path.letters
    u, v, w = (count(path, letters) for letters in (s.left, s.right, s.out))
    mixed_space = wider(store.shape(path.left).space, store.shape(path.weight).space)
    wanted = s.left + s.right + s.out
    weights = weight_matrix(store, path.weight, s.weight, wanted, path.lengths, (u, v * w))
    x = rows_in_memory(store, path.left)
    if store.shape(path.weight).space is Space.ONCE:
        product: Expr = program.MatrixProduct(x, weights)
    else:
        product = batched(x, weights, store.shape(path.left).space, store.shape(path.weight).space)
    stem = store.stem(path.vertex)
    mixed = store.let(f"{stem}_mixed", product)
    n = rows_of(store, path.right)
    entries = [(k * d1 + i, j, value) for i, j, k, value in path.entries]
    constant = program.Expand(store.constant(stem, d3 * d1, d2, entries), (n, d3 * d1, d2))
    matrices = program.BatchProduct(constant, program.Reshape(store.read(path.right), (n, d2, v)))
    left = program.Reshape(matrices, (n, d3, d1 * v))
    right = program.Reshape(mixed, (store.size(mixed_space), d1 * v, w))
    space = wider(store.shape(path.right).space, mixed_space)
    deliver(store, (path.vertex,), batched(left, right, mixed_space, store.shape(path.right).space), space)


def _couple_pair(store: Storage, path: Path) -> list[Blend]:
    """z[(k v), u] = sum_i (sum_j C_ijk y_jv)[(k v), i] x_iu: the components of pairs are never all in memory."""
    d1, d2, d3 = path.dims
    u, v = count(path, path.letters.left), count(path, path.letters.right)
    stem, space = store.stem(path.vertex), space_of(store, path)
    if d1 == 1 or d2 == 1:
        left = program.Reshape(store.read(path.left), (rows_of(store, path.left), d1, 1, u))
        right = program.Reshape(store.read(path.right), (rows_of(store, path.right), d2, v, 1))
        product = program.Scaled(program.Times(right, left), path.entries[0][3])
        wire = made(store, path, program.Reshape(product, (store.size(space), d3, v * u)), space, d3, v * u)
        return finish(store, path, wire, path.letters.right + path.letters.left)
    entries = [(k * d1 + i, j, value) for i, j, k, value in path.entries]
    constant = store.constant(stem, d3 * d1, d2, entries)
    n = rows_of(store, path.right)
    y = program.Reshape(store.read(path.right), (n, d2, v))
    matrices = store.let(f"{stem}_matrices", program.BatchProduct(program.Expand(constant, (n, d3 * d1, d2)), y))
    turned = program.Swap(program.Reshape(matrices, (n, d3, d1, v)), 2, 3)
    matrix = program.Reshape(turned, (n, d3 * v, d1))
    x = program.Reshape(store.read(path.left), (rows_of(store, path.left), d1, u))
    value = batched(matrix, x, store.shape(path.right).space, store.shape(path.left).space)
    wire = made(store, path, program.Reshape(value, (store.size(space), d3, v * u)), space, d3, v * u)
    return finish(store, path, wire, path.letters.right + path.letters.left)
