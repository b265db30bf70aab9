"""Faults: one run reports several, each once, at its place, whatever comes before."""

from __future__ import annotations

import pytest

from fusionc.diagnostics import CompileError
from fusionc.source import Source
from fusionc.syntax.parse import parse


def findings(text: str) -> list[tuple[str, int]]:
    """Code and line of each diagnostic."""
    source = Source("test.fusion", text)
    with pytest.raises(CompileError) as caught:
        parse(source)
    return [(d.code, source.position(d.labels[0].span.start)[0]) for d in caught.value.diagnostics]


def body(*lines: str) -> str:
    return "\n".join(["diagram d {", *lines, "}", ""])


def test_each_faulty_statement_is_reported() -> None:
    text = body("  x = = a", "  y = a * b", "  z = a b", "  w : = a") + "param C = c\n"
    assert findings(text) == [("F016", 2), ("F016", 4), ("F016", 5), ("F016", 7)]


def test_faults_of_all_stages_of_the_text_come_together() -> None:
    text = body("  x = a $ b", "  y = 1e3 * a", "  z = (a", "  output z", "  u = a * b * c")
    assert findings(text) == [("F005", 2), ("F011", 3), ("F013", 4), ("F018", 6)]


def test_a_header_that_does_not_parse_hides_no_body() -> None:
    text = "diagram 5 {\n  x = = a\n}\ntree t(a 1o) : 1o {\n  out = = a\n}\n"
    assert findings(text) == [("F016", 1), ("F016", 2), ("F016", 4), ("F016", 5)]


def test_a_brace_where_none_may_stand_is_skipped() -> None:
    text = body("  x = {a}", "  y = {", "    a * b", "  }", "  z = = a")
    assert findings(text) == [("F016", 2), ("F016", 3), ("F016", 6)]


@pytest.mark.parametrize(
    "word", ["output z", "input a : 1o", "weight w", "index i in g", "param C = 1", "irreps H = 1o"]
)
def test_an_open_bracket_ends_at_the_next_statement(word: str) -> None:
    assert findings(body("  z = cat(a, [b", f"  {word}", "  y = = b")) == [("F013", 2), ("F013", 2), ("F016", 4)]


@pytest.mark.parametrize("head", ["diagram e {", "tree e(a: 1o) : 1o {", "check t() == u()", "group O3", "fusion 1"])
def test_an_open_body_ends_at_the_next_one(head: str) -> None:
    found = findings("diagram d {\n  input x : 1o\n" + head + "\n" + ("}\n" if head.endswith("{") else ""))
    assert ("F015", 3) in found
    assert {code for code, _ in found} <= {"F015", "F031"}


def test_an_open_bracket_ends_with_its_body() -> None:
    assert findings(body("  z = f(a") + body("  z = = a")) == [("F013", 2), ("F016", 5)]


def test_an_operator_at_the_end_does_not_swallow_the_next_statement() -> None:
    assert findings(body("  z = a *", "  output z", "  y = = z")) == [("F016", 2), ("F016", 4)]


def test_what_is_unexpected_because_of_a_bracket_is_not_reported_besides() -> None:
    assert findings(body("  z = cat(a,", "  y = f(b)", "  x = c", "  output x")) == [("F013", 2)]


def test_a_string_that_hides_its_bracket_is_reported_once() -> None:
    assert findings(body('  z = filter(x, "0e)', "  output z")) == [("F006", 2)]


def test_a_run_gives_up_after_twenty() -> None:
    found = findings(body(*["  x = a b"] * 50))
    assert found == [("F016", line) for line in range(2, 22)] + [("F032", 22)]


def test_the_same_fault_twice_on_one_line() -> None:
    assert findings("irreps H = 1O + 2E\n") == [("F011", 1), ("F011", 1)]
