"""Errors of planning and emitting. Each docstring is the index entry of its code."""

from __future__ import annotations

from fusionc.diagnostics import Diagnostic, Label, Severity
from fusionc.source import Span


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


def too_large_to_draw(name: str, size: int, limit: int, span: Span) -> Diagnostic:
    """F302: a picture of the diagram would have more parts than the limit.

    Counted are the values of the diagram, and for each wire the rows that it passes. Nobody reads such a picture.
    Draw a part of the diagram, or raise the limit with `--limit drawn=N`.
    """
    return Diagnostic(
        "F302",
        f"the picture of `{name}` has {size:,} parts, more than the limit of {limit:,}",
        (Label(span, "too much for one picture"),),
        ("split the diagram, or raise the limit with `--limit drawn=N`",),
    )


def cheaper_diagram(name: str, times: float, labels: tuple[Label, ...], help_: tuple[str, ...]) -> Diagnostic:
    """F303: a diagram equals one that needs far fewer multiply-adds (a note).

    The compiler computes the cheaper one anyway. To read or to change what is computed, write it so.
    """
    message = f"`{name}` equals a diagram that needs {times:.1f} times fewer multiply-adds, and is computed as that"
    return Diagnostic("F303", message, labels, help_, Severity.NOTE)
