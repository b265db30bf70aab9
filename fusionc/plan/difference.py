"""What is different between two plans of the schema `fusionc-plan/1`, as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from typing import Any

from fusionc.plan.report import SCHEMA, Json


def is_plan(value: object) -> bool:
    """Whether a JSON value claims to be a plan, with diagrams that have names. Nothing else is relied upon."""
    if not isinstance(value, dict) or value.get("schema") != SCHEMA or not isinstance(value.get("diagrams"), list):
        return False
    return all(isinstance(diagram, dict) and isinstance(diagram.get("name"), str) for diagram in value["diagrams"])


def difference(old: Json, new: Json) -> list[str]:
    """Lines; none exactly if the plans are equal. Both are plans by `is_plan`."""
    lines = [*_listed("identities", old.get("identities"), new.get("identities"), _text, "")]
    for key in _others(old, new, ("schema", "diagrams", "identities")):
        lines += _changed(key, old.get(key), new.get(key), "")
    before = {diagram["name"]: diagram for diagram in old["diagrams"]}
    after = {diagram["name"]: diagram for diagram in new["diagrams"]}
    for name in dict.fromkeys((*before, *after)):
        if name not in after or name not in before:
            lines.append(f"{'-' if name in before else '+'} diagram {name}")
        elif found := list(_diagram(before[name], after[name])):
            lines += [f"diagram {name}", *found]
    if not lines and old != new:
        lines.append("the diagrams are in another order")
    return lines


def _diagram(old: Json, new: Json) -> Iterator[str]:
    listed: tuple[tuple[str, Callable[[Any], str]], ...] = (
        ("inputs", _slot),
        ("outputs", _slot),
        ("weights", _weight),
        ("paths", _path),
        ("rewrites", _text),
        ("steps", _step),
    )
    for key, row in listed:
        yield from _listed(key, old.get(key), new.get(key), row, "  ")
    if old.get("coefficients") != new.get("coefficients"):
        yield "  coefficients are different"
    for key in _others(old, new, (*(key for key, _ in listed), "coefficients", "cost")):
        yield from _changed(key, old.get(key), new.get(key), "  ")
    before, after = dict(_numbers(old.get("cost"), ())), dict(_numbers(new.get("cost"), ()))
    changed = [key for key in dict.fromkeys((*before, *after)) if before.get(key) != after.get(key)]
    if changed:
        yield "  cost"
        width = max(len(key) for key in changed)
        yield from (f"    {key:{width}}  {_compared(before.get(key), after.get(key))}" for key in changed)


def _others(old: Json, new: Json, known: tuple[str, ...]) -> list[str]:
    return [key for key in dict.fromkeys((*old, *new)) if key not in known]


def _changed(key: str, old: object, new: object, indent: str) -> Iterator[str]:
    if old != new:
        yield f"{indent}{key}: {_text(old)} -> {_text(new)}"


def _listed(key: str, old: object, new: object, row: Callable[[Any], str], indent: str) -> Iterator[str]:
    """What left a list and what came into it, in order. Entries that only changed their number are the same."""
    if old == new:
        return
    if not isinstance(old, list) or not isinstance(new, list):
        yield from _changed(key, old, new, indent)
        return
    before, after = [row(entry) for entry in old], [row(entry) for entry in new]
    yield f"{indent}{key}: {len(before)} -> {len(after)}"
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            yield from (f"{indent}  - {text}" for text in before[a:b])
            yield from (f"{indent}  + {text}" for text in after[c:d])


def _numbers(value: object, way: tuple[str, ...]) -> Iterator[tuple[str, object]]:
    """Every leaf of nested dictionaries, by its way."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _numbers(inner, (*way, str(key)))
    else:
        yield " ".join(way), value


def _compared(old: object, new: object) -> str:
    if isinstance(old, int) and isinstance(new, int):
        return f"{old:,} -> {new:,}" + (f" ({new / old:.2f}x)" if old else "")
    return f"{_text(old)} -> {_text(new)}"


# ---------------------------------------------------------------------- rows


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "none" if value is None else json.dumps(value, ensure_ascii=True, sort_keys=True)


def _slot(entry: object) -> str:
    return _fields(entry, ("name", "kind", "space", "irreps"))


def _weight(entry: object) -> str:
    """Without its slices, which are told at the paths."""
    return _fields(entry, ("name", "kind", "shape"))


def _path(entry: object) -> str:
    """Without its number, which shifts when an earlier path goes."""
    return _fields(entry, ("statement", "mode", "label", "left", "right", "leaves", "out", "normalization", "weight"))


def _step(entry: object) -> str:
    return _fields(entry, ("kind", "statements", "labels", "first", "space", "vertices", "cost"))


def _fields(entry: object, keys: tuple[str, ...]) -> str:
    """The values of these keys that are there."""
    if not isinstance(entry, dict):
        return _text(entry)
    return "  ".join(_brief(entry[key]) for key in keys if entry.get(key) not in (None, "", []))


def _brief(value: object) -> str:
    """`x.1 128x1o` for a segment, the factor of a normalisation, lists with commas; anything else as JSON."""
    if isinstance(value, dict):
        match value:
            case {"value": operand, "segment": segment, "irreps": irreps, **rest} if not rest:
                return f"{operand}.{segment} {irreps}"
            case {"factor": factor, "vertices": [], **rest} if not rest:
                return f"factor {_text(factor)}"
            case {"name": name, "offset": offset, "shape": shape, **rest} if not rest:
                return f"weights {name} at {offset}, shape {_brief(shape)}"
    if isinstance(value, list):
        return ", ".join(_brief(part) for part in value)
    return _text(value)
