"""How far options reach."""

from __future__ import annotations

from fractions import Fraction

import pytest

from fusionc.diagram import ir as d
from fusionc.options import CompileOptions

from .building import built, codes, findings, statement

INPUTS = """
  param C = 4
  irreps H = 0e + 1o
  input  x[i]   : 4x0e + 4x1o
  input  e[i,j] : 4x0e + 4x1o
  input  r[i,j] : 1o
  weight w
  weight v
"""


def products(expr: d.Expr) -> list[d.Product]:
    """All products of an expression, outermost first, left before right."""
    match expr:
        case d.Product():
            return [expr, *products(expr.left), *products(expr.right)]
        case d.Combine():
            return [product for _, operand in expr.terms for product in products(operand)]
        case d.Concat():
            return [product for operand in expr.operands for product in products(operand)]
        case d.Read():
            return []
        case d.Dot() | d.Gate() | d.TreeCall():
            raise AssertionError("not in these tests")
        case _:
            return products(expr.operand)


def value(text: str) -> d.Expr:
    """The value of s in a statement; everything else is used as well."""
    body = f"{INPUTS}{text}\nother[i] : 4x0e = linear(x[i], weights=w)\nt[i] : 4x0e = linear(x[i], weights=v)\n"
    diagram = built(body + f"output {text.partition(' ')[0]}, e[i,j], r[i,j], other[i], t[i]")
    return statement(diagram, "s").value


def test_modes_and_norms_reach_everything() -> None:
    outer, inner = products(value("s[i] = (x[i] * x[i]) * x[i] with mode=uvu, norm=norm, path_norm=path"))
    for product in (outer, inner):
        assert (product.mode, product.norm, product.path_norm) == (d.Mode.UVU, d.Norm.NORM, d.PathNorm.PATH)


def test_weights_and_filters_reach_the_outermost() -> None:
    outer, inner = products(
        value("s[i] = sum[j](-((e[i,j] * e[i,j]) * e[i,j])) with weights=w, keep=H, lmax=2, l=[0, C]")
    )
    assert outer.weights == d.Read("w", d.Space.ONCE)
    assert outer.filters.lmax == 2
    assert outer.filters.l == (0, 4)
    assert outer.filters.keep is not None
    assert [getattr(term, "l", None) for term in outer.filters.keep.terms] == [0, 1]
    assert (inner.weights, inner.filters) == (None, d.Filters())


def test_filters_reach_all_outermost_products() -> None:
    left, right = products(value("s[i] = cat(x[i] * x[i], (x[i] * x[i]) - (x[i] * x[i] with lmax=0)) with lmax=1"))[:2]
    assert left.filters.lmax == right.filters.lmax == 1


def test_inner_options_win() -> None:
    outer, inner = products(value("s[i] = (x[i] * x[i] with mode=uvv, weights=v) * x[i] with mode=uvu, weights=w"))
    assert (outer.mode, inner.mode) == (d.Mode.UVU, d.Mode.UVV)
    assert (outer.weights, inner.weights) == (d.Read("w", d.Space.ONCE), d.Read("v", d.Space.ONCE))


def test_each_part_of_a_sum_may_have_weights() -> None:
    left, right = products(value("s[i] = (x[i] * x[i] with weights=v) + x[i] * x[i] with weights=w"))
    assert (left.weights, right.weights) == (d.Read("v", d.Space.ONCE), d.Read("w", d.Space.ONCE))


def test_options_do_not_reach_into_weights() -> None:
    text = "s[i] = x[i] * x[i] with mode=uvu, weights=(x[i] * x[i] : 16x0e with mode=uvuv)"
    (product,) = products(value(text))
    assert isinstance(product.weights, d.Ascribe)
    (inner,) = products(product.weights)
    assert (product.mode, inner.mode) == (d.Mode.UVU, d.Mode.UVUV)


