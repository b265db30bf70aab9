"""Compiled modules against e3nn, on the public problems: time and memory, forward and backward.

    python benchmarks/against_e3nn.py [--backend torch|cpp] [--layout mul_ir|ir_mul] [--dtype float32|float64]
                                      [--problem LABEL]... [--form FORM]... [--phase PHASE]...
                                      [--edges N] [--threads N] [--repeat N] [--quick] [--json FILE]

Two forms of every problem: `product` is the bare tensor product of x, Y and weights, one of each an edge; `convolution`
gathers x from the sender of each edge and adds the product up at the receiver, 20 edges a node. Gradients are those of
x, Y and the weights; `double backward` is the gradient of their sum of squares, as training on forces needs it. e3nn is
compiled by TorchScript, as its users have it. Both in one process, run by turns; medians, one thread unless told
otherwise. In the layout ir_mul, channels innermost, tensors are brought into it beforehand. Memory is the growth of the
resident set in a process of its own. Beside the times stands the largest difference of the two results, relative to the
largest entry.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

PROBLEMS = Path(__file__).parent / "problems.json"
FORMS = ("product", "convolution")
PHASES = ("forward", "forward+backward", "double backward")
DEGREE = 20
WARM_UP = 3

Call = Callable[[], Tensor]


@dataclass(frozen=True)
class How:
    """What is measured of ours, and in which precision."""

    backend: str = "torch"
    layout: str = "mul_ir"
    dtype: torch.dtype = torch.float32

    def options(self) -> list[str]:
        return ["--backend", self.backend, "--layout", self.layout, "--dtype", str(self.dtype).removeprefix("torch.")]


@dataclass(frozen=True)
class Setting:
    """One problem in one form: the two functions of (x, Y, weights), and these."""

    ours: Callable[..., Tensor]
    theirs: Callable[..., Tensor]
    arguments: tuple[Tensor, ...]
    shape: tuple[int, int]
    """Of the result."""


def problems() -> dict[str, dict[str, Any]]:
    return {problem["label"]: problem for problem in json.loads(PROBLEMS.read_text())}


# ------------------------------------------------------------------- the two


def program(problem: dict[str, Any], form: str) -> str:
    """The problem in the language of fusionc."""
    modes = {instruction[3] for instruction in problem["instructions"]}
    (mode,) = modes
    weights = "w" if problem["shared_weights"] else ("w[i,j]" if form == "convolution" else "w")
    x, y, m = ("x[j]", "y[i,j]", "m[i,j]") if form == "convolution" else ("x", "y", "m")
    if problem["shared_weights"] and form == "product":
        x, y, m = "x[i]", "y[i]", "m[i]"
    labels = list(dict.fromkeys(term.split("x")[1] for term in problem["irreps_out"].split("+")))
    kept = f", keep={' + '.join(labels)}" if mode == "uvu" else ""
    ascribed = "" if mode == "uvu" else f" : {problem['irreps_out']}"
    result = "z[i] = sum[j](m[i,j])\n  output z[i]" if form == "convolution" else f"output {m}"
    return f"""fusion 1
