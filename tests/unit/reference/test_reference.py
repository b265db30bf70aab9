"""The oracle against e3nn, and against cases small enough to work out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import sqrt

import pytest
import torch
from e3nn import o3
from e3nn.nn import Gate
from torch import Tensor

from fusionc.algebra.irrep import Group, Irrep, Irreps
from fusionc.algebra.surd import Surd
from fusionc.algebra.tree import Leaf, Vertex
from fusionc.check.ir import (
    Apply,
    Argument,
    ArgumentKind,
    CheckedDiagram,
    CheckedOutput,
    Combine,
    Concat,
    Dot,
    Gather,
    Gating,
    Harmonics,
    LearnedWeight,
    Linear,
    LinearPath,
    Op,
    Parameter,
    Path,
    Power,
    PowerPath,
    Product,
    Reduce,
    Regroup,
    Select,
    Slot,
    TreePath,
    TreeProduct,
    Value,
    WeightSlice,
)
from fusionc.diagram.ir import Indices, Mode, Norm, Space, Via
from fusionc.reference import evaluate

ONE = Surd.of(1)
TOLERANCE = 1e-13


@pytest.fixture(autouse=True)
def _double() -> Iterator[None]:
    """e3nn rounds its constants to the default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(before)


class Draft:
    """A checked diagram written by hand, value by value."""

    def __init__(self) -> None:
        self.values: list[Value] = []
        self.slots: list[Slot] = []
        self.parameters: list[LearnedWeight] = []

    def add(self, op: Op, irreps: str, space: Space = Space.BATCH) -> int:
        self.values.append(Value("", "z", op, Irreps.parse(irreps), space))
        return len(self.values) - 1

    def input(self, name: str, irreps: str, space: Space = Space.BATCH) -> int:
        self.slots.append(Slot(name, ArgumentKind.TENSOR, space, Irreps.parse(irreps)))
        return self.add(Argument(name), irreps, space)

    def slot(self, name: str, kind: ArgumentKind, space: Space = Space.ONCE) -> None:
        self.slots.append(Slot(name, kind, space))

    def learned(self, name: str, numel: int, per: str | None = None, space: Space = Space.ONCE) -> int:
        self.parameters.append(LearnedWeight(name, numel, per, implicit=False))
        return self.add(Parameter(name), f"{numel}x0e", space)

    def run(self, output: int, parameters: dict[str, Tensor] | None = None, /, **arguments: Tensor | int) -> Tensor:
        diagram = CheckedDiagram(
            "d", Group.O3, "e3nn", Indices(), tuple(self.slots), tuple(self.parameters), tuple(self.values),
            (CheckedOutput("z", output),),
        )  # fmt: skip
        (result,) = evaluate(diagram, arguments, parameters or {})
        return result


def closeness(actual: Tensor, expected: Tensor) -> float:
    assert actual.shape == expected.shape
    return (actual - expected).abs().max().item() / max(expected.abs().max().item(), 1e-300)


def exact(path_weight: float) -> Surd:
    """e3nn's path weights are square roots of small rationals."""
    return Surd.sqrt(Fraction(path_weight**2).limit_denominator(10_000))


