"""Every example compiles and runs, and the one that must be refused is refused."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import fusionc
from fusionc.compiler import compile_source
from fusionc.diagnostics import CompileError
from fusionc.options import CompileOptions
from fusionc.source import Source
from fusionc.testing import Sizes, assert_equivariant

ROOT = Path(__file__).parents[1]
FOLDERS = sorted(
    folder for folder in (ROOT / "examples").iterdir() if folder.is_dir() and not folder.name.startswith((".", "_"))
)
PROGRAMS = sorted((ROOT / "examples").glob("*/*.fusion"))
REFUSED = {"half_integer": "F203"}
SMALL = {"C": 4, "G": 8}
"""Parameters that make an example quick, where it has them."""

SAYS = {
    "conv": "equivariance error",
    "cormorant": "group SO3",
    "energy": "error[F240]",
    "fmove": "proved: left(e=1e) = -sqrt(1/3) right(f=0e) + 1/2 right(f=1e) + sqrt(5/12) right(f=2e)",
    "fusion_block": "multiply-adds",
    "half_integer": "error[F203]",
    "mace_layer": "equivariance error",
    "mace_product": "n = 3 to 128x0e: 8",
    "nequip_layer": "equivariance error",
    "stilbene": "trans-stilbene, C14H12, 26 atoms",
    "tensor_product": "equivariance error",
    "tree": "equivariance error",
}


def text_of(path: Path) -> Source:
    return Source(path.name, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_example_is_whole(folder: Path) -> None:
    assert (folder / "README.md").is_file()
    assert (folder / "run.py").is_file()
    assert folder.name == "stilbene" or (folder / f"{folder.name}.fusion").is_file()
    assert folder.name in SAYS


@pytest.mark.parametrize("path", [p for p in PROGRAMS if p.stem not in REFUSED], ids=lambda path: path.stem)
def test_example_compiles_to_equivariant_modules(path: Path) -> None:
    compiled = compile_source(text_of(path), CompileOptions())
    assert not compiled.planned.checked.warnings
    params = {name: value for name, value in SMALL.items() if f"param {name} " in path.read_text(encoding="utf-8")}
    for plan in compiled.planned.plans:
        entry = plan.network.name
        classes = {f"num_{weight.per}": 3 for weight in plan.network.parameters if weight.per}
        torch.manual_seed(0)
        module = fusionc.load(path, entry=entry, **params)(dtype=torch.float64, **classes)
        assert_equivariant(module, sizes=Sizes(classes=3))


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_example_is_refused(name: str) -> None:
    with pytest.raises(CompileError) as caught:
        fusionc.load(ROOT / "examples" / name / f"{name}.fusion")
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == [REFUSED[name]]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_example_says_what_it_shows(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    try:
        runpy.run_path(str(folder / "run.py"), run_name="__main__")
    finally:
        torch.set_default_dtype(dtype)
        torch.set_num_threads(threads)
    assert SAYS[folder.name] in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_example_runs_by_itself(folder: Path, tmp_path: Path) -> None:
    """As a user runs it: from another folder, twice alike but for the time it took."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    said = []
    for _ in range(2):
        command = [sys.executable, folder / "run.py"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=240)
        assert done.returncode == 0, done.stderr
        said.append([line for line in done.stdout.splitlines() if not line.endswith(" s)")])
    assert said[0] == said[1]


def test_stilbene_energies_do_not_turn(capsys: pytest.CaptureFixture[str]) -> None:
    """The numbers that `make demo` prints: equal energies before and after, errors of rounding only."""
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    try:
        runpy.run_path(str(ROOT / "examples" / "stilbene" / "run.py"), run_name="__main__")
    finally:
        torch.set_default_dtype(dtype)
        torch.set_num_threads(threads)
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    energies = [float(line.split()[-1]) for line in lines if line.startswith("energy")]
    turned = [float(line.split()[-1]) for line in lines if line.startswith("after")]
    errors = [float(line.split()[-3]) for line in lines if line.endswith("relative error")]
    assert len(energies) == 2
    assert len(errors) == 4
    assert abs(energies[0] - energies[1]) > 1e-4
    assert all(abs(a - b) < 1e-10 for a, b in zip(energies, turned, strict=True))
    assert max(errors) < 1e-11
