#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every file that apical reads, changed in ways that know its structure, a thousand times over.

Usage: mutate_files.py APICAL [SECONDS [SEED]]

Whatever a file holds, the program ends with status 0, 1 or 2, within its memory and time, and says of a file that
it refuses which file it is and what would be accepted. The seed is printed; the same seed makes the same files.
"""
import os
import pathlib
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time

import numpy

from mutations import Files

APICAL = os.path.abspath(sys.argv[1])
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 100
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else int.from_bytes(os.urandom(4), "big")
MEMORY, PATIENCE = 4 << 30, 60

CONFIG = """# small
[network]
layers = [64, 6, 10]
activation = "logistic"
bias = true
gain = 0.3
connections = [[0, 1], [1, 2]]
[dynamics]
tau = 10.0
dt = 1.0
rho = [1.0]
beta = 0.5
gamma = 1
order = "sweep"
[learning]
eta = [0.15, 0.045]
decay = 0.9
[events]
theta_rate = [0]
[formats.weight]
bits = 8
frac = 6
rounding = "STOCHASTIC"
random_bits = 9
[formats.u.layer1]
bits = 12
frac = 8
overflow = "SAT"
[task]
presentation = 4
[run]
machine = "emulator"
ticks = 16
seed = 3
"""
STUDY = """title = "small"
base = "base.toml"
machine = "golden"
seeds = 2
budget = 0.5
set = { "run.ticks" = 8, "task.test_limit" = 4 }
[[design]]
name = "bits"
kind = "grid"
  [[design.axis]]
  name = "bits"
  key = "formats.weight.bits"
  values = [8, 10]
[[design]]
name = "drawn"
kind = "random"
count = 2
seed = 4
  [[design.axis]]
  key = "dynamics.beta"
  low = 0.1
  high = 0.5
  scale = "log"
