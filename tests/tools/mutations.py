# SPDX-License-Identifier: Apache-2.0
"""What a mutant of a file is made of: text, bytes and datasets, and the ways to change them."""
import json
import re

import h5py
import numpy

VALUES = ["0", "-1", "1", "2147483647", "2147483648", "-9223372036854775808", "9223372036854775807",
          "99999999999999999999", "1e308", "-1e308", "1e-320", "nan", "inf", "-inf", '""', '"a"', '"' + "x" * 5000 + '"',
          '"\\u0000"', '"../../../etc"', '"/dev/zero"', "[]", "[[]]", "[1, \"a\"]", "[1, 2, 3]", "[" * 60 + "]" * 60,
          "[" + "1, " * 3000 + "1]", "true", "false", "{}", "{ a = 1 }", "1979-05-27", "07:32:00", "0x7f", "1_0", "é",
          "'", '"""']


class Files:
    """The ways to change a file, drawn by `rng`."""

    def __init__(self, rng):
        self.rng = rng

    def raw(self, data):
        data = bytearray(data)
        for _ in range(self.rng.randint(1, 4)):
            at = self.rng.randrange(len(data) + 1)
            how = self.rng.randrange(4)
            if how == 0 and data:
                data[at % len(data)] ^= 1 << self.rng.randrange(8)
            elif how == 1:
                del data[at:at + self.rng.choice([1, 3, 100, 10**6])]
            elif how == 2:
                data[at:at] = bytes(self.rng.randrange(256) for _ in range(self.rng.choice([1, 8, 100])))
            else:
                data[at:at] = data[max(0, at - 50):at]
        return bytes(data)

    def toml(self, text):
        if self.rng.random() < 0.1:
            return self.raw(text.encode())
        lines = text.splitlines()
        for _ in range(self.rng.choice([1, 1, 1, 2, 4])):
            at = self.rng.randrange(len(lines))
            how = self.rng.randrange(8)
            if how < 4 and "=" in lines[at]:
                lines[at] = lines[at].split("=")[0] + "= " + self.rng.choice(VALUES)
            elif how == 4:
                del lines[at]
            elif how == 5:
                lines.insert(at, lines[self.rng.randrange(len(lines))])
            elif how == 6:
                lines[at] = re.sub(r"\w+", lambda m: self.rng.choice([m[0], m[0] + "x", m[0][:-1], "layer-1"]), lines[at], count=1)
            else:
                number = re.compile(r"-?\d+(\.\d+)?")
                lines[at] = number.sub(lambda m: self.rng.choice([m[0], "-" + m[0], m[0] + "0" * self.rng.randrange(12), "0"]),
                                       lines[at])
            if not lines:
                lines = [""]
        return "\n".join(lines).encode() + b"\n"

    def json(self, text):
        if self.rng.random() < 0.2:
            return self.raw(text)
        tree = json.loads(text)
        places = []

        def visit(node):
            for key, value in node.items() if isinstance(node, dict) else enumerate(node):
                places.append((node, key))
                if isinstance(value, (dict, list)):
                    visit(value)
        visit(tree)
        for _ in range(self.rng.choice([1, 1, 3])):
            node, key = self.rng.choice(places)
            how = self.rng.randrange(3)
            try:
                if how == 0:
                    del node[key]
                else:
                    node[key] = self.rng.choice([0, -1, 1, 2**31, 2**63, 2**64, 1e308, -0.5, "", "x" * 5000, "../x", None, True, [],
                                                 {}, [[]], 10**9, "/dev/zero", "a\nb\x1b[31m"])
            except (KeyError, IndexError):
                pass
        return json.dumps(tree, indent=2).encode()

    def lines(self, text):
        if self.rng.random() < 0.2:
            return self.raw(text)
        lines = text.decode(errors="replace").splitlines()
        for _ in range(self.rng.choice([1, 1, 3])):
            at = self.rng.randrange(len(lines))
            how = self.rng.randrange(5)
            cells = re.split(r"([, ])", lines[at])
            if how == 0:
                del lines[at]
            elif how == 1:
                lines.insert(at, lines[self.rng.randrange(len(lines))])
            elif how == 2:
                lines = lines[:at + 1]
            else:
                cells[self.rng.randrange(len(cells))] = self.rng.choice(["", "abc", "-1", "nan", "inf", "1e999", "0" * 40, "ffffffffffffffffff", "\t", '"'])
                lines[at] = "".join(cells)
            if not lines:
                lines = [""]
        return "\n".join(lines).encode() + b"\n"

    def hdf5(self, path, arrays):
        """Writes the datasets, some of them changed, to `path`."""
        victim = self.rng.choice(list(arrays))
        with h5py.File(path, "w") as file:
            for name, values in arrays.items():
                how = self.rng.randrange(12) if name == victim else 99
                shape = values.shape
                if how == 0:
                    continue
                if how == 1:
                    shape = self.rng.choice([(10**13, shape[1]), (130 * 10**6, shape[1]), (0, shape[1]), (shape[0], 0), (2**33, 2**33)])
                    file.create_dataset(name, shape, "f8", chunks=(1, min(shape[1], 16)) if min(shape) > 0 else None)
                elif how == 2:
                    file[name] = values.astype(self.rng.choice(["f4", "i1", "u8", "f2"]))
                elif how == 3:
                    file[name] = numpy.array([["é" * 3] * shape[1]] * shape[0], dtype=h5py.string_dtype())
                elif how == 4:
                    file[name] = values.astype("c16")
                elif how == 5:
                    file[name] = numpy.zeros(shape, dtype=[("a", "f8"), ("b", "i4")])
                elif how == 6:
                    file[name] = values.reshape((1,) + shape)
                elif how == 7:
                    file[name] = values[0, 0]
                elif how == 8:
                    file[name] = h5py.Empty("f8")
                elif how == 9:
                    spoilt = values.copy()
                    spoilt[self.rng.randrange(shape[0]), self.rng.randrange(shape[1])] = self.rng.choice([numpy.nan, numpy.inf, 1e308, -1e308])
                    file[name] = spoilt
                elif how == 10:
                    file[name] = h5py.SoftLink(self.rng.choice(["/nowhere", name]))
                elif how == 11:
                    file.create_group(name + "/inner")
                else:
                    file[name] = values
            if self.rng.random() < 0.1:
                file["/weights/more"] = numpy.ones((2, 2))
        if self.rng.random() < 0.25:
            path.write_bytes(self.raw(path.read_bytes()))

    def npz(self, path, arrays):
        """Writes the arrays, some of them changed, as a .npz file to `path`."""
        victim = self.rng.choice(list(arrays))
        written = {}
        for name, values in arrays.items():
            how = self.rng.randrange(10) if name == victim else 99
            if how == 0:
                continue
            if how == 1:
                values = values.astype(self.rng.choice(["f4", "f2", "i1", "u8", ">f8", "c16", "i8", "i4", "S3", "O"]))
            elif how == 2:
                values = numpy.zeros(values.shape, dtype=[("a", "f8"), ("b", "i4")])
            elif how == 3:
                values = values.reshape((1,) + values.shape)
            elif how == 4:
                values = values.ravel()[0]
            elif how == 5:
                values = values.copy()
                values.ravel()[self.rng.randrange(values.size)] = self.rng.choice([numpy.nan, numpy.inf, 1e308, -1e308])
            elif how == 6:
                values = self.rng.choice([values[:0], values[:-1], values.T])
            elif how == 7:
                values = numpy.asfortranarray(values)
            written[name] = values
        if self.rng.random() < 0.1:
            written[self.rng.choice(["W3", "c.bias", "..", "W1/x"])] = numpy.ones((2, 2))
        self.rng.choice([numpy.savez, numpy.savez_compressed])(path, **written)
        data = bytearray(path.read_bytes())
        how = self.rng.random()
        if how < 0.25:
            path.write_bytes(self.raw(data))
        elif how < 0.5:  # a field of the archive's records, or the header of an array
            marks = [m.start() for m in re.finditer(rb"PK..|shape|descr|NUMPY", data)]
            at = self.rng.choice(marks) + self.rng.randrange(4, 40)
            width = self.rng.choice([1, 2, 4])
            data[at:at + width] = (self.rng.choice([0, 1, 8, 2**16 - 1, 2**31 - 1, 2**32 - 1]) % 256**width).to_bytes(width, "little")
            path.write_bytes(data)
