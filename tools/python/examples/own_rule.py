#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A learning rule and noise of your own, in numpy, on a machine that you step.

The machine does everything but LEARN: its learning scale is 0, and after every tick the rule reads what a synapse
sees, the error of its target and the rate of its source, and sets the weights. First the machine's own rule, to see
that nothing is missed; then one that knows the sign of an error alone, with synapses that are read with noise; then
that on integers, with a rounding of your own.

PYTHONPATH=build/python /usr/bin/python3 tools/python/examples/own_rule.py
"""
import numpy as np

import apical
from own_data import CONFIG, accuracy, rings


class Stepped:
    """A machine whose weights learn by `rule(error, rate, weights, eta)`, which returns the change of a tick.

    error [target] and rate [source, and 1 for the bias] are those of this tick, as LEARN would take them; weights are
    [target x (source + 1)]. read_noise: every tick reads them times 1 + read_noise * z, z standard normal and
    independent, while the rule changes the ones behind the noise. grid: their LSB, to which every change is rounded
    up or down at random, with the probability that keeps its mean.
    """

    def __init__(self, config, machine, rule, read_noise=0.0, grid=None, seed=1):
        self.machine, self.rule, self.read_noise, self.grid = apical.Machine(config, machine), rule, read_noise, grid
        self.random = np.random.default_rng(seed)
        self.dt, self.eta = config["dynamics.dt"], config["learning.eta"]
        self.weights = list(self.machine.all_weights().values())
        self.machine.set_learning_scale(0)

    def tick(self, point, target, scale=1.0):
        if self.read_noise:
            self.show([w * (1 + self.read_noise * self.random.standard_normal(w.shape)) for w in self.weights])
        self.machine.tick(point, target)
        for k, weights in enumerate(self.weights, start=1):
            rate = np.append(point if k == 1 else self.machine.read("rate", k - 1), 1.0)
            change = self.rule(self.machine.read("error", k), rate, weights, scale * self.eta[k - 1] * self.dt)
            if self.grid is not None:
                change = self.grid * np.floor(change / self.grid + self.random.random(change.shape))
            self.weights[k - 1] = weights + change
        self.show(self.weights)

    def show(self, weights):
        for k, values in enumerate(weights, start=1):
            self.machine.set_weights(k, values)

    def train(self, points, targets, epochs, ticks=4):
        for epoch in range(epochs):
            for point, target in zip(points, targets):
                for _ in range(ticks):
                    self.tick(point, target, 0.8**epoch)


def errors_times_rates(error, rate, _weights, eta):
    """The machine's own rule: dW/dt = eta * error * rate^T."""
    return eta * np.outer(error, rate)


def signs_of_errors(error, rate, weights, eta):
    """What a wire with three states carries, with an Oja-like decay that keeps weights small."""
    sign = np.sign(error) * (np.abs(error) > 0.01)
    return 0.05 * eta * (np.outer(sign, rate) - 0.01 * np.abs(sign)[:, None] * weights)


def main():
    config = apical.parse(CONFIG)
    points, targets, ring = rings(1500, 1)
    held_out, _, held_out_ring = rings(400, 2)

    own, machine = Stepped(config, "golden", errors_times_rates), apical.Machine(config, "golden")
    for point, target in zip(points[:200], targets[:200]):
        own.tick(point, target)
        machine.tick(point, target)
    for mine, its in zip(own.weights, machine.all_weights().values()):
        np.testing.assert_allclose(mine, its, rtol=0, atol=1e-12)
    print("the machine's own rule, in numpy: the same weights after 200 ticks")

    lsb = 2.0 ** -config["formats.weight"]["frac"]
    for name, learner in (
        ("signs of errors, synapses read with 10 % noise", Stepped(config, "golden", signs_of_errors, 0.1)),
        ("on integers, changes rounded at random", Stepped(config, "emulator", signs_of_errors, 0.1, lsb)),
    ):
        before = accuracy(learner.machine, held_out, held_out_ring)
        learner.train(points, targets, epochs=3)
        after = accuracy(learner.machine, held_out, held_out_ring)
        print(f"{name}: {100 * before:.1f} % before, {100 * after:.1f} % after")
        assert before < 0.8 < 0.9 < after, "the rule learns two rings"


if __name__ == "__main__":
    main()
