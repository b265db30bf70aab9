"""Any value prints the same in every run, within a line where it fits."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from fusionc.algebra.irrep import Irreps
from fusionc.algebra.surd import Surd
from fusionc.show import WIDTH, show


class Kind(Enum):
    ONE = "one"


@dataclass(frozen=True, slots=True)
class Node:
    name: str
    parts: tuple[object, ...] = ()
    place: int = field(default=0, repr=False)


@dataclass(frozen=True, slots=True)
class Empty:
    pass


def test_values_on_a_line() -> None:
    assert show(()) == "()\n"
    assert show((1,)) == "(1,)\n"
    assert show((None, True, "a\n", Kind.ONE, Empty())) == "(None, True, 'a\\n', Kind.ONE, Empty())\n"
    assert show(Node("x", (Node("y"),), 3)) == "Node(name='x', parts=(Node(name='y', parts=()),))\n"


def test_exact_numbers_and_irreps_are_written_as_elsewhere() -> None:
    values = (Fraction(1, 2), Surd.parse("-sqrt(1/3)"), Irreps.parse("2x0e+1x1o"), Irreps())
    assert show(values) == "(1/2, -sqrt(1/3), 2x0e+1x1o, 0)\n"


def test_a_long_value_has_a_part_a_line_and_numbers_them() -> None:
    lines = show(Node("x" * 60, tuple(Node("y" * 40) for _ in range(3)))).splitlines()
    inner = f"Node(name='{'y' * 40}', parts=())"
    assert lines == [
        "Node(",
        f"  name='{'x' * 60}'",
        "  parts=(",
        *(f"    {n}: {inner}" for n in range(3)),
        "  )",
        ")",
    ]


def test_lines_are_filled_and_not_overfilled() -> None:
    for length in range(WIDTH - 40, WIDTH + 5):
        text = show(Node("x" * length))
        flat = f"Node(name='{'x' * length}', parts=())"
        assert (text == flat + "\n") is (len(flat) <= WIDTH)


def test_time_is_linear_in_what_is_shown() -> None:
    """A value that is deep and wide is looked at a bounded number of times."""
    value: object = tuple(range(50_000))
    for n in range(30):
        value = Node(str(n), (value,))
    assert len(show(value).splitlines()) > 50_000
