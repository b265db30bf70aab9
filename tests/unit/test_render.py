"""What people, editors and programs see of a diagnostic."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest

from fusionc.diagnostics import Diagnostic, Label, Severity
from fusionc.render import WIDTH, render, render_all, render_short, to_json, visible
from fusionc.source import Source, Span

TEXT = """fusion 1
diagram d {
\tinput psi : 1/2e + 1x1o
  z = a * b  # \u202e \u4e2d
}
"""
SOURCE = Source("spinor.fusion", TEXT)


def label(word: str, text: str = "", within: str = TEXT) -> Label:
    start = within.index(word)
    return Label(Span(start, start + len(word)), text)


def lines(*labels: Label, source: Source = SOURCE, color: bool = False) -> list[str]:
    """The excerpt alone: what is between the place and the notes."""
    shown = render(source, Diagnostic("F203", "m", labels), color).split("\n")
    return shown[3 : next(i for i, line in enumerate(shown) if " = " in line and line.strip().startswith("=")) - 1]


def test_the_block_of_the_design() -> None:
    source = Source("spinor.fusion", "fusion 1\ngroup O3\ndiagram d {\n  input psi : 1/2e + 1x1o\n}\n")
    help = ("for a vector write `1o`; for a pseudovector `1e`",)
    half = label("1/2e", "l must be an integer 0, 1, 2, ...", source.text)
    found = Diagnostic("F203", "half-integer spin `1/2e` is not an irrep of O(3)", (half,), help)
    assert (
        render(source, found)
        == """\
error[F203]: half-integer spin `1/2e` is not an irrep of O(3)
 --> spinor.fusion:4:15
  |
