"""Random products, symmetric powers, mixings and tree calls: what has paths, weights and normalisations.

Every function returns None where the draws so far leave nothing well-formed to make; the caller draws again.
"""

from __future__ import annotations

from collections import Counter

from random_drafts import NOWHERE, Draft, Expr, Letters, joined
from random_types import (
    EVEN,
    MIXING,
    MODES,
    Label,
    Route,
    Seg,
    Type,
    channels,
    labels_of,
    routes,
    symmetric_counts,
    width,
)

MAX_WIDTH = 120
MAX_WEIGHTS = 400
MAX_PATHS = 30


def operand(draft: Draft, scope: Letters, depth: int) -> Expr:
    """A tensor by its name, or (one level deep) an expression in parentheses."""
    if depth == 0 and draft.chance(0.25):
        inner = draft.grammar(draft, scope, depth + 1)
        if inner is not None and 0 < width(inner.type) <= 30 and len(inner.type) <= 4 and _whole(inner.type):
            draft.note("nested")
            return inner.inline()
    return read(draft, scope)


def _whole(irreps: Type) -> bool:
    return all(seg.mul for seg in irreps)


def read(draft: Draft, scope: Letters) -> Expr:
    return draft.pick(scope, lambda irreps: len(irreps) <= 4 and width(irreps) <= 40, draft.random_type)


def product(draft: Draft, scope: Letters, depth: int) -> Expr | None:
    mode = draft.rng.choice(MODES) if depth > 0 or draft.chance(0.75) else None
    left, right = _factors(draft, scope, depth, mode)
    at = joined(left.at, right.at)
    all_routes = routes(left.type, right.type, mode)
    if at is None or not all_routes or len(all_routes) > MAX_PATHS:
        return None
    if len({seg.mul for seg in left.type}) > 1:
        draft.note("mixed multiplicities")
    options = [] if mode is None else [f'mode="{mode}"' if "<" in mode else f"mode={mode}"]
    bare = mode == "uuw" and draft.chance(0.2)
    summed = mode in MIXING or draft.chance(0.5)
    if bare:
        all_routes = tuple(route._replace(mode="uu1") for route in all_routes)
        draft.note("uuw to one channel")
    made = _ascribed(draft, all_routes) if summed else _filtered(draft, all_routes)
    irreps, target, filters, numel = made
    if not 0 < width(irreps) <= MAX_WIDTH or numel > MAX_WEIGHTS:
        return None
    draft.note(f"mode:{mode or 'default'}:{'summed' if summed else 'concatenated'}")
    options += filters
    if not bare and (mode in MIXING or draft.chance(0.5)):
        text, indices = draft.weight(scope, numel)
        at = joined(at, indices)
        options.append(f"weights={text}")
    else:
        draft.note("unweighted")
    options += _norms(draft)
    expr = Expr(f"{left.atom()} * {right.atom()}", irreps, at or NOWHERE, 2, target, tuple(options))
    return None if at is None else expr


def _factors(draft: Draft, scope: Letters, depth: int, mode: str | None) -> tuple[Expr, Expr]:
    """Two operands whose channels fit the mode more often than not."""
    left = operand(draft, scope, depth)
    muls = {seg.mul for seg in left.type}
    if mode in ("uvu", "uvv", "uvw", "uvuv"):
        small = draft.rng.choice((1, 1, 2))
        return left, draft.pick(
            scope,
            lambda irreps: len(irreps) <= 3 and width(irreps) <= 20,
            lambda: draft.random_type(small, 2),
        )
    least = 2 if mode in ("uvu<v", "u<vw") else 1
    if (len(muls) > 1 and mode is not None) or min(muls) < least:
        mul = draft.rng.choice((2, 3, 4))
        left = draft.pick(scope, lambda irreps: _is_uniform(irreps, mul), lambda: draft.random_type(mul))
        muls = {mul}
    mul = 1 if mode is None and (len(muls) > 1 or draft.chance(0.5)) else next(iter(muls))
    right = draft.pick(scope, lambda irreps: _is_uniform(irreps, mul), lambda: draft.random_type(mul, 2))
    return left, right


