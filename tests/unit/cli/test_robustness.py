"""Bad input, as a stranger might send it: refused, in time, without a traceback."""

from __future__ import annotations

import ast
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fusionc.runtime.writing import MARKER

SLACK = 6.0
"""The bounds hold on a free machine; a busy one may take so many times as long."""


def diagram(body: str, inputs: str = "  input x : 1o\n  input y : 1o\n", header: str = "") -> str:
    return f"{header}diagram d {{\n{inputs}  {body}\n  output z\n}}\n"


def tree_of(leaves: int) -> str:
    names = [f"a{n}" for n in range(leaves)]
    lines, last = [], names[0]
    for n, name in enumerate(names[1:], start=1):
        vertex = "out" if n == leaves - 1 else f"e{n}"
        lines.append(f"  {vertex} = {last} * {name}")
        last = vertex
    return f"tree t({', '.join(f'{name}: 1o' for name in names)}) : 0e {{\n" + "\n".join(lines) + "\n}\n"


# what, source, code, what the message says, seconds
TABLE = [
    ("a half-integer spin", diagram("z = x * y", "  input x : 1/2e\n  input y : 1o\n"), "F203", "`1o`", 0.1),
    ("a half-integer decimal", diagram("z = x * y", "  input x : 0.5o\n  input y : 1o\n"), "F203", "half-integer", 0.1),
    ("three halves", diagram("z = x * y", "  input x : 1x3/2e\n  input y : 1o\n"), "F203", "half-integer", 0.1),
    ("the wrong parity", diagram("z : 1o = x * y"), "F210", "did you mean `1e`", 0.1),
    ("an unreachable irrep", diagram("z : 3e = x * y"), "F211", "`0e`, `1e` and `2e`", 0.1),
    ("a function of a vector", diagram("z = silu(x) + y"), "F240", "gate", 0.1),
    ("an unknown name", diagram("z = x * yy"), "F101", "did you mean `y`", 0.1),
    ("a duplicate", diagram("z = x * y", "  input x : 1o\n  input y : 1o\n  input x : 1o\n"), "F105", "twice", 0.1),
    ("a cycle", diagram("z = q * x\n  q = z * y"), "F104", "each other", 0.1),
    ("a use before the definition", diagram("z = q * x\n  q = x * y"), "F102", "before its definition", 0.1),
    ("a billion channels", diagram("z = x * y", "  input x : 1000000000x0e\n  input y : 1o\n"), "F009", "digits", 0.05),
    ("too many channels", diagram("z = x * y", "  input x : 100000000x0e\n  input y : 1o\n"), "F204", "65536", 0.05),
    ("a degree of 500", diagram("z = x * y", "  input x : 1x500e\n  input y : 1o\n"), "F204", "limit", 0.05),
    ("5,000 digits", diagram("z = x * x", f"  input x : {'9' * 5000}x0e\n"), "F009", "5,000 digits", 0.05),
    (
        "65,536 cubed",
        diagram(
            "z : 65536x0e = x * y with mode=uvw, weights=w",
            "  input x : 65536x0e\n  input y : 65536x0e\n  weight w\n",
        ),
        "F204",
        "limit",
        0.05,
    ),
    ("100,000 brackets", diagram(f"z = {'(' * 9000}\n" + "(" * 9000), "F010", "deep", 0.1),
    ("100,000 brackets on one line", diagram(f"z = {'(' * 100_000}"), "F002", "characters", 0.1),
    ("a tree of 40 leaves", tree_of(40), "F204", "leaves", 0.1),
    ("an order of 50", diagram("z : 1o = sympow(x, 1..50)"), "F137", "limit", 0.1),
    ("an empty range", diagram("z : 1o = sympow(x, 1..0)"), "F136", "empty", 0.1),
    ("a Cyrillic name", diagram("z = x * y", "  input \u0430 : 1o\n  input y : 1o\n"), "F004", "U+0430", 0.1),
    ("a bidirectional control", diagram("z = x * y  # \u202e"), "F003", "U+202E", 0.1),
    ("NUL", diagram("z = x * y\0"), "F003", "U+0000", 0.1),
    ("ESC in a comment", diagram("z = x * y  # \x1b[31m"), "F003", "U+001B", 0.1),
    ("a lone CR in a comment", diagram("z = x * y  # a\rimport os"), "F003", "U+000D", 0.1),
    (
        "names equal but for case",
        diagram("z = x * y") + diagram("z = x * y").replace("d {", "D {"),
        "F107",
        "differ only by case",
        0.1,
    ),
]


@pytest.mark.parametrize(("what", "text", "code", "says", "seconds"), TABLE, ids=[row[0] for row in TABLE])
def test_bad_sources(
    fusionc: Callable, program: Callable, what: str, text: str, code: str, says: str, seconds: float
) -> None:
    source = program(text)
    fusionc("check", program("diagram d {\n  input x : 1o\n  z : 0e = x * x\n  output z\n}\n", "warm.fusion"))
    start = time.perf_counter()
    run = fusionc("check", source)
    taken = time.perf_counter() - start
    assert run.code == 1, run.err
    assert f"error[{code}]" in run.err, what
    assert says in run.err, run.err
    assert "\x1b" not in run.err
    assert "\u202e" not in run.err
    assert "\0" not in run.err
    assert taken < SLACK * seconds


