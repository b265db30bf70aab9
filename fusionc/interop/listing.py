"""The paths of a product or a linear as a list, and the one statement that means the same list, if there is one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fusionc.algebra.irrep import Irrep, Irreps, Segment

LAST_BITS = 4e-16
"""Two factors are the same when they differ by no more than the rounding of a quotient and its square root."""


@dataclass(frozen=True, slots=True)
class Path:
    """`factor` multiplies w3j (a product) or the mixing (a linear, where `right` is -1 and `mode` is "")."""

    left: int
    right: int
    out: int
    mode: str
    weighted: bool
    factor: float
    shape: tuple[int, ...]

    @property
    def numel(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Listing:
    """What an e3nn module computes. `right` is None for a linear; a square takes its left operand twice.

    `biased` are the output segments with a bias, `learned` says that the module owns its weights, `shared` that one
    weight serves all elements.
    """

    left: Irreps
    right: Irreps | None
    out: Irreps
    paths: tuple[Path, ...]
    square: bool = False
    biased: tuple[int, ...] = ()
    learned: bool = False
    shared: bool = True

    @property
    def at(self) -> str:
        """The index of the tensors: a weight from outside that all share has no leading dimension, so they need one."""
        outside = (self.weighted or self.biased) and not self.learned
        return "[i]" if outside and self.shared else ""

    @property
    def weighted(self) -> tuple[Path, ...]:
        return tuple(path for path in self.paths if path.weighted)

    @property
    def weight_numel(self) -> int:
        return sum(path.numel for path in self.weighted)

    @property
    def bias_numel(self) -> int:
        return sum(self.out[out].mul for out in self.biased)


def whole_statement(listing: Listing) -> str | None:
    """`z = ...` in one statement without a factor of its own, or None when the language's rules give another list."""
    return _whole_linear(listing) if listing.right is None else _whole_product(listing)


def _whole_product(listing: Listing) -> str | None:
    """`x * y` in one statement, when the language lists the same paths in the same order with the same factors."""
    modes = {path.mode for path in listing.paths}
    uniform = len(modes) == 1 and len({path.weighted for path in listing.paths}) == 1
    if not uniform or not _all_reached(listing):
        return None
    (mode,) = modes
    weights = ["weights=w"] if listing.weighted else []
    found = _concatenated(listing, mode)
    keep, target = _keep(listing, mode), ""
    if found is None or not _same_paths(listing, found):
        found, keep, target = _ascribed(listing, mode), [], f" : {spell(listing.out)}"
    if found is None or not _same_paths(listing, found):
        return None
    factors = {(path.left, path.right, path.out): path.factor for path in listing.paths}
    norms = norm_options(listing, found, [factors[path.left, path.right, path.out] for path in found])
    if norms is None:
        return None
    options = [f"mode={spell_mode(mode)}", *weights, *keep, *norms]
    at = listing.at
    right = f"x{at}" if listing.square else f"y{at}"
    return f"z{at}{target} = x{at} * {right} with {', '.join(options)}"


def _all_reached(listing: Listing) -> bool:
    reached = {path.out for path in listing.paths}
    return all(n in reached for n, segment in enumerate(listing.out) if segment.mul)


def _keep(listing: Listing, mode: str) -> list[str]:
    """The option that narrows a concatenated product to the labels of the output, if one is needed."""
    labels = {segment.irrep for segment in listing.out}
    if all(irrep in labels for _, _, irrep, _ in _couplings(listing, mode)):
        return []
    return ["keep=" + " + ".join(str(irrep) for irrep in sorted(labels))]


def _couplings(listing: Listing, mode: str) -> list[tuple[int, int, Irrep, int]]:
    """Left segment, right segment, output label and its natural multiplicity (-1 when the mode fits no such pair)."""
    assert listing.right is not None
    return [
        (n, m, irrep, _natural_multiplicity(mode, left.mul, right.mul))
        for n, left in enumerate(listing.left)
        for m, right in enumerate(listing.right)
        for irrep in left.irrep * right.irrep
        if left.mul and right.mul and _natural_multiplicity(mode, left.mul, right.mul)
    ]


def _natural_multiplicity(mode: str, left: int, right: int) -> int:
    match mode:
        case "uuu":
            return left if left == right else -1
        case "uvu":
            return left
        case "uvv":
            return right
        case "uvuv":
            return left * right
        case "uvu<v":
            return left * (left - 1) // 2 if left == right else -1
        case _:
            return -1


def _concatenated(listing: Listing, mode: str) -> tuple[Path, ...] | None:
    """The paths without an ascription: a segment each, in e3nn's order of irreps."""
    labels = {segment.irrep for segment in listing.out}
    couplings = [coupling for coupling in _couplings(listing, mode) if coupling[2] in labels]
    if any(mul < 0 for *_, mul in _couplings(listing, mode)):
        return None
    order = sorted(range(len(couplings)), key=lambda n: couplings[n][2])
    out = Irreps(tuple(Segment(couplings[n][3], couplings[n][2]) for n in order))
    if out != listing.out:
        return None
    return tuple(Path(*couplings[n][:2], k, mode, False, 1.0, ()) for k, n in enumerate(order))


