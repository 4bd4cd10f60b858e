# SPDX-License-Identifier: Apache-2.0
"""Stores as `apical sweep` reads them: rows, means, intervals and verdicts are its, never computed here."""
import csv
import gzip
import hashlib
import io
import json
import subprocess

# What a re-trained row has to repeat to the bit.
REPEATED = ("status", "measure", "score", "score_learning", "tested", "ticks", "state")


class Refused(Exception):
    """Bad input, as one line: what was given, what is accepted."""


class Store:
    """A committed store with its study.

    points: of points.csv, one per configuration that the store has, by today's digest; rows: of the store, by their own
    digest and data; summary: of summary.json; folder: where the report of `apical sweep` lies.
    """

    def __init__(self, name, study, file, program, folder):
        self.name, self.study, self.file, self.program, self.folder = name, study, file, program, folder
        if not file.is_file():
            raise Refused(f"{file}: not there; accepted: the store of {study}: {packing(study, file)}")
        command = [program, "sweep", study, "--from", file, "--out", folder]
        ran = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        # 1: something diverged, which is a result.
        if ran.returncode not in (0, 1) or not (folder / "summary.json").is_file():
            raise Refused(ran.stderr.strip() or f"{program} ended with {ran.returncode}")
        self.summary = json.loads((folder / "summary.json").read_text())
        self.bytes = file.read_bytes()
        text = (gzip.decompress(self.bytes) if self.bytes[:2] == b"\x1f\x8b" else self.bytes).decode()
        self.rows = {}
        for row in csv.DictReader(io.StringIO(text, newline="")):
            self.rows[row["digest"], row["data"]] = row
        self.points = {}
        with open(folder / "points.csv", newline="") as file_of_points:
            for point in csv.DictReader(file_of_points):
                if point["status"] != "missing":
                    self.points[point["digest"]] = point

    def row(self, digest):
        """The store's row of a point."""
        point = self.points[digest]
        return self.rows[point["row"], point["data"]]

    def cell(self, design, labels):
        """What the summary says of a position: a design's name and its labels in the order of its axes."""
        for d in self.summary["designs"]:
            if d["name"] == design:
                for cell in d["cells"]:
                    if list(cell["at"].values()) == list(labels):
                        return cell
                known = "; ".join(" | ".join(cell["at"].values()) for cell in d["cells"])
                raise Refused(f"{self.study}: design {design} has no {' | '.join(labels)}; accepted: {known}")
        known = ", ".join(d["name"] for d in self.summary["designs"])
        raise Refused(f"{self.study}: no design {design}; accepted: {known}")

    def builds(self):
        """How many rows each build wrote."""
        count = {}
        for digest in self.points:
            build = self.row(digest)["build"]
            count[build] = count.get(build, 0) + 1
        return count

    def renewed(self):
        """Points whose row has another digest: the configuration had other keys when it ran."""
        return [digest for digest, point in self.points.items() if point["row"] != digest]

    def sha256(self):
        return hashlib.sha256(self.bytes).hexdigest()


def packing(study, file):
    return f"build/apical sweep {study} --pack {file}"
