"""Pictures and plans of examples, as the commands write them: `make docs`, or `python docs/make.py FOLDER`."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stdout
from pathlib import Path

from fusionc.cli import run

HERE = Path(__file__).resolve().parent
EXAMPLES = ("tree", "fmove", "conv", "fusion_block", "nequip_layer", "mace_layer")


def make(folder: Path) -> tuple[Path, ...]:
    """Write a picture and a page for each example; the files, in order."""
    written: list[Path] = []
    for name in EXAMPLES:
        source = str(HERE.parent / "examples" / name / f"{name}.fusion")
        for suffix, command in ((".svg", ("draw", source)), (".html", ("plan", source, "--format", "html"))):
            written.append(folder / f"{name}{suffix}")
            written[-1].write_bytes(output_of(*command))
    return tuple(written)


def output_of(*arguments: str) -> bytes:
    """What a command writes to stdout."""
    caught = io.BytesIO()
    stream = io.TextIOWrapper(caught, encoding="utf-8", write_through=True)
    with redirect_stdout(stream):
        code = run(arguments)
    if code:
        raise SystemExit(code)
    return caught.getvalue()


if __name__ == "__main__":
    for path in make(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE):
        print(path.name)
