"""Spherical harmonics by the recursion Y_l = (r, Y_{l-1}) coupled, one constant matrix a degree."""

from __future__ import annotations

from fractions import Fraction

from fusionc.algebra.clebsch import coupling
from fusionc.algebra.harmonics import HarmonicNorm, harmonic_step
from fusionc.algebra.surd import Surd
from fusionc.backends.pytorch import program
from fusionc.backends.pytorch.program import Expr
from fusionc.backends.pytorch.storage import Storage
from fusionc.diagnostics import InternalError
from fusionc.diagram.ir import Norm
from fusionc.network import ir


def harmonics(store: Storage, vertices: tuple[int, ...]) -> None:
    """Place the HARMONIC vertices of one step: those of one vector, side by side in one block of columns."""
    groups: dict[tuple[int, bool, Norm], list[int]] = {}
    for n in vertices:
        op = store.network.vertices[n].op
        assert isinstance(op, ir.Harmonic)
        groups.setdefault((op.operand, op.normalize, op.norm), []).append(n)
    for (operand, normalize, norm), many in groups.items():
        _harmonics_of(store, operand, normalize, norm, tuple(many))


def _harmonics_of(store: Storage, operand: int, normalize: bool, norm: Norm, vertices: tuple[int, ...]) -> None:
    stem = store.stem(vertices[0])
    vector, _, _ = store.matrix((operand,))
    r: Expr = store.let(f"{stem}_r", program.Unit(vector) if normalize else vector)
    degrees = [_degree(store, n) for n in vertices]
    size = store.size(store.shape(operand).space)
    columns: dict[int, Expr] = {0: program.Ones(r, (size, 1)), 1: program.Scaled(r, Surd.sqrt(3))}
    previous: Expr = columns[1]
    if max(degrees) > 1:
        columns[1] = previous = store.let(f"{stem}_1", previous)
    for l in range(2, max(degrees) + 1):
        previous = columns[l] = store.let(f"{stem}_{l}", _step(store, stem, l, r, previous, size))
    parts = tuple(_normalised(columns[l], l, norm) for l in degrees)
    held = store.let(stem, program.Cat(parts, 1) if len(parts) > 1 else parts[0])
    store.hold_columns(held.name, store.shape(vertices[0]).space, vertices)


def _degree(store: Storage, n: int) -> int:
    op = store.network.vertices[n].op
    assert isinstance(op, ir.Harmonic)
    return op.l


def _step(store: Storage, stem: str, l: int, r: Expr, previous: Expr, size: program.Size) -> Expr:
    """Y_l[k] = c_l sqrt(3) sum_ij W[i, j, k] r[i] Y_{l-1}[j]: sqrt(3) r is Y_1."""
    factor = harmonic_step(l) * Surd.sqrt(3 * (2 * l + 1))
    inner = 2 * l - 1
    entries = [(e.i * inner + e.j, e.k, e.value * factor) for e in coupling(1, l - 1, l)]
    constant = store.constant(f"{stem}_{l}", 3 * inner, 2 * l + 1, entries)
    outer = program.Times(program.Unsqueeze(r, 2), program.Unsqueeze(previous, 1))
    return program.MatrixProduct(program.Reshape(outer, (size, 3 * inner)), constant)


def _normalised(value: Expr, l: int, norm: Norm) -> Expr:
    match norm:
        case Norm.COMPONENT:
            return value
        case Norm.NORM:
            return program.Scaled(value, Surd.sqrt(Fraction(1, 2 * l + 1)))
        case Norm.INTEGRAL:
            return program.Scaled(value, HarmonicNorm.INTEGRAL.factor(l))
        case Norm.NONE:
            raise InternalError("spherical harmonics always have a norm")
