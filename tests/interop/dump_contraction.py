"""Run by the interpreter that has MACE: SymmetricContractions, and what they compute, into a file.

python dump_contraction.py OUT.pt
"""

import sys

import torch
from e3nn import o3
from mace.modules.symmetric_contraction import SymmetricContraction

ELEMENTS, NODES = 3, 7
CASES = {
    "correlation-1": (1, "4x0e+4x1o+4x2e+4x3o", "4x0e+4x1o+4x2e"),
    "correlation-2": (2, "4x0e+4x1o+4x2e+4x3o", "4x0e+4x1o+4x2e"),
    "correlation-3": (3, "4x0e+4x1o+4x2e+4x3o", "4x0e+4x1o+4x2e"),
    "correlation-4": (4, "3x0e+3x1o", "3x0e+3x1o"),
    "pseudovectors": (3, "2x0e+2x1o+2x1e", "2x0o+2x1e"),
}


def main(path: str) -> None:
    torch.set_default_dtype(torch.float64)
    torch.save({name: compute(seed, *case) for seed, (name, case) in enumerate(CASES.items())}, path)


def compute(seed: int, correlation: int, irreps_in: str, irreps_out: str) -> dict[str, object]:
    torch.manual_seed(seed)
    module = SymmetricContraction(
        o3.Irreps(irreps_in), o3.Irreps(irreps_out), correlation, shared_weights=None, num_elements=ELEMENTS
    )
    parts = module.contractions
    channels, width = parts[0].num_features, parts[0].coupling_irreps.dim
    x = torch.randn(NODES, channels, width, requires_grad=True)
    species = torch.randint(ELEMENTS, (NODES,))
    out = module(x, torch.nn.functional.one_hot(species, ELEMENTS).to(x.dtype))
    seen = torch.randn_like(out)
    weights = [[*reversed(list(part.weights)), part.weights_max] for part in parts]
    flat = [w for row in weights for w in row if w.requires_grad]
    grad_x, *grads = torch.autograd.grad(out, [x, *flat], seen, create_graph=True)
    (double_x,) = torch.autograd.grad(grad_x.square().sum(), x, allow_unused=True, materialize_grads=True)
    gradients = iter(grads)
    return {
        "irreps_in": irreps_in,
        "irreps_out": irreps_out,
        "bases": [[part.U_tensors(n) for n in range(1, part.correlation + 1)] for part in parts],
        "weights": [[w.detach() for w in row] for row in weights],
        "x": x.detach(),
        "species": species,
        "out": out.detach(),
        "seen": seen,
        "grad_x": grad_x.detach(),
        "double_x": double_x.detach(),
        "grad_weights": [[next(gradients).detach() if w.requires_grad else None for w in row] for row in weights],
    }


if __name__ == "__main__":
    main(sys.argv[1])
