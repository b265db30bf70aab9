"""Every way in which a run can end, as the shell sees it."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fusionc import cli
from fusionc.commands import deadline, session
from fusionc.diagnostics import InternalError


@pytest.mark.parametrize(
    "error",
    [InternalError("a\nwire without an end"), RecursionError("deep"), MemoryError(), ZeroDivisionError("\x1b[31m")],
)
@pytest.mark.parametrize("verbose", [False, True])
def test_a_bug_says_that_it_is_one(
    fusionc: Callable, program: Callable, monkeypatch: pytest.MonkeyPatch, error: Exception, verbose: bool
) -> None:
    def fail(self: session.Session, path: str) -> None:
        raise error

    monkeypatch.setattr(session.Session, "read", fail)
    run = fusionc("check", program(), *(["-v"] if verbose else []))
    assert run.code == 70
    assert "This is a bug in fusionc" in run.err
    assert run.err.startswith(f"fusionc: internal error: {type(error).__name__}: ")
    assert ("Traceback" in run.err) is verbose
    assert verbose or "\x1b" not in run.err


def test_out_of_time(fusionc: Callable, program: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    def dawdle(self: session.Session, path: str) -> None:
        try:
            time.sleep(30)
        except Exception:
            pytest.fail("the deadline must not be an Exception")

    monkeypatch.setattr(session.Session, "read", dawdle)
    start = time.monotonic()
    run = fusionc("check", program(), "--timeout", "0.2")
    assert time.monotonic() - start < 5
    assert run.code == 124
    assert "not done after 0.2 s" in run.err
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL


def test_what_never_returns_from_c_is_ended_too(spawn: Callable) -> None:
    """A call in C does not see the signal before it returns."""
    code = (
        "import signal\n"
        "from fusionc.commands import deadline\n"
        "deadline.GRACE = 0.3\n"
        "with deadline.deadline(0.1, 124):\n"
        "    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n"
        "    __import__('time').sleep(30)\n"
    )
    root = Path(__file__).resolve().parents[3]
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=root, timeout=20)
    assert done.returncode == 124
    assert time.monotonic() - start < 10


def test_interrupted(spawn: Callable, tmp_path: Path) -> None:
    process = spawn("check", "-", stdin=subprocess.PIPE)
    _wait_until_reading(process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == b""
    assert b"Traceback" not in err


def _wait_until_reading(process: subprocess.Popen[bytes]) -> None:
    """Until the process has imported everything and waits for its standard input."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        call = Path(f"/proc/{process.pid}/syscall")
        if call.exists() and call.read_text().startswith("0 0x0 "):
            return
        time.sleep(0.05)
    if not Path("/proc/self/syscall").exists():
        time.sleep(2)


def test_a_closed_pipe_is_quiet(spawn: Callable) -> None:
    read, write = os.pipe()
    os.close(read)
    process = spawn("explain", "--list", stdout=write)
    os.close(write)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert err == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no device that is full")
def test_a_full_disk_behind_stdout_is_no_bug(spawn: Callable) -> None:
    with open("/dev/full", "wb") as full:
        process = spawn("explain", "--list", stdout=full)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert err == b"fusionc: no space left on device\n"


def test_without_any_standard_stream(spawn: Callable, program: Callable) -> None:
    source = program("diagram d {\n")
    command = [sys.executable, "-m", "fusionc", "check", str(source)]
    shell = ["sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh", *command]
    root = Path(__file__).resolve().parents[3]
    assert subprocess.run(shell, cwd=root, timeout=20).returncode == 1


def test_a_locale_without_letters(spawn: Callable, program: Callable) -> None:
    source = program("# caf\u00e9\ndiagram d {\n  input x : 1o   # \u00e9\n  output y\n}\n", "caf\u00e9.fusion")
    process = spawn("check", source, environment={"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    out, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert b"error[F101]" in err
    err.decode("ascii")
    process = spawn("fmt", "-", stdin=source.open("rb"), environment={"PYTHONIOENCODING": "ascii"})
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out.decode("utf-8").startswith("# caf\u00e9\n")


def test_help_imports_no_command(spawn: Callable) -> None:
    """0.15 s is little: what costs much is not imported before it is needed."""
    code = (
        "import sys\nfrom fusionc.cli import run\nassert run(['--help']) == 0\n"
        "heavy = {'torch', 'numpy', 'sympy', 'lark', 'e3nn', 'networkx', 'opt_einsum', 'dataclasses'}\n"
        "print(sorted(heavy & set(sys.modules)), [m for m in sys.modules if m.startswith('fusionc.commands')])\n"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=20)
    assert done.stdout.splitlines()[-1] == "[] []", done.stderr


def test_no_command_but_verify_and_doctor_needs_torch(program: Callable) -> None:
    """Nor do they import it: checking and compiling are exact, and fast to start."""
    source = program()
    commands = [
        ["check"],
        ["fmt", "--check"],
        ["plan"],
        ["compile"],
        ["show", "--stage", "plan"],
        ["draw"],
        ["plan", "--format", "html"],
    ]
    code = (
        "import sys\nsys.modules['torch'] = None\nfrom fusionc.cli import run\n"
        f"codes = [run([*c, {str(source)!r}]) for c in {commands!r}]\n"
        f"codes.append(run(['verify', {str(source)!r}]))\nprint(codes, file=sys.stderr)\n"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60)
    assert done.stderr.splitlines()[-1] == "[0, 0, 0, 0, 0, 0, 0, 3]", done.stderr
    assert "torch is missing" in done.stderr


@pytest.mark.parametrize(("terminal", "seconds", "shown"), [(True, 0.3, True), (True, 0.0, False), (False, 0.3, False)])
def test_progress_appears_on_a_terminal_when_it_takes_long(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, seconds: float, shown: bool
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(deadline, "PATIENCE", 0.1)
    with deadline.progress("working", wanted=True):
        time.sleep(seconds)
    assert stream.getvalue() == ("working ...\r\033[K" if shown else "")


def test_exit_codes_are_those_of_the_contract() -> None:
    assert (cli.EXIT_FINE, cli.EXIT_SOURCE, cli.EXIT_CALL, cli.EXIT_ENVIRONMENT) == (0, 1, 2, 3)
    assert (cli.EXIT_BUG, cli.EXIT_TIMEOUT, cli.EXIT_INTERRUPTED) == (70, 124, 130)