# ------------------------------------------------------------------- products


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("path_norm", ["element", "path", "none"])
@pytest.mark.parametrize("norm", ["component", "norm", "none"])
@pytest.mark.parametrize("mode", ["uuu", "uvu", "uvv", "uuw", "uvw", "uvuv", "uvu<v", "u<vw"])
def test_every_mode_and_normalisation_is_that_of_e3nn(mode: str, norm: str, path_norm: str, shared: bool) -> None:
    muls = {"uuu": (3, 3, 3), "uvu": (3, 2, 3), "uvv": (3, 2, 2), "uuw": (3, 3, 2), "uvw": (3, 2, 4)}
    muls |= {"uvuv": (3, 2, 6), "uvu<v": (3, 3, 3), "u<vw": (3, 3, 2)}
    m1, m2, m3 = muls[mode]
    left, right = f"{m1}x0e+{m1}x1o+{m1}x2e", f"{m2}x1o+{m2}x2e"
    out = f"{m3}x1o+{m3}x0e+{m3}x1e+{m3}x3o"
    triples = [(0, 0, 0), (1, 0, 1), (1, 0, 2), (1, 1, 0), (1, 1, 3), (2, 1, 1), (2, 1, 2), (2, 0, 0)]
    instructions = [(a, b, c, mode, True) for a, b, c in triples]
    tp = o3.TensorProduct(
        left, right, out, instructions, irrep_normalization=norm, path_normalization=path_norm,
        shared_weights=shared, internal_weights=False,
    )  # fmt: skip
    paths, offset = [], 0
    for instruction in tp.instructions:
        factor = exact(instruction.path_weight)
        piece = WeightSlice(offset, tuple(instruction.path_shape))
        paths.append(Path(instruction.i_in1, instruction.i_in2, instruction.i_out, Mode(mode), factor, piece))
        offset += torch.Size(piece.shape).numel()
    draft = Draft()
    x, y = draft.input("x", left), draft.input("y", right)
    w = draft.input("w", f"{offset}x0e", Space.ONCE if shared else Space.BATCH)
    z = draft.add(Product(x, y, w, tuple(paths)), out)
    a, b = torch.randn(2, 5, Irreps.parse(left).dim), torch.randn(2, 5, Irreps.parse(right).dim)
    weight = torch.randn(offset) if shared else torch.randn(2, 5, offset)
    assert closeness(draft.run(z, x=a, y=b, w=weight), tp(a, b, weight)) < TOLERANCE


def test_fully_connected_product_with_its_own_weights() -> None:
    tp = o3.FullyConnectedTensorProduct("4x0e+3x1o+2x2o", "2x0e+1x1e", "3x0e+2x1o+2x2e")
    numels = [torch.Size(i.path_shape).numel() for i in tp.instructions]
    offsets = [sum(numels[:n]) for n in range(len(numels))]
    draft = Draft()
    x, y = draft.input("x", str(tp.irreps_in1)), draft.input("y", str(tp.irreps_in2))
    w = draft.learned("w", tp.weight_numel)
    paths = tuple(
        Path(i.i_in1, i.i_in2, i.i_out, Mode(i.connection_mode),
             exact(i.path_weight), WeightSlice(offset, tuple(i.path_shape)))
        for i, offset in zip(tp.instructions, offsets, strict=True)
    )  # fmt: skip
    z = draft.add(Product(x, y, w, paths), str(tp.irreps_out))
    a, b = tp.irreps_in1.randn(4, -1), tp.irreps_in2.randn(4, -1)
    assert closeness(draft.run(z, {"w": tp.weight.detach()}, x=a, y=b), tp(a, b).detach()) < TOLERANCE


@pytest.mark.parametrize("mode", ["uuu", "uvu", "uvv", "uvuv", "uvu<v"])
def test_unweighted_paths_have_weight_one(mode: str) -> None:
    muls = {"uuu": (2, 2, 2), "uvu": (3, 2, 3), "uvv": (3, 2, 2), "uvuv": (3, 2, 6), "uvu<v": (3, 3, 3)}
    m1, m2, m3 = muls[mode]
    tp = o3.TensorProduct(
        f"{m1}x1o", f"{m2}x1o", f"{m3}x2e", [(0, 0, 0, mode, False)], irrep_normalization="none",
        path_normalization="none",
    )  # fmt: skip
    draft = Draft()
    x, y = draft.input("x", f"{m1}x1o"), draft.input("y", f"{m2}x1o")
    z = draft.add(Product(x, y, None, (Path(0, 0, 0, Mode(mode), ONE, None),)), f"{m3}x2e")
    a, b = torch.randn(4, 3 * m1), torch.randn(4, 3 * m2)
    assert closeness(draft.run(z, x=a, y=b), tp(a, b)) < TOLERANCE


