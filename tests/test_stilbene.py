"""The geometries that the demo runs on are the two isomers they are named after."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parent.parent / "examples" / "stilbene"
BONDED = {"CC": 1.6, "CH": 1.2}  # angstrom; the next distances are above 2.0


def read(isomer: str) -> tuple[str, NDArray[np.float64]]:
    """The elements as one string, carbon first, and the positions in angstrom."""
    lines = (FOLDER / f"{isomer}.xyz").read_text(encoding="ascii").splitlines()
    rows = [line.split() for line in lines[2:]]
    assert int(lines[0]) == len(rows)
    return "".join(row[0] for row in rows), np.array([[float(x) for x in row[1:]] for row in rows])


def comment(isomer: str) -> str:
    return (FOLDER / f"{isomer}.xyz").read_text(encoding="ascii").splitlines()[1]


def bonds(elements: str, positions: NDArray[np.float64]) -> list[tuple[int, int]]:
    pairs = itertools.combinations(range(len(elements)), 2)
    return [(a, b) for a, b in pairs if distance(positions, a, b) < BONDED.get(elements[a] + elements[b], 0.0)]


def distance(positions: NDArray[np.float64], a: int, b: int) -> float:
    return float(np.linalg.norm(positions[a] - positions[b]))


def dihedral(p: NDArray[np.float64]) -> float:
    """The angle between the planes 0-1-2 and 1-2-3 of four points, degrees in 0 to 180."""
    first, axis, last = np.diff(p, axis=0)
    u, v = np.cross(first, axis), np.cross(axis, last)
    return float(np.degrees(np.arccos(np.clip(u @ v / np.linalg.norm(u) / np.linalg.norm(v), -1, 1))))


@pytest.mark.parametrize(("isomer", "angle"), [("cis", 6.2), ("trans", 180.0)])
def test_the_geometry_is_its_isomer(isomer: str, angle: float) -> None:
    elements, positions = read(isomer)
    assert elements == 14 * "C" + 12 * "H"
    found = bonds(elements, positions)
    assert sorted(elements[a] + elements[b] for a, b in found) == 15 * ["CC"] + 12 * ["CH"]

    carbons = [[a + b - atom for a, b in found if atom in (a, b) and max(a, b) < 14] for atom in range(14)]
    ipso = {atom: [n for n in carbons[atom] if len(carbons[n]) == 3] for atom in range(14) if len(carbons[atom]) == 2}
    # Of all bonds between two CH groups, only in the double bond has each group a neighbour that bears no hydrogen.
    ((left, right),) = [(a, b) for a, b in found if ipso.get(a) and ipso.get(b)]
    assert distance(positions, left, right) == pytest.approx(1.34, abs=0.01)
    assert dihedral(positions[[*ipso[left], left, right, *ipso[right]]]) == pytest.approx(angle, abs=0.1)


def test_trans_is_lower_by_a_few_kilocalories() -> None:
    energies = [float(comment(isomer).partition(" energy ")[2].split()[0]) for isomer in ("cis", "trans")]
    assert (energies[0] - energies[1]) * 627.5095 == pytest.approx(2.31, abs=0.01)
