"""The rules of the architecture that a program can check: imports point down, and modules stay small and plain."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {"fusionc": "fusionc", "grammar": "fusionc.grammar", "backends": "fusionc.backends"}

FOUNDATION = ("source", "suggest", "options", "diagnostics", "render", "reading")
# From the bottom to the top. A module may import what lies below its own layer, and its own package; the foundation
# is one layer of single modules that may import each other.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("algebra", "grammar"),
    FOUNDATION,
    ("syntax",),
    ("diagram",),
    ("check",),
    ("network",),
    ("rewrite",),
    ("plan",),
    ("kernel",),
    ("backends",),
    ("reference",),
    ("compiler",),
    ("cheaper", "draw", "explain", "interop", "runtime", "show"),
    ("testing",),
    ("cli",),  # which loads the commands by name
    ("commands", "lsp"),
    ("__main__",),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
STAGES = frozenset(name for layer in LAYERS[: RANK["backends"]] for name in layer)

# The reference says what a program means: it must not share code with what is tested against it.
REFERENCE_MAY_IMPORT = ("algebra", "check.ir", "diagram.ir", *FOUNDATION)

MODULE_LINES = 500
FUNCTION_LINES = 60
COMPILER_LINES = 100
BANNED_WORDS = frozenset({"util", "utils", "common", "helper", "helpers", "manager", "managers", "base", "misc"})
UNSTABLE_IMPORTS = frozenset({"datetime", "getpass", "platform", "socket", "time", "uuid"})
PEERS = frozenset({"e3nn", "mace", "sympy"})
MUTABLE = frozenset({"list", "dict", "set", "bytearray", "ndarray", "Tensor", "List", "Dict", "Set"})
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b")
MACHINE_PATH = re.compile(r"(?<![\w.])/(work|tmp|root|home)/")


@dataclass(frozen=True)
class Module:
    """`name` is dotted without the leading `fusionc.`; the package itself has the empty name."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def layer(self) -> str:
        return self.name.partition(".")[0]


def modules() -> list[Module]:
    found = []
    for folder, package in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = [package, *path.relative_to(ROOT / folder).with_suffix("").parts]
            if parts[-1] == "__init__":
                parts.pop()
            text = path.read_text(encoding="utf-8")
            found.append(Module(".".join(parts).removeprefix("fusionc").lstrip("."), path, text, ast.parse(text)))
    return found


MODULES = modules()
NAMES = frozenset(module.name for module in MODULES)

Offences = Iterator[tuple[int, str]]


def imports(module: Module) -> tuple[tuple[str, int], ...]:
    """Every imported name in full, with its line, wherever in the file it stands."""
    found: list[tuple[str, int]] = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            found += [(f"{source}.{alias.name}", node.lineno) for alias in node.names]
    return tuple(found)


def imports_of_fusionc(module: Module) -> Iterator[tuple[str, int]]:
    """The modules of fusionc that are imported; the empty name when it is the package itself (`__version__`)."""
    for dotted, line in imports(module):
        if dotted != "fusionc" and not dotted.startswith("fusionc."):
            continue
        parts = dotted.split(".")[1:]
        while parts and ".".join(parts) not in NAMES:
            parts.pop()
        yield ".".join(parts), line


def classes(module: Module) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef))


def assert_nowhere(rule: Callable[[Module], Offences]) -> None:
    """Fail with all that `rule` finds in any module, as `path:line: what`."""
    found = [f"{m.path.relative_to(ROOT)}:{line}: {what}" for m in MODULES for line, what in rule(m)]
    assert not found, "\n".join(found)


def test_imports_point_down() -> None:
    def rule(module: Module) -> Offences:
        if not module.name:
            return  # the package imports lazily, and from anywhere
        if module.layer not in RANK:
            yield 1, f"give {module.layer} its place in LAYERS"
            return
        for target, line in imports_of_fusionc(module):
            layer = target.partition(".")[0]
            same_foundation = layer in FOUNDATION and module.layer in FOUNDATION
            if layer not in ("", module.layer) and not same_foundation and RANK[layer] >= RANK[module.layer]:
                yield line, f"{module.layer} must not import {target}"

    assert_nowhere(rule)


