"""The text of generated modules: names, constants, layout, and that nothing but what belongs there gets in."""

from __future__ import annotations

import ast
import builtins
import hashlib
import keyword
import os
import subprocess
import sys
import tokenize
from io import StringIO
from pathlib import Path

import pytest
import torch

import fusionc
from fusionc import backends
from fusionc.backends.interface import Header, safe_name
from fusionc.backends.naming import MODULE_ATTRIBUTES, Names, class_name, legal
from fusionc.backends.pytorch.audit import audit
from fusionc.backends.pytorch.supplied import supplied
from fusionc.backends.writer import Writer
from fusionc.compiler import compile_source
from fusionc.diagnostics import InternalError
from fusionc.options import CompileOptions
from fusionc.runtime.generated import classes_of, module_of
from fusionc.source import Source

ROOT = Path(__file__).parents[2]
EXAMPLES = [path for path in sorted((ROOT / "examples").glob("*/*.fusion")) if path.stem != "half_integer"]


def text_of(source: str, **options: str) -> str:
    return compile_source(Source("a.fusion", source), CompileOptions(**options)).text  # type: ignore[arg-type]


def program(names: dict[str, str], name: str = "d") -> str:
    x, y, z, w, i, j = (names.get(n, n) for n in "xyzwij")
    return f"""fusion 1
diagram {name} {{
  input {x}[{j}] : 2x0e + 2x1o
  input {y}[{i},{j}] : 2x0e + 2x1o
  weight {w}[{i}] : per {names.get("species", "species")}
  {z}[{i}] : 2x0e + 2x1o = sum[{j}]({x}[{j}] * {y}[{i},{j}]) with weights={w}[{i}]
  output {z}[{i}]
}}
"""


HOSTILE = [
    "self",
    "torch",
    "forward",
    "eval",
    "type",
    "half",
    "to",
    "training",
    "class",
    "def",
    "lambda",
    "None",
    "import",
    "dtype",
    "device",
    "like",
    "into",
    "num_nodes",
    "leading",
    "print",
    "exec",
    "__init__",
    "__class__",
    "_",
    "_parameters",
    "_buffers",
    "arguments",
    "irreps_in",
    "receiver",
    "sender",
    "super",
    "ValueError",
]


@pytest.mark.parametrize("word", HOSTILE)
def test_any_name_works(word: str) -> None:
    """As diagram, argument, weight, statement, class and index."""
    for place in ("x", "y", "z", "w", "species"):
        text = text_of(program({place: word}, word))
        (found,) = classes_of(module_of(text, "hostile"))
        assert sum(p.numel() for p in found(**{f"num_{legal_class(found)}": 2}).parameters())


def legal_class(found: type[torch.nn.Module]) -> str:
    kinds: dict[str, str] = found.argument_kinds  # type: ignore[assignment]
    (name,) = [name for name, kind in kinds.items() if kind == "class"]
    return name


def test_names_are_kept_where_they_can_be() -> None:
    found = fusionc.load(program({}, "my_conv2d"))
    assert found.__name__ == "MyConv2d"
    assert found.arguments == ("x", "y", "edge_index", "species")
    assert [name for name, _ in found(num_species=2).named_parameters()] == ["w"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("conv", "Conv"), ("mace_product", "MaceProduct"), ("class", "Class"), ("__a__b", "AB"), ("_", "X"),
        ("_3", "X3"), ("none", "None_"), ("value_error", "ValueError_"), ("tensor", "Tensor"),
    ],
)  # fmt: skip
def test_class_names(name: str, expected: str) -> None:
    assert class_name(name) == expected


def test_legal_names_are_identifiers_of_nothing_else() -> None:
    taken = {*keyword.kwlist, *dir(builtins), *dir(torch.nn.Module())}
    for name in [*HOSTILE, *sorted(MODULE_ATTRIBUTES), "x", "Y_2"]:
        found = legal(name)
        assert found.isidentifier()
        assert found not in taken
        assert found == name or name in taken or name.startswith("_") or name in HOSTILE


def test_attributes_of_modules_are_all_known() -> None:
    assert {name for name in dir(torch.nn.Module()) if not name.startswith("_")} <= MODULE_ATTRIBUTES