def test_unweighted_uuw_adds_up_its_channels() -> None:
    draft = Draft()
    x, y = draft.input("x", "3x0e"), draft.input("y", "3x0e")
    z = draft.add(Product(x, y, None, (Path(0, 0, 0, Mode.UUW, ONE, None),)), "1x0e")
    a, b = torch.randn(4, 3), torch.randn(4, 3)
    assert closeness(draft.run(z, x=a, y=b), (a * b).sum(-1, keepdim=True)) < TOLERANCE


# --------------------------------------------------- linear, harmonics, gate


@pytest.mark.parametrize("path_norm", ["element", "path"])
def test_linear_is_that_of_e3nn(path_norm: str) -> None:
    inner, outer = "3x0e+2x1o+1x0e+2x1e", "2x1o+4x0e+3x1o+2x0e"
    linear = o3.Linear(inner, outer, biases=True, path_normalization=path_norm)
    linear.bias.data = torch.randn_like(linear.bias)
    draft = Draft()
    x, w, b = draft.input("x", inner), draft.learned("w", linear.weight_numel), draft.learned("b", 6)
    paths, offset = [], 0
    for i in (i for i in linear.instructions if i.i_in >= 0):
        factor = exact(i.path_weight)
        paths.append(LinearPath(i.i_in, i.i_out, factor, WeightSlice(offset, tuple(i.path_shape))))
        offset += torch.Size(i.path_shape).numel()
    z = draft.add(Linear(x, w, tuple(paths), b), outer)
    a = torch.randn(4, Irreps.parse(inner).dim)
    own = {"w": linear.weight.detach(), "b": linear.bias.detach()}
    assert closeness(draft.run(z, own, x=a), linear(a).detach()) < TOLERANCE


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("norm", [Norm.COMPONENT, Norm.INTEGRAL, Norm.NORM])
def test_spherical_harmonics_are_those_of_e3nn(norm: Norm, normalize: bool) -> None:
    draft = Draft()
    r = draft.input("r", "1x1o")
    z = draft.add(Harmonics(r, 8, normalize, norm), str(o3.Irreps.spherical_harmonics(8)))
    x = torch.randn(3, 7, 3)
    expected = o3.spherical_harmonics(list(range(9)), x, normalize, norm.value)
    assert closeness(draft.run(z, r=x), expected) < TOLERANCE


def test_harmonics_of_the_zero_vector_vanish_beyond_degree_zero() -> None:
    draft = Draft()
    r = draft.input("r", "1x1o")
    z = draft.add(Harmonics(r, 2, True, Norm.COMPONENT), "0e+1o+2e")
    x = torch.zeros(1, 3, requires_grad=True)
    y = draft.run(z, r=x)
    assert y.tolist() == [[1.0] + [0.0] * 8]
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert gradient.isfinite().all()


def test_gate_is_that_of_e3nn_up_to_its_second_moments() -> None:
    gate = Gate("2x0e+1x0o", [torch.nn.functional.silu, torch.tanh], "4x0e", [torch.sigmoid], "3x1o+1x2e")
    silu, tanh = (act.cst for act in gate.act_scalars.acts)
    (sigmoid,) = (act.cst for act in gate.act_gates.acts)
    draft = Draft()
    s, g, x = draft.input("s", "2x0e+1x0o"), draft.input("g", "4x0e"), draft.input("x", "3x1o+1x2e")
    scalars, gates = draft.add(Apply(s, ("silu", "tanh")), "2x0e+1x0o"), draft.add(Apply(g, ("sigmoid",)), "4x0e")
    z = draft.add(Concat((scalars, draft.add(Gating(gates, x), "3x1o+1x2e"))), "2x0e+1x0o+3x1o+1x2e")
    a, b, c = torch.randn(5, 3), torch.randn(5, 4), torch.randn(5, 14)
    moments = torch.tensor([silu] * 2 + [tanh] + [sigmoid] * 14)
    assert closeness(draft.run(z, s=a, g=b, x=c) * moments, gate(torch.cat([a[:, 2:], a[:, :2], b, c], -1))) < TOLERANCE


