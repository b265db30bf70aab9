"""`recouple`: the exact matrix is what the algebra says, orthogonal, and what is printed is proved by `check`."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from fusionc.algebra.irrep import Group, Irrep
from fusionc.algebra.recoupling import f_symbol
from fusionc.algebra.surd import SurdSum
from fusionc.check.bracketing import Shape, parse_bracketing
from fusionc.check.recouple import Recoupling, recouple, shape_text
from fusionc.commands.recouple import recoupled
from fusionc.compiler import check_source
from fusionc.diagnostics import CompileError
from fusionc.options import CompileOptions, Limits
from fusionc.source import Source

COMB = """tree left(a: {}, b: {}, c: {}) : {} {{
  e = a * b
  out = e * c
}}
"""


def matrix_of(text: str, to: str, name: str = "left") -> Recoupling:
    program = check_source(Source("test", text)).program
    tree = next(tree for tree in program.trees if tree.name == name)
    shape = parse_bracketing(Source("to", to), tuple(leaf for leaf, _ in tree.leaves))
    found = recouple(tree, shape, "other", program.group, Limits())
    assert isinstance(found, Recoupling)
    return found


def gram(found: Recoupling) -> list[list[SurdSum]]:
    return [
        [sum((a * b for a, b in zip(one, other, strict=True)), SurdSum()) for other in found.matrix]
        for one in found.matrix
    ]


@pytest.mark.parametrize(
    ("leaves", "root"), [(("1o", "1o", "1o"), "1o"), (("2e", "1o", "3o"), "2e"), (("1e", "2o", "2e"), "3o")]
)
def test_an_f_move_is_the_f_symbol(leaves: tuple[str, str, str], root: str) -> None:
    found = matrix_of(COMB.format(*leaves, root), "(a (b c))")
    j = [Irrep.parse(leaf).l for leaf in leaves]
    top = Irrep.parse(root).l
    for row, values in zip(found.rows, found.matrix, strict=True):
        for column, value in zip(found.columns, values, strict=True):
            assert value == SurdSum.of(f_symbol(*j, top, row[0][1].l, column[0][1].l))


def test_an_r_move_is_a_sign() -> None:
    text = "tree left(a: 1o, b: 1o) : 1e {\n  out = a * b\n}\n"
    assert matrix_of(text, "(b a)").matrix == ((SurdSum.of(-1),),)
    assert matrix_of(text, "(a b)").matrix == ((SurdSum.of(1),),)


def random_shape(random: Random, names: list[str]) -> Shape:
    if len(names) == 1:
        return names[0]
    cut = random.randrange(1, len(names))
    return random_shape(random, names[:cut]), random_shape(random, names[cut:])


def random_source(random: Random) -> tuple[str, str]:
    """A comb of random leaves with every family label, and a bracketing of its leaves in random order."""
    count = random.randint(2, 4)
    names = list("abcd")[:count]
    irreps = [Irrep(random.randint(0, 2), random.choice((-1, 1))) for _ in names]
    roots = [irreps[0]]
    lines, last = [], names[0]
    for n, name in enumerate(names[1:], 1):
        roots = sorted({out for root in roots for out in root * irreps[n]})
        own = "out" if n == count - 1 else f"e{n}"
        lines.append(f"  {own} = {last} * {name}")
        last = own
    leaves = ", ".join(f"{name}: {irrep}" for name, irrep in zip(names, irreps, strict=True))
    random.shuffle(names)
    body = "\n".join(lines)
    return f"tree left({leaves}) : {random.choice(roots)} {{\n{body}\n}}\n", shape_text(random_shape(random, names))


@pytest.mark.parametrize("seed", range(30))
def test_whole_families_are_orthogonal_and_what_is_printed_is_proved(seed: int) -> None:
    text, to = random_source(Random(seed))
    found = matrix_of(text, to)
    assert len(found.rows) == len(found.columns)
    one, zero = SurdSum.of(1), SurdSum()
    assert gram(found) == [[one if n == m else zero for m in range(len(found.rows))] for n in range(len(found.rows))]
    printed = recoupled(Source("test", text), CompileOptions(), "left", to)
    proved = check_source(Source("test", text + printed)).program.identities
    assert len(proved) == len(found.rows)


@pytest.mark.parametrize("seed", range(10))
def test_back_again_is_the_transpose(seed: int) -> None:
    text, to = random_source(Random(100 + seed))
    program = check_source(Source("test", text)).program
    tree = program.trees[0]
    there = matrix_of(text, to)
    comb: Shape = tree.leaves[0][0]
    for leaf, _ in tree.leaves[1:]:
        comb = (comb, leaf)
    back = recouple(there.target, comb, "back", Group.O3, Limits())
    assert isinstance(back, Recoupling)
    assert tuple(zip(*there.matrix, strict=True)) == back.matrix


def test_a_part_of_a_family_keeps_its_rows() -> None:
    text = COMB.format("1o", "1o", "1o", "1o").replace("  e =", "  e : 1e =")
    found = matrix_of(text, "(a (b c))")
    assert len(found.rows) == 1
    assert [str(value) for value in found.matrix[0]] == ["-sqrt(1/3)", "1/2", "sqrt(5/12)"]
    assert sum((value * value for value in found.matrix[0]), SurdSum()) == SurdSum.of(Fraction(1))


def test_edges_over_the_same_leaves_keep_their_names() -> None:
    text = "tree left(a: 1o, f: 1o, c: 1o, d: 1o) : 0e {\n  e = a * f\n  h = e * c\n  out = h * d\n}\n"
    found = matrix_of(text, "((a f) (c d))")
    assert [node.name for node in found.target.edges] == ["e", "g"]


def test_new_names_are_free_ones() -> None:
    text = COMB.format("1o", "1o", "1o", "1o")
    printed = recoupled(Source("test", text), CompileOptions(), "left", "(a (b c))")
    again = recoupled(Source("test", text + printed), CompileOptions(), "left", "((a c) b)")
    assert "tree left_recoupled(" in printed
    assert "tree left_recoupled_2(" in again
    assert check_source(Source("test", text + printed + again)).program.identities


def test_without_parity() -> None:
    text = "group SO3\n" + COMB.format(1, 1, 2, 1)
    printed = recoupled(Source("test", text), CompileOptions(), "left", "(a (b c))")
    assert "f : 1 | 2" in printed
    assert len(check_source(Source("test", text + printed)).program.identities) == 2


def test_edges_without_a_name_cannot_be_checked() -> None:
    text = "tree left(a: 1o, b: 1o, c: 1o) : 1o {\n  out = (a * b) * c\n}\n"
    printed = recoupled(Source("test", text), CompileOptions(), "left", "(a (b c))")
    assert "check" not in printed.replace("`check`", "")
    assert "name the internal edges" in printed
    check_source(Source("test", text + printed))


def test_the_size_is_counted_first() -> None:
    leaves = ", ".join(f"x{n}: 4e" for n in range(10))
    labels = "0e | 1e | 2e | 3e | 4e"
    inner = [f"  e{n} : {labels} = {'x0' if n == 1 else f'e{n - 1}'} * x{n}" for n in range(1, 9)]
    lines = "\n".join([*inner, "  out = e8 * x9"])
    text = f"tree left({leaves}) : 4e {{\n{lines}\n}}\n"
    to = "x9"
    for n in range(9):
        to = f"({to} x{n})"
    with pytest.raises(CompileError) as caught:
        recoupled(Source("test", text), CompileOptions(), "left", to)
    assert [d.code for d in caught.value.diagnostics] == ["F204"]


NONE = ("", " ", "a", "(a", "a)", "()", "(a * * b c)", "((((", "(a b) c)", "\u0430", "(a\x00b c)", "(" * 9000)


@pytest.mark.parametrize("to", NONE, ids=range(len(NONE)))
def test_what_is_no_bracketing(to: str) -> None:
    with pytest.raises(CompileError) as caught:
        parse_bracketing(Source("to", to), ("a", "b", "c"))
    assert caught.value.diagnostics[0].code in ("F280", "F281", "F282", "F283")


@pytest.mark.parametrize("to", ["a (b c)", "(a (b c))", "(a*(b*c))", " ( a * (b   c) ) "])
def test_spellings(to: str) -> None:
    assert parse_bracketing(Source("to", to), ("a", "b", "c")) == ("a", ("b", "c"))
