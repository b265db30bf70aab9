"""Building native code: what is built and when, what it can do, and what is said when it cannot be had."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fusionc.runtime import building
from fusionc.runtime.building import NativeSource, Unit, build, build_into, torch_folder
from fusionc.runtime.cache import open_cache
from fusionc.runtime.compiling import jobs_at_once
from fusionc.runtime.faults import BadLibrary, BuildFailed, NativeFault, NoCompiler
from fusionc.runtime.libraries import intact, load, seal_of
from fusionc.runtime.toolchain import ask, find_compiler
from fusionc.runtime.writing import OutputError

from .native import BUILD_PLAIN, COMPILER, PLAIN, PLAIN_TEXT, until

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler here")


def test_the_library_is_built_once(cache_folder: Path, watched: Callable) -> None:
    compiler = watched()
    first = build(PLAIN)
    asked = len(compiler.calls())
    assert compiler.calls("-c plain.cpp")
    assert compiler.calls("-o libplain.so")
    assert build(PLAIN) == first
    assert len(compiler.calls()) == asked, "a library that is there needs no compiler"
    assert first.is_relative_to(cache_folder)
    assert sorted(path.name for path in first.parent.iterdir()) == ["libplain.so", "libplain.so.sha256", "plain.cpp"]


def test_another_process_finds_it(cache_folder: Path, watched: Callable, start: Callable) -> None:
    compiler = watched()
    built = build(PLAIN)
    asked = len(compiler.calls())
    out, err = start(BUILD_PLAIN).communicate(timeout=60)
    assert (out, err) == (f"{built}\n", "")
    assert len(compiler.calls()) == asked


def test_what_was_noted_of_a_compiler_is_forgotten_when_it_changes(cache_folder: Path, watched: Callable) -> None:
    build(PLAIN)
    compiler = watched()
    build(PLAIN)
    questions = len(compiler.calls("--version"))
    watched("true")  # another file of the same name
    build(PLAIN)
    assert len(compiler.calls("--version")) == questions + 1
    assert not compiler.calls("-c plain.cpp"), "it says that it is the same, so that its libraries are"


def test_a_broken_note_of_a_compiler_is_made_again(cache_folder: Path) -> None:
    built = build(PLAIN)
    (note,) = (cache_folder / "compilers").iterdir()
    good = note.read_text()
    for text in ("", "[]", "{}", good[:-9], good.replace('"isas": ["', '"isas": ["x'), good.replace("isas", "sets")):
        note.write_text(text)
        assert build(PLAIN) == built
        assert note.read_text() == good


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAIN, name="other"),
        NativeSource("plain", (replace(PLAIN.units[0], text=PLAIN_TEXT.replace("7", "8")),)),
        NativeSource("plain", (replace(PLAIN.units[0], text="\n", per_isa=True),)),
        NativeSource("plain", (replace(PLAIN.units[0], name="renamed"),)),
    ],
)
def test_what_differs_is_built_apart(cache_folder: Path, other: NativeSource) -> None:
    assert build(PLAIN).parent != build(other).parent


INLINE = """\
template <class T> __attribute__((noinline)) T halved(T x) { return x / 2; }
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
float JOIN(kernel_, FUSIONC_ISA)(float x) { return halved(x); }
"""


def test_a_build_is_reproducible_and_names_no_place(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    where = (
        "#include <torch/headeronly/util/Exception.h>\nconst char* where() { STD_TORCH_CHECK(1); return __FILE__; }\n"
    )
    source = NativeSource("places", (Unit("places", where), Unit("kernel", INLINE, True)))
    first = build(source).read_bytes()
    monkeypatch.setenv("FUSIONC_CACHE_DIR", str(tmp_path / "elsewhere"))
    assert build(source).read_bytes() == first
    for place in (tmp_path, torch_folder(), Path.home()):
        assert str(place).encode() not in first


def test_eight_processes_build_once(cache_folder: Path, watched: Callable, start: Callable) -> None:
    compiler = watched("case $* in *-c*plain.cpp*) sleep 1;; esac")  # long enough for all to arrive
    processes = [start(BUILD_PLAIN) for _ in range(8)]
    ends = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * 8, ends
    assert len({out for out, _ in ends}) == 1
    assert len(compiler.calls("-c plain.cpp")) == 1
    assert intact(Path(ends[0][0].strip()))


def test_two_threads_build_once(cache_folder: Path, watched: Callable) -> None:
    compiler = watched("case $* in *-c*plain.cpp*) sleep 0.2;; esac")
    threads = [threading.Thread(target=build, args=(PLAIN,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(compiler.calls("-c plain.cpp")) == 1


SLEEPER = 'case $* in *-c*plain.cpp*) echo $$ > "$SLEEPER"; exec sleep 60;; esac'
"""A compiler that is still at work when its caller is killed."""


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def pid_in(path: Path) -> int:
    until(lambda: path.exists() and path.read_text().strip())
    return int(path.read_text())


def test_a_killed_builder_leaves_nothing_in_the_way(
    cache_folder: Path, watched: Callable, start: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched(SLEEPER)
    process = start(BUILD_PLAIN, SLEEPER=str(tmp_path / "pid"))
    pid = pid_in(tmp_path / "pid")
    try:
        process.kill()
        process.communicate(timeout=60)
        libraries = cache_folder / "libraries"
        assert [path.suffix for path in libraries.iterdir()] == [".part"]
        monkeypatch.delenv("CXX")
        built = build(PLAIN)
        assert ctypes.CDLL(str(built)).plain() == 7
        assert list(libraries.iterdir()) == [built.parent], "the remains are gone"
    finally:
        os.kill(pid, signal.SIGKILL)


def test_an_interrupted_builder_takes_its_compilers_along(
    cache_folder: Path, watched: Callable, start: Callable, tmp_path: Path
) -> None:
    watched(SLEEPER)
    process = start(BUILD_PLAIN, SLEEPER=str(tmp_path / "pid"))
    pid = pid_in(tmp_path / "pid")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in err
    until(lambda: not is_alive(pid))
    assert list((cache_folder / "libraries").iterdir()) == []


def cut(library: Path) -> None:
    library.write_bytes(library.read_bytes()[:-1])


def alter(library: Path) -> None:
    content = bytearray(library.read_bytes())
    content[len(content) // 2] ^= 1
    library.write_bytes(content)


def replace_by_link(library: Path) -> None:
    library.rename(library.with_name("moved.so"))
    library.symlink_to("moved.so")


def remove_seal(library: Path) -> None:
    seal_of(library).unlink()


@pytest.mark.parametrize("damage", [cut, alter, replace_by_link, remove_seal, Path.unlink])
def test_a_damaged_library_is_never_loaded_and_built_again(cache_folder: Path, damage: Callable[[Path], None]) -> None:
    built = build(PLAIN)
    content = built.read_bytes()
    damage(built)
    with pytest.raises(BadLibrary, match="missing, or not as it was built"):
        load(built)
    assert build(PLAIN) == built
    assert not built.is_symlink()
    assert built.read_bytes() == content
    assert intact(built)


def test_what_is_sealed_but_no_library_does_not_load(tmp_path: Path) -> None:
    from fusionc.runtime.libraries import seal

    library = tmp_path / "libtext.so"
    library.write_text("no library")
    seal(library)
    with pytest.raises(BadLibrary, match="does not load"):
        load(library)


def test_errors_of_the_compiler_are_told(cache_folder: Path) -> None:
    wrong = NativeSource("wrong", (*PLAIN.units, Unit("faulty", "int f() { return nothing_of_this_name; }\n")))
    with pytest.raises(BuildFailed, match=r"fails on faulty \(exit code 1\):\n(.*\n)*.*nothing_of_this_name"):
        build(wrong)
    assert list((cache_folder / "libraries").iterdir()) == []


def test_errors_of_the_linker_are_told(cache_folder: Path) -> None:
    main = 'int other(); extern "C" int both() { return 1; }\n'
    twice = NativeSource("twice", (Unit("one", main), Unit("two", main)))
    with pytest.raises(BuildFailed, match=r"fails on libtwice\.so(.*\n)*.*multiple definition"):
        build(twice)


def test_a_compiler_that_crashes_is_told(cache_folder: Path, watched: Callable) -> None:
    watched("case $* in *-c*plain.cpp*) kill -SEGV $$;; esac")
    with pytest.raises(BuildFailed, match="killed by signal 11"):
        build(PLAIN)


def test_no_compiler(cache_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoCompiler, match=r"install g\+\+.*torch backend needs none"):
        build(PLAIN)


@pytest.mark.parametrize("value", ["no-such-compiler", "'unclosed", "no such; touch injected"])
def test_a_compiler_that_is_not_there(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CXX", value)
    with pytest.raises(NoCompiler, match=r"CXX is .*, which is no command here"):
        build(PLAIN)
    assert not (tmp_path / "injected").exists()


def test_a_compiler_that_does_not_work(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(NoCompiler, match="does not answer `--version`"):
        build(PLAIN)


def test_the_compiler_may_be_a_command_with_arguments(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = build(PLAIN)
    monkeypatch.setenv("CXX", f"env {COMPILER} -DSOMETHING=1")
    assert find_compiler()[1:] == (COMPILER, "-DSOMETHING=1")
    assert build(PLAIN) == built, "env names the same compiler"


def test_without_a_compiler_a_kept_library_is_found(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As on a node of a cluster that has none, beside one that has."""
    built = build(PLAIN)
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build(PLAIN) == built
    cut(built)
    with pytest.raises(NoCompiler):
        build(PLAIN)


