"""Linear maps, weights and biases, against e3nn's `o3.Linear`."""

from __future__ import annotations

import pytest
from e3nn import o3

from fusionc.check import ir

from .checking import codes, diagram, operation, value


@pytest.mark.parametrize(("norm"), ["element", "path"])
@pytest.mark.parametrize(
    ("operand", "out"),
    [
        ("4x0e + 2x1o + 3x0e", "5x0e + 6x1o"),
        ("4x0e + 2x1o + 3x0e + 1x1o", "2x1o + 5x0e + 6x1o + 1x0e"),
        ("4x0o + 2x1e", "3x1e + 0x2e"),
    ],
)
def test_paths_are_those_of_e3nn(operand: str, out: str, norm: str) -> None:
    expected = o3.Linear(operand, out, path_normalization=norm, _optimize_einsums=False)
    checked = diagram(f"input x : {operand}\ny : {out} = linear(x) with path_norm={norm}\noutput y")
    linear = operation(checked, "y", ir.Linear)
    assert [(p.operand, p.out, p.weight.shape) for p in linear.paths] == [
        (i.i_in, i.i_out, i.path_shape) for i in expected.instructions
    ]
    weights = [i.path_weight for i in expected.instructions]
    assert [float(p.factor) for p in linear.paths] == pytest.approx(weights, rel=1e-14)
    assert checked.parameters == (ir.LearnedWeight("y_weight", expected.weight_numel, None, True),)
    views = list(expected.weight_views(yield_instruction=True))
    offsets = [view.storage_offset() for _, _, view in views]
    assert [p.weight.offset for p in linear.paths] == offsets


def test_unnormalised_paths() -> None:
    checked = diagram("input x : 4x0e + 3x0e\ny : 2x0e = linear(x) with path_norm=none\noutput y")
    assert [str(p.factor) for p in operation(checked, "y", ir.Linear).paths] == ["1", "1"]


def test_implicit_weights_are_named_after_the_statement() -> None:
    body = """
        input x : 4x0e
        weight h_weight_2
        h : 2x0e = linear(silu((linear(x) : 3x0e)))
        k : 2x0e = linear(x) with weights=h_weight_2
        output h, k"""
    names = [(w.name, w.numel, w.implicit) for w in diagram(body).parameters]
    assert names == [("h_weight_2", 8, False), ("h_weight", 12, True), ("h_weight_3", 6, True)]


def test_weights_of_classes_are_rows() -> None:
    checked = diagram(
        "input x[i] : 4x0e + 4x1o\nweight W[i] : per species\ny[i] : 2x0e = linear(x[i]) with weights=W[i]\noutput y[i]"
    )
    assert checked.parameters == (ir.LearnedWeight("W", 8, "species", False),)
    weights = operation(checked, "y", ir.Linear).weights
    assert checked.values[weights].op == ir.Parameter("W")
    assert str(checked.values[weights].irreps) == "8x0e"


def test_weights_may_be_computed() -> None:
    body = """
        input x[i] : 4x0e
        input f[i,j] : 6x0e
        input g[i,j] : 5x0e
        m[i,j] = x[j] * x[i] with weights=linear(f[i,j])
        n[i,j] : 2x0e = linear(x[j]) with weights=cat(g[i,j], segment(g[i,j], 0)), bias=silu((linear(f[i,j]) : 2x0e))
        output m[i,j]"""
    assert codes(f"diagram d {{{body}\n}}\n")[-1] == "F220"  # 8 are needed, 10 given
    good = body.replace("5x0e", "4x0e").replace("output m[i,j]", "output m[i,j], n[i,j]")
    checked = diagram(good)
    product, linear = operation(checked, "m", ir.Product), operation(checked, "n", ir.Linear)
    assert str(checked.values[product.weights].irreps) == "4x0e"
    assert str(checked.values[linear.weights].irreps) == "4x0e+4x0e"
    assert linear.bias is not None
    assert str(checked.values[linear.bias].irreps) == "2x0e"


def test_a_weight_may_be_shared() -> None:
    checked = diagram(
        "input x : 4x0e\nweight w\na : 2x0e = linear(x) with weights=w\nb : 2x0e = linear(x) with weights=0.5 * w\n"
        "output a, b"
    )
    assert [(w.name, w.numel) for w in checked.parameters] == [("w", 8)]
    assert sum(v.op == ir.Parameter("w") for v in checked.values) == 1


def test_targets_reach_through_sums_and_functions() -> None:
    body = """
        input x[i] : 4x0e + 4x1o
        input e[i,j] : 3x0e
        y[i] : 2x0e = silu(sum[j](linear(e[i,j])) - 2 * linear(x[i]))
        output y[i]"""
    checked = diagram(body)
    assert str(value(checked, "y").irreps) == "2x0e"
    assert [(w.name, w.numel) for w in checked.parameters] == [("y_weight", 6), ("y_weight_2", 8)]


def test_an_even_function_makes_odd_scalars_even() -> None:
    checked = diagram("input s : 3x0o + 2x0e\nt : 3x0e = abs(segment(s, 0))\nu = tanh(s)\noutput t, u")
    assert str(value(checked, "t").irreps) == "3x0e"
    assert str(value(checked, "u").irreps) == "3x0o+2x0e"


def test_gates_are_made_of_plain_operations() -> None:
    body = "input s : 4x0e + 2x0o\ninput g : 5x0e\ninput x : 2x1o + 3x2e\ny = gate(s, g, x, act=relu)\noutput y"
    checked = diagram(body)
    concat = operation(checked, "y", ir.Concat)
    scalars, gated = (checked.values[n].op for n in concat.operands)
    assert scalars == ir.Apply(0, ("relu", "tanh"))
    assert isinstance(gated, ir.Gating)
    assert checked.values[gated.gates].op == ir.Apply(1, ("sigmoid",))
    assert str(value(checked, "y").irreps) == "4x0e+2x0o+2x1o+3x2e"


def test_segments_are_summed_where_nothing_couples() -> None:
    checked = diagram("input x : 4x0e + 4x1o\nz = x * x\ny : 4x1o + 4x0e = z\noutput y")
    assert str(value(checked, "z").irreps) == "4x0e+4x0e+4x1o+4x1o+4x1e+4x2e"
    assert operation(checked, "y", ir.Regroup).sources == ((2, 3), (0, 1))


def test_equal_irreps_need_no_regrouping() -> None:
    checked = diagram("input x : 4x0e + 4x1o\ny : 4x0e + 4x1o = x\noutput y")
    assert len(checked.values) == 1
    assert checked.outputs == (ir.CheckedOutput("y", 0),)


def test_one_error_is_one_error() -> None:
    """What uses a wrong statement is not reported."""
    text = "diagram d {\ninput x : 4x1o\na : 4x1o = x * x\nb = a * x\nc : 2x0e = linear(b)\noutput c\n}\n"
    assert codes(text) == ["F210"]


def test_errors_of_names_and_of_irreps_come_together() -> None:
    text = "diagram d {\ninput x : 4x1o\na : 4x1o = x * x\nb = y * x\nc = silu(x)\noutput a, b, c\n}\n"
    assert codes(text) == ["F210", "F101", "F240"]
