"""e3nn modules as programs, and their weights moved over.

    text = to_fusion(tp)
    module = fusionc.load(text)()
    copy_weights(tp, module)

`to_fusion` reads only the public attributes of a module (irreps, instructions, where its weights live), so that every
instruction list becomes a program: a single product when the language's own rules give the same paths, factors and
weights in the same order, and otherwise one product a path, with its factor written out.

The coupling signs are those of e3nn 0.5 and later. A module of e3nn 0.4 needs `convention="e3nn-0.4"` in the options.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fusionc.algebra.irrep import Irrep, Irreps, Segment
from fusionc.interop.listing import Listing, Path, norm_options, spell, spell_mode, whole_statement

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module, Parameter

WIDEST_SEGMENT = 65_536
"""Multiplicity of one segment that the compiler allows by default; a wider flat weight is written as several."""

DECIMALS = 18
"""Digits after the point that a number of the language may have by default."""


def to_fusion(tp: Any, name: str = "tp") -> str:
    """The program that computes what the e3nn module `tp` computes, as a diagram called `name`.

    `tp` is a `TensorProduct` (also `FullyConnected-`, `Full-` and `ElementwiseTensorProduct`, `TensorSquare`) or a
    `Linear`. The arguments of `forward` are `x`, `y` (but for a linear and a square), then, when the module does not
    own them, the weights `w` and the biases `b`, all laid out as e3nn lays them out. With weights given from outside
    and shared by all elements, `x` and `y` have exactly one leading dimension and `w` has none.

    Raises TypeError for a module of another kind, ValueError for what the language has no word for: `f_in` and
    `f_out` of a linear. Also for a `name` that is none.
    """
    if not (name.isascii() and name.isidentifier()):
        raise ValueError(f"{name!r} cannot be the name of a diagram")
    listing = _read(tp)
    neat = whole_statement(listing)
    statements = _statements_by_path(listing) if neat is None else (neat,)
    return "\n".join(
        [
            "fusion 1",
            "",
            f"diagram {name} {{",
            *(f"  {line}" for line in _declarations(listing, neat is not None)),
            "",
            *(f"  {line}" for line in statements),
            f"  output z{listing.at}",
            "}",
            "",
        ]
    )


def copy_weights(source: Module, target: Module) -> None:
    """Copies the learned weights of an e3nn module into the compiled module of its program, or back.

    One of the two is the e3nn module; it decides how the flat weight is cut. Values are cast to the target's dtype.
    """
    import torch

    forward = hasattr(source, "instructions")
    theirs, ours = (source, target) if forward else (target, source)
    with torch.no_grad():
        for their_slice, parameter in _pairs(theirs, ours):
            (parameter if forward else their_slice).copy_(their_slice if forward else parameter)


def _pairs(theirs: Any, ours: Any) -> Iterator[tuple[Tensor, Parameter]]:
    listing = _read(theirs)
    if not listing.learned:
        return
    neat = whole_statement(listing)
    weights: list[tuple[str, int]] = [("w", listing.weight_numel)] if listing.weighted else []
    biases: list[tuple[str, int]] = [("b", listing.bias_numel)] if listing.biased else []
    if neat is None:
        weights = [(f"w{n}", path.numel) for n, path in enumerate(listing.weighted)]
        biases = [(f"b{out}", listing.out[out].mul) for out in listing.biased]
    for flat, named in (("weight", weights), ("bias", biases)):
        start = 0
        for key, numel in named:
            yield getattr(theirs, flat).detach()[start : start + numel], getattr(ours, key)
            start += numel


# --------------------------------------------------------------------- reading


def _read(module: Any) -> Listing:
    from e3nn import o3

    if isinstance(module, o3.Linear):
        return _read_linear(module)
    if isinstance(module, o3.TensorProduct):
        return _read_product(module, isinstance(module, getattr(o3, "TensorSquare", ())))
    raise TypeError(f"no e3nn TensorProduct or Linear but a {type(module).__name__}")


def _irreps(irreps: Any) -> Irreps:
    return Irreps(tuple(Segment(mul, Irrep(ir.l, ir.p)) for mul, ir in irreps))


def _read_product(tp: Any, square: bool) -> Listing:
    paths = tuple(
        Path(ins.i_in1, ins.i_in2, ins.i_out, ins.connection_mode, ins.has_weight, ins.path_weight, ins.path_shape)
        for ins in tp.instructions
    )
    return Listing(
        _irreps(tp.irreps_in1),
        _irreps(tp.irreps_in2),
        _irreps(tp.irreps_out),
        tuple(path for path in paths if path.numel),
        square=square,
        learned=bool(tp.internal_weights),
        shared=bool(tp.shared_weights),
    )


def _read_linear(linear: Any) -> Listing:
    if linear.weight.dim() > 1:
        raise ValueError("a linear with f_in and f_out mixes a dimension that is not one of irreps")
    paths = tuple(
        Path(ins.i_in, -1, ins.i_out, "", True, ins.path_weight, tuple(ins.path_shape))
        for ins in linear.instructions
        if ins.i_in >= 0
    )
    return Listing(
        _irreps(linear.irreps_in),
        None,
        _irreps(linear.irreps_out),
        tuple(path for path in paths if path.numel),
        biased=tuple(ins.i_out for ins in linear.instructions if ins.i_in < 0 and 0 not in ins.path_shape),
        learned=bool(linear.internal_weights),
        shared=bool(linear.shared_weights),
    )


# ------------------------------------------------------------- path by path


def _statements_by_path(listing: Listing) -> tuple[str, ...]:
    at, weights = listing.at, _weight_names(listing)
    last = {path.out: n for n, path in enumerate(listing.paths)}
    terms: dict[int, list[str]] = {n: [] for n in range(len(listing.out))}
    statements = []
    for n, path in enumerate(listing.paths):
        value, norms = _mixing(listing, path) if listing.right is None else _coupling(listing, path)
        options = [f"mode={spell_mode(path.mode)}"] if path.mode else []
        options += [f"weights={weights[n]}"] if path.weighted else []
        if path.out in listing.biased and last[path.out] == n:
            options.append(f"bias={_bias_name(listing, path.out)}")
        statements.append(f"p{n}{at} : {listing.out[path.out]} = {value} with {', '.join([*options, *norms])}")
        terms[path.out].append(f"p{n}{at}")
    sums = [" + ".join(terms[n]) or _nothing(listing, n) for n in range(len(listing.out))]
    whole = sums[0] if len(sums) == 1 else f"cat({', '.join(sums)})"
    return (*statements, f"z{at} = {whole}")


def _coupling(listing: Listing, path: Path) -> tuple[str, list[str]]:
    """A path's product and its normalisation: by options alone where they give its factor, else as a number."""
    assert listing.right is not None
    left = _segment(listing.left, "x" + listing.at, path.left)
    right = _segment(listing.right, ("x" if listing.square else "y") + listing.at, path.right)
    norms = norm_options(listing, (path,), (path.factor,))
    if norms is not None:
        return f"{left} * {right}", norms
    return _scaled(path.factor, f"({left} * {right})"), ["norm=none", "path_norm=none"]


