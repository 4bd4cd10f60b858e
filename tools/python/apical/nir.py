# SPDX-License-Identifier: Apache-2.0
"""NIR, the exchange format of neuromorphic tools (neuromorphs.io/NIR), to and from configurations and weights.

| NIR | here |
|---|---|
| Affine, Linear | the weights of a connection; Affine's b is their bias column |
| LI after them | a layer that fires on its membrane (rho = 0, gamma = 0), alpha = dt / tau; r and v_leak go into
  weights and bias |
| no LI after them | a layer that follows its input at once (rho = 1) |
| several matrices into one layer | network.connections, with skips and recurrence |

A NIR graph is linear between its nodes, and so is what is loaded, unless it has an apical configuration in its
metadata or you name an activation. All other node types are refused by name.
"""
from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple, Optional

import numpy as np

from . import Config, parse
from ._nir_file import Node, read_graph, refuse, write_graph
from ._nir_layers import Layer, layers_of
from ._values import toml
from .weights import Path, Weights

UNITS = {"ms": 1.0, "s": 1000.0}
CONFIGURATION = "apical_configuration"


class Network(NamedTuple):
    """A configuration and its weights: `apical.Machine(network.config, "golden", network.weights)`."""

    config: Config
    weights: dict[str, np.ndarray]


def _unit(time_unit: str) -> float:
    if time_unit not in UNITS:
        raise ValueError(f"time_unit: {time_unit!r}; accepted: {', '.join(UNITS)}")
    return UNITS[time_unit]


def _shared(values: list[float]) -> Any:
    """One value where all are equal, else the list."""
    return values[0] if len(set(values)) == 1 else values


def _dynamics(path: str, layers: list[Layer], dt: float, unit: float) -> dict[str, Any]:
    rho: list[float] = []
    alpha: list[float] = []
    for layer in layers[1:]:
        tau = np.full(layer.units, dt) if layer.tau is None else layer.tau * unit
        if tau.min() < dt:
            refuse(path, layer.node, "LI", f"tau {tau.min():g} ms is below dt {dt:g} ms",
                   f"at least dt (time_unit says what the file counts in: {', '.join(UNITS)})")
        rho += [1.0 if layer.tau is None else 0.0] * layer.units
        alpha += (dt / tau).tolist()
    integrating = [a for a, r in zip(alpha, rho) if r == 0.0]
    # At gamma 1 a membrane's lag is an error, which moves the layers below; a NIR graph has no such thing.
    gamma = {"dynamics.gamma": 0} if integrating else {}
    return {
        **gamma,
        "dynamics.dt": dt,
        "dynamics.tau": dt / min(integrating) if integrating else max(10.0, dt),
        "dynamics.flow": "gradient" if len(integrating) == len(rho) else "latent-equilibrium",
        "dynamics.rho": _shared(rho),
        "dynamics.alpha": alpha if len(set(integrating)) > 1 else [],
    }


def _by_target(pair: list[int]) -> tuple[int, int]:
    return pair[1], pair[0]


def _is_chain(pairs: list[list[int]]) -> bool:
    return pairs == [[k, k + 1] for k in range(len(pairs))]


def _structure(config: Config) -> tuple[Any, ...]:
    """What a graph says of a configuration, one value per neuron where they may differ."""
    keys = config.effective()
    units = keys["network.layers"]
    count = sum(units[1:])
    pairs = sorted(keys["network.connections"], key=_by_target) or [[k, k + 1] for k in range(len(units) - 1)]
    rho, alpha = keys["dynamics.rho"], keys["dynamics.alpha"]
    rho = rho if isinstance(rho, list) else [rho] * count
    if keys["dynamics.flow"] == "gradient":
        rho = [0.0] * count
    if alpha == []:
        alpha = keys["dynamics.dt"] / keys["dynamics.tau"]
    alpha = alpha if isinstance(alpha, list) else [alpha] * count
    integrating = [round(a, 12) if r == 0 else None for a, r in zip(alpha, rho)]
    return units, pairs, keys["network.bias"], rho, integrating


