"""The folder of built libraries: where it is, whose it may be, what goes first, and what `clean` leaves."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fusionc.runtime.building import build
from fusionc.runtime.cache import ABANDONED, IN_USE, Cache, location, open_cache, secured
from fusionc.runtime.faults import NativeFault, UnsafeFolder
from fusionc.runtime.libraries import load, seal

from .native import BUILD_PLAIN, COMPILER, PLAIN, until

needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler here")


def entry_of(number: int) -> str:
    """A name that a built library could have; its lock is that of no other number below 256."""
    return f"made-{number:02x}{'0' * 30}-{'0' * 16}"


def keep(cache: Cache, number: int, size: int, seconds_ago: float) -> str:
    """A library of about so many bytes in the cache, last used so long ago."""
    folder = cache.libraries / entry_of(number)
    folder.mkdir()
    library = folder / "libmade.so"
    library.write_bytes(b"0" * size)
    seal(library)
    then = time.time() - seconds_ago
    os.utime(folder / "libmade.so.sha256", (then, then))
    return folder.name


def names(cache: Cache) -> list[str]:
    return [entry.name for entry in cache.kept()]


def test_the_folder_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FUSIONC_CACHE_DIR", str(tmp_path / "named"))
    assert location() == tmp_path / "named"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FUSIONC_CACHE_DIR", "relative")
    assert location() == tmp_path / "relative"


@pytest.mark.parametrize("value", [None, ""])
def test_else_it_is_where_the_platform_has_caches(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str | None
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    if value is None:
        monkeypatch.delenv("FUSIONC_CACHE_DIR", raising=False)
    else:
        monkeypatch.setenv("FUSIONC_CACHE_DIR", value)
    assert location().is_relative_to(tmp_path)
    assert location().name == "fusionc"
    assert not location().exists()


def test_it_is_made_for_its_owner_alone(cache_folder: Path) -> None:
    previous = os.umask(0)
    try:
        cache = open_cache()
    finally:
        os.umask(previous)
    for folder in (cache.folder, *cache.folder.iterdir()):
        assert folder.stat().st_mode & 0o777 == 0o700, folder


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o720, 0o702, 0o1777])
def test_a_folder_that_others_may_write_is_refused(cache_folder: Path, mode: int) -> None:
    cache_folder.mkdir()
    cache_folder.chmod(mode)
    with pytest.raises(UnsafeFolder, match="others may write this cache; chmod 700 it"):
        open_cache()
    assert list(cache_folder.iterdir()) == []


def test_a_folder_of_another_user_is_refused(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache_folder.mkdir()
    if os.geteuid() == 0:
        os.chown(cache_folder, 54321, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(UnsafeFolder, match="belongs to another user"):
        open_cache()


def test_a_folder_that_others_may_exchange_is_refused(tmp_path: Path) -> None:
    above = tmp_path / "above"
    above.mkdir()
    above.chmod(0o777)
    with pytest.raises(UnsafeFolder, match="anybody may rename folders"):
        secured(above / "between" / "cache")
    above.chmod(0o1777)  # as /tmp is
    assert secured(above / "between" / "cache").is_dir()


def test_a_link_to_the_folder_is_followed_before_it_is_judged(cache_folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    cache_folder.symlink_to(elsewhere)
    assert open_cache().folder == elsewhere.resolve()
    elsewhere.chmod(0o777)
    with pytest.raises(UnsafeFolder):
        open_cache()


def test_what_is_no_folder_is_refused(cache_folder: Path) -> None:
    cache_folder.write_text("a file")
    with pytest.raises(NativeFault, match=r"cannot keep built code here.*FUSIONC_CACHE_DIR"):
        open_cache()
    assert cache_folder.read_text() == "a file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_made(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(NativeFault, match="permission denied"):
        secured(tmp_path / "cache")


def test_a_library_that_anybody_may_write_is_not_loaded(tmp_path: Path) -> None:
    library = tmp_path / "libopen.so"
    library.write_bytes(b"whatever")
    seal(library)
    library.chmod(0o666)
    with pytest.raises(UnsafeFolder, match="anybody may write it"):
        load(library)
    library.chmod(0o644)
    tmp_path.chmod(0o777)
    with pytest.raises(UnsafeFolder, match="anybody may write it"):
        load(library)


def test_what_was_used_longest_ago_goes_first(cache_folder: Path) -> None:
    cache = open_cache()
    for number, ago in ((1, 3.0), (2, 5.0), (3, 4.0)):
        keep(cache, number, 1000, ago * IN_USE)
    cache.make_room(10_000)
    assert names(cache) == [entry_of(1), entry_of(2), entry_of(3)]
    assert cache.find(entry_of(2), "libmade.so"), "now it was used last"
    cache.make_room(2500)
    assert names(cache) == [entry_of(1), entry_of(2)]
    cache.make_room(0)
    assert names(cache) == [entry_of(2)], "what somebody may be about to load stays"


def test_what_is_being_built_does_not_go(cache_folder: Path) -> None:
    cache = open_cache()
    for number in (1, 2):
        keep(cache, number, 1000, 2 * IN_USE)
    with cache.lock(entry_of(1), lambda: None):
        cache.make_room(0)
        assert names(cache) == [entry_of(1)]
        removed, busy = cache.clean()
        assert (removed, [entry.name for entry in busy]) == ((), [entry_of(1)])
    removed, busy = cache.clean()
    assert ([entry.name for entry in removed], busy) == ([entry_of(1)], ())
    assert names(cache) == []


def test_remains_of_the_dead_go(cache_folder: Path) -> None:
    cache = open_cache()
    old, new = (cache.libraries / f"{entry_of(n)}.abc.part" for n in (1, 2))
    foreign = cache.libraries / "of-somebody-else.part"
    for folder in (old, new, foreign):
        folder.mkdir()
        (folder / "object.o").write_text("half")
    then = time.time() - 2 * ABANDONED
    os.utime(old, (then, then))
    os.utime(foreign, (then, then))
    cache.make_room()
    assert (old.exists(), new.exists(), foreign.exists()) == (False, True, True)
    cache.clean()
    assert (new.exists(), foreign.exists()) == (False, True)


def test_clean_takes_only_what_was_built(cache_folder: Path) -> None:
    """Someone may name their home folder."""
    cache = open_cache()
    keep(cache, 1, 10, 0)
    for precious in (cache.folder / "thesis.tex", cache.libraries / "thesis.tex", cache.libraries / "books" / "a.txt"):
        precious.parent.mkdir(exist_ok=True)
        precious.write_text("precious")
    cache.clean()
    assert sorted(path.name for path in cache.folder.rglob("*") if path.is_file() and path.parent.name != "locks") == [
        "a.txt",
        "thesis.tex",
        "thesis.tex",
    ]


def test_a_failed_build_leaves_nothing(cache_folder: Path) -> None:
    cache = open_cache()
    with pytest.raises(FileNotFoundError), cache.building(entry_of(1)) as folder:
        (folder / "half" / "of it").write_text("half")
    assert list(cache.libraries.iterdir()) == []


def test_a_lock_ends_with_its_holder(cache_folder: Path, start: Callable[..., subprocess.Popen[str]]) -> None:
    code = (
        "import time\nfrom fusionc.runtime.cache import open_cache\n"
        f"with open_cache().lock({entry_of(1)!r}, lambda: None):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    holder = start(code)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    cache = open_cache()
    waits: list[str] = []

    def waiting() -> None:
        waits.append("waiting")
        holder.kill()

    with cache.lock(entry_of(1), waiting):
        assert waits == ["waiting"]
    holder.communicate(timeout=60)


@needs_compiler
def test_clean_while_another_builds(cache_folder: Path, watched: Callable, start: Callable) -> None:
    compiler = watched("case $* in *-c*plain.cpp*) sleep 1;; esac")
    builder = start(BUILD_PLAIN)
    until(lambda: compiler.calls("-c plain.cpp"))
    open_cache().clean()
    out, err = builder.communicate(timeout=60)
    assert builder.returncode == 0, err
    assert build(PLAIN) == Path(out.strip())
    assert len(compiler.calls("-c plain.cpp")) == 1
