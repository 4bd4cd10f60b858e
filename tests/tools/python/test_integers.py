# SPDX-License-Identifier: Apache-2.0
"""Integers in Python: the quantiser, raw weights, checkpoints; against the command line and the C interface."""
import ctypes
import json
import os

import numpy as np

import apical
from common import PROGRAM, SMALL, InFolder, main, random

FORMATS = (
    {"bits": 8, "frac": 4, "rounding": "RND_CONV", "overflow": "SAT"},
    {"bits": 5, "frac": 6, "rounding": "TRN", "overflow": "WRAP"},
    {"bits": 12, "frac": -3, "signed": False, "rounding": "RND_INF", "overflow": "SAT_ZERO"},
    {"bits": 8, "frac": 3, "rounding": "STOCHASTIC", "overflow": "SAT_SYM"},
)


class Quantiser(InFolder):
    def test_quantises_as_the_command_line_does(self):
        numbers = np.concatenate([random(3, 40) * 20, [0.0, 1 / 3, -7.97, 2.0**40, -(2.0**-40), 1e300]])
        for format in FORMATS:
            for random16 in (0, 40000):
                text = apical.quantiser.toml(format)
                status, out, error = self.apical("quantise", "--format", text, "--random", str(random16), "--json",
                                                 *(repr(float(x)) for x in numbers))
                self.assertEqual(status, 0, error)
                rows = json.loads(out)
                found = apical.quantise(numbers.reshape(2, -1), format, random16)
                self.assertEqual(found.raw.ravel().tolist(), [row["raw"] for row in rows], text)
                self.assertEqual(found.limited.ravel().tolist(), [row["overflow"] is not None for row in rows], text)
                np.testing.assert_array_equal(found.value, found.raw * 2.0 ** -format["frac"])

    def test_takes_random_bits_of_every_value(self):
        format = {"bits": 8, "frac": 0, "rounding": "STOCHASTIC"}
        found = apical.quantise([0.25, 0.25, 0.25], format, np.array([0, 49151, 49152], dtype=np.uint16))
        self.assertEqual(found.raw.tolist(), [0, 0, 1])
        self.assertEqual(apical.quantise(0.25, format, 49152).raw.shape, ())

    def test_refuses(self):
        with self.refused("value 1 is nan", "finite"):
            apical.quantise([0.0, float("nan")], FORMATS[0])
        with self.refused("0..65535"):
            apical.quantise([0.5], FORMATS[3], 65536)
        with self.refused("random16", "accepted: integers"):
            apical.quantise([0.5], FORMATS[3], [1, 2])
        with self.refused("format: ", "accepted: "):
            apical.quantise(1.0, {"bits": 8, "fraction": 3})


class Integers(InFolder):
    def setUp(self):
        super().setUp()
        self.config = apical.parse(SMALL)
        self.inputs, self.targets = random(1, 40, 5), random(2, 40, 3)

    def machine(self, *overrides):
        return apical.Machine(self.config.override(list(overrides)), "emulator")

    def test_weights_are_whole_numbers_of_their_lsb(self):
        machine = self.machine()
        machine.run_ticks(self.inputs, self.targets)
        other = self.machine()
        for name in machine.all_weights():
            raw = machine.raw_weights(name)
            self.assertEqual(raw.dtype, np.int64)
            np.testing.assert_array_equal(raw * machine.weight_lsb(name), machine.weights(name))
            other.set_raw_weights(name, raw)
            np.testing.assert_array_equal(other.weights(name), machine.weights(name))
        raw[0, 0] = 2**15
        with self.refused("W2: value 0 is 32768", "-32768..32767"):
            other.set_raw_weights("W2", raw)
        with self.refused("W2", "3 x 5"):
            other.set_raw_weights("W2", raw[:, :-1])
        with self.assertRaises(TypeError):
            other.set_raw_weights("W2", raw * 0.5)
        with self.refused("golden", "emulator"):
            apical.Machine(self.config, "golden").raw_weights(1)

    def test_goes_on_from_a_checkpoint(self):
        for overrides in ((), ("formats.weight.rounding=STOCHASTIC",), ("network.circuit=microcircuit",)):
            machine = self.machine(*overrides)
            machine.set_learning_scale(0.5)
            machine.run_ticks(self.inputs, self.targets)
            kept, digest = machine.checkpoint(), machine.state_digest()
            machine.run_ticks(self.inputs, learning=False)
            machine.run_ticks(self.inputs, self.targets)
            again = self.machine(*overrides, "run.schedule=dense")
            again.run_ticks(self.inputs[:7])
            again.restore(kept)
            self.assertEqual((again.checkpoint(), again.state_digest()), (kept, digest))
            again.run_ticks(self.inputs, learning=False)  # after which it learns at the restored rates
            again.run_ticks(self.inputs, self.targets)
            self.assertEqual(again.state_digest(), machine.state_digest(), overrides)
            again.set_learning_scale(1.0)
            again.run_ticks(self.inputs, self.targets)
            machine.run_ticks(self.inputs, self.targets)
            self.assertNotEqual(again.state_digest(), machine.state_digest())

    def test_refuses_what_is_no_checkpoint_of_it(self):
        machine = self.machine()
        machine.run_ticks(self.inputs, self.targets)
        kept, digest = machine.checkpoint(), machine.state_digest()
        for bytes_, text in ((b"", "not one"), (kept[:-8], "snapshot: "), (kept[:200] + b"x" + kept[201:], "checksum")):
            with self.refused(text):
                machine.restore(bytes_)
            self.assertEqual(machine.state_digest(), digest)
        with self.refused("of the program"):
            self.machine("run.seed=2").restore(kept)
        with self.refused("checkpoint: of golden", "emulator"):
            apical.Machine(self.config, "golden").checkpoint()
        with self.refused("imperfections"):
            self.machine("imperfections.noise=0.1").checkpoint()

    def test_shares_checkpoints_with_c(self):
        c = ctypes.CDLL(os.path.join(os.path.dirname(PROGRAM), "libapical_c.so"))
        handle, size = ctypes.c_void_p(), ctypes.c_size_t()
        self.assertEqual(c.apical_open_text(SMALL.encode(), None, None, ctypes.c_size_t(0), ctypes.byref(handle)), 0)
        machine = self.machine()
        machine.run_ticks(self.inputs, self.targets)
        kept = machine.checkpoint()
        self.assertEqual(c.apical_snapshot_size(handle, ctypes.byref(size)), 0)
        self.assertEqual(size.value, len(kept))
        self.assertEqual(c.apical_restore(handle, kept, ctypes.c_size_t(len(kept))), 0)
        digest = ctypes.create_string_buffer(64)
        self.assertEqual(c.apical_digest(handle, digest, ctypes.c_size_t(64)), 0)
        self.assertEqual(digest.value.decode(), machine.state_digest())
        self.assertEqual(c.apical_tick(handle), 0)
        other = self.machine()
        buffer = ctypes.create_string_buffer(size.value)
        self.assertEqual(c.apical_snapshot(handle, buffer, size), 0)
        other.restore(buffer.raw)
        self.assertEqual(c.apical_digest(handle, digest, ctypes.c_size_t(64)), 0)
        self.assertEqual(other.state_digest(), digest.value.decode())
        c.apical_close(handle)


if __name__ == "__main__":
    main()
