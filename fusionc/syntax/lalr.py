"""Makes the parser's tables with lark: `python -m fusionc.syntax.lalr > grammar/fusion.tables.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import fusionc.grammar as grammar
from fusionc.syntax.tables import Rule, Tables


def make(text: str, strict: bool = False) -> Tables:
    """Tables of a grammar in lark's notation. Raises lark's GrammarError; `strict` (which needs interegular) refuses
    every conflict, also between terminals.

    States are numbered in breadth-first order from the start, by sorted symbols, so that no version of lark matters.
    """
    from lark import Lark
    from lark.lexer import PatternStr

    lark = Lark(text, parser="lalr", strict=strict)
    parser = lark.parse_interactive().parser_state.parse_conf
    order = _breadth_first(parser.states, parser.start_state)
    number = {state: i for i, state in enumerate(order)}
    actions = tuple(
        {
            symbol: number[target] if target in number else _rule(target)
            for symbol, (_, target) in sorted(parser.states[state].items())
        }
        for state in order
    )
    fixed = {t.name: t.pattern.value for t in lark.terminals if isinstance(t.pattern, PatternStr)}
    keywords = {word: name for name, word in sorted(fixed.items()) if word.isidentifier()}
    # As lark orders terminals: by priority, then the longer pattern first. Keywords are told from names afterwards.
    patterns = [t for t in lark.terminals if t.name not in keywords.values()]
    patterns.sort(key=lambda t: (-t.priority, -t.pattern.max_width, -len(t.pattern.value), t.name))
    scanner = "|".join(f"(?P<{t.name}>{t.pattern.to_regexp()})" for t in patterns)
    return Tables(actions, 0, keywords, dict(sorted(fixed.items())), re.compile(scanner))


def _breadth_first(states: Mapping[Any, Mapping[str, tuple[Any, Any]]], start: Any) -> list[Any]:
    order = [start]
    seen = {start}
    for state in order:  # grows while it is read
        for _, (_, target) in sorted(states[state].items()):
            if target in states and target not in seen:
                seen.add(target)
                order.append(target)
    return order


def _rule(rule: Any) -> Rule:
    origin = str(rule.origin.name)
    spliced = any(symbol.name.startswith("_") and not symbol.is_term for symbol in rule.expansion)
    return Rule(origin, len(rule.expansion), "" if origin.startswith("_") else origin, spliced)


def encode(tables: Tables, text: str) -> str:
    """JSON, one state a line; `text` is the grammar, whose hash is kept with them."""
    rules = sorted({a for row in tables.actions for a in row.values() if isinstance(a, Rule)}, key=_by_content)
    number = {rule: i for i, rule in enumerate(rules)}
    rows = [{s: a if isinstance(a, int) else -1 - number[a] for s, a in row.items()} for row in tables.actions]
    parts = {
        "grammar_sha256": json.dumps(sha256(text.encode("utf-8")).hexdigest()),
        "scanner": json.dumps(tables.scanner.pattern),
        "keywords": json.dumps(tables.keywords),
        "spelling": json.dumps(tables.spelling),
        "rules": _lines([[r.origin, r.size, r.method, r.spliced] for r in rules]),
        "states": _lines(rows),
    }
    return "{\n" + ",\n".join(f'"{key}": {value}' for key, value in parts.items()) + "\n}\n"


def _by_content(rule: Rule) -> tuple[str, int, bool]:
    return rule.origin, rule.size, rule.spliced


def _lines(rows: list[Any]) -> str:
    return "[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]"


if __name__ == "__main__":
    source = grammar.read("fusion.lark")
    print(encode(make(source), source), end="")
