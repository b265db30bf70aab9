"""What a caller may choose. Nothing here can be set from inside a source file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal

from fusionc.suggest import suggest


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds, all inclusive, checked with integer arithmetic before anything is enumerated or allocated."""

    source_bytes: int = 2**20
    line: int = 10_000
    """Characters in a line."""
    nesting: int = 64
    """Open brackets, and levels of an expression, around any one place."""
    name: int = 64
    digits: int = 9
    """Digits of an integer. A decimal may have twice as many after its point."""
    coefficient_digits: int = 64
    """Digits of an integer in a coefficient of a `check`, where exact recoupling coefficients are pasted."""
    l: int = 12
    multiplicity: int = 65_536
    terms: int = 256
    """Terms in one irreps expression."""
    dimension: int = 2**24
    """Components of one operand."""
    leaves: int = 10
    trees: int = 100_000
    """Labelled trees that one family stands for."""
    paths: int = 20_000
    """Coupling paths in a diagram."""
    weights: int = 2**28
    sympow: int = 6
    """Order of a symmetric power."""
    emitted_bytes: int = 8 * 2**20
    drawn: int = 5_000
    """Nodes in a picture, and places where its wires pass other rows of nodes."""
    seconds: int = 60

    def __post_init__(self) -> None:
        for name, cap in HARD_CAPS:
            if getattr(self, name) > cap:
                raise ValueError(f"limit {name} cannot be raised above {cap}")
        for field in fields(self):
            if getattr(self, field.name) < 1:
                raise ValueError(f"limit {field.name} must be at least 1")

    def with_overrides(self, overrides: Mapping[str, int]) -> Limits:
        """A copy with some limits changed, as `--limit NAME=VALUE` asks.

        Raises ValueError for a name that is no limit, a value below 1 and a value above its hard cap.
        """
        names = [field.name for field in fields(self)]
        for name in overrides:
            if name not in names:
                near = suggest(name, names)
                hint = f"did you mean {near}?" if near else "the limits are " + ", ".join(names)
                raise ValueError(f"there is no limit {name!r}; {hint}")
        return replace(self, **overrides)


HARD_CAPS = (
    ("source_bytes", 2**28),  # offsets and tokens stay in memory
    ("line", 2**20),
    ("nesting", 128),  # later stages walk expressions by recursion, within Python's own limit
    ("name", 1_024),
    ("digits", 18),  # every literal fits a signed 64-bit integer
    ("coefficient_digits", 1_000),  # int() refuses more than 4,300
    ("l", 64),
    ("leaves", 16),
)
"""Limits whose meaning would be lost beyond these values; no flag goes past them."""


DEGREE = 20
"""Edges a node, where nothing better is known: node work is not edge work."""


@dataclass(frozen=True, slots=True)
class CompileOptions:
    """Choices of one run; every value that can change the output is here."""

    limits: Limits = Limits()
    params: tuple[tuple[str, int], ...] = ()
    """`-D NAME=VALUE`, in the order given; a later one wins."""
    entry: str | None = None
    """The only diagram wanted; None means all."""
    dtype: Literal["float32", "float64"] | None = None
    """None leaves it to torch's default at construction."""
    layout: Literal["mul_ir", "ir_mul"] = "mul_ir"
    backend: str = "torch"
    convention: Literal["e3nn", "e3nn-0.4"] = "e3nn"
    """Signs of the coupling tensors: e3nn 0.5 and later, or 0.4 as MACE has them."""
    target: Literal["torch", "kernel"] = "torch"
    """Whose costs the plan lowers and counts: a PyTorch module's or a straight-line kernel's."""
    degree: int = DEGREE
    """How many edges a node has, where their work is weighed against each other."""
