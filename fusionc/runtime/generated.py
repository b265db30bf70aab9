"""Generated source, made a module of the running Python without touching the disk."""

from __future__ import annotations

import hashlib
import linecache
import re
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


def module_of(text: str, stem: str) -> ModuleType:
    """Execute generated source as a module of its own; the same text gives the same module.

    It stands in `sys.modules` under a name made of `stem` and the hash of the text, so that its classes can be pickled
    by name, and its lines in `linecache`, so that tracebacks, `inspect.getsource` and `torch.compile` find them.
    """
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
    name = f"fusionc_generated_{re.sub('[^A-Za-z0-9_]', '_', stem)[:64]}_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    file = f"<{name}>"
    module = ModuleType(name)
    module.__file__ = file
    module.__spec__ = ModuleSpec(name, loader=None, origin=file)
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    sys.modules[name] = module
    try:
        exec(compile(text, file, "exec", dont_inherit=True), module.__dict__)
    except BaseException:
        del sys.modules[name], linecache.cache[file]
        raise
    return module


def classes_of(module: ModuleType) -> tuple[type[Any], ...]:
    """The module classes that a generated module defines, in the order of the source's diagrams."""
    return tuple(
        found
        for found in vars(module).values()
        if isinstance(found, type) and found.__module__ == module.__name__ and hasattr(found, "PLAN_SHA256")
    )
