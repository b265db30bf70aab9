"""Print what the compiler says to a half-integer spin."""

from pathlib import Path

import fusionc
from fusionc.diagnostics import CompileError
from fusionc.render import render_all

PROGRAM = Path(__file__).with_name("half_integer.fusion")


def main() -> None:
    try:
        fusionc.load(PROGRAM)
    except CompileError as error:
        print(render_all(error.source, error.diagnostics))
    else:
        raise SystemExit("a spinor was accepted")


if __name__ == "__main__":
    main()
