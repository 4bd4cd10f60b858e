#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Computes the digests of state of a bundle from hw/ARCHITECTURE.md alone ("State", "Bundles").

Usage: state_digest.py BUNDLE
Prints how many digests agree with manifest.json; ends with 1 where one does not, or none could be made.
"""

import ctypes
import json
import pathlib
import struct
import sys


class Hash128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


def xxh3_128(data):
    library = ctypes.CDLL("libxxhash.so.0")
    library.XXH3_128bits.restype = Hash128
    library.XXH3_128bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    value = library.XXH3_128bits(data, len(data))
    return f"{value.high:016x}{value.low:016x}"


def signed(word):
    return word - (1 << 32) if word >> 31 else word


def steps_of(path):
    for line in path.read_text().splitlines():
        if not line.startswith("//"):
            yield line[0], int(line[2:4], 16), int(line[4:], 16)


def digest(manifest, registers, words):
    lanes = manifest["parameters"]["LANES"]
    populations, projections = manifest["populations"], manifest["projections"]
    values = [registers["TICK"], registers["BETA"]]
    for k in range(len(projections)):
        values.append(words[33, 64 * len(populations) + 16 * k + 10])
    for population in populations:
        for memory in range(13):
            for unit in range(population["units"]):
                values.append(words.get((memory, population["first_unit"] + unit), 0))
    for projection in projections:
        if projection["weights_of"] != projection["name"]:
            continue
        blocks = -(-projection["columns"] // lanes)
        for i in range(projection["rows"]):
            for j in range(projection["columns"]):
                word = projection["first_word"] + (i // lanes * blocks + j // lanes) * lanes + i % lanes
                values.append(words[37, word * lanes + (i + j) % lanes])
    return xxh3_128(struct.pack(f"<{len(values)}q", *values))


def main(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    memory = word = made = wrong = tick = 0
    registers, words = {}, {}

    def end_of_tick():
        nonlocal made, wrong
        if "BETA" not in registers:
            return
        made += 1
        found, expected = digest(manifest, registers, words), manifest["state_digest_after_tick"][tick]
        if found != expected:
            wrong += 1
            print(f"tick {tick}: the comparisons have {found}, the manifest {expected}")

    for script in ("load.memh", "ticks.memh"):
        for number, (kind, offset, value) in enumerate(steps_of(folder / script)):
            first = manifest["first_step_of_tick"]
            if script == "ticks.memh" and tick + 1 < len(first) and number == first[tick + 1]:
                end_of_tick()
                registers.clear()
                tick += 1
            if kind == "0" and offset == 0x30:
                memory = value
            elif kind == "0" and offset == 0x34:
                word = value
            elif kind == "1" and offset == 0x14:
                registers["TICK"] = value
            elif kind == "1" and offset == 0x1C:
                registers["BETA"] = value
            elif kind in "01" and offset == 0x3C:
                if kind == "1":
                    words[memory, word] = signed(value)
                word += 1
    end_of_tick()
    print(f"{made - wrong} of {made} digests agree")
    return 0 if made > 0 and wrong == 0 else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1])))
