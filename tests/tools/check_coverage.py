#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts once more what a bundle says that it covers, from its scripts, its signals and hw/ARCHITECTURE.md alone.
Usage: check_coverage.py FOLDER [--still]   a bundle of `apical vectors export --signals` of a plain network
--still: no weight moves in it, so that the document says of each FORWARD and BACKWARD how it is done.
Exit status: 0 everything agrees, 1 something differs, 2 bad usage or an unreadable bundle."""
import collections, csv, json, pathlib, sys

RATE, ERROR, TARGET, SENT_RATE, SENT_ERROR, OPERATIONS = 4, 7, 9, 11, 12, 32
CONTROL, ERRORS, TICK, LINK, SELECT, ADDRESS, DATA, INPUT_UNIT, INPUT = 0x08, 0x10, 0x14, 0x28, 0x30, 0x34, 0x3c, 0x40, 0x44
ALL_FLAGS = (TICK, 0x18, 0x24, LINK)
CODES = ["END", "FORWARD", "BACKWARD", "UPDATE", "LEARN"]
failures, compared = [], 0


def check(what, expected, found):
    global compared
    compared += 1
    if expected != found:
        failures.append(f"{what}: the scripts have {expected}, the manifest {found}")


def steps_of(path):
    for line in path.read_text().splitlines():
        if not line.startswith("//"):
            yield line[0], int(line[2:4], 16), int(line[4:], 16)


def signed(word):
    return word - (1 << 32) if word >> 31 else word


def ticks_of(folder):
    """Per tick: the words before it and after it by (memory, address), inputs, and whether all flags were set."""
    words, links, operations = collections.defaultdict(int), {}, {}
    memory = address = unit = 0
    inputs, marked, ticks, begun = [], True, [], None
    for script in ("load.memh", "ticks.memh"):
        for kind, offset, value in steps_of(folder / script):
            if kind == "0" and offset == SELECT:
                memory = value
            elif kind == "0" and offset == ADDRESS:
                address = value
            elif kind == "0" and offset == INPUT_UNIT:
                unit = value
            elif kind == "0" and offset == LINK:
                links[value & 255] = value >> 8 & 255, value >> 16 & 255
            elif kind == "0" and offset == INPUT:
                inputs.append((unit, signed(value)))
                unit += 1
            elif offset == DATA and kind in "01":
                if kind == "0":
                    marked |= memory != TARGET
                    if memory == OPERATIONS:
                        operations[address] = value
                if memory != OPERATIONS:
                    (begun if begun is not None and kind == "1" else words)[memory, address] = signed(value)
                address += 1
            if kind == "0" and offset in ALL_FLAGS:
                marked = True
            if kind == "0" and offset == CONTROL and value & 1:
                begun = {}
                ticks.append((dict(words), begun, inputs, marked))
                inputs, marked = [], False
            elif kind == "1" and offset == ERRORS and begun is not None:
                words.update(begun)
                begun = None
    return ticks, links, operations


def distance(value, sent, theta):
    return "below" if abs(value - sent) < theta else "at" if abs(value - sent) == theta else "above"


def start_errors(folder):
    """Results of the passes START_ERROR by population and unit: they send, too, and are over before errors."""
    found = collections.defaultdict(dict)
    for record in json.loads((folder / "signals.json").read_text())["records"]:
        if record["csv"].startswith("start_error_"):
            for row in csv.DictReader((folder / record["csv"]).open()):
                found[record["population"]][int(row["unit"])] = int(row["result"])
    return found


def thresholds(folder, manifest, ticks):
    covered, counts = manifest["coverage"]["thresholds"], collections.Counter()
    starts = start_errors(folder)
    for tick, (before, after, inputs, _) in enumerate(ticks):
        form = manifest["populations"][0]["formats"]["rate"]
        low, high = (-(1 << form["bits"] - 1), (1 << form["bits"] - 1) - 1) if form["signed"] else (0, (1 << form["bits"]) - 1)
        theta, sent = covered["layer0"]["rate"]["theta"], {}
        for unit, value in inputs:
            value = min(max(value, low), high)
            last = sent.get(unit, before.get((SENT_RATE, unit), 0))
            counts["layer0", "rate", distance(value, last, theta)] += 1
            sent[unit] = value if abs(value - last) > theta else last
        for layer, p in enumerate(manifest["populations"][1:], 1):
            for i in range(p["units"]):
                at = p["first_unit"] + i
                for signal, memory, memory_sent in (("rate", RATE, SENT_RATE), ("error", ERROR, SENT_ERROR)):
                    theta, last = covered[f"layer{layer}"][signal]["theta"], before.get((memory_sent, at), 0)
                    if signal == "error" and tick == 0 and i in starts[p["name"]]:
                        value = starts[p["name"]][i]
                        counts[f"layer{layer}", signal, distance(value, last, theta)] += 1
                        last = value if abs(value - last) > theta else last
                    value = after[memory, at]
                    counts[f"layer{layer}", signal, distance(value, last, theta)] += 1
                    expected = value if abs(value - last) > theta else last
                    check(f"what tick {tick} sends of {signal} {i} of {p['name']}", expected, after[memory_sent, at])
    for layer, signals in covered.items():
        for signal, found in signals.items():
            for name in ("below", "at", "above"):
                check(f"{signal} of {layer} {name} theta", counts[layer, signal, name], found[name])


def operations(manifest, program, first_of_later, played):
    """How often each operation comes, done or skipped: the first tick begins with operation 0."""
    counts = collections.Counter()
    for tick in range(played):
        at = 0 if tick == 0 else first_of_later
        while program[at] & 15:
            counts[CODES[program[at] & 15]] += 1
            at += 1
        counts["END"] += 1
    for name, found in manifest["coverage"]["operations"].items():
        check(f"operations {name}", counts[name], found["done"] + found["skipped"])
        if "anew" in found:
            check(f"{name} done", found["done"], found["by events"] + found["anew"])


def errors(folder, manifest):
    names, counts, last = list(manifest["coverage"]["errors"]), collections.Counter(), 0
    for kind, offset, value in steps_of(folder / "errors.memh"):
        if offset == ERRORS and kind == "1":
            for bit, name in enumerate(names):
                counts[name] += (value & ~last) >> bit & 1
            last = value
        elif offset == ERRORS and kind == "0":
            last &= ~value
    for name, found in manifest["coverage"]["errors"].items():
        check(f"ERRORS.{name}", counts[name], found)


def walks(manifest, ticks, links, program, first_of_later):
    """By events, anew or skipped, of every FORWARD and BACKWARD of ticks.memh where no weight moves."""
    counts, waits, places = collections.Counter(), set(), manifest["populations"]
    def changed(memory, population, before, after):
        p = places[population]
        return any(before.get((memory, p["first_unit"] + i), 0) != after[memory, p["first_unit"] + i] for i in range(p["units"]))
    dirty = set()
    for tick, (before, after, _, marked) in enumerate(ticks):
        if marked:
            dirty = {(code, k) for code in (1, 2) for k in links}
        def sends(memory, population, code):
            if changed(memory, population, before, after):
                waits.update((code, k) for k, link in links.items() if link[code - 1] == population)
        sends(SENT_RATE, 0, 1)
        at = 0 if tick == 0 else first_of_later
        while program[at] & 15:
            code, index, slots = program[at] & 15, program[at] >> 4 & 255, program[at] >> 12
            if code == 3 and slots >> 5 & 1:
                sends(SENT_RATE, index, 1)
            if code == 3 and slots >> 8 & 1:
                sends(SENT_ERROR, index, 2)
            if code in (1, 2):
                how = "anew" if (code, index) in dirty else "by events" if (code, index) in waits else "skipped"
                counts[CODES[code], how] += 1
                dirty.discard((code, index))
                waits.discard((code, index))
            at += 1
    return counts


def main(folder, still=False):
    manifest = json.loads((folder / "manifest.json").read_text())
    ticks, links, program = ticks_of(folder)
    first = [value for kind, offset, value in steps_of(folder / "load.memh") if kind == "0" and offset == 0x20][-1]
    thresholds(folder, manifest, ticks)
    errors(folder, manifest)
    # errors.memh has two ticks that end with END: one during which the host does what it must not, one with a full list.
    operations(manifest, program, first, len(ticks) + 2)
    if still:
        counts = walks(manifest, ticks, links, program, first)
        for name in ("FORWARD", "BACKWARD"):
            found = manifest["coverage"]["operations"][name]
            of_program = sum(CODES[program[at] & 15] == name for at in range(first, max(program) + 1))
            # Both begin after something that marks all as changed: the first is done anew, and of the second what its
            # inputs reach, of which only the first FORWARD is sure; so the ticks' own counts are a lower bound.
            for how in ("by events", "anew", "skipped"):
                excess = found[how] - counts[name, how]
                check(f"{name} {how}, beyond those of ticks.memh", True, 0 <= excess <= 2 * of_program)
            check(f"{name} by events, seen", True, counts["FORWARD", "by events"] > 0)
    print(*failures[:10], f"{compared} counts compared, {len(failures)} failures", sep="\n")
    return bool(failures)


try:
    sys.exit(main(pathlib.Path(sys.argv[1]), "--still" in sys.argv[2:]))
except (OSError, ValueError, LookupError, TypeError) as error:
    print(f"{type(error).__name__}: {error}\n{__doc__}", file=sys.stderr)
    sys.exit(2)
