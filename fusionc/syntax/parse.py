"""Text to syntax tree.

The parser is one loop over lark's LALR(1) tables. A fault ends its statement, not the run: the stacks go back to where
they were when the statement began, and the next one is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from fusionc.diagnostics import CompileError, Diagnostic, InternalError, Sink
from fusionc.options import Limits
from fusionc.source import Source, Span
from fusionc.syntax import ast, errors
from fusionc.syntax.actions import Actions, Splice
from fusionc.syntax.depth import check_depth
from fusionc.syntax.expected import Refusal
from fusionc.syntax.findings import Findings
from fusionc.syntax.layout import Layout
from fusionc.syntax.tables import Rule, Tables, tables
from fusionc.syntax.tokens import END, FAULTY, NEWLINE, Scanner, Token, check_text

_STATES_A_LEVEL = 16
"""More states than one level of brackets or of an expression puts on the stack; keeps the stack, which is copied for
every token, small where no bracket is counted: `- - - ...`."""
_STOPS = (NEWLINE, END, "LBRACE", "RBRACE")


def parse(source: Source, limits: Limits | None = None) -> ast.File:
    """The syntax tree of `source`, comments included.

    Raises `CompileError` with the syntax errors found, sorted by place, of which there are at most `Findings.most`.
    Time is linear in the length of the text, which `limits` bound.
    """
    limits = Limits() if limits is None else limits
    sink = Findings(source)
    check_text(source, limits, sink)
    scanner = Scanner(source, tables(), limits, sink)
    file = _Parser(source, tables(), Layout(source, iter(scanner), limits, sink), limits, sink).run()
    if not sink.has_errors:
        check_depth(file, limits, sink)
        _check_version(file, sink)
    if sink.has_errors:
        raise CompileError(source, _without_echoes(sink.diagnostics))
    lines = (0, *(i + 1 for i, c in enumerate(source.text) if c == "\n"))
    return replace(file, comments=tuple(scanner.comments), lines=lines, span=Span(0, len(source.text)))


def _check_version(file: ast.File, sink: Sink) -> None:
    if file.version is not None and file.version.number.value != 1:
        sink.add(errors.unknown_version(file.version.number.span, file.version.number.value))


def _without_echoes(diagnostics: tuple[Diagnostic, ...]) -> list[Diagnostic]:
    """Leave out what was unexpected only because a bracket, or a string that holds its closing one, is never closed."""
    strings = [d.labels[0].span.start for d in diagnostics if d.code == "F006"]
    open_stretches: list[Span] = []
    kept: list[Diagnostic] = []
    for d in diagnostics:
        if d.code == "F013":
            stretch = d.labels[0].span.to(d.labels[1].span)
            open_stretches.append(stretch)
            if any(stretch.start < s < stretch.end for s in strings):
                continue
        at = d.labels[0].span.start if d.labels else -1
        if d.code not in ("F016", "F017") or not any(s.start <= at <= s.end for s in open_stretches):
            kept.append(d)
    return kept


class _Parser:
    """Shifts and reductions, and recovery at the end of a statement."""

    def __init__(self, source: Source, tables: Tables, tokens: Layout, limits: Limits, sink: Sink) -> None:
        self.source = source
        self.limits = limits
        self.tables = tables
        self.tokens: Iterator[Token] = iter(tokens)
        self.sink = sink
        self.methods = Actions(sink).methods()
        self.deepest = _STATES_A_LEVEL * (limits.nesting + 1)
        self.states: list[int] = [tables.start]
        self.values: list[object] = []
        self.saved: tuple[list[int], list[object]] = ([tables.start], [])
        self.line: list[Token] = []
        self.bodies = 0
        self.closed = False  # a body has just been, and only a newline may follow

    def run(self) -> ast.File:
        """The file; meaningless when the sink has errors."""
        while True:
            token = next(self.tokens)
            self.line.append(token)
            if len(self.states) > self.deepest:
                self.sink.add(errors.nested_too_deeply(token.span, self.limits.nesting))
                self.sink.raise_errors(self.source)
            before = self.states.copy()
            if not self._feed(token):
                self._recover(token, before)
            elif token.type in (NEWLINE, "LBRACE", "RBRACE"):
                self.bodies += (token.type == "LBRACE") - (token.type == "RBRACE")
                self.closed = token.type == "RBRACE"
                self.saved = (self.states.copy(), self.values.copy())
                self.line = []
            elif token.type == END:
                file = self.values[-1]
                assert isinstance(file, ast.File)
                return file

    def _feed(self, token: Token) -> bool:
        """Reduce as often as the token asks and shift it; False when the grammar refuses it."""
        actions, states, values = self.tables.actions, self.states, self.values
        while True:
            action = actions[states[-1]].get(token.type)
            if isinstance(action, int):
                states.append(action)
                values.append(token)
                return True
            if action is None:
                return False
            size = action.size
            if size == 1 and not action.method:  # the value goes up as it is
                states.pop()
            else:
                taken = values[len(values) - size :]
                del states[len(states) - size :], values[len(values) - size :]
                values.append(self._reduce(action, taken))
                if action.origin == "start":
                    return True
            goto = actions[states[-1]][action.origin]
            assert isinstance(goto, int)
            states.append(goto)

    def _reduce(self, rule: Rule, values: list[object]) -> object:
        """Values of a spliced rule are laid into the list of the rule above; a list that grows is grown in place."""
        if rule.spliced and any(isinstance(v, Splice) for v in values):
            first, *others = values
            values = first.items if isinstance(first, Splice) else [first]
            for value in others:
                values.extend(value.items if isinstance(value, Splice) else (value,))
        if rule.method:
            return self.methods[rule.method](values)
        return Splice(values)

    def _recover(self, token: Token, states: list[int]) -> None:
        """Report, go back to the beginning of the statement and on to the end of it."""
        rest = [] if token.type in _STOPS else self._skip_to_stop()
        if token.type != FAULTY:
            self.sink.add(Refusal(self.source, self.tables, states, self.values, self.line, rest).diagnostic())
        stop = rest[-1] if rest else token
        self.states, self.values = self.saved[0].copy(), self.saved[1].copy()
        self.line = []
        if stop.type == "LBRACE" and self.bodies == 0 and not self.closed:  # read the body, under a header that parses
            header = (stop._replace(type="DIAGRAM"), stop._replace(type="NAME"), stop)
            self.tokens = chain(header, self.tokens)
            return
        if stop.type == "LBRACE":
            stop = self._skip_statement()
        if stop.type != NEWLINE or self.closed:
            if stop is token and len(self.states) == len(states):
                raise InternalError(f"the parser does not get beyond {stop}")
            self.tokens = chain((stop,), self.tokens)

    def _skip_to_stop(self) -> list[Token]:
        """The tokens up to the end of the statement or to a brace, whichever comes first."""
        skipped = [next(self.tokens)]
        while skipped[-1].type not in _STOPS:
            skipped.append(next(self.tokens))
        return skipped

    def _skip_statement(self) -> Token:
        """After a `{` where none may stand: the newline that ends its statement, beyond all that is in braces."""
        depth = 1
        while True:
            token = next(self.tokens)
            depth += (token.type == "LBRACE") - (token.type == "RBRACE")
            if depth == 0 and token.type == NEWLINE:
                return token
