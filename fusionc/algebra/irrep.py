"""Irreps of O(3) and SO(3), and direct sums of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

_TERM = re.compile(r"(?:(\d+)x)?(\d+)([eoy])", re.ASCII)


class Group(Enum):
    """SO3 labels carry no parity; they are stored with p = +1."""

    O3 = "O3"
    SO3 = "SO3"


@dataclass(frozen=True, slots=True, order=True)
class Irrep:
    """Degree l >= 0 and parity p = +1 (even) or -1 (odd). Ordered by l, then odd before even, as e3nn sorts."""

    l: int
    p: int

    @property
    def dim(self) -> int:
        return 2 * self.l + 1

    @property
    def is_scalar(self) -> bool:
        """0e: left alone by every element of the group."""
        return self.l == 0 and self.p == 1

    def __mul__(self, other: Irrep) -> tuple[Irrep, ...]:
        """The irreps of the tensor product, by increasing l."""
        p = self.p * other.p
        return tuple(Irrep(l, p) for l in range(abs(self.l - other.l), self.l + other.l + 1))

    def __str__(self) -> str:
        return f"{self.l}{'e' if self.p == 1 else 'o'}"

    def text(self, group: Group) -> str:
        return str(self.l) if group is Group.SO3 else str(self)

    @classmethod
    def parse(cls, text: str) -> Irrep:
        """From "1o", or "1y" for the natural parity (-1)^l. Raises ValueError."""
        match = _TERM.fullmatch(text.strip())
        if match is None or match[1] is not None:
            raise ValueError(f"not an irrep: {text!r}")
        l = int(match[2])
        return cls(l, _parity(l, match[3]))


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """`mul` copies of an irrep, in memory `[mul, 2l+1]`. `mul` may be 0."""

    mul: int
    irrep: Irrep

    @property
    def dim(self) -> int:
        return self.mul * self.irrep.dim

    def __str__(self) -> str:
        return f"{self.mul}x{self.irrep}"


@dataclass(frozen=True, slots=True)
class Irreps:
    """A direct sum: its segments in memory order. Nothing is sorted or merged unless asked."""

    segments: tuple[Segment, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Irreps:
        """From e3nn's spelling, "128x0e + 1o". Raises ValueError."""
        if not text.strip():
            return cls()
        segments = []
        for term in text.split("+"):
            match = _TERM.fullmatch(term.strip())
            if match is None:
                raise ValueError(f"not an irrep with a multiplicity: {term.strip()!r}")
            l = int(match[2])
            segments.append(Segment(1 if match[1] is None else int(match[1]), Irrep(l, _parity(l, match[3]))))
        return cls(tuple(segments))

    @classmethod
    def natural(cls, lmax: int) -> Irreps:
        """0e + 1o + 2e + ... up to lmax: what spherical harmonics transform as."""
        return cls(tuple(Segment(1, Irrep(l, (-1) ** l)) for l in range(lmax + 1)))

    @classmethod
    def scalars(cls, number: int) -> Irreps:
        return cls((Segment(number, Irrep(0, 1)),))

    @property
    def dim(self) -> int:
        return sum(s.dim for s in self.segments)

    @property
    def num_irreps(self) -> int:
        """Copies of irreps, i.e. channels over all segments."""
        return sum(s.mul for s in self.segments)

    @property
    def lmax(self) -> int:
        """Raises ValueError when there is no segment."""
        return max(s.irrep.l for s in self.segments)

    @property
    def slices(self) -> tuple[tuple[int, int], ...]:
        """(start, stop) of each segment in memory."""
        found, start = [], 0
        for segment in self.segments:
            found.append((start, start + segment.dim))
            start += segment.dim
        return tuple(found)

    def sort(self) -> tuple[Irreps, tuple[int, ...], tuple[int, ...]]:
        """(sorted, p, inverse), stable: segment n becomes segment p[n], and sorted[m] was segment inverse[m]."""
        inverse = tuple(sorted(range(len(self.segments)), key=lambda n: self.segments[n].irrep))
        places = [0] * len(inverse)
        for new, old in enumerate(inverse):
            places[old] = new
        return Irreps(tuple(self.segments[n] for n in inverse)), tuple(places), inverse

    def text(self, group: Group) -> str:
        """As in a `.fusion` file of this group."""
        return " + ".join(f"{s.mul}x{s.irrep.text(group)}" for s in self.segments)

    def __str__(self) -> str:
        return "+".join(str(s) for s in self.segments)

    def __add__(self, other: Irreps) -> Irreps:
        return Irreps(self.segments + other.segments)

    def __len__(self) -> int:
        return len(self.segments)

    def __iter__(self) -> Iterator[Segment]:
        return iter(self.segments)

    def __getitem__(self, index: int) -> Segment:
        return self.segments[index]


def _parity(l: int, letter: str) -> int:
    return {"e": 1, "o": -1, "y": (-1) ** l}[letter]
