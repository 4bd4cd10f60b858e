# SPDX-License-Identifier: Apache-2.0
"""What the tests of the Python package share."""
import os
import subprocess
import tempfile
import unittest

import numpy as np

import apical

PROGRAM = os.environ["APICAL_PROGRAM"]
SOURCE = os.environ["APICAL_SOURCE_DIR"]
DIGITS = os.path.join(SOURCE, "tools", "configs", "digits8.toml")
SMALL = """[network]
layers = [5, 4, 3]
activation = "tanh"
[dynamics]
beta = 0.5
[learning]
eta = [0.1, 0.05]
"""


def random(seed, *shape):
    """Numbers in -1..1."""
    return np.random.default_rng(seed).uniform(-1, 1, shape)


class InFolder(unittest.TestCase):
    """A test in a folder of its own, gone afterwards."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)

    def apical(self, *arguments):
        """Runs the command line; (status, standard output, standard error)."""
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def refused(self, *needed):
        """A ValueError whose message has all of `needed`."""
        return _Refused(self, needed)


class _Refused:
    def __init__(self, test, needed):
        self.test, self.needed = test, needed

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.test.assertTrue(kind is not None and issubclass(kind, ValueError), f"no ValueError but {error!r}")
        self.message = str(error)
        for text in self.needed:
            self.test.assertIn(text, self.message)
        return True


def main():
    assert apical.__file__.startswith(os.environ["PYTHONPATH"])
    unittest.main()