@pytest.mark.parametrize("ends", ["\r\n", "\n"])
@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_windows_files_are_fine(fusionc: Callable, program: Callable, ends: str, mark: str) -> None:
    text = "fusion 1\ndiagram d {\n  input x : 1o  # a vector\n  z = dot(x, x)\n  output z\n}\n"
    assert fusionc("check", program(mark + text.replace("\n", ends))).code == 0


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_bytes(b"diagram \xff {"), "not UTF-8"),
        (lambda path: path.mkdir(), "directory"),
        (lambda path: path.symlink_to("/dev/zero"), "device"),
        (lambda path: os.mkfifo(path), "pipe"),
        (lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_RDWR), 2**30), "larger than 1,048,576 bytes"),
        (lambda path: None, "no such file"),
        (lambda path: path.symlink_to(path), "symbolic links"),
    ],
    ids=["bytes", "directory", "device", "pipe", "gibibyte", "missing", "loop"],
)
@pytest.mark.parametrize("command", [("check",), ("fmt",), ("compile",), ("plan",), ("show", "--stage", "file")])
def test_files_that_are_no_sources(
    fusionc: Callable, tmp_path: Path, command: tuple[str, ...], make: Callable, says: str
) -> None:
    path = tmp_path / "x.fusion"
    make(path)
    start = time.perf_counter()
    run = fusionc(*command, path)
    assert run.code == 2
    assert says in run.err.lower() or says in run.err
    assert run.err.startswith("error: ")
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize("name", ["class", "eval", "forward", "self", "torch", "Tensor", "print", "Module", "__init__"])
def test_names_of_python_are_names_like_others(fusionc: Callable, program: Callable, name: str) -> None:
    other = "x" if name != "x" else "y"
    text = f"diagram {name} {{\n  input {name} : 2x1o\n  {other} = dot({name}, {name})\n  output {other}\n}}\n"
    run = fusionc("compile", program(text))
    assert run.code == 0, run.err
    ast.parse(run.out)


INJECTIONS = [
    'x"""\nimport os\nos.mkdir("pwned")\n"""',
    "x\\",
    "x\nimport os; os.mkdir('pwned')",
    "x\rimport os; os.mkdir('pwned')",
    "coding: utf-7 +AAo-import os",
    "# -*- coding: unicode_escape -*- \\u000aimport os",
    "*/ x",
    "\ufb01le",
    "x\x1b[31m",
    "\u202ex",
    "x\udcff",
]


@pytest.mark.parametrize("stem", INJECTIONS, ids=[ascii(name) for name in INJECTIONS])
def test_file_names_never_become_code(fusionc: Callable, program: Callable, stem: str) -> None:
    try:
        source = program(name=f"{stem.replace('/', '_')}.fusion")
    except (OSError, UnicodeEncodeError):
        pytest.skip("the file system has no such names")
    plain = fusionc("compile", program()).out
    run = fusionc("compile", source)
    assert run.code == 0, run.err
    assert run.out.isascii()
    assert run.out.startswith(MARKER)
    # Parsed as bytes, as Python does with a file: a `coding:` line would count.
    assert ast.dump(ast.parse(run.out.encode())) == ast.dump(ast.parse(plain.encode()))
    assert run.out.count("\n") == plain.count("\n")
    assert "\r" not in run.out
    assert "coding:" not in "".join(run.out.splitlines()[:2])


@pytest.mark.parametrize("stem", INJECTIONS, ids=[ascii(name) for name in INJECTIONS])
@pytest.mark.parametrize("form", ["full", "short", "json"])
def test_file_names_are_escaped_on_the_terminal(fusionc: Callable, tmp_path: Path, stem: str, form: str) -> None:
    run = fusionc("check", "--message-format", form, f"{stem}.fusion")
    assert run.code == 2
    assert len(run.err.splitlines()) == 1
    assert not any(c in run.err for c in "\x1b\u202e\r")


def test_comments_are_not_copied(fusionc: Callable, program: Callable) -> None:
    text = '# """ import os\ndiagram d {  # system\n  input x : 1o  # */ eval\n  z = dot(x, x)\n  output z\n}\n'
    run = fusionc("compile", program(text))
    assert run.code == 0
    assert "import os" not in run.out
    assert "system" not in run.out


def test_nothing_of_the_source_is_executed(fusionc: Callable, program: Callable) -> None:
    """Checking, planning, formatting and compiling neither execute code nor start a process."""
    source = program()
    for command in (("check",), ("plan",), ("fmt", "--check"), ("compile",)):
        fusionc(*command, source)
    seen: list[str] = []

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        watched = event in ("exec", "os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "pickle.find_class")
        if watched and watching:
            seen.append(f"{event} {arguments!r}")

    watching = True
    sys.addaudithook(watch)
    try:
        for command in (("check",), ("plan",), ("fmt", "--check"), ("compile",)):
            assert fusionc(*command, source).code == 0
    finally:
        watching = False
    assert seen == []
