# SPDX-License-Identifier: Apache-2.0
"""NIR graphs as other tools write them: by plain h5py, after the published layout."""
import h5py
import numpy as np

from common import random


def write_graph(root, nodes, edges):
    root["type"] = "NIRGraph"
    root.create_dataset("edges", data=[list(edge) for edge in edges], dtype=h5py.string_dtype())
    for name, (kind, arrays) in nodes.items():
        group = root.create_group(f"nodes/{name}")
        if kind == "NIRGraph":
            write_graph(group, *arrays)
            continue
        group["type"] = kind
        for key, values in arrays.items():
            group.create_dataset(key, data=values, compression="gzip" if np.ndim(values) else None)


def write_nir(path, nodes, edges, metadata=None):
    """nodes: {name: (type, {array: values})}, of a NIRGraph (nodes, edges). Knows nothing of apical.nir."""
    with h5py.File(path, "w") as file:
        file["version"] = "1.0.4"
        root = file.create_group("node")
        write_graph(root, nodes, edges)
        for key, value in (metadata or {}).items():
            root.require_group("metadata")[key] = value


def chain():
    """Input -> Affine -> LI -> Linear -> LI -> Output, with a resistance and a leak voltage; tau in ms."""
    nodes = {
        "input": ("Input", {"shape": np.array([3])}),
        "w_in": ("Affine", {"weight": random(1, 4, 3).astype("f4"), "bias": random(2, 4).astype("f4")}),
        "li_1": ("LI", {"tau": np.array([5.0, 8, 10, 20]), "r": np.array([1, 2, 0.5, 1.5]), "v_leak": random(3, 4)}),
        "w_out": ("Linear", {"weight": random(4, 2, 4)}),
        "li_2": ("LI", {"tau": np.full(2, 4.0), "r": np.full(2, 3.0), "v_leak": np.zeros(2)}),
        "output": ("Output", {"shape": np.array([2])}),
    }
    names = list(nodes)
    return nodes, list(zip(names, names[1:]))
