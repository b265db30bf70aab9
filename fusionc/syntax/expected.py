"""From a state of the parser and the token that it refused to a message in the words of the language."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from fusionc.diagnostics import Diagnostic, Label
from fusionc.source import Source, Span
from fusionc.syntax import errors
from fusionc.syntax.tables import Rule, Tables
from fusionc.syntax.tokens import END, NEWLINE, Token

_TOP_LEVEL = ("check", "diagram", "group", "irreps", "param", "tree")
_BODY = ("index", "input", "irreps", "output", "param", "weight")
_IRREPS = frozenset({"IRREP", "MULTIPLE", "HALF"})
_OPERATORS = ("STAR", "PLUS", "MINUS")
_WORDS = {
    NEWLINE: "the end of the line",
    END: "the end of the file",
    "INT": "an integer",
    "NUMBER": "a decimal such as 0.5",
    "STRING": 'a string such as "0e+1o"',
    "NAME": "a name",
}


def accepts(tables: Tables, states: Sequence[int], terminal: str) -> bool:
    """Whether the parser in `states` would come to shift `terminal`."""
    stack = list(states)
    while True:
        action = tables.actions[stack[-1]].get(terminal)
        if not isinstance(action, Rule):
            return action is not None
        if action.origin == "start":
            return True
        if action.size:
            del stack[-action.size :]
        goto = tables.actions[stack[-1]][action.origin]
        assert isinstance(goto, int)
        stack.append(goto)


def expected_terminals(tables: Tables, states: Sequence[int]) -> tuple[str, ...]:
    """The terminals that could stand here, sorted."""
    terminals = sorted(t for t in tables.actions[states[-1]] if t.isupper() or t == END)
    return tuple(t for t in terminals if accepts(tables, states, t))


def in_words(tables: Tables, terminals: Sequence[str]) -> str:
    """An enumeration such as "a name, `(` or an irrep such as `1o`", the general before the particular."""
    left = set(terminals)
    phrases: list[str] = []

    def take(phrase: str, *needed: str, also: Sequence[str] = ()) -> None:
        if left.issuperset(needed):
            phrases.append(phrase)
            left.difference_update(needed, also)

    keywords = tables.keywords.values()
    if "NAME" in left:
        left.difference_update(keywords)
    take("an expression such as `x[i]`", "NAME", "LPAR", "NUMBER", also=("INT", "MINUS"))
    take("an irrep such as `1o`", "IRREP", "MULTIPLE", "HALF", also=("NAME", "NUMBER", "INT"))
    if {"PLUS", "MINUS"} <= left:  # after a name, brackets of its own are the least likely thing to be missing
        left.difference_update(("LPAR", "LSQB"))
    left.discard(NEWLINE if END in left else "RBRACE" if NEWLINE in left else "")
    take("an operator", *_OPERATORS)
    for terminal in ("NAME", "INT", "NUMBER", "STRING"):
        take(_WORDS[terminal], terminal)
    phrases += [
        f"`{tables.spelling[t]}`"
        for t in sorted(left, key=lambda t: tables.spelling.get(t, ""))
        if t in tables.spelling
    ]
    for terminal in (NEWLINE, END):
        take(_WORDS[terminal], terminal)
    return phrases[0] if len(phrases) == 1 else ", ".join(phrases[:-1]) + " or " + phrases[-1]


def found_in_words(token: Token) -> str:
    match token.type:
        case "_NL":
            return "end of the line"
        case "$END":
            return "end of the file"
        case "RBRACE":
            return "`}`"
        case "IRREP" | "MULTIPLE" | "HALF":
            return f"irrep `{token.text}`"
        case "INT" | "NUMBER":
            return f"number `{token.text}`"
        case "STRING":
            return f"string `{token.text}`"
        case _:
            return f"`{token.text}`"


class Refusal:
    """A token that the grammar does not allow, with all that is known about its place."""

    def __init__(
        self,
        source: Source,
        tables: Tables,
        states: Sequence[int],
        values: Sequence[object],
        line: Sequence[Token],
        rest: Sequence[Token],
    ) -> None:
        """`line` holds the tokens of the statement so far, the refused one last; `rest` those after it, if any."""
        self.source = source
        self.tables = tables
        self.values = values
        self.line = line
        self.rest = rest
        self.token = line[-1]
        self.before = line[-2] if len(line) > 1 else None
        self.expected = expected_terminals(tables, states)

    def diagnostic(self) -> Diagnostic:
        return self._of_a_statement() or self._of_an_operand() or self._of_a_call() or self._general()

    def _text(self, span: Span) -> str:
        return " ".join(self.source.text[span.start : span.end].split())

    def _of_a_statement(self) -> Diagnostic | None:
        """A line that begins with a word of no statement, or a statement of another place."""
        token, first = self.token, self.line[0]
        keywords = self.tables.keywords
        if token.type == "FUSION" and len(self.line) == 1:
            return errors.version_not_first(token.span)
        at_top = "DIAGRAM" in self.expected and "OUTPUT" not in self.expected
        if len(self.line) == 1 and at_top and (token.type == "NAME" or token.type in keywords.values()):
            return errors.unknown_statement(token.span, token.text, _TOP_LEVEL, "the top level")
        follows = token.type == "NAME" or token.type in keywords.values()
        if len(self.line) == 2 and first.type == "NAME" and follows and {"EQUAL", "LSQB"}.issubset(self.expected):
            return errors.unknown_statement(first.span, first.text, _BODY, "a diagram")
        earlier = [t.type for t in self.line[:-1]]
        vertex = "EQUAL" in earlier and "WITH" not in earlier and earlier[0] not in ("IRREPS", "PARAM")
        if token.type == "WITH" and NEWLINE in self.expected and vertex:
            return errors.options_of_a_vertex(token.span)
        return None

    def _of_an_operand(self) -> Diagnostic | None:
        """Products that chain, factors on the right, sums without parentheses."""
        token, before = self.token, self.before
        if token.type == "STAR" and len(self.values) >= 3:
            left, star, right = self.values[-3:]
            if isinstance(star, Token) and star.type == "STAR" and not isinstance(left, Token):
                return self._chain(left, star, right)
        if (
            before is not None
            and before.type in ("INT", "NUMBER")
            and self.expected == ("STAR",)
            and len(self.line) > 2
        ):
            return errors.number_on_the_right(before.span, before.text) if self.line[-3].type == "STAR" else None
        if before is not None and before.type == "RSQB" and "LPAR" in self.expected and self.values:
            port = self._reduction_before()
            if port is not None and token.type in ("NAME", *self.tables.keywords.values()) and token.type != "WITH":
                rest = "".join(t.text for t in (token, *self._operand(self.rest)))
                return errors.reduction_without_parentheses(token.span, port.split("[")[0], f"{port}({rest})")
        return None

    def _reduction_before(self) -> str | None:
        """The text `sum[j]` if it stands right before the refused token."""
        for i in range(len(self.line) - 2, 0, -1):
            if self.line[i].type == "LSQB":
                word = self.line[i - 1]
                return self._text(Span(word.start, self.line[-2].end)) if word.text in ("sum", "mean") else None
        return None

    def _operand(self, tokens: Sequence[Token]) -> list[Token]:
        """The tokens of brackets that follow a name."""
        depth, taken = 0, []
        for token in tokens:
            depth += (token.type in ("LPAR", "LSQB")) - (token.type in ("RPAR", "RSQB"))
            if depth < 0 or (depth == 0 and token.type not in ("RPAR", "RSQB")):
                break
            taken.append(token)
        return taken

    def _chain(self, left: object, star: Token, right: object) -> Diagnostic:
        a, b = (self._text(x.span) for x in (left, right))  # type: ignore[attr-defined]
        operand = [self.rest[0], *self._operand(self.rest[1:])] if self.rest else []
        whole = Span(operand[0].start, operand[-1].end) if operand else Span(0, 0)
        c = self._text(whole) if operand and operand[0].type not in (NEWLINE, END, "RBRACE") else "c"
        return errors.chained_product(self.token.span, star.span, (f"({a} * {b}) * {c}", f"{a} * ({b} * {c})"))

    def _of_a_call(self) -> Diagnostic | None:
        token, before = self.token, self.before
        if token.type in _IRREPS and "STRING" in self.expected:
            return self._unquoted()
        option = self._option_of_this_call()
        if option is None or before is None:
            return None
        if self.expected == ("EQUAL",):
            return errors.argument_after_option(before.span, option)
        if before.type == "COMMA" and "NAME" in self.expected and "LPAR" not in self.expected:
            return errors.argument_after_option(token.span, option)
        return None

    def _unquoted(self) -> Diagnostic:
        taken = [self.token]
        for token in self.rest:
            if token.type not in _IRREPS and token.type != "PLUS":
                break
            taken.append(token)
        span = Span(taken[0].start, taken[-1].end)
        return errors.irreps_unquoted(span, self.source.text[span.start : span.end])

    def _option_of_this_call(self) -> Span | None:
        """The first `key=value` of the call that is open here; None outside a call's parentheses."""
        opened = self._still_open()
        inside = [] if opened is None or opened.type != "LPAR" else [t for t in self.line if t.start > opened.start]
        for key, token in pairwise(inside):
            if token.type in ("WITH", "COLON"):
                return None
            if token.type == "EQUAL":
                return Span(key.start, token.end)
        return None

    def _general(self) -> Diagnostic:
        token = self.token
        opened = self._still_open() if "RPAR" in self.expected or "RSQB" in self.expected else None
        after = None if opened is None else Label(opened.span, "opened here")
        if token.type == NEWLINE and self.before is not None:
            token = token._replace(start=self.before.end, end=self.before.end + 1)
        expected = in_words(self.tables, self.expected)
        return errors.unexpected(token.span, found_in_words(token), expected, after, self._help())

    def _help(self) -> tuple[str, ...]:
        """What was probably meant."""
        token, follows = self.token, self.rest[0].type if self.rest else ""
        if self.expected == ("STAR",):
            return ("a number can only scale a tensor: `0.5 * x`",)
        if token.type == "SLASH" and "PLUS" in self.expected:
            return ("there is no division; scale with a decimal: `0.5 * x`",)
        if follows == "EQUAL" and "WITH" in self.expected:
            return (f"options follow `with`: `with {token.text}=...`",)
        if token.type in _IRREPS and "RSQB" in self.expected:
            return ("a list holds integers or names; irreps are joined with `+`: `0e + 1o`",)
        if token.type in ("COLON", "WITH") and "RPAR" in self.expected:
            return self._group_of_its_own()
        return ()

    def _group_of_its_own(self) -> tuple[str, ...]:
        """For `sum[j](a * b : 0e)` and the like: the brackets of a call hold no `:` or `with` for its argument."""
        opened = self._still_open()
        inside = [] if opened is None else [t for t in self.line[:-1] if t.start > opened.start]
        if opened is None or not inside or any(t.type in ("COLON", "WITH", "EQUAL") for t in inside):
            return ()
        first, depth = inside[0], 0
        for token, follows in pairwise(inside):
            depth += (token.type in ("LPAR", "LSQB")) - (token.type in ("RPAR", "RSQB"))
            if token.type == "COMMA" and depth == 0:
                first = follows
        argument = self._text(Span(first.start, inside[-1].end))
        return (f"an argument with `{self.token.text}` has brackets of its own: `({argument} {self.token.text} ...)`",)

    def _still_open(self) -> Token | None:
        depth = 0
        for token in reversed(self.line[:-1]):
            depth += (token.type in ("RPAR", "RSQB")) - (token.type in ("LPAR", "LSQB"))
            if depth < 0:
                return token
        return None
