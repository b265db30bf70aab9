from __future__ import annotations

import random

import pytest
from e3nn import o3

from fusionc.algebra.irrep import Group, Irrep, Irreps, Segment


def random_text(seed: int) -> str:
    rng = random.Random(seed)
    return "+".join(f"{rng.randrange(5)}x{rng.randrange(5)}{rng.choice('eo')}" for _ in range(rng.randrange(1, 9)))


@pytest.mark.parametrize("text", ["128x0e+128x1o", "1y", " 2x2y + 3o ", "0x0e", "0e+0e", "", "16x0e + 0x1o+1e"])
def test_spelling_is_e3nns(text: str) -> None:
    assert str(Irreps.parse(text)) == str(o3.Irreps(text))


@pytest.mark.parametrize("seed", range(20))
def test_irreps_agree_with_e3nn(seed: int) -> None:
    text = random_text(seed)
    ours, theirs = Irreps.parse(text), o3.Irreps(text)
    assert (ours.dim, ours.num_irreps, len(ours)) == (theirs.dim, theirs.num_irreps, len(theirs))
    assert ours.slices == tuple((part.start, part.stop) for part in theirs.slices())
    assert Irreps.parse(str(ours)) == ours


@pytest.mark.parametrize("seed", range(20))
def test_sorting_is_e3nns(seed: int) -> None:
    text = random_text(seed)
    ours, theirs = Irreps.parse(text).sort(), o3.Irreps(text).sort()
    assert str(ours.irreps) == str(theirs.irreps)
    assert ours.permutation == tuple(theirs.p)
    assert ours.inverse == tuple(theirs.inv)


@pytest.mark.parametrize("left", ["0e", "0o", "1o", "2e", "3o"])
@pytest.mark.parametrize("right", ["0o", "1e", "2o", "4e"])
def test_products_agree_with_e3nn(left: str, right: str) -> None:
    product = Irrep.parse(left) * Irrep.parse(right)
    assert [str(irrep) for irrep in product] == [str(irrep) for irrep in o3.Irrep(left) * o3.Irrep(right)]


def test_order_is_by_degree_then_odd_before_even() -> None:
    assert sorted(Irrep.parse(text) for text in ("1e", "2o", "0e", "1o", "0o")) == [
        Irrep(0, -1),
        Irrep(0, 1),
        Irrep(1, -1),
        Irrep(1, 1),
        Irrep(2, -1),
    ]


def test_natural_parity() -> None:
    assert str(Irreps.natural(3)) == "1x0e+1x1o+1x2e+1x3o"
    assert Irreps.natural(2, Group.SO3).text(Group.SO3) == "1x0+1x1+1x2"


def test_so3_has_no_parity_letters() -> None:
    irreps = Irreps.parse("16x0 + 1", Group.SO3)
    assert irreps == Irreps((Segment(16, Irrep(0, 1)), Segment(1, Irrep(1, 1))))
    assert irreps.text(Group.SO3) == "16x0+1x1"
    with pytest.raises(ValueError, match="SO3"):
        Irreps.parse("16x0e", Group.SO3)


@pytest.mark.parametrize("text", ["1", "1E", "-1e", "1/2e", "2*1o", "x1o", "1o+", "128 y 0e", "1x1x1o", "\u0661e"])
def test_bad_spelling_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"not irreps|not an irrep"):
        Irreps.parse(text)


def test_impossible_values_are_refused() -> None:
    with pytest.raises(ValueError, match="no irrep"):
        Irrep(-1, 1)
    with pytest.raises(ValueError, match="no irrep"):
        Irrep(1, 0)
    with pytest.raises(ValueError, match="channels"):
        Segment(-1, Irrep(0, 1))


def test_addition_keeps_segments() -> None:
    total = Irreps.parse("2x0e+0x1o") + Irreps.parse("0e")
    assert str(total) == "2x0e+0x1o+1x0e"
    assert total[1] == Segment(0, Irrep(1, -1))
    assert [segment.mul for segment in total] == [2, 0, 1]