def test_scale_reaches_the_outermost_sum() -> None:
    expr = value("s[i] : 4x0e = linear(sum[j](mean[k](x[k]) + e[i,j])) with scale=0.25")
    assert isinstance(expr, d.Ascribe)
    assert isinstance(expr.operand, d.Linear)
    outer = expr.operand.operand
    assert isinstance(outer, d.Reduce)
    assert outer.scale == Fraction(1, 4)
    assert isinstance(outer.operand, d.Combine)
    inner = outer.operand.terms[0][1]
    assert isinstance(inner, d.Reduce)
    assert (inner.mean, inner.scale) == (True, 1)


@pytest.mark.parametrize(
    ("text", "normalize", "norm"),
    [
        ("s[i,j] = sh(r[i,j], 2)", True, d.Norm.COMPONENT),
        ("s[i,j] = sh(r[i,j], 2, normalize=false, norm=integral)", False, d.Norm.INTEGRAL),
        ("s[i,j] = sh(r[i,j], 2) with norm=norm, normalize=true", True, d.Norm.NORM),
    ],
)
def test_harmonics(text: str, normalize: bool, norm: d.Norm) -> None:
    expr = value(text)
    assert isinstance(expr, d.Harmonics)
    assert (expr.lmax, expr.normalize, expr.norm) == (2, normalize, norm)


def test_norms_of_a_product_leave_its_harmonics_alone() -> None:
    (product,) = products(value("s[i,j] = x[j] * sh(r[i,j], 1) with norm=none, mode=uvu"))
    assert product.norm is d.Norm.NONE
    assert isinstance(product.right, d.Harmonics)
    assert product.right.norm is d.Norm.COMPONENT


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("s[i] = x[i] * x[i] with moed=uuu", "F130"),
        ("s[i] : 4x0e = linear(x[i], lmax=2)", "F130"),
        ("s[i] = silu(x[i], mode=uuu)", "F130"),
        ("s[i] = x[i] * x[i] with mode=3", "F131"),
        ("s[i] = x[i] * x[i] with mode=x[i]", "F131"),
        ("s[i] = x[i] * x[i] with weights=2", "F131"),
        ("s[i] = x[i] * x[i] with keep=x[i]", "F131"),
        ("s[i] = x[i] * x[i] with l=0.5", "F131"),
        ("s[i] = x[i] * x[i] with l=3..1", "F136"),
        ("s[i] = x[i] * x[i] with lmax=D", "F109"),
        ("s[i] = x[i] * x[i] with keep=K", "F110"),
        ("s[i] = sympow(x[i], 2) with mode=uvu", "F131"),
        ("s[i] = x[i] * x[i] with scale=2", "F132"),
        ("s[i] = dot(x[i] * x[i], x[i] * x[i]) with lmax=1", "F132"),
        ("s[i] : 4x0e = linear(x[i] * x[i]) with keep=0e", "F132"),
        ("s[i] = x[i] * (x[i] * x[i] with mode=uuu) with scale=2", "F132"),
        ("s[i] = (x[i] * x[i] with mode=uuu) with mode=uvu", "F132"),
        ("s[i] = x[i] * x[i] with mode=uuu, mode=uuu", "F133"),
        ("s[i] = x[i] * x[i] - x[i] * x[i] with weights=w", "F134"),
        ("s[i] : 4x0e = linear(x[i]) + linear(x[i]) with bias=w", "F134"),
    ],
)
def test_refusals(text: str, code: str) -> None:
    found = codes(f"diagram d {{{INPUTS}{text}\noutput x[i], e[i,j], r[i,j], s[i]\n}}\n")
    assert [c for c in found if c != "F106"] == [code]


def test_overrides() -> None:
    body = "param C = 4\ninput x : {C}x0e\noutput x"
    diagram = built(body, CompileOptions(params=(("C", 8),)))
    assert [getattr(term, "mul", None) for term in diagram.inputs[0].labels.terms] == [8]
    (found,) = findings(f"diagram d {{\n{body}\n}}\n", CompileOptions(params=(("c", 8),)))
    assert (found.code, found.help) == ("F111", ("did you mean `C`?",))


def test_parameters_of_a_diagram_end_with_it() -> None:
    text = "diagram a {\nparam C = 4\ninput x : {C}x0e\noutput x\n}\ndiagram b {\ninput x : {C}x0e\noutput x\n}\n"
    assert codes(text) == ["F109"]
