"""Linear maps between the weights as the user numbers them and the smaller set that the network needs.

When trees depend on each other, so do what their weights can say: sum_t w_t T_t = sum_s (sum_t Q_ts w_t) S_s. The
weights w'_s = sum_t Q_ts w_t are enough. Q acts on whole slices, all channels of a path alike, and is exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import TYPE_CHECKING, Any

from fusionc.algebra.surd import ONE, Surd

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Tensor = Any
"""Of torch, which no stage of the compiler imports."""

Row = dict[int, Surd]
"""Non-zeros of one row, by column."""


@dataclass(frozen=True, slots=True)
class Form:
    """out[offset : offset + size] = sum of value * in[start : start + size] over `terms` (value, start)."""

    offset: int
    size: int
    terms: tuple[tuple[Surd, int], ...]


@dataclass(frozen=True, slots=True)
class WeightMap:
    """The weights `name`, of which the last axis has `full` entries, and `reduced_name`, where it has `reduced`.

    `to_reduced` reaches every reduced weight and keeps the diagram's value. `to_full` is a right inverse: of all full
    weights with the same value it gives those that are zero outside of a basis. `per` names the classes of the first
    axis, if there is one.
    """

    name: str
    reduced_name: str
    per: str | None
    full: int
    reduced: int
    to_reduced: tuple[Form, ...]
    to_full: tuple[Form, ...]

    def reduce(self, weight: Tensor) -> Tensor:
        """Full to reduced weights along the last axis; computed in float64. ValueError for another width."""
        return _applied(self.to_reduced, weight, self.full, self.reduced)

    def restore(self, weight: Tensor) -> Tensor:
        """Reduced to full weights, `reduce(restore(w)) = w`. ValueError for another width."""
        return _applied(self.to_full, weight, self.reduced, self.full)

    def matrix(self) -> NDArray[np.float64]:
        """[reduced, full]: `reduce` as a matrix."""
        return _dense(self.to_reduced, self.reduced, self.full)

    def inverse(self) -> NDArray[np.float64]:
        """[full, reduced]: `restore` as a matrix."""
        return _dense(self.to_full, self.full, self.reduced)


def _applied(forms: tuple[Form, ...], weight: Tensor, width: int, made: int) -> Tensor:
    if weight.shape[-1:] != (width,):
        raise ValueError(f"the last axis must have {width} weights, in a shape of {tuple(weight.shape)}")
    given = weight.double()
    found = given.new_zeros(*weight.shape[:-1], made)
    for form in forms:
        for value, start in form.terms:
            found[..., form.offset : form.offset + form.size] += float(value) * given[..., start : start + form.size]
    return found.to(weight.dtype)


def _dense(forms: tuple[Form, ...], rows: int, columns: int) -> NDArray[np.float64]:
    import numpy as np

    found = np.zeros((rows, columns))
    for form in forms:
        for value, start in form.terms:
            for n in range(form.size):
                found[form.offset + n, start + n] = float(value)
    return found


def right_inverse(rows: tuple[Row, ...]) -> tuple[Row, ...] | None:
    """N with `rows` N = 1, a row of N for each column in which some pivot lies, by column: N[n] maps rows to values.

    None where the rows depend on each other, or where no scales of rows and columns make all entries rational (the
    gauges of trees always do); the result is indexed by column, and empty where a column is not needed.
    """
    scales = _scales(rows)
    if scales is None:
        return None
    by_row, by_column = scales
    entries = [{c: _rational(v / (by_row[r] * by_column[c])) for c, v in row.items()} for r, row in enumerate(rows)]
    solved = _solved([{c: q for c, q in row.items() if q is not None} for row in entries])
    if solved is None:
        return None
    count = max(by_column, default=-1) + 1
    found: list[Row] = [{} for _ in range(count)]
    for column, parts in solved.items():
        for r, q in parts.items():
            found[column][r] = Surd.of(q) / (by_column[column] * by_row[r])
    return tuple(found)


def _scales(rows: tuple[Row, ...]) -> tuple[dict[int, Surd], dict[int, Surd]] | None:
    """s and t such that every entry is s[row] t[column] times a rational; None if there are none."""
    readers: dict[int, list[int]] = {}
    for r, row in enumerate(rows):
        for c in row:
            readers.setdefault(c, []).append(r)
    by_row: dict[int, Surd] = {}
    by_column: dict[int, Surd] = {}
    for first in range(len(rows)):
        if first in by_row:
            continue
        by_row[first] = ONE
        rest = [first]
        while rest:
            r = rest.pop()
            for c, value in rows[r].items():
                if c not in by_column:
                    by_column[c] = value / by_row[r]
                    for other in readers[c]:
                        if other not in by_row:
                            by_row[other] = rows[other][c] / by_column[c]
                            rest.append(other)
                elif _rational(value / (by_row[r] * by_column[c])) is None:
                    return None
    return by_row, by_column


def _rational(value: Surd) -> Fraction | None:
    n, d = isqrt(value.square.numerator), isqrt(value.square.denominator)
    exact = n * n == value.square.numerator and d * d == value.square.denominator
    return Fraction(value.sign * n, d) if exact else None


def _solved(rows: list[dict[int, Fraction]]) -> dict[int, dict[int, Fraction]] | None:
    """By pivot column, the combination of right-hand sides that solves for it (Gauss and Jordan)."""
    reduced: list[tuple[int, dict[int, Fraction], dict[int, Fraction]]] = []
    for r, row in enumerate(rows):
        left, right = dict(row), {r: Fraction(1)}
        for pivot, above, combination in reduced:
            if pivot in left:
                factor = left[pivot]
                left, right = _less(left, factor, above), _less(right, factor, combination)
        if not left:
            return None
        column = min(left)
        scale = 1 / left[column]
        left, right = _times(left, scale), _times(right, scale)
        reduced = [
            (p, _less(a, a.get(column, Fraction(0)), left), _less(b, a.get(column, Fraction(0)), right))
            for p, a, b in reduced
        ]
        reduced.append((column, left, right))
    return {pivot: combination for pivot, _, combination in reduced}


def _less(a: dict[int, Fraction], factor: Fraction, b: dict[int, Fraction]) -> dict[int, Fraction]:
    keys: Iterable[int] = dict.fromkeys((*a, *b)) if factor else a
    found = {n: a.get(n, Fraction(0)) - factor * b.get(n, Fraction(0)) for n in keys}
    return {n: value for n, value in found.items() if value}


def _times(a: dict[int, Fraction], factor: Fraction) -> dict[int, Fraction]:
    return {n: value * factor for n, value in a.items()}
