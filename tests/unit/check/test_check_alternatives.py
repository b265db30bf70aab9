"""Ascriptions of alternatives: labels whose multiplicity the mode gives."""

from __future__ import annotations

import pytest

from .checking import codes, diagram, value

HEAD = "diagram d {\ninput x : 4x1o\ninput y : 1o\n"
NAMED = "irreps Q = 1e | 0e\n"


@pytest.mark.parametrize(
    ("labels", "irreps"),
    [("0e | 1e", "4x0e+4x1e"), ("1e | 0e", "4x1e+4x0e"), ("0e | 1e | 0e", "4x0e+4x1e"), ("Q", "4x1e+4x0e")],
)
def test_each_label_once_and_as_often_as_the_mode_gives_it(labels: str, irreps: str) -> None:
    for product in ("x * x", "x * y"):
        body = f"input x : 4x1o\ninput y : 1o\nz : {labels} = {product}\nw = dot(x, y)\noutput z, w"
        assert str(value(diagram(body, NAMED), "z").irreps) == irreps


@pytest.mark.parametrize("labels", ["3x0e | 3x1e", "4x0e | 4x1e", "0e | 1x1e"])
def test_multiplicities_are_refused(labels: str) -> None:
    assert codes(f"{HEAD}z : {labels} = x * y\noutput z\n}}\n") == ["F205"]


@pytest.mark.parametrize("irreps", ["0e | sh(2)", "sh(2) | 3o"])
def test_harmonics_are_labels_without_multiplicities(irreps: str) -> None:
    assert "F205" not in codes(f"{HEAD}z : {irreps} = x * y\noutput z\n}}\n")
