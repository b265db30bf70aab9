"""What a generated module promises, point by point: derivatives, torch's tools, errors, empty graphs."""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

import fusionc
from fusionc.testing import Sizes, random_arguments

NET = """fusion 1
param C = 4
diagram net {
  index i in g
  input  x[i] : {C}x0e + {C}x1o
  input  r[i,j] : 1o
  weight R[i,j]
  weight W[i] : per species
  Y[i,j] = sh(r[i,j], 2)
  m[i,j] = x[j] * Y[i,j] with weights=R[i,j], mode=uvu, keep=0e + 1o
  A[i] : {C}x0e + {C}x1o = linear(mean[j](m[i,j]))
  B[i] : {C}x0e + {C}x1o = sympow(A[i], 1..2) with weights=W[i]
  s[i] : {C}x0e = silu(linear(filter(B[i], "0e")))
  E[g] : 1x0e = linear(sum[i](s[i]))
  output E[g], B[i]
}
"""
PRODUCT = """fusion 1
diagram product {
  input  x : 96x0e + 96x1o + 96x2e
  input  y : 0e + 1o + 2e
  input  w : 1056x0e
  z = x * y with weights=w, mode=uvu, keep=0e + 1o + 2e
  output z
}
"""
SIZES = Sizes(nodes=5, edges=12, graphs=2)


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def network(**options: Any) -> Any:
    return fusionc.load(NET)(num_species=3, **({"dtype": torch.float64} | options))


def arguments(module: Any, sizes: Sizes = SIZES, seed: int = 0, dtype: torch.dtype = torch.float64) -> dict[str, Any]:
    return dict(random_arguments(module, sizes=sizes, seed=seed, dtype=dtype))


def call(module: Any, given: dict[str, Any]) -> tuple[Tensor, ...]:
    out = module(*given.values())
    return (out,) if isinstance(out, Tensor) else out


def leaves(given: dict[str, Any]) -> list[Tensor]:
    return [v.requires_grad_() for v in given.values() if isinstance(v, Tensor) and v.is_floating_point()]


# ------------------------------------------------------------------ signature


def test_attributes_tell_the_interface() -> None:
    module = network()
    assert module.arguments == ("x", "r", "R", "edge_index", "species", "batch", "num_graphs")
    assert module.argument_kinds == dict(
        zip(module.arguments, ("tensor", "tensor", "weight", "edge_index", "class", "batch", "num_graphs"), strict=True)
    )
    assert module.irreps_in == {"x": "4x0e+4x1o", "r": "1x1o"}
    assert module.irreps_out == {"E": "1x0e", "B": "4x0e+4x1o"}
    assert module.weight_numel["R"] == 20
    assert module.spaces["R"] == "edge"
    assert module.spaces["E"] == "graph"
    assert (module.group, module.layout, module.num_species) == ("O3", "mul_ir", 3)
    assert len(module.PLAN_SHA256) == 64
    assert fusionc.__version__ == module.FUSIONC_VERSION
    assert module.W.shape == (3, module.weight_numel["W"])


def test_results_come_in_the_order_of_the_outputs() -> None:
    module = network()
    energy, features = call(module, arguments(module))
    assert energy.shape == (2, 1)
    assert features.shape == (5, 16)


def test_weights_start_out_normally_distributed() -> None:
    weights = fusionc.load("fusion 1\ndiagram d {\n  input x : 64x0e\n  z : 64x0e = linear(x)\n  output z\n}\n")()
    (found,) = weights.parameters()
    assert abs(found.mean().item()) < 0.1
    assert abs(found.std().item() - 1) < 0.1


# ---------------------------------------------------------------- derivatives


