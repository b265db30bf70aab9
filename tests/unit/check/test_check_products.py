"""Paths, factors and weights of products, against e3nn's instruction lists."""

from __future__ import annotations

import itertools

import pytest
from e3nn import o3

from fusionc.check import ir

from .checking import codes, diagram, operation, value

UNEQUAL = ("3x0e + 2x1o + 2x1e", "2x0e + 4x1o + 1x2e")
EQUAL = ("3x0e + 3x1o + 3x1e", "3x0o + 3x1o + 3x2e")
NORMS = list(itertools.product(("component", "norm", "none"), ("element", "path", "none")))


def e3nn_product(left: str, right: str, out: str, instructions: list[tuple], norm: str, path_norm: str):
    return o3.TensorProduct(
        left, right, out, instructions, irrep_normalization=norm, path_normalization=path_norm,
        compile_left_right=False, compile_right=False, shared_weights=False, internal_weights=False,
    )  # fmt: skip


def described(product: ir.Product) -> list[tuple]:
    return [
        (p.left, p.right, p.out, p.mode.value, None if p.weight is None else p.weight.shape, float(p.factor))
        for p in product.paths
    ]


def instructions_of(product) -> list[tuple]:
    return [
        (i.i_in1, i.i_in2, i.i_out, i.connection_mode, i.path_shape if i.has_weight else None, i.path_weight)
        for i in product.instructions
    ]


def assert_same(ours: list[tuple], theirs: list[tuple]) -> None:
    assert [path[:-1] for path in ours] == [path[:-1] for path in theirs]
    assert [path[-1] for path in ours] == pytest.approx([path[-1] for path in theirs], rel=1e-14)


def ascribed(left: str, right: str, out: str, mode: str, options: str) -> ir.Product:
    body = f"""
        input x : {left}
        input y : {right}
        weight w
        z : {out} = x * y with mode="{mode}", weights=w{options}
        output z"""
    return operation(diagram(body), "z", ir.Product)


@pytest.mark.parametrize(("norm", "path_norm"), [pair for pair in NORMS if "none" not in pair])
def test_fully_connected(norm: str, path_norm: str) -> None:
    """e3nn's own way to list the paths of `uvw`: left, right, output segment."""
    left, right = UNEQUAL
    out = "4x0e + 2x1o + 3x1o + 2x2e + 1x0o"
    expected = o3.FullyConnectedTensorProduct(
        left, right, out, irrep_normalization=norm, path_normalization=path_norm,
        compile_left_right=False, compile_right=False, shared_weights=False, internal_weights=False,
    )  # fmt: skip
    product = ascribed(left, right, out, "uvw", f", norm={norm}, path_norm={path_norm}")
    assert_same(described(product), instructions_of(expected))
    last = product.paths[-1].weight
    assert last is not None
    assert last.offset + last.shape[0] * last.shape[1] * last.shape[2] == expected.weight_numel


TARGETS = {
    "uuu": (EQUAL, "3x0e + 3x1o + 3x1e + 3x1o"),
    "uvu": (UNEQUAL, "3x0e + 2x1o + 2x1e + 3x1o + 2x2e"),
    "uvv": (UNEQUAL, "4x1o + 2x1e + 1x2e + 4x0e"),
    "uuw": (EQUAL, "5x0e + 2x1o + 1x1e"),
    "uvw": (UNEQUAL, "5x0e + 2x1o + 1x1e"),
    "uvuv": (UNEQUAL, "6x0e + 8x1o + 8x2e + 2x2o"),
    "uvu<v": (EQUAL, "3x0e + 3x1o + 3x1e"),
    "u<vw": (EQUAL, "5x0e + 2x1o + 1x1e"),
}


