"""What single passes do to small diagrams; that they keep the value is a law of its own."""

from __future__ import annotations

from fusionc.compiler import check_source
from fusionc.diagram.ir import Space
from fusionc.network import ir
from fusionc.network.expand import expand
from fusionc.network.ir import Network
from fusionc.rewrite.factor import factor
from fusionc.rewrite.fold import fold
from fusionc.rewrite.hoist import hoist
from fusionc.rewrite.place_weights import place_scales, place_weights
from fusionc.rewrite.reuse import reuse
from fusionc.source import Source


def network(body: str) -> Network:
    text = "diagram d {\n" + "\n".join(f"  {line}" for line in body.strip().splitlines()) + "\n}\n"
    (diagram,) = check_source(Source("passes.fusion", text)).program.diagrams
    return expand(diagram)


def ops(found: Network, kind: type[ir.Op]) -> list[ir.Vertex]:
    return [vertex for vertex in found.vertices if isinstance(vertex.op, kind)]


def test_antisymmetric_products_of_one_tensor_are_zero() -> None:
    before = network("input x : 4x1o\nz = x * x with mode=uuu\noutput z")
    assert [v.irrep.l for v in ops(before, ir.Couple)] == [0, 1, 2]
    after = fold(before)
    assert [v.irrep.l for v in ops(after, ir.Couple)] == [0, 2]
    assert [v.op for v in ops(after, ir.Add)] == [ir.Add(())]


def test_both_orders_of_a_product_are_one() -> None:
    before = network("input x : 4x1o\ninput y : 4x1o\nz = x * y - y * x with l=[1], mode=uuu\noutput z")
    assert len(ops(before, ir.Couple)) == 2
    assert len(ops(fold(before), ir.Couple)) == 1


def test_coupling_with_the_constant_harmonic_scales() -> None:
    after = fold(network("input x : 4x2e\ninput r : 1o\nY = sh(r, 0)\nz = x * Y with mode=uvu\noutput z"))
    assert not ops(after, ir.Couple)
    assert not ops(after, ir.Harmonic)


def test_sums_of_sums_are_one() -> None:
    before = network("input x : 4x1o\ninput y : 4x1o\nz = 0.5 * (x + 2 * (y - x)) + y\noutput z")
    (total,) = ops(fold(before), ir.Add)
    assert isinstance(total.op, ir.Add)
    assert len(total.op.terms) == 2


def test_linear_of_an_outer_product_never_makes_it() -> None:
    before = network("input x : 8x1o\ninput y : 8x1o\np = x * y with mode=uvuv\nz : 4x2e = linear(p)\noutput z")
    assert any(v.channels == (8, 8) for v in ops(before, ir.Couple))
    after = place_scales(before)
    assert all(v.channels == (4,) for v in ops(after, ir.Couple))


def test_weights_that_scale_move_for_kernels_only() -> None:
    before = network("input x : 8x0e\ninput y : 1x2e\nweight w\nz = x * y with mode=uvu, weights=w\noutput z")
    assert place_weights(before) == before
    (mixed,) = ops(place_scales(before), ir.Mix)
    assert mixed.irrep.l == 0


def test_common_legs_leave_sums() -> None:
    before = network(
        """
input x : 8x1o
input y : 8x1o
input v : 8x1o
z : 8x2e = x * v + y * v with mode=uuu
output z
"""
    )
    assert len(ops(before, ir.Couple)) == 2
    assert len(ops(factor(fold(before)), ir.Couple)) == 1


def test_a_coupling_with_and_without_weight_is_made_once() -> None:
    before = network(
        "input x : 8x1o\nweight w\na : 8x2e = x * x with mode=uuu\n"
        "b : 8x2e = x * x with mode=uuu, weights=w\noutput a, b"
    )
    assert len(ops(before, ir.Couple)) == 2
    assert len(ops(reuse(before), ir.Couple)) == 1


def test_a_leaf_that_does_not_depend_on_the_index_leaves_the_sum() -> None:
    after = hoist(
        network(
            "input x[i] : 8x1o\ninput y[i,j] : 8x1o\nz[i] : 8x2e = sum[j](x[i] * y[i,j]) with mode=uuu\noutput z[i]"
        )
    )
    (couple,) = ops(after, ir.Couple)
    assert couple.space is Space.NODE
    assert not ops(after, ir.Move)


def test_a_sum_of_a_function_stays() -> None:
    before = network("input x[i] : 8x0e\ninput y[i,j] : 8x0e\nz[i] = sum[j](silu(x[i] + y[i,j]))\noutput z[i]")
    assert hoist(before) == before


def test_mixing_leaves_a_sum() -> None:
    after = hoist(network("input y[i,j] : 8x1o\nz[i] : 4x1o = sum[j](linear(y[i,j]))\noutput z[i]"))
    (mix,) = ops(after, ir.Mix)
    assert mix.space is Space.NODE
