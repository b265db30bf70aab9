"""Energies do not change when the features turn, and a nonlinearity of a vector is refused."""

from pathlib import Path

import torch

import fusionc
from fusionc.diagnostics import CompileError
from fusionc.render import render_all
from fusionc.testing import equivariance_error

PROGRAM = Path(__file__).with_name("energy.fusion")
WRONG = """diagram wrong {
  input h[i] : 128x0e + 64x1o
  g[i] = silu(filter(h[i], "1o"))
  output g[i]
}
"""


def main() -> None:
    torch.manual_seed(0)
    module = fusionc.load(PROGRAM)(dtype=torch.float64)
    energy, atoms = module(torch.randn(12, 128 + 3 * 64, dtype=torch.float64))
    print(f"twelve atoms: E = {energy.item():.6f}, the sum of u = {atoms.sum().item():.6f}")
    for name, error in equivariance_error(module).items():
        print(f"change of {name} under random rotations and inversion: {error:.1e}")

    print("\nsilu of a vector:\n")
    try:
        fusionc.load(WRONG)
    except CompileError as error:
        print(render_all(error.source, error.diagnostics))


if __name__ == "__main__":
    main()
