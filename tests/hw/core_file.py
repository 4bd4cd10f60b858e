#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whether hw/apical.core describes the core that is there: FuseSoC isn't in Debian, so its targets are done by hand.

Usage: core_file.py ROOT
Every file that it names is there and every file of hw/rtl is named, in the version of the project; its targets lint,
sim and synth go through Verilator and Yosys with its files and options and nothing else. Ends with 0, 1 (something is
wrong, and what) or 2 (bad usage).
"""
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml


def run(command, folder):
    """What a command said where it failed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"{' '.join(map(str, command))[:200]}: status {done.returncode}\n{done.stdout[-1500:]}{done.stderr[-1500:]}"


def files_of(core, target):
    """Sources of a target, and the folders of those that are included."""
    sources, includes = [], set()
    for fileset in core["targets"][target]["filesets"]:
        for entry in core["filesets"][fileset]["files"]:
            if isinstance(entry, str):
                sources.append(entry)
                continue
            [(name, attributes)] = entry.items()
            if attributes.get("is_include_file"):
                includes.add(str(pathlib.PurePosixPath(name).parent))
            else:
                sources.append(name)
    return sources, sorted(includes)


def described(hw, core):
    named = set()
    for name, fileset in core["filesets"].items():
        for entry in fileset["files"]:
            path = entry if isinstance(entry, str) else next(iter(entry))
            if path in named:
                yield f"{name}: {path} twice"
            named.add(path)
            if not (hw / path).is_file():
                yield f"{name}: {path} isn't there"
    for path in sorted((hw / "rtl").iterdir()):
        if f"rtl/{path.name}" not in named:
            yield f"rtl/{path.name} isn't named"
    version = re.search(r"project\(apical VERSION ([\d.]+)", (hw.parent / "CMakeLists.txt").read_text())[1]
    if core["name"] != f"apical:core:apical:{version}":
        yield f"{core['name']}: the project's version is {version}"
    for target in ("default", "lint", "sim", "synth"):
        if target not in core["targets"]:
            yield f"no target {target}"


def done(hw, core, scratch):
    sources, includes = {}, {}
    for target in ("lint", "sim", "synth"):
        sources[target], includes[target] = files_of(core, target)
    for target in ("lint", "sim"):
        tool = core["targets"][target]["tools"]["verilator"]
        command = ["verilator", f"--{tool['mode']}", "--exe", "--Mdir", scratch, "--top-module", core["targets"][target]["toplevel"],
                   *(f"+incdir+{folder}" for folder in includes[target]), *sources[target], *tool["verilator_options"]]
        if tool["mode"] == "lint-only":
            command.remove("--exe")
        yield run(command, hw)
    top = core["targets"]["sim"]["toplevel"]
    yield run(["make", "-s", "-f", f"V{top}.mk", "OPT_FAST=-O0", "OPT_SLOW=-O0"], scratch)
    yield run([f"{scratch}/V{top}"], scratch)
    include = " ".join(f"-I{folder}" for folder in includes["synth"])
    yield run(["yosys", "-q", "-p", f"read_verilog -sv {include} {' '.join(sources['synth'])}; "
               f"hierarchy -check -top {core['targets']['synth']['toplevel']}; proc; check -assert"], hw)


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    hw = pathlib.Path(arguments[0]).resolve() / "hw"
    core = yaml.safe_load((hw / "apical.core").read_text())
    wrong = list(described(hw, core))
    if not wrong:
        with tempfile.TemporaryDirectory(prefix="apical-core-") as scratch:
            wrong = [text for text in done(hw, core, scratch) if text]
    for text in wrong:
        print(f"hw/apical.core: {text}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