def test_first_and_second_derivatives() -> None:
    module = network()
    given = arguments(module, Sizes(nodes=3, edges=4, graphs=2))
    inputs = leaves(given)
    places = [name for name, value in given.items() if isinstance(value, Tensor) and value.is_floating_point()]

    def energy(*values: Tensor) -> Tensor:
        result: Tensor = call(module, given | dict(zip(places, values, strict=True)))[0]
        return result

    assert torch.autograd.gradcheck(energy, inputs)
    assert torch.autograd.gradgradcheck(energy, inputs)


def test_third_derivatives() -> None:
    module = network()
    given = arguments(module, Sizes(nodes=3, edges=4, graphs=1))
    given["r"].requires_grad_()
    value = call(module, given)[0].sum()
    for _ in range(3):
        (gradient,) = torch.autograd.grad(value, given["r"], create_graph=True)
        value = gradient.square().sum()
    assert torch.isfinite(value)
    assert value > 0


def test_derivatives_at_vanishing_vectors_are_finite() -> None:
    module = network()
    given = arguments(module)
    given["r"][3] = 0
    given["r"].requires_grad_()
    (first,) = torch.autograd.grad(call(module, given)[0].sum(), given["r"], create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), given["r"])
    assert torch.isfinite(first).all()
    assert torch.isfinite(second).all()


def test_learned_weights_have_gradients() -> None:
    module = network()
    call(module, arguments(module))[0].sum().backward()
    for name, weight in module.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name


# -------------------------------------------------------------- torch's tools


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_compiles_whole_with_dynamic_sizes(backend: str) -> None:
    module = network()
    compiled = torch.compile(module, fullgraph=True, dynamic=True, backend=backend)
    for nodes, edges, graphs in ((5, 12, 2), (7, 20, 3), (6, 0, 2)):
        given = arguments(module, Sizes(nodes=nodes, edges=edges, graphs=graphs))
        given["r"].requires_grad_()
        ours, theirs = call(module, given), call(compiled, given)
        torch.testing.assert_close(theirs, ours, rtol=1e-12, atol=1e-12)
        if edges:
            forces = [torch.autograd.grad(out[0].sum(), given["r"])[0] for out in (ours, theirs)]
            torch.testing.assert_close(forces[1], forces[0], rtol=1e-11, atol=1e-11)


@pytest.mark.slow
def test_a_bare_product_compiles() -> None:
    module = fusionc.load(PRODUCT)(dtype=torch.float64)
    compiled = torch.compile(module, fullgraph=True, dynamic=True, backend="aot_eager")
    for rows in (3, 700):
        given = arguments(module, Sizes(leading=(rows,)))
        torch.testing.assert_close(compiled(*given.values()), module(*given.values()), rtol=1e-12, atol=1e-12)
        with torch.no_grad():
            torch.testing.assert_close(compiled(*given.values()), module(*given.values()), rtol=1e-12, atol=1e-12)


@pytest.mark.slow
def test_exports_with_dynamic_nodes_and_edges() -> None:
    module = network()
    nodes, edges = torch.export.Dim("nodes", min=0), torch.export.Dim("edges", min=0)
    dims = {"node": {0: nodes}, "edge": {0: edges}}
    given = arguments(module)
    shapes = [
        None if name == "num_graphs" else {1: edges} if name == "edge_index" else dims[module.spaces[name]]
        for name in module.arguments
    ]
    shapes[module.arguments.index("num_graphs")] = torch.export.Dim.DYNAMIC
    exported = torch.export.export(module, tuple(given.values()), dynamic_shapes=tuple(shapes)).module()
    for count in ((7, 20), (3, 1), (3, 0)):
        other = arguments(module, Sizes(nodes=count[0], edges=count[1], graphs=2))
        torch.testing.assert_close(call(exported, other), call(module, other), rtol=1e-12, atol=1e-12)


def test_copies_compute_the_same() -> None:
    module = network()
    given = arguments(module)
    torch.testing.assert_close(call(copy.deepcopy(module), given), call(module, given), rtol=0, atol=0)