def load(path: Path, dt: Optional[float] = None, time_unit: Optional[str] = None,
         activation: Optional[str] = None) -> Network:
    """Reads a NIR file: a configuration and its weights.

    dt: ms per tick (default: that of the metadata, else 1). time_unit: what tau counts in, "ms" as NIR's
    documentation says or "s" as many files do (default: that of the metadata, else ms). activation: of the hidden
    layers, in place of the linear one. What doesn't map is a ValueError that names file, node, type and reason.

    save()'s configuration in the metadata is taken where it has these layers and connections. Without one the task
    is the default: set [task], or step a Machine.
    """
    name = os.fspath(path)
    graph = read_graph(name)
    text = graph.metadata.get(CONFIGURATION)
    written = parse(text, source=f"{name}: metadata {CONFIGURATION}") if isinstance(text, str) else None
    if dt is None:
        dt = 1.0 if written is None else written["dynamics.dt"]
    if not dt > 0:
        raise ValueError(f"dt: {dt}; accepted: ms, above 0")
    layers = layers_of(name, graph)
    pairs = sorted(([source, k] for k, layer in enumerate(layers) for source in layer.matrices), key=_by_target)
    keys = {
        "network.layers": [layer.units for layer in layers],
        "network.connections": [] if _is_chain(pairs) else pairs,
        "network.bias": any(layer.bias is not None for layer in layers),
        **_dynamics(name, layers, dt, _unit(time_unit or graph.metadata.get("time_unit", "ms"))),
    }
    if not keys["dynamics.alpha"]:
        del keys["dynamics.alpha"]  # none is the default, and no value to set
    config = parse("", {"network.activation": "linear", **keys}, source=name)
    if written is not None and _structure(written)[:2] == _structure(config)[:2]:
        if _structure(written) != _structure(config):  # another tool changed time constants or biases
            keys.setdefault("dynamics.alpha", [dt / keys["dynamics.tau"]] * sum(keys["network.layers"][1:]))
            written = written.override(keys)
        config = written
    if activation is not None:
        config = config.override({"network.activation": activation})
    weights = {}
    for (matrix_name, (rows, columns)), (source, target) in zip(config.weight_shapes.items(), pairs):
        layer = layers[target]
        matrix = layer.matrices[source]
        if columns > matrix.shape[1]:
            bias = np.zeros(rows) if layer.bias is None else layer.bias
            matrix = np.column_stack((matrix, bias))
        weights[matrix_name] = np.ascontiguousarray(matrix)
    return Network(config, weights)


def _refuse_key(key: str, value: Any, why: str, accepted: str) -> None:
    raise ValueError(f"{key}: {value!r} {why}; accepted: {accepted}")


def _check_expressible(keys: Mapping[str, Any], in_metadata: bool) -> None:
    none = "has no NIR node"
    if keys["network.circuit"] != "plain":
        _refuse_key("network.circuit", keys["network.circuit"], none, "plain")
    if keys["dynamics.flow"] == "lagrangian":
        _refuse_key("dynamics.flow", "lagrangian", none, "gradient, latent-equilibrium")
    if keys["dynamics.rho_spread"] != 0:
        _refuse_key("dynamics.rho_spread", keys["dynamics.rho_spread"], none, "0")
    hidden = len(keys["network.layers"]) > 2
    if hidden and keys["network.activation"] != "linear" and not in_metadata:
        _refuse_key("network.activation", keys["network.activation"], none,
                    "linear, or activation_in_metadata=True: other tools see a linear layer")
    if keys["dynamics.response"] == "advanced" and keys["dynamics.flow"] != "gradient":
        _refuse_key("dynamics.response", "advanced", none, "prospective")


def _formats(keys: Mapping[str, Any], layer: int, signals: list[str]) -> dict[str, str]:
    """The formats of a layer as metadata: format_weight = "{ bits = 16, frac = 12, ... }"."""
    return {
        f"format_{signal}": toml(keys.get(f"formats.{signal}.layer{layer}", keys[f"formats.{signal}"]))
        for signal in signals
    }


