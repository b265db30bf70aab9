"""Errors of planning and emitting. Each docstring is the index entry of its code."""

from __future__ import annotations

from fusionc.diagnostics import Diagnostic


def module_too_large(size: int, limit: int) -> Diagnostic:
    """F301: the generated source would be larger than the limit.

    A diagram may be within the limits on paths and weights and still need more code than any tool reads comfortably.
    Split it into several diagrams, or raise the limit with `--limit emitted_bytes=N`.
    """
    return Diagnostic(
        "F301",
        f"the generated module has about {max(1, round(size / 1024)):,} KiB, more than the limit of {limit:,} bytes",
        help=("split the diagram, or raise the limit with `--limit emitted_bytes=N`",),
    )
