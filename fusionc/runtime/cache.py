"""The folder in which built libraries are kept: whose it is, what is in it, and how it stays small.

locks/NN                     what builders of the libraries whose keys begin with NN hold; never removed
compilers/DIGEST.json        what a compiler has answered
libraries/NAME-SOURCE-TOOLS/ one library, its hash and its source
libraries/....part/          one that is being built, or whose builder has died
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fusionc.runtime.faults import NativeFault, UnsafeFolder
from fusionc.runtime.libraries import intact, seal_of

if TYPE_CHECKING:
    from filelock import FileLock

VARIABLE = "FUSIONC_CACHE_DIR"
LIMIT = 2 * 2**30
"""Bytes; when there are more, what was used longest ago goes first."""
IN_USE = 3600.0
"""Seconds since its last use in which a library is not removed to make room: somebody may be about to load it."""
ABANDONED = 24 * 3600.0
"""Seconds after which nobody works on an unfinished library any more."""
PATIENCE = 0.5
"""Seconds to wait for another builder before saying so."""

_ENTRY = re.compile(r"[a-z0-9_]{1,64}-(?P<source>[0-9a-f]{32})-(?P<tools>[0-9a-f]{16})")
_PART = re.compile(_ENTRY.pattern.replace("?P<source>", "").replace("?P<tools>", "") + r"\.\w+\.part")


@dataclass(frozen=True, slots=True)
class Kept:
    """A library in the cache."""

    name: str
    """Of the folder: what was built, and the hashes of its source and of the tools."""
    size: int
    """Bytes, with its source."""
    used: float
    """Seconds since the epoch, when it was last built or asked for."""


def location() -> Path:
    """$FUSIONC_CACHE_DIR, else the platform's place for a user's caches; it need not exist."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(os.path.abspath(named))
    import platformdirs

    return Path(os.path.abspath(platformdirs.user_cache_path("fusionc", appauthor=False)))


