"""A layer without parity: it turns with rotations, and inverting its input is not the same as inverting its output."""

from pathlib import Path

import torch

import fusionc
from fusionc.testing import equivariance_error, random_arguments

PROGRAM = Path(__file__).with_name("cormorant.fusion")
ODD = torch.tensor([(-1.0) ** l for l in range(4) for _ in range(16) for _ in range(2 * l + 1)], dtype=torch.float64)


def main() -> None:
    torch.manual_seed(0)
    module = fusionc.load(PROGRAM)(dtype=torch.float64)
    print(f"group {module.group}: {module.irreps_in['x']} to {module.irreps_out['z']}")
    print(f"equivariance error under rotations: {equivariance_error(module)['z']:.1e}")

    arguments = random_arguments(module)
    plain = module(*arguments.values())
    turned = {name: value * ODD if name in ("x", "e") else value for name, value in arguments.items()}
    change = (module(*turned.values()) - plain * ODD).norm() / plain.norm()
    print(f"under inversion, were the irreps polar: {change:.2f}, since 1 * 1 to 1 is a pseudovector")


if __name__ == "__main__":
    main()
