"""Run by the interpreter that has MACE: one of its layers on a random graph, weights and results, into a file.

python dump_layer.py OUT.pt
"""

import sys

import torch
from e3nn import o3
from mace.modules.blocks import EquivariantProductBasisBlock, RealAgnosticResidualInteractionBlock

ELEMENTS, NODES, EDGES, CHANNELS, RADIAL, WIDTH = 3, 8, 30, 4, 5, 16


def main(path: str) -> None:
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    hidden = o3.Irreps(f"{CHANNELS}x0e + {CHANNELS}x1o")
    basis = o3.Irreps(f"{CHANNELS}x0e + {CHANNELS}x1o + {CHANNELS}x2e + {CHANNELS}x3o")
    harmonics = o3.SphericalHarmonics(o3.Irreps.spherical_harmonics(3), normalize=True, normalization="component")
    block = RealAgnosticResidualInteractionBlock(
        node_attrs_irreps=o3.Irreps(f"{ELEMENTS}x0e"),
        node_feats_irreps=hidden,
        edge_attrs_irreps=o3.Irreps.spherical_harmonics(3),
        edge_feats_irreps=o3.Irreps(f"{RADIAL}x0e"),
        target_irreps=basis,
        hidden_irreps=hidden,
        avg_num_neighbors=4.0,
        radial_MLP=[WIDTH],
    )
    product = EquivariantProductBasisBlock(basis, hidden, correlation=3, num_elements=ELEMENTS)
    parts = product.symmetric_contractions.contractions

    x = torch.randn(NODES, hidden.dim, requires_grad=True)
    r = torch.randn(EDGES, 3, requires_grad=True)
    radial = torch.randn(EDGES, RADIAL)
    edge_index = torch.randint(NODES, (2, EDGES))
    species = torch.randint(ELEMENTS, (NODES,))
    one_hot = torch.nn.functional.one_hot(species, ELEMENTS).to(x.dtype)
    message, skip = block(one_hot, x, harmonics(r), radial, edge_index)
    h = product(message, skip, one_hot)
    seen = torch.randn_like(h)
    grad_x, grad_r = torch.autograd.grad(h, [x, r], seen)
    *hidden_layers, last = block.conv_tp_weights
    features = radial
    for layer in hidden_layers:
        features = layer(features)
    found = {
        "bases": [[part.U_tensors(n) for n in range(1, part.correlation + 1)] for part in parts],
        "weights": [[*reversed(list(part.weights)), part.weights_max] for part in parts],
        "linear_up": block.linear_up.weight,
        "radial": last.weight,
        "linear": block.linear.weight,
        "skip": block.skip_tp.weight,
        "product": product.linear.weight,
        "x": x,
        "r": r,
        "f": features,
        "edge_index": edge_index,
        "species": species,
        "h": h,
        "seen": seen,
        "grad_x": grad_x,
        "grad_r": grad_r,
    }
    torch.save({name: plain(value) for name, value in found.items()}, path)


def plain(value: object) -> object:
    return value.detach().clone() if isinstance(value, torch.Tensor) else [[plain(w) for w in row] for row in value]


if __name__ == "__main__":
    main(sys.argv[1])