@dataclass(frozen=True, slots=True)
class Cache:
    """A cache folder that has been found to be ours alone; `open_cache` makes it."""

    folder: Path

    @property
    def compilers(self) -> Path:
        return self.folder / "compilers"

    @property
    def libraries(self) -> Path:
        return self.folder / "libraries"

    def find(self, entry: str, file: str) -> Path | None:
        """The library of that name in the entry, if it is whole; it counts as used now."""
        library = self.libraries / entry / file
        if not intact(library):
            return None
        with suppress(OSError):  # a cache that is only read
            os.utime(seal_of(library))
        return library

    def find_by_source(self, stem: str, file: str) -> Path | None:
        """As `find`, for an entry that begins with `stem`, whatever tools have built it."""
        for kept in self.kept():
            if kept.name.startswith(stem):
                found = self.find(kept.name, file)
                if found is not None:
                    return found
        return None

    @contextmanager
    def lock(self, entry: str, waiting: Callable[[], None]) -> Iterator[None]:
        """Be the only process, and the only thread, that builds this entry. `waiting` is called when another one is.

        The kernel gives the lock back when its holder dies, however it dies.
        """
        lock = self._lock(entry)
        from filelock import Timeout

        try:
            try:
                lock.acquire(timeout=PATIENCE)
            except Timeout:
                waiting()
                lock.acquire()
        except OSError as error:
            raise _unusable(self.folder, error) from error
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def building(self, entry: str) -> Iterator[Path]:
        """A folder to build in, which becomes the entry when the block ends well and vanishes when it does not.

        To be entered under the entry's lock, which makes whatever is unfinished there the remains of the dead.
        """
        for remains in self._parts():
            if remains.name.startswith(f"{entry}."):
                shutil.rmtree(remains, ignore_errors=True)
        try:
            part = self._new_part(entry)
        except OSError as error:
            raise _unusable(self.folder, error) from error
        try:
            yield part
            self._put(part, entry)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for the time being, in which libraries can be loaded if they can be anywhere here."""
        try:
            part = self._new_part(f"scratch-{'0' * 32}-{'0' * 16}")
        except OSError as error:
            raise _unusable(self.folder, error) from error
        try:
            yield part
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def kept(self) -> tuple[Kept, ...]:
        """What is there, in the order of names."""
        found = []
        with suppress(OSError):
            for path in sorted(self.libraries.iterdir()):
                if _ENTRY.fullmatch(path.name):
                    found.append(Kept(path.name, _size(path), _last_use(path)))
        return tuple(found)

    def make_room(self, limit: int = LIMIT) -> None:
        """Remove what was used longest ago until `limit` bytes are left, and what dead builders have left behind."""
        now = time.time()
        for part in self._parts():
            with suppress(OSError):
                if part.stat().st_mtime < now - ABANDONED:
                    shutil.rmtree(part, ignore_errors=True)
        kept = self.kept()
        total = sum(entry.size for entry in kept)
        for entry in sorted(kept, key=lambda entry: entry.used):
            if total <= limit or entry.used > now - IN_USE:
                return
            if self._remove_if_free(entry.name):
                total -= entry.size

    def clean(self) -> tuple[tuple[Kept, ...], tuple[Kept, ...]]:
        """Remove every library, and what was noted of compilers. What was removed, and what is being built just now."""
        kept = self.kept()
        removed = tuple(entry for entry in kept if self._remove_if_free(entry.name))
        for part in self._parts():
            if self._is_free(part.name):
                shutil.rmtree(part, ignore_errors=True)
        for note in self.compilers.glob("*.json"):
            note.unlink(missing_ok=True)
        return removed, tuple(entry for entry in kept if entry not in removed)

    def _lock(self, entry: str) -> FileLock:
        from filelock import FileLock

        # One file for several entries, so that their number is bounded: removing lock files is a race.
        source = _ENTRY.match(entry)
        shard = source["source"][:2] if source else "00"
        return FileLock(self.folder / "locks" / shard, mode=0o600, fallback_to_soft=False)

    def _new_part(self, entry: str) -> Path:
        return Path(tempfile.mkdtemp(prefix=f"{entry}.", suffix=".part", dir=self.libraries))

    def _put(self, part: Path, entry: str) -> None:
        target = self.libraries / entry
        try:
            if target.exists():  # with a library that is not whole
                self._remove(entry)
            part.rename(target)
        except OSError as error:
            raise _unusable(self.folder, error) from error

    def _parts(self) -> tuple[Path, ...]:
        with suppress(OSError):
            return tuple(path for path in sorted(self.libraries.iterdir()) if _PART.fullmatch(path.name))
        return ()

    def _remove_if_free(self, entry: str) -> bool:
        from filelock import Timeout

        lock = self._lock(entry)
        try:
            with lock.acquire(blocking=False):
                self._remove(entry)
        except (Timeout, OSError):
            return False
        return True

    def _is_free(self, entry: str) -> bool:
        from filelock import Timeout

        try:
            with self._lock(entry).acquire(blocking=False):
                return True
        except (Timeout, OSError):
            return False

    def _remove(self, entry: str) -> None:
        """In one step for whoever looks for it: it is renamed, and then taken apart."""
        grave = self._new_part(entry)
        (self.libraries / entry).rename(grave)
        shutil.rmtree(grave, ignore_errors=True)


def open_cache() -> Cache:
    """The cache of this user, made if it is not there. Raises UnsafeFolder for a folder that others may change."""
    cache = Cache(secured(location()))
    try:
        for folder in (cache.libraries, cache.compilers, cache.folder / "locks"):
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _unusable(cache.folder, error) from error
    return cache


def secured(folder: Path) -> Path:
    """The folder itself behind any links, made if it is not there, once it is known that nobody else can put code in.

    It must belong to this user (or to root, who can do anything) and be writable by nobody else; nor may any folder
    above it let others exchange it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = folder.resolve(strict=True)
        found = folder.stat()
        above = [(path, path.stat().st_mode) for path in folder.parents]
    except OSError as error:
        raise _unusable(folder, error) from error
    if found.st_uid not in (os.geteuid(), 0):
        raise UnsafeFolder(f"{folder}: the cache belongs to another user; name one of your own in {VARIABLE}")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UnsafeFolder(f"{folder}: others may write this cache; chmod 700 it, or name another in {VARIABLE}")
    for path, mode in above:
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise UnsafeFolder(
                f"{folder}: anybody may rename folders in {path}, and so exchange this cache; "
                f"name a safer place in {VARIABLE}"
            )
    return folder


def _unusable(folder: Path, error: OSError) -> NativeFault:
    reason = (error.strerror or type(error).__name__).lower()
    return NativeFault(f"{folder}: cannot keep built code here: {reason}; name another folder in {VARIABLE}")


def _size(folder: Path) -> int:
    total = 0
    with suppress(OSError), os.scandir(folder) as files:
        for file in files:
            total += file.stat(follow_symlinks=False).st_size
    return total


def _last_use(folder: Path) -> float:
    times = [0.0]
    with suppress(OSError):
        for seal in folder.glob("*.sha256"):
            times.append(seal.stat().st_mtime)
    return max(times)
