# SPDX-License-Identifier: Apache-2.0
"""The controls of learning.rule and learning.accumulator_bits, to the bit: integers that were written from
model/README.md ("Controls"), fixedpoint/README.md and hw/ARCHITECTURE.md alone."""
import math
from decimal import Decimal, getcontext
from fractions import Fraction

import numpy as np

import apical
from common import InFolder, main, random

getcontext().prec = 50
BASAL, APICAL, U, MEMBRANE, RATE, SLOPE, NUDGE, ERROR, MISMATCH, TARGET, STEP, WEIGHT = range(12)
LAYERS, TICKS, SEED = (5, 6, 4, 3), 60, 7
ETA, BETA = (Fraction(2), Fraction(2), Fraction(1, 2)), Fraction(1, 2)
FORMATS = {
    "input": (8, 7), "target": (9, 7), "basal": (10, 6), "apical": (10, 8), "nudge": (10, 9), "u": (9, 5),
    "rate": (8, 7), "slope": (8, 8), "error": (9, 9), "step": (11, 10),
}


def mix32(a):
    m = 0xffffffff
    a = ((a + 0x7ed55d16) + (a << 12)) & m
    a = (a ^ 0xc761c23c) ^ (a >> 19)
    a = ((a + 0x165667b1) + (a << 5)) & m
    a = ((a + 0xd3a2646c) ^ (a << 9)) & m
    a = ((a + 0xfd7046c5) + (a << 3)) & m
    return (a ^ 0xb55a4f09) ^ (a >> 16)


def random16(seed, tick, stream, row, column):
    m = 0xffff
    key = mix32((mix32((mix32(seed) + tick) & 0xffffffff) + (stream << 20) + row) & 0xffffffff)
    constant = mix32(column)
    x = (((key & m) ^ (constant & m)) + ((key >> 16) ^ (constant >> 16))) & m
    x ^= x >> 5
    x = (x + (x << 7)) & m
    x ^= x >> 3
    return (x + (x << 9)) & m


def rounded(x, rounding, random=0, k=16):
    """An exact number to a whole one."""
    if rounding == "STOCHASTIC":
        shift = x.denominator.bit_length() - 1  # binary points are all there is
        upper = random >> (16 - k)
        if shift <= k:
            return (x.numerator + (upper >> (k - shift))) >> shift
        fraction = ((x.numerator >> (shift - k - 1)) + 1) >> 1
        return (fraction + upper) >> k
    if rounding == "TRN":
        return math.floor(x)
    assert rounding == "RND_CONV"
    return round(x)  # Fraction rounds ties to even


def limited(raw, bits, overflow="SAT"):
    low, high = -2 ** (bits - 1) + (overflow == "SAT_SYM"), 2 ** (bits - 1) - 1
    if overflow == "WRAP":
        return (raw + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1)
    if overflow == "SAT_ZERO":
        return raw if low <= raw <= high else 0
    return min(max(raw, low), high)


def to(signal, x):
    """x as an exact multiple of the LSB of a signal."""
    bits, frac = FORMATS[signal]
    return Fraction(limited(rounded(x * 2**frac, "RND_CONV"), bits)) / 2**frac


def logistic(x, slope=False):
    y = 1 / (1 + (-Decimal(x.numerator) / Decimal(x.denominator)).exp())
    return Fraction(y * (1 - y) if slope else y)


class Learner:
    """A control: weights are raw integers of `bits`, `frac` and, below them, `fine` bits of accumulators."""

    def __init__(self, weights, feedback, rule, bits, frac, rounding, overflow, k, fine):
        self.held = [[[int(x) << fine for x in row] for row in w] for w in weights]
        self.feedback, self.rule = feedback, rule
        self.bits, self.frac, self.rounding, self.overflow, self.k, self.fine = bits, frac, rounding, overflow, k, fine
        self.tick = 0

    def raw(self, layer):
        """The weights that the network reads."""
        mode = "SAT_SYM" if self.overflow == "SAT_SYM" else "SAT"
        return [[limited(round(Fraction(x, 2**self.fine)), self.bits, mode) for x in row] for row in self.held[layer]]

    def learn(self, x, target):
        lsb = Fraction(1, 2**self.frac)
        weights = [self.raw(k) for k in range(len(self.held))]
        rates, slopes, us = [[to("input", Fraction(v)) for v in x]], [None], [None]
        ones = [to("input" if k == 0 else "rate", Fraction(1)) for k in range(len(weights))]  # that biases multiply
        for one, w in zip(ones, weights):
            sums = [sum(c * r for c, r in zip(row, rates[-1] + [one])) * lsb for row in w]
            us.append([to("u", to("basal", s)) for s in sums])
            rates.append([to("rate", logistic(u)) for u in us[-1]])
            slopes.append([to("slope", logistic(u, True)) for u in us[-1]])
        errors = [[to("error", to("nudge", BETA * (to("target", Fraction(t)) - u))) for t, u in zip(target, us[-1])]]
        for k in range(len(weights) - 1, 0, -1):
            back = self.feedback[k - 1] if self.rule == "feedback-alignment" else weights[k]
            apical = [to("apical", sum(row[j] * e for row, e in zip(back, errors[0])) * lsb)
                      for j in range(LAYERS[k])]
            errors.insert(0, [to("error", to("nudge", s * a)) for s, a in zip(slopes[k], apical)])
        for k, held in enumerate(self.held):
            if self.rule == "last-layer" and k + 1 < len(weights):
                continue
            for row, values in enumerate(held):
                step = to("step", ETA[k] * errors[k][row])
                for column, rate in enumerate(rates[k] + [ones[k]]):
                    bits16 = random16(SEED, self.tick, 16 * (k + 1) + WEIGHT, row, column)
                    change = rounded(step * rate * 2 ** (self.frac + self.fine), self.rounding, bits16, self.k)
                    values[column] = limited(values[column] + change, self.bits + self.fine, self.overflow)
        self.tick += 1


