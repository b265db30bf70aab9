"""Source text from a file or from stdin: never more than the limit, never waiting for a file that is not one."""

from __future__ import annotations

import os
import stat
import sys
from typing import BinaryIO

from fusionc.options import Limits
from fusionc.source import Source

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


class InputError(Exception):
    """A file cannot be read as source text: the fault of the call, not of a program."""


def load_source(path: str, limits: Limits | None = None) -> Source:
    """The UTF-8 text of a regular file, or of stdin when `path` is `-`; a byte order mark is dropped.

    Raises `InputError` when there is no such file, when it is not a regular one, when it holds more than
    `limits.source_bytes` (read no further) and when it is not UTF-8.
    """
    limit = (limits or Limits()).source_bytes
    name = "<stdin>" if path == "-" else path
    try:
        data = _read_stdin(limit) if path == "-" else _read_file(path, limit)
    except (OSError, ValueError) as error:
        reason = (os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)).lower()
        raise InputError(f"cannot read {name}: {reason}") from None
    if len(data) > limit:
        raise InputError(f"{name} is larger than {limit:,} bytes; `--limit source_bytes=N` allows more")
    try:
        return Source(name, data.decode("utf-8").removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = f"0x{data[error.start]:02X}"
        raise InputError(f"{name} is not UTF-8: byte {byte} at offset {error.start}, line {line}") from None


def _read_file(path: str, limit: int) -> bytes:
    """Up to one byte more than `limit`. Looks before it opens, since opening a device can have effects, and again
    after, since the name can have got another file meanwhile."""
    _refuse_special(path, os.stat(path).st_mode)
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    with open(descriptor, "rb") as file:
        _refuse_special(path, os.fstat(descriptor).st_mode)
        return file.read(limit + 1)


def _refuse_special(path: str, mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    kind = next((words for test, words in _KINDS if test(mode)), "no regular file")
    raise InputError(f"cannot read {path}: it is {kind}")


def _read_stdin(limit: int) -> bytes:
    stream: BinaryIO | None = getattr(sys.stdin, "buffer", None)
    if stream is None:
        raise ValueError("there is no standard input")
    return stream.read(limit + 1)
