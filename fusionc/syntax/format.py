"""The canonical layout of a file. Says nothing of its own: irreps keep their order, comments and blank lines stay."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from fusionc.syntax import ast
from fusionc.syntax.spelling import Piece, flat, header, statement

WIDTH = 100
_INDENT = "  "
_CONTINUED = "    "
_LEAST_FILLED = 40
"""A line is not broken before this column for the sake of a better place."""


def format_file(file: ast.File) -> str:
    """The text of `file`: one statement a line, broken inside parentheses or after operators beyond 100 columns.

    `parse(format_file(f)) == f` for every f that comes from `parse`, and formatting again changes nothing. Comments on
    lines of their own stay before what they precede, trailing ones stay at the end of their line; one within a
    statement moves above it. One blank line is kept where there were any, and one stands around diagrams and trees.
    Trailing comments of adjacent lines stand in one column.
    """
    lines: list[_Line] = []
    previous: _Row | None = None
    for row in _rows(file):
        if previous is not None and _blank_between(previous, row):
            lines.append(_Line(""))
        first, *others = _broken(row.pieces, len(_INDENT) * row.depth)
        lines.append(_Line(_INDENT * row.depth + first))
        lines += [_Line(_INDENT * row.depth + _CONTINUED + other) for other in others]
        lines[-1].comment = row.comment
        previous = row
    return "".join(text + "\n" for text in _aligned(lines))


@dataclass(slots=True)
class _Line:
    text: str
    comment: str = ""


def _aligned(lines: list[_Line]) -> Iterator[str]:
    """Two spaces before the comment of the longest line of a run of lines that all have one."""
    for commented, run in groupby(lines, key=lambda line: bool(line.comment)):
        same = list(run)
        column = max(len(line.text) for line in same) + 2
        yield from (line.text.ljust(column) + line.comment if commented else line.text for line in same)


# ------------------------------------------------------- rows and comments


@dataclass(slots=True)
class _Row:
    """One statement, the header or the closing brace of a body, or a comment on a line of its own.

    `start` and `end` are offsets, the lines count from 0; `comment` is what trails.
    """

    pieces: tuple[Piece, ...]
    depth: int
    start: int
    end: int
    kind: str = "statement"
    comment: str = ""
    first_line: int = 0
    last_line: int = 0


def _statements(file: ast.File) -> Iterator[_Row]:
    """Rows without comments."""
    for item in (file.version, *file.items):
        match item:
            case None:
                pass
            case ast.Diagram(name=name, items=items):
                yield _Row(header(item), 0, item.span.start, name.span.end, "header")
                yield from (_Row(statement(s), 1, s.span.start, s.span.end) for s in items)
                yield _Row(flat("}"), 0, item.span.end - 1, item.span.end, "closer")
            case ast.Tree(irreps=irreps, vertices=vertices):
                yield _Row(header(item), 0, item.span.start, irreps.span.end, "header")
                yield from (_Row(statement(v), 1, v.span.start, v.span.end) for v in vertices)
                yield _Row(flat("}"), 0, item.span.end - 1, item.span.end, "closer")
            case _:
                yield _Row(statement(item), 0, item.span.start, item.span.end)


def _rows(file: ast.File) -> list[_Row]:
    """All rows in order, comments laid among them."""

    def line(offset: int) -> int:
        return bisect.bisect_right(file.lines, offset) - 1

    rows: list[_Row] = []
    comments = list(file.comments)
    for row in _statements(file):
        row.first_line, row.last_line = line(row.start), line(max(row.end - 1, row.start))
        while comments and comments[0].span.start < row.end:
            comment = comments.pop(0)
            at = line(comment.span.start)
            if rows and rows[-1].kind != "comment" and rows[-1].last_line == at and comment.span.start < row.start:
                rows[-1].comment = comment.text
            else:
                rows.append(_own_line(comment, 1 if row.kind == "closer" else row.depth, min(at, row.first_line)))
        rows.append(row)
    for comment in comments:
        at = line(comment.span.start)
        if rows and rows[-1].kind != "comment" and rows[-1].last_line == at:
            rows[-1].comment = comment.text
        else:
            rows.append(_own_line(comment, 0, at))
    return rows


def _own_line(comment: ast.Comment, depth: int, line: int) -> _Row:
    start, end = comment.span.start, comment.span.end
    return _Row(flat(comment.text), depth, start, end, "comment", first_line=line, last_line=line)


def _blank_between(above: _Row, below: _Row) -> bool:
    if above.kind == "header" or below.kind == "closer":
        return False
    forced = above.kind == "closer" or (below.kind == "header" and above.kind != "comment")
    return forced or below.first_line - above.last_line > 1


# ------------------------------------------------------------ line breaking


def _broken(pieces: tuple[Piece, ...], indent: int) -> list[str]:
    """Lines of at most `WIDTH` columns wherever the places to break allow it; the second and later without indent."""
    lines: list[str] = []
    left = list(pieces)
    while True:
        room = WIDTH - indent - (len(_CONTINUED) if lines else 0)
        if sum(len(p.text) for p in left) - _trailing_space(left) <= room:
            break
        cut = _best_cut(left, room)
        if cut is None:
            break
        lines.append("".join(p.text for p in left[: cut + 1]).rstrip(" "))
        left = left[cut + 1 :]
    return [*lines, "".join(p.text for p in left)]


def _trailing_space(pieces: list[Piece]) -> int:
    text = pieces[-1].text
    return len(text) - len(text.rstrip(" "))


def _best_cut(pieces: list[Piece], room: int) -> int | None:
    """The piece to break after: the shallowest that fills a good part of the line, else the last that fits, else the
    first of all."""
    column = 0
    fitting: list[tuple[int, int, int]] = []
    first: int | None = None
    for i, piece in enumerate(pieces[:-1]):
        column += len(piece.text)
        if not piece.breaks:
            continue
        first = i if first is None else first
        if column - _trailing_space([piece]) <= room:
            fitting.append((piece.depth, column, i))
    filled = [f for f in fitting if f[1] >= _LEAST_FILLED]
    if filled:
        return min(filled, key=lambda f: (f[0], -f[1]))[2]
    return fitting[-1][2] if fitting else first