def configuration(rule, bits, frac, rounding, overflow, k, fine):
    text = f"""[network]
layers = {list(LAYERS)}
activation = "logistic"
[dynamics]
beta = {float(BETA)}
[learning]
eta = {[float(e) for e in ETA]}
rule = "{rule}"
accumulator_bits = {fine}
[run]
seed = {SEED}
[formats]
allow_lossy_loading = true
weight = {{ bits = {bits}, frac = {frac}, rounding = "{rounding}", overflow = "{overflow}", random_bits = {k} }}
"""
    return text + "".join(f"{s} = {{ bits = {b}, frac = {f} }}\n" for s, (b, f) in FORMATS.items())


RULES = ("backpropagation", "feedback-alignment", "last-layer")
CASES = [(rule, *form) for rule in RULES for form in (
    (8, 6, "STOCHASTIC", "SAT", 16, 0),
    (6, 4, "STOCHASTIC", "SAT_SYM", 3, 0),
    (8, 6, "RND_CONV", "SAT", 16, 0),
    (6, 4, "RND_CONV", "SAT", 16, 8),
    (4, 2, "STOCHASTIC", "SAT_SYM", 5, 6),
    (5, 4, "TRN", "WRAP", 16, 4),
)]


class Controls(InFolder):
    def test_learn_to_the_bit(self):
        inputs, targets = random(3, TICKS, LAYERS[0]), random(4, TICKS, LAYERS[-1])
        for case in CASES:
            for schedule in ("dense", "event"):
                config = apical.parse(configuration(*case)).override([f"run.schedule={schedule}"])
                machine = apical.Machine(config, "emulator")
                names = [f"W{k}" for k in range(1, len(LAYERS))]
                feedback = [machine.raw_weights(f"B{k}").tolist() for k in range(2, len(LAYERS))
                            if case[0] == "feedback-alignment"]
                learner = Learner([machine.raw_weights(n).tolist() for n in names], feedback, *case)
                first = [machine.raw_weights(n) for n in names]
                for tick in range(TICKS):
                    machine.tick(inputs[tick], targets[tick])
                    learner.learn(inputs[tick], targets[tick])
                    for k, name in enumerate(names):
                        np.testing.assert_array_equal(machine.raw_weights(name), learner.raw(k),
                                                      f"{case} {schedule}, {name} after tick {tick}")
                moved = [bool((machine.raw_weights(n) != f).any()) for n, f in zip(names, first)]
                self.assertTrue(moved[-1], case)
                self.assertEqual(moved[0], case[0] != "last-layer", case)
                for k, b in enumerate(feedback):
                    np.testing.assert_array_equal(machine.raw_weights(f"B{k + 2}"), b)

    def test_checkpoints_hold_accumulators(self):
        inputs, targets = random(5, 40, LAYERS[0]), random(6, 40, LAYERS[-1])
        for rule in ("apical",) + RULES:
            config = apical.parse(configuration(rule, 6, 4, "RND_CONV", "SAT", 16, 8))
            machine, other = apical.Machine(config, "emulator"), apical.Machine(config, "emulator")
            machine.run_ticks(inputs[:20], targets[:20])
            other.restore(machine.checkpoint())
            self.assertEqual(machine.state_digest(), other.state_digest())
            for m in (machine, other):
                m.run_ticks(inputs[20:], targets[20:])
            self.assertEqual(machine.state_digest(), other.state_digest())
            self.assertFalse(np.array_equal(machine.raw_weights("W3"),
                                            apical.Machine(config, "emulator").raw_weights("W3")))


if __name__ == "__main__":
    main()
