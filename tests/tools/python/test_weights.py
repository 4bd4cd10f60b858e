# SPDX-License-Identifier: Apache-2.0
"""Weights to and from NumPy and HDF5, read back by h5py, numpy and the command line."""
import json
import os

import h5py
import numpy as np

import apical
from common import DIGITS, SMALL, InFolder, main, random

SHAPES = {"W1": (4, 6), "W2": (3, 5)}
SHORT = {"run.ticks": 400, "task.test_limit": 10, "run.machine": "emulator"}


class Exchange(InFolder):
    def setUp(self):
        super().setUp()
        self.weights = {name: random(i, *shape) for i, (name, shape) in enumerate(SHAPES.items())}

    def test_files_have_the_published_layout(self):
        apical.save_weights("w.npz", self.weights)
        apical.save_weights("w.h5", self.weights)
        with np.load("w.npz") as arrays, h5py.File("w.h5") as file:
            self.assertEqual((set(arrays), set(file["weights"])), (set(SHAPES), set(SHAPES)))
            for name, matrix in self.weights.items():
                np.testing.assert_array_equal(arrays[name], matrix)
                np.testing.assert_array_equal(file[f"/weights/{name}"], matrix)
                self.assertEqual(file[f"/weights/{name}"].dtype, np.dtype("<f8"))
        for path in ("w.npz", "w.h5"):
            read = apical.load_weights(path)
            for name, matrix in self.weights.items():
                np.testing.assert_array_equal(read[name], matrix)
        self.assertEqual(sorted(os.listdir()), ["w.h5", "w.npz"])

    def test_machines_start_from_any_form(self):
        config = apical.parse(SMALL)
        apical.save_weights("w.npz", self.weights)
        apical.save_weights("w.h5", self.weights)
        digests = {
            apical.Machine(config, "emulator", given).state_digest()
            for given in (self.weights, "w.npz", "w.h5", {k: v.tolist() for k, v in self.weights.items()})
        }
        self.assertEqual(len(digests), 1)
        self.assertNotIn(apical.Machine(config, "emulator").state_digest(), digests)

    def test_numpy_writes_what_is_read(self):
        kinds = ("<f8", "<f4", "<i8", "<i4")
        arrays = {f"{kind[1:]}{order}": (np.asarray(100 * random(3, 4, 5)).astype(kind, order=order))
                  for kind in kinds for order in "CF"}
        arrays["vector"] = random(4, 6)
        arrays["empty"] = np.zeros((0, 3))
        arrays["noncontiguous"] = random(5, 6, 6)[::2, ::3]
        for save in (np.savez, np.savez_compressed):
            save("all.npz", **arrays)
            read = apical.load_weights("all.npz")
            self.assertEqual(list(read), list(arrays))
            for name, array in arrays.items():
                np.testing.assert_array_equal(read[name], array.reshape(array.shape[0], array.size // array.shape[0] if array.size else 3), name)
        for kind in (">f8", "f2", "c16", "u8", "i2", "S3", "?", "O"):
            np.savez("other.npz", W1=np.ones((2, 2)).astype(kind))
            with self.refused("other.npz: W1 ", "accepted: a .npz file"):
                apical.load_weights("other.npz")

    def test_modules_of_pytorch_are_taken_in_their_order(self):
        modules = {"z.bias": self.weights["W1"][:, -1], "z.weight": self.weights["W1"][:, :-1],
                   "a.weight": self.weights["W2"][:, :-1], "a.bias": self.weights["W2"][:, -1]}
        single = {name: values.astype("f4") for name, values in modules.items()}  # as state_dict() has them
        config = apical.parse(SMALL)
        for given, exact in ((modules, True), (single, False)):
            np.savez("torch.npz", **given)
            machine = apical.Machine(config, "golden", "torch.npz")
            for name, matrix in self.weights.items():
                expected = matrix if exact else matrix.astype("f4").astype(float)
                np.testing.assert_array_equal(machine.weights(name), expected)

    def test_the_command_line_reads_what_python_wrote_and_back(self):
        config = apical.load(DIGITS, SHORT)
        weights = {name: random(i, *shape) for i, (name, shape) in enumerate(config.weight_shapes.items())}
        apical.save_weights("given.h5", weights)
        apical.save_weights("given.npz", weights)
        arguments = [f"--set={key}={value}" for key, value in SHORT.items()]
        status, out, error = self.apical("run", DIGITS, *arguments, "--weights", "given.h5", "--out", "out", "--json")
        self.assertEqual(status, 0, error)
        digest = json.loads(out)["state_digest"]
        run = apical.run(config, weights="given.npz", quiet=True)
        self.assertEqual(run.result.state_digest, digest)
        self.assertNotEqual(apical.run(config, quiet=True).result.state_digest, digest)
        written = apical.load_weights("out/weights.h5")
        for name, matrix in run.weights().items():
            np.testing.assert_array_equal(written[name], matrix)
        np.testing.assert_array_equal(run.initial_weights()["W1"], weights["W1"])

    def test_refusals_name_the_file_and_leave_nothing(self):
        for path in ("w.txt", "weights"):
            with self.refused(path, "accepted: a name that ends in"):
                apical.save_weights(path, self.weights)
        with self.refused("nowhere/w.h5"):
            apical.save_weights("nowhere/w.h5", self.weights)
        with self.refused("W1", "finite"):
            apical.save_weights("w.npz", {"W1": [[np.inf]]})
        with self.refused("weights: list"):
            apical.save_weights("w.npz", [1])
        self.assertEqual(os.listdir(), [])
        for name in ("bad.npz", "bad.h5"):
            with self.refused(name, "doesn't exist"):
                apical.load_weights(name)
            with open(name, "wb") as file:
                file.write(b"no such thing")
            with self.refused(name):
                apical.load_weights(name)
        np.savez("object.npz", W1=np.array([None, 1], dtype=object))
        with self.refused("object.npz: W1 holds Python objects"):
            apical.load_weights("object.npz")
        config = apical.parse(SMALL)
        apical.save_weights("w.h5", self.weights)
        with self.refused("w.h5: W1 is 4 x 6; W2 is 3 x 5; accepted: W1 7 x 6; W2 3 x 8"):
            apical.Machine(config.override({"network.layers": [5, 7, 3]}), "golden", "w.h5")
        with self.refused("weights: \"W3\"; accepted: W1, W2"):
            apical.Machine(config, "golden", {**self.weights, "W3": [[1]]})
        with self.refused("weights W2", "accepted: 3 x 5"):
            apical.Machine(config, "golden", {**self.weights, "W2": [[1]]})
        with self.refused("weights W2: not numbers"):
            apical.Machine(config, "golden", {**self.weights, "W2": "abc"})
        with self.refused("weights: accepted"):
            apical.Machine(config, "golden", 3)


if __name__ == "__main__":
    main()
