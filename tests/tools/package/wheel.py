#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whether `pip install tools/python` gives the package that the build folder has, without a network.

Usage: wheel.py BUILD PYTHON
PYTHON is the interpreter that BUILD was made for. Ends with 0, 1, or 2 (bad usage).
"""
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
CODE = """
import json, os, pathlib, sys, apical
folder = pathlib.Path(sys.argv[1])
assert pathlib.Path(apical.__file__).is_relative_to(folder), apical.__file__
digits = folder / "share/apical/tools/configs/digits8.toml"
machine = apical.Machine(apical.load(digits), "emulator")
machine.tick([0.5] * 64, [0.1] * 10)
print(machine.state_digest(), apical.quantise(0.3, {"bits": 8, "frac": 4}).raw)
programs = [p for p in (folder / "share/apical/hw/synthesis").glob("*/synthesise")]
assert programs and all(os.access(p, os.X_OK) for p in programs), programs
"""


def run(*command, **environment):
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})
    if done.returncode != 0:
        print(f"wheel: {' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}", file=sys.stderr)
        sys.exit(1)
    return done.stdout


def main(build, python):
    with tempfile.TemporaryDirectory() as folder:
        folder = str(pathlib.Path(folder).resolve())
        run(python, "-m", "pip", "install", "--no-build-isolation", "--no-index", "--no-deps", "--target", folder,
            "--config-settings", f"build-dir={build}", str(ROOT / "tools" / "python"), PIP_DISABLE_PIP_VERSION_CHECK="1")
        installed = run(python, "-c", CODE, folder, PYTHONPATH=folder)
        print(run(python, "-m", "pip", "show", "--files", "apical", PYTHONPATH=folder).splitlines()[1])
    in_build = f"import apical; m = apical.Machine(apical.load({str(ROOT / 'tools/configs/digits8.toml')!r}), 'emulator')\n" \
               "m.tick([0.5] * 64, [0.1] * 10); print(m.state_digest(), 5)"
    expected = run(python, "-c", in_build, PYTHONPATH=f"{build}/python")
    if installed != expected:
        print(f"installed: {installed}in the build folder: {expected}")
        return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(*sys.argv[1:]))
