"""The limit on wall time, and a sign of life while it runs."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

GRACE = 2.0
"""Seconds after the deadline in which Python code may still unwind and remove its temporary files."""
PATIENCE = 0.5
"""Seconds before a progress line appears."""


class OutOfTime(BaseException):
    """The deadline has passed. No `Exception`, so that nothing on the way swallows it."""


@contextmanager
def deadline(seconds: float, exit_code: int) -> Iterator[None]:
    """Raise `OutOfTime` in the main thread after `seconds`; a call that does not come back from C is killed with
    `exit_code` a little later."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def expire(number: int, frame: FrameType | None) -> None:
        raise OutOfTime

    last_resort = threading.Timer(seconds + GRACE, os._exit, (exit_code,))
    last_resort.daemon = True
    previous = signal.signal(signal.SIGALRM, expire)
    last_resort.start()
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, previous)
        last_resort.cancel()


@contextmanager
def progress(text: str, wanted: bool) -> Iterator[None]:
    """Show `text` on a terminal when the work takes longer than half a second, and take it away afterwards."""
    if not wanted or sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    shown = threading.Event()

    def show() -> None:
        shown.set()
        sys.stderr.write(f"{text} ...")
        sys.stderr.flush()

    timer = threading.Timer(PATIENCE, show)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if shown.is_set():
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
