"""Load the tensor product, look at its weights, and check that rotations and inversion pass through it."""

from pathlib import Path

import torch

import fusionc
from fusionc.testing import equivariance_error

PROGRAM = Path(__file__).with_name("tensor_product.fusion")


def main() -> None:
    torch.manual_seed(0)
    module = fusionc.load(PROGRAM)(dtype=torch.float64)
    print(f"x * y = z in irreps: {module.irreps_in['x']} * {module.irreps_in['y']} = {module.irreps_out['z']}")
    print(f"one flat weight w of {module.w.numel()} numbers, path by path:")
    (diagram,) = fusionc.plan(PROGRAM).to_dict()["diagrams"]
    for part in diagram["weights"][0]["slices"]:
        factor = diagram["paths"][part["path"]]["normalization"]["factor"]
        print(f"  {part['label']:>12}  w[{part['offset']}:] as {part['shape']}, times {factor}")

    z = module(torch.randn(1000, 512, dtype=torch.float64), torch.randn(1000, 64, dtype=torch.float64))
    print(f"a thousand random pairs: z is {list(z.shape)}, mean square {z.square().mean():.3f}")
    print(f"equivariance error under random rotations and inversion: {equivariance_error(module)['z']:.1e}")


if __name__ == "__main__":
    main()
