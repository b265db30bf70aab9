"""Random sentences of the grammar itself, so that no form of the language is left out."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

from lark import Lark

from fusionc import grammar

WORDS = {
    "NAME": ("a", "b", "W", "left", "sqrt_", "_0", "e1"),
    "INT": ("1", "2", "128", "007"),
    "NUMBER": ("0.5", "1.0", "12.25"),
    "STRING": ('"0e+1o"', '""', '"uvu<v"'),
    "IRREP": ("1o", "128x0e", "{C}x2y", "0x3e"),
    "MULTIPLE": ("16x1", "{C}x0"),
    "HALF": ("1/2e", "0.5o", "1x3/2e", "{C}x1/2o"),
    "ROOT": ("sqrt",),
    "REDUCTION": ("sum", "mean"),
    "_NL": ("\n", "\n\n", "  # a comment\n", "\n  # one\n\n# two\n"),
}

# What the grammar allows and the parser refuses with messages of their own is left out: tensors among irreps.
UNMIXED = {
    "summands": (
        "_product",
        "_product _sign _product",
        "integer",
        "irrep",
        "irrep PLUS _literal",
        "integer PLUS _literal",
    ),
    "one_of": ("_literal VBAR irrep", "irrep VBAR _literal VBAR _literal"),
    "_literal": ("irrep", "integer", "irreps_name", "irreps_call"),
}


@cache
def _productions() -> dict[str, list[list[tuple[str, bool]]]]:
    rules: dict[str, list[list[tuple[str, bool]]]] = {}
    for rule in Lark(grammar.read("fusion.lark"), parser="lalr").rules:
        rules.setdefault(str(rule.origin.name), []).append([(s.name, s.is_term) for s in rule.expansion])
    for origin, word in (("coefficient", "ROOT"), ("reduce", "REDUCTION")):
        rules[origin] = [[(word, True) if s == ("name", False) else s for s in e] for e in rules[origin]]
    return rules | {origin: [_symbols(e) for e in expansions] for origin, expansions in UNMIXED.items()}


def _symbols(expansion: str) -> list[tuple[str, bool]]:
    return [(symbol, symbol.isupper()) for symbol in expansion.split()]


@cache
def _depths() -> dict[str, int]:
    """The least height of a derivation of each symbol."""
    rules, depths = _productions(), dict[str, int]()
    for _ in rules:
        for name, expansions in rules.items():
            heights = [_height(e, depths) for e in expansions]
            depths[name] = min(heights)
    return depths


def _height(expansion: list[tuple[str, bool]], depths: dict[str, int]) -> int:
    return 1 + max((0 if terminal else depths.get(name, 10_000) for name, terminal in expansion), default=0)


@cache
def _spelling() -> dict[str, Any]:
    return {t.name: t.pattern.value for t in Lark(grammar.read("fusion.lark"), parser="lalr").terminals}


def random_sentence(seed: int, items: int = 4, height: int = 22) -> str:
    """The text of a file with `items` random statements of the top level, each of about this height."""
    rng = Random(seed)
    text = ["fusion 1\n" if rng.random() < 0.5 else ""]
    for _ in range(items):
        text += [*_derivation(rng, "_item", height), rng.choice(WORDS["_NL"])]
    return " ".join(text)


def _derivation(rng: Random, start: str, height: int) -> list[str]:
    words: list[str] = []
    pending = [(start, False, height)]
    while pending:
        name, terminal, budget = pending.pop()
        if terminal:
            words.append(rng.choice(WORDS[name]) if name in WORDS else _spelling()[name])
            continue
        expansions = _productions()[name]
        allowed = [e for e in expansions if _height(e, _depths()) <= budget]
        least = min(expansions, key=lambda e: _height(e, _depths()))
        chosen = rng.choices(allowed, [len(e) for e in allowed])[0] if allowed else least
        pending += [(symbol, is_term, budget - 1) for symbol, is_term in reversed(chosen)]
    return words
