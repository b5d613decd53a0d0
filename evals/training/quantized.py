"""Frozen matrices in eight bits for training on a CPU: twice the tokens a second of float32.

Both products with a frozen matrix, the forward one and that of the gradient of its input, run in int8 with a scale for
each row (Wortsman et al. 2023, SwitchBack, arXiv:2304.13013); what is trained stays in float32.
"""

from __future__ import annotations

from typing import Any

import torch


def _to_int8(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows as int8 and their scales, (n, dim) and (n, 1)."""
    scale = x.abs().amax(1, keepdim=True).clamp_min(1e-12) / 127
    return (x / scale).round().to(torch.int8), scale


def _scaled_to_int8(x: torch.Tensor, by: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return _to_int8(x * by)


def _from_int32(product: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    return product.float() * rows * columns + bias


class _Int8Linear(torch.autograd.Function):
    """x W^T + bias, with W (out, in) in int8 and a scale for each of its rows."""

    # Fused by the compiler these take a third of the time; it runs at the first call.
    to_int8 = staticmethod(torch.compile(_to_int8, dynamic=True))
    scaled_to_int8 = staticmethod(torch.compile(_scaled_to_int8, dynamic=True))
    from_int32 = staticmethod(torch.compile(_from_int32, dynamic=True))

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, scale: torch.Tensor, bias: torch.Tensor) -> Any:
        ctx.save_for_backward(weight, scale)
        ctx.shape = x.shape
        rows, row_scale = _Int8Linear.to_int8(x.reshape(-1, x.shape[-1]))
        found = _Int8Linear.from_int32(torch._int_mm(rows, weight.t()), row_scale, scale, bias)
        return found.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        weight, scale = ctx.saved_tensors
        gradient = gradients[0].reshape(-1, gradients[0].shape[-1])
        rows, row_scale = _Int8Linear.scaled_to_int8(gradient, scale)
        of_input = torch._int_mm(rows, weight).float() * row_scale
        return of_input.view(ctx.shape), None, None, gradient.sum(0)


class Frozen:
    """A frozen matrix (out, in) in int8."""

    def __init__(self, weight: torch.Tensor) -> None:
        self.scale = weight.abs().amax(1).clamp_min(1e-12) / 127
        self.weight = (weight / self.scale[:, None]).round().to(torch.int8)

    def multiply(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """x W^T + bias, (..., in) to (..., out)."""
        found: torch.Tensor = _Int8Linear.apply(x, self.weight, self.scale, bias)  # type: ignore[no-untyped-call]
        return found