"""


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 28, 1 << 28))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(arguments, folder):
    try:
        done = subprocess.run([APICAL] + arguments, cwd=folder, capture_output=True, timeout=PATIENCE, preexec_fn=limited,
                              stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return "no end", "", ""
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def verdict(status, error, files):
    """What is wrong with how a command ended, or nothing."""
    if status not in (0, 1, 2):
        return f"status {status}" + (f" ({signal.Signals(-status).name})" if isinstance(status, int) and status < 0 else "")
    if status != 2:
        return None
    lines = [line for line in error.splitlines() if line.startswith("apical: ")]
    if not lines:
        return "refused without a word"
    last = lines[-1]
    if any(ord(c) < 32 for c in last) or len(last) > 2000:
        return "a message that isn't one line of text"
    for word in ("std::", "basic_string", "json.exception", "_M_", "vector::", "map::at", "HDF5-DIAG", "bad_alloc"):
        if word in error:
            return f"a message of a library: {word}"
    if not any(name in last for name in files):
        return f"the message doesn't name the file ({', '.join(files)})"
    return None


def configuration(files, folder):
    (folder / "net.toml").write_bytes(files.toml(CONFIG))
    command = files.rng.choice([["run", "net.toml", "--out", "out", "--ticks", "8", "--set", "task.test_limit=2"],
                                ["compile", "net.toml"], ["run", "net.toml", "--machine", "golden", "--out", "out", "--ticks", "4", "--set", "task.test_limit=2"],
                                ["verify", "net.toml", "--upto", "tlm", "--ticks", "4"]])
    return command, ["net.toml"]


def study(files, folder):
    if files.rng.random() < 0.3:
        (folder / "base.toml").write_bytes(files.toml(CONFIG))
        (folder / "study.toml").write_text(STUDY)
    else:
        (folder / "base.toml").write_text(CONFIG)
        (folder / "study.toml").write_bytes(files.toml(STUDY))
    return ["sweep", "study.toml", "--out", "out", "--set", "run.ticks=8"], ["study.toml", "base.toml", "--set", "a path with a zero byte"]


def store(files, folder):
    (folder / "base.toml").write_text(CONFIG)
    (folder / "study.toml").write_text(STUDY)
    run(["sweep", "study.toml", "--out", "out"], folder)
    path = folder / "out" / "results.csv"
    if path.exists():
        path.write_bytes(files.lines(path.read_bytes()))
    return ["sweep", "study.toml", "--out", "out"], ["results.csv"]


def weights(files, folder):
    (folder / "net.toml").write_text(CONFIG)
    files.hdf5(folder / "w.h5", {"/weights/W1": numpy.full((6, 65), 0.1), "/weights/W2": numpy.full((10, 7), -0.1)})
    return ["run", "net.toml", "--weights", "w.h5", "--out", "out", "--ticks", "4", "--set", "task.test_limit=2"], ["w.h5"]


def npz(files, folder):
    (folder / "net.toml").write_text(CONFIG)
    torch = files.rng.random() < 0.3
    w1, w2 = numpy.full((6, 65), 0.1), numpy.full((10, 7), -0.1)
    files.npz(folder / "w.npz", {"a.weight": w1[:, :64], "a.bias": w1[:, 64], "b.weight": w2[:, :6], "b.bias": w2[:, 6]}
              if torch else {"W1": w1, "W2": w2})
    command = files.rng.choice([["run", "net.toml", "--out", "out", "--ticks", "4", "--set", "task.test_limit=2"],
                                ["weights", "convert", "net.toml", "--out", "w.csv"],
                                ["weights", "convert", "net.toml", "--raw", "--out", "images"]])
    return command + ["--weights", "w.npz"], ["w.npz"]


def series(files, folder):
    (folder / "net.toml").write_text('[network]\nlayers = [2, 3, 1]\n[task]\nkind = "series"\nfile = "s.h5"\n[run]\nticks = 8\n')
    files.hdf5(folder / "s.h5", {"/input": numpy.linspace(0, 1, 60).reshape(30, 2), "/target": numpy.linspace(0, 1, 30).reshape(30, 1)})
    return ["run", "net.toml", "--out", "out"], ["s.h5", "net.toml"]


def idx(files, folder):
    (folder / "net.toml").write_text('[network]\nlayers = [16, 3, 10]\n[task]\nkind = "mnist"\nfile = "idx"\n[run]\nticks = 8\n')
    (folder / "idx").mkdir()
    names = []
    for part in ("train", "t10k"):
        for kind, magic, shape in (("images-idx3", 2051, (5, 4, 4)), ("labels-idx1", 2049, (5,))):
            head = numpy.array([magic, *shape], ">u4").tobytes()
            names.append(folder / "idx" / f"{part}-{kind}-ubyte")
            names[-1].write_bytes(head + bytes(range(5)) * (16 if len(shape) > 1 else 1))
    victim = files.rng.choice(names)
    data = bytearray(victim.read_bytes())
    if files.rng.random() < 0.6:
        at = 4 * files.rng.randrange(1 + (3 if "images" in victim.name else 1))
        data[at:at + 4] = files.rng.choice([0, 1, 4, 6, 2051, 2**31 - 1, 2**32 - 1, 2**16]).to_bytes(4, "big")
        victim.write_bytes(data)
    else:
        victim.write_bytes(files.raw(data))
    return ["run", "net.toml", "--out", "out"], ["idx", "net.toml"]


def table(files, folder):
    (folder / "net.toml").write_text(CONFIG.replace('"logistic"', '{ table = "phi.csv" }'))
    slopes = files.rng.random() < 0.5
    rows = [f"{u},{1 / (1 + numpy.exp(-u))}" + f",{0.25 / numpy.cosh(u / 2) ** 2}" * slopes for u in numpy.linspace(-4, 4, 17)]
    (folder / "phi.csv").write_bytes(files.lines("\n".join(["# a logistic function", "u,phi" + ",dphi" * slopes, *rows, ""]).encode()))
    command = files.rng.choice([["run", "net.toml", "--out", "out", "--ticks", "4", "--set", "task.test_limit=2"], ["compile", "net.toml"],
                                ["run", "net.toml", "--machine", "golden", "--out", "out", "--ticks", "4", "--set", "task.test_limit=2"]])
    return command, ["phi.csv"]


def bundle(files, folder):
    (folder / "net.toml").write_text(CONFIG)
    run(["vectors", "export", "net.toml", "--out", "b", "--ticks", "3"], folder)
    names = sorted(p for p in (folder / "b").iterdir() if p.suffix in (".json", ".memh", ".toml", "") and p.name != "Makefile")
    victim = files.rng.choice(names + [folder / "b" / "manifest.json"] * 4)
    data = victim.read_bytes()
    victim.write_bytes(files.json(data) if victim.suffix == ".json" else files.lines(data))
    return ["vectors", "replay", "b", "--machine", "emulator"], ["b/", "b: ", "manifest", "SHA256SUMS"]


KINDS = {"configuration": configuration, "study": study, "store": store, "weights": weights, "npz": npz, "series": series, "idx": idx,
         "table": table, "bundle": bundle}


def main():
    print(f"seed {SEED}")
    rng = random.Random(SEED)
    start, counts, wrong = time.monotonic(), {}, []
    number = 0
    while time.monotonic() - start < SECONDS:
        kind = list(KINDS)[number % len(KINDS)]
        number += 1
        with tempfile.TemporaryDirectory(prefix="apical-mutant-") as scratch:
            folder = pathlib.Path(scratch)
            command, names = KINDS[kind](Files(random.Random(rng.getrandbits(64))), folder)
            status, out, error = run(command, folder)
            left = [p.name for p in folder.rglob("*") if ".tmp." in p.name or p.name.endswith(".partial")]
            problem = verdict(status, error, names) or (f"left behind: {left}" if left else None)
            counts[kind, status] = counts.get((kind, status), 0) + 1
            if problem:
                wrong.append((number, kind))
                print(f"FAILED mutant {number}: {kind}: {problem}: apical {' '.join(command)}\n  {error[-400:]}")
                for path in sorted(p for p in folder.iterdir() if p.suffix == ".toml"):
                    base = {"net.toml": CONFIG, "base.toml": CONFIG, "study.toml": STUDY}.get(path.name, "").splitlines()
                    print(*[f"    {path.name}: {line[:200]}" for line in path.read_text(errors="replace").splitlines() if line not in base][:6], sep="\n")
    for kind in KINDS:
        print(kind, {status: n for (k, status), n in counts.items() if k == kind})
    # A mutant that nobody can refuse tests nothing.
    idle = [kind for kind in KINDS if (kind, 2) not in counts]
    print(f"{number} files, {len(wrong)} wrong" + (f"; none refused: {idle}" if idle else ""))
    sys.exit(1 if wrong or idle else 0)


main()
