"""A convolution on a small graph: messages, their sum, and a gradient with respect to the edge vectors."""

from pathlib import Path

import torch

import fusionc
from fusionc.testing import equivariance_error

PROGRAM = Path(__file__).with_name("conv.fusion")
NODES, EDGES = 20, 120


def main() -> None:
    torch.manual_seed(0)
    module = fusionc.load(PROGRAM, C=16)(dtype=torch.float64)
    print(f"forward{module.arguments}: weights of {module.weight_numel['R']} numbers an edge, from a radial network")

    x = torch.randn(NODES, 16 * 9, dtype=torch.float64)
    r = torch.randn(EDGES, 3, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(EDGES, module.weight_numel["R"], dtype=torch.float64)
    senders, receivers = torch.randint(NODES, (2, EDGES))
    h = module(x, r, weights, torch.stack([senders, receivers]))
    print(f"{NODES} nodes, {EDGES} edges: h is {list(h.shape)}, {module.irreps_out['h']}")
    (gradient,) = torch.autograd.grad(h.square().sum(), r)
    print(f"gradient to the edge vectors: {list(gradient.shape)}, largest entry {gradient.abs().max():.3g}")

    order = torch.argsort(receivers, stable=True)
    again = module(x, r[order], weights[order], torch.stack([senders, receivers])[:, order])
    print(f"edges in another order: largest change {(again - h).abs().max():.1e}")
    print(f"equivariance error: {equivariance_error(module)['h']:.1e}")


if __name__ == "__main__":
    main()