# ------------------------------------------------------- powers, trees, sums


def test_power_couples_its_leaves_from_the_left_by_isometries() -> None:
    draft = Draft()
    x, w = draft.input("x", "2x1o+2x2e"), draft.learned("w", 4)
    e2, o1 = Irrep(2, 1), Irrep(1, -1)
    comb = PowerPath((0, 0, 1), (e2, e2), 0, Surd.sqrt(Fraction(1, 2)), WeightSlice(0, (2,)))
    bare = PowerPath((1,), (), 0, ONE, WeightSlice(2, (2,)))
    triple = PowerPath((0, 1), (o1,), 1, ONE, None)
    z = draft.add(Power(x, w, (comb, bare, triple)), "2x2e+2x1o")
    a, weight = torch.randn(3, 16), torch.randn(4)
    p, d = a[:, :6].reshape(3, 2, 3), a[:, 6:].reshape(3, 2, 5)
    w112, w222, w121 = (sqrt(2 * l3 + 1) * o3.wigner_3j(l1, l2, l3) for l1, l2, l3 in [(1, 1, 2), (2, 2, 2), (1, 2, 1)])
    pp = torch.einsum("ijk,nui,nuj->nuk", w112, p, p)
    ppd = torch.einsum("ijk,nui,nuj->nuk", w222, pp, d)
    first = sqrt(0.5) * weight[:2, None] * ppd + weight[2:, None] * d
    second = torch.einsum("ijk,nui,nuj->nuk", w121, p, d)
    expected = torch.cat([first.flatten(1), second.flatten(1)], -1)
    assert closeness(draft.run(z, {"w": weight}, x=a), expected) < TOLERANCE


def test_tree_shares_single_channels_and_keeps_the_order_of_its_vertices() -> None:
    o1, e1, e2 = Irrep(1, -1), Irrep(1, 1), Irrep(2, 1)
    tree = Vertex(Leaf("c", e2), Vertex(Leaf("a", o1), Leaf("b", o1), e1), e1)
    draft = Draft()
    x, y, v = draft.input("x", "1x0e+3x1o"), draft.input("y", "1x1o"), draft.input("v", "3x2e")
    path = TreePath(tree, ("a", "b", "c"), (1, 0, 0), 0, -ONE, None)
    z = draft.add(TreeProduct((x, y, v), None, (path,)), "3x1e")
    a, b, c = torch.randn(4, 10), torch.randn(4, 3), torch.randn(4, 15)
    w111, w211 = sqrt(3) * o3.wigner_3j(1, 1, 1), sqrt(3) * o3.wigner_3j(2, 1, 1)
    ab = torch.einsum("ijk,nui,nj->nuk", w111, a[:, 1:].reshape(4, 3, 3), b)
    expected = -torch.einsum("ijk,nui,nuj->nuk", w211, c.reshape(4, 3, 5), ab)
    assert closeness(draft.run(z, x=a, y=b, v=c), expected.flatten(1)) < TOLERANCE


def test_segments_are_selected_regrouped_combined_and_dotted() -> None:
    draft = Draft()
    x, y = draft.input("x", "1x0e+2x0e+1x0e"), draft.input("y", "1x0e+1x0e+1x0e")
    selected = draft.add(Select(x, (2, 1)), "1x0e+2x0e")
    regrouped = draft.add(Regroup(x, ((0, 2), (1,), ())), "1x0e+2x0e+1x1o")
    combined = draft.add(Combine(((Fraction(1, 2), x), (Fraction(-2), x))), "1x0e+2x0e+1x0e")
    dotted = draft.add(Dot(x, y), "1x0e+2x0e+1x0e")
    a, b = torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([5.0, 6.0, 7.0])
    assert draft.run(selected, x=a, y=b).tolist() == [4, 2, 3]
    assert draft.run(regrouped, x=a, y=b).tolist() == [5, 2, 3, 0, 0, 0]
    assert draft.run(combined, x=a, y=b).tolist() == [-1.5, -3, -4.5, -6]
    assert draft.run(dotted, x=a, y=b).tolist() == [5, 12, 18, 28]


