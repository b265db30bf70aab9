"""Labels, limits and the time that refusals take."""

from __future__ import annotations

import time

import pytest

from fusionc.options import CompileOptions, Limits

from .checking import checked, codes, findings, value

NEVER = 0.5
"""Seconds. A refusal takes a few milliseconds; the factor is for a busy machine."""

REFUSED = {
    "multiplicity": ("input x : 100000000x0e\noutput x", "F204"),
    "degree": ("input x : 1x500e\noutput x", "F204"),
    "uvw": (
        "input x : 65536x0e\ninput y : 65536x0e\nweight w\nz : 65536x0e = x * y with mode=uvw, weights=w\noutput z",
        "F204",
    ),
    "outer product": ("input x : 65536x0e\nz = x * x with mode=uvuv\noutput z", "F204"),
    "linear": (
        "input x : 65536x0e\nz : 65536x0e = linear(x)\noutput z",
        "F204",
    ),
    "paths": (f"input x : {' + '.join(['1x6e + 1x6o'] * 60)}\nz = x * x\noutput z", "F204"),
    "paths to a target": (f"input x : {' + '.join(['1x6e'] * 200)}\nz : 1x0e = x * x\noutput z", "F204"),
    "degree of a product": ("input x : 12e\nz = (x * x) * x\noutput z", "F204"),
    "choices of leaves": (f"input x : {' + '.join(['1x12e'] * 256)}\nz : 1x0e = sympow(x, 6)\noutput z", "F204"),
    "powers": ("input x : sh(12)\nz : 1x0e = sympow(x, 5)\noutput z", "F204"),
    "orders": ("input x : 0e\nz = sympow(x, 1..50)\noutput z", "F137"),
    "empty orders": ("input x : 0e\nz = sympow(x, 1..0)\noutput z", "F136"),
    "harmonics": ("input r : 1o\nz = sh(r, 500)\noutput z", "F137"),
    "dimension": (f"input x : {' + '.join(['65536x12e'] * 20)}\noutput x", "F204"),
    "concatenated dimension": (
        f"input x : {' + '.join(['65536x12e'] * 6)}\nz = cat(x, x, x, x, x, x, x, x)\noutput z",
        "F204",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_limits_are_found_by_counting(case: str) -> None:
    body, code = REFUSED[case]
    checked("diagram d {\ninput x : 0e\noutput x\n}\n")  # what is made once does not count
    start = time.perf_counter()
    assert codes(f"diagram d {{\n{body}\n}}\n") == [code]
    assert time.perf_counter() - start < NEVER


def test_a_tree_of_many_free_leaves() -> None:
    leaves = ", ".join(f"a{n}: 1o" for n in range(40))
    vertices = [f"  v{n} = {f'v{n - 1}' if n > 1 else 'a0'} * a{n}" for n in range(1, 39)]
    text = f"tree t({leaves}) : 1o {{\n" + "\n".join([*vertices, "  out = v38 * a39", "}", ""])
    assert codes(text) == ["F204"]


def test_a_family_is_counted_before_it_is_listed() -> None:
    names = [f"a{n}" for n in range(10)]
    comb = names[0]
    for name in names[1:]:
        comb = f"({comb} * {name})"
    text = f"tree t({', '.join(f'{n}: 2e' for n in names)}) : 2e {{\n  out = {comb}\n}}\n"
    raised = CompileOptions(limits=Limits(l=20, trees=1000))
    text += f"diagram d {{\n  input x : 2e\n  z = t({', '.join(['x'] * 10)})\n  output z\n}}\n"
    start = time.perf_counter()
    (found,) = findings(text, raised)
    assert time.perf_counter() - start < NEVER
    assert found.code == "F204"
    assert "labelled trees" in found.message


def test_a_check_over_a_large_basis_is_refused() -> None:
    names = [f"a{n}" for n in range(10)]
    comb = names[0]
    for name in names[1:]:
        comb = f"({comb} * {name} : 12e)"
    text = f"tree t({', '.join(f'{n}: 12e' for n in names)}) : 12e {{\n  out = {comb}\n}}\ncheck t() == t()\n"
    start = time.perf_counter()
    (found,) = findings(text)
    assert time.perf_counter() - start < NEVER
    assert found.code == "F204"


def test_a_limit_can_be_raised() -> None:
    text = "diagram d {\ninput x : 13e\noutput x\n}\n"
    assert codes(text) == ["F204"]
    assert checked(text, CompileOptions(limits=Limits(l=13)))


def test_paths_of_a_diagram_are_counted_together() -> None:
    text = "diagram d {\ninput x : 2x0e + 2x1o\na = x * x\nb = x * x\noutput a, b\n}\n"
    assert checked(text, CompileOptions(limits=Limits(paths=12)))
    assert codes(text, CompileOptions(limits=Limits(paths=11))) == ["F204"]


@pytest.mark.parametrize(
    ("group", "irreps", "text"),
    [
        ("O3", "2x1y + 3y + sh(2)", "2x1o+1x3o+1x0e+1x1o+1x2e"),
        ("SO3", "2x1 + 3 + sh(2)", "2x1+1x3+1x0+1x1+1x2"),
        ("O3", "0x5o + 1e", "0x5o+1x1e"),
    ],
)
def test_labels(group: str, irreps: str, text: str) -> None:
    program = checked(f"group {group}\ndiagram d {{\ninput x : {irreps}\noutput x\n}}\n")
    assert value(program.diagrams[0], "x").irreps.text(program.group) == text


@pytest.mark.parametrize(
    ("group", "irreps", "code"),
    [("O3", "2x1", "F201"), ("SO3", "2x1o", "F202"), ("O3", "1/2e", "F203"), ("SO3", "2.5o", "F203")],
)
def test_labels_that_are_refused(group: str, irreps: str, code: str) -> None:
    assert codes(f"group {group}\ndiagram d {{\ninput x : {irreps}\noutput x\n}}\n") == [code]


def test_the_half_integer_of_the_design() -> None:
    (found,) = findings("diagram spinor {\n  input psi : 1/2e + 1x1o\n  z : 1x0e = psi * psi\n  output z\n}\n")
    assert found.message == "half-integer spin `1/2e` is not an irrep of O(3)"
    assert found.labels[0].text == "l must be an integer 0, 1, 2, ..."
    assert found.help == ("for a vector write `1o`; for a pseudovector `1e`",)
