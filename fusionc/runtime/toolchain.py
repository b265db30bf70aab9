"""The C++ compiler of this machine: which it is, what it can do, and the flags that it gets."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from fusionc.runtime.faults import NoCompiler

CANDIDATES = ("g++", "clang++")
"""Looked for on PATH, in this order, when CXX is not set."""
QUESTION_SECONDS = 30.0
"""How long a compiler may take to say what it is."""

COMPILE_FLAGS = (
    "-std=c++17",
    "-O2",
    "-fPIC",
    "-fno-math-errno",
    "-ffp-contract=fast",
    "-fvisibility=hidden",
    "-fvisibility-inlines-hidden",
    "-fopenmp-simd",  # the pragma alone; threads are torch's, by torch::stable::parallel_for
)
SANITIZE_FLAGS = (
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
    "-g",
    "-O1",
)
# Two units that hold the same inline function for different instruction sets would be linked to share one of the two:
# that for AVX-512 might run where there is none. This makes the copies private. clang has no such flag.
PRIVATE_INLINES = ("-fno-weak",)

INSTRUCTION_SETS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "x86_64": (("v3", ("-march=x86-64-v3",)), ("v4", ("-march=x86-64-v4", "-mprefer-vector-width=512"))),
    "aarch64": (("neon", ()),),
}
"""For each machine: the sets that are built, and their flags. The code chooses among them when it runs."""
BASELINE: tuple[str, tuple[str, ...]] = ("base", ())
"""For a machine, or a compiler, that knows none of them."""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A compiler that has been asked what it can do."""

    command: tuple[str, ...]
    """How to call it; the first word is a full path."""
    version: str
    """Its own first line of `--version`, and its target."""
    isas: tuple[tuple[str, tuple[str, ...]], ...]
    """Instruction sets that it can compile for, each with its flags; at least one."""
    private: tuple[str, ...]
    """What makes the inline functions of a unit its own, as far as the compiler can."""

    @property
    def name(self) -> str:
        return " ".join(Path(word).name for word in self.command)

    @property
    def fingerprint(self) -> str:
        """What the machine code depends on, besides the source."""
        return _digest([self.version, COMPILE_FLAGS, SANITIZE_FLAGS, self.isas, self.private])[:16]


def find_compiler() -> tuple[str, ...]:
    """The command in $CXX, else the first of `CANDIDATES` on PATH. Raises NoCompiler."""
    asked = os.environ.get("CXX", "").strip()
    if asked:
        try:
            words = shlex.split(asked)
        except ValueError:
            words = []
        found = shutil.which(words[0]) if words else None
        if found is None:
            raise NoCompiler(f"CXX is {asked!a}, which is no command here; unset it or name a C++ compiler")
        return (os.path.abspath(found), *words[1:])
    for name in CANDIDATES:
        found = shutil.which(name)
        if found is not None:
            return (os.path.abspath(found),)
    raise NoCompiler(
        "no C++ compiler found: install g++ (Debian: apt install g++; conda: conda install gxx) or clang++, "
        "or name one in CXX; the torch backend needs none"
    )


def machine() -> str:
    """The processor's family, one name for each."""
    name = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


def ask(command: tuple[str, ...]) -> Toolchain:
    """Call the compiler to learn its version and what it accepts. Raises NoCompiler when it does not work."""
    first_line = _answer(command, "--version").partition("\n")[0].strip()
    known = INSTRUCTION_SETS.get(machine(), ())
    isas = tuple((name, flags) for name, flags in known if _accepts(command, flags))
    return Toolchain(
        command,
        f"{first_line}, {_answer(command, '-dumpmachine').strip()}",
        isas or (BASELINE,),
        PRIVATE_INLINES if _accepts(command, PRIVATE_INLINES) else (),
    )


def toolchain(command: tuple[str, ...], notes: Path) -> Toolchain:
    """As `ask`, which is done once for each state of the compiler's file, and noted in the folder `notes`."""
    asked = [command, _state(command), machine(), sys.platform, INSTRUCTION_SETS, PRIVATE_INLINES]
    note = notes / f"{_digest(asked)[:32]}.json"
    noted = _read(note, command)
    if noted is not None:
        return noted
    found = ask(command)
    temporary = note.with_suffix(f".{os.getpid()}.part")
    try:
        facts = {"version": found.version, "isas": [name for name, _ in found.isas], "private": bool(found.private)}
        temporary.write_text(json.dumps(facts), encoding="utf-8")
        temporary.replace(note)
    except OSError:  # a full disk or a cache that is only read: it is asked again the next time
        temporary.unlink(missing_ok=True)
    return found


def _read(note: Path, command: tuple[str, ...]) -> Toolchain | None:
    try:
        kept = json.loads(note.read_text(encoding="utf-8"))
        flags = dict((*INSTRUCTION_SETS.get(machine(), ()), BASELINE))
        isas = tuple((name, flags[name]) for name in kept["isas"])
        return (
            Toolchain(command, str(kept["version"]), isas, PRIVATE_INLINES if kept["private"] else ()) if isas else None
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _state(command: tuple[str, ...]) -> list[tuple[str, int, int]]:
    """What changes when a program that the command names is replaced, as by an upgrade."""
    states = []
    for word in command:
        found = shutil.which(word)
        if found is not None:
            real = os.path.realpath(found)
            facts = os.stat(real)
            states.append((real, facts.st_size, facts.st_mtime_ns))
    return states


def _answer(command: tuple[str, ...], question: str) -> str:
    done = _run(command, (question,))
    if done is None or done.returncode != 0:
        words = "" if done is None else f": {done.stderr.strip()[-300:]!a}"
        raise NoCompiler(f"the C++ compiler {command[0]!a} does not answer `{question}`{words}")
    return done.stdout


def _accepts(command: tuple[str, ...], flags: tuple[str, ...]) -> bool:
    done = _run(command, (*flags, "-Werror", "-x", "c++", "-fsyntax-only", "-"))
    return done is not None and done.returncode == 0


def _run(command: tuple[str, ...], arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=os.environ | {"LC_ALL": "C"},
            timeout=QUESTION_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode("utf-8")).hexdigest()
