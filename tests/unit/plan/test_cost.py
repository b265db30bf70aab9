"""Costs add up, from naive by what each rewrite saved to planned; orders of contraction are the best."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest
from opt_einsum.paths import optimal

import fusionc
from fusionc.algebra.clebsch import coupling
from fusionc.compiler import plan_source
from fusionc.diagram.ir import Space
from fusionc.network import ir
from fusionc.network.count import price, spent, spent_as_written
from fusionc.network.model import KERNEL, TORCH, First, Model
from fusionc.options import CompileOptions
from fusionc.plan.ir import Plan
from fusionc.rewrite import sum_choice, tree_choice
from fusionc.source import Source

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = [path for path in sorted((ROOT / "examples").glob("*/*.fusion")) if path.stem != "half_integer"]

Target = Literal["torch", "kernel"]


def report_of(path: Path, target: Target, degree: int = 20) -> Any:
    options = CompileOptions(target=target, degree=degree)
    return plan_source(Source(path.name, path.read_text(encoding="utf-8")), options).report


@pytest.mark.parametrize(("target", "degree"), [("torch", 20), ("kernel", 20), ("torch", 1), ("kernel", 64)])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_savings_lead_from_naive_to_planned(path: Path, target: Target, degree: int) -> None:
    for diagram in report_of(path, target, degree).to_dict()["diagrams"]:
        assert (diagram["model"], diagram["degree"]) == (target, degree)
        left = diagram["cost"]["naive"]["multiply_adds"]
        for rewrite in diagram["rewrites"]:
            assert rewrite["before"] == left
            assert rewrite["after"] <= left
            left = rewrite["after"]
        assert left == diagram["cost"]["planned"]["multiply_adds"]


@pytest.mark.parametrize("target", ["torch", "kernel"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_text_ends_in_a_column_that_adds_up(path: Path, target: Target) -> None:
    report = report_of(path, target)
    tables = re.findall(
        r"^  multiply-adds .*\n(  naive .*\n(?:  .*\n)*?  planned .*\n)", report.to_text(), re.MULTILINE
    )
    assert len(tables) == len(report.plans)
    for table in tables:
        naive, *savings, planned = (int(line.split()[1].replace(",", "")) for line in table.splitlines())
        assert naive + sum(savings) == planned
        assert all(saving <= 0 for saving in savings)


@pytest.mark.parametrize("model", [TORCH, KERNEL], ids=lambda model: model.target.value)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_network_costs_no_more_than_as_it_is_written(path: Path, model: Model) -> None:
    for plan in report_of(path, model.target.value).plans:
        found, written = (of(plan.network, model) for of in (spent, spent_as_written))
        less, more = (sum(s.multiply_adds * model.times(s.space) for s in many) for many in (found, written))
        assert less <= more
        assert all(s.setup <= s.multiply_adds for s in found)


def couplings() -> list[tuple[Plan, ir.Vertex]]:
    found: dict[Any, tuple[Plan, ir.Vertex]] = {}
    for path in EXAMPLES:
        for plan in report_of(path, "torch").plans:
            for vertex in plan.network.vertices:
                match vertex.op:
                    case ir.Couple(left=a, right=b, weight=None, subscripts=s):
                        legs = [(plan.network.vertices[n].irrep.l, plan.network.vertices[n].channels) for n in (a, b)]
                        found.setdefault((*legs, s, vertex.irrep.l), (plan, vertex))
                    case _:
                        pass
    return list(found.values())


def test_no_order_of_contraction_is_better() -> None:
    """opt_einsum counts a multiplication and an addition apart: by its own measure, its best path is no better."""
    seen = 0
    for plan, vertex in couplings():
        op, vertices = vertex.op, plan.network.vertices
        assert isinstance(op, ir.Couple)
        dims = [vertices[n].irrep.dim for n in (op.left, op.right)] + [vertex.irrep.dim]
        if 1 in dims:
            continue
        s = op.subscripts
        sizes = dict(zip("IJK", dims, strict=True))
        for letters, n in ((s.left, op.left), (s.right, op.right)):
            sizes |= dict(zip(letters, vertices[n].channels, strict=True))
        operands = [frozenset(s.left + "I"), frozenset(s.right + "J"), frozenset("IJK")]
        path = optimal(operands, frozenset(s.out + "K"), sizes)
        least, rest = 0, operands
        for places in path:
            taken = [rest[n] for n in places]
            rest = [indices for n, indices in enumerate(rest) if n not in places]
            met = frozenset().union(*taken)
            size = 1
            for letter in sorted(met):
                size *= sizes[letter]
            least += size
            rest.append(met & frozenset(s.out + "K").union(*rest))
        assert price(vertices, vertex, TORCH) <= least * TORCH.times(vertex.space)
        seen += 1
    assert seen > 20


def test_products_of_nodes_and_edges_are_summed_before_they_are_coupled() -> None:
    """25 products of components and their sum on edges; on nodes the matrix to 1 + 3 + 5 + 7 + 9 components."""
    text = """diagram d {
  input x[j] : 4x2e
  input y[i,j] : 4x2e
  z[i] = sum[j]((x[j] * y[i,j] with mode=uuu))
  output z[i]
}
"""
    nonzeros = sum(len(coupling(2, 2, l)) for l in range(1, 5))
    for target, on_edges, on_nodes in (("torch", 2 * 25 * 4, 25 * 25 * 4), ("kernel", 25 * 4, nonzeros * 4)):
        (diagram,) = fusionc.plan(text, target=target).to_dict()["diagrams"]
        spaces = diagram["cost"]["planned"]["spaces"]
        assert (spaces["edge"]["multiply_adds"], spaces["node"]["multiply_adds"]) == (on_edges, on_nodes)


@pytest.mark.parametrize(("channels", "first"), [((8, 1), First.RIGHT), ((1, 8), First.LEFT), ((8, 8), First.BOTH)])
def test_the_operand_with_fewer_channels_goes_first(channels: tuple[int, int], first: First) -> None:
    u, v = channels
    mode = "uuu" if u == v else "uvu" if v == 1 else "uvv"
    weights = "" if u == v else ", weights=w"
    body = [f"input x : {u}x1o", f"input y : {v}x1o", *(["weight w"] if weights else [])]
    body += [f"z = x * y with mode={mode}, l=[2]{weights}", "output z"]
    text = "\n".join(("diagram d {", *body, "}", ""))
    (plan,) = plan_source(Source("d", text)).plans
    (step,) = (s for s in plan.steps if s.kind.value == "couple")
    assert step.first is first
    assert step.space is Space.BATCH


def test_weights_that_sum_channels_may_come_first() -> None:
    """Fully connected, 32 x 32 channels to 32: the weights with one operand, then a matrix for each pair, by hand."""
    text = """diagram d {
  input x : 32x1o
  input y : 32x1o
  weight w
  z : 32x2e = x * y with mode=uvw, weights=w
  output z
}
"""
    (diagram,) = fusionc.plan(text).to_dict()["diagrams"]
    mixing, matrices, product = 3 * 32**3, 45 * 32, 15 * 32**2
    assert diagram["cost"]["planned"]["multiply_adds"] == mixing + matrices + product
    pairs = (9 + 45) * 32**2
    assert diagram["cost"]["naive"]["multiply_adds"] == pairs + 5 * 32**3


BASIS = """diagram basis {
  input  A[i] : 4x0e + 4x1o
  weight W[i] : per species
  B[i] : 4x0e + 4x1o = sympow(A[i], 1..ORDER) with weights=W[i]
  output B[i]
}
"""


def bounds(text: str) -> list[dict[str, Any]]:
    (diagram,) = json.loads(fusionc.plan(text).to_json())["diagrams"]
    return list(diagram["bounds"])


def test_bounds_of_searches_are_told() -> None:
    """Trees of six leaves are left as they are."""
    text = BASIS.replace("ORDER", "6")
    assert bounds(text) == [{"name": "symmetrize", "what": "leaves of a tree", "limit": 5}]
    line = "  bound met: symmetrize went no further than 5 leaves of a tree; there may be better\n"
    assert line in fusionc.plan(text).to_text()
    assert bounds(BASIS.replace("ORDER", "5")) == []


@pytest.mark.parametrize(
    ("module", "bound", "told"),
    [
        (tree_choice, "CANDIDATES", {"name": "symmetrize", "what": "trees of one space", "limit": 1}),
        (tree_choice, "PASSES", {"name": "symmetrize", "what": "passes over the spaces of trees", "limit": 1}),
    ],
    ids=["CANDIDATES", "PASSES"],
)
def test_bounds_that_are_seldom_met(
    module: ModuleType, bound: str, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, bound, 1)
    assert told in bounds(BASIS.replace("ORDER", "4"))


def test_a_bound_of_hoisting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sum_choice, "PASSES", 0)
    monkeypatch.setattr(sys.modules["fusionc.rewrite.hoist"], "PASSES", 0)
    text = (ROOT / "examples/fusion_block/fusion_block.fusion").read_text(encoding="utf-8")
    assert bounds(text) == [{"name": "hoist", "what": "passes over the sums to open", "limit": 0}]


@pytest.mark.parametrize("target", ["cpp", ""])
def test_targets_that_are_none(target: str) -> None:
    with pytest.raises(ValueError, match="target must be"):
        fusionc.plan(EXAMPLES[0], target=target)


@pytest.mark.parametrize("degree", [0, -1, True, 2.5])
def test_degrees_that_are_none(degree: int) -> None:
    with pytest.raises(ValueError, match="degree must be"):
        fusionc.plan(EXAMPLES[0], degree=degree)


def test_a_kernel_keeps_messages_in_registers() -> None:
    """A convolution reads neighbours, edges and weights, once each, and writes nothing on edges."""
    text = """diagram d {
  input x[j] : 8x1o
  input y[i,j] : 0e + 1o + 2e
  weight w[i,j]
  h[i] = sum[j]((x[j] * y[i,j] with weights=w[i,j], mode=uvu, keep=1o))
  output h[i]
}
"""
    (diagram,) = fusionc.plan(text, target="kernel", dtype="float32").to_dict()["diagrams"]
    cost = diagram["cost"]["planned"]
    assert cost["spaces"]["edge"]["bytes"] == 4 * (8 * 3 + (1 + 5) + 2 * 8)
    assert cost["spaces"]["node"]["bytes"] >= 4 * 8 * 3
    assert cost["peak_temporary_bytes"] == 0
