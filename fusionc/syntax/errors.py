"""F0xx: faults of the text itself. One function a code; its docstring begins with the code."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from fractions import Fraction

from fusionc.diagnostics import Diagnostic, Label
from fusionc.source import Span
from fusionc.suggest import suggest
from fusionc.syntax import ast

# Letters of other scripts that look like ASCII ones, and signs that people type for something of the language.
_LOOK_ALIKES = {
    look: plain
    for plain, looks in (
        ("a", "\u0430\u03b1"), ("c", "\u0441"), ("d", "\u0501"), ("e", "\u0435"), ("h", "\u04bb"),
        ("i", "\u0456\u03b9"), ("j", "\u0458"), ("k", "\u03ba"), ("o", "\u043e\u03bf"), ("p", "\u0440\u03c1"),
        ("q", "\u051b"), ("s", "\u0455"), ("u", "\u03c5"), ("v", "\u03bd"), ("w", "\u051d"), ("x", "\u0445\u03c7"),
        ("y", "\u0443\u03b3"), ("A", "\u0410\u0391"), ("B", "\u0412\u0392"), ("C", "\u0421"), ("E", "\u0415\u0395"),
        ("H", "\u041d\u0397"), ("I", "\u0406\u0399"), ("J", "\u0408"), ("K", "\u041a\u039a"), ("M", "\u041c\u039c"),
        ("N", "\u039d"), ("O", "\u041e\u039f"), ("P", "\u0420\u03a1"), ("S", "\u0405"), ("T", "\u0422\u03a4"),
        ("X", "\u0425\u03a7"), ("Y", "\u03a5"), ("Z", "\u0396"), ("*", "\u00d7\u00b7\u2217\u22c5\u2297"),
        ("-", "\u2212\u2013\u2014"), ("+", "\u2295"), ("|", "\u2223"), ('"', "\u201c\u201d"), ("..", "\u2026"),
        ("==", "\u2261"), (" ", "\u00a0"),
    )
    for look in looks
}  # fmt: skip


def code_point(character: str) -> str:
    """`U+0430 CYRILLIC SMALL LETTER A`; control characters have no name but their abbreviation is of little use."""
    return f"U+{ord(character):04X} {unicodedata.name(character, _CONTROLS.get(character, ''))}".rstrip()


_CONTROLS = {"\x00": "NUL", "\x07": "BEL", "\x08": "BACKSPACE", "\x0b": "VERTICAL TAB", "\x0c": "FORM FEED"}
_CONTROLS |= {"\r": "CARRIAGE RETURN", "\x1b": "ESCAPE", "\x7f": "DELETE", "\x85": "NEXT LINE"}


_MEANT = {
    "'": 'strings are written "in double quotes"',
    ";": "a statement ends at the end of its line",
    "^": "write sympow(x, 3) for a symmetric power",
    "@": "the coupling product is `*`",
    "&": "write cat(a, b) for a direct sum",
    "!": "the only comparison is `==`",
    "<": "the only comparison is `==`",
    ">": "the only comparison is `==`",
    ".": "a range is written 1..3, a decimal 0.5",
}


# ---------------------------------------------------- characters and limits


def source_too_large(limit: int) -> Diagnostic:
    """F001: the source has more bytes than the limit."""
    help = "--limit source_bytes=N raises the limit"
    return Diagnostic("F001", f"the source is larger than {limit:,} bytes", help=(help,))


def line_too_long(span: Span, length: int, limit: int) -> Diagnostic:
    """F002: a line has more characters than the limit."""
    label = Label(span, "what is beyond the limit")
    help = "break the line inside parentheses, or after an operator or a comma"
    return Diagnostic("F002", f"a line of {length:,} characters; the limit is {limit:,}", (label,), (help,))


def forbidden_character(character: str, span: Span) -> Diagnostic:
    """F003: a control, bidirectional or invisible character, which may not stand anywhere, comments included."""
    if character == "\r":
        label = "a carriage return that no line feed follows"
        help = "end lines with LF or CRLF"
    else:
        label = "cannot be seen, and can make the text read as something it is not"
        help = "remove it"
    return Diagnostic("F003", f"forbidden character {code_point(character)}", (Label(span, label),), (help,))


def non_ascii(text: str, span: Span) -> Diagnostic:
    """F004: a character outside ASCII, which only a comment may hold."""
    character = next(c for c in text if not c.isascii())
    place = Span(span.start + text.index(character), span.start + text.index(character) + 1)
    plain = "".join(_LOOK_ALIKES.get(c, unicodedata.normalize("NFKC", c)) for c in text)
    help = (f"did you mean `{plain}`?",) if plain.isascii() and plain.isprintable() and plain.strip() else ()
    return Diagnostic("F004", f"{code_point(character)} outside a comment", (Label(place, "only ASCII here"),), help)


def unexpected_character(character: str, span: Span) -> Diagnostic:
    """F005: an ASCII character that has no meaning in the language."""
    help = (_MEANT[character],) if character in _MEANT else ()
    return Diagnostic("F005", f"unexpected character `{character}`", (Label(span, "means nothing here"),), help)


def unterminated_string(span: Span) -> Diagnostic:
    """F006: a string without its closing quote on the same line."""
    return Diagnostic("F006", "the string does not end on its line", (Label(span, 'no closing `"`'),))


def backslash_in_string(span: Span) -> Diagnostic:
    """F007: a backslash in a string; strings have no escapes."""
    return Diagnostic("F007", "a string may not hold a backslash", (Label(span, "strings have no escapes"),))


def name_too_long(span: Span, limit: int) -> Diagnostic:
    """F008: a name has more characters than the limit."""
    message = f"a name of {span.end - span.start} characters; the limit is {limit}"
    return Diagnostic("F008", message, (Label(span),))


def too_many_digits(span: Span, count: int, limit: int) -> Diagnostic:
    """F009: a number has more digits than the limit."""
    return Diagnostic("F009", f"a number of {count:,} digits; the limit is {limit}", (Label(span),))


def nested_too_deeply(span: Span, limit: int) -> Diagnostic:
    """F010: brackets, or levels of an expression, beyond the limit."""
    label = Label(span, "one level too many")
    help = "give a part a name on a line of its own; a long sum can be grouped with parentheses"
    return Diagnostic("F010", f"nested more than {limit} levels deep", (label,), (help,))


# ------------------------------------------------------------------ spelling


def malformed_number(text: str, span: Span) -> Diagnostic:
    """F011: digits that form neither a number nor an irrep, such as `1e3`, `1O`, `1.` or `3/4e`."""
    label, help = _number_advice(text)
    return Diagnostic("F011", f"`{text}` is neither a number nor an irrep", (Label(span, label),), help)


def _number_advice(text: str) -> tuple[str, tuple[str, ...]]:
    """What is wrong with the spelling, and what to write."""
    mantissa, e, exponent = text.lower().partition("e")
    if e and exponent.lstrip("+-").isdigit() and len(exponent) <= 3:
        plain = _decimal(mantissa, int(exponent))
        if plain is not None:
            irrep = f"`{mantissa}e` is an irrep, so n" if mantissa.isdigit() else "n"
            return f"{irrep}umbers have no exponent", (f"write {plain}",)
    head, tail = text[:-1], text[-1]
    if tail in "EOY" and head.replace("x", "", 1).isdigit():
        return "parity is lower case", (f"did you mean `{head}{tail.lower()}`?",)
    if text.replace("X", "x", 1) != text and text.replace("X", "", 1)[:-1].isdigit() and tail in "eoy":
        return "the cross is a lower-case x", (f"did you mean `{text.replace('X', 'x', 1)}`?",)
    if text.endswith(".") and head.isdigit():
        return "no digit after the point", (f"did you mean `{text}0`?",)
    if text.startswith(".") and text[1:].isdigit():
        return "no digit before the point", (f"did you mean `0{text}`?",)
    if "/" in text:
        return "l must be an integer 0, 1, 2, ...", ()
    if tail == "x" and head.isdigit():
        return "a multiplicity without an irrep", (f"write `{text}0e` for {head} scalars",)
    if tail.isalpha() and head.replace("x", "", 1).isdigit():
        return "parity is `e` for even, `o` for odd", (f"did you mean `{head}e` or `{head}o`?",)
    return "a name begins with a letter or `_`, an irrep reads `1o` or `128x1o`", ()


def _decimal(mantissa: str, exponent: int) -> str | None:
    """The number written out, or None when that is no plain decimal."""
    if abs(exponent) > 18 or not mantissa.replace(".", "", 1).isdigit():
        return None
    value = Fraction(mantissa if mantissa[-1] != "." else mantissa + "0") * Fraction(10) ** exponent
    whole, rest = divmod(value * 10**36, 10**36)
    digits = f"{int(rest):036d}".rstrip("0") or "0"
    return f"{whole}.{digits}"


def space_in_irrep(span: Span, spelled: str) -> Diagnostic:
    """F012: space between a multiplicity and its irrep, as in `128 x 0e`; `x` is never an operator."""
    label = Label(span, "an irrep is written without spaces")
    return Diagnostic("F012", "space inside an irrep", (label,), (f"did you mean `{spelled}`?",))


# ------------------------------------------------------------------ brackets


def unclosed_bracket(opened: Span, bracket: str, given_up: Span) -> Diagnostic:
    """F013: a `(` or `[` that nothing closes."""
    labels = (Label(opened, "opened here"), Label(given_up, "not closed by here"))
    return Diagnostic("F013", f"`{bracket}` is never closed", labels)


def unopened_bracket(closed: Span, bracket: str, opened: Span | None) -> Diagnostic:
    """F014: a closing bracket that closes nothing, or something else."""
    labels: tuple[Label, ...] = (Label(closed, "closes nothing" if opened is None else "closes the wrong kind"),)
    if opened is not None:
        labels += (Label(opened, "this is still open"),)
    return Diagnostic("F014", f"unexpected `{bracket}`", labels)


def unclosed_body(opened: Span, given_up: Span) -> Diagnostic:
    """F015: the body of a diagram or a tree without its `}`."""
    labels = (Label(given_up, "expected `}` before this"), Label(opened, "the body begins here"))
    return Diagnostic("F015", "missing `}`", labels)


# ---------------------------------------------------------------- statements


def unexpected(span: Span, found: str, expected: str, after: Label | None, help: tuple[str, ...] = ()) -> Diagnostic:
    """F016: something other than what the grammar allows at this place."""
    labels = (Label(span, f"expected {expected}"),) + (() if after is None else (after,))
    return Diagnostic("F016", f"unexpected {found}", labels, help)


def unknown_statement(span: Span, word: str, known: Iterable[str], inside: str) -> Diagnostic:
    """F017: a line that begins with a word that begins no statement."""
    known = sorted(known)
    near = suggest(word, known)
    help = f"did you mean `{near}`?" if near is not None else f"{inside} holds {_list(known)}"
    if word in ("import", "include", "from", "use"):
        help = "there is no import in version 1: a file stands by itself"
    return Diagnostic("F017", f"`{word}` begins no statement", (Label(span),), (help,))


def chained_product(star: Span, first: Span, groupings: tuple[str, str]) -> Diagnostic:
    """F018: `a * b * c`, which could be either of two different trees."""
    labels = (Label(star, "a second `*`"), Label(first, "the first"))
    help = f"the two groupings are different trees: write `{groupings[0]}` or `{groupings[1]}`"
    return Diagnostic("F018", "`*` does not chain", labels, (help,))


def reduction_without_index(name: ast.Name) -> Diagnostic:
    """F019: `sum(x)`, which does not say over what."""
    word, span = name.text, name.span
    label = Label(span, "over which index?")
    help = f"write `{word}[j](...)` to add over the edges of each i"
    return Diagnostic("F019", f"`{word}` needs an index", (label,), (help,))


def not_a_reduction(name: ast.Name) -> Diagnostic:
    """F020: `f[j](x)` where f is neither `sum` nor `mean`."""
    word, span = name.text, name.span
    near = suggest(word, ("sum", "mean"))
    help = (f"did you mean `{near}`?",) if near else ()
    label = Label(span, "only `sum` and `mean` add over an index")
    return Diagnostic("F020", f"`{word}` takes no index", (label,), help)


def reduction_without_parentheses(span: Span, word: str, rest: str) -> Diagnostic:
    """F021: `sum[j] x`; what is summed stands in parentheses."""
    help = (f"write `{rest}`",)
    return Diagnostic("F021", f"`{word}` needs parentheses", (Label(span, "expected `(`"),), help)


def number_on_the_right(span: Span, text: str) -> Diagnostic:
    """F022: `a * 0.5`; a factor stands on the left, since `*` couples tensors."""
    label = Label(span, "a number is no tensor")
    return Diagnostic("F022", "a factor stands on the left", (label,), (f"write `{text} * ...`",))


def irreps_unquoted(span: Span, text: str) -> Diagnostic:
    """F023: irreps as an argument of a call, where only a string can hold them."""
    label = Label(span, "irreps stand in quotes here")
    return Diagnostic("F023", "irreps among the arguments of a call", (label,), (f'write `"{text}"`',))


def expression_among_irreps(span: Span) -> Diagnostic:
    """F024: a tensor expression in a sum of irreps, as in `keep=0e + a * b`."""
    return Diagnostic("F024", "irreps cannot be added to a tensor", (Label(span, "not an irrep"),))


def irreps_subtracted(span: Span) -> Diagnostic:
    """F025: a minus between irreps."""
    label = Label(span, "irreps are joined with `+`, or with `|` as alternatives")
    return Diagnostic("F025", "irreps cannot be subtracted", (label,))


def argument_after_option(span: Span, option: Span) -> Diagnostic:
    """F026: a positional argument after `key=value`."""
    labels = (Label(span, "move this to the left"), Label(option, "of this option"))
    return Diagnostic("F026", "an argument after an option", labels)


def options_of_a_vertex(span: Span) -> Diagnostic:
    """F027: `with` in a tree, whose vertices have no options."""
    label = Label(span, "a tree fixes only its labels")
    return Diagnostic("F027", "a vertex of a tree takes no options", (label,), ("couple with options in a diagram",))


def number_given_to_a_tree(name: ast.Name) -> Diagnostic:
    """F028: a number as the argument of a tree in a `check`; only `sqrt(1/3)` takes one."""
    word, span = name.text, name.span
    near = suggest(word, ("sqrt",))
    help = (f"did you mean `{near}`?",) if near else ()
    return Diagnostic("F028", f"`{word}` takes no number", (Label(span, "only `sqrt` does, in a coefficient"),), help)


def division_by_zero(span: Span) -> Diagnostic:
    """F029: a coefficient with denominator zero."""
    return Diagnostic("F029", "division by zero", (Label(span),))


def unknown_version(span: Span, number: int) -> Diagnostic:
    """F030: a language version that this compiler does not know."""
    label = Label(span, "this compiler knows version 1")
    help = "write `fusion 1`, or install a newer fusionc"
    return Diagnostic("F030", f"unknown language version {number}", (label,), (help,))


def version_not_first(span: Span) -> Diagnostic:
    """F031: a version line after another statement."""
    return Diagnostic("F031", "the version stands first", (Label(span, "move this to the top"),))


def too_many_errors(span: Span, count: int) -> Diagnostic:
    """F032: more syntax errors than are worth listing."""
    return Diagnostic("F032", f"gave up after {count} syntax errors", (Label(span, "nothing beyond was read"),))


def _list(words: Iterable[str]) -> str:
    quoted = [f"`{w}`" for w in words]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + " and " + quoted[-1]
