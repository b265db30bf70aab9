"""Make cis.xyz and trans.xyz: RDKit embeds each isomer, GFN2-xTB relaxes it, the lowest conformer is kept.

Needs the extra `geometry` (ase, rdkit, tblite). The files are checked in, so that nothing else needs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.optimize import BFGS
from ase.units import Hartree, kcal, mol
from rdkit import Chem
from rdkit.Chem import AllChem
from tblite.ase import TBLite

ISOMERS = {"cis": r"c1ccccc1/C=C\c1ccccc1", "trans": "c1ccccc1/C=C/c1ccccc1"}
CONFORMERS = 8
SEED = 1
FORCE_THRESHOLD = 1e-3  # eV/angstrom, the largest force left on an atom
DOUBLE_BOND = Chem.MolFromSmarts("c-[CX3]=[CX3]-c")
RING_TWIST = Chem.MolFromSmarts("cc-[CX3]=[CX3]")


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A relaxed conformer: `energy` in eV, `double_bond` in angstrom, angles in degrees.

    `dihedral` is C-C=C-C within (-180, 180]; `twists` are the acute angles of the two rings against the double bond.
    """

    atoms: Atoms
    energy: float
    double_bond: float
    dihedral: float
    twists: tuple[float, ...]


def embed(smiles: str) -> Chem.Mol:
    """The molecule with hydrogens (after the carbons) and `CONFORMERS` ETKDGv3 conformers."""
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    parameters = AllChem.ETKDGv3()
    parameters.randomSeed = SEED
    AllChem.EmbedMultipleConfs(molecule, CONFORMERS, parameters)
    return molecule


def relax(molecule: Chem.Mol, conformer: Chem.Conformer) -> Relaxed:
    symbols = [atom.GetSymbol() for atom in molecule.GetAtoms()]
    atoms = Atoms(symbols, positions=conformer.GetPositions())
    atoms.calc = TBLite(method="GFN2-xTB", verbosity=0)
    BFGS(atoms, logfile=None).run(fmax=FORCE_THRESHOLD, steps=1000)
    atoms.positions = in_principal_axes(atoms.positions, atoms.get_masses())
    bridge = molecule.GetSubstructMatch(DOUBLE_BOND)
    twists = [
        abs(signed(atoms.get_dihedral(*match))) for match in molecule.GetSubstructMatches(RING_TWIST, uniquify=False)
    ]
    return Relaxed(
        atoms=atoms,
        energy=atoms.get_potential_energy(),
        double_bond=atoms.get_distance(bridge[1], bridge[2]),
        dihedral=signed(atoms.get_dihedral(*bridge)),
        twists=tuple(sorted(twist for twist in twists if twist < 90)),
    )


def in_principal_axes(positions: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """Positions about the centre of mass, longest extent along x, by a proper rotation: no mirror image is made."""
    centred = positions - np.average(positions, axis=0, weights=masses)
    _, _, axes = np.linalg.svd(centred * np.sqrt(masses)[:, None], full_matrices=False)
    axes[0] *= np.sign(axes[0][np.argmax(np.abs(axes[0]))])
    axes[1] *= np.sign(axes[1][np.argmax(np.abs(axes[1]))])
    axes[2] = np.cross(axes[0], axes[1])
    return centred @ axes.T


def signed(angle: float) -> float:
    return angle - 360 if angle > 180 else angle


def xyz(name: str, relaxed: Relaxed) -> str:
    """The XYZ file; its comment line holds what made it and the energy in hartree."""
    tools = ", ".join(f"{package} {version(package)}" for package in ("rdkit", "tblite", "ase"))
    comment = f"{name}-stilbene C14H12, GFN2-xTB minimum, energy {relaxed.energy / Hartree:.6f} Eh, angstrom ({tools})"
    rows = [
        f"{symbol:<2s} {x:12.6f} {y:12.6f} {z:12.6f}"
        for symbol, (x, y, z) in zip(relaxed.atoms.get_chemical_symbols(), relaxed.atoms.positions + 0.0, strict=True)
    ]
    return "\n".join([str(len(rows)), comment, *rows]) + "\n"


def main() -> None:
    lowest: dict[str, float] = {}
    for name, smiles in ISOMERS.items():
        molecule = embed(smiles)
        best = min((relax(molecule, conformer) for conformer in molecule.GetConformers()), key=lambda r: r.energy)
        lowest[name] = best.energy
        (Path(__file__).parent / f"{name}.xyz").write_text(xyz(name, best), encoding="ascii")
        twists = ", ".join(f"{twist:.1f}" for twist in best.twists)
        print(
            f"{name}: {best.energy / Hartree:.6f} Eh, C=C {best.double_bond:.4f} angstrom, "
            f"C-C=C-C {best.dihedral:.1f} degrees, ring twists {twists} degrees"
        )
    print(f"cis - trans: {(lowest['cis'] - lowest['trans']) / (kcal / mol):.2f} kcal/mol")


if __name__ == "__main__":
    main()
