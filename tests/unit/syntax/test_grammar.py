"""The grammar is LALR(1) without conflicts, the tables kept beside it are its own, and no word is reserved."""

from __future__ import annotations

import pytest

from fusionc import grammar
from fusionc.diagnostics import Sink
from fusionc.source import Source
from fusionc.syntax.actions import Actions
from fusionc.syntax.lalr import encode, make
from fusionc.syntax.parse import parse
from fusionc.syntax.tables import Rule, decode, tables

TEXT = grammar.read("fusion.lark")
KEYWORDS = sorted(tables().keywords)


def test_no_conflict_of_any_kind() -> None:
    made = make(TEXT, strict=True)  # raises on one, also between terminals
    assert len(made.actions) > 300


def test_a_conflict_would_be_found() -> None:
    from lark.exceptions import GrammarError

    with pytest.raises(GrammarError, match="conflict"):
        make(TEXT.replace("_expr: _product | add", "_expr: _product | add | add _sign add"), strict=True)


def test_kept_tables_are_those_of_the_grammar() -> None:
    assert grammar.read("fusion.tables.json") == encode(make(TEXT), TEXT), "python -m fusionc.syntax.lalr"
    assert tables() == make(TEXT)


def test_tables_of_an_edited_grammar_are_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {"fusion.lark": TEXT.replace('"diagram"', '"picture"')}
    read = grammar.read
    monkeypatch.setattr(grammar, "read", lambda name: texts.get(name) or read(name))
    assert "picture" in tables.__wrapped__().keywords


def test_decode_refuses_what_is_no_table() -> None:
    with pytest.raises(ValueError, match="no tables"):
        decode({"states": []})


def test_every_rule_has_an_action_and_every_action_a_rule() -> None:
    rules = {a.method for row in tables().actions for a in row.values() if isinstance(a, Rule) and a.method}
    assert rules == set(Actions(Sink()).methods())


WITH_A_NAME = [
    "param {0} = 1\nirreps H = {{{0}}}x1o + sh({0})\n",
    "irreps {0} = 1o\nirreps H = {0} + 0e\n",
    "diagram {0} {{\n  input {0} : 1o\n  output {0}\n}}\n",
    "diagram d {{\n  input x[{0}] : {0}\n  weight {0} : per {0}\n  weight {0}[{0}]\n  output {0}, {0}[{0}]\n}}\n",
    "diagram d {{\n  index {0} in {0}\n  {0}[{0}] : {0} = {0} * {0} with {0}={0}, mode=uuu\n}}\n",
    "diagram d {{\n  {0} = {0}\n  {0} : 1o = linear({0}, {0}={0})\n  z = {0}({0}) - {0}[{0}]\n}}\n",
    "diagram d {{\n  z = sum[{0}](({0} : {0} with {0}=[{0}, 1], k={0}..{0}, m={0} | {0}))\n  y = {0} * {0}\n}}\n",
    "tree {0}({0}: {0}, b: 1o) : {0} {{\n  {0} : {0} | 1o = {0} * b\n  {0} = {0}\n}}\n",
    "check {0}({0}={0}) - 1/2 {0}() == -sqrt(1/3) {0}({0}) + 2 * recouple({0}({0}), over=[{0}, f])\n",
]


@pytest.mark.parametrize("word", KEYWORDS)
@pytest.mark.parametrize("text", WITH_A_NAME)
def test_no_keyword_is_reserved(text: str, word: str) -> None:
    as_keyword = parse(Source("x", text.format(word)))
    as_name = parse(Source("x", text.format("a_name")))
    assert repr(as_keyword).replace(f"'{word}'", "'a_name'") == repr(as_name)


@pytest.mark.parametrize("name", ["sum", "mean", "sqrt", "x", "e", "o", "true", "out", "sh", "recouple", "O3"])
def test_words_with_a_meaning_are_names_too(name: str) -> None:
    text = f"diagram d {{\n  input {name}[i] : 1o\n  z[i] = {name}[i] * {name}[i]\n  output {name}[i], z[i]\n}}\n"
    assert name in repr(parse(Source("x", text)))


def test_the_reference_names_every_keyword() -> None:
    words = grammar.read("REFERENCE.md").partition("**Words.**")[2].partition("`")[2].partition("`")[0]
    assert sorted(words.split()) == KEYWORDS
