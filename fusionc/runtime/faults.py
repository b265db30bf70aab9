"""Why native code cannot be had here. Commands end with exit code 3; `backend="auto"` takes torch instead."""

from __future__ import annotations


class NativeFault(Exception):
    """Native code cannot be built, kept or loaded here. The message says why and what to do."""


class NoCompiler(NativeFault):
    """There is no C++ compiler that works."""


class BuildFailed(NativeFault):
    """The compiler or the linker has failed; the message ends with its own words."""


class UnsafeFolder(NativeFault):
    """A folder from which code would be loaded belongs to, or is open to, somebody else."""


class BadLibrary(NativeFault):
    """A library is not what fusionc has built: cut short, altered, or of another origin."""
