"""Random expressions of every form of the language, each with the type that the language gives it.

Every function returns None where the draws so far leave nothing well-formed to make; the caller draws again.
"""

from __future__ import annotations

from random_couplings import (
    MAX_WIDTH,
    couplings,
    filtered_couplings,
    linear,
    operand,
    product,
    read,
    sympow,
    tree_call,
)
from random_drafts import STATEMENT_PREFIXES, Draft, Expr, Letters, joined
from random_types import EVEN, Label, Seg, Type, labels_of, width


def expression(draft: Draft, scope: Letters, depth: int) -> Expr | None:
    """Any expression readable in `scope`."""
    kinds = ["product"] * 6 + ["linear"] * 3 + ["sympow"] * 3 + ["tree"] * 3 + ["sh"] * 2 + ["gate"] * 2
    kinds += ["cat", "filter", "segment", "combine", "scale", "dot", "function", "regroup", "sum of couplings"]
    kinds += ["function"]
    kinds += ["couplings side by side"]
    if depth > 0:
        kinds = [kind for kind in kinds if kind not in ("sympow", "sum of couplings", "couplings side by side")]
    kind = draft.rng.choice(kinds)
    made = {
        "product": product,
        "linear": linear,
        "sympow": sympow,
        "tree": tree_call,
        "sh": harmonics,
        "gate": gate,
        "cat": cat,
        "filter": filter_labels,
        "segment": segment,
        "combine": combine,
        "scale": scale,
        "dot": dot,
        "function": function,
        "regroup": regroup,
        "sum of couplings": couplings,
        "couplings side by side": filtered_couplings,
    }[kind](draft, scope, depth)
    if made is not None:
        draft.note(kind)
    return made


# ------------------------------------------------------------- direct sums


def cat(draft: Draft, scope: Letters, depth: int) -> Expr | None:
    parts = [operand(draft, scope, depth) for _ in range(draft.rng.choice((2, 2, 3)))]
    at = joined(*(part.at for part in parts))
    irreps = tuple(seg for part in parts for seg in part.type)
    if at is None or width(irreps) > MAX_WIDTH:
        return None
    return Expr(f"cat({', '.join(part.closed() for part in parts)})", irreps, at)


def filter_labels(draft: Draft, scope: Letters, depth: int) -> Expr | None:
    x = operand(draft, scope, depth)
    labels = labels_of(x.type)
    chosen = draft.rng.sample(labels, draft.rng.randrange(1, len(labels) + 1))
    irreps = tuple(seg for seg in x.type if seg.label in chosen)
    return Expr(f'filter({x.closed()}, "{draft.labels(tuple(chosen), "+")}")', irreps, x.at)


def segment(draft: Draft, scope: Letters, depth: int) -> Expr | None:
    x = operand(draft, scope, depth)
    index = draft.rng.randrange(len(x.type))
    return Expr(f"segment({x.closed()}, {index})", (x.type[index],), x.at)


def regroup(draft: Draft, scope: Letters, depth: int) -> Expr | None:
    """An ascription on what is no coupling: segments of one irrep are added up."""
    x = cat(draft, scope, 1) if draft.chance(0.6) else read(draft, scope)
    if x is None:
        return None
    uniform = [
        Seg(muls[0], label)
        for label in labels_of(x.type)
        for muls in [sorted({seg.mul for seg in x.type if seg.label == label})]
        if len(muls) == 1
    ]
    if not uniform:
        return None
    chosen = tuple(draft.rng.sample(uniform, draft.rng.randrange(1, len(uniform) + 1)))
    return Expr(x.text, chosen, x.at, 0, draft.spell(chosen))


def combine(draft: Draft, scope: Letters, depth: int) -> Expr | None:
    first = operand(draft, scope, depth)
    second = draft.pick(scope, lambda irreps: irreps == first.type, lambda: first.type)
    at = joined(first.at, second.at)
    left, right = draft.rng.choice((("", ""), ("0.5 * ", ""), ("", "2 * "), ("-", "1.25 * ")))
    sign = draft.rng.choice(("+", "-"))
    text = f"{left}{first.atom()} {sign} {right}{second.atom()}"
    return None if at is None else Expr(text, first.type, at, 3)


def scale(draft: Draft, scope: Letters, depth: int) -> Expr | None:
    """A factor, pushed through by a target and options that wait."""
    inner = product(draft, scope, depth) if draft.chance(0.5) else operand(draft, scope, depth)
    if inner is None:
        return None
    factor = draft.rng.choice(("0.5 * ", "3 * ", "-"))
    text = f"{factor}({inner.text})" if inner.level else f"{factor}{inner.text}"
    return Expr(text, inner.type, inner.at, 1, inner.target, inner.options)


