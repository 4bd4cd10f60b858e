# SPDX-License-Identifier: Apache-2.0
"""The layers of a NIR graph: which matrices lead from which layer to which, and what a layer's units do."""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Optional

import numpy as np

from ._nir_file import Graph, Node, refuse

MATRICES = ("Affine", "Linear")


@dataclass
class Layer:
    """A layer; the first is the input. Its drive is the sum of matrices[source] @ what `source` sends, and bias."""

    node: str  # the LI, or a matrix of a layer without one
    units: int
    tau: Optional[np.ndarray] = None  # as the file counts; None: follows its input at once
    bias: Optional[np.ndarray] = None
    matrices: dict[int, np.ndarray] = field(default_factory=dict)


def _natural(text: str) -> list[tuple[int, str]]:
    """Sorts layer10 behind layer2."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text)]


class _Reader:
    def __init__(self, path: str, graph: Graph) -> None:
        self.path, self.nodes = path, graph.nodes
        self.pre: dict[str, list[str]] = {name: [] for name in graph.nodes}
        for a, b in graph.edges:
            self.pre[b].append(a)

    def kind(self, name: str) -> str:
        return self.nodes[name].type

    def refuse(self, name: str, why: str, accepted: str) -> None:
        refuse(self.path, name, self.kind(name), why, accepted)

    def only(self, kind: str) -> str:
        found = [name for name in self.nodes if self.kind(name) == kind]
        if len(found) != 1:
            raise ValueError(f"{self.path}: {len(found)} nodes of type {kind}; accepted: 1")
        return found[0]

    def speaker(self, name: str) -> tuple[str, ...]:
        """What `name` hears: the Input, one LI, or matrices that are summed."""
        before = self.pre[name]
        if not before:
            self.refuse(name, "nothing leads to it", "an edge from another node")
        if all(self.kind(other) in MATRICES for other in before):
            return tuple(sorted(before))
        if len(before) > 1 or self.kind(before[0]) not in ("Input", "LI"):
            self.refuse(name, f"it adds {', '.join(before)}", "one Input, one LI, or matrices (Affine, Linear)")
        return (before[0],)

    def vector(self, name: str, key: str, units: int) -> np.ndarray:
        values = self.nodes[name].data[key]
        if values.shape not in ((), (1,), (units,)):
            self.refuse(name, f"{key} has the shape {values.shape}", f"({units},)")
        return np.broadcast_to(values, (units,))

    def width(self, name: str) -> int:
        shape = self.nodes[name].data["shape"].ravel()
        if shape.size != 1 or shape[0] < 1 or shape[0] % 1:
            self.refuse(name, f"its shape is {shape.tolist()}", "one dimension")
        return int(shape[0])


def _ordered(reader: _Reader, sums: dict[tuple[str, ...], list[tuple[str, ...]]], start: tuple[str, ...],
             end: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The layers from input to output: as their metadata number them, or every layer behind those that it hears;
    where a loop leaves none, the first by name that hears something."""
    inner = sorted((key for key in sums if key != end), key=lambda key: _natural(key[0]))
    numbers = [reader.nodes[key[0]].metadata.get("layer") for key in inner]
    if all(isinstance(n, np.integer) for n in numbers) and len(set(numbers)) == len(inner):
        return [start, *(inner[i] for i in np.argsort(numbers)), end]
    placed = [start]
    while inner:
        ready = [key for key in inner if all(source in placed for source in sums[key])]
        heard = [key for key in inner if any(source in placed for source in sums[key])]
        if not heard:
            reader.refuse(inner[0][0], "nothing leads to it from the Input", "a graph in one piece")
        placed.append((ready or heard)[0])
        inner.remove(placed[-1])
    return [*placed, end]