def test_imports_are_absolute() -> None:
    def rule(module: Module) -> Offences:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                yield node.lineno, "relative import"

    assert_nowhere(rule)


def test_the_reference_imports_no_stage() -> None:
    def rule(module: Module) -> Offences:
        if module.layer == "reference":
            for target, line in imports_of_fusionc(module):
                known = target in ("", *REFERENCE_MAY_IMPORT) or target.partition(".")[0] in ("algebra", "reference")
                if not known:
                    yield line, f"the reference imports {target}"

    assert_nowhere(rule)


def test_stages_are_pure() -> None:
    """Stages work on values: no torch, no clock, no host. Interoperation alone knows other equivariant libraries."""

    def rule(module: Module) -> Offences:
        for dotted, line in imports(module):
            top = dotted.partition(".")[0]
            if module.layer in STAGES and top in ({"torch"} | UNSTABLE_IMPORTS):
                yield line, f"a stage imports {top}"
            if module.layer not in ("interop", "testing") and top in PEERS:
                yield line, f"imports {top}"

    assert_nowhere(rule)


def test_nothing_depends_on_hashes_or_addresses() -> None:
    """The order of a set of strings changes with PYTHONHASHSEED, `id` with every run."""

    def is_set(node: ast.expr) -> bool:
        called = node.func if isinstance(node, ast.Call) else None
        named = called.id if isinstance(called, ast.Name) else ""
        return isinstance(node, ast.Set | ast.SetComp) or named in ("set", "frozenset")

    def rule(module: Module) -> Offences:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.For | ast.comprehension) and is_set(node.iter):
                yield node.iter.lineno, "iteration over a set"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("id", "hash"):
                yield node.lineno, f"{node.func.id}()"

    assert_nowhere(rule)


def test_intermediate_representations_are_frozen() -> None:
    def rule(module: Module) -> Offences:
        if module.path.name not in ("ir.py", "ast.py"):
            return
        for node in classes(module):
            if any(ast.unparse(parent) in ("Enum", "IntEnum") for parent in node.bases):
                continue
            if "dataclass(frozen=True, slots=True)" not in [ast.unparse(d) for d in node.decorator_list]:
                yield node.lineno, f"{node.name} is not a frozen dataclass with slots"
            for field in node.body:
                if isinstance(field, ast.AnnAssign):
                    mutable = MUTABLE & set(re.findall(r"\w+", ast.unparse(field.annotation)))
                    if mutable:
                        yield field.lineno, f"{node.name}.{ast.unparse(field.target)} holds a {min(mutable)}"

    assert_nowhere(rule)


def test_modules_and_functions_are_small() -> None:
    def rule(module: Module) -> Offences:
        lines = len(module.text.splitlines())
        limit = COMPILER_LINES if module.name == "compiler" else MODULE_LINES
        if lines > limit:
            yield lines, f"{lines} lines, more than {limit}"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    yield node.lineno, f"{node.name} has {lines} lines, more than {FUNCTION_LINES}"

    assert_nowhere(rule)


def test_names_say_something() -> None:
    def rule(module: Module) -> Offences:
        for word in sorted(BANNED_WORDS.intersection(re.split(r"[._]", module.name))):
            yield 1, f"a module named {word}"
        for node in classes(module):
            words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", node.name)]
            if BANNED_WORDS.intersection(words):
                yield node.lineno, f"a class named {node.name}"

    assert_nowhere(rule)


def test_nothing_is_unfinished() -> None:
    def rule(module: Module) -> Offences:
        for number, line in enumerate(module.text.splitlines(), start=1):
            if UNFINISHED.search(line):
                yield number, line.strip()

    assert_nowhere(rule)


def test_no_machine_is_named() -> None:
    def rule(module: Module) -> Offences:
        for number, line in enumerate(module.text.splitlines(), start=1):
            if MACHINE_PATH.search(line):
                yield number, line.strip()

    assert_nowhere(rule)
