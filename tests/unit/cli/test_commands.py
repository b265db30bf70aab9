"""What the commands print, and where."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

import fusionc as package
from fusionc.cli import COMMANDS
from fusionc.commands.compile import module_file
from fusionc.runtime.writing import MARKER

BAD = "diagram d {\n  input x : 1o\n  z = dot(x, y)\n  output z\n}\n"


def test_the_help_lists_every_command_and_no_other(fusionc: Callable) -> None:
    run = fusionc("--help")
    listed = re.findall(r"^  (\w+)  +\S", run.out.partition("Commands:")[2], flags=re.MULTILINE)
    modules = {p.stem for p in Path(package.__file__).parent.joinpath("commands").glob("*.py")}
    assert run.code == 0
    assert run.err == ""
    assert listed == [name for name, _ in COMMANDS]
    assert set(listed) <= modules


@pytest.mark.parametrize(("name", "summary"), COMMANDS)
def test_a_command_says_of_itself_what_the_help_says(fusionc: Callable, name: str, summary: str) -> None:
    command = import_module(f"fusionc.commands.{name}").command
    assert command.name == name
    assert command.short_help == summary
    run = fusionc(name, "--help")
    assert run.code == 0
    assert f"Usage: fusionc {name}" in run.out


def test_the_version(fusionc: Callable) -> None:
    assert fusionc("--version").out == f"fusionc {package.__version__}\n"


def test_check_writes_nothing_but_says_what_it_proved(fusionc: Callable, program: Callable, tmp_path: Path) -> None:
    source = program(
        "tree a(x: 1o, y: 1o) : 1e { \n out = x * y\n}\ntree b(x: 1o, y: 1o) : 1e {\n out = y * x\n}\n"
        "check a() == -1 * b()\n"
    )
    run = fusionc("check", source)
    assert run.code == 0, run.err
    assert run.out.startswith("proved: a() = -")
    assert [p.name for p in tmp_path.iterdir()] == ["norm.fusion"]
    assert fusionc("check", "-q", source).err == ""


def test_check_reads_stdin(fusionc: Callable) -> None:
    run = fusionc("check", "-", stdin=BAD.encode())
    assert run.code == 1
    assert run.out == ""
    assert " --> <stdin>:3:14" in run.err


def test_check_goes_on_after_a_faulty_file(fusionc: Callable, program: Callable) -> None:
    bad, good = program(BAD, "bad.fusion"), program(name="good.fusion")
    run = fusionc("check", bad, "missing.fusion", good)
    assert run.code == 2
    assert "error[F101]" in run.err
    assert "missing.fusion" in run.err
    assert "good.fusion: 1 diagram, no errors" in run.err
    assert fusionc("check", bad, good).code == 1


def test_the_short_form_is_a_line_each(fusionc: Callable, program: Callable) -> None:
    source = program(BAD)
    run = fusionc("check", "--message-format", "short", source)
    assert run.err.splitlines() == [f"{source}:3:14: error[F101]: there is no tensor `y`"]


def test_the_json_form_is_an_object_a_line(fusionc: Callable, program: Callable) -> None:
    source = program(BAD)
    run = fusionc("check", "--message-format", "json", source, "missing.fusion")
    found = [json.loads(line) for line in run.err.splitlines()]
    assert [entry["severity"] for entry in found] == ["error", "error"]
    assert found[0]["code"] == "F101"
    assert found[0]["labels"][0] | {"text": ""} == {
        "file": str(source), "line": 3, "column": 14, "end_line": 3, "end_column": 15,
        "offset": 40, "end_offset": 41, "text": "",
    }  # fmt: skip
    assert "missing.fusion" in found[1]["message"]


def test_quiet_leaves_warnings_out(fusionc: Callable, program: Callable) -> None:
    source = program("diagram d {\n  input x : 1o\n  input y : 1o\n  z = dot(x, x)\n  output z\n}\n")
    assert "warning[F106]" in fusionc("check", source).err
    assert fusionc("check", "--quiet", source).err == ""


@pytest.mark.parametrize(
    ("choice", "variables", "colored"),
    [("always", {}, True), ("always", {"NO_COLOR": "1"}, False), ("auto", {}, False), ("never", {}, False)],
)
def test_colour(
    fusionc: Callable, program: Callable, monkeypatch: pytest.MonkeyPatch, choice: str, variables: dict, colored: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert ("\033[" in fusionc("check", "--color", choice, program(BAD)).err) is colored


def test_parameters_and_limits_reach_the_compiler(fusionc: Callable, program: Callable) -> None:
    source = program()
    assert "5x1o" in fusionc("plan", "-D", "C=3", "-D", "C=5", source).out
    assert "error[F204]" in fusionc("check", "--limit", "multiplicity=4", "-D", "C=5", source).err
    assert "error[F111]" in fusionc("check", "-D", "D=5", source).err


@pytest.mark.parametrize(
    "arguments",
    [
        ("chek",),
        ("check",),
        ("check", "--limt", "l=3", "x"),
        ("check", "-D", "C", "x"),
        ("check", "-D", "C=many", "x"),
        ("check", "-D", "C=-1", "x"),
        ("check", "-D", "C=" + "9" * 5000, "x"),
        ("check", "--limit", "ll=3", "x"),
        ("check", "--limit", "l=65", "x"),
        ("check", "--limit", "l=0", "x"),
        ("check", "--timeout", "0", "x"),
        ("compile", "x", "y"),
        ("compile", "-o", "a.py", "-d", "b", "x"),
        ("compile", "-w", "x"),
        ("compile", "-d", "out", "a/x.fusion", "b/x.fusion"),
        ("compile", "--backend", "fortran", "x"),
        ("plan", "--format", "html", "x"),
        ("show", "--stage", "soul", "x"),
        ("explain",),
        ("explain", "F203", "--list"),
        ("explain", "F999"),
        ("\x1b[31m",),
        ("check", "--\x1b[31m"),
        ("check", "--color", "\x1b[31m", "x"),
        (),
    ],
)
def test_a_wrong_call_is_exit_code_2(fusionc: Callable, arguments: tuple[str, ...]) -> None:
    run = fusionc(*arguments)
    assert run.code == 2
    assert run.out == ""
    assert run.err
    assert "Traceback" not in run.err
    assert "\x1b" not in run.err


def test_names_that_are_nearly_right(fusionc: Callable) -> None:
    assert "did you mean 'check'?" in fusionc("chek").err
    assert "did you mean F203?" in fusionc("explain", "F2O3").err
    assert "did you mean" in fusionc("check", "--limit", "sympo=3", "x").err


def test_explain_prints_one_section(fusionc: Callable) -> None:
    run = fusionc("explain", "f203")
    assert run.code == 0
    assert run.out.startswith("## F203 ")
    assert run.out.count("## ") == 1
    assert run.out.count("```fusion") == 2
    assert max(map(len, run.out.splitlines())) <= 96


def test_explain_lists_every_code_in_order(fusionc: Callable) -> None:
    codes = [line[:4] for line in fusionc("explain", "--list").out.splitlines()]
    assert codes == sorted(codes)
    assert {"F001", "F101", "F203"} <= set(codes)


def test_compile_writes_to_stdout(fusionc: Callable, program: Callable) -> None:
    source = program()
    for arguments in (("compile", source), ("compile", source, "-o", "-")):
        run = fusionc(*arguments)
        assert run.code == 0, run.err
        assert run.out.startswith(MARKER)
        assert "class Norm(" in run.out


def test_compile_into_a_folder(fusionc: Callable, program: Callable, tmp_path: Path) -> None:
    first, second = program(name="norm.fusion"), program(name="2-class.fusion")
    run = fusionc("compile", first, second, "-d", tmp_path / "out")
    assert run.code == 0, run.err
    assert run.out == ""
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["_2_class.py", "norm.py"]
    assert "wrote " in run.err


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("a/conv.fusion", "conv.py"),
        ("1_tensor-product.fusion", "_1_tensor_product.py"),
        ("class.fusion", "class_.py"),
        ("-", "stdin.py"),
        ("é\n.fusion", "__.py"),
        (".fusion", "_fusion.py"),
    ],
)
def test_the_name_of_a_module_can_be_imported(path: str, file: str) -> None:
    assert module_file(path) == file
    assert file.removesuffix(".py").isidentifier()


def test_the_entry_is_the_only_class(fusionc: Callable, program: Callable) -> None:
    source = program("\n".join(f"diagram {n} {{\n  input x : 1o\n  z = dot(x, x)\n  output z\n}}" for n in "ab") + "\n")
    assert len(re.findall("^class ", fusionc("compile", source).out, flags=re.MULTILINE)) == 2
    assert re.findall(r"^class (\w)\(", fusionc("compile", "--entry", "b", source).out, flags=re.MULTILINE) == ["B"]
    assert fusionc("compile", "--entry", "c", source).code == 1


@pytest.mark.parametrize("stage", ["file", "diagram", "checked", "network", "gradient", "plan", "module"])
def test_every_stage_is_shown(fusionc: Callable, program: Callable, stage: str) -> None:
    run = fusionc("show", "--stage", stage, program())
    assert run.code == 0, run.err
    assert "norm" in run.out
    assert " at 0x" not in run.out
    assert run.out.endswith("\n")


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("FUSIONC_CACHE_DIR", str(folder))
    return folder


def test_doctor(fusionc: Callable, cache_folder: Path) -> None:
    run = fusionc("doctor")
    assert run.code == 0
    assert f"fusionc   {package.__version__}" in run.out
    assert f"cache     {cache_folder}, not made yet" in run.out
    *_, check, modules, native = run.out.splitlines()
    assert (check, modules) == ("check and plan: works", "torch modules: works")
    if shutil.which("g++"):
        assert re.fullmatch(r"native code: works, with .+ instructions on \d+ threads?", native)


def test_doctor_without_a_compiler(fusionc: Callable, cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is wrong: the torch backend needs none."""
    monkeypatch.setenv("CXX", "no-such-compiler")
    run = fusionc("doctor")
    assert run.code == 0
    assert "compiler  CXX is 'no-such-compiler', which is no command here" in run.out
    assert run.out.splitlines()[-1] == "native code: no C++ compiler"


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="no C++ compiler here")
def test_doctor_tries_what_it_says(fusionc: Callable, cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that answers every question, and makes nothing that runs."""
    wrapper = cache_folder.with_name("compiler")
    wrapper.write_text('#!/bin/sh\ncase "$*" in *-shared*) touch libfusionc_trial.so; exit 0;; esac\nexec g++ "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("CXX", str(wrapper))
    run = fusionc("doctor")
    assert run.code == 3
    assert run.out.splitlines()[-1].startswith("native code: built, but does not run (exit code 1)")


def test_doctor_finds_an_unsafe_cache(fusionc: Callable, cache_folder: Path) -> None:
    cache_folder.mkdir()
    cache_folder.chmod(0o777)
    run = fusionc("doctor")
    assert f"cache     {cache_folder}: others may write this cache" in run.out
    assert run.code == (3 if shutil.which("g++") else 0)


def test_the_cache(fusionc: Callable, cache_folder: Path) -> None:
    from fusionc.runtime.cache import open_cache
    from fusionc.runtime.libraries import seal

    assert fusionc("cache", "info").out == f"{cache_folder}: 0 libraries, 0 bytes, of at most 2.1 GB\n"
    assert fusionc("cache", "clean").out == f"{cache_folder}: removed 0 libraries, 0 bytes\n"
    assert not cache_folder.exists(), "looking makes nothing"
    name = f"conv-{'1' * 32}-{'2' * 16}"
    entry = open_cache().libraries / name
    entry.mkdir()
    (entry / "libconv.so").write_bytes(b"0" * 3000)
    seal(entry / "libconv.so")
    size = sum(path.stat().st_size for path in entry.iterdir())
    head, line = fusionc("cache", "info").out.splitlines()
    assert head == f"{cache_folder}: 1 library, 3.1 kB, of at most 2.1 GB"
    assert re.fullmatch(rf"  {name}  3\.1 kB, used \d{{4}}-\d\d-\d\d \d\d:\d\d", line)
    facts = json.loads(fusionc("cache", "info", "--format", "json").out)
    assert facts["folder"] == str(cache_folder)
    assert facts["bytes"] == size
    assert [(kept["name"], kept["bytes"]) for kept in facts["libraries"]] == [(name, size)]
    cleaned = json.loads(fusionc("cache", "clean", "--format", "json").out)
    assert cleaned == {"folder": str(cache_folder), "bytes": size, "removed": [name], "busy": []}
    assert not entry.exists()


@pytest.mark.parametrize("action", ["info", "clean"])
def test_an_unsafe_cache_is_a_fault_of_the_environment(fusionc: Callable, cache_folder: Path, action: str) -> None:
    cache_folder.mkdir()
    cache_folder.chmod(0o777)
    run = fusionc("cache", action)
    assert (run.code, run.out) == (3, "")
    assert (
        run.err
        == f"error: {cache_folder}: others may write this cache; chmod 700 it, or name another in FUSIONC_CACHE_DIR\n"
    )


def test_doctor_without_torch(fusionc: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    from fusionc.commands import doctor

    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "torch" else "1.0")
    run = fusionc("doctor")
    assert run.code == 3
    assert "torch is missing" in run.out
