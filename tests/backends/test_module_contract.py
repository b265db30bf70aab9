"""What a generated module promises, point by point: derivatives, tracing, saving, bad input."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from contract_programs import CONVOLUTION, FULLY_CONNECTED, LAYER, PRODUCT_BASIS, PROGRAMS
from torch import Tensor

import fusionc
from fusionc.compiler import compile_source
from fusionc.source import Source
from fusionc.testing import Sizes, random_arguments

CLASSES = 3


def sized(nodes: int, edges: int) -> Sizes:
    return Sizes(nodes=nodes, edges=edges, graphs=2, classes=CLASSES)


SMALL = sized(4, 6)


def built(text: str, dtype: torch.dtype = torch.float64, seed: int = 0) -> Any:
    torch.manual_seed(seed)
    cls: Any = fusionc.load(text)
    classes = {"num_species": CLASSES} if "per species" in text else {}
    return cls(**classes, dtype=dtype)


def arguments(module: Any, seed: int = 0, sizes: Sizes = SMALL, dtype: torch.dtype = torch.float64) -> list[Any]:
    given = random_arguments(module, seed=seed, sizes=sizes, dtype=dtype)
    return [given[name] for name in module.arguments]


def outputs(module: Any, given: list[Any]) -> tuple[Tensor, ...]:
    out = module(*given)
    return out if isinstance(out, tuple) else (out,)


def floating(given: list[Any]) -> list[int]:
    return [n for n, a in enumerate(given) if isinstance(a, Tensor) and a.is_floating_point()]


def as_function(module: Any, given: list[Any]) -> tuple[Any, tuple[Tensor, ...]]:
    """The module as a function of its floating arguments and its learned weights."""
    names = [name for name, _ in module.named_parameters()]
    places = floating(given)

    def function(*tensors: Tensor) -> tuple[Tensor, ...]:
        full = list(given)
        for place, tensor in zip(places, tensors, strict=False):
            full[place] = tensor
        weights = dict(zip(names, tensors[len(places) :], strict=True))
        out = torch.func.functional_call(module, weights, tuple(full))
        return out if isinstance(out, tuple) else (out,)

    leaves = [given[n] for n in places] + [p.detach() for _, p in module.named_parameters()]
    return function, tuple(leaf.clone().requires_grad_() for leaf in leaves)


# ---------------------------------------------------------------- derivatives


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradcheck(name: str) -> None:
    module = built(PROGRAMS[name])
    function, leaves = as_function(module, arguments(module))
    assert torch.autograd.gradcheck(function, leaves)


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradgradcheck(name: str) -> None:
    module = built(PROGRAMS[name])
    function, leaves = as_function(module, arguments(module, sizes=sized(2, 3)))
    assert torch.autograd.gradgradcheck(function, leaves, fast_mode=True)


def test_exports_with_classes_and_with_free_batches() -> None:
    nodes = torch.export.Dim("nodes", min=2)
    for text, shapes in ((PRODUCT_BASIS, ({0: nodes}, {0: nodes})), (FULLY_CONNECTED, ({0: nodes}, {0: nodes}))):
        module = built(text)
        given = arguments(module) if text is PRODUCT_BASIS else [torch.randn(5, d).double() for d in (11, 8)]
        exported = torch.export.export(module, tuple(given), dynamic_shapes=shapes)
        more = [torch.cat([a, a, a]) for a in given]
        torch.testing.assert_close(exported.module()(*more), module(*more), rtol=1e-12, atol=1e-12)


DDP = """
import sys, torch, torch.distributed as dist, torch.multiprocessing as mp
sys.path.insert(0, sys.argv[1])
from generated import Conv

def data(rank):
    g = torch.Generator().manual_seed(rank)
    shapes = ((4, 8), (6, 3), (6, Conv.weight_numel["R"]))
    x, r, R = (torch.randn(*shape, generator=g, dtype=torch.float64) for shape in shapes)
    return x, r, R, torch.randint(0, 4, (2, 6), generator=g)

def fresh():
    torch.manual_seed(0)
    return Conv(dtype=torch.float64)

def step(module, loss):
    torch.optim.SGD(module.parameters(), lr=0.1).step(lambda: (module.zero_grad(), loss().backward())[0])

def work(rank, path):
    dist.init_process_group("gloo", init_method=f"file://{path}", rank=rank, world_size=2)
    module = torch.nn.parallel.DistributedDataParallel(fresh())
    step(module, lambda: (module(*data(rank)) ** 2).sum())
    if rank == 0:
        alone = fresh()
        step(alone, lambda: sum((alone(*data(n)) ** 2).sum() for n in (0, 1)) / 2)
        for a, b in zip(module.parameters(), alone.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
            assert not torch.equal(a, dict(fresh().named_parameters())["h_weight"])
        print("equal")
    dist.barrier()
    dist.destroy_process_group()

if __name__ == "__main__":
    mp.spawn(work, args=(sys.argv[2],), nprocs=2)
"""


def test_a_step_in_two_processes_equals_one(tmp_path: Path) -> None:
    (tmp_path / "generated.py").write_text(compile_source(Source("conv.fusion", CONVOLUTION)).text, encoding="utf-8")
    (tmp_path / "step.py").write_text(DDP, encoding="utf-8")
    command = [sys.executable, str(tmp_path / "step.py"), str(tmp_path), str(tmp_path / "store")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "equal"


def test_runs_without_fusionc(tmp_path: Path) -> None:
    text = compile_source(Source("layer.fusion", LAYER)).text
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert {name.partition(".")[0] for name in imported} <= {"torch", *sys.stdlib_module_names}
    (tmp_path / "layer.py").write_text(text, encoding="utf-8")
    code = (
        "import sys; sys.modules['fusionc'] = None; import layer as m; print(sorted(m.Layer(num_species=2).irreps_in))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert run.stdout.strip() == "['f', 'r', 'x']", run.stderr


# --------------------------------------------------------- unusual and bad input


@pytest.mark.parametrize("name", ["convolution", "layer"])
@pytest.mark.parametrize("sizes", [sized(3, 0), sized(0, 0)])
def test_nothing_to_do(name: str, sizes: Sizes) -> None:
    module = built(PROGRAMS[name])
    given = arguments(module, sizes=sizes)
    for n in floating(given):
        given[n].requires_grad_()
    out = outputs(module, given)
    assert out[0].shape[0] == sizes.nodes
    assert all(torch.isfinite(o).all() for o in out)
    torch.autograd.grad(sum((o**2).sum() for o in out), [given[n] for n in floating(given)], allow_unused=True)


def test_edges_may_come_in_any_order() -> None:
    module = built(CONVOLUTION)
    x, r, R, edges = arguments(module, sizes=sized(6, 40))
    order = torch.randperm(40)
    torch.testing.assert_close(
        module(x, r, R, edges), module(x, r[order], R[order], edges[:, order]), rtol=1e-13, atol=1e-13
    )
    assert torch.equal(module(x, r, R, edges), module(x, r, R, edges))
