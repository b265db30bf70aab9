"""What every backend is given besides plans."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from fusionc.source import Source

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class Header:
    """Where a generated file says that it comes from. Everything is checked: it is printed as it stands.

    source         base name of the source, every character outside [A-Za-z0-9._-] replaced
    source_sha256  of the source text
    plan_sha256    of the plan's canonical JSON
    version        of fusionc
    stem           of the names of libraries and their sources
    """

    source: str
    source_sha256: str
    plan_sha256: str
    version: str
    stem: str = "module"

    @classmethod
    def of(cls, source: Source, plan_sha256: str, version: str, module: str) -> Header:
        """`module`: the stem of its file, or empty for that of the source."""
        name = safe_name(source.name)
        sha = hashlib.sha256(source.text.encode()).hexdigest()
        return cls(name, sha, plan_sha256, version, _stem(module or name))

    def __post_init__(self) -> None:
        for text in (self.source, self.source_sha256, self.plan_sha256, self.version, self.stem):
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

    @property
    def size(self) -> int:
        """Characters of all sources."""
        return len(self.text) + sum(len(unit.text) for unit in self.units)


def _stem(name: str) -> str:
    """What a library may be named after: of a file's name all before the first point, in lower case."""
    return re.sub("[^a-z0-9_]", "_", safe_name(name).partition(".")[0].lower())[:40]


def safe_name(name: str) -> str:
    """The base name of a path, with everything replaced that could mean something to a language or a terminal."""
    base = re.split(r"[/\\]", name)[-1]
    return _UNSAFE.sub("_", base)[:64] or "_"