def _is_uniform(irreps: Type, mul: int) -> bool:
    return all(seg.mul == mul for seg in irreps) and len(irreps) <= 3 and width(irreps) <= 40


def _natural(route: Route) -> Seg:
    return Seg(channels(route.mode, route.left.mul, route.right.mul), route.label)


def _ascribed(draft: Draft, all_routes: tuple[Route, ...]) -> tuple[Type, str, list[str], int]:
    """Target irreps, their text, no filters, and the number of weights."""
    mixing = all_routes[0].mode in MIXING
    if mixing:
        labels = sorted({route.label for route in all_routes})
        reach = [Seg(draft.rng.choice((1, 2, 3)), label) for label in labels]
    else:
        reach = sorted({_natural(route) for route in all_routes if _natural(route).mul})
    chosen = draft.rng.sample(reach, min(len(reach), draft.rng.choice((1, 1, 2, 3))))
    if draft.chance(0.08):
        chosen.append(draft.rng.choice(chosen))
        draft.note("target twice")
    numel = sum(
        route.numel(seg.mul)
        for route in all_routes
        for seg in chosen
        if seg.label == route.label and (mixing or seg == _natural(route))
    )
    unique = (
        all_routes[0].mode not in (*MIXING, "uu1")
        and len({seg.mul for seg in reach}) == 1
        and len(set(chosen)) == len(chosen) > 1
    )
    if unique and draft.chance(0.4):
        draft.note("alternatives")
        return tuple(chosen), _alternatives(draft, chosen), [], numel
    return tuple(chosen), draft.spell(tuple(chosen)), [], numel


def _alternatives(draft: Draft, chosen: list[Seg]) -> str:
    return draft.labels(tuple(seg.label for seg in chosen), " | ")


def _filtered(draft: Draft, all_routes: tuple[Route, ...]) -> tuple[Type, None, list[str], int]:
    kept, filters = _choose_filter(draft, sorted({route.label for route in all_routes}))
    chosen = [route for route in all_routes if route.label in kept]
    out = tuple(sorted((_natural(route) for route in chosen), key=lambda seg: seg.label))
    return out, None, filters, sum(route.numel(seg_mul) for route in chosen for seg_mul in (_natural(route).mul,))


def _choose_filter(draft: Draft, reach: list[Label]) -> tuple[set[Label], list[str]]:
    kind = draft.rng.choice(("none", "keep", "keep", "lmax", "l"))
    if kind != "none":
        draft.note(f"filter:{kind}")
    match kind:
        case "keep":
            chosen = draft.rng.sample(reach, draft.rng.randrange(1, min(len(reach), 4) + 1))
            return set(chosen), [f"keep={draft.labels(tuple(chosen), ' + ')}"]
        case "lmax":
            bound = draft.rng.choice(sorted({label.l for label in reach}))
            return {label for label in reach if label.l <= bound}, [f"lmax={bound}"]
        case "l":
            degrees = sorted({label.l for label in reach})
            some = sorted(draft.rng.sample(degrees, draft.rng.randrange(1, min(len(degrees), 3) + 1)))
            return {label for label in reach if label.l in some}, [f"l=[{', '.join(map(str, some))}]"]
    return set(reach), []


def _norms(draft: Draft) -> list[str]:
    out = []
    if draft.chance(0.4):
        norm = draft.rng.choice(("component", "norm", "none"))
        out.append(f"norm={norm}")
        draft.note(f"norm:{norm}")
    return out + _path_norm(draft)


def _path_norm(draft: Draft) -> list[str]:
    if not draft.chance(0.4):
        return []
    path_norm = draft.rng.choice(("element", "path", "none"))
    draft.note(f"path_norm:{path_norm}")
    return [f"path_norm={path_norm}"]