def save(path: Path, config: Config, weights: Weights, time_unit: str = "ms",
         activation_in_metadata: bool = False) -> None:
    """Writes a network as a NIR file, whole or not at all; formats and configuration go into the metadata.

    weights: {name: matrix} as Machine.all_weights() has them. NIR has no activations: with
    activation_in_metadata those of the hidden layers are metadata and other tools see them as linear, else a
    network that has them is refused. ValueError names the key that NIR can't express.
    """
    name = os.fspath(path)
    unit = _unit(time_unit)
    keys = config.effective()
    _check_expressible(keys, activation_in_metadata)
    units, pairs, _, rho, _ = _structure(config)
    alpha = keys["dynamics.alpha"] or keys["dynamics.dt"] / keys["dynamics.tau"]
    if 0 in rho and keys["dynamics.gamma"] != 0:
        _refuse_key("dynamics.gamma", keys["dynamics.gamma"], "with rho 0 moves voltages by their lag", "0")
    per_neuron = np.broadcast_to(np.asarray(alpha, dtype=float), (len(rho),))
    signals = [key.split(".")[1] for key, value in keys.items()
               if key.startswith("formats.") and key.count(".") == 1 and isinstance(value, Mapping)]
    shapes = config.weight_shapes
    given = {key: np.asarray(value, dtype=float) for key, value in weights.items()}
    if set(given) != set(shapes) or any(given[key].shape != tuple(shape) for key, shape in shapes.items()):
        raise ValueError(f"weights: {({k: v.shape for k, v in given.items()})}; accepted: {shapes}")

    nodes = {"input": Node("Input", {"shape": np.array([units[0]])}, _formats(keys, 0, ["input"]))}
    edges, ends, first = [], ["input"], 0
    inner = [signal for signal in signals if signal not in ("input", "weight")]
    for k in range(1, len(units)):
        mine = slice(first, first + units[k])
        first += units[k]
        if len(set(rho[mine])) > 1 or rho[mine][0] not in (0, 1):
            _refuse_key("dynamics.rho", _shared(rho[mine]), f"in layer {k} has no NIR node", "0 or 1, one per layer")
        ends.append(f"layer{k}")
        if rho[mine][0] == 0:
            slow = per_neuron[mine]
            if slow.min() <= 0:
                _refuse_key("dynamics.alpha", float(slow.min()), f"in layer {k} has no NIR node", "above 0")
            nodes[f"layer{k}"] = Node(
                "LI", {"tau": keys["dynamics.dt"] / slow / unit, "r": np.ones(units[k]), "v_leak": np.zeros(units[k])},
                {"layer": k, **_formats(keys, k, inner)})
    into: dict[int, list[str]] = {}
    for (matrix_name, _), (source, target) in zip(shapes.items(), pairs):
        matrix = given[matrix_name]
        biased = matrix.shape[1] > units[source]
        data = {"weight": matrix[:, :units[source]].copy()}
        if biased:
            data["bias"] = matrix[:, -1].copy()
        listed = ["weight"] if ends[target] in nodes or target in into else ["weight", *inner]
        nodes[matrix_name] = Node("Affine" if biased else "Linear", data,
                                  {"layer": target, **_formats(keys, target, listed)})
        into.setdefault(target, []).append(matrix_name)
    nodes["output"] = Node("Output", {"shape": np.array([units[-1]])}, {})

    def speakers(k: int) -> list[str]:
        return [ends[k]] if ends[k] in nodes else into[k]

    for (matrix_name, _), (source, target) in zip(shapes.items(), pairs):
        edges += [(speaker, matrix_name) for speaker in speakers(source)]
        if ends[target] in nodes:
            edges.append((matrix_name, ends[target]))
    edges += [(speaker, "output") for speaker in speakers(len(units) - 1)]
    metadata = {CONFIGURATION: config.toml(f"of {os.path.basename(name)}"), "activation": keys["network.activation"],
                "time_unit": time_unit, "dt": keys["dynamics.dt"] / unit}
    write_graph(name, nodes, edges, metadata)
