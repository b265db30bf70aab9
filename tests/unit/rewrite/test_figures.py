"""What rewrites save on the blocks that matter, as counts: no timings."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import pytest

from fusionc.check.ir import CheckedDiagram
from fusionc.compiler import check_source, plan_diagram
from fusionc.diagram.ir import Space
from fusionc.network import ir
from fusionc.network.expand import expand
from fusionc.network.ir import Network
from fusionc.network.model import KERNEL, TORCH, Model
from fusionc.network.straight_line import weighed_line
from fusionc.plan.cost import weighed
from fusionc.plan.ir import Plan, StepKind
from fusionc.plan.order import order
from fusionc.reading import load_source
from fusionc.source import Source

ROOT = Path(__file__).resolve().parents[3]

Degrees = tuple[int, ...]


def checked(text: str) -> CheckedDiagram:
    (diagram,) = check_source(Source("figures.fusion", text)).program.diagrams
    return diagram


def for_kernels(diagram: CheckedDiagram) -> Network:
    return plan_diagram(diagram, KERNEL).network


def natural(mul: int, degrees: Degrees) -> str:
    return " + ".join(f"{mul}x{l}{'eo'[l % 2]}" for l in degrees)


def product_basis(degrees: Degrees, outputs: Degrees, order: int) -> str:
    return f"""diagram basis {{
  input  A[i] : {natural(1, degrees)}
  weight W[i] : per species
  B[i] : {natural(1, outputs)} = sympow(A[i], 1..{order}) with weights=W[i]
  output B[i]
}}
"""


@pytest.mark.parametrize(("outputs", "most"), [((0,), 148), ((0, 1), 330), ((0, 1, 2), 547)])
def test_product_basis(outputs: Degrees, most: int) -> None:
    """Hand-made code needs 190, 403 and 647; the flat polynomials 188, 820 and 1,630."""
    diagram = checked(product_basis((0, 1, 2, 3), outputs, 3))
    assert weighed_line(for_kernels(diagram)) <= most
    assert weighed_line(plan_diagram(diagram).network) <= most


@pytest.mark.parametrize(
    ("degrees", "outputs"),
    [
        ((0, 1, 2), (0, 1, 2)),
        ((0, 1, 2, 3), (0, 1)),
        pytest.param((0, 1, 2, 3, 4), (0, 1, 2), marks=pytest.mark.slow),
    ],
)
def test_correlation_four_is_planned_soon(degrees: Degrees, outputs: Degrees) -> None:
    start = perf_counter()
    diagram = checked(product_basis(degrees, outputs, 4))
    network = plan_diagram(diagram).network
    assert perf_counter() - start < 30
    assert 2 * weighed_line(network) < weighed_line(expand(diagram))


CONVOLUTIONS = {
    "mace-large": ("128x0e + 128x1o + 128x2e", 3, "0e + 1o + 2e + 3o", 17, 222),
    "mace-medium": ("128x0e + 128x1o", 3, "0e + 1o + 2e", 8, 64),
    "nequip-revmd17-benzene": (
        " + ".join(f"64x{l}{p}" for l in range(4) for p in "oe"),
        3,
        " + ".join(f"{l}{p}" for l in range(4) for p in "oe"),
        68,
        1294,
    ),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions(name: str) -> None:
    """A channel and edge, weights included; apart from couplings with Y, which no channel repeats, and from the work of
    nodes. Hand-made code needs 258, 96 and 1,330."""
    irreps, lmax, keep, paths, most = CONVOLUTIONS[name]
    diagram = checked(f"""diagram conv {{
  input  x[j] : {irreps}
  input  y[i,j] : {natural(1, tuple(range(lmax + 1)))}
  weight R[i,j]
  m[i,j] = x[j] * y[i,j] with weights=R[i,j], mode=uvu, keep={keep}
  h[i] = sum[j](m[i,j])
  output h[i]
}}
""")
    naive = expand(diagram)
    assert sum(isinstance(vertex.op, ir.Couple) for vertex in naive.vertices) == paths
    plan = order(for_kernels(diagram), naive, KERNEL)
    assert sum(s.cost.per_channel for s in plan.steps if s.kind in (StepKind.COUPLE, StepKind.MIX)) == most


def test_a_convolution_of_degree_six_is_planned_soon() -> None:
    start = perf_counter()
    plan_diagram(
        checked(f"""diagram conv {{
  input  x[j] : {natural(8, tuple(range(7)))}
  input  r[i,j] : 1o
  weight R[i,j]
  Y[i,j] = sh(r[i,j], 6)
  m[i,j] = x[j] * Y[i,j] with weights=R[i,j], mode=uvu, lmax=6
  h[i] = sum[j](m[i,j])
  output h[i]
}}
""")
    )
    assert perf_counter() - start < 10


def three_leaves(lmax: int, parities: tuple[str, ...]) -> str:
    """Every path of three leaves with its own tree: labels up to `lmax`; one statement a tree, nothing shared."""
    labels = [f"{l}{parities[l % 2] if parities else ''}" for l in range(lmax + 1)]
    irreps = " + ".join(f"1x{label}" for label in labels)
    keep = ", ".join(("mode=uuu", f"keep={' + '.join(labels)}"))
    return f"""{"" if parities else "group SO3"}