# ------------------------------------------------------------------- scalars


def dot(draft: Draft, scope: Letters, depth: int) -> Expr | None:
    first = operand(draft, scope, depth)
    twin: Type = first.type
    if draft.chance(0.3):
        twin = tuple(Seg(1, seg.label) for seg in first.type)
        draft.note("dot:shared")
    second = draft.pick(scope, lambda irreps: irreps == twin, lambda: twin)
    at = joined(first.at, second.at)
    pair = [first.closed(), second.closed()]
    if draft.chance(0.3):
        pair.reverse()
    irreps = tuple(Seg(seg.mul, EVEN) for seg in first.type)
    return None if at is None else Expr(f"dot({', '.join(pair)})", irreps, at)


FUNCTIONS_ODD = ("tanh", "sin")
FUNCTIONS_EVEN = ("abs", "cos", "square")
FUNCTIONS_PLAIN = ("silu", "sigmoid", "relu", "softplus", "exp", "gelu")


def function(draft: Draft, scope: Letters, depth: int) -> Expr | None:
    odd = draft.o3 and draft.chance(0.4)
    make: Type = (Seg(draft.rng.choice((1, 2, 3)), Label(0, -1) if odd else EVEN),)
    x = draft.pick(scope, lambda irreps: all(seg.label.l == 0 for seg in irreps) and width(irreps) <= 20, lambda: make)
    any_odd = any(seg.label.p == -1 for seg in x.type)
    names = (
        (*FUNCTIONS_ODD, *FUNCTIONS_EVEN)
        if any_odd
        else (*FUNCTIONS_ODD, *FUNCTIONS_EVEN, *FUNCTIONS_PLAIN, *FUNCTIONS_PLAIN)
    )
    name = draft.rng.choice(names)
    draft.note(f"function:{name}", "function of 0o" if any_odd else "function of 0e")
    irreps = tuple(Seg(seg.mul, EVEN if name in FUNCTIONS_EVEN else seg.label) for seg in x.type)
    if not any_odd and draft.chance(0.3):
        target = draft.spell(irreps)
        draft.note("target through a function")
        return Expr(f"{name}(linear({x.text}))", irreps, x.at, 0, target) if len(irreps) == 1 else None
    return Expr(f"{name}({x.text})", irreps, x.at)


def gate(draft: Draft, scope: Letters, depth: int) -> Expr | None:
    gated = operand(draft, scope, depth)
    count = sum(seg.mul for seg in gated.type)
    odd = draft.o3 and draft.chance(0.4)
    base: Type = (Seg(draft.rng.choice((1, 2, 3)), EVEN),)
    make: Type = (*base, Seg(2, Label(0, -1))) if odd else base
    wanted = {label for label in (EVEN, Label(0, -1)) if odd or label == EVEN}
    scalars = draft.pick(scope, lambda irreps: set(labels_of(irreps)) == wanted and width(irreps) <= 20, lambda: make)
    gates = draft.scalars(scope, count)
    at = joined(gated.at, scalars.at, gates.at)
    options = ""
    if draft.chance(0.3):
        options += f", act={draft.rng.choice(FUNCTIONS_PLAIN)}"
    if draft.chance(0.3):
        options += f", gate={draft.rng.choice(('tanh', 'silu', 'sigmoid'))}"
    if odd and draft.chance(0.3):
        options += ", odd=sin"
    draft.note("gate:odd" if odd else "gate:even")
    text = f"gate({scalars.text}, {gates.text}, {gated.closed()}{options})"
    return None if at is None else Expr(text, (*scalars.type, *gated.type), at)


def harmonics(draft: Draft, scope: Letters, depth: int) -> Expr | None:
    vector = draft.natural(1)[1]
    r = draft.pick(scope, lambda irreps: irreps == (Seg(1, vector),), lambda: (Seg(1, vector),))
    lmax = draft.rng.choice((0, 1, 2, 2, 3))
    options = ""
    computed = r.text[0] in STATEMENT_PREFIXES  # may vanish by symmetry, and r/|r| of rounding is anything
    if computed or draft.chance(0.4):
        truth = "false" if computed else draft.rng.choice(("true", "false"))
        options += f", normalize={truth}"
        draft.note(f"sh:normalize={truth}")
    if draft.chance(0.4):
        norm = draft.rng.choice(("component", "integral", "norm"))
        options += f", norm={norm}"
        draft.note(f"sh:norm={norm}")
    irreps = tuple(Seg(1, label) for label in draft.natural(lmax))
    return Expr(f"sh({r.text}, {lmax}{options})", irreps, r.at)
