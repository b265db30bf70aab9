"""`fusionc.testing` itself: its rotations are e3nn's, and it lets no broken module pass."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import ClassVar

import pytest
import torch
from e3nn import o3
from torch import Tensor

from fusionc.algebra.irrep import Group, Irreps
from fusionc.check.ir import (
    Argument,
    ArgumentKind,
    CheckedDiagram,
    CheckedOutput,
    Combine,
    LearnedWeight,
    Parameter,
    Select,
    Slot,
    Value,
)
from fusionc.diagram.ir import Indices, Space
from fusionc.testing import (
    Sizes,
    assert_equivariant,
    equivariance_error,
    interface,
    random_arguments,
    random_parameters,
    random_rotation,
    relative_error,
    rotation_matrices,
    rotation_matrix,
)


@pytest.fixture(autouse=True)
def _double() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


# ------------------------------------------------------------------ rotations


@pytest.mark.parametrize("seed", range(5))
def test_rotations_are_proper_and_orthogonal(seed: int) -> None:
    rotation = random_rotation(seed)
    assert torch.allclose(rotation @ rotation.T, torch.eye(3), rtol=0, atol=1e-14)
    assert abs(torch.linalg.det(rotation).item() - 1) < 1e-14


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("l", range(9))
def test_rotation_matrices_are_those_of_e3nn(l: int, seed: int) -> None:
    rotation = random_rotation(seed)
    expected = o3.Irrep(l, 1).D_from_matrix(rotation)
    assert (rotation_matrix(l, rotation) - expected).abs().max() < 1e-12


@pytest.mark.parametrize("l", range(6))
def test_rotation_matrices_turn_spherical_harmonics(l: int) -> None:
    rotation, r = random_rotation(l), torch.randn(20, 3, generator=torch.Generator().manual_seed(l))
    turned = o3.spherical_harmonics(l, r @ rotation.T, True)
    assert (turned - o3.spherical_harmonics(l, r, True) @ rotation_matrix(l, rotation).T).abs().max() < 1e-12


def test_rotation_matrices_of_segments_with_inversion() -> None:
    rotation, irreps = random_rotation(0), "2x0e+1x0o+3x1o+2x2e+1x1e+0x3o"
    expected = o3.Irreps(irreps).D_from_matrix(-rotation)
    assert (rotation_matrices(Irreps.parse(irreps), rotation, invert=True) - expected).abs().max() < 1e-12
    assert rotation_matrices(Irreps(), rotation).shape == (0, 0)


# ------------------------------------------------------------------ arguments


def diagram(group: Group = Group.O3) -> CheckedDiagram:
    """z = 2 x on nodes, with every kind of argument."""
    x = Irreps.parse("1x0e+1x1o")
    slots = (
        Slot("x", ArgumentKind.TENSOR, Space.NODE, x),
        Slot("R", ArgumentKind.WEIGHT, Space.EDGE, Irreps.parse("5x0e")),
        Slot("E", ArgumentKind.TENSOR, Space.GRAPH, Irreps.parse("1x0e")),
        Slot("c", ArgumentKind.TENSOR, Space.ONCE, Irreps.parse("1x0e")),
        Slot("edge_index", ArgumentKind.EDGE_INDEX, Space.EDGE),
        Slot("species", ArgumentKind.CLASS, Space.NODE),
        Slot("batch", ArgumentKind.BATCH, Space.NODE),
        Slot("num_nodes", ArgumentKind.NUM_NODES, Space.ONCE),
        Slot("num_graphs", ArgumentKind.NUM_GRAPHS, Space.ONCE),
    )
    values = (
        Value("x", "x", Argument("x"), x, Space.NODE),
        Value("z", "z", Combine(((Fraction(2), 0),)), x, Space.NODE),
        Value("W", "W", Parameter("W"), Irreps.parse("2x0e"), Space.NODE),
    )
    weights = (LearnedWeight("W", 2, "species", False), LearnedWeight("w", 3, None, False))
    return CheckedDiagram("d", group, "e3nn", Indices(), slots, weights, values, (CheckedOutput("z", 1),))


def test_random_arguments_have_the_sizes_asked_for() -> None:
    sizes = Sizes(nodes=6, edges=9, graphs=4, classes=2)
    drawn = random_arguments(diagram(), seed=3, sizes=sizes, dtype=torch.float32)
    shapes = {name: tuple(value.shape) for name, value in drawn.items() if isinstance(value, Tensor)}
    assert shapes == {
        "x": (6, 4), "R": (9, 5), "E": (4, 1), "c": (1,), "edge_index": (2, 9), "species": (6,), "batch": (6,),
    }  # fmt: skip
    assert (drawn["num_nodes"], drawn["num_graphs"]) == (6, 4)
    assert drawn["x"].dtype is torch.float32
    assert drawn["edge_index"].max() < 6
    assert drawn["edge_index"][1].diff().min() >= 0
    assert drawn["batch"].diff().min() >= 0
    assert drawn["species"].max() < 2


def test_a_seed_names_the_arguments() -> None:
    first, again, other = (random_arguments(diagram(), seed=seed)["x"] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_random_parameters_have_a_row_for_each_class() -> None:
    shapes = {name: tuple(value.shape) for name, value in random_parameters(diagram()).items()}
    assert shapes == {"W": (3, 2), "w": (3,)}


# --------------------------------------------------------------- equivariance


class Module(torch.nn.Module):
    """The attributes that generated modules have; forward is what each test makes of it."""

    irreps_in: ClassVar = {"x": "1x0e+2x1o"}
    irreps_out: ClassVar = {"z": "1x0e+2x1o"}
    weight_numel: ClassVar = {"R": 2}
    spaces: ClassVar = {"x": "node", "R": "node", "z": "node"}
    group = "O3"
    arguments: ClassVar = ("x", "R")
    argument_kinds: ClassVar = {"x": "tensor", "R": "weight"}

    def forward(self, x: Tensor, R: Tensor) -> Tensor:
        return x * (x[:, :1] + R.sum(dim=-1, keepdim=True))


class Skewed(Module):
    def forward(self, x: Tensor, R: Tensor) -> Tensor:
        return x * torch.tensor([1.0, 1, 1, 1, 1, 1, 1.001])


class Mirrored(Module):
    """Turns with its argument, but adds a pseudovector to a vector."""

    def forward(self, x: Tensor, R: Tensor) -> Tensor:
        product = torch.linalg.cross(x[:, 1:4], x[:, 4:7])
        return torch.cat([x[:, :4], x[:, 4:] + product], dim=-1)


class Undefined(Module):
    def forward(self, x: Tensor, R: Tensor) -> Tensor:
        return x / 0.0


def test_an_equivariant_module_passes() -> None:
    assert assert_equivariant(Module()) < 1e-14
    assert assert_equivariant(Module(), dtype=torch.float32) < 1e-6


@pytest.mark.parametrize("module", [Skewed, Undefined])
def test_a_broken_module_does_not_pass(module: type[Module]) -> None:
    with pytest.raises(AssertionError, match="z is not equivariant"):
        assert_equivariant(module())


def test_rounding_of_a_zero_is_no_fault() -> None:
    class Cancelling(Module):
        def forward(self, x: Tensor, R: Tensor) -> Tensor:
            return (x + 0.1) - 0.1 - x

    assert assert_equivariant(Cancelling()) < 1e-12


def test_inversion_is_part_of_o3() -> None:
    with pytest.raises(AssertionError, match="z is not equivariant"):
        assert_equivariant(Mirrored())
    assert assert_equivariant(Mirrored(), inversion=False) < 1e-14


def test_so3_has_no_inversion_and_no_parity_letters() -> None:
    class Turned(Mirrored):
        irreps_in: ClassVar = {"x": "1x0+2x1"}
        irreps_out: ClassVar = {"z": "1x0+2x1"}
        group = "SO3"

    assert assert_equivariant(Turned()) < 1e-14


def test_a_module_may_keep_its_channels_inside() -> None:
    class Inside(Module):
        layout = "ir_mul"

        def forward(self, x: Tensor, R: Tensor) -> Tensor:
            first, second = x[:, 1::2], x[:, 2::2]
            return torch.cat([x[:, :1], torch.stack([first - second, 2 * first], dim=-1).flatten(1)], dim=-1)

    assert assert_equivariant(Inside()) < 1e-14
    Inside.layout = "mul_ir"
    with pytest.raises(AssertionError, match="z is not equivariant"):
        assert_equivariant(Inside())


def test_results_are_reported_one_by_one() -> None:
    class Pair(Module):
        irreps_out: ClassVar = {"good": "1x0e", "bad": "2x1o"}
        spaces: ClassVar = Module.spaces | {"good": "node", "bad": "node"}

        def forward(self, x: Tensor, R: Tensor) -> tuple[Tensor, Tensor]:
            return x[:, :1], x[:, 1:].abs()

    errors = equivariance_error(Pair())
    assert errors["good"] < 1e-14
    assert errors["bad"] > 0.1


def test_a_diagram_is_tested_through_the_reference() -> None:
    assert assert_equivariant(diagram()) < 1e-14


def test_a_diagram_that_drops_a_segment_is_not_mistaken_for_equivariant() -> None:
    good = diagram()
    values = (*good.values[:1], Value("z", "z", Select(0, (1, 0)), good.values[0].irreps, Space.NODE), good.values[2])
    mislabelled = CheckedDiagram(
        "d", Group.O3, "e3nn", Indices(), good.signature, good.parameters, values, good.outputs
    )  # fmt: skip
    with pytest.raises(AssertionError, match="z is not equivariant"):
        assert_equivariant(mislabelled)


def test_other_modules_are_refused() -> None:
    with pytest.raises(TypeError, match="Linear is no module generated by fusionc: it has no irreps_in, irreps_out"):
        interface(torch.nn.Linear(1, 1))


def test_unknown_numbers_of_classes_are_asked_for() -> None:
    class Classes(Module):
        arguments: ClassVar = ("x", "R", "species")
        argument_kinds: ClassVar = Module.argument_kinds | {"species": "class"}
        spaces: ClassVar = Module.spaces | {"species": "node"}

    with pytest.raises(ValueError, match="how many classes species has"):
        random_arguments(Classes())
    module = Classes()
    module.num_species = 4
    assert random_arguments(module)["species"].max() < 4


def test_relative_error() -> None:
    assert relative_error(torch.tensor([1.0, 2.2]), torch.tensor([1.0, 2.0])) == pytest.approx(0.1)
    assert relative_error(torch.tensor([1e-3]), torch.zeros(1)) == pytest.approx(1e-3)
    assert relative_error(torch.tensor([1e-3]), torch.zeros(1), floor=0.1) == pytest.approx(1e-2)
    assert relative_error(torch.zeros(0, 4), torch.zeros(0, 4)) == 0
    with pytest.raises(AssertionError, match="shapes differ"):
        relative_error(torch.zeros(2), torch.zeros(3))
