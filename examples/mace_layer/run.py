"""The size of a MACE layer as its channels grow, what its product basis costs, and its equivariance."""

from pathlib import Path

import torch

import fusionc
from fusionc.testing import Sizes, equivariance_error

PROGRAM = Path(__file__).with_name("mace_layer.fusion")
SPECIES = 2


def main() -> None:
    torch.manual_seed(0)
    for channels in (8, 16, 32):
        module = fusionc.load(PROGRAM, entry="mace_layer", C=channels)(num_species=SPECIES)
        sizes = ", ".join(f"{name} {list(weight.shape)}" for name, weight in module.named_parameters())
        print(f"C = {channels}: {sum(weight.numel() for weight in module.parameters()):,} weights ({sizes})")

    (diagram,) = fusionc.plan(PROGRAM, entry="mace_layer").to_dict()["diagrams"]
    kinds = [path["kind"] for path in diagram["paths"]]
    print("paths: " + ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds))))
    for key in ("naive", "planned"):
        cost = diagram["cost"][key]["multiply_adds_per_channel"]
        spaces = ", ".join(f"{count:,} {space}" for space, count in cost.items())
        print(f"multiply-adds per channel and element, {key}: {spaces}")

    for entry in ("mace_first", "mace_layer"):
        module = fusionc.load(PROGRAM, entry=entry, C=8)(num_species=SPECIES, dtype=torch.float64)
        errors = equivariance_error(module, sizes=Sizes(classes=SPECIES))
        print(f"{entry}, equivariance error: " + ", ".join(f"{name} {error:.1e}" for name, error in errors.items()))


if __name__ == "__main__":
    main()
