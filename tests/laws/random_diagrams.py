"""Random programs in the `.fusion` language: seeded, well-formed by construction, together covering all of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from random_drafts import NOWHERE, SPACES, STATEMENT_PREFIXES, Draft, Expr, Letters, Named, joined
from random_expressions import expression
from random_trees import random_tree
from random_types import spell, width


@dataclass(frozen=True)
class RandomProgram:
    """`results`: name, irreps as e3nn spells them (without parity under SO3) and space of each output."""

    text: str
    features: tuple[str, ...]
    results: tuple[tuple[str, str, str], ...]


def random_diagram(seed: int) -> str:
    """The text of the program with this seed."""
    return random_program(seed).text


def random_program(seed: int) -> RandomProgram:
    rng = Random(seed)
    kind = rng.choice(("batch", "batch", "node", "edge", "edge", "edge"))
    o3 = rng.random() < 0.7
    graphs = kind != "batch" and rng.random() < 0.4
    letters = rng.choice((("i", "j", "g"), ("i", "j", "g"), ("a", "b", "q"), ("dst", "src", "mol")))
    draft = Draft(rng, expression, kind, o3, graphs, letters)
    draft.note("O3" if o3 else "SO3", f"diagram:{kind}", *(["graphs"] if graphs else []))
    draft.trees = [random_tree(rng, f"t{n}", o3) for n in range(1, 3)]
    if kind == "edge":
        draft.input("edge", draft.random_type())
    wanted = rng.choice((2, 3, 3, 4, 5))
    while wanted:
        wanted -= 1 if _statement(draft) else 0
    _drop_unused(draft)
    return RandomProgram(_text(draft, seed), tuple(draft.features), _results(draft))


# ------------------------------------------------------------------ statements


def _places(draft: Draft) -> list[str]:
    if draft.kind == "batch":
        return ["batch"]
    out = ["node", "node", "node", "once"]
    if draft.kind == "edge":
        out += ["edge", "edge", "sender"]
    if draft.graphs:
        out += ["graph", "graph"]
    return out


def _statement(draft: Draft) -> Named | None:
    """One more statement; None (and nothing but unused declarations removed) when the draws do not fit together."""
    mark = len(draft.lines), len(draft.head), len(draft.env), len(draft.learned)
    used, features = dict(draft.used), dict(draft.features)
    place = draft.rng.choice(_places(draft))
    expr = _value(draft, place)
    if expr is not None and 0 < width(expr.type) <= 160:
        draft.note(f"statement:{place}")
        if draft.chance(0.08):
            _write(draft, place, expr)
            draft.note(
                "repeated statement", *(["weight reused"] if any("weights=w" in o for o in expr.options) else [])
            )
        return _write(draft, place, expr)
    del draft.lines[mark[0] :], draft.head[mark[1] :], draft.env[mark[2] :], draft.learned[mark[3] :]
    draft.used, draft.features = used, features
    return None


def _write(draft: Draft, place: str, expr: Expr) -> Named:
    name = draft.fresh(draft.rng.choice(STATEMENT_PREFIXES))
    named = draft.statement(name, "node" if place == "sender" else place, expr)
    if place != "sender":
        return named
    line = draft.lines.pop()
    draft.lines.append(line.replace(draft.ports(SPACES["node"]), draft.ports(frozenset("j")), 1))
    return named


def _value(draft: Draft, place: str) -> Expr | None:
    scope = frozenset("j") if place == "sender" else SPACES[place]
    if place in ("node", "edge") and draft.graphs:
        scope |= {"g"}
    reduction = _reduction(draft, place)
    if reduction is not None:
        return reduced(draft, scope, *reduction)
    expr = expression(draft, scope, 0)
    if expr is None or (not expr.at and place not in ("once", "batch")):
        return None
    if expr.at < scope - {"g"}:
        draft.note("gather up")
    return expr


def _reduction(draft: Draft, place: str) -> tuple[str, Letters, Letters] | None:
    """Summed indices, what the body may read, and what it must; None for a statement without a sum."""
    options: list[tuple[str, Letters, Letters]] = []
    edge = draft.kind == "edge"
    graph = frozenset("g") if draft.graphs else NOWHERE
    match place:
        case "node" if edge:
            options = [("j", frozenset("ij") | graph, frozenset("j"))]
        case "sender":
            options = [("i", frozenset("ij"), frozenset("ij"))]
        case "graph":
            options = [("i", frozenset("ig"), frozenset("i"))]
            options += [("i,j", frozenset("ijg"), frozenset("ij"))] if edge else []
        case "once":
            options = [("i", frozenset("i"), frozenset("i"))]
            options += [("i,j", frozenset("ij"), frozenset("ij"))] if edge else []
            options += [("g", graph, graph)] if graph else []
    certain = place in ("graph", "once") and draft.chance(0.8)
    return draft.rng.choice(options) if options and (certain or draft.chance(0.5)) else None


def reduced(draft: Draft, scope: Letters, over: str, body: Letters, needed: Letters) -> Expr | None:
    expr = expression(draft, body, 0)
    if expr is None or not expr.at >= needed:
        return None
    if over == "j" and expr.at == {"j"}:
        draft.note("sum of neighbours")
    word = draft.rng.choice(("sum", "sum", "mean"))
    letters = ",".join(draft.letters[letter] for letter in over.split(","))
    draft.note(f"{word}[{over}]" + ("->g" if "g" in scope and over != "j" else ""))
    rest = joined(expr.at - set(over.split(",")) | (scope & {"g"} if over != "j" else NOWHERE))
    if draft.chance(0.5):
        expr = expr.inline()
    elif expr.target is not None or expr.options:
        draft.note("target or options through a sum")
    options = expr.options
    if draft.chance(0.25):
        options = (*options, f"scale={draft.rng.choice(('0.5', '0.1', '2'))}")
        draft.note("scale option")
    return Expr(f"{word}[{letters}]({expr.text})", expr.type, rest or NOWHERE, 0, expr.target, options)


# --------------------------------------------------------------------- program


def _drop_unused(draft: Draft) -> None:
    """Leave out inputs and weights that were declared for an expression that was then thrown away.

    The only tensor on edges stays, since it says that there are edges.
    """
    pair = draft.ports(SPACES["edge"])
    for line in list(draft.lines):
        word, name = line.split()[0], re.split(r"[ \[]", line)[1]
        others = [other for other in draft.lines if other is not line]
        declared = [other for other in others if other.startswith(("input", "weight"))]
        lone_pair = pair in line and not any(pair in other for other in declared)
        if word in ("input", "weight") and not lone_pair and not any(_mentions(other, name) for other in others):
            draft.lines.remove(line)


def _mentions(line: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", line) is not None


def _text(draft: Draft, seed: int) -> str:
    lines = ["fusion 1"] if draft.chance(0.5) else []
    lines += ["group O3"] if draft.o3 and draft.chance(0.2) else [] if draft.o3 else ["group SO3"]
    lines += draft.head
    body = "\n".join(draft.lines)
    lines += [tree.text for tree in draft.trees if f"{tree.name}(" in body]
    lines.append(f"diagram d{seed} {{")
    if draft.graphs:
        lines.append(f"  index {draft.letters['i']} in {draft.letters['g']}")
    lines += [f"  {line}" for line in draft.lines]
    lines.append(f"  output {', '.join(f'{n.name}{draft.ports(SPACES[n.space])}' for n in _outputs(draft))}")
    return "\n".join([*lines, "}", ""])


def _outputs(draft: Draft) -> list[Named]:
    """Every statement that no other reads."""
    made = [named for named in draft.env if named.name[0] in STATEMENT_PREFIXES]
    return [named for named in made if sum(_mentions(line, named.name) for line in draft.lines) == 1]


def _results(draft: Draft) -> tuple[tuple[str, str, str], ...]:
    return tuple((named.name, spell(named.type, draft.o3).replace(" ", ""), named.space) for named in _outputs(draft))
