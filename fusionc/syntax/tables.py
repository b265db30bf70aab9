"""The LALR(1) tables and the terminals that lark makes of `grammar/fusion.lark`, made once and kept.

Parsing with them takes no lark: one loop of shifts and reductions (`parse.py`) over tokens that `layout.py` has
prepared, with an own recovery at the end of each statement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Rule:
    """A production: how many values it takes and the builder's method that turns them into one.

    `method` "" splices the values into the rule above.
    """

    origin: str
    size: int
    method: str


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything the parser needs to know of the grammar. `actions[state][symbol]` is a state to go to, or a rule."""

    actions: tuple[Mapping[str, int | Rule], ...]
    start: int
    keywords: Mapping[str, str]
    """Terminal of each keyword."""
    spelling: Mapping[str, str]
    """What a terminal with a fixed text looks like, keywords included."""
    scanner: re.Pattern[str]
    """Matches one terminal; `lastgroup` names it."""


@cache
def tables() -> Tables:
    """Tables of the whole grammar; the first call costs about 0.2 s."""
    from lark import Lark
    from lark.lexer import PatternStr

    from fusionc import grammar

    lark = Lark(grammar.read("fusion.lark"), parser="lalr", lexer="basic")
    conf = lark.parse_interactive().parser_state.parse_conf
    number = {state: i for i, state in enumerate(conf.states)}
    rules: dict[object, Rule] = {}

    def action(found: tuple[object, object]) -> int | Rule:
        target = found[1]
        if target in number:
            return number[target]
        if target not in rules:
            origin = str(target.origin.name)  # type: ignore[attr-defined]
            method = "" if origin.startswith("_") else origin
            rules[target] = Rule(origin, len(target.expansion), method)  # type: ignore[attr-defined]
        return rules[target]

    fixed = {t.name: t.pattern.value for t in lark.terminals if isinstance(t.pattern, PatternStr)}
    keywords = {text: name for name, text in fixed.items() if text.isidentifier()}
    ordered = sorted(lark.terminals, key=lambda t: (-t.priority, -t.pattern.max_width, -len(t.pattern.value), t.name))
    scanner = "|".join(f"(?P<{t.name}>{t.pattern.to_regexp()})" for t in ordered if t.name not in keywords.values())
    return Tables(
        actions=tuple({symbol: action(found) for symbol, found in row.items()} for row in conf.states.values()),
        start=number[conf.start_state],
        keywords=keywords,
        spelling=fixed,
        scanner=re.compile(scanner),
    )
