"""Pictures as files: well-formed, the same in every run, safe to open whatever the source is called."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fusionc.compiler import check_source
from fusionc.draw.dot import quoted
from fusionc.draw.palette import DARK, LIGHT, Palette
from fusionc.draw.picture import drawn, scene_of_program, selected
from fusionc.draw.scene import Ink, Point, Scene, Text
from fusionc.draw.svg import number, svg_file
from fusionc.draw.tikz import escaped, tikz_file
from fusionc.source import Source

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
EXAMPLES = sorted(path for path in ROOT.glob("examples/*/*.fusion") if path.stem != "half_integer")
SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {"svg", "title", "style", "rect", "circle", "polygon", "path", "text"}
HOSTILE = "a</text><script>alert(1)</script>&quot;\"'\x00\x1b]\u202e\\"


def picture_of(path: Path, form: str) -> str:
    return drawn(check_source(Source(path.name, path.read_text(encoding="utf-8"))).program, form)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_svg_is_well_formed_and_plain(path: Path) -> None:
    root = ElementTree.fromstring(picture_of(path, "svg"))
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= ALLOWED
    names = {name for element in root.iter() for name in element.attrib}
    assert not {name for name in names if name.startswith("on") or "href" in name}
    style = next(root.iter(f"{SVG}style")).text or ""
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("form", ["svg", "dot", "tex"])
def test_the_same_twice(path: Path, form: str) -> None:
    assert picture_of(path, form) == picture_of(path, form)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_statement_is_in_the_picture(path: Path) -> None:
    program = check_source(Source(path.name, path.read_text(encoding="utf-8"))).program
    words = " ".join(shape.text for shape in scene_of_program(program).shapes if isinstance(shape, Text))
    for diagram in program.diagrams:
        for value in diagram.values:
            assert value.name in words
    for tree in program.trees:
        assert all(f"{node.name}: " in words or node.name.startswith("#") for node in tree.edges)


@pytest.mark.parametrize("name", ["fmove", "balanced"])
def test_golden_trees(name: str, golden: Callable[[Path, str], None]) -> None:
    path = HERE / f"{name}.fusion"
    golden(HERE / f"{name}.svg", picture_of(path, "svg"))


def test_golden_dot_and_tikz(golden: Callable[[Path, str], None]) -> None:
    golden(HERE / "balanced.dot", picture_of(HERE / "balanced.fusion", "dot"))
    golden(HERE / "balanced.tex", picture_of(HERE / "balanced.fusion", "tex"))


def test_one_of_several() -> None:
    program = check_source(Source("tree", (ROOT / "examples/tree/tree.fusion").read_text(encoding="utf-8"))).program
    tree, diagram = selected(program, "quartet"), selected(program, "quartet_inline")
    assert "diagram" not in scene_of_program(tree).title
    assert scene_of_program(diagram).title == "diagram quartet_inline"
    assert selected(program, "quartett").code == "F111"


def test_text_is_escaped_in_every_form() -> None:
    """No source can spell such a name; a picture would show it all the same."""
    scene = Scene(HOSTILE, 100.0, 100.0, (Text(Point(1.0, 1.0), HOSTILE, 10.0, Ink.TEXT),))
    root = ElementTree.fromstring(svg_file(scene, "1"))
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= ALLOWED
    shown = next(root.iter(f"{SVG}text")).text
    assert shown is not None
    assert shown.startswith("a</text><script>")
    assert re.search(r"[\x00-\x1f\u202e]", shown) is None
    body = tikz_file(scene, "1").partition("\\begin{document}")[2]
    assert "\\textless{}script" in body
    assert all(c.isascii() and (c.isprintable() or c == "\n") for c in body)
    assert re.fullmatch(r'"(?:[^"\\\n]|\\["\\])*"', quoted('a"; b -> c [x="\n\\'))


@pytest.mark.parametrize("character", [chr(n) for n in range(32, 127)])
def test_tex_has_no_open_braces_or_commands_of_the_user(character: str) -> None:
    text = escaped(character)
    assert text.count("{") == text.count("}") or character in "{}"
    assert character not in "\\#$%&^_~" or text.startswith("\\")


def test_numbers_are_short_and_zero_has_no_sign() -> None:
    assert [number(x) for x in (1.0, -0.04, 0.25, 12.345)] == ["1", "0", "0.2", "12.3"]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_on_every_ground(palette: Palette) -> None:
    """4.5 is WCAG's AA for text, 3 its AA for graphics."""
    grounds = [palette.full(Ink.PAPER), *(tint for _, tint in palette.tints)]
    for ground in grounds:
        assert contrast(palette.full(Ink.TEXT), ground) >= 7
        assert contrast(palette.full(Ink.MUTED), ground) >= 4.5
    for ink in (Ink.ONCE, Ink.BATCH, Ink.NODE, Ink.EDGE, Ink.GRAPH):
        assert contrast(palette.full(ink), palette.full(Ink.PAPER)) >= 4.4


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_graphviz_reads_what_we_write(path: Path) -> None:
    done = subprocess.run(["dot", "-Tcanon"], input=picture_of(path, "dot"), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not done.stderr


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="LaTeX is not installed")
@pytest.mark.parametrize("name", ["mace_layer", "fmove", "energy"])
def test_latex_makes_one_page_of_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "x.tex").write_text(picture_of(ROOT / f"examples/{name}/{name}.fusion", "tex"), encoding="utf-8")
    call = ["pdflatex", "-interaction=batchmode", "-halt-on-error", "x.tex"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    log = (tmp_path / "x.log").read_text(encoding="latin-1")
    assert done.returncode == 0, log
    assert "(1 page," in log.replace("\n", "")
    assert "Overfull" not in log
