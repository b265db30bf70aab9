"""Modules with native operators against the reference and PyTorch's backend: values, derivatives, contract."""

from __future__ import annotations

import copy
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from native_programs import cache, needs_compiler
from torch import Tensor

import fusionc
from fusionc.backends import Emitted
from fusionc.compiler import compile_source
from fusionc.options import CompileOptions
from fusionc.runtime.native import write_library
from fusionc.source import Source
from fusionc.testing import Sizes, random_arguments

CONVOLUTION = """diagram conv {
  input x[j] : 5x0e+5x1o
  input Y[i,j] : sh(2)
  weight R[i,j]
  m[i,j] = x[j] * Y[i,j] with weights=R[i,j]
  A[i] = sum[j](m[i,j]) with scale=0.5
  h[i] : 5x0e+5x1o = linear(A[i])
  output h[i]
}
"""
BASIS = """diagram basis {
  input A[i] : 8x0e+8x1o+8x2e
  weight W[i] : per species
  B[i] : 8x0e+8x1o = sympow(A[i], 1..3) with weights=W[i]
  output B[i]
}
"""
INVARIANTS = """diagram invariants {
  index i in g
  input r[i,j] : 1o
  input x[j] : 7x0e+7x1o
  weight R[i,j]
  m[i,j] = x[j] * sh(r[i,j], 2) with weights=R[i,j]
  A[i] = sum[j](m[i,j])
  s[i] = silu(filter(A[i], "0e"))
  e[g] = sum[i](dot(x[i], x[i]))
  n[i] = dot(A[i], A[i])
  output A[i], s[i], e[g], n[i]
}
"""
ROWS = """diagram rows {
  input x : 3x0e+3x1o+3x2e
  input y : 3x0e+3x1o
  input w : 24x0e
  z = x * y with mode=uuu
  output z
}
"""
EDGES = """diagram edges {
  input x[i,j] : 6x0e+6x1o
  input y[i,j] : 1x1o
  z[i,j] = x[i,j] * y[i,j]
  output z[i,j]
}
"""
PROGRAMS = {"convolution": CONVOLUTION, "basis": BASIS, "invariants": INVARIANTS, "edges": EDGES}
__all__ = ["cache"]  # a fixture of every test here
SMALL = Sizes(nodes=4, edges=9, graphs=2, leading=(2, 2))


pytestmark = needs_compiler


def pair(text: str, precision: torch.dtype, **options: Any) -> tuple[torch.nn.Module, torch.nn.Module]:
    """The native module and PyTorch's, with the same weights."""
    classes = {"num_species": 3} if "species" in text else {}
    native = fusionc.load(text, backend="cpp", **options)(**classes, dtype=precision)
    plain = fusionc.load(text, **options)(**classes, dtype=precision)
    plain.load_state_dict(native.state_dict())
    return native, plain


def leaves(module: torch.nn.Module, arguments: dict[str, Tensor | int]) -> list[Tensor]:
    found = [t for t in arguments.values() if isinstance(t, Tensor) and t.is_floating_point()]
    return [t.requires_grad_() for t in found] + [p for p in module.parameters() if p.requires_grad]


def derivatives(module: torch.nn.Module, arguments: dict[str, Tensor | int], orders: int) -> list[list[Tensor]]:
    """Values and derivatives of random sums of squares, order by order."""
    inputs = leaves(module, arguments)
    generator = torch.Generator().manual_seed(1)
    results = module(*arguments.values())
    found = [list(results) if isinstance(results, tuple) else [results]]
    for order in range(orders):
        total = sum((torch.randn(t.shape, generator=generator, dtype=t.dtype) * t * t).sum() for t in found[-1])
        found.append(list(torch.autograd.grad(total, inputs, create_graph=order + 1 < orders, materialize_grads=True)))
    return found


