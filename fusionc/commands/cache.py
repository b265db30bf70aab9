"""`fusionc cache`: the native code that is kept, so that it is not built again."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import click

from fusionc.cli import EXIT_FINE
from fusionc.commands.session import Session, run_options

if TYPE_CHECKING:
    from fusionc.runtime.cache import Kept

_format = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How it is written.",
)


@click.group("cache", short_help="Say what native code is kept, or remove it.")
def command() -> None:
    """Native code is built once and kept in FUSIONC_CACHE_DIR, or in the platform's folder for a user's caches."""


@command.command("info", short_help="Where it is, and what is in it.")
@_format
@run_options
def info(session: Session, form: Literal["text", "json"]) -> int:
    """Print the folder and the libraries in it, the one used last first."""
    return session.guarded("cache", lambda: _info(session, form))


@command.command("clean", short_help="Remove what is in it.")
@_format
@run_options
def clean(session: Session, form: Literal["text", "json"]) -> int:
    """Remove all libraries but those that another process is building just now."""
    return session.guarded("cache", lambda: _clean(session, form))


def _info(session: Session, form: str) -> int:
    from fusionc.render import visible
    from fusionc.runtime.cache import LIMIT, Cache, location, secured

    folder = location()
    kept = sorted(Cache(secured(folder)).kept(), key=lambda entry: -entry.used) if folder.exists() else []
    if form == "json":
        facts = {"folder": str(folder), "limit": LIMIT, "bytes": _total(kept), "libraries": [_facts(e) for e in kept]}
        session.console.report(json.dumps(facts, indent=2))
        return EXIT_FINE
    session.console.report(f"{visible(str(folder))}: {counted(kept)}, of at most {readable(LIMIT)}")
    for entry in kept:
        day = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used))
        session.console.report(f"  {entry.name}  {readable(entry.size)}, used {day}")
    return EXIT_FINE


def _clean(session: Session, form: str) -> int:
    from fusionc.render import visible
    from fusionc.runtime.cache import location, open_cache

    folder = location()
    removed, busy = open_cache().clean() if folder.exists() else ((), ())
    if form == "json":
        facts = {
            "folder": str(folder),
            "bytes": _total(removed),
            "removed": [entry.name for entry in removed],
            "busy": [entry.name for entry in busy],
        }
        session.console.report(json.dumps(facts, indent=2))
        return EXIT_FINE
    session.console.report(f"{visible(str(folder))}: removed {counted(removed)}")
    for entry in busy:
        session.console.report(f"  {entry.name} is being built and stays")
    return EXIT_FINE


def _facts(entry: Kept) -> dict[str, object]:
    return {"name": entry.name, "bytes": entry.size, "used": round(entry.used)}


def _total(entries: Sequence[Kept]) -> int:
    return sum(entry.size for entry in entries)


def counted(entries: Sequence[Kept]) -> str:
    """Such as `2 libraries, 0.3 MB`."""
    return f"{len(entries)} {'library' if len(entries) == 1 else 'libraries'}, {readable(_total(entries))}"


def readable(size: int) -> str:
    """Bytes, in the unit that suits them."""
    for unit, least in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= least:
            return f"{size / least:.1f} {unit}"
    return f"{size} bytes"