def sympow(draft: Draft, scope: Letters, depth: int) -> Expr | None:
    mul = draft.rng.choice((1, 2, 3))
    base = draft.pick(
        scope,
        lambda irreps: len({seg.mul for seg in irreps}) == 1 and _copy(irreps) <= 9,
        lambda: draft.random_type(mul, 2)[: draft.rng.choice((1, 2, 2))],
    )
    dim = _copy(base.type)
    highest = 4 if dim <= 4 else 3 if dim <= 9 else 2
    last = draft.rng.randrange(1, highest + 1)
    first = draft.rng.randrange(1, last + 1) if draft.chance(0.5) else last
    counts: Counter[Label] = Counter()
    for order in range(first, last + 1):
        counts += symmetric_counts(tuple(seg.label for seg in base.type), order)
    channel = base.type[0].mul
    low = sorted(label for label in counts if label.l <= 3)
    if not low:
        return None
    options, target = (["mode=uuu"] if draft.chance(0.3) else []), None
    if draft.chance(0.6):
        chosen = draft.rng.sample(low, min(len(low), draft.rng.choice((1, 2, 2, 3))))
        irreps: Type = tuple(Seg(channel, label) for label in chosen)
        target = draft.spell(irreps)
        kept = set(chosen)
    else:
        kept, filters = _choose_filter(draft, sorted(counts))
        options += filters
        irreps = tuple(Seg(channel, label) for label in sorted(kept) for _ in range(counts[label]))
    paths = sum(counts[label] for label in kept)
    if paths > MAX_PATHS or width(irreps) > MAX_WIDTH:
        return None
    at: Letters | None = base.at
    if draft.chance(0.5):
        text, indices = draft.weight(scope, channel * paths)
        at = joined(base.at, indices)
        options.append(f"weights={text}")
    span = f"{first}..{last}" if first < last or draft.chance(0.1) else str(last)
    draft.note(f"sympow:{last}", f"sympow:{'concatenated' if target is None else 'summed'}")
    options += _path_norm(draft)
    expr = Expr(f"sympow({base.text}, {span})", irreps, at or NOWHERE, 0, target, tuple(options))
    return None if at is None else expr


def _copy(irreps: Type) -> int:
    return sum(seg.label.dim for seg in irreps)


def linear(draft: Draft, scope: Letters, depth: int) -> Expr | None:
    x = operand(draft, scope, depth)
    labels = labels_of(x.type)
    chosen = draft.rng.sample(labels, draft.rng.randrange(1, len(labels) + 1))
    irreps = [Seg(draft.rng.choice((1, 2, 3, 4)), label) for label in chosen]
    if draft.chance(0.1):
        irreps.append(Seg(draft.rng.choice((1, 2)), draft.rng.choice(chosen)))
        draft.note("target twice")
    if depth == 0 and draft.chance(0.05):
        irreps.append(Seg(0, draft.random_label()))
        draft.note("zero multiplicity")
    numel = sum(a.mul * b.mul for a in x.type for b in irreps if a.label == b.label)
    scalars = sum(seg.mul for seg in irreps if seg.label == EVEN)
    at: Letters | None = x.at
    options = []
    if draft.chance(0.4) and numel <= MAX_WEIGHTS:
        text, indices = draft.weight(scope, numel)
        at = None if at is None else joined(at, indices)
        options.append(f"weights={text}")
        draft.note("linear:weights")
    if scalars and draft.chance(0.4):
        text, indices = _bias(draft, scope, scalars)
        at = None if at is None else joined(at, indices)
        options.append(f"bias={text}")
        draft.note("linear:bias")
    options += _path_norm(draft)
    expr = Expr(f"linear({x.closed()})", tuple(irreps), at or NOWHERE, 0, draft.spell(tuple(irreps)), tuple(options))
    return None if at is None else expr


def _bias(draft: Draft, scope: Letters, scalars: int) -> tuple[str, Letters]:
    if draft.chance(0.5):
        name = draft.fresh("b")
        draft.lines.append(f"weight {name}")
        return name, NOWHERE
    value = draft.scalars(scope, scalars)
    return value.text, value.at


