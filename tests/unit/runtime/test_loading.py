"""`fusionc.load` and `fusionc.plan` as a user of Python meets them."""

from __future__ import annotations

import copy
import inspect
import io
import pickle
import sys
import traceback
import warnings
from pathlib import Path

import pytest
import torch

import fusionc
from fusionc.runtime.generated import module_of

MIX = """\
fusion 1
param C = 2
diagram mix {
  input x : {C}x0e + {C}x1o
  h : {C}x0e + {C}x1o = linear(x)
  output h
}
"""
TWO = MIX + MIX.replace("mix", "other").partition("param C = 2\n")[2]


def test_a_path_and_a_text_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "mix.fusion").write_text(MIX)
    from_path = fusionc.load(str(tmp_path / "mix.fusion"))()
    from_text = fusionc.load(MIX)()
    assert fusionc.load(tmp_path / "mix.fusion") is type(from_path)
    assert from_path(torch.ones(3, 8)).shape == (3, 8)
    assert list(from_text.state_dict()) == list(from_path.state_dict())


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fusionc.load(MIX, C=3)
    assert list(tmp_path.iterdir()) == []


def test_parameters() -> None:
    module = fusionc.load(MIX, C=5)()
    assert module(torch.ones(1, 20)).shape == (1, 20)
    with pytest.raises(fusionc.CompileError, match="F111"):
        fusionc.load(MIX, D=5)
    for value in (1.5, True, "4", -1):
        with pytest.raises(TypeError, match="parameter C"):
            fusionc.load(MIX, C=value)


@pytest.mark.parametrize("dtype", ["float64", torch.float64])
def test_the_dtype_is_fixed(dtype: str | torch.dtype) -> None:
    module = fusionc.load(MIX, dtype=dtype)()
    assert {p.dtype for p in module.parameters()} == {torch.float64}
    with pytest.raises(ValueError, match="float32 or float64"):
        fusionc.load(MIX, dtype=torch.int32)


def test_the_entry() -> None:
    assert fusionc.load(TWO, entry="other").__name__ == "Other"
    assert fusionc.load(TWO, "mix").__name__ == "Mix"
    with pytest.raises(ValueError, match="mix, other"):
        fusionc.load(TWO)
    with pytest.raises(fusionc.CompileError, match="did you mean `mix`"):
        fusionc.load(TWO, entry="mx")


def test_faults() -> None:
    with pytest.raises(fusionc.CompileError, match="F101") as caught:
        fusionc.load(MIX.replace("linear(x)", "linear(y)"))
    assert "<text>:5:" in str(caught.value)
    with pytest.raises(fusionc.InputError, match=r"missing\.fusion"):
        fusionc.load("missing.fusion")


def test_warnings_point_at_the_caller() -> None:
    unused = MIX.replace("  h :", "  input y : 1o\n  h :")
    for call in (fusionc.load, fusionc.plan):
        with pytest.warns(fusionc.CompileWarning, match="F106") as caught:
            call(unused)
        assert [Path(w.filename).name for w in caught] == ["test_loading.py"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fusionc.load(MIX)


def test_copies_and_pickles() -> None:
    module = fusionc.load(MIX)()
    x = torch.randn(3, 8)
    assert torch.equal(copy.deepcopy(module)(x), module(x))
    assert torch.equal(pickle.loads(pickle.dumps(module))(x), module(x))
    stream = io.BytesIO()
    torch.save(module.state_dict(), stream)
    stream.seek(0)
    other = fusionc.load(MIX)()
    other.load_state_dict(torch.load(stream, weights_only=True))
    assert torch.equal(other(x), module(x))


def test_the_source_is_at_hand() -> None:
    built = fusionc.load(MIX)
    text = inspect.getsource(built)
    assert text.startswith("class Mix(")
    assert "def forward" in inspect.getsource(built.forward)
    assert built.__module__ in sys.modules
    try:
        built()(torch.ones(3, 7))
    except Exception:
        assert "<fusionc_generated_" in traceback.format_exc()
        assert len(traceback.extract_tb(sys.exc_info()[2])[-1].line or "") > 0
    else:
        pytest.fail("a wrong shape was accepted")


def test_broken_text_leaves_nothing_behind() -> None:
    before = set(sys.modules)
    with pytest.raises(ZeroDivisionError):
        module_of("x = 1 / 0\n", "broken")
    assert set(sys.modules) == before


def test_plan_is_a_package_and_a_function() -> None:
    import fusionc.plan.ir

    assert fusionc.plan.ir.Plan
    assert fusionc.plan(MIX).to_text().startswith("diagram mix")


def test_the_package_lists_what_it_offers() -> None:
    assert {"load", "plan", "CompileError", "testing", "interop", "__version__"} <= set(dir(fusionc))
    with pytest.raises(AttributeError, match="lood"):
        fusionc.lood  # noqa: B018
