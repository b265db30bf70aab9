from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import torch
from e3nn import o3

from fusionc.algebra import clebsch
from fusionc.algebra.clebsch import coupling, dense, is_flipped
from fusionc.algebra.surd import Surd, SurdSum

# The triples l1 <= l2 <= l3 <= 11 for which e3nn 0.4.4 and e3nn 0.6 differ, as read off from both.
FLIPPED = """
    1-2-2 1-3-3 1-4-4 1-5-5 1-6-6 1-7-7 1-8-8 1-9-9 1-10-10 1-11-11 3-4-6 3-5-7 3-6-8 3-7-9 3-8-10 3-9-11 4-4-5 4-5-6
    4-6-7 4-7-8 4-8-9 4-9-10 4-10-11 5-5-5 5-6-6 5-6-10 5-7-7 5-7-11 5-8-8 5-9-9 5-10-10 5-11-11 6-6-9 6-7-10 6-8-11
    7-7-9 7-8-10 7-9-11 8-8-9 8-9-10 8-10-11 9-9-9 9-10-10 9-11-11
"""


def triples(lmax: int) -> list[tuple[int, int, int]]:
    return [
        (l1, l2, l3)
        for l1 in range(lmax + 1)
        for l2 in range(lmax + 1)
        for l3 in range(abs(l1 - l2), min(l1 + l2, lmax) + 1)
    ]


# e3nn takes about ten seconds for all of the larger triples.
@pytest.mark.parametrize("lmax", [*range(6), *(pytest.param(l, marks=pytest.mark.slow) for l in range(6, 12))])
def test_couplings_are_e3nns(lmax: int) -> None:
    for triple in (t for t in triples(lmax) if max(t) == lmax):
        np.testing.assert_allclose(
            dense(*triple), o3.wigner_3j(*triple, dtype=torch.float64).numpy(), rtol=0, atol=1e-14
        )


@pytest.mark.parametrize("triple", [(1, 1, 0), (1, 1, 1), (2, 1, 2), (3, 2, 4), (4, 4, 4), (6, 3, 5), (20, 3, 18)])
def test_a_vertex_is_an_isometry_exactly(triple: tuple[int, int, int]) -> None:
    dim = 2 * triple[2] + 1
    gram: dict[tuple[int, int], SurdSum] = {}
    columns: dict[tuple[int, int], list[tuple[int, Surd]]] = {}
    for i, j, k, value in coupling(*triple):
        columns.setdefault((i, j), []).append((k, value))
    for column in columns.values():
        for k, a in column:
            for m, b in column:
                gram[k, m] = gram.get((k, m), SurdSum()) + SurdSum.of(a * b)
    one = SurdSum.of(Surd.sqrt(dim) / Surd.sqrt(dim))
    for k in range(dim):
        for m in range(dim):
            total = gram.get((k, m), SurdSum()) * SurdSum.of(dim)
            assert total == (one if k == m else SurdSum())


def test_two_couplings_joined_by_two_edges_are_orthogonal() -> None:
    for l1, l2 in ((1, 1), (2, 1), (2, 3)):
        for l3 in range(abs(l1 - l2), l1 + l2 + 1):
            for l4 in range(abs(l1 - l2), l1 + l2 + 1):
                other = {(i, j): [] for i, j, _, _ in coupling(l1, l2, l4)}
                for i, j, k, value in coupling(l1, l2, l4):
                    other[i, j].append((k, value))
                bubble: dict[tuple[int, int], SurdSum] = {}
                for i, j, k, value in coupling(l1, l2, l3):
                    for m, b in other.get((i, j), ()):
                        bubble[k, m] = bubble.get((k, m), SurdSum()) + SurdSum.of(value * b)
                assert all(total.is_zero for (k, m), total in bubble.items() if l3 != l4 or k != m)


@pytest.mark.parametrize("l", range(7))
def test_the_cup_is_a_delta(l: int) -> None:
    value = Surd.sqrt(1) / Surd.sqrt(2 * l + 1)
    assert coupling(l, l, 0) == tuple((i, i, 0, value) for i in range(2 * l + 1))


@pytest.mark.parametrize("triple", [(1, 1, 1), (1, 2, 2), (2, 3, 4), (5, 3, 3)])
def test_permuting_the_legs_gives_the_r_sign(triple: tuple[int, int, int]) -> None:
    l1, l2, l3 = triple
    sign = (-1) ** sum(triple)
    swapped = {(j, i, k): value for i, j, k, value in coupling(l2, l1, l3)}
    turned = {(k, i, j): value for i, j, k, value in coupling(l2, l3, l1)}
    for i, j, k, value in coupling(l1, l2, l3):
        assert swapped[i, j, k] == (value if sign > 0 else -value)
        assert turned[i, j, k] == value


def test_flipped_signs_of_e3nn_04_are_those_it_was_seen_to_have() -> None:
    seen = {tuple(int(l) for l in text.split("-")) for text in FLIPPED.split()}
    flipped = {triple for triple in triples(11) if is_flipped(*triple)}
    assert flipped == {order for triple in seen for order in permutations(triple)}
    assert len(flipped) == 188
    assert len([triple for triple in flipped if max(triple) <= 6]) == 34
    assert {t for t in flipped if max(t) <= 3} == {(1, 2, 2), (2, 1, 2), (2, 2, 1), (1, 3, 3), (3, 1, 3), (3, 3, 1)}


@pytest.mark.parametrize("triple", [(1, 2, 2), (1, 1, 1), (2, 2, 2), (5, 6, 6)])
def test_the_old_convention_is_a_sign(triple: tuple[int, int, int]) -> None:
    sign = -1 if is_flipped(*triple) else 1
    np.testing.assert_array_equal(dense(*triple, "e3nn-0.4"), sign * dense(*triple))


def test_entries_are_sorted_and_nonzero() -> None:
    for triple in triples(5):
        entries = coupling(*triple)
        assert list(entries) == sorted(entries, key=lambda e: e[:3])
        assert len({e[:3] for e in entries}) == len(entries)
        assert all(e.value for e in entries)


@pytest.mark.parametrize("triple", [(20, 20, 20), (20, 19, 18), (20, 1, 20)])
def test_high_degrees_keep_the_unit_norm(triple: tuple[int, int, int]) -> None:
    assert sum(e.value.square for e in coupling(*triple)) == 1
    assert np.sum(dense(*triple) ** 2) == pytest.approx(1, abs=1e-14)


def test_what_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="triangle"):
        coupling(1, 1, 3)
    with pytest.raises(ValueError, match="beyond l=11"):
        coupling(12, 1, 12, "e3nn-0.4")
    with pytest.raises(ValueError, match="unknown coupling convention"):
        dense(1, 1, 1, "complex")
    assert "e3nn" in clebsch.CONVENTIONS