diagram block {{
  input {x} : {problem["irreps_in1"]}
  input {y} : {problem["irreps_in2"]}
  input {weights} : {problem["weight_numel"]}x0e
  {m}{ascribed} = {x} * {y} with mode={mode}, weights={weights}{kept}
  {result}
}}
"""


def ours(problem: dict[str, Any], form: str, how: How) -> torch.nn.Module:
    import fusionc

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = fusionc.load(program(problem, form), backend=how.backend, layout=how.layout)  # type: ignore[arg-type]
        return made(dtype=how.dtype)


def theirs(problem: dict[str, Any], how: How) -> torch.nn.Module:
    from e3nn import o3

    torch.set_default_dtype(how.dtype)  # e3nn keeps its constants in it
    return o3.TensorProduct(
        problem["irreps_in1"],
        problem["irreps_in2"],
        problem["irreps_out"],
        [tuple(instruction) for instruction in problem["instructions"]],
        shared_weights=problem["shared_weights"],
        internal_weights=False,
    )


def width(irreps: str) -> int:
    terms = [term.split("x") for term in irreps.split("+")]
    return sum(int(mul) * (2 * int(label[:-1]) + 1) for mul, label in terms)


def moved(tensor: Tensor, irreps: str, back: bool = False) -> Tensor:
    """From mul_ir to ir_mul, or back."""
    parts, start = [], 0
    for term in irreps.split("+"):
        mul, label = term.split("x")
        u, d = int(mul), 2 * int(label[:-1]) + 1
        part = tensor[:, start : start + u * d].reshape(-1, *((d, u) if back else (u, d)))
        parts.append(part.transpose(1, 2).flatten(1))
        start += u * d
    return torch.cat(parts, 1)


def setting(
    problem: dict[str, Any], form: str, edges: int, how: How, which: Sequence[str] = ("ours", "theirs")
) -> Setting:
    generator = torch.Generator().manual_seed(0)
    nodes = max(edges // DEGREE, 1)
    rows = nodes if form == "convolution" else edges
    x = torch.randn(rows, width(problem["irreps_in1"]), generator=generator, dtype=how.dtype)
    y = torch.randn(edges, width(problem["irreps_in2"]), generator=generator, dtype=how.dtype)
    lead = () if problem["shared_weights"] else (edges,)
    w = torch.randn(*lead, problem["weight_numel"], generator=generator, dtype=how.dtype)
    receiver = torch.arange(edges) // DEGREE % nodes
    sender = torch.randint(nodes, (edges,), generator=generator)
    edge_index = torch.stack((sender, receiver))
    module = ours(problem, form, how) if "ours" in which else None
    peer = theirs(problem, how) if "theirs" in which else None

    def call_ours(x: Tensor, y: Tensor, w: Tensor) -> Tensor:
        assert module is not None
        out: Tensor = module(x, y, w, edge_index) if form == "convolution" else module(x, y, w)
        return out

    def call_theirs(x: Tensor, y: Tensor, w: Tensor) -> Tensor:
        assert peer is not None
        if form == "product":
            out: Tensor = peer(x, y, w)
            return out
        message = peer(x.index_select(0, sender), y, w)
        return message.new_zeros(nodes, message.shape[1]).index_add(0, receiver, message)

    return Setting(call_ours, call_theirs, (x, y, w), (rows, width(problem["irreps_out"])))


def in_layout(given: Setting, problem: dict[str, Any], how: How) -> Setting:
    """Ours with its arguments, and e3nn's result, in the layout of ours; theirs is left as it is."""
    if how.layout == "mul_ir":
        return given
    x, y, w = given.arguments
    return Setting(given.ours, given.theirs, (moved(x, problem["irreps_in1"]).contiguous(), y, w), given.shape)


def task(function: Callable[..., Tensor], setting: Setting, phase: str) -> Callable[[], Any]:
    arguments, shape = setting.arguments, setting.shape
    if phase == "forward":

        def forward() -> Tensor:
            with torch.no_grad():
                return function(*arguments)

        return forward

    leaves = tuple(argument.detach().requires_grad_() for argument in arguments)
    seen = torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=arguments[0].dtype)

    def forward_backward() -> tuple[Tensor, ...]:
        return torch.autograd.grad(function(*leaves), leaves, seen)

    if phase == "forward+backward":
        return forward_backward
    cotangent = seen.requires_grad_()
    gradients = torch.autograd.grad(function(*leaves), leaves, cotangent, create_graph=True)

    def double_backward() -> tuple[Tensor, ...]:
        return torch.autograd.grad(gradients, (*leaves, cotangent), gradients, retain_graph=True)

    return double_backward


# -------------------------------------------------------------------- measuring


def times(tasks: Sequence[Callable[[], Any]], repeat: int) -> list[float]:
    """Median seconds of each, run by turns."""
    found: list[list[float]] = [[] for _ in tasks]
    for _ in range(WARM_UP):
        for run in tasks:
            run()
    for _ in range(repeat):
        for run, seconds in zip(tasks, found, strict=True):
            start = time.perf_counter()
            result = run()
            seconds.append(time.perf_counter() - start)
            del result
    return [median(seconds) for seconds in found]


def difference(found: Any, wanted: Any) -> float:
    pairs = [(found, wanted)] if isinstance(found, Tensor) else list(zip(found, wanted, strict=True))
    return max(((a - b).abs().max() / b.abs().max()).item() for a, b in pairs)