def test_dot_adds_over_components() -> None:
    draft = Draft()
    x, y = draft.input("x", "2x1o"), draft.input("y", "1x1o")
    z = draft.add(Dot(x, y), "2x0e")
    assert draft.run(z, x=torch.tensor([1.0, 2, 3, 4, 5, 6]), y=torch.tensor([1.0, 0, -1])).tolist() == [-2, -2]


# ------------------------------------------------------------- index spaces

EDGES = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])  # senders, receivers; node 3 has no edge


def graph_draft() -> Draft:
    draft = Draft()
    draft.slot("edge_index", ArgumentKind.EDGE_INDEX, Space.EDGE)
    draft.slot("batch", ArgumentKind.BATCH, Space.NODE)
    draft.input("x", "1x0e", Space.NODE)
    draft.input("m", "1x0e", Space.EDGE)
    draft.input("u", "1x0e", Space.GRAPH)
    draft.input("c", "1x0e", Space.ONCE)
    return draft


X, M, U, C = range(4)
NODES = {
    "edge_index": EDGES,
    "batch": torch.tensor([0, 0, 2, 2]),
    "x": torch.tensor([[1.0], [2.0], [3.0], [4.0]]),
    "m": torch.tensor([[10.0], [20.0], [30.0], [40.0]]),
    "u": torch.tensor([[7.0], [8.0], [9.0]]),
    "c": torch.tensor([5.0]),
}


@pytest.mark.parametrize(
    ("operand", "via", "space", "expected"),
    [
        (X, Via.RECEIVER, Space.EDGE, [2, 1, 3, 2]),
        (X, Via.SENDER, Space.EDGE, [1, 2, 2, 3]),
        (U, Via.GRAPH, Space.NODE, [7, 7, 9, 9]),
        (U, Via.GRAPH, Space.EDGE, [7, 7, 9, 7]),
        (C, Via.ALL, Space.NODE, [5, 5, 5, 5]),
        (C, Via.ALL, Space.GRAPH, [5, 5, 5]),
    ],
)
def test_gathers(operand: int, via: Via, space: Space, expected: list[float]) -> None:
    draft = graph_draft()
    z = draft.add(Gather(operand, via), "1x0e", space)
    assert draft.run(z, **NODES).flatten().tolist() == expected


@pytest.mark.parametrize(
    ("operand", "via", "space", "total", "average"),
    [
        (M, Via.RECEIVER, Space.NODE, [20, 50, 30, 0], [20, 25, 30, 0]),
        (M, Via.SENDER, Space.NODE, [10, 50, 40, 0], [10, 25, 40, 0]),
        (X, Via.GRAPH, Space.GRAPH, [3, 0, 7], [1.5, 0, 3.5]),
        (M, Via.GRAPH, Space.GRAPH, [70, 0, 30], [70 / 3, 0, 30]),
        (X, Via.ALL, Space.ONCE, [10], [2.5]),
        (M, Via.ALL, Space.ONCE, [100], [25]),
        (U, Via.ALL, Space.ONCE, [24], [8]),
    ],
)
def test_reductions(operand: int, via: Via, space: Space, total: list[float], average: list[float]) -> None:
    draft = graph_draft()
    plain = draft.add(Reduce(operand, via, False, Fraction(1, 2)), "1x0e", space)
    mean = draft.add(Reduce(operand, via, True, Fraction(1)), "1x0e", space)
    assert draft.run(plain, **NODES).flatten().tolist() == [0.5 * part for part in total]
    assert draft.run(mean, **NODES).flatten().tolist() == average


