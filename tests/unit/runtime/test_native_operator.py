"""Operators in built libraries: threads are torch's, errors are Python's, and the sanitizers see what they should."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from fusionc.runtime.building import NativeSource, Unit, build
from fusionc.runtime.libraries import load
from fusionc.runtime.sanitizing import sanitizer_environment
from fusionc.runtime.toolchain import ask, find_compiler
from fusionc.runtime.trial import ISA_NAMES, TRIAL, attempt

from .native import COMPILER

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler here")

OPERATORS = """\
#include <atomic>
#include <cstdint>
#include <stdexcept>

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

using torch::stable::Tensor;

static int64_t chunks(Tensor x) {
  std::atomic<int64_t> number{0};
  torch::stable::parallel_for(0, x.numel(), 1, [&](int64_t, int64_t) { ++number; });
  return number;
}

static int64_t refuse(Tensor x) {
  torch::stable::parallel_for(0, x.numel(), 1, [](int64_t, int64_t) { throw std::runtime_error("refused"); });
  return 0;
}

static double element(Tensor x, int64_t i) { return static_cast<const float*>(x.data_ptr())[i]; }

static int64_t twice(Tensor, int64_t n) { return n + n; }

STABLE_TORCH_LIBRARY(fusionc_tests, m) {
  m.def("chunks(Tensor x) -> int");
  m.def("refuse(Tensor x) -> int");
  m.def("element(Tensor x, int i) -> float");
  m.def("twice(Tensor x, int n) -> int");
}

STABLE_TORCH_LIBRARY_IMPL(fusionc_tests, CPU, m) {
  m.impl("chunks", TORCH_BOX(&chunks));
  m.impl("refuse", TORCH_BOX(&refuse));
  m.impl("element", TORCH_BOX(&element));
  m.impl("twice", TORCH_BOX(&twice));
}
"""
"""`chunks` counts the pieces that the threads get; `element` looks wherever it is told to."""
SOURCE = NativeSource("fusionc_tests", (Unit("fusionc_tests", OPERATORS),))


@pytest.fixture(scope="module")
def operators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two libraries, loaded into this process, where they stay; the folder that they were built in."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache", numbered=True)
        folder.chmod(0o700)
        patch.setenv("FUSIONC_CACHE_DIR", str(folder))
        for source in (TRIAL, SOURCE):
            load(build(source))
            load(build(source))  # the same file again is nothing new
        yield folder


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("size", [0, 1, 7, 100_003])
def test_it_adds(operators: Path, threads: None, size: int) -> None:
    x, y = torch.randn(2, size, generator=torch.Generator().manual_seed(size))
    for number in (1, 2):
        torch.set_num_threads(number)
        assert torch.equal(torch.ops.fusionc_trial.add(x, y), x + y)


def test_it_runs_the_best_instructions_that_are_here(operators: Path) -> None:
    best = {"AVX512": 4, "AVX2": 3}.get(torch.backends.cpu.get_cpu_capability(), 0)
    built = [int(name[1:]) for name, _ in ask(find_compiler()).isas if name in ("v3", "v4")]
    found = torch.ops.fusionc_trial.isa(torch.ones(1))
    assert found in ISA_NAMES
    assert not built or found == max(number for number in built if number <= best)


def test_threads_are_those_that_torch_was_given(operators: Path, threads: None) -> None:
    x = torch.ones(1000)
    for number in (1, 2):
        torch.set_num_threads(number)
        assert torch.ops.fusionc_tests.chunks(x) == number


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_there_is_one_openmp_runtime(operators: Path) -> None:
    torch.ops.fusionc_tests.chunks(torch.ones(1000))
    mapped = set(re.findall(r"\S*lib(?:g|i)?omp[^/\s]*$", Path("/proc/self/maps").read_text(), re.MULTILINE))
    assert len(mapped) <= 1, mapped


def test_errors_are_exceptions(operators: Path, threads: None) -> None:
    with pytest.raises(RuntimeError, match="a and b differ in size"):
        torch.ops.fusionc_trial.add(torch.ones(2), torch.ones(3))
    for number in (1, 2):
        torch.set_num_threads(number)
        with pytest.raises(RuntimeError):
            torch.ops.fusionc_tests.refuse(torch.ones(10))


def test_the_trial_is_what_doctor_reports(cache_folder: Path) -> None:
    outcome = attempt()
    assert outcome.isa in ISA_NAMES.values()
    assert list((cache_folder / "libraries").iterdir()) == []


SANITIZED = """\
import sys, torch
from pathlib import Path
from fusionc.runtime.libraries import load
load(Path({library!r}))
x = torch.ones(8)
print(eval({call!r}), flush=True)
"""


@pytest.mark.slow
def test_the_sanitizers_see_faults(cache_folder: Path, start: Callable) -> None:
    library = str(build(SOURCE, sanitize=True))
    assert library != str(build(SOURCE))
    outcomes = {}
    for call in (
        "torch.ops.fusionc_tests.element(x, 7)",
        "torch.ops.fusionc_tests.element(x, 100)",
        f"torch.ops.fusionc_tests.twice(x, {2**62})",
    ):
        process = start(SANITIZED.format(library=library, call=call), **sanitizer_environment())
        outcomes[call] = (*process.communicate(timeout=300), process.returncode)
    fine, outside, overflow = outcomes.values()
    assert (fine[0], fine[2]) == ("1.0\n", 0), fine
    assert "heap-buffer-overflow" in outside[1], outside
    assert outside[2] == 99
    assert "signed integer overflow" in overflow[1], overflow
    assert overflow[2] != 0