def assert_equal(
    native: torch.nn.Module, plain: torch.nn.Module, arguments: dict[str, Tensor | int], orders: int
) -> None:
    dtype = next(t.dtype for t in arguments.values() if isinstance(t, Tensor) and t.is_floating_point())
    tolerance = 1e-12 if dtype == torch.float64 else 2e-5
    both = derivatives(native, arguments, orders), derivatives(plain, arguments, orders)
    for order, (ours, theirs) in enumerate(zip(*both, strict=True)):
        for one, other in zip(ours, theirs, strict=True):
            scale = max(float(other.detach().abs().max()), 1e-30) if other.numel() else 1.0
            assert one.shape == other.shape
            torch.testing.assert_close(one, other, rtol=0, atol=tolerance * scale, msg=lambda m, o=order: f"{o}: {m}")


# ------------------------------------------------------------------ one program, fast


@pytest.fixture(scope="module")
def convolution(cache: None) -> tuple[torch.nn.Module, torch.nn.Module]:
    return pair(CONVOLUTION, torch.float64, dtype="float64")


@pytest.mark.parametrize("sort", [True, False])
@pytest.mark.parametrize(("nodes", "edges"), [(4, 9), (3, 0), (0, 0), (1, 70)])
def test_all_derivatives_of_a_convolution(
    convolution: tuple[torch.nn.Module, torch.nn.Module], nodes: int, edges: int, sort: bool
) -> None:
    native, plain = convolution
    arguments = random_arguments(plain, sizes=Sizes(nodes=nodes, edges=edges), sort=sort)
    assert_equal(native, plain, arguments, orders=3)


def test_finite_differences(convolution: tuple[torch.nn.Module, torch.nn.Module]) -> None:
    arguments = random_arguments(convolution[0], sizes=Sizes(nodes=3, edges=5))
    leaves(convolution[0], arguments)
    assert torch.autograd.gradcheck(convolution[0], tuple(arguments.values()), fast_mode=True)
    assert torch.autograd.gradgradcheck(convolution[0], tuple(arguments.values()), fast_mode=True)


def test_only_some_gradients_are_wanted(convolution: tuple[torch.nn.Module, torch.nn.Module]) -> None:
    native, plain = convolution
    arguments = random_arguments(plain, sizes=SMALL)
    arguments["Y"].requires_grad_()  # type: ignore[union-attr]
    found = [torch.autograd.grad(m(*arguments.values())[:, :5].sum(), arguments["Y"]) for m in (native, plain)]
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=1e-12)


def test_any_memory_gives_the_same(convolution: tuple[torch.nn.Module, torch.nn.Module]) -> None:
    native, _ = convolution
    given = random_arguments(native, sizes=SMALL)
    strided = {k: v.t().contiguous().t() if isinstance(v, Tensor) and v.ndim == 2 else v for k, v in given.items()}
    assert torch.equal(native(*given.values()), native(*strided.values()))


def test_the_same_bits_for_any_number_of_threads(convolution: tuple[torch.nn.Module, torch.nn.Module]) -> None:
    native, _ = convolution
    arguments = random_arguments(native, sizes=Sizes(nodes=50, edges=900), sort=False)
    threads = torch.get_num_threads()
    found = []
    try:
        for number in (1, 2, 3):
            torch.set_num_threads(number)
            found.append(derivatives(native, arguments, 2))
    finally:
        torch.set_num_threads(threads)
    for other in found[1:]:
        assert all(torch.equal(a, b) for x, y in zip(found[0], other, strict=True) for a, b in zip(x, y, strict=True))


def test_bad_arguments_are_named(convolution: tuple[torch.nn.Module, torch.nn.Module]) -> None:
    native, _ = convolution
    given = random_arguments(native, sizes=SMALL)
    edges = given["edge_index"]
    assert isinstance(edges, Tensor)
    for name, value, message in (
        ("x", torch.randn(4, 3, dtype=torch.float64), "x must have shape"),
        ("x", torch.randn(4, 20), "x must be torch.float64"),
        ("edge_index", edges.int(), "edge_index must be torch.int64"),
        ("edge_index", edges.clone().fill_(4), "edge_index holds 4, but there are 4 nodes"),
        ("edge_index", -1 - edges, "edge_index holds -"),
    ):
        with pytest.raises((TypeError, ValueError, RuntimeError), match=message):
            native(*(given | {name: value}).values())


