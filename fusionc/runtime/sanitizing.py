"""Where libraries that were built with `sanitize=True` can run."""

from __future__ import annotations

import subprocess
from pathlib import Path

from fusionc.runtime.faults import NativeFault
from fusionc.runtime.toolchain import QUESTION_SECONDS, find_compiler


def sanitizer_environment() -> dict[str, str]:
    """What the environment of a Python process needs, in addition, to load them.

    AddressSanitizer must be the first library of a process, and sees C++ exceptions only if libstdc++ is there by
    then. Leaks are not looked for: Python and torch keep what they have until the end. Raises NativeFault where the
    compiler has no such libraries (clang links them another way).
    """
    command = find_compiler()
    preloaded = [_library(command, name) for name in ("libasan.so", "libstdc++.so")]
    return {
        "LD_PRELOAD": " ".join(map(str, preloaded)),
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:exitcode=99",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99",
    }


def _library(command: tuple[str, ...], name: str) -> Path:
    try:
        asked = subprocess.run(
            [*command, f"-print-file-name={name}"], capture_output=True, text=True, timeout=QUESTION_SECONDS
        )
        found = Path(asked.stdout.strip())
    except (OSError, subprocess.TimeoutExpired):
        found = Path(name)
    if not found.is_absolute() or not found.exists():  # what it does not have, it names as it was asked
        raise NativeFault(f"the compiler {command[0]!a} has no {name}; sanitized code needs the one of g++")
    return found.resolve()
