# SPDX-License-Identifier: Apache-2.0
"""Numbers as a fixed-point format holds them."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Union

import numpy as np
import numpy.typing as npt

from ._core import quantised
from ._values import toml


class Quantised(NamedTuple):
    """Arrays of the shape of what was quantised."""

    raw: npt.NDArray[np.int64]  # whole numbers of LSB
    value: npt.NDArray[np.float64]  # raw times the value of one LSB
    limited: npt.NDArray[np.bool_]  # the overflow mode had to change the rounded value


def quantise(values: npt.ArrayLike, format: Union[str, Mapping[str, Any]], random16: npt.ArrayLike = 0) -> Quantised:
    """Quantises finite doubles exactly, as the emulator and the core do: rounds, then saturates or wraps.

    values: an array of any shape. format: {"bits": 8, "frac": 4, "rounding": "RND_CONV", "overflow": "SAT"}, a dict or
    TOML text, as in [formats] of a configuration. random16: the 16 random bits of STOCHASTIC rounding, 0..65535, one
    for all or one per value. ValueError names what isn't accepted.
    """
    numbers = np.asarray(values, dtype=float)
    random = np.asarray(random16)
    if random.dtype.kind not in "iu" or random.shape not in ((), numbers.shape):
        raise ValueError(f"random16: {random.dtype} of shape {random.shape}; accepted: integers, one or {numbers.shape}")
    text = format if isinstance(format, str) else toml(format)
    raw, limited, lsb = quantised(numbers.ravel(), text, np.broadcast_to(random, numbers.shape).ravel().astype(np.int64))
    raw = raw.reshape(numbers.shape)
    return Quantised(raw, raw * lsb, limited.reshape(numbers.shape))