def test_a_long_build_is_reported(cache_folder: Path, watched: Callable) -> None:
    lines: list[str] = []
    watched("case $* in *-c*plain.cpp*) sleep 0.8;; esac")
    build(PLAIN, report=lines.append)
    assert lines == ["plain: building native code with watched-compiler, 0 of 1 parts done"]
    build(PLAIN, report=lines.append)
    assert len(lines) == 1


def test_a_short_build_is_silent(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "FIRST_REPORT", 30.0)
    lines: list[str] = []
    build(PLAIN, report=lines.append)
    assert lines == []


def test_who_waits_for_another_builder_is_told(cache_folder: Path, watched: Callable, start: Callable) -> None:
    compiler = watched("case $* in *-c*plain.cpp*) sleep 1.5;; esac")
    process = start(BUILD_PLAIN)
    until(lambda: compiler.calls("-c plain.cpp"))
    lines: list[str] = []
    build(PLAIN, report=lines.append)
    process.communicate(timeout=60)
    assert lines == ["plain: another process is building it, waiting"]


@pytest.mark.parametrize("name", ["", "Upper", "a-b", "../up", "a b", "a;b", "é", "x" * 65])
def test_names_are_checked(name: str) -> None:
    with pytest.raises(ValueError, match="is no name of native code"):
        Unit(name, "")
    with pytest.raises(ValueError, match="is no name of native code"):
        NativeSource(name, PLAIN.units)


