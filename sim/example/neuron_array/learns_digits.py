#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""neuron_array.sv beside the emulator, by Python: a test as cocotb would call it, with a scoreboard of whole ticks.

PYTHONPATH=build/python /usr/bin/python3 sim/example/neuron_array/learns_digits.py [--ticks N] [--folder FOLDER]
FOLDER has the design (default: this file's). Ends with 0 (equal), 1 (the two part) or 2 (bad usage, no Icarus Verilog).

Scoreboard only asks for a function that reads a signal. In a cocotb test that is, for the voltages of layer 1,
[unit.value.signed_integer for unit in dut.voltage_hidden], and learns_digits(dut) is the test itself.
"""
import argparse
import asyncio
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import apical

HERE = pathlib.Path(__file__).resolve().parent
PIXELS, HIDDEN, OUTPUTS, PRESENTATION = 64, 16, 10, 8
# In the order in which a tick writes, and piped.sv tells them: signal, layer.
SIGNALS = [("basal", 1), ("u", 1), ("slope", 1), ("rate", 1), ("basal", 2), ("u", 2), ("nudge", 2), ("error", 2),
           ("apical", 1), ("nudge", 1), ("error", 1)]
WEIGHT_FRAC, WORDS = 7, 16 * 17 + 10 * 5
UNKNOWN = -2**40  # x, which no value of the emulator equals


class Parted(Exception):
    """The design holds something else than the emulator."""


class Scoreboard:
    """Compares a design with a machine after every tick. read(signal, layer) gives raw values [units],
    read_weights(name) raw weights [rows, columns] with the bias last."""

    def __init__(self, machine, read, read_weights):
        self.machine, self.read, self.read_weights, self.ticks = machine, read, read_weights, 0

    def compare(self):
        """Raises Parted with tick, place, both values and their bits at the first one that differs."""
        for signal, layer in SIGNALS:
            self._same(f"{signal} of layer{layer}", self.machine.live_raw(signal, layer), self.read(signal, layer))
        for name in ("W1", "W2"):
            expected = np.rint(self.machine.weights(name) * 2**WEIGHT_FRAC).astype(np.int64)
            self._same(name, expected, self.read_weights(name))
        self.ticks += 1

    def _same(self, what, expected, found):
        different = np.argwhere(np.asarray(expected) != found)
        if len(different) == 0:
            return
        at = tuple(different[0])
        parted = int(expected[at]) ^ int(found[at])
        bits = ", ".join(str(bit) for bit in range(64) if parted >> bit & 1)
        raise Parted(f"tick {self.ticks}: {what}, unit {', '.join(map(str, at))}: expected {expected[at]}, found " +
                     ("x" if found[at] == UNKNOWN else f"{found[at]}, bits {bits}"))


class Dut:
    """The design under Icarus Verilog, behind piped.sv."""

    def __init__(self, folder, scratch):
        program = str(pathlib.Path(scratch) / "piped.vvp")
        sources = ["neuron_array.sv", "weight_lane.sv", "piped.sv"]
        subprocess.run(["iverilog", "-g2012", "-s", "piped", "-I", str(folder), "-o", program] +
                       [str(folder / source) for source in sources], check=True, stderr=subprocess.DEVNULL)
        self.process = subprocess.Popen(["vvp", "-n", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.state, self.held = {}, None

    def tell(self, *numbers):
        self.process.stdin.write(" ".join(map(str, numbers)) + "\n")

    def show(self, pixels, target):
        for number, value in enumerate(pixels):
            self.tell(0, number, value)
        for number, value in enumerate(target):
            self.tell(1, number, value)

    def load(self, name, weights):
        for (row, column), raw in np.ndenumerate(weights):
            self.tell(2, column % 4, self.place(name, row, column), raw)

    @staticmethod
    def place(name, row, column):
        return 17 * row + column // 4 if name == "W1" else 16 * 17 + 5 * row + column // 4

    async def tick(self):
        self.tell(3)
        self.tell(4)
        self.process.stdin.flush()
        line = await asyncio.to_thread(self.process.stdout.readline)
        values = np.array([UNKNOWN if "x" in word.lower() else int(word) for word in line.split()])
        for signal, layer in SIGNALS:
            units = HIDDEN if layer == 1 else OUTPUTS
            self.state[signal, layer], values = values[:units], values[units:]
        self.held = values.reshape(4, WORDS)

    def read(self, signal, layer):
        return self.state[signal, layer]

    def read_weights(self, name):
        shape = (HIDDEN, PIXELS + 1) if name == "W1" else (OUTPUTS, HIDDEN + 1)
        return np.fromfunction(np.vectorize(lambda r, c: self.held[int(c) % 4, self.place(name, int(r), int(c))]), shape)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def digits(folder):
    """Pixels in sixteenths and the number of every line of digits.memh."""
    for line in (folder / "digits.memh").read_text().splitlines():
        if not line.startswith("//"):
            values = bytes.fromhex(line)
            yield np.array(list(reversed(values[1:]))), values[0]


async def learns_digits(dut, folder, ticks):
    """The test: the same digits to both, a tick of both, all of it compared."""
    machine = apical.Machine(apical.load(folder / "digits.toml"), "emulator")
    scoreboard = Scoreboard(machine, dut.read, dut.read_weights)
    for name in ("W1", "W2"):
        dut.load(name, np.rint(machine.weights(name) * 2**WEIGHT_FRAC).astype(np.int64))
    shown = list(digits(folder))
    for tick in range(ticks):
        pixels, number = shown[tick // PRESENTATION % len(shown)]
        target = np.eye(OUTPUTS)[number]
        if tick % PRESENTATION == 0:
            dut.show(pixels, (64 * target).astype(np.int64))  # 6 fraction bits
        await dut.tick()
        machine.tick(pixels / 16, target, 1.0)
        scoreboard.compare()


def main():
    parser = argparse.ArgumentParser(description="A neuron array in Verilog beside the emulator")
    parser.add_argument("--ticks", type=int, default=24)
    parser.add_argument("--folder", type=pathlib.Path, default=HERE)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            dut = Dut(arguments.folder, scratch)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"learns_digits: the design can't be simulated: {error}", file=sys.stderr)
            return 2
        try:
            asyncio.run(learns_digits(dut, arguments.folder, arguments.ticks))
        except Parted as difference:
            print(f"learns_digits: {difference}")
            return 1
        finally:
            dut.close()
    print(f"learns_digits: equal in every bit after each of {arguments.ticks} ticks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
