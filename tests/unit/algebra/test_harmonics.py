from __future__ import annotations

import numpy as np
import pytest
import torch
from e3nn import o3
from numpy.typing import NDArray

from fusionc.algebra.clebsch import coupling, dense
from fusionc.algebra.harmonics import HarmonicNorm, Powers, harmonic_polynomial, harmonic_step
from fusionc.algebra.surd import Surd, SurdSum


def directions(seed: int, count: int = 30) -> NDArray[np.float64]:
    r = np.random.default_rng(seed).normal(size=(count, 3))
    return r / np.linalg.norm(r, axis=1, keepdims=True)


def evaluate(l: int, r: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shape (points, 2l+1)."""
    columns = [sum(float(c) * np.prod(r**powers, axis=1) for powers, c in terms) for terms in harmonic_polynomial(l)]
    return np.stack(columns, axis=1) * np.ones((len(r), 1))


@pytest.mark.parametrize("norm", HarmonicNorm)
@pytest.mark.parametrize("l", range(12))
def test_harmonics_are_e3nns(l: int, norm: HarmonicNorm) -> None:
    r = directions(seed=l)
    theirs = o3.spherical_harmonics(l, torch.from_numpy(r), normalize=False, normalization=norm.value).numpy()
    np.testing.assert_allclose(norm.factor(l) * evaluate(l, r), theirs, rtol=0, atol=2e-14)


@pytest.mark.parametrize("l", range(1, 14))
def test_each_degree_is_a_coupling_of_the_one_below(l: int) -> None:
    r = directions(seed=l)
    vertex = np.sqrt(2 * l + 1) * dense(1, l - 1, l)
    step = float(harmonic_step(l)) * np.einsum("ijk,ni,nj->nk", vertex, evaluate(1, r), evaluate(l - 1, r))
    np.testing.assert_allclose(step, evaluate(l, r), rtol=0, atol=1e-13)


@pytest.mark.parametrize("l", range(1, 6))
def test_the_step_holds_exactly_for_solid_harmonics(l: int) -> None:
    first, below, own = harmonic_polynomial(1), harmonic_polynomial(l - 1), harmonic_polynomial(l)
    factor = harmonic_step(l) * Surd.sqrt(2 * l + 1)
    found: list[dict[Powers, SurdSum]] = [{} for _ in own]
    for i, j, k, value in coupling(1, l - 1, l):
        for left, a in first[i]:
            for right, b in below[j]:
                powers = (left[0] + right[0], left[1] + right[1], left[2] + right[2])
                found[k][powers] = found[k].get(powers, SurdSum()) + SurdSum.of(factor * value * a * b)
    for terms, expected in zip(found, own, strict=True):
        assert {powers: total for powers, total in terms.items() if total} == {p: SurdSum.of(c) for p, c in expected}


@pytest.mark.parametrize("l", [1, 4, 11, 12, 20])
def test_addition_theorem(l: int) -> None:
    """sum_m Y_lm(a) Y_lm(b) = (2l+1) P_l(a.b), which holds for no other sign or scale of a component pair."""
    a, b = directions(seed=1), directions(seed=2)
    legendre = np.polynomial.legendre.Legendre.basis(l)(np.sum(a * b, axis=1))
    np.testing.assert_allclose(np.sum(evaluate(l, a) * evaluate(l, b), axis=1), (2 * l + 1) * legendre, atol=1e-9)


@pytest.mark.parametrize("l", [2, 5, 12, 13])
def test_value_at_the_pole(l: int) -> None:
    pole = evaluate(l, np.array([[0.0, 1.0, 0.0]]))[0]
    expected = np.zeros(2 * l + 1)
    expected[l] = np.sqrt(2 * l + 1)
    np.testing.assert_allclose(pole, expected, atol=1e-12)


@pytest.mark.parametrize("l", range(9))
def test_polynomials_are_homogeneous_and_harmonic(l: int) -> None:
    for terms in harmonic_polynomial(l):
        assert [powers for powers, _ in terms] == sorted({powers for powers, _ in terms})
        laplacian: dict[Powers, SurdSum] = {}
        for powers, c in terms:
            assert sum(powers) == l
            for axis, n in enumerate(powers):
                if n >= 2:
                    key = tuple(m - 2 * (axis == other) for other, m in enumerate(powers))
                    laplacian[key] = laplacian.get(key, SurdSum()) + SurdSum.of(c * Surd.of(n * (n - 1)))
        assert all(total.is_zero for total in laplacian.values())


def test_no_harmonics_below_zero() -> None:
    with pytest.raises(ValueError, match="no harmonics"):
        harmonic_polynomial(-1)
    with pytest.raises(ValueError, match="step"):
        harmonic_step(0)
