"""Every limit of the text, and how long it takes to say so. The bounds are several times what is needed."""

from __future__ import annotations

import time

import pytest

from fusionc.diagnostics import CompileError
from fusionc.options import Limits
from fusionc.source import Source
from fusionc.syntax.parse import parse
from fusionc.syntax.tables import tables

DEFAULT = Limits()


def codes(text: str, limits: Limits = DEFAULT) -> list[str]:
    try:
        parse(Source("test.fusion", text), limits)
    except CompileError as error:
        return [d.code for d in error.diagnostics]
    return []


def inside(expression: str) -> str:
    return f"diagram d {{\n  z = {expression}\n}}\n"


@pytest.mark.parametrize(
    ("within", "beyond", "code"),
    [
        ("# " + "c" * 9_998, "# " + "c" * 9_999, "F002"),
        (inside("x" * 64), inside("x" * 65), "F008"),
        (f"irreps H = {{{'C' * 64}}}x1o", f"irreps H = {{{'C' * 65}}}x1o", "F008"),
        ("param C = 999999999", "param C = 1000000000", "F009"),
        ("irreps H = 999999999x0e", "irreps H = 1000000000x0e", "F009"),
        ("irreps H = 1x999999999e", "irreps H = 1x1000000000e", "F009"),
        ("irreps H = 999999999/2e", "irreps H = 9999999999/2e", "F009"),
        (inside("123456789.0 * a"), inside("1234567890.0 * a"), "F009"),
        (inside(f"0.{'1' * 18} * a"), inside(f"0.{'1' * 19} * a"), "F009"),
        (f"check t() == {'9' * 64} u()", f"check t() == {'9' * 65} u()", "F009"),
        (inside("(" * 63 + "a" + ")" * 63), inside("(" * 64 + "a" + ")" * 64), "F010"),
        (inside("-" * 63 + "a"), inside("-" * 64 + "a"), "F010"),
        (inside(" + ".join(["a"] * 64)), inside(" + ".join(["a"] * 65)), "F010"),
        (inside("f(" * 60 + "a" + ", k=b)" * 60), inside("f(k=" * 70 + "a" + ")" * 70), "F010"),
    ],
)
def test_limits_are_inclusive(within: str, beyond: str, code: str) -> None:
    assert codes(within) == []
    assert codes(beyond) == [code]


def test_source_bytes_count_utf8() -> None:
    limits = Limits(source_bytes=10)
    assert codes("# 12345678", limits) == []
    assert codes("# 12345é8", limits) == []
    assert codes("# 123456é8", limits) == ["F001"]


def test_limits_can_be_raised() -> None:
    deep = inside("(" * 100 + "a" + ")" * 100)
    assert codes(deep) == ["F010"]
    assert codes(deep, DEFAULT.with_overrides({"nesting": 128})) == []
    assert codes("param C = 123456789012", DEFAULT.with_overrides({"digits": 12})) == []


def test_a_tree_at_the_hard_cap_of_nesting_is_within_recursion() -> None:
    limits = DEFAULT.with_overrides({"nesting": 128})
    text = inside("(" * 126 + "a" + ")" * 126)
    assert parse(Source("a", text), limits) == parse(Source("b", text), limits)
    assert "Group" in repr(parse(Source("a", text), limits))


HOPELESS = {
    "parentheses on one line": ("(" * 100_000, "F002"),
    "parentheses on many lines": ("(\n" * 100_000, "F010"),
    "brackets of a call": (inside("f(\n" * 100_000), "F010"),
    "braces": ("{\n" * 100_000, "F010"),
    "closing brackets": (")\n" * 100_000, "F014"),
    "5,000 digits": ("param C = " + "9" * 5_000, "F009"),
    "5,000 digits of l": ("irreps H = 1x" + "9" * 5_000 + "e", "F009"),
    "multiplicity": ("irreps H = 1000000000x0e", "F009"),
    "a long name": ("param " + "C" * 9_000 + " = 1", "F008"),
    "signs": (inside("-\n" * 100_000 + "a"), "F010"),
    "a megabyte on one line": ("x" * 2**20, "F002"),
    "more than a megabyte": ("\n" * (2**20 + 1), "F001"),
    "NUL": ("\0" * 5_000, "F003"),
    "quotes": ('"\n' * 100_000, "F006"),
    "junk": ("$ % & ' ` ~\n" * 50_000, "F005"),
    "dots": (". . . .\n" * 50_000, "F005"),
    "faulty statements": ("x\n" * 100_000, "F017"),
    "open bodies": ("diagram d {\n" * 50_000, "F015"),
}


@pytest.mark.parametrize("name", HOPELESS)
def test_a_hopeless_text_is_given_up_at_once(name: str) -> None:
    text, code = HOPELESS[name]
    tables()
    start = time.process_time()
    assert code in codes(text)
    assert time.process_time() - start < 0.5  # 0.1 s on the machine where this was written


def test_time_is_linear() -> None:
    line = "  z : 128x0e + 128x1o = linear(cat(a[i], b[i])) with weights=W[i], mode=uuu\n"
    texts = ["diagram d {\n" + line * count + "}\n" for count in (200, 1600)]
    spent = []
    for text in texts:
        start = time.process_time()
        assert codes(text) == []
        spent.append(time.process_time() - start)
    assert spent[1] < 8 * 3 * spent[0] + 0.5


def test_rendering_a_very_long_line_is_quick() -> None:
    with pytest.raises(CompileError) as caught:
        parse(Source("test.fusion", "x" * 2**20))
    start = time.process_time()
    assert "F002" in str(caught.value)
    assert time.process_time() - start < 0.2
