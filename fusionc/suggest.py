"""Did-you-mean, the same answer in every run."""

from __future__ import annotations

from collections.abc import Iterable


def suggest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate nearest to `word`, or None when nothing is near enough to be a slip of the hand.

    Near enough: at most one edit for words of up to four letters, two for up to eight, three beyond, and fewer than
    the word has letters; an edit is an insertion, a deletion, a substitution or a swap of neighbours (optimal string
    alignment). A word that differs only by case is always near. Ties go to the first in sorted order.
    """
    allowed = 1 if len(word) <= 4 else 2 if len(word) <= 8 else 3
    best: tuple[int, str] | None = None
    for candidate in sorted(candidates):
        if candidate == word:
            continue
        distance = 0 if candidate.lower() == word.lower() else _distance(word, candidate, allowed)
        if distance <= allowed and distance < len(word) and (best is None or (distance, candidate) < best):
            best = (distance, candidate)
    return None if best is None else best[1]


def _distance(a: str, b: str, limit: int) -> int:
    """Optimal string alignment distance; anything above `limit` comes back as `limit + 1`."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            cost = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before, previous = previous, current
    return min(previous[-1], limit + 1)
