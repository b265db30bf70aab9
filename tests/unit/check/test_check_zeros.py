"""`zeros`: irreps that nothing reaches."""

from __future__ import annotations

import pytest
import torch

import fusionc
from fusionc import reference
from fusionc.compiler import check_source
from fusionc.diagnostics import CompileError
from fusionc.source import Source

PROGRAM = """
diagram d {
  input x[i] : 2x0e
  z[i] = cat(x[i], zeros(x[i], "3x1o + 0e"))
  output z[i]
}
"""


def test_zeros_have_the_irreps_named() -> None:
    (diagram,) = check_source(Source("d", PROGRAM)).program.diagrams
    assert str(diagram.values[-1].irreps) == "2x0e+3x1o+1x0e"
    x = torch.randn(5, 2, dtype=torch.float64)
    (z,) = reference.evaluate(diagram, {"x": x}, {})
    torch.testing.assert_close(z, torch.cat([x, torch.zeros(5, 10, dtype=torch.float64)], 1))
    torch.testing.assert_close(fusionc.load(PROGRAM, dtype="float64")()(x), z)


@pytest.mark.parametrize(
    ("expression", "code"),
    [('zeros(x[i], "1")', "F201"), ('zeros(x[i], "x")', "F131"), ("zeros(x[i])", "F135"), ("zeros(x[i], 3)", "F135")],
)
def test_zeros_of_nothing_sensible(expression: str, code: str) -> None:
    text = PROGRAM.replace('zeros(x[i], "3x1o + 0e")', expression)
    with pytest.raises(CompileError) as caught:
        check_source(Source("d", text))
    assert [d.code for d in caught.value.diagnostics] == [code]
