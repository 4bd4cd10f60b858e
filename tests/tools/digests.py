#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes down what every machine makes of every configuration, so that a change that is meant to keep all bits can
be seen to have kept them.

Usage: digests.py BUILD_FOLDER OUTPUT        writes a line "NAME DIGEST" per result
       digests.py --compare BEFORE AFTER     names every line that differs

The results: of each configuration in tools/configs a short training on every machine that runs it; of 500 random
programs the memory image, the emulator's state and the core model's; every file of five bundles. Bundles and results
carry the version and the date: these are left out. Ends with 0 (all equal), 1 (not), 2 (bad usage, or a build folder
that lacks a program).
"""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MACHINES = ["golden", "emulator", "tlm", "rtl"]
PROGRAMS = 500
BUNDLES = [("digits8", "smoke", 8), ("digits8-microcircuit", "learning", 8), ("digits8-events", "learning", 20),
           ("digits8-8bit", "random", 20), ("digits8-up5k", "corners", 200)]
# What says when and by what a file was made.
PROVENANCE = re.compile(r"^apical$|version|commit|date|build|sha256", re.I)


def run(command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False,
                          env={**os.environ, "SOURCE_DATE_EPOCH": "0"})


def trained(apical, configuration, machine, folder):
    """The digest after a short training, or why there is none."""
    command = [apical, "run", str(configuration), "--machine", machine, "--ticks", "200", "--set", "task.test_limit=4",
               "--out", str(folder)]
    if configuration.name.startswith("mnist"):
        command += ["--set", "task.kind=teacher"]  # whose inputs need no download
    done = run(command)
    if done.returncode != 0:
        return "refused: " + hashlib.sha256(done.stderr.encode()).hexdigest()[:16]
    result = json.loads((folder / "result.json").read_text())
    return result["state_digest"]


def without_provenance(value):
    if isinstance(value, dict):
        return {k: without_provenance(v) for k, v in value.items() if not PROVENANCE.search(k)}
    return [without_provenance(v) for v in value] if isinstance(value, list) else value


def bundle_files(folder):
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or path.name == "SHA256SUMS":
            continue
        data = path.read_bytes()
        if path.name == "manifest.json":
            data = json.dumps(without_provenance(json.loads(data))).encode()
        yield path.relative_to(folder), hashlib.sha256(data).hexdigest()


def write(build, output):
    apical, programs = build / "apical", build / "tests" / "program_digests"
    for program in (apical, programs):
        if not program.exists():
            print(f"digests: {program} isn't there; accepted: a folder that was built", file=sys.stderr)
            return 2
    lines = []
    with tempfile.TemporaryDirectory(prefix="apical-digests-") as scratch:
        for configuration in sorted((ROOT / "tools" / "configs").glob("*.toml")):
            for machine in MACHINES:
                digest = trained(apical, configuration, machine, pathlib.Path(scratch) / f"{configuration.stem}-{machine}")
                lines.append(f"{configuration.stem} {machine} {digest}")
        done = run([str(programs), str(PROGRAMS)])
        if done.returncode != 0:
            print(f"digests: {programs}: {done.stderr}", file=sys.stderr)
            return 2
        lines += done.stdout.splitlines()
        for name, profile, ticks in BUNDLES:
            folder = pathlib.Path(scratch) / f"bundle-{name}"
            done = run([str(apical), "vectors", "export", f"tools/configs/{name}.toml", "--profile", profile, "--ticks",
                        str(ticks), "--out", str(folder)])
            if not folder.exists():
                print(f"digests: bundle of {name}: {done.stderr}", file=sys.stderr)
                return 2
            lines += [f"bundle {name} {profile} {path} {digest}" for path, digest in bundle_files(folder)]
    pathlib.Path(output).write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} digests in {output}")
    return 0


def compare(before, after):
    def read(path):
        return dict(line.rsplit(" ", 1) for line in pathlib.Path(path).read_text().splitlines())
    a, b = read(before), read(after)
    different = [name for name in sorted(a.keys() | b.keys()) if a.get(name) != b.get(name)]
    for name in different:
        print(f"{name}: {a.get(name)} before, {b.get(name)} after")
    print(f"{len(a)} before, {len(b)} after, {len(different)} differ")
    return 1 if different or not a else 0


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "--compare":
        sys.exit(compare(sys.argv[2], sys.argv[3]))
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(write(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]))