diagram block {{
  input x[i]   : {irreps}
  input y[i,j] : {irreps}
  z[i] = sum[j](((x[i] * x[j] with {keep}) * y[i,j] with {keep}))
  output z[i]
}}
"""


MODELS = pytest.mark.parametrize("model", [TORCH, KERNEL], ids=lambda model: model.target.value)


def ratio(plan: Plan) -> float:
    """Naive over planned, as the plan counts them itself."""
    return weighed(plan.naive, plan.model) / weighed(plan.planned, plan.model)


@MODELS
@pytest.mark.parametrize(
    ("lmax", "parities", "least"),
    [(2, (), 9.5), (3, (), 11.9), (2, ("e", "o"), 5.0), (3, ("e", "o"), 6.5)],
    ids=["SO3-2", "SO3-3", "O3-2", "O3-3"],
)
def test_hoisting_of_three_leaves(lmax: int, parities: tuple[str, ...], least: float, model: Model) -> None:
    """A hand-made plan saves 3.1, 4.3, 2.2 and 3.0 times."""
    diagram = checked(three_leaves(lmax, parities))
    paths = {(2, ()): 81, (3, ()): 318, (2, ("e", "o")): 41, (3, ("e", "o")): 137}
    assert len(expand(diagram).outputs[0].wires) == paths[lmax, parities]
    assert ratio(plan_diagram(diagram, model)) >= least


@MODELS
def test_the_fusion_block_costs_less(model: Model) -> None:
    text = load_source(str(ROOT / "examples/fusion_block/fusion_block.fusion")).text
    assert ratio(plan_diagram(checked(text), model)) >= 3.2


@MODELS
def test_the_degree_weighs_edges_against_nodes(model: Model) -> None:
    """Nothing is gained by leaving the sum over one edge; the more edges, the more is saved."""
    diagram = checked(three_leaves(2, ("e", "o")))
    ratios = [ratio(plan_diagram(diagram, Model(model.target, degree))) for degree in (1, 5, 20, 100)]
    assert ratios == sorted(ratios)
    assert ratios[0] < ratios[-1]


@MODELS
def test_the_fusion_block_is_hoisted(model: Model) -> None:
    text = load_source(str(ROOT / "examples/fusion_block/fusion_block.fusion")).text
    vertices = plan_diagram(checked(text), model).network.vertices
    couplings = [v for v in vertices if isinstance(v.op, ir.Couple)]
    on_edges = [v for v in couplings if v.space is ir.Space.EDGE]
    assert 0 < len(on_edges) < len(couplings)

    def reads(vertex: ir.Vertex) -> list[ir.Op]:
        below = [vertices[n] for n in ir.operands(vertex.op) if vertices[n].space is ir.Space.EDGE]
        return [op for v in below for op in (v.op, *reads(v))]

    below = [op for vertex in on_edges for op in reads(vertex)]
    assert not any(isinstance(op, ir.Couple) for op in below), "an edge couples two tensors, and nothing more"


def test_shared_weights_come_after_the_sum() -> None:
    """What they mix is summed over the edges first: 64x0e + 24x1o of two single channels an edge."""
    diagram = checked("""diagram conv {
  input  x[j] : 0e + 1o
  input  y[i,j] : 0e + 1o
  weight w
  m[i,j] : 64x0e + 24x1o = x[j] * y[i,j] with mode=uvw, weights=w
  z[i] = sum[j](m[i,j])
  output z[i]
}
""")
    mixed = [v for v in plan_diagram(diagram).network.vertices if isinstance(v.op, ir.Mix)]
    assert mixed
    assert all(vertex.space is Space.NODE for vertex in mixed)
