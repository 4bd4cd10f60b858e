# SPDX-License-Identifier: Apache-2.0
"""Weights to and from files: `.npz`, and the HDF5 layout of `apical run` (/weights/W1, ...)."""
from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Union

import numpy as np

from ._core import read_weights, write_weights

Path = Union[str, "os.PathLike[str]"]
Weights = Mapping[str, Any]


def _matrices(weights: Weights) -> list[tuple[str, np.ndarray]]:
    if not isinstance(weights, Mapping):
        raise ValueError(f"weights: {type(weights).__name__}; accepted: a dict {{name: matrix}}")
    matrices = []
    for name, values in weights.items():
        matrix = np.asarray(values, dtype=float)
        if matrix.ndim != 2 or not np.isfinite(matrix).all():
            raise ValueError(f"weights {name}: accepted: a matrix [target x source (+ 1: the bias)] of finite values")
        matrices.append((name, matrix))
    return matrices


def save_weights(path: Path, weights: Weights) -> None:
    """Writes {name: matrix}, e.g. Machine.all_weights() or a result's weights, whole or not at all.

    `.npz` has one array per name, `.h5` a dataset /weights/NAME: what `apical run --weights` starts from.
    """
    write_weights(os.fspath(path), _matrices(weights))


def load_weights(path: Path) -> dict[str, np.ndarray]:
    """Reads a file of weights as `apical run --weights` does: {name: matrix} of doubles, vectors as one column."""
    return read_weights(os.fspath(path))


def given(weights: Any) -> Any:
    """What a machine is told to start from: None, the name of a file, or a dict."""
    if weights is None:
        return None
    if isinstance(weights, (str, os.PathLike)):
        return os.fspath(weights)
    if isinstance(weights, Mapping):
        return dict(weights)
    raise ValueError("weights: accepted: None, an HDF5 or .npz file, or a dict {name: matrix}")
