"""How many weights the symmetric powers need, order by order, and that species have their own."""

from collections import Counter
from pathlib import Path

import torch

import fusionc

PROGRAM = Path(__file__).with_name("mace_product.fusion")


def main() -> None:
    torch.manual_seed(0)
    (diagram,) = fusionc.plan(PROGRAM).to_dict()["diagrams"]
    powers = [path for path in diagram["paths"] if path["kind"] == "power"]
    counts = Counter((len(path["leaves"]), path["out"]["irreps"]) for path in powers)
    print("independent products of n copies of A that reach each irrep of B, one weight a channel each:")
    for (order, irreps), count in sorted(counts.items()):
        print(f"  n = {order} to {irreps}: {count}")

    module = fusionc.load(PROGRAM)(num_species=3, dtype=torch.float64)
    a = torch.randn(1, 128 * 16, dtype=torch.float64).expand(3, -1)
    h = module(a, torch.tensor([0, 1, 1]))
    print(f"weights W: {list(module.W.shape)}, a row for each of three species")
    print(f"the same A on species 0 and 1 gives results {(h[0] - h[1]).norm() / h[0].norm():.2f} apart (relative norm)")
    print(f"on species 1 twice: {(h[1] - h[2]).norm():.1f}")


if __name__ == "__main__":
    main()
