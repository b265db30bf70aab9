"""Functions and classes that generated modules carry with them, each copied whole into those that call it.

They need nothing but torch, and do not refer to each other.
"""

from __future__ import annotations

from collections.abc import Callable

import torch


def _dense(rows: int, columns: int, entries: tuple[tuple[int, int, float], ...]) -> torch.Tensor:
    """The matrix with these non-zeros (row, column, value), in float64 on the CPU."""
    matrix = torch.zeros(rows * columns, dtype=torch.float64, device="cpu")
    places = torch.tensor([row * columns + column for row, column, _ in entries], dtype=torch.int64, device="cpu")
    matrix[places] = torch.tensor([value for _, _, value in entries], dtype=torch.float64, device="cpu")
    return matrix.reshape(rows, columns)


def _pairs(channels: int) -> torch.Tensor:
    """Where u < v stands in a flat [channels, channels] array."""
    row, column = torch.triu_indices(channels, channels, 1, device="cpu").unbind(0)
    return row * channels + column


def _expect(name: str, tensor: torch.Tensor, dtype: torch.dtype, device: torch.device, shape: tuple[int, ...]) -> None:
    """Raise an error that names the argument unless it is as it must be; -1 in `shape` is any length."""
    if not isinstance(tensor, torch.Tensor):
        raise TypeError(f"{name} must be a tensor, not {type(tensor).__name__}")
    if tensor.dtype != dtype and not (
        dtype.is_floating_point and tensor.is_floating_point() and torch.is_autocast_enabled(device.type)
    ):
        raise TypeError(f"{name} must be {dtype}, not {tensor.dtype}")
    if tensor.device != device:
        raise ValueError(f"{name} must be on {device}, not on {tensor.device}")
    # `in` would be shorter, but torch.compile cannot decide it for symbolic lengths
    if tensor.dim() != len(shape) or any(w != -1 and w != n for w, n in zip(shape, tensor.shape, strict=True)):
        wanted = ", ".join("any" if want == -1 else str(want) for want in shape)
        raise ValueError(f"{name} must have shape [{wanted}], not {list(tensor.shape)}")


def _unit(r: torch.Tensor) -> torch.Tensor:
    """Vectors [n, 3] divided by their length; the zero vector stays zero, with finite derivatives."""
    # The largest component first, without which squares of very short or long vectors would vanish or overflow.
    largest = r.detach().abs().amax(1, keepdim=True)
    r = r / torch.where(largest > 0, largest, 1)
    square = (r * r).sum(1, keepdim=True)
    return r / torch.where(square > 0, square, 1).sqrt()


def _occurrences(index: torch.Tensor, size: int, like: torch.Tensor) -> torch.Tensor:
    """How often each of `size` numbers occurs in `index`, at least 1."""
    return like.new_zeros(size).index_add(0, index, like.new_ones(index.shape[0])).clamp(min=1)


class _Columns:
    """A result [rows, width], put together from stretches of columns; `into[number]` is where it goes, if given.

    While gradients are recorded the stretches are concatenated at the end, otherwise each is written where it belongs
    at once, and no second copy of the result is ever in memory.
    """

    def __init__(self, rows: int, width: int, into: tuple[torch.Tensor, ...] | None = None, number: int = 0) -> None:
        self.rows = rows
        self.width = width
        self.parts: dict[int, torch.Tensor] = {}
        self.written = None if into is None else into[number]

    def put(self, start: int, value: torch.Tensor) -> None:
        """value: [rows, d, channels]; in the result the d components of a channel are side by side."""
        d, channels = value.shape[1], value.shape[2]
        if torch.is_grad_enabled():
            if d > 1 and channels > 1:
                # A split into one piece is the piece; but its derivative is a copy, so that gradients come with
                # contiguous channels, as everything before this reads them fastest.
                (value,) = value.split([d], 1)
            self.parts[start] = value.transpose(1, 2).reshape(self.rows, d * channels)
            return
        if self.written is None:
            self.written = value.new_empty(self.rows, self.width)
        stretch = self.written[:, start : start + d * channels]
        stretch.view(self.rows, channels, d).copy_(value.transpose(1, 2))

    def whole(self) -> torch.Tensor:
        if self.written is not None:
            return self.written
        return torch.cat([self.parts[start] for start in sorted(self.parts)], 1)


def _delivered(value: torch.Tensor, into: tuple[torch.Tensor, ...] | None, number: int) -> torch.Tensor:
    """The value, written into `into[number]` if there is one."""
    return value if into is None else into[number].copy_(value)


def _in_blocks(
    function: Callable[..., tuple[torch.Tensor, ...]],
    like: torch.Tensor,
    rows: int,
    size: int,
    recorded: bool,
    tensors: tuple[torch.Tensor, ...],
    once: tuple[torch.Tensor, ...],
    widths: tuple[int, ...],
) -> tuple[torch.Tensor, ...]:
    """`function` of the tensors, `size` rows of them at a time for each thread; on a CPU, if that is several blocks.

    While gradients are recorded blocks pay only if `recorded`: their results are then concatenated.
    """
    if torch.compiler.is_compiling() or like.device.type != "cpu" or torch.is_autocast_enabled("cpu"):
        return function(*tensors, *once)
    size = size * torch.get_num_threads()
    if rows <= size or (torch.is_grad_enabled() and not recorded):
        return function(*tensors, *once)
    blocks = zip(*(tensor.split(size) for tensor in tensors), strict=True)
    if torch.is_grad_enabled():
        parts = [function(*block, *once) for block in blocks]
        return tuple(torch.cat(part) for part in zip(*parts, strict=True))
    wholes = tuple(like.new_empty(rows, width) for width in widths)
    places = zip(*(whole.split(size) for whole in wholes), strict=True)
    for block, into in zip(blocks, places, strict=True):
        function(*block, *once, into=into)
    return wholes
