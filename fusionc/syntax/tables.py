"""The LALR(1) tables and the terminals of `grammar/fusion.lark`, which is where the language is defined.

`lalr.py` makes them with lark. They are kept in `grammar/fusion.tables.json` with the hash of the grammar they were
made of, since lark takes 0.3 s to load and to make them; when the hash does not fit, they are made anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

import fusionc.grammar as grammar


@dataclass(frozen=True, slots=True)
class Rule:
    """A production: how many values it takes and the method of `Actions` that turns them into one.

    `method` "" splices the values into the rule above; `spliced` says that values may have come to this rule so.
    """

    origin: str
    size: int
    method: str
    spliced: bool


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
    """Tables of the whole grammar."""
    text = grammar.read("fusion.lark")
    kept = json.loads(grammar.read("fusion.tables.json"))
    if kept["grammar_sha256"] == sha256(text.encode("utf-8")).hexdigest():
        return decode(kept)
    from fusionc.syntax.lalr import make

    return make(text)


def decode(kept: Mapping[str, object]) -> Tables:
    """The inverse of `lalr.encode`. In a row of `states`, n goes to state n and -1 - n reduces by rule n."""
    match kept:
        case {
            "states": list(states),
            "rules": list(rows),
            "keywords": dict(keywords),
            "spelling": dict(spelling),
            "scanner": str(scanner),
        }:
            rules = [Rule(*row) for row in rows]
            actions = tuple({s: n if n >= 0 else rules[-1 - n] for s, n in row.items()} for row in states)
            return Tables(actions, 0, keywords, spelling, re.compile(scanner))
        case _:
            raise ValueError("these are no tables of a grammar")
