"""The page of a plan: one file, no script, nothing from elsewhere, all that the plan says."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from fusionc.compiler import plan_source
from fusionc.draw.page import page_of
from fusionc.draw.steps import dot_of_plans
from fusionc.source import Source

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = sorted(path for path in ROOT.glob("examples/*/*.fusion") if path.stem != "half_integer")
VOID = {"meta", "rect", "circle", "polygon", "path"}
HOSTILE = "<img src=x onerror=alert(1)>\"'&\u202e.fusion"


class Reader(HTMLParser):
    """Checks that elements are closed as they are opened; keeps names, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def report_of(path: Path):
    return plan_source(Source(path.name, path.read_text(encoding="utf-8"))).report


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_pages_are_well_formed_and_self_contained(path: Path) -> None:
    page = page_of(report_of(path), path.name)
    found = read(page)
    assert not found.tags & {"script", "link", "iframe", "object", "embed", "img", "base", "form", "a"}
    assert not {name for name in found.attributes if name.startswith("on") or name in ("src", "href", "srcset")}
    assert "url(" not in page
    assert "@import" not in page
    assert page == page_of(report_of(path), path.name)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_pages_say_what_the_plan_says(path: Path) -> None:
    report = report_of(path)
    whole = report.to_dict()
    text = "".join(read(page_of(report, path.name)).text)
    for diagram in whole["diagrams"]:
        for entries in diagram["coefficients"].values():
            assert all(value in text for *_, value in entries)
        for line in (*diagram["paths"], *diagram["rewrites"]):
            assert str(line.get("label", line.get("name"))) in text
        assert all(f"#{step['step']}" in text for step in diagram["steps"])
        assert f"{diagram['cost']['planned']['multiply_adds']:,}" in text
    assert all(identity in text for identity in whole["identities"])


def test_file_names_do_not_become_elements() -> None:
    source = Source(HOSTILE, (ROOT / "examples/fmove/fmove.fusion").read_text(encoding="utf-8"))
    page = page_of(plan_source(source).report, source.name)
    found = read(page)
    assert "img" not in found.tags
    assert "\u202e" not in page
    assert any(text.startswith("<img src=x") for text in found.text)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_graph_of_a_plan_has_its_steps(path: Path) -> None:
    report = report_of(path)
    text = dot_of_plans(report)
    for diagram in report.to_dict()["diagrams"]:
        assert f'digraph "plan of {diagram["name"]}"' in text
        for step in diagram["steps"]:
            assert f"s{step['step']} [" in text
            reads = [name for name in step["operands"] if name.startswith("#")]
            assert all(f"s{name[1:]} -> s{step['step']} " in text for name in reads)
