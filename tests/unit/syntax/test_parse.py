"""What text becomes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from fusionc.source import Source, Span
from fusionc.syntax import ast
from fusionc.syntax.ast import Add, Call, Couple, Group, Int, Irreps, IrrepTerm, Name, Negate, Number, Option, Port
from fusionc.syntax.parse import parse

EXAMPLES = sorted((Path(__file__).resolve().parents[3] / "examples").glob("*/*.fusion"))
A, B, C = (Port(Name(c)) for c in "abc")


def file(text: str) -> ast.File:
    return parse(Source("test.fusion", text))


def assigned(line: str) -> ast.Assign:
    (diagram,) = file(f"diagram d {{\n  {line}\n}}\n").items
    assert isinstance(diagram, ast.Diagram)
    (statement,) = diagram.items
    assert isinstance(statement, ast.Assign)
    return statement


def expression(text: str) -> ast.Expr:
    return assigned(f"z = {text}").value


def option(text: str) -> ast.Value:
    (found,) = assigned(f"z = a with k={text}").options
    assert found.key == Name("k")
    return found.value


def term(l: int, parity: str, mul: Int | Name | None = None) -> IrrepTerm:
    return IrrepTerm(mul, Int(l), parity)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_examples_parse(path: Path) -> None:
    assert file(path.read_text(encoding="utf-8")).items


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8


def test_file() -> None:
    parsed = file("fusion 1\ngroup SO3\nparam C = 64\nirreps H = {C}x0 + 2x1 + 3\n")
    h = Irreps((term(0, "", Name("C")), term(1, "", Int(2)), term(3, "")))
    expected = (ast.GroupDecl(Name("SO3")), ast.Param(Name("C"), Int(64)), ast.IrrepsDecl(Name("H"), h))
    assert parsed == ast.File(ast.Version(Int(1)), expected)


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "\ufeff", "  \n\t\r\n"])
def test_empty(text: str) -> None:
    assert file(text) == ast.File(None, ())


def test_line_ends_and_byte_order_mark_change_nothing() -> None:
    text = "fusion 1\nparam C = 2  # c\n\ndiagram d {\n  input x : 1o\n  output x\n}"
    assert file(text) == file("\ufeff" + text.replace("\n", "\r\n") + "\r\n")


def test_declarations_of_a_diagram() -> None:
    text = """diagram d {
      param L = 2
      irreps K = 1y
      index i in g
      input x[i] : sh(L) + K
      weight w
      weight W[i] : per species
      weight R[i,j]
      output x[i], E[g], u
    }"""
    (diagram,) = file(text).items
    x, i = Port(Name("x"), (Name("i"),)), Name("i")
    assert diagram == ast.Diagram(
        Name("d"),
        (
            ast.Param(Name("L"), Int(2)),
            ast.IrrepsDecl(Name("K"), Irreps((term(1, "y"),))),
            ast.IndexDecl(i, Name("g")),
            ast.Input(x, Irreps((ast.IrrepsCall(Name("sh"), Name("L")), ast.IrrepsName(Name("K"))))),
            ast.Weight(Port(Name("w"))),
            ast.Weight(Port(Name("W"), (i,)), Name("species")),
            ast.Weight(Port(Name("R"), (i, Name("j")))),
            ast.Output((x, Port(Name("E"), (Name("g"),)), Port(Name("u")))),
        ),
    )


def test_a_body_may_stand_on_one_line() -> None:
    assert file("diagram d { input x : 1o }") == file("diagram d {\n  input x : 1o\n}\n")
    assert file("tree t(a: 1o) : 1o { out = a }") == file("tree t(a: 1o) : 1o {\n  out = a\n}\n")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a * b", Couple(A, B)),
        ("(a * b) * c", Couple(Group(Couple(A, B)), C)),
        ("a * (b * c)", Couple(A, Group(Couple(B, C)))),
        ("a + b - c", Add(Add(A, B, 1), C, -1)),
        ("a - b * c", Add(A, Couple(B, C), -1)),
        ("-a * b", Couple(Negate(A), B)),
        ("a * -b", Couple(A, Negate(B))),
        ("--a", Negate(Negate(A))),
        ("0.5 * a", ast.Scale(Number(Fraction(1, 2), "0.5"), A)),
        ("2 * a * b", Couple(ast.Scale(Int(2), A), B)),
        ("- 2 * a + b", Add(Negate(ast.Scale(Int(2), A)), B, 1)),
        ("sum[j](a)", ast.Reduce("sum", (Name("j"),), A)),
        ("mean[i,j](a * b)", ast.Reduce("mean", (Name("i"), Name("j")), Couple(A, B))),
        ("(a * b : 0e | 1e)", Group(Couple(A, B), Irreps((term(0, "e"), term(1, "e")), alternatives=True))),
        ("(a with k=b)", Group(A, None, (Option(Name("k"), B),))),
        (
            "(a : 2x1o with k=b, l=1)",
            Group(A, Irreps((term(1, "o", Int(2)),)), (Option(Name("k"), B), Option(Name("l"), Int(1)))),
        ),
        ("f()", Call(Name("f"), ())),
        ("sh(a, 3, norm=none)", Call(Name("sh"), (A, Int(3)), (Option(Name("norm"), Port(Name("none"))),))),
        ("sympow(a, 1..L)", Call(Name("sympow"), (A, ast.Range(Int(1), Name("L"))))),
        ('filter(a, "0e+1o")', Call(Name("filter"), (A, ast.String("0e+1o")))),
        ("f(0.5, 2 * a)", Call(Name("f"), (Number(Fraction(1, 2), "0.5"), ast.Scale(Int(2), A)))),
    ],
)
def test_expressions(text: str, tree: ast.Expr) -> None:
    assert expression(text) == tree


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", Int(3)),
        ("-3", Int(-3)),
        ("0.25", Number(Fraction(1, 4), "0.25")),
        ("-0.25", Number(Fraction(-1, 4), "-0.25")),
        ("uuu", Port(Name("uuu"))),
        ("a[i,j]", Port(Name("a"), (Name("i"), Name("j")))),
        ('"uvu<v"', ast.String("uvu<v")),
        ("1..3", ast.Range(Int(1), Int(3))),
        ("L..M", ast.Range(Name("L"), Name("M"))),
        ("[]", ast.ListValue(())),
        ("[1, 2, L]", ast.ListValue((Int(1), Int(2), Name("L")))),
        ("1o", Irreps((term(1, "o"),))),
        ("0e + 1o + 2e", Irreps((term(0, "e"), term(1, "o"), term(2, "e")))),
        ("{C}x0e", Irreps((term(0, "e", Name("C")),))),
        ("16x0", Irreps((term(0, "", Int(16)),))),
        ("0 + 1", Irreps((term(0, ""), term(1, "")))),
        ("0e|1e", Irreps((term(0, "e"), term(1, "e")), alternatives=True)),
        ("H + 1o", Irreps((ast.IrrepsName(Name("H")), term(1, "o")))),
        ("1o + H", Irreps((term(1, "o"), ast.IrrepsName(Name("H"))))),
        ("sh(3) + 1o", Irreps((ast.IrrepsCall(Name("sh"), Int(3)), term(1, "o")))),
        ("sh(L) | H", Irreps((ast.IrrepsCall(Name("sh"), Name("L")), ast.IrrepsName(Name("H"))), alternatives=True)),
        ("1/2e", Irreps((ast.HalfInteger("1/2e"),))),
        ("linear(a)", Call(Name("linear"), (A,))),
        ("a - b + c", Add(Add(A, B, -1), C, 1)),
        ("2 * a", ast.Scale(Int(2), A)),
        ("-a", Negate(A)),
    ],
)
def test_option_values(text: str, value: ast.Value) -> None:
    assert option(text) == value


@pytest.mark.parametrize("text", ["1/2e", "0.5o", "1x3/2e", "{C}x1/2o", "1/2", "2x3/2", "0.5", "3/2y"])
def test_half_integers_are_left_to_the_checker(text: str) -> None:
    (decl,) = file(f"irreps H = {text}").items
    assert decl == ast.IrrepsDecl(Name("H"), Irreps((ast.HalfInteger(text),)))


def test_tree() -> None:
    (tree,) = file("tree t(a: 1o, b: 0e | 1o) : 1o {\n  e : 0e | 1e = a * b\n  out = e\n}").items
    either = Irreps((term(0, "e"), term(1, "e")), alternatives=True)
    leaves = (
        ast.Leaf(Name("a"), Irreps((term(1, "o"),))),
        ast.Leaf(Name("b"), Irreps((term(0, "e"), term(1, "o")), True)),
    )
    vertices = (ast.Vertex(Name("e"), either, Couple(A, B)), ast.Vertex(Name("out"), None, Port(Name("e"))))
    assert tree == ast.Tree(Name("t"), leaves, Irreps((term(1, "o"),)), vertices)


def test_check_takes_back_what_the_compiler_prints() -> None:
    printed = "left(e=1e) = -sqrt(1/3) right(f=0e) + 1/2 right(f=1e) + sqrt(5/12) right(f=2e)"
    (check,) = file("check " + printed.replace(") = ", ") == ", 1)).items
    spelt = "check left(e=1e) == -sqrt(1/3) * right(f=0e) + 1/2 * right(f=1e) + sqrt(5/12) * right(f=2e)"
    assert (check,) == file(spelt).items
    assert isinstance(check, ast.Check)
    assert [(t.sign, t.coefficient) for t in check.right] == [
        (-1, ast.Coefficient(Fraction(1, 3), True)),
        (1, ast.Coefficient(Fraction(1, 2), False)),
        (1, ast.Coefficient(Fraction(5, 12), True)),
    ]


@pytest.mark.parametrize(
    ("text", "coefficient"),
    [
        ("2", ast.Coefficient(Fraction(2), False)),
        ("0.25 *", ast.Coefficient(Fraction(1, 4), False)),
        ("sqrt(3)", ast.Coefficient(Fraction(3), True)),
        ("", None),
        (f"sqrt({10**30}/{10**30 + 1})", ast.Coefficient(Fraction(10**30, 10**30 + 1), True)),
    ],
)
def test_coefficients(text: str, coefficient: ast.Coefficient | None) -> None:
    (check,) = file(f"check -{text} t(e=0e | 1e) == recouple(u(e=0e), v, over=[e, f])").items
    e = Option(Name("e"), Irreps((term(0, "e"), term(1, "e")), True))
    assert isinstance(check, ast.Check)
    assert check.left == (ast.CheckTerm(-1, coefficient, Call(Name("t"), (), (e,))),)


@pytest.mark.parametrize(
    "lines",
    [
        ("z = a *", "b"),
        ("z =", "a * b"),
        ("z : 1o +", "2e = a * b"),
        ("z :", "1o + 2e = a"),
        ("z = a * b with", "mode=uuu,", "l=1"),
        ("z = cat(", "a,  # the first", "", "b", ")"),
        ("z = (a", "* b)"),
        ("z = a[", "i", "]"),
        ("z = f(a, k=0e", "| 1o)"),
    ],
)
def test_where_a_statement_goes_on(lines: tuple[str, ...]) -> None:
    without = " ".join(line.partition("#")[0] for line in lines)
    assert assigned("\n".join(lines)) == assigned(without)


def test_spans_point_at_the_text() -> None:
    text = "fusion 1\ndiagram d {\n  z[i] : {C}x1o + 2x0e = sum[j](a * b[j]) with mode=uuu\n}\n"
    (diagram,) = file(text).items
    assert isinstance(diagram, ast.Diagram)
    (z,) = diagram.items
    assert isinstance(z, ast.Assign)
    assert z.irreps is not None
    assert isinstance(z.value, ast.Reduce)
    first = z.irreps.terms[0]
    assert isinstance(first, IrrepTerm)
    assert isinstance(first.mul, Name)
    nodes = {
        diagram: "diagram d {" + text.partition("{")[2].rstrip(),
        z: "z[i] : {C}x1o + 2x0e = sum[j](a * b[j]) with mode=uuu",
        z.target: "z[i]",
        z.irreps: "{C}x1o + 2x0e",
        first.mul: "C",
        first.l: "1",
        z.value.operand: "a * b[j]",
        z.options[0]: "mode=uuu",
    }
    assert {text[n.span.start : n.span.end] for n in nodes} == set(nodes.values())
    for node, spelling in nodes.items():
        assert text[node.span.start : node.span.end] == spelling


def test_comments_and_lines_are_kept_beside_the_tree() -> None:
    text = "# one\nparam C = 1 # two\r\n#\n"
    parsed = file(text)
    assert [(c.text, c.span) for c in parsed.comments] == [
        ("# one", Span(0, 5)),
        ("# two", Span(18, 23)),
        ("#", Span(25, 26)),
    ]
    assert parsed.lines == (0, 6, 25, 27)