def test_state_dict_round_trip() -> None:
    module, other = network(), network()
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    assert sorted(module.state_dict()) == sorted(name for name, _ in module.named_parameters())
    given = arguments(module)
    torch.testing.assert_close(call(other, given), call(module, given), rtol=0, atol=0)


def test_double_is_as_exact_as_if_made_so() -> None:
    made, turned = network(), network(dtype=torch.float32).double()
    turned.load_state_dict(made.state_dict())
    given = arguments(made)
    torch.testing.assert_close(call(turned, given), call(made, given), rtol=0, atol=0)


def test_empty_modules_can_be_filled() -> None:
    with torch.device("meta"):
        module = network()
    module = module.to_empty(device="cpu")
    other = network()
    module.load_state_dict(other.state_dict())
    given = arguments(other)
    torch.testing.assert_close(call(module, given), call(other, given), rtol=0, atol=0)


def test_autocast() -> None:
    module = network(dtype=torch.float32)
    given = arguments(module, dtype=torch.float32)
    exact = call(module, given)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = call(module, given)
    for ours, theirs in zip(found, exact, strict=True):
        assert (ours.float() - theirs).abs().max() < 0.1 * theirs.abs().max()


def test_vectorised_jacobian() -> None:
    module = network()
    given = arguments(module, Sizes(nodes=3, edges=4, graphs=2))

    def energies(r: Tensor) -> Tensor:
        return call(module, given | {"r": r})[0]

    rows = torch.autograd.functional.jacobian(energies, given["r"])
    torch.testing.assert_close(torch.func.jacrev(energies)(given["r"]), rows)


# ---------------------------------------------------------------- edge cases


@pytest.mark.parametrize(("nodes", "edges"), [(3, 0), (0, 0)])
def test_empty_graphs(nodes: int, edges: int) -> None:
    module = network()
    given = arguments(module, Sizes(nodes=nodes, edges=edges, graphs=2))
    inputs = leaves(given)
    energy, features = call(module, given)
    assert features.shape == (nodes, 16)
    assert energy.shape == (2, 1)
    gradients = torch.autograd.grad(energy.sum() + features.sum(), inputs, allow_unused=True)
    assert all(g is None or torch.isfinite(g).all() for g in gradients)


def test_arguments_need_not_be_contiguous() -> None:
    module = network()
    given = arguments(module)
    strided = {
        name: value.repeat_interleave(2, dim=-1)[..., ::2] if isinstance(value, Tensor) else value
        for name, value in given.items()
    }
    assert not strided["x"].is_contiguous()
    torch.testing.assert_close(call(module, strided), call(module, given), rtol=0, atol=1e-14)


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
def test_arguments_may_be_read_only() -> None:
    module = network()
    given = arguments(module)
    frozen = dict(given)
    for name, value in given.items():
        if isinstance(value, Tensor):
            array = value.numpy().copy()
            array.setflags(write=False)
            frozen[name] = torch.from_numpy(array)
    torch.testing.assert_close(call(module, frozen), call(module, given), rtol=0, atol=1e-14)


def test_any_leading_dimensions() -> None:
    module = fusionc.load(PRODUCT)(dtype=torch.float64)
    given = arguments(module, Sizes(leading=(2, 3)))
    whole = module(*given.values())
    assert whole.shape[:2] == (2, 3)
    one = module(*(value[1, 2] for value in given.values()))
    torch.testing.assert_close(one, whole[1, 2], rtol=0, atol=1e-13)
    none = module(*(value[:, :0] for value in given.values()))
    assert none.shape == (2, 0, whole.shape[2])


@pytest.mark.parametrize("rows", [1, 300, 3000])
def test_blocks_of_rows_change_nothing(rows: int) -> None:
    module = fusionc.load(PRODUCT)(dtype=torch.float64)
    given = arguments(module, Sizes(leading=(rows,)))
    with torch.no_grad():
        plain = module(*given.values())
    torch.testing.assert_close(module(*(leaves(given))), plain, rtol=0, atol=1e-13)


