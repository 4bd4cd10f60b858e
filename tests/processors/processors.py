#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whether results depend on the processor: runs PROGRAM (digests.cpp) natively and as other processors see it,
and looks for calls of library functions that do.

Usage: processors.py PROGRAM
Ends with 1 and names every run whose digest differs, and every such call; with 2 where PROGRAM or qemu-x86_64 can't
be run.
"""
import pathlib
import re
import shutil
import subprocess
import sys

# x86-64-v1, v2 and v3; the machine at hand adds its own.
PROCESSORS = ["qemu64", "Nehalem", "Haswell"]

# The C library has several of each and takes one by the processor; the numbers are made of them.
FUNCTIONS = "exp|exp2|expm1|log|log2|log10|log1p|pow|sin|cos|tan|sinh|cosh|tanh|asin|acos|atan|atan2|cbrt|hypot|erf"
CHOSEN = re.compile(rf"\bstd::(({FUNCTIONS})\(|normal_distribution)|<boost/random/normal_distribution")
ROOT = pathlib.Path(__file__).resolve().parents[2]


def chosen_functions():
    """Where files of golden results and of what is made of them call a function that depends on the processor."""
    for folder in ("model", "tools"):
        for path in sorted((ROOT / folder).rglob("*.[ch]pp")):
            if path == ROOT / "model/normal.hpp":  # which gives Boost's the project's own functions
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                found = CHOSEN.search(line)
                if found:
                    yield f"{path.relative_to(ROOT)}:{number}: {found.group(0).rstrip('(')}"


def digests(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"processors: {' '.join(command)}: exit status {done.returncode}\n{done.stderr}", file=sys.stderr)
        sys.exit(2)
    return dict(reversed(line.split("  ", 1)) for line in done.stdout.splitlines())


def main(program):
    qemu = shutil.which("qemu-x86_64")
    if qemu is None:
        print("processors: qemu-x86_64 isn't installed; run tools/setup", file=sys.stderr)
        return 2
    here = digests([program])
    if not here:
        print(f"processors: {program} ran nothing", file=sys.stderr)
        return 2
    wrong = 0
    for processor in PROCESSORS:
        # qemu says what of a processor it can't do; the runs are what counts.
        there = digests([qemu, "-cpu", processor, program])
        for name in sorted(here.keys() | there.keys()):
            if here.get(name) != there.get(name):
                wrong += 1
                print(f"{name}: {here.get(name)} here, {there.get(name)} on {processor}")
    print(f"{len(here)} runs here and on {', '.join(PROCESSORS)}: {wrong} differ")
    for call in chosen_functions():
        wrong += 1
        print(f"{call} depends on the processor; accepted: model/elementary.hpp, model/normal.hpp")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(sys.argv[1]))
