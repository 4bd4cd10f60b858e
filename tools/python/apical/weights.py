# SPDX-License-Identifier: Apache-2.0
"""Weights to and from NumPy: `.npz`, and the HDF5 layout of `apical run` (/weights/W1, ...)."""
from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, Union

import numpy as np

Path = Union[str, "os.PathLike[str]"]
Weights = Mapping[str, Any]
ENDINGS = "a name that ends in .npz, .h5 or .hdf5"


def _ending(path: str) -> str:
    ending = os.path.splitext(path)[1].lower()
    if ending not in (".npz", ".h5", ".hdf5"):
        raise ValueError(f"{path}: which format?; accepted: {ENDINGS}")
    return ending


def _matrices(weights: Weights) -> dict[str, np.ndarray]:
    matrices = {}
    if not isinstance(weights, Mapping):
        raise ValueError(f"weights: {type(weights).__name__}; accepted: a dict {{name: matrix}}")
    for name, values in weights.items():
        matrix = np.asarray(values, dtype=float)
        if matrix.ndim != 2 or not np.isfinite(matrix).all():
            raise ValueError(f"weights {name}: accepted: a matrix [target x source (+ 1: the bias)] of finite values")
        matrices[name] = matrix
    return matrices


def write_whole(path: str, write: Callable[[str], None]) -> None:
    """Lets `write` write a temporary file beside `path`, which gets its name when it is whole."""
    folder = os.path.dirname(os.path.abspath(path))
    try:
        handle, temporary = tempfile.mkstemp(dir=folder, suffix=os.path.splitext(path)[1])
    except OSError as error:
        raise ValueError(f"{path}: can't be written ({error.strerror}); accepted: a folder that can") from None
    os.close(handle)
    try:
        write(temporary)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # mkstemp's are private
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def save_weights(path: Path, weights: Weights) -> None:
    """Writes {name: matrix}, e.g. Machine.all_weights() or a result's weights, whole or not at all.

    `.npz` has one array per name, `.h5` a dataset /weights/NAME: what `apical run --weights` starts from.
    """
    name = os.fspath(path)
    ending, matrices = _ending(name), _matrices(weights)

    def write(temporary: str) -> None:
        if ending == ".npz":
            np.savez(temporary, **matrices)
            return
        import h5py

        with h5py.File(temporary, "w") as file:
            for key, matrix in matrices.items():
                file.create_dataset(f"/weights/{key}", data=matrix, dtype="<f8")

    write_whole(name, write)


def load_weights(path: Path) -> dict[str, np.ndarray]:
    """Reads what save_weights() or `apical run` wrote: {name: matrix} of doubles."""
    name = os.fspath(path)
    ending = _ending(name)
    if not os.path.exists(name):
        raise ValueError(f"{name}: doesn't exist; accepted: {ENDINGS}")
    try:
        if ending == ".npz":
            with np.load(name, allow_pickle=False) as file:
                return _matrices(dict(file))
        import h5py

        with h5py.File(name, "r") as file:
            if not isinstance(file.get("weights"), h5py.Group):
                raise ValueError("has no group /weights; accepted: the weights.h5 of a run")
            return _matrices({key: data[()] for key, data in file["weights"].items()})
    except (OSError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{name}: {error}") from None


def given(weights: Any) -> Any:
    """What a machine is told to start from: None, the name of an HDF5 file, or a dict."""
    if weights is None:
        return None
    if isinstance(weights, (str, os.PathLike)):
        name = os.fspath(weights)
        return load_weights(name) if name.lower().endswith(".npz") else name
    if isinstance(weights, Mapping):
        return dict(weights)
    raise ValueError("weights: accepted: None, an HDF5 or .npz file, or a dict {name: matrix}")
