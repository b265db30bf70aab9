"""What `differentiate` makes of small diagrams; that it is right is a law (tests/laws/test_differentiate.py)."""

from __future__ import annotations

import pytest
import torch
from network_value import value

from fusionc import reference
from fusionc.algebra.clebsch import CONVENTIONS, Entry, coupling
from fusionc.check.ir import CheckedDiagram
from fusionc.compiler import check_source
from fusionc.diagram.ir import Space
from fusionc.network import ir
from fusionc.network.differentiate import differentiate
from fusionc.network.expand import expand
from fusionc.source import Source


def diagram(body: str) -> CheckedDiagram:
    text = "diagram d {\n" + "\n".join(f"  {line}" for line in body.strip().splitlines()) + "\n}\n"
    (found,) = check_source(Source("gradient.fusion", text)).program.diagrams
    return found


def ops(found: ir.Network, kind: type[ir.Op]) -> list[ir.Vertex]:
    return [vertex for vertex in found.vertices if isinstance(vertex.op, kind)]


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_legs_may_be_permuted_cyclically(convention: str) -> None:
    """What the transposes of couplings rest on; in both conventions."""
    for l1 in range(6):
        for l2 in range(6):
            for l3 in range(abs(l1 - l2), min(l1 + l2, 5) + 1):
                turned = [Entry(e.k, e.i, e.j, e.value) for e in coupling(l2, l3, l1, convention)]
                assert tuple(sorted(turned)) == coupling(l1, l2, l3, convention)


def test_names_arguments_and_outputs() -> None:
    network = expand(diagram("input x : 4x1o\ninput y : 4x1o\nweight w\nz = x * y with mode=uuu, weights=w\noutput z"))
    first = differentiate(network)
    assert [s.name for s in first.signature] == ["x", "y", "grad_z"]
    assert [(o.name, str(o.irreps), o.space) for o in first.outputs] == [
        ("x_grad", "4x1o", Space.BATCH),
        ("y_grad", "4x1o", Space.BATCH),
        ("w_grad", "12x0e", Space.ONCE),
    ]
    second = differentiate(first, ["grad_z", "w"])
    assert [s.name for s in second.signature] == ["x", "y", "grad_z", "grad_x_grad", "grad_y_grad", "grad_w_grad"]
    assert [o.name for o in second.outputs] == ["grad_z_grad", "w_grad"]
    third = differentiate(second)
    assert [s.name for s in third.signature[-2:]] == ["grad_grad_z_grad", "grad_w_grad_2"]


def test_only_what_is_asked_for_is_computed() -> None:
    network = expand(diagram("input x : 4x1o\ninput y : 4x1o\nz = x * y with mode=uuu, l=[1]\noutput z"))
    found = differentiate(network, ["x"])
    assert [o.name for o in found.outputs] == ["x_grad"]
    assert len(ops(found, ir.Couple)) == 1
    assert {v.op.name for v in ops(found, ir.Entry)} == {"y", "grad_z"}  # type: ignore[union-attr]


def test_an_unknown_name_is_refused() -> None:
    network = expand(diagram("input x : 4x1o\nz = 2 * x\noutput z"))
    with pytest.raises(ValueError, match="no tensor y"):
        differentiate(network, ["y"])


def test_what_no_output_depends_on_has_no_gradient() -> None:
    network = differentiate(expand(diagram("input x : 2x1o\nz = 3 * x\noutput z")))
    (found,) = differentiate(network, ["x"]).outputs
    (vertex,) = differentiate(network, ["x"]).vertices
    assert (found.name, vertex.op) == ("x_grad", ir.Add(()))


def test_tables_of_classes_are_summed_by_class_and_read_again() -> None:
    text = "input x[i] : 2x1o\nweight w[i] : per species\nz[i] : 2x1o = linear(x[i]) with weights=w[i]\noutput z[i]"
    first = differentiate(expand(diagram(text)))
    (output,) = (o for o in first.outputs if o.per is not None)
    assert (output.name, output.per, output.space) == ("w_grad", "species", Space.NODE)
    second = differentiate(first)
    assert [w.name for w in second.parameters] == ["w", "grad_w_grad"]
    assert "grad_w_grad" not in [s.name for s in second.signature]


def test_the_transpose_of_a_mean_divides_what_is_gathered() -> None:
    first = differentiate(expand(diagram("input y[i,j] : 2x1o\nz[i] = mean[j](y[i,j])\noutput z[i]")))
    assert [v.op.mean for v in ops(first, ir.Move)] == [True]  # type: ignore[union-attr]
    second = differentiate(first)
    assert [v.op.mean for v in ops(second, ir.Reduce)] == [True]  # type: ignore[union-attr]


@pytest.mark.parametrize("normalize", ["true", "false"])
@pytest.mark.parametrize("norm", ["component", "integral", "norm"])
def test_harmonics_of_no_length(normalize: str, norm: str) -> None:
    """At r = 0 to third order: the unit vector is r itself there, as in the reference."""
    found = diagram(f"input r : 1o\nY = sh(r, 3, normalize={normalize}, norm={norm})\noutput Y")
    network = expand(found)
    arguments: dict[str, torch.Tensor | int] = {"r": torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)}
    (wanted,) = reference.evaluate(found, arguments, {})
    leaves = [arguments["r"]]
    wanted_all = [wanted]
    for order in range(3):
        generator = torch.Generator().manual_seed(order)
        cotangents = [torch.randn(t.shape, generator=generator, dtype=t.dtype, requires_grad=True) for t in wanted_all]
        given = network
        network = differentiate(network)
        for slot, cotangent in zip(network.signature[len(given.signature) :], cotangents, strict=True):
            arguments[slot.name] = cotangent
        wanted_all = list(
            torch.autograd.grad(wanted_all, leaves, cotangents, create_graph=True, materialize_grads=True)
        )
        leaves = leaves + cotangents
        with torch.no_grad():
            for ours, theirs in zip(value(network, arguments, {}), wanted_all, strict=True):
                torch.testing.assert_close(ours, theirs.detach(), rtol=0, atol=1e-10)


def test_blocks_never_fall() -> None:
    """The order of steps relies on it."""
    text = "input x[j] : 2x1o\ninput r[i,j] : 1o\nweight w[i,j]\nY[i,j] = sh(r[i,j], 2)\n"
    text += "m[i,j] = x[j] * Y[i,j] with weights=w[i,j], mode=uvu\nz[i] = mean[j](m[i,j])\noutput z[i]"
    network = expand(diagram(text))
    for _ in range(3):
        network = differentiate(network)
        blocks = [v.block for v in network.vertices]
        assert blocks == sorted(blocks)
        assert all(m < n for n, v in enumerate(network.vertices) for m in ir.operands(v.op))
