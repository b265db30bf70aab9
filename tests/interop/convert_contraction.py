"""Run by the interpreter that has MACE, with fusionc on its path: converts live modules and compares what they compute.

Prints the relative error of each, float64 first.
"""

import torch
from e3nn import o3
from mace.modules.symmetric_contraction import SymmetricContraction

import fusionc
from fusionc.interop.mace import features_from_mace, import_symmetric_contraction, read_contraction

ELEMENTS, NODES = 3, 6


def error(dtype: torch.dtype, correlation: int, irreps_in: str, irreps_out: str) -> float:
    torch.set_default_dtype(dtype)
    torch.manual_seed(0)
    theirs = SymmetricContraction(
        o3.Irreps(irreps_in), o3.Irreps(irreps_out), correlation, shared_weights=None, num_elements=ELEMENTS
    )
    text, weights = import_symmetric_contraction(theirs)
    ours = fusionc.load(text)(num_species=ELEMENTS)
    ours.load_state_dict(weights)
    x = torch.randn(NODES, 4, o3.Irreps(irreps_in).dim // 4)
    species = torch.randint(ELEMENTS, (NODES,))
    wanted = theirs(x, torch.nn.functional.one_hot(species, ELEMENTS).to(dtype))
    found = ours(features_from_mace(x, read_contraction(theirs).irreps_in), species)
    return float((found - wanted).abs().max() / wanted.abs().max())


for precision in (torch.float64, torch.float32):
    print(error(precision, 3, "4x0e+4x1o+4x2e", "4x0e+4x1o"))