def _ascribed(listing: Listing, mode: str) -> tuple[Path, ...] | None:
    """The paths with the output as ascription: left segment, right segment, output segment."""
    assert listing.right is not None
    found = []
    for n, left in enumerate(listing.left):
        for m, right in enumerate(listing.right):
            for k, out in enumerate(listing.out):
                if out.irrep not in left.irrep * right.irrep or not (left.mul and right.mul and out.mul):
                    continue
                natural = _natural_multiplicity(mode, left.mul, right.mul)
                fits = left.mul == right.mul if mode in ("uuw", "u<vw") else mode == "uvw" or natural == out.mul
                if not fits:
                    return None
                found.append(Path(n, m, k, mode, False, 1.0, ()))
    return tuple(found)


def _same_paths(listing: Listing, found: tuple[Path, ...]) -> bool:
    """Equal lists; without weights the order does not matter."""
    given = [(path.left, path.right, path.out) for path in listing.paths]
    made = [(path.left, path.right, path.out) for path in found]
    return given == made if listing.weighted else sorted(given) == sorted(made)


def norm_options(listing: Listing, paths: Sequence[Path], factors: Sequence[float]) -> list[str] | None:
    """The options of one product of these paths that give them these factors, if there are any.

    None are needed for e3nn's own defaults.
    """
    for path_norm in ("element", "path", "none"):
        for norm in ("component", "norm", "none"):
            given = [_factor(listing, paths, path, norm, path_norm) for path in paths]
            if _all_close(given, factors):
                return [f"norm={norm}"] * (norm != "component") + [f"path_norm={path_norm}"] * (path_norm != "element")
    return None


def _all_close(given: Sequence[float], wanted: Sequence[float]) -> bool:
    return all(math.isclose(*pair, rel_tol=LAST_BITS) for pair in zip(given, wanted, strict=True))


def _factor(listing: Listing, paths: Sequence[Path], path: Path, norm: str, path_norm: str) -> float:
    """e3nn's factor of a path (the square root of dimension over terms summed), by the names of its options."""
    assert listing.right is not None
    left, right, out = listing.left[path.left], listing.right[path.right], listing.out[path.out]
    size = {"component": out.irrep.dim, "norm": left.irrep.dim * right.irrep.dim, "none": 1}[norm]
    beside = [other for other in paths if other.out == path.out]
    summed = {
        "element": sum(_summed(listing, other) for other in beside),
        "path": _summed(listing, path) * len(beside),
        "none": 1,
    }[path_norm]
    return math.sqrt(size / summed)


def _summed(listing: Listing, path: Path) -> int:
    """How many products of channels a path adds into one output channel."""
    assert listing.right is not None
    left, right = listing.left[path.left].mul, listing.right[path.right].mul
    pairs = left * (right - 1) // 2
    return {"uvw": left * right, "uvu": right, "uvv": left, "uuw": left, "u<vw": pairs}.get(path.mode, 1)


def _whole_linear(listing: Listing) -> str | None:
    """`linear(x)` in one statement, when every pair of equal irreps is a path and every scalar or none has a bias."""
    every = [
        (n, k)
        for n, left in enumerate(listing.left)
        for k, out in enumerate(listing.out)
        if left.irrep == out.irrep and left.mul and out.mul
    ]
    scalars = tuple(n for n, segment in enumerate(listing.out) if segment.irrep == Irrep(0, 1))
    if every != [(path.left, path.out) for path in listing.paths] or not _all_reached(listing):
        return None
    if listing.biased not in ((), scalars):
        return None
    for path_norm in ("element", "path", "none"):
        given = [_mixing_factor(listing, path, path_norm) for path in listing.paths]
        if _all_close(given, [path.factor for path in listing.paths]):
            options = ["weights=w"] + ["bias=b"] * bool(listing.biased)
            options += [f"path_norm={path_norm}"] * (path_norm != "element")
            at = listing.at
            return f"z{at} : {spell(listing.out)} = linear(x{at}) with {', '.join(options)}"
    return None


def _mixing_factor(listing: Listing, path: Path, path_norm: str) -> float:
    beside = [listing.left[other.left].mul for other in listing.paths if other.out == path.out]
    own = listing.left[path.left].mul
    return 1 / math.sqrt({"element": sum(beside), "path": own * len(beside), "none": 1}[path_norm])


def spell(irreps: Irreps) -> str:
    return " + ".join(str(segment) for segment in irreps) or "0x0e"


def spell_mode(mode: str) -> str:
    return mode if mode.isalpha() else f'"{mode}"'
