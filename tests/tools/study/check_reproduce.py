#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of tools/study/reproduce on a small study of its own: what it fills in, what it catches, how it ends.

Usage: check_reproduce.py PROGRAM
"""
import csv
import gzip
import io
import itertools
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy

sys.dont_write_bytecode = True
from independent_statistics import checksum, interval  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = Path(sys.argv.pop(1) if len(sys.argv) > 1 else ROOT / "build/apical").resolve()

BASE = """
[network]
layers = [64, 12, 10]
gain = 0.3
[dynamics]
beta = 0.5
[learning]
eta = [0.15, 0.045]
[formats]
allow_lossy_loading = true
"""
STUDY = """
base = "base.toml"
machine = "emulator"
seeds = 4
budget = 2
set = { "run.ticks" = 1600, "task.test_limit" = 60 }
reference = { "run.machine" = "golden" }
[[design]]
name = "weights"
  [[design.axis]]
  name = "bits"
  keys = ["formats.weight.bits", "formats.weight.frac"]
  values = [[6, 4], [16, 12]]
  [[design.axis]]
  name = "rounding"
  key = "formats.weight.rounding"
  values = ["RND_CONV", "STOCHASTIC"]
  labels = ["nearest", "stochastic"]
"""
CLAIMS = """
[[section]]
store = "small"
study = "small.toml"
title = "What a small one needs"
[[section.figure]]
design = "weights"
file = "small.svg"
caption = "Accuracy over bits"
[[section.claim]]
id = "both"
asked = "bits"
text = "6 {score weights | 6 | nearest}, 16 {score weights | 16 | stochastic}"
[[section.claim]]
id = "lost"
text = "Six bits lose {loss weights | 6 | stochastic} against {score reference}."
"""
README = """# small
Words before.
<!-- small: written by tools/study/reproduce from claims.toml; change it there -->
<!-- end of small -->
Words after.
"""


class Reproduce(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.TemporaryDirectory()
        folder = Path(cls.made.name)
        for name, text in {"base.toml": BASE, "small.toml": STUDY, "claims.toml": CLAIMS, "README.md": README}.items():
            (folder / name).write_text(text)
        cls.swept = cls.apical(folder, "sweep", "small.toml", "--out", "swept", "--pack", "stores/small.csv.gz")
        cls.packed = (folder / "stores/small.csv.gz").read_bytes()
        assert cls.swept.returncode == 0, cls.swept.stderr

    @classmethod
    def tearDownClass(cls):
        cls.made.cleanup()

    @staticmethod
    def apical(folder, *arguments):
        return subprocess.run([str(PROGRAM), *arguments], cwd=folder, capture_output=True, text=True, check=False)

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        for name, text in {"base.toml": BASE, "small.toml": STUDY, "claims.toml": CLAIMS, "README.md": README}.items():
            (self.folder / name).write_text(text)
        self.store = self.folder / "stores/small.csv.gz"
        self.store.parent.mkdir()
        self.store.write_bytes(self.packed)

    def reproduce(self, status, *arguments):
        ran = subprocess.run([str(ROOT / "tools/study/reproduce"), "--claims", str(self.folder / "claims.toml"), "--out",
                              str(self.folder / "out"), "--program", str(PROGRAM), *arguments],
                             capture_output=True, text=True, check=False, cwd=self.folder)
        self.assertEqual(ran.returncode, status, ran.stdout + ran.stderr)
        return ran.stdout + ran.stderr

    def rows(self):
        return list(csv.DictReader(io.StringIO(gzip.decompress(self.packed).decode())))

    def rewrite(self, change):
        """Stores the rows as `change` leaves them, with checksums that fit."""
        lines = gzip.decompress(self.packed).decode().splitlines(keepends=True)
        text = lines[0]
        for row in self.rows():
            change(row)
            out = io.StringIO()
            csv.writer(out, lineterminator="").writerow([value for name, value in row.items() if name != "checksum"])
            text += f"{out.getvalue()},{checksum(out.getvalue() + ',')}\n"
        self.store.write_bytes(gzip.compress(text.encode(), mtime=0))

    def test_packs_the_sorted_rows_and_nothing_of_when(self):
        swept = (Path(self.made.name) / "swept/results.csv").read_text().splitlines(keepends=True)
        text = gzip.decompress(self.packed).decode().splitlines(keepends=True)
        self.assertEqual(text, swept[:1] + sorted(swept[1:]))
        self.assertEqual(self.packed[3:8], bytes(5), "flags (no name) and time of the head")
        again = self.apical(self.folder, "sweep", "small.toml", "--from", str(self.store), "--out", "o", "--pack", "again.csv.gz")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual((self.folder / "again.csv.gz").read_bytes(), self.packed)
        plain = self.folder / "plain.csv"
        plain.write_bytes(gzip.decompress(self.packed))
        for source, out in ((self.store, "packed"), (plain, "plain")):
            self.assertEqual(self.apical(self.folder, "sweep", "small.toml", "--from", str(source), "--out", out).returncode, 0)
        for name in ("points.csv", "summary.json", "weights.svg", "weights.csv"):
            self.assertEqual((self.folder / "packed" / name).read_bytes(), (self.folder / "plain" / name).read_bytes(), name)

    def test_writes_then_finds_everything_fresh(self):
        first = self.reproduce(1, "--check")
        self.assertIn("claim both: its rows say", first)
        self.reproduce(0)
        said = self.reproduce(0, "--quick", "--rows", "3", "--seed", "7")
        self.assertIn("seed      7", said)
        self.assertEqual(said.count("equal to the bit"), 3)
        text = (self.folder / "README.md").read_text()
        self.assertTrue(text.startswith("# small\nWords before.\n") and text.endswith("Words after.\n"))
        self.assertTrue((self.folder / "small.svg").read_text().startswith("<?xml"))
        page = (self.folder / "out/index.html").read_text()
        for part in ("prefers-color-scheme: dark", "@media print", "max-width: 40rem", "name=viewport", "trained again by",
                     "tools/study/reproduce --claim both", "Written by apical"):
            self.assertIn(part, page)
        self.assertFalse(re.search(r"(src|href)=\"(?!data:|#)", page), "something that isn't in the page")
        self.assertRegex(self.reproduce(0, "--quick", "--rows", "1"), r"seed      \d+")
        self.assertEqual(sorted(p.name for p in self.folder.iterdir() if p.name.startswith(".")), [])

    def test_figures_are_what_the_rows_say(self):
        self.reproduce(0)
        scores = {}
        for row in self.rows():
            keys = dict(part.split("=", 1) for part in row["settings"].split(" "))
            seed, machine = keys.pop("run.seed"), row["machine"]
            position = machine if machine == "golden" else (keys["formats.weight.bits"], keys["formats.weight.rounding"].strip("'"))
            scores.setdefault(position, {})[seed] = 100 * float(row["score"])
        self.assertEqual(sorted(map(len, scores.values())), [4] * 5)
        self.apical(self.folder, "sweep", "small.toml", "--from", str(self.store), "--out", "o")
        summary = json.loads((self.folder / "o/summary.json").read_text())
        names = {"nearest": "RND_CONV", "stochastic": "STOCHASTIC"}
        seen = 0
        for design, cell in ((d, c) for d in summary["designs"] for c in d["cells"]):
            labels = tuple(cell["at"].values())
            own = scores["golden" if design["name"] == "reference" else (labels[0], names[labels[1]])]
            mean, half = interval(list(own.values()))
            self.assertAlmostEqual(cell["mean"], mean, places=9)
            self.assertAlmostEqual(cell["half"], half, places=5)
            self.assertEqual((cell["n"], cell["tested"]), (4, 60))
            mean, half = interval([scores["golden"][seed] - own[seed] for seed in own])
            self.assertAlmostEqual(cell["loss"]["mean"], mean, places=9)
            self.assertAlmostEqual(cell["loss"]["low"], mean - half, places=5)
            self.assertAlmostEqual(cell["loss"]["high"], mean + half, places=5)
            seen += 1
        self.assertEqual(seen, 5)
        text = (self.folder / "README.md").read_text()
        for position in (("6", "RND_CONV"), ("16", "STOCHASTIC")):
            mean, half = interval(list(scores[position].values()))
            found = re.search(rf"{position[0]} (\d+(?:\.\d+)?) ± (\d+(?:\.\d+)?) % \(n = 4\)", text)
            self.assertTrue(found, text)
            self.assertAlmostEqual(float(found[1]), mean, delta=0.51)
            self.assertAlmostEqual(float(found[2]), half, delta=0.51)
        lost = [scores["golden"][seed] - scores["6", "STOCHASTIC"][seed] for seed in scores["golden"]]
        self.assertIn(f"lose {numpy.mean(lost):.2f} points (", text)

    def test_an_edited_row_is_caught_by_training_it(self):
        for column, value in (("score", "0.5"), ("ticks", "1601"), ("state", "0" * 32), ("status", "diverged")):
            digest = self.rows()[5]["digest"]

            def change(row, column=column, value=value, digest=digest):
                if row["digest"] == digest:
                    row[column] = value
                    if column == "status":
                        row["score"] = ""
            self.rewrite(change)
            self.reproduce(0)  # every sentence says what the false row says
            said = self.reproduce(1, "--quick", "--rows", "0")
            self.assertRegex(said, f"row isn't repeated: small {digest} .*{column} {value}, now ")
            self.assertEqual(said.count("equal to the bit"), len(self.rows()) - 1)

    def test_a_row_changed_without_its_sentence_is_caught(self):
        self.reproduce(0)
        self.rewrite(lambda row: row.update(score="0.25") if row["machine"] == "golden" else None)
        said = self.reproduce(1, "--check")
        self.assertIn("claim lost: its rows say", said)
        self.assertIn("small.svg: isn't the figure", said)

    def test_a_sentence_changed_without_its_row_is_caught(self):
        self.reproduce(0)
        path = self.folder / "README.md"
        whole = path.read_text()
        line = next(line for line in whole.split("\n") if line.startswith("- Six bits"))
        figures = list(re.finditer(r"\d+", line))
        self.assertGreater(len(figures), 6)
        for figure in figures:
            other = line[:figure.start()] + str(int(figure.group()) + 1) + line[figure.end():]
            path.write_text(whole.replace(line, other))
            said = self.reproduce(1, "--check")
            self.assertIn("no row says this: - Six bits", said)
            self.assertIn("claim lost: its rows say", said)
        for other in (whole.replace(line + "\n", ""), whole.replace(line, line + "\n- 8 bits lose 9 %"),
                      whole.replace(line, line + "\n" + line)):
            path.write_text(other)
            self.reproduce(1, "--check")
        path.write_text(whole)
        self.reproduce(0, "--check")
        path.write_text(whole.replace("<!-- end of small -->", ""))
        self.assertIn("no place for small", self.reproduce(2, "--check"))

    def test_claims_rest_on_rows(self):
        good = CLAIMS.replace("[[section.claim]]\nid = \"lost\"",
                              'rests = [{ at = "reference", above = 1 }]\n[[section.claim]]\nid = "lost"')
        for text, status, said in (
                (CLAIMS.replace("{score weights | 6 | nearest}", "97.5 %"), 2, 'claim both: "97.5 %" is written by hand'),
                (CLAIMS.replace("Six bits lose", "Six bits, which lose 0.3 ± 0.1, lose"), 2, "written by hand"),
                (CLAIMS.replace("Accuracy over bits", "97 % with 8 bits"), 2, "written by hand"),
                (CLAIMS.replace('"Six bits lose {loss weights | 6 | stochastic} against {score reference}."', '"All is well"'), 2,
                 "claim lost: has no figure"),
                (CLAIMS.replace("6 | nearest", "7 | nearest"), 2, "has no 7 | nearest; accepted: 6 | nearest; "),
                (CLAIMS.replace("score weights", "score heavy"), 2, "no design heavy; accepted: reference, weights"),
                (CLAIMS.replace("asked", "ask"), 2, "claim both: ask; accepted: asked"),
                (CLAIMS.replace('id = "lost"', 'id = "both"'), 2, "each once"),
                (CLAIMS.replace('study = "small.toml"', 'study = "none.toml"'), 2, "none.toml"),
                (CLAIMS + "\nx", 2, "accepted: TOML"),
                (good, 0, "page"),
                (good.replace("above = 1", "above = 99"), 1, "claim both rests on reference being above 99; it is "),
                (good.replace("above = 1", "below = 1"), 1, "being below 1; it is "),
                (good.replace("above = 1", 'verdict = "no"'), 1, 'being "no"; it is "yes"')):
            (self.folder / "claims.toml").write_text(text)
            (self.folder / "README.md").write_text(README)
            self.assertIn(said, self.reproduce(status))

    def test_stores_that_are_not_there_or_not_whole_are_named(self):
        self.store.unlink()
        self.assertRegex(self.reproduce(2), r"reproduce: .*stores/small.csv.gz: not there; accepted: .*--pack")
        for damaged in (self.packed[:-9], self.packed + b"x", self.packed[:40] + b"\0" + self.packed[41:], b"\x1f\x8b", b"",
                        gzip.compress(gzip.decompress(self.packed)[:-5])):
            self.store.write_bytes(damaged)
            self.assertIn("small.csv.gz", self.reproduce(2))

        def stranger(row):
            row["settings"] += " learning.eta=0.1"
            row["digest"] = "0" * 31 + "1"
        count = itertools.count()
        self.rewrite(lambda row: stranger(row) if next(count) == 2 else None)
        self.assertRegex(self.reproduce(2), r"1 rows that no point of .*small.toml has.*0{31}1 \(.*learning.eta=0.1\)")
        self.rewrite(lambda row: row.update(data="0" * 32))
        self.assertIn("or on other data", self.reproduce(2))

    def test_rows_of_other_builds_are_repeated_by_this_one(self):
        count = itertools.count()
        self.rewrite(lambda row: row.update(build="5" * 32) if next(count) == 7 else None)
        self.reproduce(0)
        said = self.reproduce(0, "--quick", "--rows", "2")
        other = next(row["digest"] for row in csv.DictReader(io.StringIO(gzip.decompress(self.store.read_bytes()).decode()))
                     if row["build"] == "5" * 32)
        self.assertIn(other, said)  # one of every build is drawn
        self.assertIn("555555555555", (self.folder / "out/index.html").read_text())

    # A key that was added since gives every configuration another digest; what the row sets still finds it.
    def test_rows_whose_keys_were_fewer_are_repeated(self):
        count = itertools.count()
        self.rewrite(lambda row: row.update(digest="7" * 32) if next(count) == 7 else None)
        self.reproduce(0)
        said = self.reproduce(0, "--quick", "--rows", "2", "--seed", "1")
        self.assertIn("1 of 20 rows were written with other keys", said)
        self.assertIn("small " + "7" * 32, said)
        count = itertools.count()
        self.rewrite(lambda row: row.update(digest="7" * 32, state="1" * 32) if next(count) == 7 else None)
        self.assertIn("state " + "1" * 32 + ", now ", self.reproduce(1, "--quick", "--rows", "2", "--seed", "1"))

    def test_rows_that_are_not_drawn_are_counted(self):
        self.reproduce(0)
        said = self.reproduce(0, "--quick", "--largest", "10")
        self.assertIn("not drawn 20 rows of small: they take more than 10 multiply-accumulates", said)
        self.assertIn("20 rows, they take more", (self.folder / "out/index.html").read_text())

    def test_a_claim_trains_all_its_rows(self):
        said = self.reproduce(0, "--claim", "lost")
        self.assertEqual(said.count("equal to the bit"), 8)  # 4 seeds of the reference and of 6 bits
        self.assertIn("--claim none; accepted: both, lost", self.reproduce(2, "--claim", "none"))

    def test_bad_usage(self):
        self.assertIn("--rows", self.reproduce(2, "--rows", "-1"))
        self.reproduce(2, "--nonsense")
        self.assertIn("not there", self.reproduce(2, "--program", "absent"))
        ran = subprocess.run([str(ROOT / "tools/study/reproduce"), "--help"], capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, 0)
        self.assertIn("Exit status: 0", ran.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=1)
