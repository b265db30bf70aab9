"""Energies and forces of cis- and trans-stilbene from a small MACE model, before and after a rotation and inversion.

The weights are random: the energies mean nothing, but that they differ between isomers, do not change when a molecule
is turned, and give forces and vector features that turn with it, holds for any weights.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import fusionc
from fusionc.algebra.irrep import Irreps
from fusionc.testing import random_rotation, relative_error, rotation_matrices

FOLDER = Path(__file__).resolve().parent
PROGRAM = FOLDER.parent / "mace_layer" / "mace_layer.fusion"
ELEMENTS = ("C", "H")
CUTOFF, BESSEL, WIDTH = 5.0, 8, 16  # angstrom, radial functions, hidden features of the radial network


@dataclass(frozen=True)
class Graph:
    """Edges go from sender `edge_index[0]` to receiver `edge_index[1]`, in the order of receivers."""

    species: Tensor
    edge_index: Tensor


class Radial(torch.nn.Module):
    """Bessel functions of the distance through two layers, smoothly zero at the cutoff."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(BESSEL, WIDTH), torch.nn.SiLU(), torch.nn.Linear(WIDTH, WIDTH), torch.nn.SiLU()
        )

    def forward(self, distance: Tensor) -> Tensor:
        u = distance[:, None] / CUTOFF
        orders = torch.arange(1, BESSEL + 1, dtype=distance.dtype)
        bessel = (2 / CUTOFF) ** 0.5 * torch.sin(torch.pi * orders * u) / distance[:, None]
        # the polynomial of degree 8 whose value and first two derivatives vanish at u = 1
        envelope = 1 - 28 * u**6 + 48 * u**7 - 21 * u**8
        return self.layers(bessel) * envelope


class Model(torch.nn.Module):
    """Two layers; the energy is the sum over atoms of what both read out."""

    def __init__(self) -> None:
        super().__init__()
        first = fusionc.load(PROGRAM, entry="mace_first", S=len(ELEMENTS), F=WIDTH)
        second = fusionc.load(PROGRAM, entry="mace_layer", S=len(ELEMENTS), F=WIDTH)
        self.first, self.second = first(num_species=len(ELEMENTS)), second(num_species=len(ELEMENTS))
        self.radial = torch.nn.ModuleList([Radial(), Radial()])

    def forward(self, positions: Tensor, graph: Graph) -> tuple[Tensor, Tensor]:
        """Energy, a number, and the features `[atoms, 16x0e+16x1o]` of the last layer."""
        senders, receivers = graph.edge_index
        r = positions[senders] - positions[receivers]
        distance = r.norm(dim=1)
        one_hot = torch.nn.functional.one_hot(graph.species, len(ELEMENTS)).to(positions)
        h, first = self.first(one_hot, r, self.radial[0](distance), graph.edge_index, graph.species)
        h, second = self.second(h, r, self.radial[1](distance), graph.edge_index, graph.species)
        return (first + second).sum(), h


def read_xyz(path: Path) -> tuple[Tensor, Tensor]:
    """Species as positions in `ELEMENTS`, and coordinates in angstrom."""
    lines = [line.split() for line in path.read_text().splitlines()[2:]]
    coordinates = [[float(x) for x in line[1:4]] for line in lines]
    return torch.tensor([ELEMENTS.index(line[0]) for line in lines]), torch.tensor(coordinates)


def neighbours(positions: Tensor) -> Tensor:
    close = torch.cdist(positions, positions) < CUTOFF
    receivers, senders = (close & ~torch.eye(len(positions), dtype=torch.bool)).nonzero().T
    return torch.stack([senders, receivers])


def energy_and_forces(model: Model, positions: Tensor, graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
    positions = positions.detach().requires_grad_()
    energy, features = model(positions, graph)
    (gradient,) = torch.autograd.grad(energy, positions)
    return energy.detach(), -gradient, features.detach()


def show_plan() -> None:
    for entry in ("mace_first", "mace_layer"):
        (diagram,) = fusionc.plan(PROGRAM, entry=entry, dtype="float64").to_dict()["diagrams"]
        naive, planned = diagram["cost"]["naive"], diagram["cost"]["planned"]
        print(
            f"  {entry}: {len(diagram['paths'])} paths in {len(diagram['steps'])} steps, "
            f"{naive['multiply_adds']:,} multiply-adds an atom as written, {planned['multiply_adds']:,} planned"
        )


def show_molecule(name: str, model: Model, element: Tensor) -> float:
    """`element` is an orthogonal matrix. Returns the energy."""
    species, positions = read_xyz(FOLDER / f"{name}.xyz")
    graph = Graph(species, neighbours(positions))
    energy, forces, features = energy_and_forces(model, positions, graph)
    turned_energy, turned_forces, turned_features = energy_and_forces(model, positions @ element.T, graph)

    invert = bool(torch.linalg.det(element) < 0)
    matrix = rotation_matrices(Irreps.parse(irreps_of(model)), -element if invert else element, invert)
    atoms, edges = len(species), graph.edge_index.shape[1]
    print(f"\n{name}-stilbene, C14H12, {atoms} atoms, {edges} edges within {CUTOFF:g} angstrom")
    print(f"  energy                          {energy.item():+.12f}")
    print(f"  after rotation and inversion    {turned_energy.item():+.12f}")
    print(f"  largest force                   {forces.norm(dim=1).max().item():.6f}")
    print(f"  sum of the forces               {forces.sum(dim=0).norm().item():.1e}")
    print(f"  forces turn with the molecule   {relative_error(turned_forces, forces @ element.T):.1e} relative error")
    print(
        f"  features turn with the molecule {relative_error(turned_features, features @ matrix.T):.1e} relative error"
    )
    return energy.item()


def irreps_of(model: Any) -> str:
    return model.second.irreps_out["h"]


def main() -> None:
    start = time.perf_counter()
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = Model()
    print(f"two MACE layers, {irreps_of(model)}, {sum(w.numel() for w in model.parameters()):,} weights, float64")
    show_plan()
    element = -random_rotation(1)
    cis, trans = (show_molecule(name, model, element) for name in ("cis", "trans"))
    print(f"\ncis and trans differ by {cis - trans:+.6f} in this untrained model")
    print(f"({time.perf_counter() - start:.1f} s)")


if __name__ == "__main__":
    main()
