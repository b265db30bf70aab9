"""F1xx: names, indices, options and the shape of diagrams and trees. One constructor a code.

Each docstring is the index entry of its code: what happened, why it is refused, what to do, and a program that fails.
"""

from __future__ import annotations

from collections.abc import Iterable

from fusionc.diagnostics import Diagnostic, Label, Severity
from fusionc.options import HARD_CAPS
from fusionc.source import Span
from fusionc.suggest import suggest


def listing(words: Iterable[str], last: str = "and") -> str:
    """`a`, `b` and `c`."""
    quoted = [f"`{word}`" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {last} {quoted[-1]}" if quoted else "nothing"


def _near(word: str, candidates: Iterable[str], otherwise: str = "") -> tuple[str, ...]:
    best = suggest(word, candidates)
    return (f"did you mean `{best}`?",) if best else (otherwise,) if otherwise else ()


# ------------------------------------------------------------------- names


def unknown_name(name: str, span: Span, candidates: Iterable[str], other: str = "") -> Diagnostic:
    """F101: a name that no input, weight or statement of the diagram has.

    A diagram sees only its own names. Correct the spelling, or declare the tensor with `input`.
    Fails: `diagram d { input x : 1o` / `output y }`.
    """
    labels = (Label(span, other or "not defined in this diagram"),)
    return Diagnostic("F101", f"there is no tensor `{name}`", labels, _near(name, candidates))


def used_before_definition(name: str, span: Span, defined: Span) -> Diagnostic:
    """F102: a name is used above the line that defines it.

    A diagram is read from top to bottom. Move the definition up.
    Fails: `b = linear(a)` above `a = x * x`.
    """
    labels = (Label(span, "used here"), Label(defined, "defined only here"))
    help = (f"move the definition of `{name}` above this line",)
    return Diagnostic("F102", f"`{name}` is used before its definition", labels, help)


def self_reference(name: str, span: Span, target: Span) -> Diagnostic:
    """F103: a statement uses the name that it defines.

    A name stands for one value; nothing is assigned twice. Give the new value a name of its own.
    Fails: `h = h + x`.
    """
    labels = (Label(span, "its own value"), Label(target, f"`{name}` is defined here"))
    return Diagnostic("F103", f"`{name}` is defined by itself", labels, ("give the new value a new name",))


def cyclic_definition(name: str, span: Span, other: str, defined: Span, target: Span) -> Diagnostic:
    """F104: two or more statements need each other.

    A diagram has no cycles: each value is computed from earlier ones. Break the cycle with an input.
    Fails: `a = b * x` then `b = a * x`.
    """
    labels = (Label(span, f"`{name}` needs `{other}`"), Label(defined, f"and `{other}` needs `{name}`"), Label(target))
    return Diagnostic("F104", f"`{name}` and `{other}` are defined by each other", labels)


def duplicate_name(
    name: str, span: Span, first: Span | None, kind: str = "name", taken: str = "fusionc uses this name itself"
) -> Diagnostic:
    """F105: the same name is defined twice, or is one that fusionc itself uses at this place.

    Inputs, weights and statements of a diagram share one set of names; so do diagrams and trees, so do parameters, and
    so do named irreps. Rename one. Fails: `input x : 1o` twice.
    """
    if first is None:
        labels: tuple[Label, ...] = (Label(span, taken),)
        return Diagnostic("F105", f"the {kind} `{name}` is already taken", labels, ("choose another name",))
    labels = (Label(span, "defined again"), Label(first, "first defined here"))
    return Diagnostic("F105", f"the {kind} `{name}` is defined twice", labels, ("rename one of them",))


def unused_name(name: str, span: Span, kind: str) -> Diagnostic:
    """F106: an input, weight or statement that nothing uses (a warning).

    It costs nothing, but is often a slip: a forgotten term, a misspelt name. Use it, make it an output, or remove it.
    Warns: `input y : 1o` in a diagram that never mentions `y`.
    """
    labels = (Label(span, "neither read nor an output"),)
    return Diagnostic("F106", f"the {kind} `{name}` is never used", labels, severity=Severity.WARNING)


def names_too_similar(name: str, span: Span, other: str, first: Span) -> Diagnostic:
    """F107: two diagrams whose names differ only by case or underscores.

    Each diagram becomes a Python class in CamelCase, and these two would be the same class. Rename one.
    Fails: `diagram my_conv {...}` and `diagram MyConv {...}`.
    """
    labels = (Label(span, f"would be the same class as `{other}`"), Label(first, "the other one"))
    return Diagnostic("F107", f"the diagrams `{other}` and `{name}` differ only by case or underscores", labels)


def unknown_function(name: str, span: Span, candidates: Iterable[str]) -> Diagnostic:
    """F108: a call of something that is neither a function of the language nor a tree of the file.

    Fails: `y = softmax(x)`.
    """
    known = tuple(candidates)
    labels = (Label(span, "no such function or tree"),)
    help = _near(name, known, f"there are {listing(sorted(known))}" if known else "")
    return Diagnostic("F108", f"there is no function or tree `{name}`", labels, help)


def unknown_parameter(name: str, span: Span, candidates: Iterable[str]) -> Diagnostic:
    """F109: an integer parameter that no `param` above defines.

    Fails: `input x : {C}x0e` without `param C = ...`.
    """
    help = _near(name, candidates, f"define it above this line: `param {name} = 1`")
    return Diagnostic("F109", f"there is no parameter `{name}`", (Label(span, "not defined above"),), help)


def unknown_irreps(name: str, span: Span, candidates: Iterable[str]) -> Diagnostic:
    """F110: a name or function in an irreps literal that no `irreps` above defines.

    The only function of irreps is `sh(n)` = 0e + 1o + 2e + ... Fails: `input x : H` without `irreps H = ...`.
    """
    help = _near(name, candidates, f"define it above this line: `irreps {name} = 16x0e + 16x1o`")
    return Diagnostic("F110", f"there are no irreps named `{name}`", (Label(span, "not defined above"),), help)


def unknown_override(name: str, kind: str, candidates: Iterable[str]) -> Diagnostic:
    """F111: `-D NAME=VALUE` or `--entry NAME` names what the file does not have.

    Fails: `fusionc compile conv.fusion -D c=64` where the file says `param C = 128`.
    """
    names = sorted(candidates)
    otherwise = f"the file has {listing(names)}" if names else f"the file has no {kind} at all"
    return Diagnostic("F111", f"the file has no {kind} `{name}`", (), _near(name, names, otherwise))


def no_output(name: str, span: Span) -> Diagnostic:
    """F112: a diagram without an output computes nothing.

    Fails: `diagram d { input x : 1o }`.
    """
    labels = (Label(span, "nothing leaves this diagram"),)
    return Diagnostic("F112", f"the diagram `{name}` has no output", labels, ("say what it computes: `output NAME`",))


def bad_output(name: str, span: Span, text: str, other: Span, why: str) -> Diagnostic:
    """F114: an output that is a weight, or that is listed twice.

    Fails: `output h, h`.
    """
    labels = (Label(span, text), Label(other, why))
    return Diagnostic("F114", f"`{name}` cannot be an output", labels)


def bad_group(message: str, span: Span, text: str, help: str) -> Diagnostic:
    """F113: a `group` line that names no group of the language, is a second one, or comes too late.

    The group is O3, with parity, or SO3, without; it is said at most once, before all irreps. Fails: `group SU2`.
    """
    return Diagnostic("F113", message, (Label(span, text),), (help,))


# ----------------------------------------------------------------- indices


def index_out_of_scope(index: str, span: Span, left: Span, shown: str) -> Diagnostic:
    """F120: an index on the right that is neither on the left nor summed.

    The left side says for which elements a statement is evaluated; every other index must be summed over.
    Fails: `h[i] = x[j]`; write `h[i] = sum[j](x[j])` or `h[i,j] = x[j]`.
    """
    labels = (Label(span, f"`{index}` is neither on the left nor summed"), Label(left, f"the left side has {shown}"))
    help = (f"sum over it: `sum[{index}](...)`, or put `{index}` on the left",)
    return Diagnostic("F120", f"the index `{index}` has no value here", labels, help)


def reversed_edge(span: Span, receiver: str, sender: str, first: Span) -> Diagnostic:
    """F121: an edge written from the wrong end.

    The first pair of a diagram fixes the order: [receiver, sender], row 1 and row 0 of `edge_index`. The tensor of the
    reversed edge is another tensor, and the edge may not even exist. Fails: `m[i,j] = ...` then `m[j,i]`.
    """
    labels = (Label(span, "the reversed edge"), Label(first, f"fixes `{receiver}` as receiver, `{sender}` as sender"))
    return Diagnostic(
        "F121",
        f"edges of this diagram are written `[{receiver},{sender}]`",
        labels,
        (f"write `[{receiver},{sender}]`",),
    )


def no_such_space(shown: str, span: Span, why: str, first: Span | None = None, help: str = "") -> Diagnostic:
    """F122: indices on which no tensor of the diagram can live.

    Tensors live on nodes [i], on the diagram's one set of edges [i,j], on graphs [g] when `index i in g` is declared,
    or once. Fails: `input t[i,j,k] : 1o`, or `[i,k]` where the edges are `[i,j]`.
    """
    labels = (Label(span, why),) + (() if first is None else (Label(first, "the edges of this diagram"),))
    spaces = "a tensor lives on nodes `[i]`, on edges `[i,j]`, on graphs `[g]` after `index i in g`, or has no index"
    return Diagnostic("F122", f"no tensor can live on {shown}", labels, (help or spaces,))


def wrong_indices(name: str, span: Span, defined: Span, lives: str, write: str) -> Diagnostic:
    """F123: a tensor read with other indices than it was defined with.

    Fails: `input x[i] : 1o` then `x` or `x[i,j]`; write `x[i]` or `x[j]`.
    """
    labels = (Label(span, "read with other indices"), Label(defined, f"defined {lives}"))
    return Diagnostic("F123", f"`{name}` lives {lives}", labels, (f"write `{write}`",))


def nothing_to_sum(index: str, span: Span, operand: Span) -> Diagnostic:
    """F124: a sum over an index that nothing under the sum depends on.

    Fails: `h[i] = sum[j](x[i])`: the summand is the same for each j.
    """
    labels = (Label(span, "summed over"), Label(operand, f"nothing here depends on `{index}`"))
    return Diagnostic("F124", f"there is no `{index}` to sum over", labels)


def single_value(span: Span, left: Span, name: str, shown: str, help: tuple[str, ...]) -> Diagnostic:
    """F125: a value that exists once per call is given to a name that has indices.

    Such a value needs no index: it is the same for every node and may stand beside indexed tensors as it is. A sum over
    nodes has one value a graph only after `index i in g`.
    Fails: `input b : 1o` then `c[i] = b`; write `c = b`.
    """
    labels = (Label(span, "exists once, not for every element"), Label(left, f"the left side has {shown}"))
    message = f"the value of `{name}` does not depend on {shown}"
    return Diagnostic("F125", message, labels, (f"write `{name} = ...`", *help))


def bad_index_declaration(message: str, span: Span, text: str, help: str) -> Diagnostic:
    """F126: an `index i in g` that cannot be: declared twice, of an index in itself, or of an edge in a graph.

    `index i in g` says that each node belongs to a graph g; there is one such line in a diagram. Fails: `index i in i`.
    """
    return Diagnostic("F126", message, (Label(span, text),), (help,))


def class_without_place(message: str, places: tuple[Label, ...], help: str) -> Diagnostic:
    """F127: it is not clear which element's class a `weight ... : per NAME` means.

    The indices of the weight say where the class argument lives, and all weights of one class name share that argument.
    Fails: `weight W : per species` in a diagram with indices; write `weight W[i] : per species`.
    """
    return Diagnostic("F127", message, places, (help,))


def index_summed_twice(index: str, span: Span, bound: Span) -> Diagnostic:
    """F128: a sum over an index that already has a value there.

    Fails: `h[i] = sum[i](x[i])`, where i is the element that h is computed for.
    """
    labels = (Label(span, "summed over"), Label(bound, f"`{index}` already has a value from here"))
    help = ("sum over another index, or take this one off the left side",)
    return Diagnostic("F128", f"cannot sum over `{index}` where it is fixed", labels, help)


# ----------------------------------------------------------------- options


def unknown_option(key: str, span: Span, where: str, candidates: Iterable[str]) -> Diagnostic:
    """F130: an option that does not exist, or not for this function.

    Fails: `z = x * y with moed=uuu`.
    """
    names = sorted(candidates)
    otherwise = f"{where} takes {listing(names)}" if names else f"{where} takes no options"
    message = f"{where} has no option `{key}`" if where.startswith("`") else f"there is no option `{key}`"
    return Diagnostic("F130", message, (Label(span),), _near(key, names, otherwise))


def bad_option_value(key: str, span: Span, expected: str, near: str | None = None) -> Diagnostic:
    """F131: an option with a value that it cannot have.

    Fails: `with mode=uuvv`, `with lmax=high`.
    """
    help = (f"did you mean `{near}`?",) if near else ()
    return Diagnostic("F131", f"`{key}` cannot have this value", (Label(span, f"expected {expected}"),), help)


def option_without_effect(key: str, span: Span, needs: str) -> Diagnostic:
    """F132: an option that reaches nothing it could act on.

    Options of a statement reach the products, linears, powers, trees and sums in it; `weights`, `bias`, `keep`, `lmax`
    and `l` only the outermost ones. Fails: `y = linear(x) with mode=uvw`.
    """
    help = ("options of an inner part go inside: `(a * b with key=value)`",)
    return Diagnostic("F132", f"the option `{key}` has no effect here", (Label(span, f"{needs}"),), help)


def option_twice(key: str, span: Span, first: Span) -> Diagnostic:
    """F133: an option is given twice in one list.

    Fails: `with mode=uuu, mode=uvw`.
    """
    labels = (Label(span, "given again"), Label(first, "first given here"))
    return Diagnostic("F133", f"the option `{key}` is given twice", labels)


def ambiguous_weights(key: str, span: Span, places: tuple[Span, ...]) -> Diagnostic:
    """F134: one `weights=` for several couplings.

    It would not be clear which paths the weights belong to. Give each part its own, or a name of its own.
    Fails: `z = cat(a * b, a * c) with weights=w`.
    """
    labels = (Label(span, "meant for which?"), *(Label(place, "this one?") for place in places))
    help = (f"write it at its part, `(a * b with {key}=w)`, or give each part a statement of its own",)
    return Diagnostic("F134", f"`{key}` reaches more than one coupling", labels, help)


def wrong_arguments(name: str, span: Span, usage: str, text: str) -> Diagnostic:
    """F135: a function or tree called with arguments of the wrong number or kind.

    Fails: `sh(r)`, which lacks its degree: `sh(r, 3)`.
    """
    return Diagnostic("F135", f"`{name}` cannot be called like this", (Label(span, text),), (f"write `{usage}`",))


def empty_range(span: Span, first: int, last: int) -> Diagnostic:
    """F136: a range that counts down, or an order below 1.

    Ranges include both ends. Fails: `sympow(A, 3..1)`, `sympow(A, 0)`.
    """
    if first > last:
        text, help = "no number lies in it", f"write `{last}..{first}`" if last >= 1 else "write `1..3`"
        return Diagnostic("F136", f"the range {first}..{last} is empty", (Label(span, text),), (help,))
    return Diagnostic("F136", f"there is no symmetric power of order {first}", (Label(span, "orders start at 1"),))


def over_limit(what: str, value: int | str, limit: int, name: str, span: Span, text: str = "") -> Diagnostic:
    """F137: more than a limit allows, counted before anything is built.

    Limits keep a file from a stranger from using up the machine. They are raised on the command line only:
    `--limit NAME=VALUE`. Fails: `sympow(A, 1..50)`.
    """
    cap = dict(HARD_CAPS).get(name)
    if isinstance(value, int) and cap is not None and value > cap:
        help = (f"the limit can be raised to {cap}, and no further",)
    else:
        help = (f"if this is meant: `--limit {name}={value}`",)
    return Diagnostic("F137", f"{what} is {value}, the limit is {limit}", (Label(span, text),), help)


# ------------------------------------------------------------ trees, checks


def leg_used_twice(tree: str, name: str, span: Span, first: Span) -> Diagnostic:
    """F140: a leaf or internal edge of a tree that enters two vertices.

    An edge of a tree has two ends. To couple one tensor twice, make two leaves and call the tree with the same tensor
    for both. Fails: `out = a * a`.
    """
    labels = (Label(span, "used again"), Label(first, "first used here"))
    return Diagnostic("F140", f"`{name}` is used twice in the tree `{tree}`", labels)


def leg_unused(tree: str, name: str, span: Span, kind: str) -> Diagnostic:
    """F141: a leaf or internal edge of a tree that enters no vertex.

    Fails: `tree t(a: 1o, b: 1o, c: 1o) : 1e { out = a * b }`.
    """
    labels = (Label(span, "enters no vertex"),)
    return Diagnostic("F141", f"the {kind} `{name}` of the tree `{tree}` is not used", labels)


def no_root(tree: str, span: Span) -> Diagnostic:
    """F142: a tree without `out`.

    The root of a tree is the vertex named `out`. Fails: `tree t(a: 1o, b: 1o) : 0e { e = a * b }`.
    """
    labels = (Label(span, "no vertex is named `out`"),)
    return Diagnostic("F142", f"the tree `{tree}` has no root", labels, ("name the last vertex `out`",))


def root_not_last(tree: str, span: Span, root: Span) -> Diagnostic:
    """F143: a vertex after the root of a tree.

    Fails: `out = a * b` followed by `e = c * d`.
    """
    labels = (Label(span, "comes after the root"), Label(root, "the root"))
    return Diagnostic("F143", f"`out` must be the last vertex of the tree `{tree}`", labels)


def not_a_vertex(tree: str, span: Span, text: str) -> Diagnostic:
    """F144: something other than a product of two legs in a tree.

    A tree holds nothing but vertices: `name = left * right`, where a leg is a leaf, an earlier vertex, or a product in
    parentheses. Fails: `out = a + b`.
    """
    help = ("write `name : LABELS = left * right`",)
    return Diagnostic("F144", f"this is no vertex of the tree `{tree}`", (Label(span, text),), help)


def unknown_leg(tree: str, name: str, span: Span, candidates: Iterable[str], text: str) -> Diagnostic:
    """F145: a name that is no leaf and no internal edge of the tree.

    Fails: `left(g=1e)` for a tree whose only internal edge is `e`.
    """
    names = sorted(candidates)
    otherwise = f"the tree has {listing(names)}" if names else "the tree has none"
    return Diagnostic("F145", f"the tree `{tree}` has no `{name}`", (Label(span, text),), _near(name, names, otherwise))


def bad_check_term(span: Span, text: str, help: str) -> Diagnostic:
    """F146: a term of a `check` that is neither a tree nor `recouple(TREE, over=EDGES)`.

    One side of a check may be `recouple`; the compiler then finds the coefficients. The other side is a sum of trees.
    Fails: `check left(e=1e) == linear(right)`.
    """
    return Diagnostic("F146", "this is no term of a check", (Label(span, text),), (help,))


def tree_labels(tree: str, span: Span, text: str, help: str) -> Diagnostic:
    """F147: a leaf, edge or root of a tree with labels that it cannot have.

    A leaf and the root have one label; an internal edge has one or several, written `0e | 1e`; none has a multiplicity.
    Fails: `tree t(a: 0e + 1o, b: 1o) : 1o {...}`.
    """
    return Diagnostic("F147", f"the tree `{tree}` cannot have these labels", (Label(span, text),), (help,))
