"""The grammar of the language and its reference pages, as package data."""

from __future__ import annotations

from importlib.resources import files


def read(name: str) -> str:
    """The text of a file of this package, such as `fusion.lark` or `REFERENCE.md`."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
