"""What lies in docs/ is what the commands make today; `make docs` makes it anew."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_make", DOCS / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return maker().make(tmp_path_factory.mktemp("docs"))


def test_pictures_and_pages_are_up_to_date(made: tuple[Path, ...]) -> None:
    stale = [path.name for path in made if (DOCS / path.name).read_bytes() != path.read_bytes()]
    assert stale == [], "run `make docs`"


def test_no_file_is_left_over(made: tuple[Path, ...]) -> None:
    kept = {path.name for path in DOCS.iterdir() if path.suffix in (".svg", ".html", ".dot", ".tex")}
    assert kept == {path.name for path in made}


def test_the_readme_shows_all_of_them(made: tuple[Path, ...]) -> None:
    text = (DOCS / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(([^)]+)\)", text)) == {path.name for path in made}


def test_the_recoupling_is_what_is_printed() -> None:
    text = (DOCS / "README.md").read_text(encoding="utf-8")
    example = DOCS.parent / "examples" / "fmove" / "fmove.fusion"
    printed = maker().output_of("recouple", str(example), "left", "--to", "(a (b c))").decode()
    assert f"```fusion\n{printed}```" in text
