# SPDX-License-Identifier: Apache-2.0
"""Sweeps: the store that `apical sweep` writes, row for row."""
import csv
import locale
import os
import subprocess

import apical
from common import DIGITS, InFolder, main

STUDY = f"""
base = "{DIGITS}"
machine = "emulator"
set = {{ "formats.allow_lossy_loading" = true, "run.ticks" = 800, "task.test_limit" = 40 }}
seeds = 2
[[design]]
name = "bits"
kind = "grid"
[[design.axis]]
key = "formats.weight.bits"
values = [8, 16]
"""


def store(path):
    with open(path, encoding="utf8", newline="") as file:
        return sorted(csv.reader(file))


class Sweeps(InFolder):
    def test_is_apical_sweep_and_resumes(self):
        with open("study.toml", "w", encoding="utf8") as file:
            file.write(STUDY)
        sweep = apical.sweep("study.toml", out="here", threads=2)
        status, _, error = self.apical("sweep", "study.toml", "--out", "there", "--threads", "1")
        self.assertEqual(status, 0, error)
        self.assertEqual(store(sweep.store), store("there/results.csv"))
        self.assertEqual([row.status for row in sweep.rows], ["ok"] * 4)
        self.assertEqual({row.measure for row in sweep.rows}, {"accuracy"})
        self.assertTrue(os.path.getsize(sweep.report))
        lossy = {"formats.allow_lossy_loading": True}
        base = apical.load(DIGITS, {**lossy, "run.machine": "emulator", "run.ticks": 800, "task.test_limit": 40})
        for row in sweep.rows:
            config = base.override(row.settings.split())
            self.assertEqual(config.digest, row.digest)
            result = apical.run(config, quiet=True).result
            self.assertEqual((result.state_digest, result.score), (row.state_digest, row.score))
        size = os.path.getsize(sweep.store)
        again = apical.sweep("study.toml", out="here")
        self.assertEqual(os.path.getsize(sweep.store), size)
        self.assertEqual([row.state_digest for row in again.rows], [row.state_digest for row in sweep.rows])

    def test_points_that_cannot_run_are_refused_before_any_does(self):
        with open("study.toml", "w", encoding="utf8") as file:
            file.write(STUDY)
        with self.assertRaisesRegex(ValueError, "network.layers: 64 inputs and 9 outputs"):
            apical.sweep("study.toml", overrides={"network.layers": [64, 12, 9]})
        self.assertFalse(os.path.exists("out"))

    def test_reads_its_store_under_any_locale(self):
        with open("study.toml", "w", encoding="utf8") as file:
            file.write(STUDY)
        before = [row.score for row in apical.sweep("study.toml").rows]
        with open("comma", "w", encoding="utf8") as file:
            file.write('LC_NUMERIC\ndecimal_point ","\nthousands_sep "."\ngrouping 3;3\nEND LC_NUMERIC\n')
        # It warns of the categories that aren't there, with a status of its own.
        subprocess.run(["localedef", "-c", "-i", "./comma", "-f", "UTF-8", "./comma.UTF-8"],
                       check=False, stderr=subprocess.DEVNULL)
        os.environ["LOCPATH"] = os.getcwd()
        locale.setlocale(locale.LC_NUMERIC, "comma.UTF-8")
        try:
            self.assertEqual(locale.localeconv()["decimal_point"], ",")
            self.assertEqual([row.score for row in apical.sweep("study.toml").rows], before)
            self.assertTrue(all(0 < score < 1 for score in before), before)
        finally:
            locale.setlocale(locale.LC_NUMERIC, "C")

    def test_refuses_what_the_command_line_refuses(self):
        with open("study.toml", "w", encoding="utf8") as file:
            file.write(STUDY.replace("grid", "grind"))
        status, _, error = self.apical("sweep", "study.toml")
        with self.refused("study.toml") as refusal:
            apical.sweep("study.toml")
        self.assertEqual((status, error), (2, f"apical: {refusal.message}\n"))
        self.assertEqual(os.listdir(), ["study.toml"])
        with self.refused("threads"):
            apical.sweep("study.toml", threads=5000)


if __name__ == "__main__":
    main()
