"""The text of supporting functions and classes, read from `support.py`, which is tested as it stands."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from importlib import resources


def supplied(names: Iterable[str], backend: str = "pytorch") -> tuple[str, ...]:
    """The source of what has these names in the support of a backend."""
    functions = _functions(backend)
    return tuple(functions[name] for name in names)


@cache
def _functions(backend: str) -> dict[str, str]:
    text = resources.files(f"fusionc.backends.{backend}").joinpath("support.py").read_text(encoding="utf-8")
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            segment = ast.get_source_segment(text, node)
            assert segment is not None
            found[node.name] = segment
    return found
