"""A NequIP block on a random graph: equivariance, locality, and gradients of second order."""

from pathlib import Path

import torch

import fusionc
from fusionc.testing import Sizes, equivariance_error, random_arguments

PROGRAM = Path(__file__).with_name("nequip_layer.fusion")
SIZES = Sizes(nodes=10, edges=40, classes=3)


def main() -> None:
    torch.manual_seed(0)
    module = fusionc.load(PROGRAM, C=8, G=16)(num_species=3, dtype=torch.float64)
    print(f"forward{module.arguments}, result {module.irreps_out['h']}")
    print(f"equivariance error: {equivariance_error(module, sizes=SIZES)['h']:.1e}")

    arguments = random_arguments(module, sizes=SIZES)
    plain = module(*arguments.values())
    moved = module(
        *{**arguments, "x": arguments["x"].index_add(0, torch.tensor([0]), torch.ones(1, 72).double())}.values()
    )
    changed = (moved - plain).norm(dim=1) > 0
    senders, receivers = arguments["edge_index"]
    neighbours = sorted({0, *receivers[senders == 0].tolist()})
    print(f"the features of node 0 changed: nodes {changed.nonzero().flatten().tolist()} differ, expected {neighbours}")

    r = arguments["r"].requires_grad_()
    (force,) = torch.autograd.grad(module(*arguments.values()).square().sum(), r, create_graph=True)
    loss_gradient = torch.autograd.grad(force.square().sum(), list(module.parameters()))
    sizes = ", ".join(f"{gradient.abs().max():.2g}" for gradient in loss_gradient)
    print(f"training on forces: largest gradients of the weights {sizes}")


if __name__ == "__main__":
    main()