def test_operators_do_not_trust_their_callers(convolution: tuple[torch.nn.Module, torch.nn.Module]) -> None:
    native, _ = convolution
    operators = sys.modules[type(native).__module__]._ops
    given = random_arguments(native, sizes=SMALL)
    edges = given["edge_index"]
    orders = operators.graph(edges, 4)
    tensors = [given[name] for name in ("x", "Y", "R")]
    assert operators.conv_1(*tensors, edges, *orders, 4)[0].shape[0] == 4
    for bad, message in (
        ((orders[0] + 1, *orders[1:]), "order by receiver"),
        ((orders[0], orders[1] + 1, *orders[2:]), "order by receiver holds 9"),
        ((orders[0][:-1], *orders[1:]), r"must have shape \[5\]"),
    ):
        with pytest.raises(RuntimeError, match=message):
            operators.conv_1(*tensors, edges, *bad, 4)
    with pytest.raises(RuntimeError, match="Y must have the dtype"):
        operators.conv_1(tensors[0], tensors[1].float(), tensors[2], edges, *orders, 4)


def test_copies_and_states(convolution: tuple[torch.nn.Module, torch.nn.Module]) -> None:
    native, _ = convolution
    arguments = random_arguments(native, sizes=SMALL)
    wanted = native(*arguments.values())
    twin = copy.deepcopy(native)
    assert torch.equal(twin(*arguments.values()), wanted)
    held = io.BytesIO()
    torch.save(native.state_dict(), held)
    held.seek(0)
    fresh = type(native)(dtype=torch.float64)
    fresh.load_state_dict(torch.load(held, weights_only=True))
    assert torch.equal(fresh(*arguments.values()), wanted)


def test_export_with_dynamic_sizes(convolution: tuple[torch.nn.Module, torch.nn.Module]) -> None:
    native, _ = convolution
    arguments = random_arguments(native, sizes=SMALL)
    nodes, edges = torch.export.Dim("nodes"), torch.export.Dim("edges")
    shapes = {"x": {0: nodes}, "Y": {0: edges}, "R": {0: edges}, "edge_index": {1: edges}}
    exported = torch.export.export(native, tuple(arguments.values()), dynamic_shapes=shapes)
    other = random_arguments(native, seed=1, sizes=Sizes(nodes=7, edges=31))
    assert torch.equal(exported.module()(*other.values()), native(*other.values()))


def test_lower_precision_around_it(convolution: tuple[torch.nn.Module, torch.nn.Module]) -> None:
    """Operators get what the module has; what follows is autocast's."""
    native, plain = convolution
    arguments = random_arguments(native, sizes=SMALL)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found, wanted = native(*arguments.values()), plain(*arguments.values())
    assert found.dtype == wanted.dtype
    torch.testing.assert_close(found, wanted, rtol=0, atol=0.02 * float(wanted.detach().abs().max()))


