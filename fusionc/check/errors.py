"""F2xx: irreps, parity, multiplicity, weights. One constructor a code.

Each docstring is the index entry of its code: what happened, why it is refused, what to do, and a program that fails.
Irreps come as text, already in the spelling of the file's group.
"""

from __future__ import annotations

from collections.abc import Iterable

from fusionc.diagnostics import Diagnostic, Label
from fusionc.options import HARD_CAPS
from fusionc.source import Span

Places = tuple[Label, ...]


def listing(words: Iterable[str], last: str = "and") -> str:
    """`a`, `b` and `c`, at most twelve of them."""
    quoted = [f"`{word}`" for word in words]
    if len(quoted) > 12:
        return f"{', '.join(quoted[:12])}, ... ({len(quoted)} in all)"
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {last} {quoted[-1]}" if quoted else "nothing"


def counted(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"


# ------------------------------------------------------------------ labels


def missing_parity(text: str, span: Span, even: str, odd: str) -> Diagnostic:
    """F201: a label without a parity letter under O(3).

    An irrep of O(3) is a degree l and a parity: `1o` is a vector, `1e` a pseudovector. Write the letter, or put
    `group SO3` into the file if inversion does not matter. Fails: `input x : 16x1`.
    """
    help = (f"did you mean `{even}` or `{odd}`?", "without parities: `group SO3`")
    return Diagnostic("F201", f"`{text}` has no parity", (Label(span, "even (e) or odd (o)?"),), help)


def parity_under_so3(text: str, span: Span, bare: str) -> Diagnostic:
    """F202: a label with a parity letter under SO(3).

    Rotations alone do not tell even from odd. Leave the letter out, or take `group SO3` out of the file.
    Fails: `group SO3` with `input x : 16x1o`.
    """
    labels = (Label(span, "irreps of SO(3) have no parity"),)
    return Diagnostic("F202", f"`{text}` has a parity", labels, (f"did you mean `{bare}`?",))


def half_integer(text: str, span: Span, group: str, vector: str) -> Diagnostic:
    """F203: a half-integer spin.

    Half-integer spins are irreps of SU(2): a rotation by 360 degrees changes their sign, so that they are no irreps of
    SO(3) or O(3), and no real tensor transforms like one. Fails: `input psi : 1/2e + 1x1o`.
    """
    labels = (Label(span, "l must be an integer 0, 1, 2, ..."),)
    return Diagnostic("F203", f"half-integer spin `{text}` is not an irrep of {group}", labels, (vector,))


def over_limit(what: str, value: int | str, limit: int, name: str, span: Span, text: str = "") -> Diagnostic:
    """F204: more than a limit allows, counted before anything is listed or allocated.

    Limits keep a file from a stranger from using up the machine. They are raised on the command line only:
    `--limit NAME=VALUE`. Fails: `input x : 1000000x0e`.
    """
    cap = dict(HARD_CAPS).get(name)
    if isinstance(value, int) and cap is not None and value > cap:
        help: tuple[str, ...] = (f"the limit can be raised to {cap}, and no further",)
    else:
        shown = value if isinstance(value, int) else "..."
        help = (f"if this is meant: `--limit {name}={shown}`",)
    return Diagnostic("F204", f"{what} is {value}, the limit is {limit}", (Label(span, text),), help)


def misplaced_alternatives(span: Span, where: str, sum_: str) -> Diagnostic:
    """F205: alternatives `0e | 1e` where a definite sum of irreps is needed.

    Alternatives are labels without a multiplicity, for the outputs of a product and the internal edges of a tree.
    Fails: `input x : 0e | 1o`.
    """
    return Diagnostic("F205", f"alternatives cannot be {where}", (Label(span),), (f"for a direct sum write `{sum_}`",))


# ---------------------------------------------------------------- products


def wrong_parity(target: str, product: str, parity: str, meant: str, places: Places) -> Diagnostic:
    """F210: a product whose parity is not that of the irrep asked for.

    Parity multiplies: even x even and odd x odd are even, even x odd is odd. So the cross product of two vectors is a
    pseudovector. Fails: `z : 1o = x * y` with x and y of 1o.
    """
    message = f"`{target}` is not in {product}: the product is {parity}"
    return Diagnostic("F210", message, places, (f"{product} is {parity}: did you mean `{meant}`?",))


def not_reachable(target: str, what: str, reachable: Iterable[str], places: Places) -> Diagnostic:
    """F211: an irrep that no path leads to.

    A product of l1 and l2 holds each l with abs(l1 - l2) <= l <= l1 + l2 once, and nothing else; a linear map holds the
    irreps of its operand. Fails: `z : 3e = x * y` with x and y of 1o.
    """
    help = (f"reachable: {listing(reachable)}",)
    return Diagnostic("F211", f"{what} does not reach `{target}`", places, help)


def wrong_multiplicity(target: str, given: Iterable[str], places: Places) -> Diagnostic:
    """F212: an irrep that is reached, but with another number of channels.

    In the channel-wise modes the operands fix the multiplicity of the result. Write that one, or mix the channels: with
    `linear`, or with `mode=uvw` and weights. Fails: `z : 8x1o = x * y` with x of 16x0e, y of 1o.
    """
    meant = listing(given, "or")
    help = (f"write {meant}", "to change the number of channels use `linear(...)`, or `mode=uvw` with weights")
    return Diagnostic("F212", f"`{target}` is reached only as {meant}", places, help)


def mode_does_not_fit(mode: str | None, left: int, right: int, fitting: Iterable[str], places: Places) -> Diagnostic:
    """F213: channels that do not combine in the mode given, or in none of the default ones.

    `uuu` needs equal multiplicities on both sides; so do `uuw`, `uvu<v` and `u<vw`. Without a mode, equal ones couple
    as `uuu` and a right side of one channel as `uvu`. A vertex of a tree has no mode: `fitting` is empty.
    Fails: `x * y` with x of 16x0e, y of 8x0e.
    """
    counts = f"{left} and {right} channels"
    message = f"`mode={mode}` does not fit {counts}" if mode else f"no default mode fits {counts}"
    modes = tuple(fitting)
    tree = "the legs of a tree have equal numbers of channels, or one: bring them there with `linear`"
    return Diagnostic("F213", message, places, (f"modes that fit: {listing(modes)}" if modes else tree,))


def mode_needs_target(mode: str, span: Span, example: str) -> Diagnostic:
    """F214: a mode that mixes channels, without the irreps to mix them into.

    In `uvw`, `uuw` and `u<vw` the number of output channels is free and must be said.
    Fails: `z = x * y with mode=uvw, weights=w`.
    """
    help = (f"say which irreps it has: `{example}`",)
    return Diagnostic("F214", f"`mode={mode}` leaves the multiplicities open", (Label(span),), help)


def mode_needs_weights(mode: str, span: Span) -> Diagnostic:
    """F215: a mode that mixes channels, without weights to mix them with.

    Without weights all output channels would be the same sum. Fails: `z : 8x0e = x * y with mode=uvw`.
    """
    help = ("declare `weight w` and add `weights=w`",)
    return Diagnostic("F215", f"`mode={mode}` needs weights", (Label(span, "all channels would be equal"),), help)


def nothing_left(span: Span, available: Iterable[str], options: Places) -> Diagnostic:
    """F216: `keep`, `lmax` or `l` leave no output at all, or not one that the ascription asks for.

    So do operands or modes without channels: `0x1o`, or `uvu<v` of one channel; then `available` is empty.

    `keep` and `lmax` say which outputs are kept. `l` does too; with an ascription, which names the outputs already, it
    says which l of the operands are coupled. Fails: `x * y with keep=4e` for x and y of 1o.
    """
    labels, found = (Label(span, "nothing is left of this"), *options), tuple(available)
    if not found:
        return Diagnostic("F216", "there is no channel here", labels)
    return Diagnostic("F216", "the filters leave nothing", labels, (f"without them: {listing(found)}",))


def no_old_signs(l: int, last: int, span: Span) -> Diagnostic:
    """F217: a coupling beyond the tensors of e3nn 0.4, asked for with that version's signs.

    The option `convention=e3nn-0.4` takes the signs of the coupling tensors from e3nn 0.4, which has them up to l = 11.
    Fails: `x * x with lmax=0` for x of 12e under `--convention e3nn-0.4`.
    """
    labels = (Label(span, f"couples l = {l}"),)
    help = (f"keep to l = {last}, or leave the option `convention` at `e3nn`",)
    return Diagnostic("F217", f"e3nn 0.4 has no coupling tensors beyond l = {last}", labels, help)


# ----------------------------------------------------------------- weights


def wrong_width(needed: int, given: str, span: Span, places: Places, paths: str) -> Diagnostic:
    """F220: weights whose number is not that of the paths.

    The weights of a coupling stand side by side as one row of 0e values, path by path. `fusionc plan` lists them.
    Fails: `linear(f[i,j])` ascribed to 10x0e where 12 are needed.
    """
    labels = (Label(span, f"this has {given}"), *places)
    return Diagnostic("F220", f"{needed} weights are needed", labels, (f"give it `{needed}x0e`: {paths}",))


def weights_not_scalar(irreps: str, span: Span) -> Diagnostic:
    """F221: weights that are not invariant.

    A weight multiplies a path, and must not change under rotations and inversion: 0e only (0 under SO3). Take the
    invariants of a tensor with `dot`, or choose its scalars with `filter`. Fails: `weights=r[i,j]` with r of 1o.
    """
    help = ('invariants: `dot(a, a)`, `filter(a, "0e")`',)
    return Diagnostic("F221", "weights must be invariant", (Label(span, f"this is {irreps}"),), help)


def weight_sizes_differ(name: str, span: Span, numel: int, first: Span, before: int) -> Diagnostic:
    """F222: one weight at two places that need different numbers of weights.

    The size of a declared weight follows from its use, so that all its uses must agree. Fails: `weights=w` twice.
    """
    labels = (Label(span, f"needs {numel} here"), Label(first, f"needs {before} here"))
    return Diagnostic("F222", f"the weight `{name}` has two sizes", labels, ("declare two weights",))


def weight_as_tensor(name: str, span: Span, declared: Span) -> Diagnostic:
    """F223: a declared weight where its size cannot be found.

    Its size follows from its use at `weights=` or `bias=`; nothing else gives it one. For a tensor with irreps of its
    own use `input`. Fails: `z = x * w` with `weight w`.
    """
    labels = (Label(span, "of unknown size here"), Label(declared, "declared here"))
    help = ("a weight stands at `weights=` or `bias=`; for a tensor of known irreps use `input`",)
    return Diagnostic("F223", f"the weight `{name}` cannot stand here", labels, help)


# ------------------------------------------------------------------ linear


def linear_without_target(span: Span, example: str) -> Diagnostic:
    """F230: `linear` without the irreps that it maps to.

    Say them at the statement or inside the expression. Fails: `h[i] = linear(x[i])`.
    """
    help = (f"write `NAME : {example} = linear(...)`, or `(linear(...) : {example})` inside an expression",)
    return Diagnostic("F230", "`linear` does not know its output", (Label(span, "to which irreps?"),), help)


def no_bias(span: Span, irreps: str) -> Diagnostic:
    """F231: a bias where there is nothing that it could be added to.

    A constant vector would single out a direction: only 0e outputs (0 under SO3) can have a bias.
    Fails: `h : 16x1o = linear(x) with bias=b`.
    """
    return Diagnostic("F231", "a bias needs invariant outputs", (Label(span, f"the outputs are {irreps}"),))


# ---------------------------------------------------------------- functions


def function_of_tensor(function: str, irreps: str, span: Span, places: Places) -> Diagnostic:
    """F240: a nonlinear function of something that is no scalar.

    Applied to the components of a vector one by one it would depend on the axes: f(Rx) is not R f(x).
    Use invariants, or let a scalar scale the tensor. Fails: `y = silu(x)` with x of 1o.
    """
    labels = (Label(span, f"this has {irreps}, whose components mix when it is rotated"), *places)
    help = ('of invariants: `dot(x, x)`, `filter(x, "0e")`', "to scale a tensor by a function: `gate(s, g, x)`")
    return Diagnostic("F240", f"`{function}` of components is not equivariant", labels, help)


def function_of_odd(function: str, irreps: str, span: Span, fitting: Iterable[str], places: Places) -> Diagnostic:
    """F241: a function that is neither odd nor even, of an odd scalar.

    Inversion turns s into -s, and f(-s) is neither f(s) nor -f(s), so that the result has no parity.
    Fails: `y = silu(s)` with s of 0o.
    """
    labels = (Label(span, f"this has {irreps}, which changes sign under inversion"), *places)
    help = (f"of odd scalars: {listing(fitting, 'or')}",)
    return Diagnostic("F241", f"`{function}` of an odd scalar has no parity", labels, help)


def wrong_gates(message: str, span: Span, places: Places) -> Diagnostic:
    """F242: `gate(s, g, x)` where g is not one invariant for each channel of x.

    Fails: `gate(s, g, x)` with g of 8x0e and x of 8x1o + 8x2e, which has 16 channels.
    """
    return Diagnostic("F242", message, (Label(span), *places), ("`gate(s, g, x)`: one 0e of g for each channel of x",))


# ---------------------------------------------------------------- the rest


def irreps_differ(first: str, other: str, span: Span, places: Places) -> Diagnostic:
    """F250: tensors of different irreps added, or paired by `dot`.

    Order matters: 1o+0e is not 0e+1o. Bring them to the same irreps with `linear`, `filter` or an ascription.
    Fails: `x + y` with x of 0e+1o, y of 0e.
    """
    help = ("the same irreps in the same order are needed: `linear`, `filter` or `(x : IRREPS)` can bring them there",)
    return Diagnostic("F250", f"`{first}` and `{other}` do not go together", (Label(span), *places), help)


def not_a_vector(irreps: str, span: Span, vector: str, places: Places) -> Diagnostic:
    """F251: spherical harmonics of something that is not one vector.

    Fails: `sh(x, 2)` with x of 16x1o.
    """
    labels = (Label(span, f"this is {irreps}"), *places)
    return Diagnostic("F251", f"`sh` needs one vector, `1x{vector}`", labels)


def no_such_segment(what: str, span: Span, irreps: str, places: Places) -> Diagnostic:
    """F252: `filter` or `segment` for something that the tensor does not have.

    Segments are counted from 0, in memory order. Fails: `segment(x, 5)`, `filter(x, "2e")` with x of 0e+1o.
    """
    return Diagnostic("F252", f"there is no {what}", (Label(span), *places), (f"the tensor has {irreps}",))


def unequal_multiplicities(irreps: str, span: Span, places: Places) -> Diagnostic:
    """F260: a symmetric power of segments with different multiplicities.

    `sympow` couples channel by channel, so that all segments must have the same number of channels.
    Fails: `sympow(A, 2)` with A of 16x0e+8x1o.
    """
    labels = (Label(span, f"this is {irreps}"), *places)
    help = ("bring them to one number of channels with `linear`",)
    return Diagnostic("F260", "`sympow` needs one multiplicity for all segments", labels, help)


# ------------------------------------------------------------ trees, checks


def no_such_label(tree: str, edge: str, label: str, span: Span, possible: Iterable[str]) -> Diagnostic:
    """F270: an internal edge bound to a label that it cannot have.

    An edge has one of the labels that its vertex lists, and that its two legs couple to.
    Fails: `left(x, y, z, e=3e)` where the tree says `e : 0e | 1e | 2e`.
    """
    labels = (Label(span, f"not a label of `{edge}`"),)
    return Diagnostic(
        "F270", f"`{edge}` of `{tree}` cannot be `{label}`", labels, (f"it can be {listing(possible, 'or')}",)
    )


def no_tree_left(tree: str, span: Span) -> Diagnostic:
    """F271: a call that binds the internal edges of a tree to labels that do not fit together.

    Each label alone is one of its edge's, and yet no vertex couples them on the way to the root.
    Fails: `quartet(x, x, x, x, e=0e, f=2e)` where the root is 0e.
    """
    return Diagnostic("F271", f"these labels of `{tree}` do not fit together", (Label(span, "no way to the root"),))


def no_leaf_segment(tree: str, leaf: str, label: str, span: Span, irreps: str, count: int) -> Diagnostic:
    """F272: a tree called with a tensor that does not have exactly one segment of the leaf's label.

    Choose one with `segment(x, n)` or `filter(x, "1o")`. Fails: `left(x, y, z)` with x of 1o+1o.
    """
    labels = (Label(span, f"this is {irreps}"),)
    many = "no segment" if count == 0 else f"{count} segments"
    help = (f'choose one: `segment(x, 0)`, `filter(x, "{label}")`',) if count else ()
    return Diagnostic("F272", f"leaf `{leaf}` of `{tree}` is `{label}`, and this has {many} of it", labels, help)


def open_edges(tree: str, span: Span, edges: Iterable[str], count: int) -> Diagnostic:
    """F273: a term of a check that stands for a whole family of trees.

    A term is one tree: bind its edges. To sum over a family write `recouple(TREE, over=EDGE)` alone on its side.
    Fails: `check left() == recouple(right, over=f)` where e has three labels.
    """
    names = tuple(edges)
    help = (f"bind it: `{tree}({', '.join(f'{name}=...' for name in names)})`",)
    return Diagnostic(
        "F273", f"`{tree}` stands for {count} trees here", (Label(span, f"free: {listing(names)}"),), help
    )


def different_spaces(span: Span, message: str, first: Span, text: str) -> Diagnostic:
    """F274: a check of trees that do not map the same leaves to the same root.

    Trees are compared by the names of their leaves, in any order; leaves of one name must have one label.
    Fails: a tree over a, b, c against a tree over a, b, d.
    """
    return Diagnostic("F274", message, (Label(span, text), Label(first, "the other tree")))


def false_check(span: Span, difference: tuple[str, ...]) -> Diagnostic:
    """F275: a `check` that does not hold.

    Both sides are brought to left combs over the same order of leaves by exact F- and R-moves; their coefficients there
    differ. Fails: `check left(e=1e) == right(f=1e)`.
    """
    return Diagnostic("F275", "the two sides differ", (Label(span, "this is not an identity"),), difference)


def not_in_span(span: Span, tree: str, over: Iterable[str], difference: tuple[str, ...]) -> Diagnostic:
    """F276: `recouple` into a family that does not hold the other side.

    The labels of the family's edges are too few. Fails: `recouple(right, over=f)` where f lacks one of its labels.
    """
    labels = (Label(span, f"not a combination of `{tree}` over {listing(over)}"),)
    return Diagnostic("F276", "the left side is not in this family", labels, difference)


def not_a_bracketing(span: Span, text: str) -> Diagnostic:
    """F280: what `--to` gives is no bracketing of two parts at each vertex.

    Fails: `fusionc recouple f.fusion left --to "(a b c)"`, where `((a b) c)` and `(a (b c))` are two different trees.
    """
    help = ("write each vertex as two parts in parentheses, such as `(a (b c))`",)
    return Diagnostic("F280", "this is not a bracketing", (Label(span, text),), help)


def no_such_leaf(name: str, span: Span, leaves: Iterable[str]) -> Diagnostic:
    """F281: a bracketing has a leaf that the tree does not have.

    Fails: `--to "(a (b d))"` for a tree over a, b and c.
    """
    labels = (Label(span, f"the leaves are {listing(leaves)}"),)
    return Diagnostic("F281", f"the tree has no leaf `{name}`", labels)


def leaf_twice(name: str, span: Span, first: Span) -> Diagnostic:
    """F282: a bracketing has a leaf twice.

    Fails: `--to "(a (a b))"`.
    """
    labels = (Label(span, "again here"), Label(first, "first here"))
    return Diagnostic("F282", f"leaf `{name}` stands here twice", labels, ("each leaf is used once",))


def missing_leaves(names: tuple[str, ...], span: Span) -> Diagnostic:
    """F283: a bracketing leaves out a leaf of the tree.

    Fails: `--to "(a b)"` for a tree over a, b and c.
    """
    missing = f"the leaf {listing(names)}" if len(names) == 1 else f"the leaves {listing(names)}"
    labels = (Label(span, f"without {listing(names)}"),)
    return Diagnostic("F283", f"the bracketing leaves out {missing}", labels, ("each leaf is used once",))