@pytest.mark.parametrize("text", [NET, PRODUCT], ids=["net", "product"])
def test_other_layout_is_a_permutation(text: str) -> None:
    options = {"num_species": 3} if "species" in text else {}
    module = fusionc.load(text)(dtype=torch.float64, **options)
    other = fusionc.load(text, layout="ir_mul")(dtype=torch.float64, **options)
    other.load_state_dict(module.state_dict())
    given = arguments(module)
    turned = {name: _turned(value, module.irreps_in.get(name)) for name, value in given.items()}
    for recorded in (True, False):
        with torch.set_grad_enabled(recorded):
            for ours, theirs, irreps in zip(
                call(other, turned), call(module, given), module.irreps_out.values(), strict=True
            ):
                torch.testing.assert_close(ours, _turned(theirs, irreps), rtol=0, atol=1e-12)


def _turned(value: Any, irreps: str | None) -> Any:
    """From `[mul, 2l+1]` to `[2l+1, mul]` in every segment."""
    if irreps is None:
        return value
    parts, start = [], 0
    for mul, label in (term.split("x") for term in irreps.split("+")):
        d = 2 * int(label[:-1]) + 1
        part = value[..., start : start + int(mul) * d]
        parts.append(part.unflatten(-1, (int(mul), d)).transpose(-1, -2).flatten(-2))
        start += int(mul) * d
    return torch.cat(parts, -1)


# --------------------------------------------------------------------- errors

BROKEN = [
    ("x", lambda v: v.float(), TypeError, "x must be torch.float64, not torch.float32"),
    ("x", lambda v: v[:, :-1], ValueError, r"x must have shape \[any, 16\], not \[5, 15\]"),
    ("x", lambda v: v[0], ValueError, r"x must have shape"),
    ("x", lambda v: v.tolist(), TypeError, "x must be a tensor, not list"),
    ("R", lambda v: v[:-1], ValueError, r"R must have shape \[12, 20\], not \[11, 20\]"),
    ("edge_index", lambda v: v.int(), TypeError, "edge_index must be torch.int64, not torch.int32"),
    ("edge_index", lambda v: v.T, ValueError, r"edge_index must have shape \[2, 12\]"),
    ("species", lambda v: v[:-1], ValueError, r"species must have shape \[5\], not \[4\]"),
    ("species", lambda v: v.double(), TypeError, "species must be torch.int64"),
    ("batch", lambda v: v.to("meta"), ValueError, "batch must be on cpu, not on meta"),
    ("edge_index", lambda v: v + 1, IndexError, "out of range"),
    ("edge_index", lambda v: v - 1, IndexError, "out of range"),
    ("species", lambda v: v + 3, IndexError, "out of range"),
    ("species", lambda v: v - 3, IndexError, "out of range"),
    ("batch", lambda v: v + 1, RuntimeError, "out of (range|bounds)"),
    ("batch", lambda v: v - 1, RuntimeError, "out of (range|bounds)"),
]


@pytest.mark.parametrize(("name", "spoil", "error", "message"), BROKEN, ids=[f"{n}-{m[:24]}" for n, _, _, m in BROKEN])
@pytest.mark.parametrize("recorded", [True, False])
def test_wrong_arguments(name: str, spoil: Any, error: type[Exception], message: str, recorded: bool) -> None:
    module = network()
    given = arguments(module)
    if name == "edge_index" and error is IndexError:
        given["edge_index"][:, 0] = torch.tensor([4, 0])
    given[name] = spoil(given[name])
    with pytest.raises(error, match=message), torch.set_grad_enabled(recorded):
        call(module, given)


def test_no_classes() -> None:
    with pytest.raises(ValueError, match="num_species must be at least 1"):
        fusionc.load(NET)(num_species=0)
    with pytest.raises(TypeError, match="num_species"):
        fusionc.load(NET)()
