# SPDX-License-Identifier: Apache-2.0
"""Rows trained again by this build: whoever wrote them, they have to be repeated to the bit."""
import csv
import subprocess
import tempfile
from pathlib import Path

from .stores import REPEATED, Refused


class Again:
    """What became of one row: `differs` names the columns that aren't repeated, as "score: 0.97, now 0.98"."""

    def __init__(self, store, digest, row, now):
        self.store, self.digest, self.row = store, digest, row
        self.differs = [f"{name} {row[name] or 'none'}, now {now[name] or 'none'}" for name in REPEATED if row[name] != now[name]]
        if self.differs and now["trouble"] and now["trouble"] != row["trouble"]:
            self.differs.append(f"now: {now['trouble']}")

    def words(self):
        said = "; ".join(self.differs) if self.differs else "equal to the bit"
        return f"{self.store.name} {self.row['digest']} ({self.row['settings']}): {said}"


def cost(row):
    """Multiply-accumulates, what a training's time goes with; of a row without them its ticks."""
    return int(row["macs"] or row["ticks"] or 0)


def data_are_here(store, digest):
    return store.points[digest]["data_here"] == "yes"


def drawn(store, random, count, largest):
    """`count` points of a store, and why others can't be drawn: {reason: how many}. One comes from each build that wrote
    rows, and one from the rows that were found by their keys, as far as `count` goes."""
    out, able = {}, []
    for digest in sorted(store.points):
        row = store.row(digest)
        reason = None
        if not data_are_here(store, digest):
            reason = "their data aren't here (tools/fetch-mnist, tools/fetch-fashion-mnist)"
        elif row["status"] == "failed":
            reason = "they failed: there is no result to repeat"
        elif largest is not None and cost(row) > largest:
            reason = f"they take more than {largest:.2g} multiply-accumulates (--largest)"
        if reason:
            out[reason] = out.get(reason, 0) + 1
        else:
            able.append(digest)
    random.shuffle(able)
    renewed = set(store.renewed())
    strata = {}
    for digest in able:
        strata.setdefault((store.row(digest)["build"], digest in renewed), []).append(digest)
    first = [digests[0] for _, digests in sorted(strata.items())]
    chosen = first + [digest for digest in able if digest not in first]
    return (chosen if count is None else chosen[:max(count, 0)]), out


def train(store, digests, threads, progress):
    """Trains points of a store again; yields an Again for each, as they end."""
    if not digests:
        return
    with tempfile.TemporaryDirectory(prefix="apical-reproduce-") as folder:
        command = [str(store.program), "sweep", str(store.study), "--out", folder]
        if threads:
            command += ["--threads", str(threads)]
        for digest in digests:
            command += ["--only", digest]
        with open(Path(folder) / "said", "w+") as said:
            ran = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
            try:
                while ran.poll() is None:
                    try:
                        ran.wait(0.5)
                    except subprocess.TimeoutExpired:
                        progress(count_rows(Path(folder) / "results.csv"), len(digests))
            finally:
                if ran.poll() is None:
                    ran.terminate()
                    ran.wait()
            said.seek(0)
            if ran.returncode not in (0, 1):
                raise Refused(said.read().strip() or f"{store.program} ended with {ran.returncode}")
        with open(Path(folder) / "results.csv", newline="") as file:
            now = {row["digest"]: row for row in csv.DictReader(file)}
    progress(len(digests), len(digests))
    for digest in digests:
        if digest not in now:
            raise Refused(f"{store.study}: {digest} wasn't trained; accepted: a program that ran all that it was asked to")
        yield Again(store, digest, store.row(digest), now[digest])


def count_rows(path):
    try:
        return max(0, path.read_text().count("\n") - 1)
    except FileNotFoundError:
        return 0