@pytest.mark.parametrize("name", ["", "1a", "a b", "a-b", "a\nb", "\u0430", "a.b", "ﬁle", "a\x00"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        legal(name)
    with pytest.raises(ValueError, match="not a name"):
        class_name(name)


def test_names_differ() -> None:
    names = Names(["a"])
    found = [
        names.keep("class"),
        names.keep("class_"),
        names.keep("a"),
        names.fresh("a"),
        names.fresh("b"),
        names.fresh("b"),
    ]
    assert found == ["class_", "class__", "a_", "a_2", "b", "b_2"]


# --------------------------------------------------------------------- layout


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_readable(path: Path) -> None:
    text = compile_source(Source(path.name, path.read_text()), CompileOptions()).text
    assert text.isascii()
    for number, line in enumerate(text.splitlines(), start=1):
        assert len(line) <= 120, number
        assert line == line.rstrip(), number
    tree = ast.parse(text)
    imported = [ast.unparse(n) for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    assert set(imported) <= {
        "from __future__ import annotations", "from collections.abc import Callable", "import torch",
    }  # fmt: skip


def test_long_names_are_wrapped() -> None:
    names = {n: n * 64 for n in "xyzw"}
    text = text_of(program(names, "d" * 64))
    assert max(map(len, text.splitlines())) <= 200
    (found,) = classes_of(module_of(text, "long"))
    assert found.arguments[0] == "x" * 64


def test_constants_are_exact_and_explained() -> None:
    text = text_of("fusion 1\ndiagram d {\n  input x : 4x1o\n  input y : 1o\n  z = x * y\n  output z\n}\n")
    assert "0.7071067811865476),  # sqrt(1/2)" in text
    numbers = [
        token.string for token in tokenize.generate_tokens(StringIO(text).readline) if token.type == tokenize.NUMBER
    ]
    assert all(repr(float(n)) == n for n in numbers if "." in n)


def test_head_names_the_source_and_the_hashes() -> None:
    source = Source("../a b\rc\\.fusion", program({}))
    compiled = compile_source(source, CompileOptions())
    first, second = compiled.text.splitlines()[:2]
    assert first == f"# Generated by fusionc {fusionc.__version__} from {safe_name(source.name)}. Edit that, not this."
    assert second.endswith(hashlib.sha256(source.text.encode()).hexdigest())
    assert f'PLAN_SHA256 = "{compiled.planned.report.sha256}"' in compiled.text


@pytest.mark.parametrize("name", ["a\rb", "coding: utf-7", 'a"""b', "a\\", "*/", "a\nimport os"])
def test_heads_hold_nothing_unsafe(name: str) -> None:
    with pytest.raises(ValueError, match="not safe"):
        Header(name, "0", "0", "1")
    Header(safe_name(name), "0", "0", "1")


def test_unknown_backends() -> None:
    with pytest.raises(ValueError, match="no backend 'cobol'; there are torch"):
        backends.load("cobol")


def test_same_text_whatever_the_hash_seed() -> None:
    code = (
        "import sys, hashlib, pathlib; from fusionc.compiler import compile_source; from fusionc.source import Source;"
        "print([hashlib.sha256(compile_source(Source('a', pathlib.Path(p).read_text())).text.encode()).hexdigest()"
        " for p in sys.argv[1:]])"
    )
    paths = [str(path) for path in EXAMPLES[:4]]
    found = set()
    for seed in "012":
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", code, *paths]
        found.add(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
    assert len(found) == 1


# ---------------------------------------------------------------------- audit


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("import os", "imports"),
        ("from os import path", "imports"),
        ("eval('1')", "calls eval"),
        ("__import__('os')", "calls __import__"),
        ("torch.load('x')", "calls torch.load"),
        ("torch.ops.load_library('x')", "calls torch.ops.load_library"),
        ("x.tofile('y')", "calls x.tofile"),
        ("getattr(torch, 'load')('x')", "calls"),
        ("with x: pass", "With"),
        ("while True: pass", "While"),
        ("lambda: 0", "Lambda"),
        ("global x", "Global"),
        ("x = y = 1;;", "does not parse"),
        ("'\u202e'", "character"),
        ("# a\rimport os", "character"),
        ("x\t= 1", "character"),
    ],
)
def test_audit_stops(line: str, message: str) -> None:
    with pytest.raises(InternalError, match=message):
        audit(f"import torch\n{line}\n")


def test_audit_passes_what_is_generated() -> None:
    for path in EXAMPLES:
        audit(compile_source(Source(path.name, path.read_text()), CompileOptions()).text)


def test_supporting_functions_are_those_of_the_module() -> None:
    from fusionc.backends.pytorch import support

    (text,) = supplied(["_unit"])
    scope: dict[str, object] = {"torch": torch}
    exec(text, scope)
    r = torch.tensor([[3.0, 0.0, 4.0], [0.0, 0.0, 0.0]])
    expected = torch.tensor([[0.6, 0.0, 0.8], [0.0, 0.0, 0.0]])
    for unit in (support._unit, scope["_unit"]):
        assert callable(unit)
        torch.testing.assert_close(unit(r), expected)
        for scale in (1e-30, 1e30):
            torch.testing.assert_close(unit(scale * r), expected)


# --------------------------------------------------------------------- writer


def test_writer_fills_lines() -> None:
    writer = Writer()
    with writer.block("f(", ")"):
        writer.filled([f"{n:020d}," for n in range(12)])
    writer.listing("x = {", ['"a": 1'], "}")
    writer.comment("word " * 40)
    lines = writer.text().splitlines()
    assert max(map(len, lines)) <= 120
    assert lines[0] == "f("
    assert lines[-1].startswith("# word")
    assert 'x = {"a": 1}' in lines
    assert sum("0000" in line for line in lines) == 3
