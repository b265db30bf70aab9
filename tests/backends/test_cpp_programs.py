"""Native modules of the examples and of random programs against the reference, and under sanitizers. All slow."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from native_programs import cache, needs_compiler
from random_diagrams import random_diagram
from random_seeds import options
from test_cpp import BASIS, CONVOLUTION, INVARIANTS, pair

from fusionc.commands.trials import trials_of_diagram
from fusionc.compiler import compile_source
from fusionc.options import CompileOptions
from fusionc.runtime.building import build_into
from fusionc.runtime.faults import NativeFault
from fusionc.runtime.generated import classes_of, module_of
from fusionc.runtime.native import load_operators, native_source
from fusionc.runtime.sanitizing import sanitizer_environment
from fusionc.source import Source
from fusionc.testing import Sizes, random_arguments

pytestmark = [needs_compiler, pytest.mark.slow]

__all__ = ["cache"]  # a fixture of every test here
EXAMPLES = sorted(Path(__file__).parents[2].glob("examples/[!h]*/*.fusion"))
SEEDS = [seed for seed in range(5, 1000, 90) if seed != 365]  # the value of that one is zero


def assert_passes(text: str, convention: str = "e3nn") -> None:
    """Value and derivatives in float64, value in float32, equivariance."""
    source = Source("program.fusion", text)
    compiled = compile_source(source, CompileOptions(backend="cpp", convention=convention))  # type: ignore[arg-type]
    load_operators(compiled.emitted)
    built = classes_of(module_of(compiled.text, "program"))
    for diagram, module in zip(compiled.planned.checked.program.diagrams, built, strict=True):
        failed = [trial for trial in trials_of_diagram(diagram, module, 1) if not trial.passed]
        assert not failed, failed


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples(path: Path) -> None:
    assert_passes(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("seed", SEEDS)
def test_random_programs(seed: int) -> None:
    assert_passes(random_diagram(seed), options(seed).convention)


def test_a_node_with_ten_thousand_edges() -> None:
    native, plain = pair(CONVOLUTION, torch.float64, dtype="float64")
    arguments = random_arguments(plain, sizes=Sizes(nodes=3, edges=10_000), sort=False)
    edges = arguments["edge_index"]
    assert isinstance(edges, torch.Tensor)
    edges[1] = 1
    with torch.no_grad():
        found, wanted = native(*arguments.values()), plain(*arguments.values())
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-12 * float(wanted.abs().max()))


SCRIPT = """
import torch, {name} as module
found = next(m for m in vars(module).values() if isinstance(m, type) and hasattr(m, "PLAN_SHA256"))
built = found({classes}dtype=torch.float64)
for nodes, edges in ((5, 70), (3, 0), (0, 0)):
    sizes = {{"node": nodes, "edge": edges, "graph": 2, "once": 1}}
    given = []
    for name in found.arguments:
        rows = sizes[found.spaces[name]]
        match found.argument_kinds[name]:
            case "tensor":
                width = sum(int(s.split("x")[0]) * (2 * int(s.split("x")[1][:-1]) + 1)
                            for s in found.irreps_in[name].split("+"))
                given.append(torch.randn(rows, width, dtype=torch.float64, requires_grad=True))
            case "weight":
                given.append(torch.randn(rows, found.weight_numel[name], dtype=torch.float64, requires_grad=True))
            case "edge_index":
                given.append(torch.randint(max(nodes, 1), (2, edges)))
            case "class" | "batch":
                given.append(torch.randint(2, (rows,)))
            case "num_graphs":
                given.append(2)
    results = built(*given)
    total = sum((r * r).sum() for r in (results if isinstance(results, tuple) else (results,)))
    floats = [g for g in given if isinstance(g, torch.Tensor) and g.requires_grad]
    first = torch.autograd.grad(total, floats, create_graph=True)
    torch.autograd.grad(sum((g * g).sum() for g in first), floats, allow_unused=True)
print("clean")
"""


@pytest.mark.parametrize("name", ["convolution", "basis", "invariants"])
def test_sanitizers_find_nothing(name: str, tmp_path: Path) -> None:
    """Value and two derivatives, also without edges and without nodes."""
    try:
        environment = sanitizer_environment()
    except NativeFault as fault:
        pytest.skip(str(fault))
    text = {"convolution": CONVOLUTION, "basis": BASIS, "invariants": INVARIANTS}[name]
    compiled = compile_source(Source(f"{name}.fusion", text), CompileOptions(backend="cpp", dtype="float64"))
    build_into(native_source(compiled.emitted), tmp_path, sanitize=True)
    (tmp_path / f"{name}.py").write_text(compiled.text)
    script = SCRIPT.format(name=name, classes="num_species=2, " if "species" in text else "")
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | environment | {"PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.stdout.strip() == "clean", done.stderr[-3000:]
