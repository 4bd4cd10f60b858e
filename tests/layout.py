#!/usr/bin/python3
"""Whether includes point one way: a room may include its own files and those of the rooms that it is built on.

Usage: layout.py [ROOT]
Names every include that points elsewhere, every folder with sources that no room is named for, and every folder that
holds more than a third of all lines. Ends with 0 (none), 1 (some) or 2 (bad usage).
"""
import pathlib
import re
import subprocess
import sys

# What each room is built on, the lowest first; where a room is named, those that it is built on come with it.
ROOMS = {
    "model/settings": [],
    "model": ["model/settings"],
    "hw": [],
    "fixedpoint/numeric": ["model/settings"],
    "fixedpoint/program": ["fixedpoint/numeric"],
    "fixedpoint/emulator": ["fixedpoint/program"],
    "sim/driver": ["hw"],
    "sim/isa": ["fixedpoint/program", "hw"],
    "sim/machines": ["fixedpoint/emulator", "model"],
    "sim/core": ["sim/isa", "sim/machines"],
    "sim/mesh": ["sim/core"],
    "sim/platform": ["sim/core", "sim/driver"],
    "sim/verify": ["sim/core"],
    "sim/example": ["sim/platform"],
    "tools/report": ["sim/core"],
    "tools/config": ["tools/report"],
    "tools/run": ["tools/config", "sim/platform", "sim/verify"],
    "tools/verify": ["tools/run"],
    "tools/deploy": ["tools/verify"],
    "tools/explore": ["tools/run", "sim/mesh"],
    "tools/experiments": ["tools/run"],
    "tools/study": ["tools/run"],
    "tools/cli": ["tools/deploy", "tools/explore", "tools/experiments", "tools/study"],
    "tools/python": ["tools/study"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def below(room):
    """The room and all that it is built on."""
    return {room}.union(*(below(base) for base in ROOMS[room]))


def room_of(path):
    folder = str(pathlib.PurePosixPath(path).parent)
    while folder not in ROOMS and "/" in folder:
        folder = folder.rsplit("/", 1)[0]
    return folder if folder in ROOMS else None


def findings(root):
    tracked = subprocess.run(["git", "-C", root, "ls-files"], capture_output=True, text=True, check=True).stdout.split()
    sources = [p for p in tracked if p.endswith((".cpp", ".hpp", ".c", ".h")) and not p.startswith("tests/")]
    for path in sources:
        room = room_of(path)
        if room is None:
            yield f"{path}: in no room; accepted: {', '.join(ROOMS)}"
            continue
        allowed = below(room)
        for include in INCLUDE.findall((root / path).read_text()):
            target = room_of(include) if (root / include).exists() else None
            if include.startswith("tests/") or (target is not None and target not in allowed):
                yield f"{path}: includes {include}; accepted: {', '.join(sorted(allowed))}"
    lines = {}
    for path in tracked:
        if path.endswith((".cpp", ".hpp", ".c", ".h", ".sv", ".svh", ".py", ".sh", ".rdl")):
            lines[path] = len((root / path).read_text().splitlines())
    for top in sorted({p.split("/")[0] for p in lines if "/" in p}):
        share = sum(n for p, n in lines.items() if p.startswith(top + "/")) / sum(lines.values())
        if share > 1 / 3:
            yield f"{top}/: {share:.0%} of all lines; accepted: a third"


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