def _mixing(listing: Listing, path: Path) -> tuple[str, list[str]]:
    """The operand is scaled and not the result, to which a bias may be added."""
    return f"linear({_scaled(path.factor, _segment(listing.left, 'x' + listing.at, path.left))})", ["path_norm=none"]


def _nothing(listing: Listing, out: int) -> str:
    """Zeros, as e3nn gives for an output segment that no path reaches."""
    return f'zeros(x{listing.at}, "{listing.out[out]}")'


def _segment(irreps: Irreps, name: str, index: int) -> str:
    return name if len(irreps) == 1 else f"segment({name}, {index})"


def _weight_names(listing: Listing) -> dict[int, str]:
    """For each path with a weight, the expression that is its weight."""
    numbers = [n for n, path in enumerate(listing.paths) if path.weighted]
    if listing.learned:
        return {n: f"w{k}" for k, n in enumerate(numbers)}
    names, start = {}, 0
    for n in numbers:
        cuts = len(_cuts(listing.paths[n].numel))
        parts = [f"segment(w, {k})" for k in range(start, start + cuts)]
        names[n] = parts[0] if cuts == 1 else f"cat({', '.join(parts)})"
        start += cuts
    return names


def _bias_name(listing: Listing, out: int) -> str:
    return f"b{out}" if listing.learned else f"segment(b, {listing.biased.index(out)})"


# --------------------------------------------------------------------- writing


def _declarations(listing: Listing, whole: bool) -> list[str]:
    at = listing.at
    lines = [f"input x{at} : {spell(listing.left)}"]
    if listing.right is not None and not listing.square:
        lines.append(f"input y{at} : {spell(listing.right)}")
    for name, numels in (
        ("w", [path.numel for path in listing.weighted]),
        ("b", [listing.out[out].mul for out in listing.biased]),
    ):
        if not numels:
            continue
        keys = range(len(numels)) if name == "w" else listing.biased
        if listing.learned:
            lines += [f"weight {name}"] if whole else [f"weight {name}{key}" for key in keys]
        else:
            cuts = _cuts(sum(numels)) if whole else [cut for numel in numels for cut in _cuts(numel)]
            lines.append(f"input {name} : " + " + ".join(f"{cut}x0e" for cut in cuts))
    return lines


def _cuts(numel: int) -> list[int]:
    whole, rest = divmod(numel, WIDEST_SEGMENT)
    return [WIDEST_SEGMENT] * whole + [rest] * (rest > 0)


def _scaled(factor: float, value: str) -> str:
    """`factor * value`, the product of the decimals written being `factor` to the last bit."""
    if factor == 1:
        return value
    if factor and factor < 2**-4:
        # too few digits are left for a small number: powers of two come out exactly
        return _scaled(0.0625, f"({_scaled(factor * 16, value)})")
    return f"{_decimal(factor)} * {value}"


def _decimal(value: float) -> str:
    """The shortest plain decimal that reads back as `value`."""
    for digits in range(1, DECIMALS + 1):
        text = f"{value:.{digits}f}"
        if float(text) == value:
            return text
    raise ValueError(f"the factor {value!r} cannot be written with {DECIMALS} decimals")
