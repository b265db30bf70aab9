"""A diagram in the making: what is declared, what may be read where, which features have occurred."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from random_trees import RandomTree
from random_types import EVEN, Label, Seg, Type, spell, spell_label, width

Letters = frozenset[str]
"""Indices by role: "i" receiver, "j" sender, "g" graph."""

NOWHERE: Letters = frozenset()

SPACES: dict[str, Letters] = {
    "once": NOWHERE,
    "batch": NOWHERE,
    "node": frozenset("i"),
    "edge": frozenset("ij"),
    "graph": frozenset("g"),
}

INPUT_PREFIXES = ("x", "y", "f", "v")
STATEMENT_PREFIXES = ("h", "m", "z")

CLASSES = {"node": "species", "edge": "bond", "graph": "kind"}


@dataclass(frozen=True)
class Named:
    """A tensor that has a name: an input or a statement."""

    name: str
    type: Type
    space: str


@dataclass(frozen=True)
class Expr:
    """`text`, with the target and the options that still have to be written, at a statement or in parentheses.

    `level`: 0 an atom, 1 a sign or a factor, 2 a product, 3 a sum. `at`: the indices of the operands.
    """

    text: str
    type: Type
    at: Letters
    level: int = 0
    target: str | None = None
    options: tuple[str, ...] = ()

    def closed(self) -> str:
        """With its target and options, as an argument of a call."""
        if self.target is None and not self.options:
            return self.text
        target = "" if self.target is None else f" : {self.target}"
        options = "" if not self.options else f" with {', '.join(self.options)}"
        return f"({self.text}{target}{options})"

    def atom(self) -> str:
        """As an operand of `*`."""
        bare = self.target is None and not self.options
        return f"({self.text})" if bare and self.level > 0 else self.closed()

    def inline(self) -> Expr:
        return self if self.target is None and not self.options else Expr(self.closed(), self.type, self.at)


Grammar = Callable[["Draft", Letters, int], "Expr | None"]
"""What draws an expression readable somewhere, at a depth of parentheses."""


class Draft:
    """Collects declarations in order; every choice comes from `rng`."""

    def __init__(
        self, rng: Random, grammar: Grammar, kind: str, o3: bool, graphs: bool, letters: tuple[str, str, str]
    ) -> None:
        self.rng = rng
        self.grammar = grammar
        self.kind = kind
        self.o3 = o3
        self.graphs = graphs
        self.letters = dict(zip("ijg", letters, strict=True))
        self.head: list[str] = []
        self.lines: list[str] = []
        self.env: list[Named] = []
        self.used: dict[str, None] = {}
        self.learned: list[tuple[str, int]] = []
        self.trees: list[RandomTree] = []
        self.features: dict[str, None] = {}
        self._count = 0

    def note(self, *features: str) -> None:
        self.features.update(dict.fromkeys(features))

    def fresh(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    # ---------------------------------------------------------------- writing

    def ports(self, at: Letters) -> str:
        return "" if not at else f"[{','.join(self.letters[letter] for letter in 'ijg' if letter in at)}]"

    def spell(self, irreps: Type) -> str:
        return spell(irreps, self.o3)

    def labels(self, labels: tuple[Label, ...], separator: str) -> str:
        return separator.join(spell_label(label, self.o3) for label in labels)

    def declared(self, irreps: Type) -> str:
        """The irreps of an input in one of the spellings that they have."""
        how = self.rng.choice(("plain", "plain", "plain", "short", "natural", "param", "name"))
        terms = [self._term(seg, how) for seg in irreps]
        if how == "param":
            name = self.fresh("C")
            self.head.append(f"param {name} = {irreps[0].mul}")
            terms[0] = f"{{{name}}}{terms[0][terms[0].index('x') :]}"
            self.note("param")
        if irreps == tuple(Seg(1, label) for label in self.natural(len(irreps) - 1)):
            terms = [f"sh({len(irreps) - 1})"]
            self.note("irreps of harmonics")
        text = " + ".join(terms)
        if how == "name":
            name = self.fresh("H")
            self.head.append(f"irreps {name} = {text}")
            self.note("named irreps")
            return name
        return text

    def _term(self, seg: Seg, how: str) -> str:
        if how == "short" and seg.mul == 1:
            self.note("multiplicity left out")
            return spell_label(seg.label, self.o3)
        if how == "natural" and self.o3 and seg.label.p == (-1) ** seg.label.l:
            self.note("natural parity")
            return f"{seg.mul}x{seg.label.l}y"
        return self.spell((seg,))

    def natural(self, lmax: int) -> tuple[Label, ...]:
        """Labels of the spherical harmonics."""
        return tuple(Label(l, (-1) ** l if self.o3 else 1) for l in range(lmax + 1))

    # -------------------------------------------------------------- declaring

    def input(self, space: str, irreps: Type) -> Named:
        name = self.fresh(self.rng.choice(INPUT_PREFIXES))
        self.lines.append(f"input {name}{self.ports(SPACES[space])} : {self.declared(irreps)}")
        self.note(f"input:{space}")
        return self._remember(Named(name, irreps, space))

    def statement(self, name: str, space: str, expr: Expr) -> Named:
        port = f"{name}{self.ports(SPACES[space])}"
        if self.chance(0.3):
            expr = expr.inline()
        target = "" if expr.target is None else f" : {expr.target}"
        options = "" if not expr.options else f" with {', '.join(expr.options)}"
        if expr.options:
            self.note("options:statement")
        self.lines.append(f"{port}{target} = {expr.text}{options}")
        return self._remember(Named(name, expr.type, space))

    def _remember(self, named: Named) -> Named:
        self.env.append(named)
        return named

    # ---------------------------------------------------------------- reading

    def spaces(self, scope: Letters) -> tuple[str, ...]:
        """Spaces that a tensor read in this scope may live in."""
        if self.kind == "batch":
            return ("batch",)
        out = ["once"]
        if scope & {"i", "j"}:
            out.append("node")
        if scope >= {"i", "j"}:
            out.append("edge")
        if "g" in scope:
            out.append("graph")
        return tuple(out)

    def read(self, named: Named, scope: Letters) -> Expr:
        self.used[named.name] = None
        at = SPACES[named.space]
        if named.space == "node":
            end = self.rng.choice(sorted(scope & {"i", "j"}))
            at = frozenset(end)
            if scope >= {"i", "j"}:
                self.note(f"gather:{'receiver' if end == 'i' else 'sender'}")
        if named.space == "graph" and "i" in scope:
            self.note("gather:graph")
        if named.space == "once" and self.kind != "batch":
            self.note("once operand")
        return Expr(f"{named.name}{self.ports(at)}", named.type, at)

    def pick(self, scope: Letters, wanted: Callable[[Type], bool], make: Callable[[], Type]) -> Expr:
        """A tensor of a wanted type: one that is there, or a new input."""
        spaces = self.spaces(scope)
        there = [
            named
            for named in self.env
            if named.space in spaces and all(seg.mul for seg in named.type) and wanted(named.type)
        ]
        if there and self.chance(0.75):
            fresh = [named for named in there if named.name not in self.used]
            return self.read(self.rng.choice(fresh if fresh and self.chance(0.6) else there), scope)
        space = self.rng.choice(spaces[1:] if len(spaces) > 1 and self.chance(0.85) else spaces)
        return self.read(self.input(space, make()), scope)

    def random_label(self, highest: int = 3) -> Label:
        l = min(self.rng.choice((0, 0, 0, 1, 1, 1, 1, 2, 2, 3)), highest)
        return Label(l, self.rng.choice((1, -1)) if self.o3 else 1)

    def random_type(self, mul: int | None = None, highest: int = 3) -> Type:
        """One to three segments: equal channels (`mul`, or drawn), or different ones."""
        uniform = mul or self.rng.choice((1, 1, 2, 2, 3, 4))
        mixed = mul is None and self.chance(0.35)
        size = self.rng.choice((1, 2, 2, 3))
        return tuple(
            Seg(self.rng.choice((1, 2, 3, 4)) if mixed else uniform, self.random_label(highest)) for _ in range(size)
        )

    # ---------------------------------------------------------------- weights

    def weight(self, scope: Letters, numel: int) -> tuple[str, Letters]:
        """The text after `weights=`, and the indices that it brings in."""
        kinds = ["learned"] * 2 + ["computed", "direct"]
        spaces = [space for space in self.spaces(scope) if space in CLASSES]
        if spaces:
            kinds += ["given"] * 2 + ["per class"]
        kind = self.rng.choice(kinds)
        self.note(f"weights:{kind}")
        match kind:
            case "learned":
                return self._learned(numel), NOWHERE
            case "computed":
                return self._computed(scope, numel)
            case "direct":
                return self._direct(scope, numel)
        space = self.rng.choice(spaces)
        named = Named(self.fresh("W" if kind == "per class" else "R"), (Seg(numel, EVEN),), space)
        per = f" : per {CLASSES[space]}" if kind == "per class" else ""
        self.lines.append(f"weight {named.name}{self.ports(SPACES[space])}{per}")
        self.note(f"weights:{kind}:{space}")
        expr = self.read(named, scope)
        return expr.text, expr.at

    def _learned(self, numel: int) -> str:
        same = [name for name, size in self.learned if size == numel]
        if same and self.chance(0.5):
            self.note("weight reused")
            return self.rng.choice(same)
        name = self.fresh("w")
        self.lines.append(f"weight {name}")
        self.learned.append((name, numel))
        return name

    def scalars(self, scope: Letters, numel: int, whole: bool = False) -> Expr:
        """`numel x 0e`, as one segment or, unless `whole`, as two side by side."""
        wanted: Type = (Seg(numel, EVEN),)
        if numel >= 2 and not whole and self.chance(0.3):
            half: Type = (Seg(numel // 2, EVEN),)
            rest: Type = (Seg(numel - numel // 2, EVEN),)
            first = self.pick(scope, lambda type: type == half, lambda: half)
            second = self.pick(scope, lambda type: type == rest, lambda: rest)
            self.note("weights:cat")
            return Expr(f"cat({first.text}, {second.text})", wanted, first.at | second.at)
        return self.pick(scope, lambda type: type == wanted, lambda: wanted)

    def _direct(self, scope: Letters, numel: int) -> tuple[str, Letters]:
        if self.chance(0.6):
            value = self.scalars(scope, numel)
            return value.text, value.at
        first, second = (self.scalars(scope, numel, whole=True) for _ in range(2))
        self.note("weights:product")
        text = f"({first.text} * {second.text} : {self.spell((Seg(numel, EVEN),))} with mode=uuu)"
        return text, first.at | second.at

    def _computed(self, scope: Letters, numel: int) -> tuple[str, Letters]:
        features = self.pick(
            scope,
            lambda type: any(seg.label == EVEN for seg in type) and width(type) <= 40,
            lambda: (Seg(self.rng.choice((1, 2, 3)), EVEN), *self.random_type(2, 1)),
        )
        shape = self.rng.choice(("linear({})", "linear({})", "silu(linear({}))", "(0.5 * linear({}))"))
        return shape.format(features.text), features.at


def joined(*parts: Letters) -> Letters | None:
    """The indices of an expression; None where a graph index stands beside the sender alone, which does not fix it."""
    union = frozenset().union(*parts)
    return None if "g" in union and "j" in union and "i" not in union else union


def with_options(expr: Expr, *options: str) -> Expr:
    return replace(expr, options=(*expr.options, *options))
