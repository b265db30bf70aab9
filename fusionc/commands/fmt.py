"""`fusionc fmt`: one layout for every source."""

from __future__ import annotations

import difflib
from pathlib import Path

import click

from fusionc.cli import EXIT_FINE, EXIT_SOURCE
from fusionc.commands.session import Session, run_options
from fusionc.runtime.writing import OutputError, replace
from fusionc.source import Source


@click.command("fmt", short_help="Lay sources out canonically.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...|-")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 and name the files that would change.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@run_options
def command(session: Session, files: tuple[str, ...], only_check: bool, diff: bool) -> int:
    """Rewrite each FILE in the canonical layout; `-` formats stdin to stdout.

    Comments stay where they are, and irreps are never reordered or merged.
    """
    return session.each(files, lambda path: _format(session, path, only_check, diff))


def _format(session: Session, path: str, only_check: bool, diff: bool) -> int:
    from fusionc.syntax.format import format_file
    from fusionc.syntax.parse import parse

    source = session.read(path)
    text = format_file(parse(source, session.options.limits))
    changed = _differs(path, source, text)
    if diff and changed:
        session.console.artefact(_difference(source, text))
    if only_check:
        if changed:
            session.console.fault(f"{source.name}: not in the canonical layout")
        return EXIT_SOURCE if changed else EXIT_FINE
    if not diff:
        if path == "-":
            session.console.artefact(text)
        elif changed:
            _rewrite(Path(path), text)
            session.console.note(f"{source.name}: laid out anew")
    return EXIT_FINE


def _differs(path: str, source: Source, text: str) -> bool:
    """Line ends are layout, too, and so is a byte order mark, which only the size of the file still tells of."""
    if path == "-" or source.text != text:
        return source.text != text
    return Path(path).stat().st_size != len(text.encode("utf-8"))


def _difference(source: Source, text: str) -> str:
    before, after = source.text.splitlines(keepends=True), text.splitlines(keepends=True)
    lines = difflib.unified_diff(before, after, source.name, source.name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _rewrite(path: Path, text: str) -> None:
    if path.is_symlink():
        raise OutputError(f"{path}: a symbolic link; give the name of the file itself, {path.resolve()}")
    replace(path, text)
