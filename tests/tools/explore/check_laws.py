#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The bits that `apical profile --tolerance` predicts, computed a second time by a program that has nothing of it: a
tiny network in double precision and the laws (68) to (74) of model/README.md, tick by tick instead of by octaves and
places.

Usage: check_laws.py APICAL
"""
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np

SEED, ROWS, TICKS, TOLERANCE, BELOW = 11, 5050, 4000, 20.0, 6
TESTED = ROWS - ROWS * 99 // 100  # rows that are for tests, at which nobody looks here
HELD = ROWS - TESTED - TICKS
ETA, BETA = (0.12, 0.06), 0.5
CONFIG = f"""[network]
layers = [3, 4, 2]
activation = "tanh"
[dynamics]
beta = {BETA}
gamma = 0
[learning]
eta = [{ETA[0]}, {ETA[1]}]
accumulator_bits = {BELOW}
[task]
kind = "series"
file = "series.h5"
train_fraction = {1 - TESTED / ROWS}
validation = {HELD / (TICKS + HELD)}
[run]
epochs = 1
[formats.u]
bits = 24
frac = 18
[formats.basal]
bits = 24
frac = 18
[formats.error]
bits = 24
frac = 22
[formats.weight]
bits = 24
frac = 20
"""


class Trained:
    """The training in double precision: every change that was asked for, and the loss along the way."""

    def __init__(self, inputs, targets, weights):
        self.weights = [w.copy() for w in weights]
        self.history = [[w.copy() for w in weights]]
        self.changes, self.sources, self.sensitivities, self.losses = [[], []], [[], []], [[], []], []
        for x, target in zip(inputs, targets):
            source = [np.append(x, 1.0)]
            rate = np.tanh(self.weights[0] @ source[0])
            source.append(np.append(rate, 1.0))
            missing = target - self.weights[1] @ source[1]
            below = self.weights[1][:, :-1] * (1 - rate ** 2)
            error = [BETA * below.T @ missing, BETA * missing]
            self.losses.append(0.5 * missing @ missing)
            for k in (0, 1):
                change = ETA[k] * np.outer(error[k], source[k])
                self.changes[k].append(change)
                self.sources[k].append(np.outer(source[k], source[k]))
                self.sensitivities[k].append(below.T @ below if k == 0 else np.eye(2))
            for k in (0, 1):
                self.weights[k] += self.changes[k][-1]
            self.history.append([w.copy() for w in self.weights])


def mse(weights, inputs, targets):
    ones = np.ones((len(inputs), 1))
    rate = np.tanh(np.hstack([inputs, ones]) @ weights[0].T)
    return ((targets - np.hstack([rate, ones]) @ weights[1].T) ** 2).mean()


def excess(trained, lsb):
    """(70) at an LSB, errors as they are in the wide network."""
    late, total = slice(3 * TICKS // 4, None), 0.0
    for k in (0, 1):
        changes = np.abs(np.array(trained.changes[k]))
        rows, row_axes = np.linalg.eigh(np.mean(trained.sensitivities[k][late], axis=0))
        columns, column_axes = np.linalg.eigh(np.mean(trained.sources[k][late], axis=0))
        fraction = changes / lsb - np.floor(changes / lsb)
        variance = lsb ** 2 * (fraction * (1 - fraction))[late].mean(axis=0)  # (68)
        variance = (row_axes ** 2).T @ variance @ column_axes ** 2
        rate = ETA[k] * BETA
        course = changes.mean(axis=(1, 2)) / changes[late].mean()
        for a, b in np.ndindex(*variance.shape):
            h = max(rows[a], 0.0) * max(columns[b], 0.0)
            left = np.exp(-2 * h * rate * (TICKS - 0.5 - np.arange(TICKS)))
            total += 0.25 * variance[a, b] / rate * 2 * h * (course * left).sum() * rate
    return total


def grown(delta, loss):
    for _ in range(200):
        result = grown.start * math.sqrt(1 + delta / loss)
        delta = result
    return delta


def place_of_nearest(trained, lsb, window=100):
    """(71), (72): the tick of the wide training that rounding to nearest gets to, η being constant."""
    kept = []
    for start in range(0, TICKS, window):
        change = [np.array(c[start:start + window]) for c in trained.changes]
        along = [(c * lsb * np.round(c / lsb)).sum(axis=0) / (c ** 2).sum(axis=0) for c in change]
        kept.append(np.concatenate([a.ravel() for a in along]).mean())
    at = 0.0
    for _ in range(TICKS):
        at += min(1.0, kept[min(int(at / window), len(kept) - 1)]) if kept else 0.0
    return min(int(at), TICKS)


def crossing(lost):
    """Fraction bits at which what is lost is what is tolerated, between whole ones linear in its logarithm."""
    finer = lost(30)
    for frac in range(29, -7, -1):
        here = lost(frac)
        if here >= 1.0:
            low, high = math.log2(max(finer, 1 / 16)), math.log2(here)
            return frac + high / (high - low)
        finer = here
    return None


def main():
    rng = np.random.default_rng(SEED)
    inputs = rng.uniform(-1, 1, (ROWS, 3))
    teacher = rng.normal(size=(2, 3))
    targets = np.tanh(inputs @ teacher.T) + 0.1 * rng.normal(size=(ROWS, 2))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with h5py.File(folder / "series.h5", "w") as file:
            file["input"] = inputs
            file["target"] = targets
        (folder / "net.toml").write_text(CONFIG)
        run = lambda *words: subprocess.run([sys.argv[1], *words], cwd=folder, check=True, capture_output=True, text=True)
        run("weights", "convert", "net.toml", "--out", "w.npz")
        start = np.load(folder / "w.npz")
        said = json.loads(run("profile", "net.toml", "--json", "--windows", "1", "--window-ticks", "4", "--tolerance",
                              str(TOLERANCE)).stdout)
    found = said["prediction"]
    assert said["ticks"] == TICKS, said["ticks"]
    print(f"seed {SEED}")
    trained = Trained(inputs[:TICKS], targets[:TICKS], [start["W1"], start["W2"]])
    inputs_held, targets_held = inputs[TICKS:TICKS + HELD], targets[TICKS:TICKS + HELD]
    wide = mse(trained.weights, inputs_held, targets_held)
    late_loss = np.mean(trained.losses[3 * TICKS // 4:])

    def stochastic(frac):
        grown.start = excess(trained, 2.0 ** -frac)
        return 100 * grown(grown.start, late_loss) / wide / TOLERANCE  # two outputs: ½ their squares is the mean

    def nearest(frac):
        weights = trained.history[place_of_nearest(trained, 2.0 ** -frac)]
        return 100 * (mse(weights, inputs_held, targets_held) - wide) / wide / TOLERANCE

    def accumulated(frac):
        read = [np.round(w * 2.0 ** frac) / 2.0 ** frac for w in trained.weights]
        return nearest(frac + BELOW) + 100 * (mse(read, inputs_held, targets_held) - wide) / wide / TOLERANCE

    wrong = 0

    def compare(what, here, there, bound):
        nonlocal wrong
        bad = not abs(here - there) <= bound
        wrong += bad
        print(f"{'WRONG ' if bad else ''}{what}: apical {here:.5g}, from the equations {there:.5g}, bound {bound:g}")

    compare("validation mse", found["validation_mse"], wide, 0.01 * wide)
    compare("training loss", found["training_loss"], late_loss, 0.01 * late_loss)
    compare("nudge", found["nudge"], BETA, 0.001)
    for k in (0, 1):
        mean = np.abs(np.array(trained.changes[k][3 * TICKS // 4:])).mean()
        compare(f"E|change| of W{k + 1}", found["weights"][k + 1]["mean_change"], mean, 0.02 * mean)
    together = found["weights"][0]
    compare("bits, stochastic", together["stochastic"]["frac"], crossing(stochastic), 0.1)
    compare("bits, nearest", together["nearest"]["frac"], crossing(nearest), 0.35)
    compare("bits, accumulator", together["accumulator"]["frac"], crossing(accumulated), 0.35)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
