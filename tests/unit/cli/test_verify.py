"""`fusionc verify`: passes what is right, and finds what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CASES = sorted(ROOT.glob("tests/golden/*/*.fusion"))
CHECKS = [
    "value against the reference, float64",
    "gradient against the reference, float64",
    "double gradient against the reference, float64",
    "value against the reference, float32",
    "equivariance under O(3), float64",
    "equivariance under O(3), float32",
]
CROSS = (
    "diagram cross {\n  input x : 2x1o\n  input y : 2x1o\n  z : 2x1e = x * y\n  h : 2x1e = linear(z)\n  output h\n}\n"
)


@pytest.mark.parametrize("layout", ["mul_ir", "ir_mul"])
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.stem)
def test_what_is_right_passes(fusionc: Callable, case: Path, layout: str) -> None:
    run = fusionc("verify", "--layout", layout, case)
    assert run.code == 0, run.out
    assert "FAILED" not in run.out
    found = [re.split(r"  +", line.strip())[0] for line in run.out.splitlines() if line.endswith(" ok")]
    assert found == [check.replace("O(3)", "SO(3)") if case.stem == "rotations_only" else check for check in CHECKS]


def test_a_wrong_module_fails(fusionc: Callable, program: Callable, tmp_path: Path) -> None:
    source, module = program(CROSS), tmp_path / "cross.py"
    assert fusionc("compile", source, "-o", module).code == 0
    assert fusionc("verify", module).code == 0
    module.write_text(_break(module.read_text()))
    run = fusionc("verify", module)
    assert run.code == 1, run.out
    failed = [line.strip() for line in run.out.splitlines() if line.endswith("FAILED")]
    assert [line.partition(",")[0] for line in failed] == ["equivariance under O(3)"] * 2


def _break(text: str) -> str:
    """One coefficient of one coupling has another size."""
    found = re.search(r"\(\d+, \d+, (-?\d+\.\d+)\)", text)
    assert found, text
    return text[: found.start(1)] + repr(1.5 * float(found[1])) + text[found.end(1) :]


def test_a_wrong_compiler_fails(fusionc: Callable, program: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module is equivariant all the same, and yet not what the diagram says."""
    from fusionc import compiler

    compile_source = compiler.compile_source

    def wrong(source: object, options: object) -> compiler.Compiled:
        found = compile_source(source, options)  # type: ignore[arg-type]
        factor = re.search(r"\* (\d+\.\d+)", found.text)
        assert factor, found.text
        text = found.text[: factor.start(1)] + repr(2 * float(factor[1])) + found.text[factor.end(1) :]
        return compiler.Compiled(found.planned, text, found.emitted)

    monkeypatch.setattr(compiler, "compile_source", wrong)
    run = fusionc("verify", program("diagram d {\n  input x : 2x1o\n  z = 0.25 * x\n  output z\n}\n"))
    assert run.code == 1
    failed = [line.split("  ")[1] for line in run.out.splitlines() if line.endswith("FAILED")]
    assert failed[:2] == ["value against the reference, float64", "gradient against the reference, float64"]
    assert not any("equivariance" in line for line in failed)


def test_a_generated_module_is_tested_on_its_own(fusionc: Callable, tmp_path: Path) -> None:
    module = tmp_path / "conv.py"
    for layout in ("mul_ir", "ir_mul"):
        case = ROOT / "tests/golden/convolution/convolution.fusion"
        assert fusionc("compile", case, "-o", module, "--layout", layout).code == 0
        run = fusionc("verify", module)
        assert run.code == 0, run.out + run.err
        assert "executing" in run.err
        assert "double gradient against finite differences" in run.out
        assert "FAILED" not in run.out


def test_only_generated_modules_are_executed(fusionc: Callable, tmp_path: Path) -> None:
    module = tmp_path / "mine.py"
    module.write_text("from pathlib import Path\nPath(__file__).with_name('pwned').mkdir()\n")
    run = fusionc("verify", module)
    assert run.code == 2
    assert "not executed" in run.err
    assert not (tmp_path / "pwned").exists()
    assert fusionc("verify", tmp_path / "missing.py").code == 2


def test_classes_and_parameters(fusionc: Callable, program: Callable) -> None:
    source = program(
        "param C = 2\ndiagram embed {\n  input x[i] : {C}x0e + {C}x1o\n  weight W[i] : per species\n"
        "  h[i] : {C}x0e + {C}x1o = linear(x[i]) with weights=W[i]\n  output h[i]\n}\n"
    )
    assert fusionc("verify", "-D", "C=3", "--seed", "7", source).code == 0


def test_a_file_of_trees_has_nothing_to_run(fusionc: Callable, program: Callable) -> None:
    run = fusionc("verify", program("tree t(a: 1o, b: 1o) : 1e {\n  out = a * b\n}\n"))
    assert run.code == 0
    assert "no diagram" in run.err


def test_a_faulty_source_is_refused(fusionc: Callable, program: Callable) -> None:
    assert fusionc("verify", program("diagram d {\n  input x : 1o\n  output y\n}\n")).code == 1
