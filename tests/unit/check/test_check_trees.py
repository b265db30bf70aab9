"""Trees called with tensors, and checks proved or refuted."""

from __future__ import annotations

import pytest

from fusionc.algebra.tree import Leaf, Vertex
from fusionc.check import ir

from .checking import checked, codes, findings, operation, value

LEFT = """
tree left(a: 1o, b: 1o, c: 1o) : 1o {
  e : 0e | 1e | 2e = a * b
  out = e * c
}
"""
RIGHT = """
tree right(a: 1o, b: 1o, c: 1o) : 1o {
  f : 0e | 1e | 2e = b * c
  out = a * f
}
"""
IDENTITY = "left(e=1e) = -sqrt(1/3) right(f=0e) + 1/2 right(f=1e) + sqrt(5/12) right(f=2e)"


def called(statement: str, inputs: str = "input x : 4x1o\ninput y : 2x0e + 4x1o\ninput z : 1o") -> ir.CheckedDiagram:
    return checked(f"{LEFT}\ndiagram d {{\n{inputs}\n{statement}\noutput t\n}}\n").diagrams[0]


def labels(product: ir.TreeProduct) -> list[str]:
    found = []
    for path in product.paths:
        assert isinstance(path.tree, Vertex)
        assert isinstance(path.tree.left, Vertex)
        found.append(str(path.tree.left.irrep))
    return found


def test_a_bound_tree_is_one_segment() -> None:
    diagram = called("t = left(x, y, z, e=1e)")
    product = operation(diagram, "t", ir.TreeProduct)
    assert labels(product) == ["1e"]
    (path,) = product.paths
    assert (path.leaves, path.segments, str(path.factor), path.weight) == (("a", "b", "c"), (0, 1, 0), "1", None)
    assert isinstance(path.tree, Vertex)
    assert isinstance(path.tree.right, Leaf)
    assert path.tree.right.name == "c"
    assert str(value(diagram, "t").irreps) == "4x1o"


def test_a_family_is_concatenated_or_summed() -> None:
    apart = called("t = left(x, y, z)")
    assert str(value(apart, "t").irreps) == "4x1o+4x1o+4x1o"
    assert labels(operation(apart, "t", ir.TreeProduct)) == ["0e", "1e", "2e"]
    summed = called("weight w\nt : 4x1o = left(x, y, z, e=2e|0e) with weights=w")
    product = operation(summed, "t", ir.TreeProduct)
    assert labels(product) == ["2e", "0e"]
    assert [str(path.factor) for path in product.paths] == ["sqrt(1/2)"] * 2
    assert summed.parameters == (ir.LearnedWeight("w", 8, None, False),)


def test_the_first_edge_is_slowest() -> None:
    text = """
        tree t(a: 1o, b: 1o, c: 1o, d: 1o) : 0e {
          f : 0e | 1e = c * d
          e : 1e | 0e | 2e = a * b
          out = e * f
        }
        diagram use {
          input x : 1o
          z = t(x, x, x, x)
          output z
        }"""
    product = operation(checked(text).diagrams[0], "z", ir.TreeProduct)
    pairs = []
    for path in product.paths:
        assert isinstance(path.tree, Vertex)
        pairs.append((str(path.tree.right.irrep), str(path.tree.left.irrep)))
    assert pairs == [("0e", "0e"), ("1e", "1e")]


def test_an_edge_without_labels_takes_what_it_can() -> None:
    text = "tree t(a: 1o, b: 1o, c: 1o) : 1o {\n  out = (a * b) * c\n}\n"
    text += "diagram use {\n  input x : 2x1o\n  z = t(x, x, x)\n  output z\n}\n"
    assert labels(operation(checked(text).diagrams[0], "z", ir.TreeProduct)) == ["0e", "1e", "2e"]


def test_so3_trees() -> None:
    text = """
        group SO3
        tree t(a: 1, b: 1, c: 2) : 1 {
          e : 0 | 1 | 2 = a * b
          out = e * c
        }
        check t(e=1) == t(e=1)
        diagram use {
          input x : 2x1
          input y : 2x2
          z = t(x, x, y, e=2)
          output z
        }"""
    program = checked(text)
    assert [identity.text for identity in program.identities] == ["t(e=1) = t(e=1)"]
    assert value(program.diagrams[0], "z").irreps.text(program.group) == "2x1"


def test_the_design_example() -> None:
    program = checked(f"{LEFT}{RIGHT}check left(e=1e) == recouple(right, over=f)\n")
    assert [identity.text for identity in program.identities] == [IDENTITY]


@pytest.mark.parametrize("label", ["0e", "1e", "2e"])
def test_an_identity_pastes_back(label: str) -> None:
    (first,) = checked(f"{LEFT}{RIGHT}check left(e={label}) == recouple(right, over=f)\n").identities
    (second,) = checked(f"{LEFT}{RIGHT}check {first.text.replace(' = ', ' == ')}\n").identities
    assert second.text == first.text


def test_a_family_may_stand_on_the_left() -> None:
    sum_ = "1/2 left(e=1e) - left(e=0e)"
    (found,) = checked(f"{LEFT}{RIGHT}check recouple(right, over=f) == {sum_}\n").identities
    (again,) = checked(f"{LEFT}{RIGHT}check {found.text.replace(' = ', ' == ')}\n").identities
    assert found.text.startswith(f"{sum_} = ")
    assert again.text == found.text


def test_leaves_in_another_order_cost_a_sign() -> None:
    swapped = LEFT.replace("left", "swapped").replace("a * b", "b * a")
    texts = [f"check left(e={e}) == {sign}swapped(e={e})" for e, sign in (("0e", ""), ("1e", "-"), ("2e", ""))]
    program = checked("\n".join((LEFT, swapped, *texts, "")))
    assert [i.text for i in program.identities] == [text.removeprefix("check ").replace("==", "=") for text in texts]


def test_a_false_check_says_what_is_true() -> None:
    (found,) = findings(f"{LEFT}{RIGHT}check left(e=1e) == 1/2 right(f=1e)\n")
    assert found.code == "F275"
    assert f"true is: {IDENTITY}" in found.help
    assert "k2=1e: 1, 1/4, 3/4" in found.help


@pytest.mark.parametrize(
    ("check", "code"),
    [
        ("left() == right(f=1e)", "F273"),
        ("left(e=3e) == right(f=1e)", "F270"),
        ("left(e=1e) == right(f=1e)", "F275"),
        ("left(e=1e) == recouple(right, f=1e)", "F146"),
        ("left(e=1e) == recouple(right, over=f, f=1e)", "F146"),
        ("left(e=1e) == pair()", "F274"),
    ],
)
def test_refusals(check: str, code: str) -> None:
    pair = "tree pair(a: 1o, b: 1o) : 1e {\n  out = a * b\n}\n"
    assert codes(f"{LEFT}{RIGHT}{pair}check {check}\n") == [code]
