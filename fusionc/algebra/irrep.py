"""Irreps of O(3) and SO(3), spelled and ordered as e3nn spells and orders them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate, pairwise
from typing import NamedTuple


class Group(Enum):
    """SO3 knows no parity: its irreps are stored with p = +1 and printed without a letter."""

    O3 = "O3"
    SO3 = "SO3"


_IRREP = re.compile(r"(\d+)([eoy]?)", re.ASCII)
_SEGMENT = re.compile(r"(?:(\d+)x)?\s*(\d+[eoy]?)", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Irrep:
    """The irrep of degree `l` >= 0 and parity `p` = +1 or -1. Ordered by (l, p): 0o, 0e, 1o, 1e, ..."""

    l: int
    p: int

    def __post_init__(self) -> None:
        if self.l < 0 or self.p not in (-1, 1):
            raise ValueError(f"no irrep has l={self.l}, p={self.p}")

    @property
    def dim(self) -> int:
        return 2 * self.l + 1

    @classmethod
    def natural(cls, l: int, group: Group = Group.O3) -> Irrep:
        """The irrep of the spherical harmonics of degree l: parity (-1)^l."""
        return cls(l, -1 if l % 2 and group is Group.O3 else 1)

    @classmethod
    def parse(cls, text: str, group: Group = Group.O3) -> Irrep:
        """`1o`, `1e`, or `1y` for the natural parity; under SO3 a bare `1`. ValueError for anything else."""
        match = _IRREP.fullmatch(text.strip())
        if match is None or (group is Group.SO3) == bool(match[2]):
            raise ValueError(f"not an irrep of {group.value}: {text!r}")
        l = int(match[1])
        return cls(l, {"": 1, "e": 1, "o": -1, "y": (-1) ** l}[match[2]])

    def __mul__(self, other: Irrep) -> tuple[Irrep, ...]:
        """The irreps in the tensor product, each of which it holds once, by increasing l."""
        p = self.p * other.p
        return tuple(Irrep(l, p) for l in range(abs(self.l - other.l), self.l + other.l + 1))

    def text(self, group: Group) -> str:
        return str(self) if group is Group.O3 else str(self.l)

    def __str__(self) -> str:
        return f"{self.l}{'e' if self.p == 1 else 'o'}"


@dataclass(frozen=True, slots=True)
class Segment:
    """`mul` copies (channels) of one irrep, side by side in memory. `mul` may be zero."""

    mul: int
    irrep: Irrep

    def __post_init__(self) -> None:
        if self.mul < 0:
            raise ValueError(f"no segment has {self.mul} channels")

    @property
    def dim(self) -> int:
        return self.mul * self.irrep.dim

    def text(self, group: Group) -> str:
        return f"{self.mul}x{self.irrep.text(group)}"

    def __str__(self) -> str:
        return self.text(Group.O3)


@dataclass(frozen=True, slots=True)
class Irreps:
    """A direct sum in memory order. Nothing here merges, drops or reorders a segment unless it says so."""

    segments: tuple[Segment, ...] = ()

    @classmethod
    def natural(cls, lmax: int, group: Group = Group.O3) -> Irreps:
        """0e+1o+2e+... up to degree lmax, one copy each."""
        return cls(tuple(Segment(1, Irrep.natural(l, group)) for l in range(lmax + 1)))

    @classmethod
    def parse(cls, text: str, group: Group = Group.O3) -> Irreps:
        """e3nn's spelling, `128x0e + 1o + 2x1y`; the empty text is the empty sum. ValueError for anything else."""
        if not text.strip():
            return cls()
        segments = []
        for part in text.split("+"):
            match = _SEGMENT.fullmatch(part.strip())
            if match is None:
                raise ValueError(f"not irreps of {group.value}: {text!r}")
            segments.append(Segment(int(match[1] or 1), Irrep.parse(match[2], group)))
        return cls(tuple(segments))

    @property
    def dim(self) -> int:
        return sum(segment.dim for segment in self.segments)

    @property
    def num_irreps(self) -> int:
        """Channels of all segments together."""
        return sum(segment.mul for segment in self.segments)

    @property
    def slices(self) -> tuple[tuple[int, int], ...]:
        """(start, stop) of every segment in memory."""
        stops = tuple(accumulate((segment.dim for segment in self.segments), initial=0))
        return tuple(pairwise(stops))

    def sort(self) -> SortedIrreps:
        """By irrep, stable; as `e3nn.o3.Irreps.sort`."""
        inverse = tuple(sorted(range(len(self)), key=lambda n: (self.segments[n].irrep, n)))
        permutation = tuple(sorted(range(len(self)), key=inverse.__getitem__))
        return SortedIrreps(Irreps(tuple(self.segments[n] for n in inverse)), permutation, inverse)

    def text(self, group: Group) -> str:
        return "+".join(segment.text(group) for segment in self.segments)

    def __add__(self, other: Irreps) -> Irreps:
        """The direct sum; segments are kept as they are."""
        return Irreps(self.segments + other.segments)

    def __len__(self) -> int:
        """The number of segments."""
        return len(self.segments)

    def __iter__(self) -> Iterator[Segment]:
        return iter(self.segments)

    def __getitem__(self, index: int) -> Segment:
        return self.segments[index]

    def __str__(self) -> str:
        return self.text(Group.O3)


class SortedIrreps(NamedTuple):
    """`permutation[n]` is the new place of old segment n, `inverse[n]` the old place of new segment n."""

    irreps: Irreps
    permutation: tuple[int, ...]
    inverse: tuple[int, ...]