def test_units_have_names_of_their_own() -> None:
    with pytest.raises(ValueError, match="names of their own"):
        NativeSource("twice", PLAIN.units * 2)
    with pytest.raises(ValueError, match="names of their own"):
        NativeSource("none", ())


@pytest.mark.skipif(sys.platform != "linux", reason="reads ELF symbols")
def test_inline_functions_of_an_instruction_set_stay_there(cache_folder: Path) -> None:
    """Otherwise the linker keeps one copy for all, compiled for whichever set came first."""
    tools = ask(find_compiler())
    if not tools.private:
        pytest.skip("this compiler cannot")
    library = build(NativeSource("inlines", (Unit("kernel", INLINE, per_isa=True),)))
    symbols = subprocess.run(["nm", "-C", str(library)], capture_output=True, text=True, check=True).stdout
    assert symbols.count("float halved<float>(float)") == len(tools.isas)
    assert symbols.count("kernel_") == len(tools.isas)


def test_defines_name_the_instruction_sets(cache_folder: Path, watched: Callable) -> None:
    compiler = watched()
    sets = [name for name, _ in ask(find_compiler()).isas]
    build(NativeSource("sets", (Unit("once", "int once;\n"), Unit("each", "\n", per_isa=True))))
    assert len(compiler.calls("-c once.cpp")) == 1
    assert "FUSIONC_ISA" not in compiler.calls("-c once.cpp")[0]
    for name in sets:
        (call,) = compiler.calls(f"-o each.{name}.o")
        assert f"-DFUSIONC_ISA={name} " in call
        assert all(f"-DFUSIONC_HAS_{other.upper()}=1" in call for other in sets)