def tree_call(draft: Draft, scope: Letters, depth: int) -> Expr | None:
    tree = draft.rng.choice(draft.trees)
    channel = draft.rng.choice((1, 2, 3))
    given: list[Expr] = []
    for leaf in tree.leaves:
        given.append(_leaf(draft, scope, leaf, channel))
    at = joined(*(x.at for x in given))
    muls = [seg.mul for leaf, x in zip(tree.leaves, given, strict=True) for seg in x.type if seg.label == leaf]
    bound: dict[str, tuple[Label, ...]] = {}
    for edge, labels in tree.free:
        if draft.chance(0.4):
            bound[edge] = tuple(sorted(draft.rng.sample(labels, draft.rng.choice((1, 1, len(labels) - 1)))))
            draft.note("tree:bound")
    count = tree.count(bound)
    channel = max(muls)
    if at is None or not 0 < count <= 12:
        return None
    if tree.has_open_edges:
        draft.note("tree:open edge")
    draft.note(f"tree:{len(tree.leaves)} leaves", "tree:family" if count > 1 else "tree:one")
    bindings = "".join(f", {edge}={draft.labels(labels, ' | ')}" for edge, labels in bound.items())
    segment = Seg(channel, tree.out)
    summed = draft.chance(0.5)
    irreps: Type = (segment,) * (1 if summed else count)
    if width(irreps) > MAX_WIDTH:
        return None
    options = []
    if draft.chance(0.4):
        text, indices = draft.weight(scope, channel * count)
        at = joined(at, indices)
        options.append(f"weights={text}")
        draft.note("tree:weights")
    options += _path_norm(draft) if summed else []
    text = f"{tree.name}({', '.join(x.closed() for x in given)}{bindings})"
    target = draft.spell(irreps) if summed else None
    return None if at is None else Expr(text, irreps, at, 0, target, tuple(options))


def _leaf(draft: Draft, scope: Letters, leaf: Label, channel: int) -> Expr:
    """An operand with exactly one segment of the leaf's label, of one channel or `channel`."""

    def wanted(irreps: Type) -> bool:
        return [seg.mul in (1, channel) for seg in irreps if seg.label == leaf] == [True] and width(irreps) <= 40

    mul = 1 if draft.chance(0.25) else channel
    others = tuple(seg for seg in draft.random_type()[:1] if seg.label != leaf and draft.chance(0.3))
    return draft.pick(scope, wanted, lambda: (Seg(mul, leaf), *others))


def couplings(draft: Draft, scope: Letters, depth: int) -> Expr | None:
    """A sum of a coupling and a mixing, or of two couplings, that share the target."""
    left, right = _factors(draft, scope, 1, "uuu")
    other = read(draft, scope)
    found = routes(left.type, right.type, "uuu") or ()
    at = joined(left.at, right.at, other.at)
    reach = sorted({_natural(route) for route in found if route.label in labels_of(other.type)})
    if at is None or not reach or len(found) > MAX_PATHS:
        return None
    chosen = tuple(draft.rng.sample(reach, min(len(reach), 2)))
    sign = draft.rng.choice(("+", "-"))
    factor = draft.rng.choice(("", "0.5 * "))
    text = f"{left.atom()} * {right.atom()} {sign} {factor}linear({other.text})"
    return Expr(text, chosen, at, 3, draft.spell(chosen), ("mode=uuu",) if draft.chance(0.5) else ())


def filtered_couplings(draft: Draft, scope: Letters, depth: int) -> Expr | None:
    """Two couplings side by side, which one `mode` and one bound on l reach."""
    pairs = [_factors(draft, scope, 1, "uuu") for _ in range(2)]
    found = [routes(left.type, right.type, "uuu") or () for left, right in pairs]
    at = joined(*(x.at for pair in pairs for x in pair))
    if at is None or not all(found) or sum(map(len, found)) > MAX_PATHS:
        return None
    least = max(min(route.label.l for route in part) for part in found)
    bound = draft.rng.choice((least, least + 1))
    parts = [sorted((_natural(r) for r in part if r.label.l <= bound), key=lambda seg: seg.label) for part in found]
    irreps = tuple(seg for part in parts for seg in part)
    if width(irreps) > MAX_WIDTH:
        return None
    text = ", ".join(f"{left.atom()} * {right.atom()}" for left, right in pairs)
    return Expr(f"cat({text})", irreps, at, 0, None, ("mode=uuu", f"lmax={bound}"))
