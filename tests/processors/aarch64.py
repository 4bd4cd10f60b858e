#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whether aarch64 has the results of this processor: builds the preset aarch64 and compares, under QEMU, the digests
of processor_digests (golden networks, baselines, tasks, random emulators), of configuration_digests (a training of
each configuration of digits8 on the emulator) and of a C99 program on libapical_c with those of BUILD. Looks for
vector instructions in the inner loops.

Usage: aarch64.py [BUILD]              BUILD: a folder of the preset release, with all built; default: build
       aarch64.py --if-built BUILD     builds nothing; ends with 77 where build/aarch64 isn't there or was made of
                                       other sources
Ends with 0 (equal), 1 (not), 2 (bad usage, or something is missing; tools/setup --aarch64 installs it) or 77.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
THERE = ROOT / "build" / "aarch64"
TRIPLE = "aarch64-linux-gnu"
QEMU = ["qemu-aarch64", "-L", f"/usr/{TRIPLE}"]
CONFIGURATIONS = sorted((ROOT / "tools" / "configs").glob("digits8*.toml"))
# The inner loops by the folder of their objects, and an instruction on vectors that they are made for.
LOOPS = {
    "fixedpoint/CMakeFiles/apical_kernels_1.dir/emulator/kernels_isa.cpp.o": r"\b(smlal2?|smull2?|mla|mul)\s+v\d+\.",
    "fixedpoint/CMakeFiles/apical_kernels_1.dir/emulator/neurons_isa.cpp.o": r"\b(add|smax|smin|cmgt|sshl)\s+v\d+\.",
    "model/CMakeFiles/apical_sums_1.dir/sums_isa.cpp.o": r"\bfmul\s+v\d+\.2d",
}


class Missing(Exception):
    pass


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        raise Missing(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def sources_of(build):
    """The digest of the sources that a folder was built of, as report/version.cpp has it."""
    header = build / "tools" / "build_id.hpp"
    found = re.search('APICAL_BUILD_ID "(.*)"', header.read_text()) if header.exists() else None
    return found and found.group(1)


def digests(build, qemu, compiler, scratch):
    """Every digest of a build folder by name."""
    lines = run(*qemu, build / "tests/processor_digests") + run(*qemu, build / "tests/configuration_digests", *CONFIGURATIONS)
    found = dict(reversed(line.split("  ", 1)) for line in lines.splitlines())
    program = scratch / compiler
    run(compiler, "-std=c99", "-I", ROOT / "tools/c", ROOT / "tests/tools/package/consumer/consumer.c", "-o", program,
        build / "libapical_c.so", f"-Wl,-rpath,{build}")
    for configuration in CONFIGURATIONS:
        found[f"{configuration.stem}, from C"] = run(*qemu, program, configuration).strip()
    return found


def main(build, only_built):
    for program in (QEMU[0], f"{TRIPLE}-g++", f"{TRIPLE}-objdump"):
        if shutil.which(program) is None:
            if only_built:
                print(f"aarch64: skipped, {program} isn't installed; tools/setup --aarch64 installs it")
                return 77
            raise Missing(f"{program} isn't installed; run tools/setup --aarch64")
    if only_built:
        if sources_of(build) != sources_of(THERE) or not (THERE / "tests/configuration_digests").exists():
            print(f"aarch64: skipped, {THERE.relative_to(ROOT)} isn't built of these sources; "
                  "tests/processors/aarch64.py builds it")
            return 77
    else:
        run("cmake", "--preset", "aarch64")
        run("cmake", "--build", "--preset", "aarch64")
    with tempfile.TemporaryDirectory(prefix="apical-aarch64-") as scratch:
        here = digests(build, [], "cc", pathlib.Path(scratch))
        there = digests(THERE, QEMU, f"{TRIPLE}-gcc", pathlib.Path(scratch))
    wrong = [name for name in sorted(here.keys() | there.keys()) if here.get(name) != there.get(name)]
    for name in wrong:
        print(f"{name}: {here.get(name)} here, {there.get(name)} on aarch64")
    print(f"{len(here)} digests here, {len(there)} on aarch64: {len(wrong)} differ")
    for name, instruction in LOOPS.items():
        count = len(re.findall(instruction, run(f"{TRIPLE}-objdump", "--disassemble", "--no-show-raw-insn", THERE / name)))
        print(f"{pathlib.Path(name).name}: {count} times {instruction}")
        wrong += [name] if count == 0 else []
    return 1 if wrong or not here else 0


if __name__ == "__main__":
    arguments = sys.argv[1:]
    built = arguments[:1] == ["--if-built"]
    if len(arguments) != 2 if built else len(arguments) > 1 or "".join(arguments).startswith("-"):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        sys.exit(main(pathlib.Path(arguments[-1] if arguments else "build").resolve(), built))
    except Missing as why:
        print(f"aarch64: {why}", file=sys.stderr)
        sys.exit(2)
