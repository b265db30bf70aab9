"""Files that are no sources, and sources that are too large: an error, at once, whatever the file does."""

from __future__ import annotations

import io
import os
import socket
import sys
from pathlib import Path

import pytest

from fusionc.options import Limits
from fusionc.reading import InputError, load_source

LIMITS = Limits(source_bytes=100)


def refused(path: str | Path, limits: Limits = LIMITS) -> str:
    with pytest.raises(InputError) as caught:
        load_source(str(path), limits)
    return str(caught.value).replace(str(path), "PATH") if isinstance(path, Path) else str(caught.value)


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.fusion"
    path.write_bytes("\ufeffparam C = 1  # \u00e9\r\n".encode())
    source = load_source(str(path))
    assert (source.name, source.text) == (str(path), "param C = 1  # \u00e9\r\n")


def test_exactly_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.fusion"
    path.write_bytes(b"#" * 100)
    assert len(load_source(str(path), LIMITS).text) == 100
    path.write_bytes(b"#" * 101)
    assert refused(path) == "PATH is larger than 100 bytes; `--limit source_bytes=N` allows more"


def test_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.fusion"
    with path.open("wb") as file:
        file.truncate(2**30)
    assert "larger than" in refused(path)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"ab\ncd\xff", "byte 0xFF at offset 5, line 2"),
        (b"\xef\xbb\xbfab\n\xc0", "byte 0xC0 at offset 6, line 2"),
        ("fusion".encode("utf-16"), "byte 0xFF at offset 0, line 1"),
        (b"\xed\xa0\x80", "byte 0xED at offset 0, line 1"),
    ],
)
def test_what_is_not_utf8(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "a.fusion"
    path.write_bytes(data)
    assert refused(path) == f"PATH is not UTF-8: {reason}"


def test_what_is_not_there(tmp_path: Path) -> None:
    assert refused(tmp_path / "none") == "cannot read PATH: no such file or directory"
    assert refused("a\0b") == "cannot read a\0b: embedded null byte"
    assert "cannot read" in refused("")


@pytest.mark.skipif(os.name != "posix", reason="these kinds of files are POSIX's")
def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(tmp_path / "fifo")
    assert refused(tmp_path) == "cannot read PATH: it is a directory"
    assert refused(tmp_path / "fifo") == "cannot read PATH: it is a pipe"
    assert refused(tmp_path / "link") == "cannot read PATH: it is a pipe"
    assert refused("/dev/zero") == "cannot read /dev/zero: it is a device"


def test_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the address of a socket is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        assert refused("s") == "cannot read s: it is a socket"


def test_a_file_that_becomes_a_pipe_after_the_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    monkeypatch.setattr(os, "stat", lambda _: os.stat_result((0o100644, *[0] * 9)))
    assert refused(path) == "cannot read PATH: it is a pipe"


class Endless(io.RawIOBase):
    """A stream without an end, which counts what is taken."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        assert 0 <= size <= LIMITS.source_bytes + 1
        self.taken += size
        return b"#" * size


def test_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfgroup O3\n")))
    source = load_source("-")
    assert (source.name, source.text) == ("<stdin>", "group O3\n")


def test_endless_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Endless()
    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": stream})())
    assert refused("-") == "<stdin> is larger than 100 bytes; `--limit source_bytes=N` allows more"
    assert stream.taken == 101


def test_no_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert "there is no standard input" in refused("-")
