#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whether a number of the core's encoding stands anywhere but in hw/apical.rdl and what is made of it.

Usage: encodings.py [ROOT]
Names every line that shifts or masks a word of the core by a number, or selects its bits by one: in C and C++ of files
that know the core's words, in Verilog of signals that hold them. Ends with 0 (none), 1 (some) or 2 (bad usage).
"""
import pathlib
import re
import subprocess
import sys

GENERATED = ("hw/isa.hpp", "hw/isa_names.hpp", "hw/apical_registers.h", "hw/rtl/apical_isa.svh", "hw/apical.xml")
# Written from the document alone, to be another opinion.
INDEPENDENT = ("tests/sim/isa/test_isa.cpp", "hw/formal/")
# Shifts and masks in files that know the words, of something else.
OTHERWISE = {
    "hw/firmware/apical_spi.c": "value << 8|head >> 24|& 0xffffffu",  # bytes on the bus, words of a script
    "sim/core/external_tools.cpp": "room.available >> 20",  # MiB
    "sim/isa/requirements.cpp": "rest >>= 1",  # bits that a number needs
    "sim/mesh/mesh_map.cpp": r"2 \* 16",  # bits of rho and alpha
    "sim/verify/vectors.cpp": "word >> 44",  # steps of a script
    "tests/hw/test_hw_host.cpp": r"\) << 6|& ~3u",  # addresses beyond their memories, offsets of registers
    "tests/tools/config/test_random_configurations.cpp": r"\) >> 11",  # random numbers
    "tools/deploy/firmware.cpp": r"offset\) << 24",  # words of a script
}

# C and C++ that know the words.
KNOWS = re.compile(r'#\s*include\s+"(hw/|sim/isa/|sim/core/|sim/verify/|sim/platform/|sim/driver/|lockstep|apical_)')
TEXT = re.compile(r'"(?:\\.|[^"\\\n])*"')
RAW = re.compile(r'R"(\w*)\(.*?\)\1"|/\*.*?\*/', re.S)
# A number of the left side is a power of two, 32 halves a word of 64 bits.
SHIFT = re.compile(r"[\w.\])}]+\s*(?:<<|>>)=?\s*(?:0x[0-9a-fA-F]+|\d+)u?\b")
POWER = re.compile(r"^(1u?l?l?|\S*\b1\})\s*<<|(<<|>>)=?\s*32$")
MASK = re.compile(r"(?<!&)&\s*~?(?:0x[0-9a-fA-F]+|\d+)u?\b")
STRIDE = re.compile(r"(?<![\w.])(?:64|16)u?\s*\*\s*[a-z]|[\w)\]]\s*\*\s*(?:64|16)\b(?!')")
# The lowest bit of a set that was shifted, of a random number; a bit of a set.
LOWEST = re.compile(r"(>>\s*[a-z_][\w:]*\)?|random\(\))\s*$")

# Verilog: what holds words, selected by a number; 32 are the bits of a word.
WORD = re.compile(r"\b(op|words?\w*|matrix\w*|descriptor\w*|place|header\w*|\w*wdata_i|observed_q|targets_q|errors_[qd])"
                  r"\[([^\]]*)\]")


def cpp(text):
    if not KNOWS.search(text):
        return
    text = RAW.sub(lambda raw: '""' + "\n" * raw[0].count("\n"), text)
    for number, line in enumerate(text.splitlines(), 1):
        code = TEXT.sub('""', line).split("//")[0]
        for found in SHIFT.finditer(code):
            if not POWER.search(found[0]):
                yield number, found[0]
        for found in MASK.finditer(code):
            bit = re.fullmatch(r"&\s*1u?", found[0])
            if not bit or not (LOWEST.search(code[:found.start()]) or code[found.end():].lstrip().startswith("<<")):
                yield number, found[0]
        for found in STRIDE.finditer(code):
            yield number, found[0]


def verilog(text):
    for number, line in enumerate(text.splitlines(), 1):
        for found in WORD.finditer(line.split("//")[0]):
            index = re.sub(r"\*\s*32\b|\+:\s*32\b|\b[A-Z]+-1:0|\w+'\([^)]*\)|^0\+:", "", found[2])
            if re.search(r"(?<![\w'])\d", index):
                yield number, found[0]


def findings(root):
    tracked = subprocess.run(["git", "-C", root, "ls-files", "hw", "sim", "tools", "tests"], capture_output=True,
                             text=True, check=True).stdout.split()
    for path in tracked:
        if path in GENERATED or path.startswith(INDEPENDENT + ("hw/rdl/",)):
            continue
        look = cpp if path.endswith((".cpp", ".hpp", ".c", ".h")) else verilog if path.endswith(".sv") else None
        if look is None or not (root / path).exists():
            continue
        for number, what in look((root / path).read_text()):
            if path not in OTHERWISE or not re.search(OTHERWISE[path], what):
                yield f"{path}:{number}: {what.strip()}"


def main(arguments):
    if len(arguments) > 1:
        print(__doc__, file=sys.stderr)
        return 2
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).resolve().parents[1])
    found = list(findings(root))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
