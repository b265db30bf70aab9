"""What the compiler makes of the block: its rewrites, and the multiply-adds before and after."""

from pathlib import Path

import torch

import fusionc
from fusionc.testing import equivariance_error

PROGRAM = Path(__file__).with_name("fusion_block.fusion")


def main() -> None:
    torch.manual_seed(0)
    (diagram,) = fusionc.plan(PROGRAM).to_dict()["diagrams"]
    print(f"{len(diagram['paths'])} paths, {len(diagram['steps'])} steps")
    for rewrite in diagram["rewrites"]:
        print(
            f"  {rewrite['name']} removes {rewrite['vertices_removed']} vertices of the network: "
            f"{rewrite['before']:,} multiply-adds become {rewrite['after']:,}"
        )
    naive, planned = (diagram["cost"][key]["multiply_adds"] for key in ("naive", "planned"))
    print(f"multiply-adds a node of {diagram['degree']} edges: {naive:,} as written, {planned:,} planned")

    module = fusionc.load(PROGRAM, C=4)(dtype=torch.float64)
    print(f"equivariance error: {equivariance_error(module)['z']:.1e}")


if __name__ == "__main__":
    main()
