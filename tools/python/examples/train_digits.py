#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains golden and emulator on 8x8 digits for an epoch and looks at what integers changed.

PYTHONPATH=build/python /usr/bin/python3 tools/python/examples/train_digits.py
"""
import os

import numpy as np

import apical

CONFIGS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "configs")


def main():
    config = apical.load(os.path.join(CONFIGS, "digits8.toml"), {"run.epochs": 1, "network.layers": [64, 24, 10]})
    run = apical.run(config, machine="both")
    golden, emulator = run.results
    for result in run.results:
        print(f"{result.machine:9} accuracy {100 * result.score:.2f} %, state {result.state_digest}")

    weights = [run.weights(0), run.weights(1)]
    for name in weights[0]:
        exact, integers = weights[0][name].ravel(), weights[1][name].ravel()
        print(f"{name}: correlation of golden and emulator {np.corrcoef(exact, integers)[0, 1]:.4f}")

    # The same weights on both machines, the same inputs, nothing learns: what is left is rounding.
    still = config.override({"learning.enabled": False})
    inputs = np.random.default_rng(1).uniform(0, 1, (40, 64)).repeat(4, axis=0)
    traces = []
    for machine in ("golden", "emulator"):
        stepped = apical.Machine(still, machine, weights[1])
        traces.append(stepped.run_ticks(inputs, record=[("u", 2)])["u", 2])
    error, lsb = np.abs(traces[1] - traces[0]).max(), stepped.lsb("u", 2)
    print(f"u of layer 2 over {len(inputs)} ticks: largest difference {error:.5f}, that is {error / lsb:.1f} LSB")

    assert golden.score > 0.8 and emulator.score > 0.8, "one epoch teaches most digits"
    assert abs(golden.score - emulator.score) < 0.05, "16 bits lose little"
    assert all(np.corrcoef(weights[0][n].ravel(), weights[1][n].ravel())[0, 1] > 0.99 for n in weights[0])
    assert error < 8 * lsb


if __name__ == "__main__":
    main()
