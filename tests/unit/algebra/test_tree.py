from __future__ import annotations

import random
from fractions import Fraction
from itertools import product

import pytest
from tree_values import random_family, random_leaves

from fusionc.algebra.irrep import Group, Irrep, Irreps
from fusionc.algebra.surd import Surd, SurdSum
from fusionc.algebra.tree import (
    Branch,
    Combination,
    Family,
    FusionTree,
    Leaf,
    Vertex,
    bracketing,
    canonical,
    count_labelled_trees,
    expand,
    labelled_trees,
    leaves_of,
)


def irrep(text: str) -> Irrep:
    return Irrep.parse(text)


A, B, C = (Leaf(name, irrep("1o")) for name in "abc")


def left(label: str) -> FusionTree:
    return Vertex(Vertex(A, B, irrep(label)), C, irrep("1o"))


def right(label: str) -> FusionTree:
    return Vertex(A, Vertex(B, C, irrep(label)), irrep("1o"))


def right_family(*labels: str) -> Family:
    return Branch(A, Branch(B, C, tuple(map(irrep, labels)) or None), (irrep("1o"),))


def root(above: int, below: int) -> SurdSum:
    return SurdSum.of(Surd.sqrt(Fraction(above, below)))


def test_the_f_move_of_three_vectors() -> None:
    expected = ((right("0e"), -root(1, 3)), (right("1e"), SurdSum.of(Fraction(1, 2))), (right("2e"), root(5, 12)))
    assert expand(left("1e"), right_family()) == (expected, ())


def test_what_a_family_does_not_span_is_left_over() -> None:
    found = expand(left("1e"), right_family("0e", "2e"))
    assert [tree for tree, _ in found.terms] == [right("0e"), right("2e")]
    assert found.residual == ((right("1e"), SurdSum.of(Fraction(1, 2))),)
    assert expand(left("1e"), Branch(A, Branch(B, C), (irrep("1e"),))).terms == ()


def test_equal_maps_have_equal_combinations() -> None:
    order = ("c", "a", "b")
    total = Combination((C, A, B), ())
    for label, factor in (("0e", -root(1, 3)), ("1e", SurdSum.of(Fraction(1, 2))), ("2e", root(5, 12))):
        total += canonical(right(label), order).scaled(factor)
    assert total == canonical(left("1e"), order)
    assert (total - canonical(left("1e"), order)).is_zero
    assert not (total - canonical(left("2e"), order)).is_zero
    assert total.scaled(SurdSum()).is_zero


def test_a_single_leaf_is_a_tree() -> None:
    assert canonical(A, ("a",)) == Combination((A,), (((), SurdSum.of(1)),))
    assert expand(A, A).terms == ((A, SurdSum.of(1)),)
    assert list(labelled_trees(A)) == [A]
    assert count_labelled_trees(A) == 1


def test_impossible_trees_are_refused() -> None:
    with pytest.raises(ValueError, match="do not couple"):
        Vertex(A, B, irrep("1o"))
    with pytest.raises(ValueError, match="do not couple"):
        Vertex(A, B, irrep("3e"))
    with pytest.raises(ValueError, match="same name"):
        canonical(Vertex(A, A, irrep("0e")), ("a", "a"))
    with pytest.raises(ValueError, match="does not name every leaf once"):
        canonical(left("0e"), ("a", "b"))
    with pytest.raises(ValueError, match="own leaves"):
        expand(left("0e"), Branch(A, Branch(B, Leaf("c", irrep("2e")))))
    with pytest.raises(ValueError, match="different leaves"):
        canonical(left("0e"), ("a", "b", "c")) + canonical(left("0e"), ("b", "a", "c"))


@pytest.mark.parametrize("group", Group)
@pytest.mark.parametrize("seed", range(10))
def test_counting_agrees_with_enumeration(seed: int, group: Group) -> None:
    rng = random.Random(seed)
    family = random_family(rng, random_leaves(rng, group, count=5))
    trees = list(labelled_trees(family))
    assert count_labelled_trees(family) == len(trees) == len(set(trees))
    assert all(leaves_of(tree) == leaves_of(family) for tree in trees)


def test_labels_restrict_in_their_order() -> None:
    family = Branch(Branch(A, B, (irrep("2e"), irrep("0e"))), C, (irrep("1o"), irrep("2o")))
    assert list(labelled_trees(family)) == [left("2e"), Vertex(Vertex(A, B, irrep("2e")), C, irrep("2o")), left("0e")]
    assert count_labelled_trees(family) == 3


def test_a_tree_belongs_to_its_bracketing() -> None:
    family = bracketing(left("1e"))
    assert list(labelled_trees(family)) == [left("0e"), left("1e"), left("2e")]


@pytest.mark.parametrize(("lmax", "bilinear", "three", "natural"), [(1, 5, 13, 8), (2, 15, 81, 41), (3, 34, 318, 137)])
def test_known_numbers_of_paths(lmax: int, bilinear: int, three: int, natural: int) -> None:
    def paths(leaves: int, group: Group) -> int:
        allowed = tuple(segment.irrep for segment in Irreps.natural(lmax, group))
        total = 0
        for chosen in product(allowed, repeat=leaves):
            family: Family = Leaf("x0", chosen[0])
            for n, own in enumerate(chosen[1:], 1):
                family = Branch(family, Leaf(f"x{n}", own), allowed)
            total += count_labelled_trees(family)
        return total

    assert (paths(2, Group.SO3), paths(3, Group.SO3), paths(3, Group.O3)) == (bilinear, three, natural)


def test_large_families_are_counted_without_listing_them() -> None:
    family: Family = Leaf("x0", Irrep(12, 1))
    for n in range(1, 10):
        family = Branch(family, Leaf(f"x{n}", Irrep(12, 1)))
    assert count_labelled_trees(family) > 10**11