def test_no_nodes_and_no_edges_give_empty_tensors_and_zero_sums() -> None:
    draft = graph_draft()
    gathered = draft.add(Gather(X, Via.SENDER), "1x0e", Space.EDGE)
    product = draft.add(Product(gathered, M, None, (Path(0, 0, 0, Mode.UUU, ONE, None),)), "1x0e", Space.EDGE)
    summed = draft.add(Reduce(product, Via.RECEIVER, True, Fraction(1)), "1x0e", Space.NODE)
    whole = draft.add(Reduce(summed, Via.ALL, True, Fraction(1)), "1x0e", Space.ONCE)
    no_edges = NODES | {"edge_index": torch.zeros(2, 0, dtype=torch.int64), "m": torch.zeros(0, 1)}
    assert draft.run(summed, **no_edges).flatten().tolist() == [0, 0, 0, 0]
    nothing = no_edges | {"x": torch.zeros(0, 1), "batch": torch.zeros(0, dtype=torch.int64)}
    assert draft.run(summed, **nothing).shape == (0, 1)
    assert draft.run(whole, **nothing).tolist() == [0]


def test_counts_given_as_arguments_size_what_no_tensor_sizes() -> None:
    draft = Draft()
    draft.slot("edge_index", ArgumentKind.EDGE_INDEX, Space.EDGE)
    draft.slot("num_nodes", ArgumentKind.NUM_NODES)
    m = draft.input("m", "1x0e", Space.EDGE)
    z = draft.add(Reduce(m, Via.RECEIVER, False, Fraction(1)), "1x0e", Space.NODE)
    assert draft.run(z, edge_index=EDGES, num_nodes=5, m=NODES["m"]).flatten().tolist() == [20, 50, 30, 0, 0]


def test_class_weights_are_rows_and_single_tensors_are_shared() -> None:
    draft = graph_draft()
    draft.slot("species", ArgumentKind.CLASS, Space.NODE)
    rows = draft.learned("W", 1, "species", Space.NODE)
    product = Product(X, C, rows, (Path(0, 0, 0, Mode.UUU, ONE, WeightSlice(0, (1,))),))
    z = draft.add(product, "1x0e", Space.NODE)
    species = torch.tensor([0, 1, 1, 0])
    table = {"W": torch.tensor([[2.0], [3.0]])}
    assert draft.run(z, table, species=species, **NODES).flatten().tolist() == [10, 30, 45, 40]


def test_the_value_differentiates_to_second_order() -> None:
    draft = Draft()
    r = draft.input("r", "1x1o")
    y = draft.add(Harmonics(r, 3, True, Norm.COMPONENT), "0e+1o+2e+3o")
    paths = (Path(2, 3, 0, Mode.UUU, Surd.sqrt(3), None), Path(2, 2, 1, Mode.UUU, ONE, None))
    z = draft.add(Product(y, y, None, paths), "1o+2e")

    def value(x: Tensor) -> Tensor:
        return draft.run(z, r=x)

    x = torch.randn(2, 3, requires_grad=True)
    assert torch.autograd.gradcheck(value, x)
    assert torch.autograd.gradgradcheck(value, x)


def test_wrong_arguments_are_named() -> None:
    draft = Draft()
    x = draft.input("x", "1x1o")
    w = draft.learned("w", 2)
    with pytest.raises(ValueError, match="argument x is missing"):
        draft.run(x)
    with pytest.raises(ValueError, match="argument x needs a last dimension of 3"):
        draft.run(x, x=torch.zeros(2))
    with pytest.raises(ValueError, match="learned weight w is missing"):
        draft.run(w, x=torch.zeros(3))
    with pytest.raises(ValueError, match="learned weight w needs a last dimension of 2"):
        draft.run(w, {"w": torch.zeros(3)}, x=torch.zeros(3))
