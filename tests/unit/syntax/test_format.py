"""The canonical layout: a fixpoint that keeps the tree, the comments and single blank lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from fusionc.source import Source
from fusionc.syntax import ast
from fusionc.syntax.format import WIDTH, format_file
from fusionc.syntax.parse import parse

EXAMPLES = sorted((Path(__file__).resolve().parents[3] / "examples").glob("*/*.fusion"))


def formatted(text: str) -> str:
    """`text` laid out, after asserting every law of the formatter."""
    file = parse(Source("before", text))
    laid_out = format_file(file)
    again = parse(Source("after", laid_out))
    assert again == file
    assert [c.text for c in again.comments] == [c.text for c in file.comments]
    assert format_file(again) == laid_out
    return laid_out


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_examples(path: Path) -> None:
    """Laid out as the formatter would."""
    text = path.read_text(encoding="utf-8")
    assert formatted(text) == text


def test_trailing_comments_of_adjacent_lines_are_aligned() -> None:
    text = "param C = 2 # one\nparam Width = 16     # two\nparam D = 3\nparam EE = 1 # three\n"
    expected = "param C = 2       # one\nparam Width = 16  # two\nparam D = 3\nparam EE = 1  # three\n"
    assert formatted(text) == expected


def test_layout() -> None:
    text = """fusion   1
group O3
param C=2


irreps H   = {C}x0e+1o   # trails
diagram d {

  index i in g
     input  x [ i ] :H
  # alone
  weight W[i]:per species

  z[i]:0e|1o=sum[ j ]((x[j]*x[i]:0e with mode=uuu)) with weights = W[i],keep=0e+1o,l=[1,2],s=-0.5
  y = -0.50*a-2*b + f( ) - sh(r,3,norm=none) # last
  output y,z[ i ]

  # the end
} # closed
tree t(a:1o,b:0e|1o):1o{
 e=a*b
 out : 1o = e
}
check t(e=1o)==-sqrt( 2/4 )t( ) + 2/4*t( ) - 0.5 recouple(t,over=[e,f])"""
    expected = """fusion 1
group O3
param C = 2

irreps H = {C}x0e + 1o  # trails

diagram d {
  index i in g
  input x[i] : H
  # alone
  weight W[i] : per species

  z[i] : 0e | 1o = sum[j]((x[j] * x[i] : 0e with mode=uuu)) with weights=W[i], keep=0e + 1o,
      l=[1, 2], s=-0.5
  y = -0.50 * a - 2 * b + f() - sh(r, 3, norm=none)  # last
  output y, z[i]

  # the end
}  # closed

tree t(a: 1o, b: 0e | 1o) : 1o {
  e = a * b
  out : 1o = e
}

check t(e=1o) == -sqrt(1/2) * t() + 1/2 * t() - 1/2 * recouple(t, over=[e, f])
"""
    assert formatted(text) == expected


@pytest.mark.parametrize(
    "irreps", ["2x1o + 0e + 1o + 2x1o", "1x1o", "0x0e + 1o", "H + H", "1/2e + 0.5o", "1y + {C}x2y"]
)
def test_irreps_keep_their_order_and_spelling(irreps: str) -> None:
    assert formatted(f"irreps G = {irreps}") == f"irreps G = {irreps}\n"


def test_nothing_becomes_nothing() -> None:
    assert formatted("\n\n") == ""


def test_a_tree_made_by_a_program_has_no_lines() -> None:
    file = ast.File(None, (ast.Param(ast.Name("C"), ast.Int(2)), ast.Diagram(ast.Name("d"), ())))
    assert format_file(file) == "param C = 2\n\ndiagram d {\n}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# a\n\n\n# b\nparam C = 1", "# a\n\n# b\nparam C = 1\n"),
        ("param C = 1\n\n\n# end\n\n", "param C = 1\n\n# end\n"),
        ("diagram d { # head\n}", "diagram d {  # head\n}\n"),
        ("diagram d { input x : 1o # first\n}", "diagram d {\n  input x : 1o  # first\n}\n"),
        ("diagram d {\n\n# only\n\n}", "diagram d {\n  # only\n}\n"),
        (
            "tree t(a: 1o, # left\n b: 1o) : 0e { # head\n out = a * b\n}",
            "# left\ntree t(a: 1o, b: 1o) : 0e {  # head\n  out = a * b\n}\n",
        ),
        (
            "diagram d {\n z = f(a, # one\n # two\n b) # three\n}",
            "diagram d {\n  # one\n  # two\n  z = f(a, b)  # three\n}\n",
        ),
        ("diagram d {\n}\n# of e\ndiagram e {\n}", "diagram d {\n}\n\n# of e\ndiagram e {\n}\n"),
        ("#a \t\n#  b  ", "#a\n#  b\n"),
        ("param C = 1  # é\n", "param C = 1  # é\n"),
    ],
)
def test_comments_stay_where_they_belong(text: str, expected: str) -> None:
    assert formatted(text) == expected


def test_long_statements_are_broken() -> None:
    names = ", ".join(f"some_long_name_{i}[i,j]" for i in range(20))
    options = "weights=R[i,j], mode=uvu, keep=" + " + ".join(f"{{C}}x{l}e" for l in range(12))
    leaves = ", ".join(f"leaf_{i}: 0e | 1o | 2e" for i in range(9))
    lines = formatted(
        f"diagram d {{\n  z[i,j] = linear(cat({names})) with {options}\n}}\ntree t({leaves}) : 1o {{\n}}\n"
    ).split("\n")
    assert max(map(len, lines)) <= WIDTH
    assert min(len(line) for line in lines[1:-8]) > WIDTH // 4
    assert sum(line.startswith("      ") for line in lines) >= 5


def test_a_statement_without_a_place_to_break_stays_whole() -> None:
    line = f"param {'C' * 64} = 123456789  # {'c' * 64}\n"
    assert formatted(line) == line
