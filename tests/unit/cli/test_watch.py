"""`fusionc compile --watch`: every save is compiled, errors are waited out, Ctrl-C ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from fusionc.runtime.writing import MARKER

PATIENCE = 30.0


def test_watch(spawn: Callable, program: Callable, tmp_path: Path) -> None:
    source, target = program(), tmp_path / "norm.py"
    log = tmp_path / "log"
    with log.open("wb") as stream:
        process = spawn("compile", "-w", source, "-o", target, stderr=stream)
    try:
        _until(lambda: target.exists(), process)
        assert target.read_text().startswith(MARKER)

        _save(source, source.read_text().replace("norm", "nrm"))
        _until(lambda: "class Nrm(" in target.read_text(), process)

        _save(source, source.read_text().replace("dot(x, x)", "dot(x, y)"))
        _until(lambda: "error[F101]" in log.read_text(), process)
        assert "class Nrm(" in target.read_text()

        source.unlink()
        _until(lambda: "cannot read" in log.read_text(), process)
        _save(source, source_text())
        _until(lambda: "class Norm(" in target.read_text(), process)
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 130
    assert log.read_text().count("wrote ") == 3
    assert "Traceback" not in log.read_text()


def source_text() -> str:
    return "diagram norm {\n  input x : 1o\n  z = dot(x, x)\n  output z\n}\n"


def _save(path: Path, text: str) -> None:
    """As an editor does: another file of another time takes the name."""
    copy = path.with_suffix(".new")
    copy.write_text(text)
    os.utime(copy, ns=(time.time_ns(), time.time_ns() + 1))
    copy.replace(path)


def _until(holds: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert process.poll() is None, "the watch has ended"
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
