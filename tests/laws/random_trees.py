"""Random labelled fusion trees and families of them, well-formed by construction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from random_types import Label, couple, spell_label

LEAF_NAMES = ("a", "b", "c", "d", "k")


@dataclass(frozen=True)
class Twig:
    """A leaf with its label, or a vertex (`left`, `right`) with the labels that its outgoing edge may have."""

    name: str
    labels: tuple[Label, ...]
    left: Twig | None = None
    right: Twig | None = None
    open: bool = False
    """Written without labels: all that the rest of the tree allows."""


@dataclass(frozen=True)
class RandomTree:
    name: str
    leaves: tuple[Label, ...]
    root: Twig
    text: str
    free: tuple[tuple[str, tuple[Label, ...]], ...]
    """Named internal edges that have several labels."""

    @property
    def out(self) -> Label:
        return self.root.labels[0]

    @property
    def has_open_edges(self) -> bool:
        return any(twig.open for twig in _twigs(self.root))

    def count(self, bound: Mapping[str, tuple[Label, ...]]) -> int:
        """Labelled trees of the family with these edges bound."""
        return sum(1 for _ in labellings(self.root, bound))


def labellings(
    twig: Twig, bound: Mapping[str, tuple[Label, ...]]
) -> Iterator[tuple[Label, tuple[tuple[str, Label], ...]]]:
    """The label at a twig with those of all edges below it, for every allowed choice."""
    if twig.left is None or twig.right is None:
        yield twig.labels[0], ()
        return
    for a, below in labellings(twig.left, bound):
        for b, beside in labellings(twig.right, bound):
            for label in couple(a, b):
                if label in bound.get(twig.name, twig.labels):
                    yield label, (*below, *beside, (twig.name, label))


def random_tree(rng: Random, name: str, o3: bool) -> RandomTree:
    size = rng.choice((2, 3, 3, 4, 5))
    leaves = tuple(
        Twig(leaf, (Label(rng.choice((0, 1, 1, 2)), rng.choice((1, -1)) if o3 else 1),)) for leaf in LEAF_NAMES[:size]
    )
    shape = _bracket(rng, rng.sample(leaves, size) if rng.random() < 0.3 else list(leaves), [0])
    chosen = _choose_root(rng, shape)
    root = _prune(chosen, {edge for _, below in labellings(chosen, {}) for edge in below})
    lines: list[str] = []
    _write(rng, root, o3, lines)
    ports = ", ".join(f"{leaf.name}: {spell_label(leaf.labels[0], o3)}" for leaf in leaves)
    head = f"tree {name}({ports}) : {spell_label(root.labels[0], o3)} {{"
    text = "\n".join([head, *(f"  {line}" for line in lines), "}"])
    written = [line.split()[0] for line in lines[:-1]]
    free = tuple((twig.name, twig.labels) for twig in _twigs(root) if len(twig.labels) > 1 and twig.name in written)
    return RandomTree(name, tuple(leaf.labels[0] for leaf in leaves), root, text, free)


def _bracket(rng: Random, leaves: list[Twig], made: list[int]) -> Twig:
    """A random bracketing, each inner edge with some of the labels that it can have."""
    if len(leaves) == 1:
        return leaves[0]
    cut = rng.randrange(1, len(leaves))
    left, right = _bracket(rng, leaves[:cut], made), _bracket(rng, leaves[cut:], made)
    reach = sorted({label for a in left.labels for b in right.labels for label in couple(a, b)})
    if rng.random() < 0.15 and len(reach) <= 5:
        made[0] += 1
        return Twig(f"e{made[0]}", tuple(reach), left, right, open=True)
    low = [label for label in reach if label.l <= 3] or reach[:1]
    keep = rng.choice((1, 2, 2, 3))
    chosen = tuple(sorted(rng.sample(low, min(keep, len(low)))))
    made[0] += 1
    return Twig(f"e{made[0]}", chosen, left, right)


def _choose_root(rng: Random, shape: Twig) -> Twig:
    reach = sorted({label for label, _ in labellings(shape, {})})
    return Twig("out", (rng.choice(reach),), shape.left, shape.right)


def _prune(twig: Twig, live: set[tuple[str, Label]]) -> Twig:
    """Without the labels that no labelled tree uses."""
    if twig.left is None or twig.right is None:
        return twig
    labels = tuple(label for label in twig.labels if (twig.name, label) in live)
    return replace(twig, labels=labels, left=_prune(twig.left, live), right=_prune(twig.right, live))


def _twigs(twig: Twig) -> Iterator[Twig]:
    """A twig and all below it, leaves first."""
    if twig.left is not None and twig.right is not None:
        yield from _twigs(twig.left)
        yield from _twigs(twig.right)
    yield twig


def _write(rng: Random, twig: Twig, o3: bool, lines: list[str]) -> str:
    """Append the vertex lines below and at a twig; the text that names the twig's value."""
    if twig.left is None or twig.right is None:
        return twig.name
    couplings = f"{_write(rng, twig.left, o3, lines)} * {_write(rng, twig.right, o3, lines)}"
    labels = " | ".join(spell_label(label, o3) for label in twig.labels)
    if twig.name == "out":
        lines.append(f"out = {couplings}")
        return "out"
    if len(twig.labels) == 1 and not twig.open and rng.random() < 0.3:
        return f"({couplings} : {labels})"
    lines.append(f"{twig.name} = {couplings}" if twig.open else f"{twig.name} : {labels} = {couplings}")
    return twig.name
