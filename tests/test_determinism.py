"""The same source gives the same bytes, whatever the hash seed, the folder, and what was compiled before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(path.relative_to(ROOT) for path in ROOT.glob("examples/*/*.fusion"))
OUTPUTS = (
    ("check",),
    ("compile",),
    ("plan",),
    *(("plan", "--format", form) for form in ("json", "html", "dot")),
    *(("draw", "--format", form) for form in ("svg", "dot", "tex")),
    ("fmt", "-"),
    *(("show", "--stage", stage) for stage in ("file", "diagram", "checked", "network", "gradient", "plan")),
)
CODE = """\
import hashlib, io, sys
from pathlib import Path
from fusionc.cli import run
outputs, sources = {outputs!r}, {sources!r}
for source in sources:
    for output in outputs:
        read = output[-1] == "-"
        sys.stdin = io.TextIOWrapper(io.BytesIO(Path(source).read_bytes()))
        sys.stdout, sys.stderr = (io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2))
        code = run([*output] if read else [*output, source])
        said = sys.stdout.buffer.getvalue() + b"|" + sys.stderr.buffer.getvalue()
        print(source, *output, code, hashlib.sha256(said).hexdigest(), file=sys.__stdout__)
"""


def outputs(seed: int, folder: Path, sources: list[str]) -> list[str]:
    code = CODE.format(outputs=OUTPUTS, sources=sources)
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(seed)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=variables, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
def test_outputs_do_not_depend_on_hashes_places_or_history(tmp_path: Path) -> None:
    """Three seeds, another folder, and the sources in another order."""
    sources = [path.as_posix() for path in SOURCES]
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    first = outputs(0, ROOT, sources)
    assert len(first) == len(sources) * len(OUTPUTS)
    assert outputs(1, tmp_path, sources) == first
    assert sorted(outputs(2, ROOT, sources[::-1])) == sorted(first)
    assert not any(line.split()[-2] not in ("0", "1") for line in first)


def test_outputs_of_one_source_do_not_depend_on_hashes() -> None:
    (source,) = (path.as_posix() for path in SOURCES if path.name == "conv.fusion")
    assert outputs(0, ROOT, [source]) == outputs(1, ROOT, [source])


def test_no_machine_shows_in_any_output(tmp_path: Path) -> None:
    """Neither the folder, nor the user, nor the time."""
    copy = tmp_path / "secret_folder" / "conv.fusion"
    copy.parent.mkdir()
    copy.write_bytes((ROOT / "examples" / "conv" / "conv.fusion").read_bytes())
    for output in (("compile",), ("plan",), ("plan", "--format", "json"), ("show", "--stage", "plan")):
        command = [sys.executable, "-m", "fusionc", *output, str(copy)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert b"secret_folder" not in done.stdout
