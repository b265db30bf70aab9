"""Functions that generated modules carry with them, each copied whole where it is called.

They import nothing but torch, and refer to each other by name only where `REQUIRES` in `emit` says so.
"""

from __future__ import annotations

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


def _expect(
    name: str, tensor: torch.Tensor, dtype: torch.dtype, device: torch.device, shape: tuple[int, ...]
) -> None:
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
    square = (r * r).sum(1, keepdim=True)
    return r / torch.where(square > 0, square, torch.ones_like(square)).sqrt()


def _occurrences(index: torch.Tensor, size: int, like: torch.Tensor) -> torch.Tensor:
    """How often each of `size` numbers occurs in `index`, at least 1."""
    return like.new_zeros(size).index_add(0, index, like.new_ones(index.shape[0])).clamp(min=1)


class _Columns:
    """A result [rows, width], put together from stretches of columns.

    While gradients are recorded the stretches are concatenated at the end, otherwise each is written where it belongs
    at once, and no second copy of the result is ever in memory.
    """

    def __init__(self, rows: int, width: int) -> None:
        self.rows = rows
        self.width = width
        self.parts: dict[int, torch.Tensor] = {}
        self.written: torch.Tensor | None = None

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