4 |   input psi : 1/2e + 1x1o
  |               ^^^^ l must be an integer 0, 1, 2, ...
  |
  = help: for a vector write `1o`; for a pseudovector `1e`
  = more: fusionc explain F203"""
    )
    assert render_short(source, found) == f"spinor.fusion:4:15: error[F203]: {found.message}"


def test_several_labels_on_a_line() -> None:
    assert lines(label("*", "here"), label("a * b", "all of it"), label("z", "this")) == [
        "4 |   z = a * b  # \\u202e \u4e2d",
        "  |   -   --^--",
        "  |   |   | |",
        "  |   |   | here",
        "  |   |   all of it",
        "  |   this",
    ]


def test_labels_side_by_side() -> None:
    assert lines(label("a *", "left"), label("b  ", "right"))[1:] == [
        "  |       ^^^ --- right",
        "  |       |",
        "  |       left",
    ]


def test_labels_on_several_lines_and_a_gap() -> None:
    assert lines(label("a", "late"), label("fusion", "first"), label("psi")) == [
        "1 | fusion 1",
        "  | ------ first",
        "2 | diagram d {",
        "  |   ^ late",
        "3 |     input psi : 1/2e + 1x1o",
        "  |           ---",
    ]
    assert "..." in lines(label("z", "late"), label("fusion", "first"))


def test_a_span_over_several_lines() -> None:
    start = TEXT.index("{")
    assert lines(Label(Span(start, len(TEXT)), "the body")) == [
        "2 | diagram d {",
        "  |           ^",
        "...",
        "5 | }",
        "  | ^ the body",
    ]


def test_the_end_of_a_line_and_of_the_text() -> None:
    assert lines(Label(Span(8, 9), "end"))[1] == "  |         ^ end"
    assert lines(Label(Span(len(TEXT), len(TEXT) + 7), "end")) == ["6 |", "  | ^ end"]
    assert lines(Label(Span(0, 5), "empty"), source=Source("e", "")) == ["1 |", "  | ^ empty"]


def test_gutter_grows_with_the_line_number() -> None:
    source = Source("long", "\n" * 99 + "here\n")
    assert render(source, Diagnostic("F203", "m", (Label(Span(99, 103)),))).split("\n")[1:5] == [
        "   --> long:100:1",
        "    |",
        "100 | here",
        "    | ^^^^",
    ]


def test_wide_and_combining_characters() -> None:
    source = Source("w", "\u4e2d\u6587 e\u0301 x")
    assert lines(Label(Span(6, 7), "here"), source=source)[1] == "  |        ^ here"
    assert lines(Label(Span(0, 2), "wide"), source=source)[1] == "  | ^^^^ wide"


def test_no_label() -> None:
    assert render(SOURCE, Diagnostic("F001", "too large")) == (
        "error[F001]: too large\n --> spinor.fusion\n  = more: fusionc explain F001"
    )
    assert render_short(SOURCE, Diagnostic("F001", "too large")) == "spinor.fusion: error[F001]: too large"


@pytest.mark.parametrize("at", [0, 40, 99, 100, 101, 5_000, 9_998])
def test_long_lines_are_trimmed_around_the_label(at: int) -> None:
    text = "".join(chr(ord("a") + i % 26) for i in range(9_999))
    shown, marks = lines(Label(Span(at, at + 1), "here"), source=Source("l", text))
    column = marks.index("^")
    assert shown[column] == text[at]
    assert len(shown) <= 4 + WIDTH + 6
    assert shown.startswith("1 | ...") == (at > WIDTH // 2)
    assert shown.endswith("...") == (at < 9_999 - WIDTH // 2)


def test_far_labels_of_a_long_line_go_to_the_edge() -> None:
    source = Source("l", "a" * 4_000)
    shown = lines(
        Label(Span(2_000, 2_003), "here"), Label(Span(3, 4), "left"), Label(Span(3_990, 3_999), "right"), source=source
    )
    assert max(map(len, shown)) < WIDTH + 30
    assert [word for line in shown for word in ("here", "left", "right") if word in line] == ["right", "here", "left"]


def test_colour_only_when_asked() -> None:
    found = Diagnostic("F203", "m", (label("*", "here"), label("z", "there")), ("do",), Severity.WARNING)
    plain, colored = render(SOURCE, found), render(SOURCE, found, color=True)
    assert "\033" not in plain
    assert re.sub(r"\033\[[0-9;]*m", "", colored) == plain
    assert "\033[1;33mwarning[F203]\033[0m" in colored
    assert "\033[1;33mhere\033[0m" in colored
    assert "\033[1;34mthere\033[0m" in colored


def test_nothing_invisible_is_ever_printed() -> None:
    source = Source("a\x1b[2J\u202e\nb", "x\x1b[31m\u202e\u200b\x00\n")
    found = Diagnostic("F203", "say \x07 \ud800", (Label(Span(0, 1), "\x9b"),), ("\u2066",))
    shown = render(source, found, color=False) + render_short(source, found)
    assert {c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs")} == {"\n"}
    assert "a\\x1b[2J\\u202e\\x0ab:1:1" in shown


@pytest.mark.parametrize(
    ("text", "shown"), [("a b", "a b"), ("\t\n", "\\x09\\x0a"), ("\U000e0001", "\\U000e0001"), ("\u00e9", "\u00e9")]
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_all_blocks_are_separated() -> None:
    found = [Diagnostic("F001", "one"), Diagnostic("F002", "two")]
    assert render_all(SOURCE, found) == render(SOURCE, found[0]) + "\n\n" + render(SOURCE, found[1])
    assert render_all(SOURCE, []) == ""


def test_json() -> None:
    found = Diagnostic("F203", 'a "message"', (label("1/2e", "no"), Label(Span(0, 10**6))), ("help",), Severity.NOTE)
    assert json.loads(to_json(SOURCE, [found])) == [
        {
            "code": "F203",
            "severity": "note",
            "message": 'a "message"',
            "labels": [
                {
                    "file": "spinor.fusion",
                    "line": 3,
                    "column": 14,
                    "end_line": 3,
                    "end_column": 18,
                    "offset": 34,
                    "end_offset": 38,
                    "text": "no",
                },
                {
                    "file": "spinor.fusion",
                    "line": 1,
                    "column": 1,
                    "end_line": 6,
                    "end_column": 1,
                    "offset": 0,
                    "end_offset": len(TEXT),
                    "text": "",
                },
            ],
            "help": ["help"],
        }
    ]
