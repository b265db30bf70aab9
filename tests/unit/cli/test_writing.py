"""Output files: never over what is not ours, never half."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from fusionc.runtime import writing
from fusionc.runtime.writing import MARKER, OutputError, write

ROOT = Path(__file__).resolve().parents[3]
OURS = f"{MARKER} 0.0.1\nx = 1\n"


def test_a_new_file_has_the_modes_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path / "a.py", OURS)
    finally:
        os.umask(before)
    assert (tmp_path / "a.py").read_text() == OURS
    assert (tmp_path / "a.py").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("old", [OURS, ""])
def test_our_own_and_empty_files_are_replaced_and_keep_their_modes(tmp_path: Path, old: str) -> None:
    path = tmp_path / "a.py"
    path.write_text(old)
    path.chmod(0o600)
    write(path, OURS + "# more\n")
    assert path.read_text().endswith("# more\n")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_of_somebody_else_needs_force(tmp_path: Path) -> None:
    path = tmp_path / "thesis.py"
    path.write_text("import everything\n")
    with pytest.raises(OutputError, match="--force"):
        write(path, OURS)
    assert path.read_text() == "import everything\n"
    write(path, OURS, force=True)
    assert path.read_text() == OURS


@pytest.mark.parametrize("hard", [False, True])
def test_the_input_is_no_output(tmp_path: Path, hard: bool) -> None:
    source, target = tmp_path / "x.fusion", tmp_path / "x.fusion"
    source.write_text(OURS)
    if hard:
        target = tmp_path / "same.py"
        os.link(source, target)
    with pytest.raises(OutputError, match="the input itself"):
        write(target, OURS, inputs=[source])


def test_a_symbolic_link_is_never_written_through(tmp_path: Path) -> None:
    real, link = tmp_path / "real.py", tmp_path / "link.py"
    real.write_text(OURS)
    link.symlink_to(real)
    with pytest.raises(OutputError, match="symbolic link"):
        write(link, OURS + "new\n")
    write(link, OURS + "new\n", force=True)
    assert real.read_text() == OURS
    assert not link.is_symlink()


def test_what_is_no_file_is_refused_even_by_force(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (tmp_path, fifo, Path(os.devnull)):
        with pytest.raises(OutputError, match="not a regular file"):
            write(path, OURS, force=True)


@pytest.mark.parametrize("failing", ["fsync", "replace", "fchmod"])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "a.py"
    path.write_text(OURS)
    monkeypatch.setattr(writing.os, failing, full)
    with pytest.raises(OutputError, match="no space left on device"):
        write(path, OURS + "new\n")
    monkeypatch.undo()
    assert path.read_text() == OURS
    assert os.listdir(tmp_path) == ["a.py"]


def test_an_interruption_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(writing.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "a.py", OURS)
    assert os.listdir(tmp_path) == []


def test_the_file_is_whole_at_any_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name points to the old text until the new one is on the disk."""
    path, seen = tmp_path / "a.py", []
    path.write_text(OURS)
    replace = os.replace

    def watched(source: str, target: Path) -> None:
        seen.append((path.read_text(), Path(source).read_text()))
        replace(source, target)

    monkeypatch.setattr(writing.os, "replace", watched)
    write(path, OURS + "new\n")
    assert seen == [(OURS, OURS + "new\n")]


def test_a_full_disk_leaves_the_old_file(spawn: Callable, program: Callable, tmp_path: Path) -> None:
    """Here the system refuses: no file may be larger than 1,000 bytes."""
    source, target = program(), tmp_path / "norm.py"
    target.write_text(OURS)
    limited = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (1000, 1000))
    process = spawn("compile", source, "-o", target, preexec_fn=limited, environment={"PYTHONDONTWRITEBYTECODE": "1"})
    _, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert b"file too large" in err
    assert target.read_text() == OURS
    assert sorted(os.listdir(tmp_path)) == ["norm.fusion", "norm.py"]


def test_a_killed_process_leaves_the_old_file(fusionc: Callable, program: Callable, tmp_path: Path) -> None:
    source, target = program(), tmp_path / "norm.py"
    target.write_text(OURS)
    code = (
        "import os, signal\nfrom fusionc.cli import run\n"
        "os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"run(['compile', {str(source)!r}, '-o', {str(target)!r}])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=30)
    assert done.returncode == -signal.SIGKILL
    assert target.read_text() == OURS
    assert fusionc("compile", source, "-o", target).code == 0
    assert "class Norm(" in target.read_text()


def test_refusals_of_the_command_are_exit_code_2(fusionc: Callable, program: Callable, tmp_path: Path) -> None:
    source, other = program(), tmp_path / "other.py"
    other.write_text("mine = True\n")
    for target in (other, source, tmp_path, tmp_path / "no" / "such" / "folder" / "a.py", tmp_path / ("n" * 300)):
        run = fusionc("compile", source, "-o", target)
        assert run.code == 2, target
        assert run.err.startswith("error: ")
        assert run.out == ""
    assert other.read_text() == "mine = True\n"
    assert fusionc("compile", source, "-o", other, "--force").code == 0
    assert other.read_text().startswith(MARKER)
    assert fusionc("compile", source, "-o", other).code == 0
