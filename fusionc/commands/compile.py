"""`fusionc compile`: from a source to a module, once or whenever it is saved."""

from __future__ import annotations

import keyword
import os
import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fusionc.cli import EXIT_FINE
from fusionc.commands.session import Session, program_options, run_options, weights_option
from fusionc.runtime.writing import OutputError, write

if TYPE_CHECKING:
    from fusionc.backends import Emitted

POLL = 0.2
"""Seconds between two looks at the sources in `--watch`."""


@click.command("compile", short_help="Compile to a torch module.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("-o", "--output", metavar="OUT.py", help="Where the module goes.  [default: stdout, which is `-`]")
@click.option("-d", "--directory", metavar="DIR", help="Write one module for each FILE into this folder.")
@click.option(
    "--backend",
    type=click.Choice(["torch", "cpp"]),
    default="torch",
    show_default=True,
    help="What to generate: PyTorch alone, or operators in C++ beside it.",
)
@click.option("-w", "--watch", is_flag=True, help="Compile again whenever a FILE is saved, until Ctrl-C.")
@click.option("--force", is_flag=True, help="Overwrite a file that fusionc did not generate.")
@weights_option
@program_options
@run_options
def command(
    session: Session, files: tuple[str, ...], output: str | None, directory: str | None, watch: bool, force: bool
) -> int:
    """Compile FILE (`-` is stdin) to one Python module with a torch.nn.Module class for each diagram.

    The module imports only torch and the standard library. With --backend cpp its library is built and put beside it,
    with the C++ that it is made of.
    """
    if output is not None and directory is not None:
        raise click.UsageError("give either -o or -d, not both")
    if len(files) > 1 and directory is None:
        raise click.UsageError("several files need -d, a folder for their modules")
    if watch and (("-" in files) or (directory is None and output in (None, "-"))):
        raise click.UsageError("--watch needs files: a source, and an output given by -o or -d")
    if session.options.backend != "torch" and directory is None and output in (None, "-"):
        raise click.UsageError("--backend cpp needs a place for the library too: give the output by -o or -d")
    targets = dict(zip(files, _targets(files, output, directory), strict=True))

    def act(path: str) -> int:
        return _compile(session, path, targets[path], force)

    if watch:
        return _watch(session, files, act)
    return session.each(files, act)


def _targets(files: Sequence[str], output: str | None, directory: str | None) -> list[str]:
    if directory is None:
        return [output or "-"]
    targets = [os.path.join(directory, module_file(path)) for path in files]
    for n, target in enumerate(targets):
        if target in targets[:n]:
            first, second = ascii(files[targets.index(target)]), ascii(files[n])
            raise click.UsageError(f"{first} and {second} would both be written to {target!a}")
    return targets


def module_file(path: str) -> str:
    """The file name of the module of a source: one that Python can import."""
    stem = re.sub("[^A-Za-z0-9_]", "_", "stdin" if path == "-" else Path(path).stem)
    if not stem or stem[0].isdigit():
        stem = f"_{stem}"
    return f"{stem}_.py" if keyword.iskeyword(stem) else f"{stem}.py"


def _compile(session: Session, path: str, target: str, force: bool) -> int:
    from fusionc.compiler import compile_source
    from fusionc.render import visible

    source = session.read(path)
    compiled = compile_source(source, session.options, "" if target == "-" else Path(target).stem)
    session.console.diagnostics(source, compiled.planned.checked.warnings)
    if target == "-":
        session.console.artefact(compiled.text)
        return EXIT_FINE
    _make_folder(Path(target).parent)
    _write_library(session, compiled.emitted, Path(target).parent, force)
    write(Path(target), compiled.text, inputs=() if path == "-" else (Path(path),), force=force)
    session.console.note(f"wrote {visible(target)}")
    return EXIT_FINE


def _write_library(session: Session, emitted: Emitted, folder: Path, force: bool) -> None:
    """Before the module, which then never stands without it."""
    if emitted.units:
        from fusionc.render import visible
        from fusionc.runtime.native import write_library

        written = write_library(emitted, folder, session.console.note, force)
        session.console.note(f"wrote {visible(str(written))}")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: {(error.strerror or type(error).__name__).lower()}") from error


def _watch(session: Session, files: Sequence[str], act: Callable[[str], int]) -> int:
    """Compile, then again whatever has changed; errors are told and waited out. Ends by Ctrl-C."""
    seen: dict[str, tuple[int, int] | None] = {}
    while True:
        for path in files:
            stamp = _stamp(path)
            if path not in seen or stamp != seen[path]:
                seen[path] = stamp
                session.guarded(path, partial(act, path))
        time.sleep(POLL)


def _stamp(path: str) -> tuple[int, int] | None:
    """What changes when a file is saved; None while it is away, as between an editor's delete and rename."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