def layers_of(path: str, graph: Graph) -> list[Layer]:
    """Input first, output last; ValueError naming the node where the graph has no layers."""
    reader = _Reader(path, graph)
    nodes, start, end = graph.nodes, (reader.only("Input"),), reader.speaker(reader.only("Output"))
    if end == start:
        reader.refuse(start[0], "leads to the Output at once", "a matrix (Affine, Linear) between them")
    # What is heard is a layer: its LI, or the matrices that are summed.
    matrices = [name for name in nodes if reader.kind(name) in MATRICES]
    for name in matrices:
        if nodes[name].data["weight"].ndim != 2 or not nodes[name].data["weight"].size:
            reader.refuse(name, f"weight has the shape {nodes[name].data['weight'].shape}", "rows and columns")
    heard = {reader.speaker(name) for name in matrices} | {end}
    heard |= {(name,) for name in nodes if reader.kind(name) == "LI"}
    heard.discard(start)
    owner: dict[str, tuple[str, ...]] = {}
    for key in sorted(heard):
        members = key
        if reader.kind(key[0]) == "LI":
            members = tuple(reader.pre[key[0]])
            for name in members:
                if reader.kind(name) not in MATRICES:
                    reader.refuse(key[0], f"it hears {name} ({reader.kind(name)})", "Affine, Linear")
            if not members:
                reader.refuse(key[0], "nothing leads to it", "an edge from Affine or Linear")
        for name in members:
            if name in owner:
                reader.refuse(name, f"it belongs to two layers, {owner[name][0]} and {key[0]}", "one layer per matrix")
            owner[name] = key
    for name in matrices:
        if name not in owner:
            reader.refuse(name, "it leads nowhere", "an edge to another node")
        if reader.speaker(name) == end:
            reader.refuse(name, f"it hears {end[0]}, which speaks to the Output", "nothing leaves the output layer")
    for name in nodes:
        if reader.kind(name) == "Input" and reader.pre[name]:
            reader.refuse(name, f"{reader.pre[name][0]} leads to it", "no edge into the Input")
        if reader.kind(name) == "LI" and (name,) != end and not any((name,) == reader.speaker(m) for m in matrices):
            reader.refuse(name, "it leads nowhere", "an edge to another node")
    sums = {key: [reader.speaker(name) for name in matrices if owner[name] == key] for key in heard}
    order = _ordered(reader, sums, start, end)

    layers = [Layer(start[0], reader.width(start[0]))]
    for key in order[1:]:
        members = [name for name in matrices if owner[name] == key]
        layers.append(Layer(key[0], len(nodes[members[0]].data["weight"])))
    for key, layer in zip(order[1:], layers[1:]):
        _fill(reader, layer, [name for name in matrices if owner[name] == key], order, layers)
    if reader.width(reader.only("Output")) != layers[-1].units:
        reader.refuse(reader.only("Output"), f"its shape isn't ({layers[-1].units},)", "that of what leads to it")
    return layers


def _fill(reader: _Reader, layer: Layer, members: list[str], order: list[tuple[str, ...]], layers: list[Layer]) -> None:
    scale, shift = np.ones(layer.units), np.zeros(layer.units)
    biased = False
    if reader.kind(layer.node) == "LI":
        layer.tau = reader.vector(layer.node, "tau", layer.units)
        if layer.tau.min() <= 0:
            reader.refuse(layer.node, f"tau {layer.tau.min():g}", "above 0")
        scale, shift = reader.vector(layer.node, "r", layer.units), reader.vector(layer.node, "v_leak", layer.units)
        biased = bool(shift.any())
    for name in members:
        node: Node = reader.nodes[name]
        source = order.index(reader.speaker(name))
        shape = (layer.units, layers[source].units)
        if node.data["weight"].shape != shape:
            reader.refuse(name, f"weight has the shape {node.data['weight'].shape}", str(shape))
        if source in layer.matrices:
            reader.refuse(name, f"a second matrix from {layers[source].node} to the same layer", "one")
        layer.matrices[source] = scale[:, None] * node.data["weight"]
        if node.type == "Affine":
            shift = shift + scale * reader.vector(name, "bias", layer.units)
            biased = True
    layer.bias = shift if biased else None
