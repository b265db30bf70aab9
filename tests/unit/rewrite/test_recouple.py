"""What recoupling saves: multiply-adds a node at degree 20, before and after, for trees in an unlucky bracketing."""

from __future__ import annotations

from time import perf_counter

import pytest

from fusionc.check.ir import CheckedDiagram
from fusionc.compiler import check_source, plan_diagram
from fusionc.diagram.ir import Space
from fusionc.network import ir
from fusionc.network.count import multiply_adds
from fusionc.network.expand import expand
from fusionc.network.ir import Network
from fusionc.network.model import KERNEL, TORCH, Model, Search
from fusionc.rewrite.drop_dead import drop_dead
from fusionc.rewrite.fold import fold
from fusionc.rewrite.recouple import VERTICES, recouple
from fusionc.rewrite.recouple import _turns as turns_of
from fusionc.source import Source

CHANNEL_FREE = """
input x[j]   : 32x0e + 32x1o
input y[i,j] : 0e + 1o + 2e
input z[i,j] : 1o
"""

CASES = {
    "every-path": CHANNEL_FREE + "t[i,j] = (x[j] * y[i,j]) * z[i,j]\noutput t[i,j]",
    "summed": CHANNEL_FREE + "t[i,j] : 32x0e + 32x1o = (x[j] * y[i,j]) * z[i,j]\noutput t[i,j]",
    "both-summed": (
        CHANNEL_FREE
        + """
s[i,j] : 32x0e + 32x1o = x[j] * y[i,j]
t[i,j] : 32x0e + 32x1o = s[i,j] * z[i,j]
output t[i,j]
"""
    ),
    "weighted": (
        CHANNEL_FREE
        + """
weight w
t[i,j] : 32x0e + 32x1o = (x[j] * y[i,j]) * z[i,j] with weights=w
output t[i,j]
"""
    ),
    "weights-of-edges-below": (
        """
input h[j]   : 32x0e + 32x1o
input r[i,j] : 1o
input v[i,j] : 1o
weight R[i,j]
Y[i,j] = sh(r[i,j], 2)
m[i,j] = h[j] * Y[i,j] with weights=R[i,j], mode=uvu, lmax=2
t[i,j] : 32x0e + 32x1o = m[i,j] * v[i,j]
u[i] = sum[j](t[i,j])
output u[i]
"""
    ),
    "two-bracketings": (
        "input x : 32x1o\ninput y : 32x1o\ninput z : 32x1o\np = (x * y) * z\nq = x * (y * z)\noutput p, q"
    ),
    "a-pair-on-nodes": (
        """
input x[i,j] : 32x1o
input a[j] : 32x1o
input b[j] : 32x1o
weight w
t[i,j] : 32x1o = (x[i,j] * a[j]) * b[j] with weights=w
output t[i,j]
"""
    ),
}

FIGURES = {
    "every-path": ((398_820, 282_780), (251_580, 216_280)),
    "summed": ((81_480, 49_240), (51_040, 34_600)),
    "both-summed": ((23_940, 13_360), (14_300, 7_560)),
    "weighted": ((93_000, 49_240), (62_560, 22_440)),
    "weights-of-edges-below": ((99_680, 55_796), (69_240, 32_260)),
    "two-bracketings": ((28_992, 16_000), (7_552, 5_280)),
    "a-pair-on-nodes": ((130_560, 74_016), (39_040, 21_952)),
}
"""Multiply-adds a node as written and as planned, for PyTorch and for kernels."""


def checked(body: str) -> CheckedDiagram:
    text = "diagram d {\n" + "\n".join(f"  {line}" for line in body.strip().splitlines()) + "\n}\n"
    (diagram,) = check_source(Source("recouple.fusion", text)).program.diagrams
    return diagram


def network(body: str) -> Network:
    return fold(expand(checked(body)))


def couplings(found: Network, space: Space) -> list[ir.Vertex]:
    return [v for v in found.vertices if isinstance(v.op, ir.Couple) and v.space is space]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("model", [TORCH, KERNEL], ids=["torch", "kernel"])
def test_recoupling_saves(name: str, model: Model) -> None:
    before = drop_dead(expand(checked(CASES[name])))
    written, most = FIGURES[name][0 if model is TORCH else 1]
    assert multiply_adds(before, model) == written
    after = recouple(before, Search(model))
    assert multiply_adds(after, model) < written
    assert recouple(after, Search(model)) == after
    assert multiply_adds(plan_diagram(checked(CASES[name]), model).network, model) <= most


def test_channel_free_leaves_go_first() -> None:
    after = recouple(network(CASES["weighted"]))
    pairs = [v for v in couplings(after, Space.EDGE) if v.channels == (1,)]
    assert pairs, "y and z are coupled before x"
    for vertex in couplings(after, Space.EDGE):
        if vertex.channels == (32,):
            assert vertex.op.left < 2 or isinstance(after.vertices[vertex.op.left].op, ir.Move)  # type: ignore[union-attr]


def test_a_pair_of_nodes_is_coupled_on_nodes() -> None:
    before = network(CASES["a-pair-on-nodes"])
    assert not couplings(before, Space.NODE)
    after = recouple(before)
    assert [v.irrep.l for v in couplings(after, Space.NODE)] == [0, 1, 2]
    assert len(couplings(after, Space.EDGE)) == 3


def test_statements_in_two_bracketings_share_their_trees() -> None:
    """Six paths over three internal labels each way: one set of couplings to each root, and sums of them."""
    before = network(CASES["two-bracketings"])
    after = recouple(before)
    assert len(couplings(after, Space.BATCH)) < len(couplings(before, Space.BATCH))


def test_weights_of_summed_trees_are_combined_once_a_call() -> None:
    """Three internal labels k become three labels l of the other pair, with three weights made of the user's."""
    after = recouple(network(CASES["a-pair-on-nodes"]))
    sums = [v for v in after.vertices if isinstance(v.op, ir.Add) and v.space is Space.ONCE]
    assert [len(v.op.terms) for v in sums] == [3, 3, 3]  # type: ignore[union-attr]


def test_a_lucky_bracketing_stays() -> None:
    before = network(
        "input x[j] : 32x1o\ninput y[i,j] : 1o\ninput z[i,j] : 1o\n"
        "t[i,j] : 32x1o = x[j] * (y[i,j] * z[i,j])\noutput t[i,j]"
    )
    assert recouple(before) == before


def test_channels_that_mix_are_no_trees_to_turn() -> None:
    before = network(
        "input x : 4x1o\ninput y : 4x1o\ninput z : 4x1o\nt = (x * y with mode=uvuv) * z with mode=uvuv\noutput t"
    )
    assert recouple(before) == before


def test_powers_of_one_tensor_are_left_alone() -> None:
    before = network("input x : 8x1o + 8x2e\nt = ((x * x) * x) * x with lmax=1\noutput t")
    search = Search()
    assert recouple(before, search) == before
    assert not search.bounds


def test_the_search_is_bounded() -> None:
    irreps = " + ".join(f"8x{l}{p}" for l in range(3) for p in "eo")
    before = network(f"input x : {irreps}\ninput y : {irreps}\ninput z : 1o\nt = (x * y) * z with lmax=2\noutput t")
    assert len(turns_of(before)) > VERTICES // len(before.vertices)
    search = Search()
    start = perf_counter()
    recouple(before, search)
    assert perf_counter() - start < 10
    assert [(bound.name, bound.limit) for bound in search.bounds] == [("recouple", VERTICES)]
