"""Multiply-adds of derivatives of the published convolutions (gather, couple, weight, scatter), as kernels do them.

For S(x, Y, w, g) a path costs m, the non-zeros of the coupling's matrix with Y, and d, the components that its weight
multiplies. Forward: m + d. First derivative, of x, Y and w: 2 m + 3 d, since (Y g) is shared by x and w. Second, of
these with respect to x, Y, w and g: 5 m + 7 d, with (w a + c x) coupled once for what Y and g get.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fusionc.compiler import check_source
from fusionc.network.count import multiply_adds
from fusionc.network.expand import expand
from fusionc.network.model import KERNEL, Search
from fusionc.rewrite.apply import apply
from fusionc.rewrite.gradient import gradient
from fusionc.source import Source


def benchmark() -> ModuleType:
    """`benchmarks/against_e3nn.py`, which says how problems are written."""
    path = Path(__file__).parents[3] / "benchmarks" / "against_e3nn.py"
    spec = importlib.util.spec_from_file_location("against_e3nn", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["against_e3nn"] = module
    spec.loader.exec_module(module)
    return module


BENCHMARK = benchmark()
PROBLEMS: dict[str, dict[str, Any]] = BENCHMARK.problems()
SLOW = ("nequip-lips", "nequip-revmd17-toluene", "nequip-revmd17-benzene")
MOST = {"tetris-poly-1": (4.3, 9.7)}
"""With one channel and weights that all edges share, forward sums products over edges and couples them once a node. The
gradients of x and Y couple on edges: the gathered cotangents of all paths, each with its constants."""
LABELS = [pytest.param(label, marks=pytest.mark.slow) if label in SLOW else label for label in PROBLEMS]


@pytest.mark.parametrize("label", LABELS)
def test_derivatives_of_convolutions(label: str) -> None:
    text = BENCHMARK.program(PROBLEMS[label], "convolution")
    (diagram,) = check_source(Source("convolution.fusion", text)).program.diagrams
    forward = expand(diagram)
    planned, _ = apply(forward, Search(KERNEL))
    once, first, second = (
        multiply_adds(network, KERNEL)
        for network in (planned, gradient(forward, Search(KERNEL)), gradient(forward, Search(KERNEL), order=2))
    )
    most = MOST.get(label, (2.5, 6))
    assert first <= most[0] * once
    assert second <= most[1] * once
