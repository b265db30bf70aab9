"""Irreps as the generator of random diagrams sees them: plain tuples and its own selection rules.

Written apart from `fusionc.algebra`, so that the types it predicts are a second opinion on the checker's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import combinations_with_replacement
from math import prod
from typing import NamedTuple


class Label(NamedTuple):
    """One irrep. Tuples order as e3nn sorts: by l, then odd before even. Under SO3, p = 1 everywhere."""

    l: int
    p: int

    @property
    def dim(self) -> int:
        return 2 * self.l + 1


class Seg(NamedTuple):
    mul: int
    label: Label


Type = tuple[Seg, ...]

EVEN = Label(0, 1)


def width(irreps: Type) -> int:
    return sum(seg.mul * seg.label.dim for seg in irreps)


def labels_of(irreps: Type) -> tuple[Label, ...]:
    """Distinct labels in order of appearance."""
    return tuple(dict.fromkeys(seg.label for seg in irreps))


def couple(a: Label, b: Label) -> tuple[Label, ...]:
    return tuple(Label(l, a.p * b.p) for l in range(abs(a.l - b.l), a.l + b.l + 1))


def spell_label(label: Label, o3: bool) -> str:
    return f"{label.l}{'e' if label.p == 1 else 'o'}" if o3 else str(label.l)


def spell(irreps: Iterable[Seg], o3: bool) -> str:
    return " + ".join(f"{seg.mul}x{spell_label(seg.label, o3)}" for seg in irreps)


# ------------------------------------------------------------------ products

MODES = ("uuu", "uvu", "uvv", "uuw", "uvw", "uvuv", "uvu<v", "u<vw")
MIXING = ("uuw", "uvw", "u<vw")
"""Modes whose output channels are free: they need a target, and weights."""


def fits(mode: str, m1: int, m2: int) -> bool:
    if mode in ("uvu<v", "u<vw"):
        return m1 == m2 >= 2
    return m1 == m2 if mode in ("uuu", "uuw") else True


def default_mode(m1: int, m2: int) -> str | None:
    return "uuu" if m1 == m2 else "uvu" if m2 == 1 else None


def channels(mode: str, m1: int, m2: int) -> int:
    """Natural output multiplicity of a mode that is not mixing; "uu1" is `uuw` without weights."""
    return {"uuu": m1, "uvu": m1, "uvv": m2, "uvuv": m1 * m2, "uvu<v": m1 * (m1 - 1) // 2, "uu1": 1}[mode]


def weight_shape(mode: str, m1: int, m2: int, m3: int) -> tuple[int, ...]:
    pairs = m1 * (m1 - 1) // 2
    return {
        "uuu": (m1,),
        "uvu": (m1, m2),
        "uvv": (m1, m2),
        "uuw": (m1, m3),
        "uvw": (m1, m2, m3),
        "uvuv": (m1, m2),
        "uvu<v": (pairs,),
        "u<vw": (pairs, m3),
        "uu1": (),
    }[mode]


class Route(NamedTuple):
    """A path without its output segment: left and right segment, mode, label."""

    left: Seg
    right: Seg
    mode: str
    label: Label

    def numel(self, mul: int) -> int:
        return prod(weight_shape(self.mode, self.left.mul, self.right.mul, mul))


def routes(left: Type, right: Type, mode: str | None) -> tuple[Route, ...] | None:
    """Every coupling of two types in enumeration order; None when the mode does not fit some pair."""
    out = []
    for a in left:
        for b in right:
            chosen = mode or default_mode(a.mul, b.mul)
            if chosen is None or not fits(chosen, a.mul, b.mul):
                return None
            out += [Route(a, b, chosen, label) for label in couple(a.label, b.label)]
    return tuple(out)


# ---------------------------------------------------------- symmetric powers


def symmetric_counts(leaves: tuple[Label, ...], order: int) -> Counter[Label]:
    """How often each label occurs in the symmetric power of one copy of `leaves`, by counting weight vectors."""
    states = [(m, leaf.p) for leaf in leaves for m in range(-leaf.l, leaf.l + 1)]
    weights: Counter[tuple[int, int]] = Counter()
    for chosen in combinations_with_replacement(states, order):
        weights[sum(m for m, _ in chosen), prod(p for _, p in chosen)] += 1
    out: Counter[Label] = Counter()
    for m, p in sorted(weights):
        count = weights[m, p] - weights[m + 1, p]
        if m >= 0 and count:
            out[Label(m, p)] = count
    return out
