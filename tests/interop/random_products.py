"""e3nn tensor products with instruction lists drawn from a seed: mixed modes, shared outputs, every option."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import e3nn
import torch
from e3nn import o3

MODES = ("uvw", "uvu", "uvv", "uuw", "uuu", "uvuv", "uvu<v", "u<vw")
WEIGHTED_MODES = ("uvw", "u<vw")
EQUAL_MODES = ("uuw", "uuu", "uvu<v", "u<vw")


@contextmanager
def double_precision() -> Iterator[None]:
    """e3nn keeps its 3j tensors in the default dtype of the time when a module is made.

    Products are plain Python meanwhile: they are made once and called once, which scripting does not pay for.
    """
    dtype, scripted = torch.get_default_dtype(), e3nn.get_optimization_defaults()["jit_script_fx"]
    torch.set_default_dtype(torch.float64)
    e3nn.set_optimization_defaults(jit_script_fx=False)
    yield
    torch.set_default_dtype(dtype)
    e3nn.set_optimization_defaults(jit_script_fx=scripted)


def random_product(seed: int, modes: tuple[str, ...] = MODES) -> Any:
    """A product whose every output segment is reached. The same seed gives the same product, weights included."""
    rng = random.Random(seed)
    left, right = _irreps(rng), _irreps(rng)
    while not any(_fits(mode, a, b) for mode in modes for a, _ in left for b, _ in right):
        left, right = _irreps(rng), _irreps(rng)
    out: list[tuple[int, tuple[int, int]]] = []
    instructions: list[tuple[Any, ...]] = []
    while not instructions or (len(instructions) < 8 and rng.random() < 0.85):
        n, m, mode = rng.randrange(len(left)), rng.randrange(len(right)), rng.choice(modes)
        (mul1, ir1), (mul2, ir2) = left[n], right[m]
        if not _fits(mode, mul1, mul2):
            continue
        weighted = mode in WEIGHTED_MODES or rng.random() < 0.6
        l = rng.randint(abs(ir1[0] - ir2[0]), ir1[0] + ir2[0])
        segment = (_multiplicity(rng, mode, weighted, mul1, mul2), (l, ir1[1] * ir2[1]))
        if segment not in out or rng.random() < 0.3:
            out.insert(place := rng.randint(0, len(out)), segment)
            instructions = [(i[0], i[1], i[2] + (i[2] >= place), *i[3:]) for i in instructions]
        else:
            place = rng.choice([k for k, other in enumerate(out) if other == segment])
        instructions.append((n, m, place, mode, weighted, rng.choice((1.0, 1.0, 0.5, 3.0))))
    torch.manual_seed(seed)
    return o3.TensorProduct(left, right, out, instructions, **_options(rng, left, right, out))


def _fits(mode: str, left: int, right: int) -> bool:
    return mode not in EQUAL_MODES or (left == right and (left > 1 or mode in ("uuw", "uuu")))


def _irreps(rng: random.Random) -> list[tuple[int, tuple[int, int]]]:
    return [(rng.randint(1, 3), (rng.randint(0, 2), rng.choice((-1, 1)))) for _ in range(rng.randint(1, 3))]


def _multiplicity(rng: random.Random, mode: str, weighted: bool, left: int, right: int) -> int:
    match mode:
        case "uuu" | "uvu":
            return left
        case "uvv":
            return right
        case "uvuv":
            return left * right
        case "uvu<v":
            return left * (left - 1) // 2
        case "uuw" if not weighted:
            return 1
        case _:
            return rng.randint(1, 3)


def _options(rng: random.Random, left: list[Any], right: list[Any], out: list[Any]) -> dict[str, Any]:
    options: dict[str, Any] = {
        "irrep_normalization": rng.choice(("component", "norm", "none")),
        "path_normalization": rng.choice(("element", "path", "none")),
    }
    if rng.random() < 0.3:
        options["in1_var"] = [rng.choice((0.5, 1.0, 2.0)) for _ in left]
        options["in2_var"] = [rng.choice((0.25, 1.0, 3.0)) for _ in right]
        options["out_var"] = [rng.choice((1.0, 2.0)) for _ in out]
    owner = rng.choice(("inside", "shared", "separate"))
    options["internal_weights"] = owner == "inside"
    options["shared_weights"] = owner != "separate"
    return options


def random_call(tp: Any, seed: int, rows: int = 5, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
    """Arguments of `tp` beside its own weights, of `rows` elements."""
    generator = torch.Generator().manual_seed(seed)
    widths = [tp.irreps_in.dim] if hasattr(tp, "irreps_in") else [tp.irreps_in1.dim, tp.irreps_in2.dim]
    lead: tuple[int, ...] = () if tp.shared_weights else (rows,)
    shapes = [(rows, width) for width in widths]
    if not tp.internal_weights:
        shapes += [(*lead, numel) for numel in (tp.weight_numel, getattr(tp, "bias_numel", 0)) if numel]
    return [torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype) for shape in shapes]
