"""What is built and installed is what lies in the folders: packages, data files, dependencies, the version."""

from __future__ import annotations

import ast
import fnmatch
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

import fusionc

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {"fusionc": "fusionc", "fusionc.grammar": "grammar", "fusionc.backends": "backends"}
DISTRIBUTIONS = {"opt_einsum": "opt-einsum"}


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def files_of(folder: str) -> list[Path]:
    """The files of a folder that git would keep, below the repository's root, sorted."""
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return sorted(path.relative_to(ROOT) for path in found if "__pycache__" not in path.parts)


def package_of(path: Path) -> tuple[str, Path]:
    """The listed package that a file belongs to (the nearest folder with an `__init__.py`), and its path inside it."""
    folder = path.parent
    while not (ROOT / folder / "__init__.py").exists():
        folder = folder.parent
    top = next(name for name, place in FOLDERS.items() if folder.parts[0] == place)
    return ".".join([top, *folder.parts[1:]]), path.relative_to(folder)


def all_files() -> list[Path]:
    return [path for folder in FOLDERS.values() for path in files_of(folder)]


def test_the_package_list_is_the_folders() -> None:
    with_code = {package_of(path)[0] for path in all_files()}
    listed = project()["tool"]["setuptools"]["packages"]
    assert listed == sorted(with_code)
    assert project()["tool"]["setuptools"]["package-dir"] == FOLDERS


def test_every_folder_with_code_is_a_package() -> None:
    missing = {path.parent for path in all_files() if path.suffix == ".py" and len(package_of(path)[1].parts) > 1}
    assert not missing


def test_every_data_file_is_packaged() -> None:
    patterns = project()["tool"]["setuptools"]["package-data"]
    for path in all_files():
        package, inside = package_of(path)
        if path.suffix != ".py":
            assert any(fnmatch.fnmatch(inside.as_posix(), pattern) for pattern in patterns.get(package, ())), path


@pytest.mark.parametrize("package", sorted(project()["tool"]["setuptools"]["package-data"]))
def test_every_data_pattern_finds_a_file(package: str) -> None:
    present = [inside.as_posix() for path in all_files() for name, inside in [package_of(path)] if name == package]
    for pattern in project()["tool"]["setuptools"]["package-data"][package]:
        assert fnmatch.filter(present, pattern), pattern


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~\[; ]", entry, maxsplit=1)[0] for entry in requirements}


def imported(path: Path, *, inside_functions: bool) -> set[str]:
    """The distributions that a module imports when it is imported itself, or only when one of its functions runs."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    nested = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    tops: set[str] = set()
    for node in ast.walk(tree):
        if (id(node) in nested) is inside_functions:
            if isinstance(node, ast.Import):
                tops |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                tops.add(node.module.partition(".")[0])
    return {DISTRIBUTIONS.get(top, top) for top in tops - set(sys.stdlib_module_names) - {"fusionc"}}


def test_what_is_imported_is_required() -> None:
    """A function may also import what an extra installs, such as a library to be compared with."""
    required = names(project()["project"]["dependencies"])
    optional = set().union(*(names(extra) for extra in project()["project"]["optional-dependencies"].values()))
    for path in all_files():
        if path.suffix == ".py":
            assert imported(path, inside_functions=False) <= required, path
            assert imported(path, inside_functions=True) <= required | optional, path


def test_what_is_required_is_imported() -> None:
    modules = [path for path in all_files() if path.suffix == ".py"]
    used = [imported(path, inside_functions=inside) for path in modules for inside in (False, True)]
    assert names(project()["project"]["dependencies"]) <= set().union(*used)


def test_the_version_is_stated_once() -> None:
    assert "version" in project()["project"]["dynamic"]
    assert importlib.metadata.version("fusionc") == fusionc.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", fusionc.__version__)


def built_wheel(folder: Path) -> Path:
    """A wheel of a copy of the sources: what an earlier build left in `build/` must not get in."""
    copy = folder / "copy"
    copy.mkdir()
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, copy)
    for name in FOLDERS.values():
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(folder / "wheels"), str(copy)], check=True)
    (wheel,) = (folder / "wheels").glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.mark.slow
def test_the_wheel_holds_the_folders_and_nothing_else(wheel: Path) -> None:
    expected = set()
    for path in all_files():
        package, inside = package_of(path)
        expected.add("/".join([*package.split("."), inside.as_posix()]))
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == expected


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of a new environment that holds the wheel, and borrows what the wheel requires."""
    home = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", str(python)]
    subprocess.run([*pip, "install", "--no-deps", str(wheel)], check=True)
    # A folder that a .pth file names is searched, but its own .pth files (the editable install's) are not run.
    borrowed = importlib.metadata.distribution("torch").locate_file("")
    (site,) = home.glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(f"{borrowed}\n", encoding="utf-8")
    return home / "bin"


def run_in(folder: Path, *command: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_installed_wheel_checks_and_compiles(installed: Path, tmp_path: Path) -> None:
    """From another folder than the repository, whose own `fusionc` would be found first."""
    shutil.copy(ROOT / "examples" / "conv" / "conv.fusion", tmp_path)
    place = run_in(tmp_path, str(installed / "python"), "-c", "import fusionc; print(fusionc.__file__)")
    assert Path(place.strip()).is_relative_to(installed.parent)
    run_in(tmp_path, str(installed / "fusionc"), "check", "conv.fusion")
    run_in(tmp_path, str(installed / "fusionc"), "compile", "conv.fusion", "-o", "conv.py")
    code = "import conv, sys; assert 'fusionc' not in sys.modules; print(*sorted(vars(conv)))"
    names = run_in(tmp_path, str(installed / "python"), "-c", code).split()
    assert [name for name in names if name.lower() == "conv"], names
