"""The same messages and the same layout under every hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
from pathlib import Path
from fusionc.diagnostics import CompileError
from fusionc.source import Source
from fusionc.syntax.format import format_file
from fusionc.syntax.lalr import encode, make
from fusionc.syntax.parse import parse
from fusionc import grammar

text = grammar.read("fusion.lark")
print(encode(make(text), text))
for path in sorted(Path("tests/errors").glob("*.fusion")):
    try:
        print(format_file(parse(Source(path.name, path.read_bytes().decode()))))
    except CompileError as error:
        print(ascii(str(error)))
"""


def test_hash_seeds() -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
        )
        for seed in ("0", "1", "2")
    ]
    outputs = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(outputs) == 1
    assert b"F018" in outputs.pop()
