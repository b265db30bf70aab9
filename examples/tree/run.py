"""The inline tree as a module: a vector that depends linearly on each of its four arguments."""

from pathlib import Path

import torch

import fusionc
from fusionc.testing import equivariance_error

PROGRAM = Path(__file__).with_name("tree.fusion")


def main() -> None:
    torch.manual_seed(0)
    module = fusionc.load(PROGRAM, entry="quartet_inline")(dtype=torch.float64)
    a, b, d = torch.randn(3, 3, dtype=torch.float64)
    c = torch.randn(5, dtype=torch.float64)
    t = module(a, b, c, d)
    print(f"((a b)_2 (c d)_1)_1 of random a, b, c, d: {[round(value, 3) for value in t.tolist()]}")
    print(f"a and b exchanged, (a b)_2 being symmetric: change {(module(b, a, c, d) - t).norm():.1e}")
    print(f"twice a: factor {(module(2 * a, b, c, d) @ t / (t @ t)):.3f}")
    print(f"equivariance error: {equivariance_error(module)['t']:.1e}")


if __name__ == "__main__":
    main()
