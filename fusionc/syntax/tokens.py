"""Text to tokens. Every limit on characters, lines, names and digits is kept here, before anything is parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from fusionc.diagnostics import Diagnostic, Sink
from fusionc.options import Limits
from fusionc.source import Source, Span
from fusionc.syntax import ast, errors
from fusionc.syntax.tables import Tables

FAULTY = "FAULTY"
"""Terminal of a piece of text whose fault has been reported: the parser gives up the statement without a word."""
NEWLINE = "_NL"
END = "$END"
_TOP_LEVEL = ("FUSION", "GROUP", "PARAM", "IRREPS", "DIAGRAM", "TREE", "CHECK")

# C0 and C1 controls but tab and the line ends, lone CR, line and paragraph separators, zero-width and bidirectional
# formatting, surrogates, tags: none of them can be seen, and each can make a text read as something it is not.
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]|\r(?!\n)"
)
_COMMENT = re.compile(r"#[^\r\n]*")
_DIGITS = re.compile(r"[0-9]+")
_NAMES = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FOREIGN = re.compile(r"[A-Za-z0-9_]*[^\x00-\x7f]+[^\s\x00-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]*")
_WORD_OF_DIGITS = re.compile(r"(?:[0-9A-Za-z_]|\.(?!\.))+")
_EXPONENT = re.compile(r"(?:[0-9]*\.[0-9]*[eE][+-]|[0-9]+[eE]-)[0-9]+(?![A-Za-z0-9_./])")
_CHECK = re.compile(r"check[ \t]+[A-Za-z0-9_-]")
_SPACED_IRREP = re.compile(r"(\{[A-Za-z_][A-Za-z0-9_]*\}|[0-9]+)[ \t]*x[ \t]*([0-9]+[eoy]?)(?![A-Za-z0-9_/.])")
_FRACTION_IRREP = re.compile(r"(?:[0-9]+x)?[0-9]+/[0-9]+[eoy](?![A-Za-z0-9_])")
_UNCLOSED_STRING = re.compile(r'"[^"\r\n]*"?')


class Token(NamedTuple):
    """A terminal of the grammar, or FAULTY, with its text and its offsets."""

    type: str
    text: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


def check_text(source: Source, limits: Limits, sink: Sink) -> None:
    """Size, line lengths and forbidden characters of the whole text. Raises `CompileError`: nothing is read beyond."""
    text = source.text
    if len(text) > limits.source_bytes or len(text.encode("utf-8", "surrogatepass")) > limits.source_bytes:
        sink.add(errors.source_too_large(limits.source_bytes))
        sink.raise_errors(source)
    start = 0
    while (end := text.find("\n", start)) != -1 or start < len(text):
        end = len(text) if end == -1 else end
        if end - start > limits.line:
            sink.add(errors.line_too_long(Span(start + limits.line, end), end - start, limits.line))
            sink.raise_errors(source)
        start = end + 1
    for found in FORBIDDEN.finditer(text):
        if found.start() > 0 or found.group() != "\ufeff":
            sink.add(errors.forbidden_character(found.group(), Span(*found.span())))
    sink.raise_errors(source)


def comments(text: str, start: int, end: int) -> Iterator[ast.Comment]:
    """Comments in a stretch that holds nothing but space, line ends and comments."""
    for found in _COMMENT.finditer(text, start, end):
        yield ast.Comment(found.group().rstrip(), Span(found.start(), found.start() + len(found.group().rstrip())))


class Scanner:
    """Tokens of a source, lazily, so that a hopeless text costs no more than its beginning."""

    def __init__(self, source: Source, tables: Tables, limits: Limits, sink: Sink) -> None:
        self.text = source.text
        self.tables = tables
        self.limits = limits
        self.sink = sink
        self.comments: list[ast.Comment] = []
        self._line_begins = True
        self._in_check = False

    def __iter__(self) -> Iterator[Token]:
        """Every token but space and comments; ends with a newline and END."""
        text, match, keywords = self.text, self.tables.scanner.match, self.tables.keywords
        at = 1 if text.startswith("\ufeff") else 0
        while at < len(text):
            found = match(text, at)
            fault = self._fault(at, found)
            if fault is not None:
                yield fault
                at = fault.end
                continue
            assert found is not None
            kind, start, at = str(found.lastgroup), at, found.end()
            if kind == "SPACE":
                continue
            if kind in (NEWLINE, "COMMENT"):
                self.comments.extend(comments(text, start, at))
                if kind == NEWLINE:
                    self._line_begins = True
                    yield Token(NEWLINE, "", start, at)
                continue
            token = Token(kind, text[start:at], start, at)
            if kind == "NAME":
                token = token._replace(type=keywords.get(token.text, "NAME"))
            if self._line_begins and token.type in _TOP_LEVEL:
                self._in_check = _CHECK.match(text, start) is not None
            self._line_begins = False
            yield token if self._within_limits(token) else token._replace(type=FAULTY)
        yield Token(NEWLINE, "", at, at)
        yield Token(END, "", at, at)

    def _within_limits(self, token: Token) -> bool:
        """Report a name or a number that is too long."""
        limits, kind = self.limits, token.type
        if kind == "NAME" or token.text[0] == "{":
            name = _NAMES.search(token.text)
            if name is not None and len(name.group()) > limits.name:
                span = Span(token.start + name.start(), token.start + name.end())
                self.sink.add(errors.name_too_long(span, limits.name))
                return False
        if kind not in ("INT", "NUMBER", "IRREP", "MULTIPLE", "HALF"):
            return True
        allowed = limits.coefficient_digits if kind == "INT" and self._in_check else limits.digits
        for i, run in enumerate(_DIGITS.finditer(token.text, token.text.find("}") + 1)):
            if kind == "NUMBER" and i == 1:
                allowed = 2 * limits.digits
            if len(run.group()) > allowed:
                span = Span(token.start + run.start(), token.start + run.end())
                self.sink.add(errors.too_many_digits(span, len(run.group()), allowed))
                return False
        return True

    def _fault(self, at: int, found: re.Match[str] | None) -> Token | None:
        """A stretch at `at` that is no token, or that reads as something other than was meant."""
        text, c = self.text, self.text[at]
        end = at if found is None else found.end()
        if found is not None and not c.isalnum() and c not in '{"_':
            return None
        if (c.isdigit() and c.isascii()) or c == "{":
            spaced = _SPACED_IRREP.match(text, at)
            if spaced is not None and spaced.end() > end:
                span = Span(*spaced.span())
                return self._report(errors.space_in_irrep(span, f"{spaced[1]}x{spaced[2]}"), span.end)
        if c.isascii() and (c.isdigit() or c == "."):
            return self._number_fault(at, end)
        if found is None or not found.group().isascii():
            foreign = _FOREIGN.match(text, at)
            if c == '"' and (string := _UNCLOSED_STRING.match(text, at)) is not None:
                return self._string_fault(Span(*string.span()))
            if foreign is not None:
                return self._foreign_fault(foreign)
            return self._report(errors.unexpected_character(c, Span(at, at + 1)), at + 1)
        if found.lastgroup == "NAME" and end < len(text) and not text[end].isascii():
            foreign = _FOREIGN.match(text, at)
            return None if foreign is None else self._foreign_fault(foreign)
        return None

    def _report(self, diagnostic: Diagnostic, end: int) -> Token:
        self.sink.add(diagnostic)
        start = diagnostic.labels[0].span.start
        return Token(FAULTY, self.text[start:end], start, end)

    def _foreign_fault(self, found: re.Match[str]) -> Token | None:
        span = Span(*found.span())
        return self._report(errors.non_ascii(found.group(), span), span.end)

    def _string_fault(self, span: Span) -> Token:
        text = self.text[span.start : span.end]
        if len(text) < 2 or not text.endswith('"'):
            return self._report(errors.unterminated_string(span), span.end)
        if text.isascii():
            return self._report(errors.backslash_in_string(span), span.end)
        return self._report(errors.non_ascii(text, span), span.end)

    def _number_fault(self, at: int, end: int) -> Token | None:
        """`1e3`, `1O`, `128x`, `1.`, `3/4e`, and digits beyond every limit."""
        word = _WORD_OF_DIGITS.match(self.text, at)
        special = _FRACTION_IRREP.match(self.text, at) or _EXPONENT.match(self.text, at)
        if word is not None and (special is None or special.end() < word.end()):
            special = word
        if special is None or special.end() <= end or special.group() == ".":
            return None if end > at else self._report(errors.unexpected_character(".", Span(at, at + 1)), at + 1)
        text, span = special.group(), Span(*special.span())
        if any(len(run) > self.limits.digits for run in _DIGITS.findall(text)):
            longest = max(len(run) for run in _DIGITS.findall(text))
            return self._report(errors.too_many_digits(span, longest, self.limits.digits), span.end)
        return self._report(errors.malformed_number(text, span), span.end)
