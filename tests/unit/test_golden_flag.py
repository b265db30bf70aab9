"""Golden files are never rewritten where nobody reads them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("variables", "code"), [({"CI": "true"}, 4), ({}, 0)])
def test_update_golden_is_refused_in_ci(variables: dict[str, str], code: int) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | variables
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--update-golden", "--collect-only", "-q"]
    done = subprocess.run([*command, "tests/unit/test_suggest.py"], cwd=ROOT, env=environment, capture_output=True)
    assert done.returncode == code
    assert (b"refused when CI is set" in done.stderr) == (code == 4)
