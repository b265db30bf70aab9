"""What tests of native code share: where it is built, and whether it can be."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from fusionc.runtime.faults import NoCompiler
from fusionc.runtime.toolchain import find_compiler


def _has_compiler() -> bool:
    try:
        find_compiler()
    except NoCompiler:
        return False
    return True


needs_compiler = pytest.mark.skipif(not _has_compiler(), reason="no C++ compiler")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One for all tests of a module, unless there is one, so that each program is built once."""
    before = os.environ.get("FUSIONC_CACHE_DIR")
    os.environ["FUSIONC_CACHE_DIR"] = before or str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["FUSIONC_CACHE_DIR"]
