#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whether the library gives the same bits on aarch64: builds it alone with the cross compiler, runs it under
qemu-aarch64, and compares every digest with that of this machine, and those of configurations with `apical run`.

Usage: aarch64.py BUILD FOLDER
BUILD is the build folder of this machine; FOLDER that for aarch64, made and kept.
Ends with 0 (equal), 1 (not), 2 (bad usage) or 77 (skipped: the cross compiler isn't there).
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPILER, QEMU = "aarch64-linux-gnu-g++", "qemu-aarch64"
TICKS = 1600
CONFIGURATIONS = [f"tools/configs/{name}.toml" for name in ("digits8", "digits8-8bit", "digits8-microcircuit")]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        print(f"aarch64: {' '.join(command)}: exit status {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}",
              file=sys.stderr)
        sys.exit(1)
    return done.stdout


def digests(program, *arguments):
    return dict(reversed(line.split("  ", 1)) for line in run(*program, *arguments).splitlines())


def of_the_program(build, configuration):
    """The digest that the command line writes of the same training."""
    with tempfile.TemporaryDirectory() as folder:
        run(f"{build}/apical", "run", configuration, "--machine", "emulator", "--ticks", str(TICKS), "--out", folder,
            "--set", "task.test_limit=1")
        machines = json.loads((pathlib.Path(folder) / "result.json").read_text())["machines"]
    return machines[0]["state_digest"]


def main(build, folder):
    if shutil.which(COMPILER) is None or not pathlib.Path("/usr/lib/aarch64-linux-gnu/pkgconfig/fmt.pc").exists():
        print(f"aarch64: no {COMPILER} with its libraries; tools/setup --aarch64 installs them")
        return 77
    if shutil.which(QEMU) is None:
        print(f"aarch64: no {QEMU}; tools/setup installs it", file=sys.stderr)
        return 2
    run("cmake", "--preset", "aarch64", "-B", folder)
    run("cmake", "--build", folder)
    wrong = compared = 0
    for name, arguments in (("processor_digests", ()), ("configuration_digests", (str(TICKS), *CONFIGURATIONS))):
        here = digests([f"{build}/tests/{name}"], *arguments)
        there = digests([QEMU, f"{folder}/tests/{name}"], *arguments)
        if name == "configuration_digests":
            for configuration in CONFIGURATIONS:
                here[f"{configuration} by apical run"] = of_the_program(build, configuration)
                there[f"{configuration} by apical run"] = there.get(configuration)
        for what in sorted(here.keys() | there.keys()):
            compared += 1
            if here.get(what) != there.get(what):
                wrong += 1
                print(f"{what}: {here.get(what)} here, {there.get(what)} on aarch64")
    print(f"{compared} runs here and on aarch64: {wrong} differ")
    return 1 if wrong or not compared else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(*sys.argv[1:]))
