"""What every backend is given besides plans."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class Header:
    """Where a generated file says that it comes from. Everything is checked: it is printed as it stands.

    source         base name of the source, every character outside [A-Za-z0-9._-] replaced
    source_sha256  of the source text
    plan_sha256    of the plan's canonical JSON
    version        of fusionc
    """

    source: str
    source_sha256: str
    plan_sha256: str
    version: str

    def __post_init__(self) -> None:
        for text in (self.source, self.source_sha256, self.plan_sha256, self.version):
            if _UNSAFE.search(text):
                raise ValueError(f"not safe to print: {text!a}")


@dataclass(frozen=True, slots=True)
class Unit:
    """A translation unit, NAME.cpp; with `per_isa` compiled once for each instruction set, named in FUSIONC_ISA."""

    name: str
    text: str
    per_isa: bool


@dataclass(frozen=True, slots=True)
class Emitted:
    """A Python module, and what the library beside it, libNAME.so, is built from; without units there is none.

    namespace  of its operators in torch.ops
    """

    text: str
    library: str = ""
    namespace: str = ""
    units: tuple[Unit, ...] = ()


def safe_name(name: str) -> str:
    """The base name of a path, with everything replaced that could mean something to a language or a terminal."""
    base = re.split(r"[/\\]", name)[-1]
    return _UNSAFE.sub("_", base)[:64] or "_"
