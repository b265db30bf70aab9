"""Running compilers: several at once, each in its own process group, none left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fusionc.runtime.faults import BuildFailed

POLL = 0.01
"""Seconds between two looks at the compilers."""
FIRST_WORDS = 2000
"""Characters of a compiler's complaint that are shown: what follows its first errors is often but their consequence."""


@dataclass(frozen=True, slots=True)
class Job:
    """One call of a compiler."""

    title: str
    """What it makes, for messages; also the stem of its log."""
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Running:
    job: Job
    process: subprocess.Popen[bytes]
    log: Path


def jobs_at_once() -> int:
    """$MAX_JOBS, as for torch's own extensions, else the processors that this process may use."""
    asked = os.environ.get("MAX_JOBS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_jobs(jobs: Sequence[Job], folder: Path, at_once: int, tick: Callable[[int], None]) -> None:
    """Run all jobs with `folder` as their working directory, so many at once.

    `tick` is called again and again with the number of jobs that are done. Raises BuildFailed for the first that
    fails; whatever ends this function, no compiler outlives it.
    """
    waiting = deque(jobs)
    running: list[_Running] = []
    done = 0
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                running.append(_start(waiting.popleft(), folder))
            time.sleep(POLL)
            for ended in [one for one in running if one.process.poll() is not None]:
                running.remove(ended)
                _judge(ended)
                done += 1
            tick(done)
    finally:
        for one in running:
            if one.process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(one.process.pid, signal.SIGKILL)
        for one in running:
            one.process.wait()


def _start(job: Job, folder: Path) -> _Running:
    log = folder / f"{job.title}.log"
    environment = os.environ | {"LC_ALL": "C", "TMPDIR": str(folder)}  # what a killed compiler leaves goes with it
    try:
        with log.open("wb") as file:
            process = subprocess.Popen(
                job.command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                process_group=0,  # a compiler is a family of processes, and dies as one
            )
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BuildFailed(f"cannot start {job.command[0]!a}: {reason}") from error
    return _Running(job, process, log)


def _judge(ended: _Running) -> None:
    code = ended.process.returncode
    if code != 0:
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        said = ended.log.read_text(encoding="utf-8", errors="replace").strip()
        words = "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in said[:FIRST_WORDS])
        raise BuildFailed(f"the C++ compiler fails on {ended.job.title} ({how}):\n{words}")
    ended.log.unlink(missing_ok=True)
