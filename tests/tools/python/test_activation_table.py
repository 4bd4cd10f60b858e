# SPDX-License-Identifier: Apache-2.0
"""Activations from files: tables that a bundle carries, held against (63) and (64) of model/README.md in fractions."""
import csv
import json
import math
import os
from fractions import Fraction

import numpy as np

import apical
from common import SMALL, InFolder, main

TABLE = SMALL.replace('"tanh"', '{ table = "phi.csv" }')
FORMATS = """[task]
kind = "teacher"
teacher_layers = [5, 3]
[tables]
full_bits = 10
[formats.u]
bits = 10
frac = 6
[formats.u.layer2]
bits = 14
frac = 10
"""


def slopes_of(u, phi):
    """Fritsch and Butland's slopes in fractions, to the double that is next towards zero."""
    h = [b - a for a, b in zip(u, u[1:])]
    d = [(b - a) / w for a, b, w in zip(phi, phi[1:], h)]

    def end(h0, h1, d0, d1):
        slope = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1)
        if slope * d0 <= 0:
            return Fraction(0)
        return 3 * d0 if d0 * d1 <= 0 and abs(slope) > abs(3 * d0) else slope
    exact = [end(h[0], h[1], d[0], d[1])]
    for h0, h1, d0, d1 in zip(h, h[1:], d, d[1:]):
        exact.append(Fraction(0) if d0 * d1 <= 0 else 3 * (h0 + h1) / ((2 * h1 + h0) / d0 + (h1 + 2 * h0) / d1))
    exact.append(end(h[-1], h[-2], d[-1], d[-2]))
    doubles = [float(x) for x in exact]  # the nearest one
    return [Fraction(math.nextafter(f, 0.0) if abs(Fraction(f)) > abs(x) else f) for f, x in zip(doubles, exact)]


def curve(samples, x, derivative):
    u, phi, slope = samples
    if x < u[0] or x >= u[-1]:
        return Fraction(0) if derivative else phi[0] if x < u[0] else phi[-1]
    i = max(k for k, sample in enumerate(u) if sample <= x)
    h = u[i + 1] - u[i]
    t = (x - u[i]) / h
    a, b, m, n = phi[i], phi[i + 1], slope[i] * h, slope[i + 1] * h
    if derivative:
        return (6 * t * (t - 1) * (a - b) + (1 - t) * (1 - 3 * t) * m + t * (3 * t - 2) * n) / h
    return (1 + 2 * t) * (1 - t) ** 2 * a + t * (1 - t) ** 2 * m + t * t * (3 - 2 * t) * b + t * t * (t - 1) * n


def write(rng, with_slopes):
    """A file of drawn samples, and what it says."""
    u = np.cumsum(rng.choice([0.015625, 0.1, 0.75, 1.3], 14)) - 4
    phi = rng.choice([0.0, 0.25, 0.3, 0.7, 1.0, -0.5], 14) if rng.random() < 0.5 else np.sort(rng.uniform(-1, 1, 14))
    rows = [u, phi] + [rng.uniform(-1, 1, 14)] * with_slopes
    with open("phi.csv", "w", encoding="utf8") as file:
        file.write("# drawn\nu,phi" + ",dphi" * with_slopes + "\n")
        file.writelines(",".join(repr(float(x)) for x in row) + "\n" for row in zip(*rows))
    exact = [[Fraction(float(x)) for x in column] for column in rows]
    return exact if with_slopes else exact + [slopes_of(*exact)]


class Tables(InFolder):
    def setUp(self):
        super().setUp()
        with open("net.toml", "w", encoding="utf8") as file:
            file.write(TABLE + FORMATS)

    def tables(self):
        status, _, error = self.apical("vectors", "export", "net.toml", "--signals", "--ticks", "2", "--out", "bundle")
        self.assertEqual(status, 0, error)
        with open("bundle/signals.json", encoding="utf8") as file:
            for table in json.load(file)["tables"]:
                with open(os.path.join("bundle", table["csv"]), encoding="utf8", newline="") as rows:
                    yield table, [int(row["base"]) for row in csv.DictReader(rows)]

    def test_are_the_curve_of_the_equations(self):
        seed = int.from_bytes(os.urandom(4), "big")
        print("seed", seed)
        rng = np.random.default_rng(seed)
        for trial in range(4):
            samples = write(rng, trial % 2 == 0)
            checked, formats = 0, apical.load("net.toml").effective()
            for table, bases in self.tables():
                layer = ".layer" + "".join(filter(str.isdigit, table["population"]))
                low_bits, read, out = (table["low_bits"], *(formats.get(f"formats.{signal}{layer}", formats[f"formats.{signal}"])
                                                            for signal in (table["read_with"], table["signal"])))
                frac = out["frac"] + (6 if low_bits else 0)
                for n, base in enumerate(bases):
                    x = Fraction(table["lowest"] + (n << low_bits)) / 2 ** read["frac"]
                    exact = curve(samples, x, table["signal"] == "slope") * 2 ** frac
                    limit = 2 ** (out["bits"] - 1)
                    want = math.floor(exact + Fraction(1, 2)) if low_bits else min(max(round(exact), -limit), limit - 1)
                    if low_bits and abs(exact) >= limit * 2 ** 6:
                        continue  # a segment that saturates may have another base
                    self.assertEqual(base, want, f"{table['csv']} entry {n}, trial {trial}")
                    checked += 1
            self.assertGreater(checked, 2 * 1024)

    def test_machines_in_python_take_it_and_agree(self):
        u = np.linspace(-4, 4, 33)  # smooth: a kink would part two machines by more than an LSB
        with open("phi.csv", "w", encoding="utf8") as file:
            file.write("u,phi\n" + "".join(f"{x!r},{y!r}\n" for x, y in zip(u.tolist(), (np.tanh(u) + 0.1 * np.sin(2 * u)).tolist())))
        wide = {f"formats.{s}": {"bits": 28, "frac": 24, "rounding": "RND_CONV"}
                for s in ("input", "target", "weight", "basal", "apical", "nudge", "membrane", "rate", "slope", "error")}
        wide.update({"formats.u": {"bits": 28, "frac": 24}, "formats.u.layer2": {"bits": 28, "frac": 24}, "tables.index_bits": 16})
        config = apical.load("net.toml").override(wide)
        self.assertEqual(config["network.activation"]["table"], "phi.csv")
        inputs, targets = np.random.default_rng(4).uniform(-1, 1, (60, 5)), np.full((60, 3), 0.25)
        def both(configuration):
            return [apical.Machine(configuration, machine).run_ticks(inputs, targets, record=[("rate", 1)])["rate", 1]
                    for machine in ("golden", "emulator")]
        # Learning carries a difference on: the built-in function's own is the measure.
        rates, built_in = both(config), both(config.override({"network.activation": "tanh"}))
        np.testing.assert_allclose(rates[1][0], rates[0][0], atol=2e-7)
        self.assertLess(np.abs(rates[1] - rates[0]).max(), 3 * np.abs(built_in[1] - built_in[0]).max())
        self.assertGreater(np.ptp(rates[0]), 0.1)
        tanh = config.override({"network.activation": "tanh"})
        self.assertNotEqual(tanh.digest, config.digest)
        again = tanh.override({"network.activation": {"table": "phi.csv"}})
        self.assertEqual(again.digest, config.digest)
        with self.refused("network.activation", "none.csv: doesn't exist", "accepted"):
            config.override({"network.activation": {"table": "none.csv"}})


if __name__ == "__main__":
    main()