def measure(label: str, form: str, phases: Sequence[str], edges: int, repeat: int, how: How) -> list[dict[str, Any]]:
    """The phases of a problem in a form."""
    problem = problems()[label]
    given = setting(problem, form, edges, how)
    mine = in_layout(given, problem, how)
    rows = []
    for phase in phases:
        tasks = [task(given.ours, mine, phase), task(given.theirs, given, phase)]
        error = difference(tasks[0](), tasks[1]()) if how.layout == "mul_ir" else float("nan")
        if how.layout == "ir_mul" and phase == "forward":
            error = difference(moved(tasks[0](), problem["irreps_out"], back=True), tasks[1]())
        seconds = times(tasks, repeat)
        memory = [peak(label, form, phase, which, edges, how) for which in ("ours", "theirs")]
        rows.append(
            {
                "problem": label,
                "form": form,
                "phase": phase,
                "edges": edges,
                "backend": how.backend,
                "layout": how.layout,
                "dtype": str(how.dtype).removeprefix("torch."),
                "threads": torch.get_num_threads(),
                "ours_us_per_edge": seconds[0] / edges * 1e6,
                "e3nn_us_per_edge": seconds[1] / edges * 1e6,
                "speedup": seconds[1] / seconds[0],
                "ours_peak_mb": memory[0],
                "e3nn_peak_mb": memory[1],
                "error": error,
            }
        )
    return rows


def peak(label: str, form: str, phase: str, which: str, edges: int, how: How) -> float:
    """Growth of the resident set while the task runs once, in MB, in a fresh process."""
    command = [sys.executable, __file__, "--peak", label, form, phase, which, "--edges", str(edges), *how.options()]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def print_peak(label: str, form: str, phase: str, which: str, edges: int, how: How) -> None:
    problem = problems()[label]
    small = setting(problem, form, 2 * DEGREE, how, (which,))
    function = small.ours if which == "ours" else small.theirs
    for _ in range(WARM_UP):  # compilation, and whatever is set up at the first call
        task(function, small, phase)()
    large = setting(problem, form, edges, how, (which,))
    function = large.ours if which == "ours" else large.theirs
    # A child starts with the high-water mark of its parent, so that getrusage would hide what is below that.
    Path("/proc/self/clear_refs").write_text("5")
    before = high_water()
    task(function, large, phase)()
    print((high_water() - before) / 1024)


def high_water() -> int:
    """The most memory that this process has had resident, in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


# ------------------------------------------------------------------- reporting


def table(rows: Sequence[dict[str, Any]]) -> str:
    head = ("problem", "form", "phase", "ours us", "e3nn us", "speedup", "ours MB", "e3nn MB", "error")
    lines = [head] + [
        (
            row["problem"],
            row["form"],
            row["phase"],
            f"{row['ours_us_per_edge']:.2f}",
            f"{row['e3nn_us_per_edge']:.2f}",
            f"{row['speedup']:.2f}",
            f"{row['ours_peak_mb']:.0f}",
            f"{row['e3nn_peak_mb']:.0f}",
            f"{row['error']:.0e}",
        )
        for row in rows
    ]
    widths = [max(len(line[n]) for line in lines) for n in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(w) if n < 3 else cell.rjust(w) for n, cell, w in zip(range(len(head)), line, widths, strict=True)
        )
        for line in lines
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two small problems, few edges: a test that this runs")
    parser.add_argument("--problem", action="append", choices=sorted(problems()), help="only these")
    parser.add_argument("--form", action="append", choices=FORMS, help="only these")
    parser.add_argument("--phase", action="append", choices=PHASES, help="only these")
    parser.add_argument("--backend", choices=("torch", "cpp"), default="torch")
    parser.add_argument("--layout", choices=("mul_ir", "ir_mul"), default="mul_ir", help="of our tensors")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--edges", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--json", type=Path, help="also write the rows as JSON")
    parser.add_argument("--peak", nargs=4, metavar=("LABEL", "FORM", "PHASE", "WHICH"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    how = How(given.backend, given.layout, getattr(torch, given.dtype))
    if given.peak is not None:
        print_peak(*given.peak, edges=given.edges, how=how)
        return 0
    labels = given.problem or (["nequip-water", "tetris-poly-1"] if given.quick else list(problems()))
    phases = given.phase or PHASES[:2]
    edges, repeat = (400, 1) if given.quick else (given.edges, given.repeat)
    rows = []
    for label in labels:
        for form in given.form or FORMS:
            rows += measure(label, form, phases, edges, repeat, how)
            print(table(rows[-len(phases) :]), flush=True)
    print("\n" + table(rows))
    if given.json is not None:
        given.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
