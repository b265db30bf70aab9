"""Newlines and brackets between the scanner and the parser.

Drops the newlines that end no statement, closes what a line left open, so that one slip does not swallow the rest of
the file, and gives every bracket fault its own message. After it, brackets are balanced, there is a newline before
every `}` and after every statement, and none is doubled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from fusionc.diagnostics import Sink
from fusionc.options import Limits
from fusionc.source import Source
from fusionc.syntax import errors
from fusionc.syntax.tokens import END, FAULTY, NEWLINE, Token

_CLOSES = {"RPAR": "LPAR", "RSQB": "LSQB", "RBRACE": "LBRACE"}
_CONTINUES = frozenset({"PLUS", "MINUS", "STAR", "VBAR", "COMMA", "EQUAL", "EQUALS", "COLON"})
_TOP_LEVEL = frozenset({"GROUP", "DIAGRAM", "TREE", "CHECK", "FUSION"})
_STATEMENTS = _TOP_LEVEL | {"PARAM", "IRREPS", "INDEX", "INPUT", "WEIGHT", "OUTPUT"}


class Layout:
    """Reads tokens lazily; iterate once."""

    def __init__(self, source: Source, tokens: Iterator[Token], limits: Limits, sink: Sink) -> None:
        self.source = source
        self.tokens = tokens
        self.limits = limits
        self.sink = sink
        self._ahead: deque[Token] = deque()
        self._open: list[Token] = []
        self._last: Token | None = None
        self._before_last: Token | None = None
        self._assigned = False
        self._mismatched = False

    def __iter__(self) -> Iterator[Token]:
        while True:
            token = self._next()
            for laid_out in self._lay_out(token):
                if laid_out.type == NEWLINE and (self._last is None or self._last.type in (NEWLINE, "LBRACE")):
                    continue
                self._before_last, self._last = self._last, laid_out
                self._mismatched = self._mismatched and laid_out.type != NEWLINE
                self._assigned = laid_out.type == "EQUAL" or (self._assigned and laid_out.type != NEWLINE)
                yield laid_out
            if token.type == END:
                return

    def _next(self) -> Token:
        return self._ahead.popleft() if self._ahead else next(self.tokens)

    def _peek(self, count: int) -> list[Token]:
        """Up to `count` tokens ahead, fewer at the end."""
        while len(self._ahead) < count and (not self._ahead or self._ahead[-1].type != END):
            self._ahead.append(next(self.tokens))
        return list(self._ahead)[:count]

    def _lay_out(self, token: Token) -> list[Token]:
        match token.type:
            case "LPAR" | "LSQB" | "LBRACE":
                return self._opened(token)
            case "RPAR" | "RSQB":
                return self._closed(token)
            case "RBRACE":
                return self._body_closed(token)
            case "_NL":
                return self._line_ended(token)
            case "$END":
                return [*self._give_up(token, bodies=True), token]
            case _:
                return self._line_began(token)

    def _opened(self, token: Token) -> list[Token]:
        self._open.append(token)
        if len(self._open) > self.limits.nesting:
            self.sink.add(errors.nested_too_deeply(token.span, self.limits.nesting))
            self.sink.raise_errors(self.source)
        return [token]

    def _closed(self, token: Token) -> list[Token]:
        opener = self._open[-1] if self._open else None
        if opener is not None and opener.type == _CLOSES[token.type]:
            self._open.pop()
            return [token]
        inner = opener if opener is not None and opener.type != "LBRACE" else None
        if not self._mismatched:
            self.sink.add(errors.unopened_bracket(token.span, token.text, None if inner is None else inner.span))
        self._mismatched = True
        if inner is not None:
            self._open.pop()
        return [token._replace(type=FAULTY)]

    def _body_closed(self, token: Token) -> list[Token]:
        before = self._give_up(token, bodies=False)
        if not self._open:
            self.sink.add(errors.unopened_bracket(token.span, token.text, None))
            return [*before, token._replace(type=FAULTY)]
        self._open.pop()
        return [*before, _newline(token), token]

    def _line_ended(self, token: Token) -> list[Token]:
        """Keep the newline or drop it; a line that can only begin a statement ends whatever is open."""
        ahead = self._peek(2)
        begins = ahead[0].type in ("RBRACE", END) or _begins_statement(ahead)
        if not self._open or self._open[-1].type == "LBRACE":
            return [token] if begins or not self._goes_on() else []
        return [*self._give_up(ahead[0], bodies=False), token] if begins else []

    def _goes_on(self) -> bool:
        """Whether the last token leaves its statement unfinished. A `with` does unless it can only be a name."""
        if self._last is None or self._last.type != "WITH":
            return self._last is not None and self._last.type in _CONTINUES
        return self._assigned and self._before_last is not None and self._before_last.type not in _CONTINUES

    def _line_began(self, token: Token) -> list[Token]:
        """A statement of the top level inside a body: the body was never closed."""
        new_line = self._last is None or self._last.type in (NEWLINE, "LBRACE")
        if new_line and token.type in _TOP_LEVEL and self._open and _begins_statement([token, *self._peek(1)]):
            return [*self._give_up(token, bodies=True), token]
        return [token]

    def _give_up(self, here: Token, bodies: bool) -> list[Token]:
        """Close what is open: brackets, and bodies too if asked. The statement with the open bracket becomes faulty."""
        laid_out: list[Token] = []
        while self._open and (bodies or self._open[-1].type != "LBRACE"):
            opened = self._open.pop()
            if opened.type == "LBRACE":
                self.sink.add(errors.unclosed_body(opened.span, here.span))
                laid_out += [_newline(here), Token("RBRACE", "", here.start, here.start), _newline(here)]
            else:
                self.sink.add(errors.unclosed_bracket(opened.span, opened.text, here.span))
                laid_out.append(Token(FAULTY, "", here.start, here.start))
        return laid_out


def _newline(before: Token) -> Token:
    return Token(NEWLINE, "", before.start, before.start)


def _begins_statement(ahead: list[Token]) -> bool:
    """Whether these two tokens can only begin a statement: no expression has a name right after a keyword."""
    if len(ahead) < 2 or ahead[0].type not in _STATEMENTS:
        return False
    return ahead[1].type == "NAME" or (ahead[0].type == "FUSION" and ahead[1].type == "INT")