def test_the_backend_is_chosen_by_what_there_is(
    convolution: tuple[torch.nn.Module, torch.nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fusionc.load(CONVOLUTION, backend="auto", dtype="float64") is type(convolution[0])
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.warns(RuntimeWarning, match="backend='auto' takes PyTorch: CXX is 'no-such-compiler'"):
        found = fusionc.load(CONVOLUTION, backend="auto", dtype="float64")
    assert found is type(convolution[1])


# ------------------------------------------------------------------------- slow


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("layout", ["mul_ir", "ir_mul"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_all_derivatives(name: str, layout: str, dtype: torch.dtype) -> None:
    native, plain = pair(PROGRAMS[name], dtype, layout=layout)
    arguments = random_arguments(plain, sizes=SMALL, sort=False, dtype=dtype)
    assert_equal(native, plain, arguments, orders=3)


@pytest.mark.slow
def test_gradients_of_a_model_that_is_not_trained() -> None:
    native, plain = pair(BASIS, torch.float64, dtype="float64")
    native.requires_grad_(False)
    plain.requires_grad_(False)
    arguments = random_arguments(plain, sizes=SMALL)
    assert_equal(native, plain, arguments, orders=3)


@pytest.mark.slow
def test_compiled_whole(convolution: tuple[torch.nn.Module, torch.nn.Module]) -> None:
    native, _ = convolution
    arguments = random_arguments(native, sizes=SMALL)
    compiled = torch.compile(native, fullgraph=True, dynamic=True)
    inputs = leaves(native, arguments)
    found = torch.autograd.grad(compiled(*arguments.values()).square().sum(), inputs)
    wanted = torch.autograd.grad(native(*arguments.values()).square().sum(), inputs)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-11)


SCRIPT = """
import sys, torch, {module}
found = [m for m in vars({module}).values() if isinstance(m, type) and hasattr(m, "PLAN_SHA256")]
assert not any(name.startswith("fusionc") for name in sys.modules)
module = found[0](dtype=torch.float64)
print(module(torch.ones(2, 20, dtype=torch.float64), torch.ones(3, 9, dtype=torch.float64),
             torch.ones(3, module.weight_numel['R'], dtype=torch.float64), torch.zeros(2, 3, dtype=torch.int64)).shape)
"""


def _emitted(name: str = "layer.fusion") -> Emitted:
    source = Source(name, CONVOLUTION)
    return compile_source(source, CompileOptions(backend="cpp", dtype="float64")).emitted


def _run(folder: Path) -> subprocess.CompletedProcess[str]:
    script = SCRIPT.format(module="layer")
    environment = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, cwd=folder)


def test_without_its_library_a_module_names_the_command(tmp_path: Path) -> None:
    (tmp_path / "layer.py").write_text(_emitted().text)
    done = _run(tmp_path)
    assert (
        "liblayer.so is missing beside layer.py; `fusionc compile --backend cpp layer.fusion` builds it" in done.stderr
    )


@pytest.mark.slow
def test_a_module_beside_its_library_needs_no_compiler(tmp_path: Path) -> None:
    emitted = _emitted()
    (tmp_path / "layer.py").write_text(emitted.text)
    write_library(emitted, tmp_path, lambda line: None, force=False)
    done = _run(tmp_path)
    assert done.stdout.strip() == "torch.Size([2, 20])", done.stderr


PACKAGE = """
import sys, torch
torch.ops.load_library(sys.argv[1])
given, wanted = torch.load(sys.argv[3], weights_only=True)
found = torch._inductor.aoti_load_package(sys.argv[2])(*given)
assert not any(name.startswith("fusionc") for name in sys.modules)
print(float((found - wanted).abs().max()))
"""


@pytest.mark.slow
def test_a_package_runs_without_fusionc(tmp_path: Path) -> None:
    """AOTInductor's, with dynamic sizes, in a process that loads the operators and nothing else."""
    native, _ = pair(CONVOLUTION, torch.float64, dtype="float64")
    library = write_library(_emitted("<text>"), tmp_path, lambda line: None, force=False)
    given = random_arguments(native, sizes=SMALL)
    nodes, edges = torch.export.Dim("nodes"), torch.export.Dim("edges")
    shapes = {"x": {0: nodes}, "Y": {0: edges}, "R": {0: edges}, "edge_index": {1: edges}}
    other = tuple(random_arguments(native, seed=1, sizes=Sizes(nodes=7, edges=31)).values())
    with torch.no_grad():
        exported = torch.export.export(native, tuple(given.values()), dynamic_shapes=shapes)
        package = torch._inductor.aoti_compile_and_package(exported, package_path=str(tmp_path / "conv.pt2"))
        torch.save((other, native(*other)), tmp_path / "case.pt")
    command = [sys.executable, "-c", PACKAGE, str(library), package, str(tmp_path / "case.pt")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.strip() == "0.0", done.stderr
