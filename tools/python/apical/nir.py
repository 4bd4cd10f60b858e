# SPDX-License-Identifier: Apache-2.0
"""NIR, the exchange format of neuromorphic tools (neuromorphs.io/NIR), to and from configurations and weights.

`apical nir` on the command line does the same; tools/README.md, "NIR", has what maps to what. A NIR graph is linear
between its nodes, and so is what is loaded, unless it has an apical configuration in its metadata or you name an
activation.
"""
from __future__ import annotations

import os
from typing import NamedTuple, Optional

import numpy as np

from ._core import Config, read_nir, write_nir
from .weights import Path, Weights


class Network(NamedTuple):
    """A configuration and its weights: `apical.Machine(network.config, "golden", network.weights)`."""

    config: Config
    weights: dict[str, np.ndarray]


def load(path: Path, dt: Optional[float] = None, time_unit: Optional[str] = None,
         activation: Optional[str] = None) -> Network:
    """Reads a NIR file: a configuration and its weights.

    dt: ms per tick (default: that of the metadata, else 1). time_unit: what tau counts in, "ms" as NIR's
    documentation says or "s" as many files do (default: that of the metadata, else ms). activation: of the hidden
    layers, in place of the linear one. What doesn't map is a ValueError that names file, nodes, types and reasons.

    save()'s configuration in the metadata is taken where it has these layers and connections. Without one the task
    is the default: set [task], or step a Machine.
    """
    if dt is not None and not dt > 0:
        raise ValueError(f"dt: {dt}; accepted: ms, above 0")
    return Network(*read_nir(os.fspath(path), dt or 0.0, time_unit or "", activation or ""))


def save(path: Path, config: Config, weights: Weights, time_unit: str = "ms",
         activation_in_metadata: bool = False) -> None:
    """Writes a network as a NIR file, whole or not at all; formats and configuration go into the metadata.

    weights: {name: matrix} as Machine.all_weights() has them. NIR has no activations: with
    activation_in_metadata those of the hidden layers are metadata and other tools see them as linear, else a
    network that has them is refused. ValueError names all keys that NIR can't express.
    """
    write_nir(os.fspath(path), config, dict(weights), time_unit, activation_in_metadata)
