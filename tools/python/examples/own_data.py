#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A task of your own, made with numpy: a machine that is stepped learns it, and its weights go to npz, HDF5 and NIR.

PYTHONPATH=build/python /usr/bin/python3 tools/python/examples/own_data.py [FOLDER]
"""
import os
import sys
import tempfile

import numpy as np

import apical
from apical import nir

CONFIG = """
[network]
layers = [2, 16, 2]
activation = "tanh"
gain = [2, 0.5]
[dynamics]
beta = 0.5
[learning]
eta = [0.1, 0.05]
"""


def rings(count, seed):
    """Points of two rings around the origin, and which ring each is of as a target of -1 and 1."""
    random = np.random.default_rng(seed)
    ring = random.integers(0, 2, count)
    angle, radius = random.uniform(0, 2 * np.pi, count), np.where(ring == 1, 1.6, 0.6) + random.normal(0, 0.1, count)
    points = np.column_stack((radius * np.cos(angle), radius * np.sin(angle)))
    return points, 2.0 * np.eye(2)[ring] - 1.0, ring


def accuracy(machine, points, ring):
    """Every point for three ticks on frozen weights; the state is never reset."""
    outputs = machine.run_ticks(points.repeat(3, axis=0), record=[("u", 2)], learning=False)["u", 2][2::3]
    return np.mean(outputs.argmax(axis=1) == ring)


def main(folder):
    points, targets, ring = rings(3000, 1)
    held_out, _, held_out_ring = rings(400, 2)
    machine = apical.Machine(apical.parse(CONFIG), "emulator")
    print(f"before: {100 * accuracy(machine, held_out, held_out_ring):.1f} %")
    for epoch in range(4):
        machine.set_learning_scale(0.8**epoch)
        machine.run_ticks(points.repeat(4, axis=0), targets.repeat(4, axis=0))
        learned = accuracy(machine, held_out, held_out_ring)
        print(f"epoch {epoch + 1}: {100 * learned:.1f} %")

    path = {ending: os.path.join(folder, f"rings.{ending}") for ending in ("npz", "h5", "nir")}
    weights = machine.all_weights()
    apical.save_weights(path["npz"], weights)
    apical.save_weights(path["h5"], weights)
    nir.save(path["nir"], machine.config, weights, activation_in_metadata=True)

    for start in (apical.load_weights(path["npz"]), path["h5"], nir.load(path["nir"]).weights):
        again = apical.Machine(machine.config, "emulator", start)
        assert abs(accuracy(again, held_out, held_out_ring) - learned) < 0.01, "weights come back"
    assert nir.load(path["nir"]).config == machine.config
    assert learned > 0.95, "two rings are learned"
    print(f"wrote {', '.join(path.values())}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(scratch)
