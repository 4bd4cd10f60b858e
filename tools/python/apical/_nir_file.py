# SPDX-License-Identifier: Apache-2.0
"""The HDF5 layout of NIR: /version, /node with type, nodes/<name>/..., edges and metadata."""
from __future__ import annotations

import os
from typing import Any, NamedTuple, NoReturn

import h5py
import numpy as np

from .weights import write_whole

VERSION = "1.0"  # of the layout that this follows
ARRAYS = {"Input": ("shape",), "Output": ("shape",), "Linear": ("weight",), "Affine": ("weight", "bias"),
          "LI": ("tau", "r", "v_leak")}
_SPIKES = "it spikes, and units here send rates"
_SHARED = "weights shared between places have no projection here"
REASONS = {
    "LIF": _SPIKES, "CubaLIF": _SPIKES, "IF": _SPIKES, "Threshold": _SPIKES,
    "CubaLI": "a synapse has no time constant here", "I": "an integrator without a leak has no unit here",
    "Conv1d": _SHARED, "Conv2d": _SHARED, "SumPool2d": _SHARED, "AvgPool2d": _SHARED,
    "Scale": "only LI's r scales a unit's input here", "Delay": "delays have no unit here",
    "Flatten": "layers have one dimension here", "NIRGraph": "a graph inside a graph",
}


class Node(NamedTuple):
    type: str
    data: dict[str, np.ndarray]
    metadata: dict[str, Any]


class Graph(NamedTuple):
    nodes: dict[str, Node]
    edges: list[tuple[str, str]]
    metadata: dict[str, Any]


def refuse(path: str, node: str, kind: str, why: str, accepted: str) -> NoReturn:
    raise ValueError(f'{path}: node "{node}" ({kind}): {why}; accepted: {accepted}')


def _plain(value: Any) -> Any:
    return value.decode("utf8") if isinstance(value, bytes) else value


def _metadata(group: h5py.Group) -> dict[str, Any]:
    found = group.get("metadata")
    if not isinstance(found, h5py.Group):
        return {}
    return {key: _plain(item[()]) for key, item in found.items() if isinstance(item, h5py.Dataset)}


def _read_node(path: str, name: str, group: Any) -> Node:
    if not isinstance(group, h5py.Group) or "type" not in group:
        raise ValueError(f'{path}: node "{name}": no type; accepted: a group with a dataset "type"')
    kind = str(_plain(group["type"][()]))
    if kind not in ARRAYS:
        refuse(path, name, kind, REASONS.get(kind, "unknown here"), ", ".join(ARRAYS))
    data = {}
    for key in ARRAYS[kind]:
        if not isinstance(group.get(key), h5py.Dataset):
            refuse(path, name, kind, f"no {key}", f"a dataset {key}")
        try:
            data[key] = np.asarray(group[key][()], dtype=float)
        except (TypeError, ValueError):
            refuse(path, name, kind, f"{key} isn't numbers", "an array of numbers")
        if not np.isfinite(data[key]).all():
            refuse(path, name, kind, f"{key} has a value that isn't finite", "finite values")
    return Node(kind, data, _metadata(group))


def read_graph(path: str) -> Graph:
    """Nodes of the types of ARRAYS and the edges between them; ValueError for anything else."""
    if not os.path.exists(path):
        raise ValueError(f"{path}: doesn't exist; accepted: a NIR file (HDF5)")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"{path}: can't be read ({error}); accepted: a NIR file (HDF5)") from None
    with file:
        root = file.get("node")
        if not isinstance(root, h5py.Group) or not isinstance(root.get("nodes"), h5py.Group) or "edges" not in root:
            raise ValueError(f"{path}: no graph; accepted: a NIR file with /node/nodes and /node/edges")
        nodes = {name: _read_node(path, name, group) for name, group in root["nodes"].items()}
        table = np.asarray(root["edges"][()]).reshape(-1, 2)
        edges = [(str(_plain(a)), str(_plain(b))) for a, b in table]
        metadata = _metadata(root)
    for edge in edges:
        for end in edge:
            if end not in nodes:
                raise ValueError(f'{path}: edge {edge[0]} -> {edge[1]}: no node "{end}"; accepted: {", ".join(nodes)}')
        if edges.count(edge) > 1:
            raise ValueError(f"{path}: edge {edge[0]} -> {edge[1]}: twice; accepted: once")
    return Graph(nodes, edges, metadata)


def write_graph(path: str, nodes: dict[str, Node], edges: list[tuple[str, str]], metadata: dict[str, Any]) -> None:
    """Writes the file, whole or not at all."""
    text = h5py.string_dtype()

    def put(group: h5py.Group, values: dict[str, Any]) -> None:
        for key, value in values.items():
            value = int(value) if isinstance(value, bool) else value
            group.create_dataset(key, data=value, dtype=text if isinstance(value, str) else None)

    def put_metadata(group: h5py.Group, values: dict[str, Any]) -> None:
        if values:
            put(group.create_group("metadata"), values)

    def write(temporary: str) -> None:
        with h5py.File(temporary, "w") as file:
            put(file, {"version": VERSION})
            root = file.create_group("node")
            put(root, {"type": "NIRGraph"})
            root.create_dataset("edges", data=np.array(edges, dtype=object), dtype=text)
            put_metadata(root, metadata)
            for name, node in nodes.items():
                group = root.create_group(f"nodes/{name}")
                put(group, {"type": node.type, **node.data})
                put_metadata(group, node.metadata)

    write_whole(path, write)