def channels(mode: str, left: int, right: int, out: int) -> int:
    counts = {"uuu": left, "uvu": left, "uvv": right, "uvuv": left * right, "uvu<v": left * (left - 1) // 2}
    return counts.get(mode, out)


@pytest.mark.parametrize("mode", TARGETS)
@pytest.mark.parametrize(("norm", "path_norm"), NORMS)
def test_every_mode_with_an_ascription(mode: str, norm: str, path_norm: str) -> None:
    (left, right), out = TARGETS[mode]
    segments = [o3.Irreps(irreps) for irreps in (left, right, out)]
    instructions = [
        (i, j, k, mode, True, 1.0)
        for (i, a), (j, b), (k, c) in itertools.product(*map(enumerate, segments))
        if c.ir in a.ir * b.ir and channels(mode, a.mul, b.mul, c.mul) == c.mul
    ]
    expected = e3nn_product(left, right, out, instructions, norm, path_norm)
    product = ascribed(left, right, out, mode, f", norm={norm}, path_norm={path_norm}")
    assert len(instructions) >= 3
    assert_same(described(product), instructions_of(expected))


@pytest.mark.parametrize("mode", ["uuu", "uvu", "uvv", "uvuv", "uvu<v"])
@pytest.mark.parametrize("keep", ["0e + 1o + 1e + 2e", "1o", "0o + 1e + 3o"])
def test_every_channel_wise_mode_without_an_ascription(mode: str, keep: str) -> None:
    """The way of NequIP and MACE: one segment a path, sorted as e3nn sorts."""
    left, right = EQUAL if mode in ("uuu", "uvu<v") else UNEQUAL
    kept = [term.ir for term in o3.Irreps(keep)]
    segments, routes = [], []
    for (i, a), (j, b) in itertools.product(enumerate(o3.Irreps(left)), enumerate(o3.Irreps(right))):
        for irrep in a.ir * b.ir:
            if irrep in kept:
                routes.append((i, j, len(segments), mode, True))
                segments.append((channels(mode, a.mul, b.mul, 0), irrep))
    out, order, _ = o3.Irreps(segments).sort()
    routes = sorted(((i, j, order[k], m, w) for i, j, k, m, w in routes), key=lambda route: route[2])
    expected = e3nn_product(left, right, str(out), routes, "component", "element")
    body = f"""
        input x : {left}
        input y : {right}
        weight w
        z = x * y with mode="{mode}", weights=w, keep={keep}
        output z"""
    checked = diagram(body)
    assert str(value(checked, "z").irreps) == str(out).replace(" ", "")
    assert_same(described(operation(checked, "z", ir.Product)), instructions_of(expected))


def test_unweighted_paths_have_no_weights() -> None:
    product = operation(diagram("input x : 4x0e + 4x1o\nz = x * x\noutput z"), "z", ir.Product)
    assert product.weights is None
    assert [path.weight for path in product.paths] == [None] * 6


def test_the_default_mode_is_chosen_for_each_pair() -> None:
    body = "input x : 4x0e + 2x1o\ninput y : 0e + 1x1o\ninput v : 1o\nz = x * y\nu = v * y\noutput z, u"
    checked = diagram(body)
    assert {p.mode.value for p in operation(checked, "z", ir.Product).paths} == {"uvu"}
    assert {p.mode.value for p in operation(checked, "u", ir.Product).paths} == {"uuu"}


def test_paths_to_one_label_are_summed() -> None:
    checked = diagram("input x : 4x0e + 4x1o\nz : 1o | 0e = x * x\noutput z")
    assert str(value(checked, "z").irreps) == "4x1o+4x0e"
    paths = operation(checked, "z", ir.Product).paths
    assert [(p.left, p.right, p.out) for p in paths] == [(0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 1)]
    assert [str(p.factor) for p in paths] == ["sqrt(1/2)", "sqrt(3/2)", "sqrt(3/2)", "sqrt(1/2)"]


def test_a_segment_of_no_channels_gets_no_path() -> None:
    checked = diagram("input x : 0x0e + 4x1o\nz : 4x0e + 0x5o = x * x\noutput z")
    paths = operation(checked, "z", ir.Product).paths
    assert [(p.left, p.right, p.out) for p in paths] == [(1, 1, 0)]
    assert str(value(checked, "z").irreps) == "4x0e+0x5o"


def test_degrees_name_outputs_or_with_an_ascription_operands() -> None:
    operands = "input x : 4x0e + 4x1o + 4x2e\n"
    free = diagram(operands + "z = x * x with l=[1]\noutput z")
    assert {segment.irrep.l for segment in value(free, "z").irreps} == {1}
    aimed = diagram(operands + "z : 4x0e = x * x with l=[1]\noutput z")
    assert [(p.left, p.right) for p in operation(aimed, "z", ir.Product).paths] == [(1, 1)]


def test_filters_add_up() -> None:
    checked = diagram("input x : 4x0e + 4x1o + 4x2e\nz = x * x with keep=0e + 1o + 2e, lmax=1, l=0..1\noutput z")
    assert sorted({str(segment.irrep) for segment in value(checked, "z").irreps}) == ["0e", "1o"]


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("z : 4x1o = x * x", "F210"),
        ("z : 4x3e = x * x", "F211"),
        ("z : 5x0e = x * x", "F212"),
        ("z = x * y", "F213"),
        ("z = x * y with mode=uuu", "F213"),
        ("z : 0e | 1e = x * x with mode=uvw", "F214"),
        ("z : 2x0e = x * x with mode=uuw", "F215"),
        ("z = x * x with lmax=0, keep=1e", "F216"),
    ],
)
def test_refusals(statement: str, code: str) -> None:
    assert codes(f"diagram d {{\ninput x : 4x1o\ninput y : 3x1o\n{statement}\noutput x, y, z\n}}\n") == [code]


def test_uuw_without_weights_sums_to_one_channel() -> None:
    checked = diagram("input x : 4x1o\nz : 1x0e = x * x with mode=uuw\noutput z")
    path = operation(checked, "z", ir.Product).paths[0]
    assert path.weight is None
    assert str(path.factor) == "1/2"
