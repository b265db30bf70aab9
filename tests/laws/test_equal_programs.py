"""Pairs of programs that mean the same: what one part of the language does, another part can spell out."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from fusionc.algebra.recoupling import f_symbol
from fusionc.compiler import check_source
from fusionc.reference import evaluate
from fusionc.source import Source
from fusionc.testing import random_arguments, relative_error

LEFT = """
tree t(a: 1o, b: 1o, c: 1o) : 1o {
  e : 0e | 1e | 2e = a * b
  out = e * c
}
"""
VECTORS = "input x : 4x1o; input y : 4x1o; input z : 1o"
WEIGHTED = f"{VECTORS}; input w : 4x0e + 4x0e + 4x0e"
EDGES = "input x[i] : 2x0e + 2x1o; input m[i,j] : 2x0e + 2x1o"
GRAPHS = "index i in g; input x[i] : 2x0e + 2x1o; input m[i,j] : 2x0e + 2x1o; input E[g] : 2x0e + 2x1o"

PAIRS = {
    "a tree is its couplings, each an isometry": (
        f"{LEFT} diagram d {{ {VECTORS}; h = t(x, y, z, e=2e); output h }}",
        f"diagram d {{ {VECTORS}; h : 4x1o = (x * y : 4x2e) * z with path_norm=none; output h }}",
    ),
    "a family is its members side by side": (
        f"{LEFT} diagram d {{ {VECTORS}; h = t(x, y, z); output h }}",
        f"{LEFT} diagram d {{ {VECTORS}; h = cat(t(x, y, z, e=0e | 1e), t(x, y, z, e=2e)); output h }}",
    ),
    "a weighted family is the sum of its weighted members": (
        f"{LEFT} diagram d {{ {WEIGHTED}; h : 4x1o = t(x, y, z) with weights=w, path_norm=none; output h }}",
        f"""{LEFT} diagram d {{ {WEIGHTED}
          p : 4x1o = t(x, y, z, e=0e) with weights=segment(w, 0)
          q : 4x1o = t(x, y, z, e=1e) with weights=segment(w, 1)
          r : 4x1o = t(x, y, z, e=2e) with weights=segment(w, 2)
          h = p + q + r
          output h }}""",
    ),
    "swapped legs differ by the sign of the R-move": (
        "diagram d { input x : 3x1o; input y : 3x2e; h = x * y; output h }",
        """diagram d { input x : 3x1o; input y : 3x2e
          p = y * x
          h = cat(segment(p, 0), -segment(p, 1), segment(p, 2))
          output h }""",
    ),
    "an ascription adds up the segments of a product": (
        """diagram d { input x : 2x1o + 2x2e; input y : 2x1o + 2x2e
          h : 2x0e + 2x1o = x * y with path_norm=none; output h }""",
        """diagram d { input x : 2x1o + 2x2e; input y : 2x1o + 2x2e
          p = x * y with path_norm=none
          h : 2x0e + 2x1o = p
          output h }""",
    ),
    "keep is a filter": (
        """diagram d { input x : 2x1o + 2x2e; input y : 2x1o + 2x2e
          h = x * y with keep=0e + 1o + 3o; output h }""",
        """diagram d { input x : 2x1o + 2x2e; input y : 2x1o + 2x2e
          h = filter(x * y, "0e + 1o + 3o"); output h }""",
    ),
    "dot is a coupling to 0e": (
        "diagram d { input x : 2x4e; input y : 2x4e; h = dot(x, y); output h }",
        "diagram d { input x : 2x4e; input y : 2x4e; h : 2x0e = 3 * (x * y) with norm=none, path_norm=none; output h }",
    ),
    "linear is a product with one": (
        """diagram d { input x : 3x1o + 2x1o; input w : 20x0e; input s : 1x0e
          h : 4x1o = linear(x) with weights=w; output h }""",
        """diagram d { input x : 3x1o + 2x1o; input w : 20x0e; input s : 1x0e
          one = cos(0.0 * s)
          h : 4x1o = x * one with weights=w, mode=uvw
          output h }""",
    ),
    "uvw mixes the channels of uvuv": (
        """diagram d { input x : 3x1o; input y : 2x1o; input w : 24x0e
          h : 4x1e = x * y with mode=uvw, weights=w; output h }""",
        """diagram d { input x : 3x1o; input y : 2x1o; input w : 24x0e
          h : 4x1e = linear((x * y : 6x1e with mode=uvuv)) with weights=w; output h }""",
    ),
    "u<vw mixes the channels of uvu<v": (
        """diagram d { input x : 3x1o; input y : 3x1o; input w : 12x0e
          h : 4x1e = x * y with mode="u<vw", weights=w; output h }""",
        """diagram d { input x : 3x1o; input y : 3x1o; input w : 12x0e
          h : 4x1e = linear((x * y : 3x1e with mode="uvu<v")) with weights=w; output h }""",
    ),
    "uuw mixes the channels of uuu": (
        """diagram d { input x : 3x1o; input y : 3x1o; input w : 12x0e
          h : 4x1e = x * y with mode=uuw, weights=w; output h }""",
        """diagram d { input x : 3x1o; input y : 3x1o; input w : 12x0e
          h : 4x1e = linear((x * y : 3x1e)) with weights=w; output h }""",
    ),
    "uvv is uvu the other way round": (
        """diagram d { input x : 3x1o; input y : 1x2e; input w : 3x0e
          h : 3x1o = x * y with mode=uvu, weights=w; output h }""",
        """diagram d { input x : 3x1o; input y : 1x2e; input w : 3x0e
          h : 3x1o = y * x with mode=uvv, weights=w; output h }""",
    ),
    "a symmetric square is a product with itself": (
        "diagram d { input x : 3x1o; input w : 3x0e; h : 3x2e = sympow(x, 2) with weights=w; output h }",
        "diagram d { input x : 3x1o; input w : 3x0e; h : 3x2e = x * x with weights=w; output h }",
    ),
    "the first symmetric power is its operand": (
        "diagram d { input x : 3x1o + 3x0e; h = sympow(x, 1); output h }",
        "diagram d { input x : 3x1o + 3x0e; h = cat(segment(x, 1), segment(x, 0)); output h }",
    ),
    "a gate is a product with functions of scalars": (
        "diagram d { input s : 2x0e + 1x0o; input g : 3x0e; input x : 3x1o; h = gate(s, g, x); output h }",
        """diagram d { input s : 2x0e + 1x0o; input g : 3x0e; input x : 3x1o
          h = cat(silu(filter(s, "0e")), tanh(filter(s, "0o")), (x * sigmoid(g) : 3x1o))
          output h }""",
    ),
    "harmonics of a scaled vector": (
        "diagram d { input r : 1o; h = sh(r, 3); output h }",
        "diagram d { input r : 1o; h = sh(2 * r, 3); output h }",
    ),
    "homogeneous harmonics": (
        "diagram d { input r : 1o; h = filter(sh(2 * r, 2, normalize=false), \"2e\"); output h }",
        "diagram d { input r : 1o; h = 4 * filter(sh(r, 2, normalize=false), \"2e\"); output h }",
    ),
    "a sum of neighbours gathers them": (
        f"diagram d {{ {EDGES}; h[i] = sum[j](x[j]) - sum[j](m[i,j]); output h[i] }}",
        f"diagram d {{ {EDGES}; c[i,j] = x[j]; h[i] = sum[j](c[i,j] - m[i,j]); output h[i] }}",
    ),
    "a tensor of the receiver leaves the sum": (
        f"diagram d {{ {EDGES}; h[i] : 2x0e + 2x1o = sum[j](x[i] * m[i,j]); output h[i] }}",
        f"diagram d {{ {EDGES}; n[i] = sum[j](m[i,j]); h[i] : 2x0e + 2x1o = x[i] * n[i]; output h[i] }}",
    ),
    "a sum over both ends is a sum of sums": (
        f"diagram d {{ {EDGES}; h = sum[i,j](m[i,j]) + sum[i](x[i]); output h }}",
        f"diagram d {{ {EDGES}; h = sum[i](sum[j](m[i,j]) + x[i]); output h }}",
    ),
    "senders and receivers have the same total": (
        f"diagram d {{ {EDGES}; h = sum[i](sum[j](m[i,j]) + 0.0 * x[i]); output h }}",
        f"diagram d {{ {EDGES}; n[j] = sum[i](m[i,j]); h = sum[j](n[j] - 0.0 * x[j]); output h }}",
    ),
    "a mean is a sum over a count": (
        f"""diagram d {{ {EDGES}
          count[i] = sum[j](cos(0.0 * filter(m[i,j], "0e")))
          n[i] = mean[j](filter(m[i,j], "0e"))
          h[i] : 2x0e = count[i] * n[i] + 0.0 * filter(x[i], "0e")
          output h[i] }}""",
        f"""diagram d {{ {EDGES}; h[i] = sum[j](filter(m[i,j], "0e")) + 0.0 * filter(x[i], "0e"); output h[i] }}""",
    ),
    "pooling goes through the graphs": (
        f"diagram d {{ {GRAPHS}; h = sum[i](x[i]) + sum[i,j](m[i,j]) + sum[g](E[g]); output h }}",
        f"diagram d {{ {GRAPHS}; p[g] = sum[i](x[i]) + sum[i,j](m[i,j]) + E[g]; h = sum[g](p[g]); output h }}",
    ),
    "a tensor of the graph leaves the sum over its nodes": (
        f"diagram d {{ {GRAPHS}; h[g] : 2x0e + 2x1o = sum[i](x[i] * E[g]) + sum[i,j](m[i,j]); output h[g] }}",
        f"""diagram d {{ {GRAPHS}
          n[g] = sum[i](x[i])
          p[g] : 2x0e + 2x1o = n[g] * E[g]
          h[g] = p[g] + sum[i](sum[j](m[i,j]))
          output h[g] }}""",
    ),
    "SO(3) is O(3) without parity": (
        "diagram d { input x : 3x1e + 3x2e; input y : 3x1e; h = x * y with lmax=2; output h }",
        "group SO3; diagram d { input x : 3x1 + 3x2; input y : 3x1; h = x * y with lmax=2; output h }",
    ),
}  # fmt: skip


def value(text: str) -> dict[str, Tensor]:
    """The outputs of the one diagram of a program; the same inputs get the same numbers in every program."""
    lines = text.replace(";", "\n").replace("{ ", "{\n").replace(" }", "\n}")
    (diagram,) = check_source(Source("pair.fusion", lines)).program.diagrams
    results = evaluate(diagram, random_arguments(diagram, seed=1), {})
    return {output.name: result for output, result in zip(diagram.outputs, results, strict=True)}


@pytest.mark.parametrize(("first", "second"), PAIRS.values(), ids=PAIRS)
def test_equal_programs_have_equal_values(first: str, second: str) -> None:
    ours, theirs = value(first)["h"], value(second)["h"]
    assert theirs.abs().max() > 0.01
    assert relative_error(ours, theirs) < 1e-13


@pytest.mark.parametrize("k", [0, 1, 2])
def test_a_recoupled_tree_has_the_value_of_its_expansion(k: int) -> None:
    right = """
    tree u(a: 1o, b: 1o, c: 1o) : 1o {
      f : 0e | 1e | 2e = b * c
      out = a * f
    }
    """
    left = right.replace("tree u", "tree t").replace("b * c", "a * b").replace("a * f", "f * c")
    inputs = "input x : 4x1o; input y : 4x1o; input z : 4x1o"
    expected = value(f"{left} diagram d {{ {inputs}; h = t(x, y, z, f={k}e); output h }}")["h"]
    found = torch.zeros_like(expected)
    for l in range(3):
        part = value(f"{right} diagram d {{ {inputs}; h = u(x, y, z, f={l}e); output h }}")["h"]
        found = found + float(f_symbol(1, 1, 1, 1, k, l)) * part
    assert relative_error(found, expected) < 1e-13