def test_an_older_compiler_builds_fewer_instruction_sets(cache_folder: Path, watched: Callable) -> None:
    watched("case $* in *-march=x86-64-v4*|*-fno-weak*) exit 1;; esac")
    tools = ask(find_compiler())
    assert "v4" not in [name for name, _ in tools.isas]
    assert tools.private == ()
    watched("case $* in *-march=*) exit 1;; esac")
    if "v3" in [name for name, _ in tools.isas]:
        assert ask(find_compiler()).isas == (("base", ()),)


def test_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_JOBS", "3")
    assert jobs_at_once() == 3
    for nonsense in ("0", "-1", "many", ""):
        monkeypatch.setenv("MAX_JOBS", nonsense)
        assert 1 <= jobs_at_once() <= (os.cpu_count() or 1)


def test_compilers_work_at_once(cache_folder: Path, watched: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of two waits until the other has begun: one after the other they would wait for ever."""
    monkeypatch.setenv("MAX_JOBS", "2")
    log = cache_folder.parent / "calls.log"
    watched(f'case $* in *-c*) until [ $(grep -c -e "-c .*cpp" "{log}") = 2 ]; do sleep 0.01; done;; esac')
    units = (Unit("one", "int one;\n"), Unit("two", "int two;\n"))
    assert build(NativeSource("pair", units)).exists()


def test_beside_a_module(cache_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "modules"
    folder.mkdir()
    placed = build_into(PLAIN, folder)
    assert placed == folder / "libplain.so"
    assert sorted(path.name for path in folder.iterdir()) == ["libplain.so", "libplain.so.sha256", "plain.cpp"]
    assert (folder / "plain.cpp").read_text() == PLAIN.units[0].text
    load(placed)
    newer = NativeSource("plain", (replace(PLAIN.units[0], text=f"{PLAIN.units[0].text}int more;\n"),))
    build_into(newer, folder)  # what is ours is overwritten
    assert intact(placed)
    assert placed.read_bytes() == build(newer).read_bytes()
    seal_of(placed).unlink()
    build_into(newer, folder)  # a kill between library and seal leaves this
    assert intact(placed)


def test_beside_a_module_nothing_of_others_is_overwritten(cache_folder: Path, tmp_path: Path) -> None:
    library = tmp_path / "libplain.so"
    library.write_bytes(b"precious")
    with pytest.raises(OutputError, match="was not generated by fusionc"):
        build_into(PLAIN, tmp_path)
    assert library.read_bytes() == b"precious"
    build_into(PLAIN, tmp_path, force=True)
    assert intact(library)
    precious = tmp_path / "precious"
    library.rename(precious)
    library.symlink_to(precious)
    with pytest.raises(OutputError, match="symbolic link"):
        build_into(PLAIN, tmp_path)
    content = precious.read_bytes()
    build_into(PLAIN, tmp_path, force=True)
    assert not library.is_symlink()
    assert precious.read_bytes() == content


def test_without_torch_it_says_so(cache_folder: Path, start: Callable) -> None:
    code = f"import sys\nsys.modules['torch'] = None\n{BUILD_PLAIN}"
    _, err = start(code).communicate(timeout=60)
    assert "NativeFault: torch is missing" in err


def test_building_does_not_import_torch(cache_folder: Path, start: Callable) -> None:
    out, err = start(f"import sys\n{BUILD_PLAIN}\nassert 'torch' not in sys.modules").communicate(timeout=60)
    assert (err, len(out.splitlines())) == ("", 1)


def test_a_full_disk_is_no_bug(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *arguments: object, **options: object) -> int:
        raise OSError(28, "No space left on device")

    open_cache()
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(NativeFault, match="No space left on device"):
        build(PLAIN)
