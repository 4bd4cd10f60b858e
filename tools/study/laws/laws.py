#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tests the laws of rounding (model/README.md) as laws: predictions first, trainings afterwards.

    laws.py draw    --seed S --count N --out DIR          networks and tasks, drawn from a seed, as configurations
    laws.py predict --out DIR                             DIR/predictions.csv, by apical profile --tolerance
    laws.py measure --out DIR [--seeds 5] [--threads 1]   DIR/outcome.csv, by trainings over word lengths
    laws.py compare --out DIR                             predicted beside measured, as a table

`measure` refuses to run without predictions, and writes none. Needs build/apical (or --apical FILE).
"""
import argparse
import concurrent.futures
import csv
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy

ROOT = pathlib.Path(__file__).resolve().parents[3]
WHOLE = 8  # integer bits of weights, so that nothing saturates
WIDE = {"basal": 19, "apical": 22, "nudge": 23, "membrane": 19, "u": 19, "rate": 22, "slope": 22, "error": 23,
        "input": 22, "target": 20}  # fraction bits of all other signals, of 24 bits
ROWS = 20000  # ticks of a series
TOLERANCE = {"teacher": 50.0, "digits8": 1.0}  # percent of the mean squared error; points of accuracy
ROUNDINGS = ("stochastic", "nearest", "accumulator")
ACCUMULATOR_BITS = 8
COARSEST, FINEST, WIDE_FRAC = -4, 20, 22


def teacher(path, generator, inputs, outputs, presentation):
    """Samples of a random network of tanh units and what it says of them, some noise added, as a series."""
    hidden = int(generator.integers(6, 21))
    first = generator.normal(size=(hidden, inputs)) * 1.5 / math.sqrt(inputs)
    second = generator.normal(size=(outputs, hidden)) / math.sqrt(hidden)
    samples = generator.uniform(-1.0, 1.0, (ROWS // presentation, inputs))
    targets = numpy.tanh(samples @ first.T) @ second.T
    targets += float(generator.choice((0.02, 0.1))) * generator.normal(size=targets.shape)
    with h5py.File(path, "w") as file:
        file["input"] = numpy.repeat(samples, presentation, axis=0)
        file["target"] = numpy.repeat(targets, presentation, axis=0)


def drawn(generator, index, folder):
    """One network and its task: a regression on a random teacher; digits are 6 of 20."""
    choose = lambda *values: values[int(generator.integers(len(values)))]
    logarithmic = lambda low, high: float(f"{math.exp(generator.uniform(math.log(low), math.log(high))):.3g}")
    regression = index % 10 not in (1, 4, 7)
    depth = int(generator.integers(1, 4 if regression else 3))  # hidden layers
    inputs, outputs = (int(generator.integers(4, 11)), int(generator.integers(1, 5))) if regression else (64, 10)
    hidden = [int(generator.integers(6, 21) if regression else generator.integers(10, 25)) for _ in range(depth)]
    beta, gamma = choose(0.1, 0.25, 0.5), choose(0, 1)
    rule = choose("apical", "apical", "backpropagation", "feedback-alignment")
    presentation = choose(2, 4, 8)
    keys = {
        "network.layers": [inputs, *hidden, outputs],
        "network.activation": choose("tanh", "logistic"),
        "dynamics.beta": beta,
        "dynamics.gamma": gamma if rule == "apical" else 0,
        "learning.rule": rule,
        "learning.decay": choose(1.0, 0.9),
        "task.kind": "series" if regression else "digits8",
    }
    if regression:
        name = f"teacher-{index + 1:02d}.h5"
        teacher(folder / name, generator, inputs, outputs, presentation)
        keys["learning.eta"] = float(f"{logarithmic(0.004, 0.03) / beta:.3g}")
        keys["task.file"] = name
        keys["task.train_fraction"] = 0.8
        keys["task.validation"] = 0.1
        keys["run.epochs"] = 2
    else:
        keys["learning.eta"] = float(f"{logarithmic(0.2, 0.8) / beta / presentation * 0.5:.3g}")
        keys["task.presentation"] = presentation
        keys["task.test_presentation"] = 2
        keys["task.held_out"] = 797
        keys["task.validation"] = 0.25
        keys["run.epochs"] = 24 // presentation
    return keys


def as_toml(keys):
    sections = {}
    for key, value in keys.items():
        section, name = key.split(".")
        sections.setdefault(section, {})[name] = value
    for signal, frac in WIDE.items():
        sections[f"formats.{signal}"] = {"bits": 24, "frac": frac}
    sections["formats.step"] = {"bits": 24}
    sections["formats.weight"] = {"bits": WHOLE + WIDE_FRAC, "frac": WIDE_FRAC}
    sections["formats"] = {"allow_lossy_loading": True}
    words = lambda value: json.dumps(value)
    return "".join(f"[{name}]\n" + "".join(f"{k} = {words(v)}\n" for k, v in entries.items()) + "\n"
                   for name, entries in sections.items())


def draw(args):
    generator = numpy.random.default_rng(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    for index in range(args.count):
        text = as_toml(drawn(generator, index, args.out))
        (args.out / f"network-{index + 1:02d}.toml").write_text(f"# drawn by laws.py, seed {args.seed}\n{text}")


def kind_of(config):
    return "teacher" if 'kind = "series"' in config.read_text() else "digits8"


def predict(args):
    target = args.out / "predictions.csv"
    if target.exists():
        sys.exit(f"{target} is there; predictions are made once, before anything is measured")
    rows = []
    for config in sorted(args.out.glob("network-*.toml")):
        result = subprocess.run(
            [args.apical, "profile", str(config), "--json", "--windows", "1", "--window-ticks", "8", "--tolerance",
             str(TOLERANCE[kind_of(config)])], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            sys.exit(f"{config}: {result.stderr}")
        found = json.loads(result.stdout)["prediction"]
        score = found.get("validation_accuracy", found.get("validation_mse"))
        for rounding in ROUNDINGS:
            said = found["weights"][0][rounding]
            rows.append({"network": config.stem, "task": kind_of(config), "rounding": rounding,
                         "tolerance": TOLERANCE[kind_of(config)], "validation_score": score,
                         "frac": "" if said["frac"] is None else f"{said['frac']:.3f}",
                         "uncertainty": "" if said["frac"] is None else f"{said['uncertainty']:.3f}",
                         "why": said.get("why", "")})
        print(config.stem, *(f"{r['rounding']} {r['frac'] or '-'}" for r in rows[-3:]), flush=True)
    write(target, rows)


def write(path, rows):
    staged = path.with_suffix(".partial")
    with staged.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    os.replace(staged, path)


def read(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def train(apical, config, rounding, frac, seed):
    """The score on test data of one training with weights of so many fraction bits."""
    mode = "STOCHASTIC" if rounding == "stochastic" else "RND_CONV"
    below = ACCUMULATOR_BITS if rounding == "accumulator" else 0
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            [apical, "run", str(config), "--machine", "emulator", "--json", "--out", folder, "--seed", str(seed),
             "--set", f"formats.weight.bits={WHOLE + frac}", "--set", f"formats.weight.frac={frac}",
             "--set", f"formats.weight.rounding={mode}", "--set", f"learning.accumulator_bits={below}"],
            capture_output=True, text=True, check=False)
    if result.returncode == 2:
        sys.exit(f"{config}: {result.stderr}")
    found = json.loads(result.stdout)
    return found.get("test_accuracy", found.get("mse"))


class Measured:
    """Scores of one network, each trained once."""

    def __init__(self, args, config, pool):
        self.args, self.config, self.pool, self.known = args, config, pool, {}
        self.tolerance = TOLERANCE[kind_of(config)]

    def scores(self, rounding, frac):
        key = (rounding, frac)
        if key not in self.known:
            seeds = range(101, 101 + self.args.seeds)
            self.known[key] = numpy.array(list(self.pool.map(
                lambda seed: train(self.args.apical, self.config, rounding, frac, seed), seeds)))
        return self.known[key]

    def lost(self, rounding, frac):
        """In units of the tolerance: mean and its standard error, by differences of common seeds."""
        wide, here = self.scores("stochastic", WIDE_FRAC), self.scores(rounding, frac)
        points = 100.0 * (wide - here) if kind_of(self.config) == "digits8" else 100.0 * (here / wide - 1.0)
        points = points / self.tolerance
        return points.mean(), points.std(ddof=1) / math.sqrt(len(points))

    def crossing(self, rounding, start):
        """The coarsest LSB from which on two finer ones lose less than is tolerated."""
        frac = min(max(start, COARSEST + 1), FINEST)
        while frac < FINEST and not all(self.lost(rounding, f)[0] < 1.0 for f in (frac, frac + 1)):
            frac += 1
        while frac > COARSEST and self.lost(rounding, frac - 1)[0] < 1.0:
            frac -= 1
        finer, coarser = self.lost(rounding, frac), self.lost(rounding, frac - 1)
        if finer[0] >= 1.0 or coarser[0] < 1.0:
            return None, None
        low, high = math.log2(max(finer[0], 1 / 16)), math.log2(min(coarser[0], 1e6))
        slope = max(high - low, 0.25)
        error = math.log2(1.0 + min(1.0, max(finer[1], coarser[1] / coarser[0]))) / slope
        return frac - 1 + high / (high - low) if high > low else float(frac), error


def measure(args):
    predictions = read(args.out / "predictions.csv")
    rows, losses = [], []
    with concurrent.futures.ThreadPoolExecutor(args.threads) as pool:
        for config in sorted(args.out.glob("network-*.toml")):
            measured = Measured(args, config, pool)
            for row in (p for p in predictions if p["network"] == config.stem):
                start = round(float(row["frac"])) if row["frac"] else 6
                frac, error = measured.crossing(row["rounding"], start)
                off = float(row["frac"]) - frac if row["frac"] and frac is not None else None
                rows.append({"network": row["network"], "task": row["task"], "rounding": row["rounding"],
                             "predicted": row["frac"], "uncertainty": row["uncertainty"],
                             "measured": "" if frac is None else f"{frac:.3f}",
                             "measured_error": "" if frac is None else f"{error:.3f}",
                             "difference": "" if off is None else f"{off:.3f}", "seeds": args.seeds})
                print(*rows[-1].values(), flush=True)
            for (rounding, frac), scores in sorted(measured.known.items()):
                losses.append({"network": config.stem, "rounding": rounding, "frac": frac,
                               "scores": " ".join(f"{s:.6g}" for s in scores)})
            write(args.out / "outcome.csv", rows)
            write(args.out / "trainings.csv", losses)


def compare(args):
    rows = read(args.out / "outcome.csv")
    for task in ("teacher", "digits8"):
        for rounding in ROUNDINGS:
            these = [r for r in rows if r["rounding"] == rounding and r["task"] == task]
            off = numpy.array([float(r["difference"]) for r in these if r["difference"]])
            if len(off) == 0:
                continue
            print(f"{task:8} {rounding:12} {len(these)} networks, {len(off)} compared: within half a bit "
                  f"{int((abs(off) <= 0.5).sum())}, within one {int((abs(off) <= 1.0).sum())}; mean {off.mean():+.2f}, "
                  f"sd {off.std(ddof=1) if len(off) > 1 else 0.0:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("draw", "predict", "measure", "compare"))
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/laws"))
    parser.add_argument("--apical", default=str(ROOT / "build/apical"))
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    {"draw": draw, "predict": predict, "measure": measure, "compare": compare}[args.what](args)


if __name__ == "__main__":
    main()
