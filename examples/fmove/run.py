"""Print the identity that the compiler proves, and what it says to a wrong one."""

from pathlib import Path

from fusionc.compiler import check_source
from fusionc.diagnostics import CompileError
from fusionc.options import CompileOptions
from fusionc.render import render_all
from fusionc.source import Source

PROGRAM = Path(__file__).with_name("fmove.fusion")


def main() -> None:
    text = PROGRAM.read_text()
    for identity in check_source(Source(PROGRAM.name, text), CompileOptions()).program.identities:
        print(f"proved: {identity.text}")

    print("\nwith the last sign changed:\n")
    wrong = Source("wrong.fusion", text[: text.index("check")] + WRONG)
    try:
        check_source(wrong, CompileOptions())
    except CompileError as error:
        print(render_all(wrong, error.diagnostics))


WRONG = "check left(e=1e) == -sqrt(1/3) * right(f=0e) + 1/2 * right(f=1e) - sqrt(5/12) * right(f=2e)\n"

if __name__ == "__main__":
    main()
