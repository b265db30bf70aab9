"""`fusionc compile --backend cpp`: a module with its library beside it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from fusionc.runtime.faults import NoCompiler
from fusionc.runtime.toolchain import find_compiler


def _has_compiler() -> bool:
    try:
        find_compiler()
    except NoCompiler:
        return False
    return True


def test_a_library_needs_a_place(fusionc: Callable, program: Callable) -> None:
    run = fusionc("compile", program(), "--backend", "cpp")
    assert run.code == 2
    assert "--backend cpp needs a place for the library too: give the output by -o or -d" in run.err


def test_without_a_compiler_the_environment_is_at_fault(
    fusionc: Callable, program: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUSIONC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("CXX", "no-such-compiler")
    run = fusionc("compile", program(), "--backend", "cpp", "-d", tmp_path / "out")
    assert run.code == 3
    assert "CXX is 'no-such-compiler', which is no command here" in run.err
    assert not (tmp_path / "out" / "norm.py").exists()


@pytest.mark.skipif(not _has_compiler(), reason="no C++ compiler")
def test_a_module_stands_beside_its_library(
    fusionc: Callable, program: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named after the module, as often as it is compiled."""
    import torch

    monkeypatch.setenv("FUSIONC_CACHE_DIR", str(tmp_path / "cache"))
    target = tmp_path / "out" / "lengths.py"
    for _ in range(2):
        run = fusionc("compile", program(), "--backend", "cpp", "--dtype", "float64", "-o", target)
        assert run.code == 0, run.err
    names = sorted(path.name for path in target.parent.iterdir() if path.name != "__pycache__")
    assert names[-3:] == ["lengths_ops.cpp", "liblengths.so", "liblengths.so.sha256"]
    assert "lengths.py" in names
    spec = importlib.util.spec_from_file_location("lengths", target)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    x = torch.arange(12, dtype=torch.float64).reshape(2, 6)
    squares = (x.reshape(2, 2, 3) ** 2).sum(2)
    found = module.Norm()(x)
    assert torch.allclose(found / found[0, 0], squares / squares[0, 0], rtol=1e-14)
