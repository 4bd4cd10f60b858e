# SPDX-License-Identifier: Apache-2.0
"""Configurations, machines that are stepped, and runs: against numpy and against the command line."""
import ast
import inspect
import json
import os
import signal
import threading

import numpy as np

import apical
from common import DIGITS, SMALL, InFolder, main, random


class Configurations(InFolder):
    def test_says_what_the_command_line_says(self):
        for overrides, text in (
            ({"run.machine": "abacus"}, "run.machine=abacus"),
            ({"network.layers": [0]}, "network.layers=[0]"),
            ({"run.epochs": -1}, "run.epochs=-1"),
            ({"run.epoch": 1}, "run.epoch=1"),
            ({"formats.weight.bits": 99}, "formats.weight.bits=99"),
            (["run.seed"], "run.seed"),
        ):
            status, _, error = self.apical("run", DIGITS, "--set", text)
            self.assertEqual(status, 2)
            with self.refused("accepted: ") as refusal:
                apical.load(DIGITS, overrides)
            self.assertEqual(error, f"apical: {refusal.message}\n")

    def test_says_where_a_file_is_wrong(self):
        with open("net.toml", "w", encoding="utf8") as file:
            file.write(SMALL + "[run]\nseed = -3\n")
        status, _, error = self.apical("run", "net.toml")
        with self.refused("net.toml:9: run.seed") as refusal:
            apical.load("net.toml")
        self.assertEqual((status, error), (2, f"apical: {refusal.message}\n"))
        with self.refused("net.toml:2: network.layers"):
            apical.Machine(apical.parse("[network]\nlayers = [5]\n", source="net.toml"), "golden")
        with self.refused("nothing.toml: doesn't exist"):
            apical.load("nothing.toml")

    def test_has_effective_keys(self):
        changes = {"formats.weight": {"bits": 9}, "run.epochs": np.int64(2), "learning.enabled": False}
        config = apical.load(DIGITS, changes)
        keys = config.effective()
        self.assertEqual(keys["network.layers"], [64, 64, 10])
        self.assertEqual(keys["learning.eta"], [0.1, 0.03])
        self.assertEqual(keys["dynamics.rho"], 1)
        self.assertEqual((keys["network.bias"], keys["learning.enabled"]), (True, False))
        self.assertEqual((config["formats.weight"]["bits"], config["formats.weight"]["frac"]), (9, 12))
        self.assertEqual(config["run.epochs"], 2)
        with self.assertRaises(KeyError):
            config["run.epoch"]
        self.assertEqual(config.weight_shapes, {"W1": (64, 65), "W2": (10, 65)})

    def test_is_a_value(self):
        config = apical.load(DIGITS)
        other = config.override("run.seed=7")
        self.assertEqual(config["run.seed"], 1)
        self.assertNotEqual(config.digest, other.digest)
        self.assertEqual(config, other.override({"run.seed": 1}))
        again = apical.parse(other.toml())
        self.assertEqual((again.digest, again.canonical()), (other.digest, other.canonical()))

    def test_has_hints_and_docstrings_for_everything(self):
        folder = os.path.dirname(apical.__file__)
        self.assertTrue(os.path.exists(os.path.join(folder, "py.typed")))
        with open(os.path.join(folder, "_core.pyi"), encoding="utf8") as file:
            tree = ast.parse(file.read())

        def public(names):
            return {name for name in names if not name.startswith("_")}

        hinted = {}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                hinted[node.name] = set()
            if isinstance(node, ast.ClassDef):
                hinted[node.name] = public(
                    inner.target.id if isinstance(inner, ast.AnnAssign) else inner.name for inner in node.body
                )
        self.assertEqual(set(hinted), public(dir(apical._core)))
        for name, members in hinted.items():
            thing = getattr(apical._core, name)
            self.assertTrue(thing.__doc__, name)
            if inspect.isclass(thing):
                self.assertEqual(members, public(vars(thing)), name)


class Stepping(InFolder):
    def setUp(self):
        super().setUp()
        self.config = apical.parse(SMALL)

    def test_a_test_moves_no_weight(self):
        config = self.config.override({"dynamics.rho": 0.5})
        inputs = random(1, 100).reshape(20, 5)
        for name in ("golden", "emulator", "tlm"):
            machine = apical.Machine(config, name)
            machine.set_learning_scale(0.5)
            before = machine.all_weights()
            machine.run_ticks(inputs, learning=False)
            for key, matrix in machine.all_weights().items():
                np.testing.assert_array_equal(matrix, before[key], name)
            machine.run_ticks(inputs)
            self.assertTrue(np.any(machine.weights(1) != before["W1"]), name)

    def test_golden_ticks_as_the_equations_say(self):
        """(12) to (16) of model/README.md at rho = 1, written out for two layers."""
        machine = apical.Machine(self.config, "golden")
        w1, w2 = machine.weights("W1"), machine.weights(2)
        e1, e2 = np.zeros(4), np.zeros(3)
        for tick in range(20):
            x, target = random(tick, 5), random(100 + tick, 3)
            machine.tick(x, target)
            i1 = w1 @ np.append(x, 1)
            u1 = i1 + e1
            r1, slope = np.tanh(u1), 1 - np.tanh(u1) ** 2
            i2 = w2 @ np.append(r1, 1)
            u2 = i2 + e2
            e2 = 0.5 * (target - u2)
            e1 = slope * (w2[:, :4].T @ e2)
            w1 = w1 + 0.1 * np.outer(e1, np.append(x, 1))
            w2 = w2 + 0.05 * np.outer(e2, np.append(r1, 1))
            for name, value in (("u", u1), ("rate", r1), ("basal", i1), ("error", e1)):
                np.testing.assert_allclose(machine.read(name, 1), value, rtol=1e-12, atol=1e-14)
            np.testing.assert_allclose(machine.read("u", 2), u2, rtol=1e-12, atol=1e-14)
            np.testing.assert_allclose(machine.read("error", 2), e2, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(machine.weights(1), w1, rtol=1e-12)
        np.testing.assert_allclose(machine.all_weights()["W2"], w2, rtol=1e-12)

    def test_batches_are_ticks(self):
        inputs, targets, nudge = random(1, 300, 5), random(2, 300, 3), np.abs(random(3, 300))
        inputs[100:103], targets[100:103], nudge[100:102] = inputs[99], targets[99], nudge[99]
        for kind in ("golden", "emulator"):
            one, many = (apical.Machine(self.config, kind) for _ in range(2))
            trace = []
            for x, y, strength in zip(inputs, targets, nudge):
                one.tick(x, y, strength)
                trace.append(one.read("rate", 1))
            record = many.run_ticks(inputs, targets, nudge, record=[("rate", 1), ("u", 2)])
            self.assertEqual(one.state_digest(), many.state_digest())
            np.testing.assert_array_equal(record["rate", 1], trace)
            self.assertEqual(record["u", 2].shape, (300, 3))
            np.testing.assert_array_equal(record["u", 2][-1], many.read("u", 2))
            self.assertGreater(many.macs, 0)
        self.assertEqual({s.signal for s in many.statistics() if s.layer == 2} >= {"weight", "u", "error"}, True)

    def test_notes_say_what_loading_lost(self):
        lossy = apical.load(DIGITS, {"formats.weight": {"bits": 8, "frac": 6}})
        machine = apical.Machine(lossy, "emulator")
        self.assertIn("W1: of ", machine.notes[0])
        given = np.full_like(machine.weights("W2"), 0.5)
        given[0, :3] = 1e-9
        machine.set_weights("W2", given)
        self.assertIn(" 3 became 0 and 0 saturated", machine.notes[-1])
        with self.assertRaisesRegex(ValueError, "formats.allow_lossy_loading"):
            machine.set_weights("W2", np.full_like(given, 100.0))
        self.assertEqual(machine.weights("W2").max(), 0.5)
        self.assertEqual(apical.Machine(lossy, "golden").notes, [])

    def test_live_arrays_follow_without_a_copy(self):
        machine = apical.Machine(self.config, "emulator")
        raw, lsb = machine.live_raw("u", 2), machine.lsb("u", 2)
        self.assertEqual((raw.dtype, lsb), (np.int64, 2.0**-11))
        machine.run_ticks(random(1, 9, 5), random(2, 9, 3))
        self.assertTrue(raw.any())
        np.testing.assert_array_equal(raw * lsb, machine.read("u", 2))
        with self.assertRaises(ValueError):
            raw[0] = 1
        golden = apical.Machine(self.config, "golden")
        live, before = golden.live_weights("W1"), golden.weights("W1")
        np.testing.assert_array_equal(live, before)
        golden.run_ticks(random(1, 9, 5), random(2, 9, 3))
        np.testing.assert_array_equal(live, golden.weights(1))
        self.assertFalse((live == before).any())
        address = live.__array_interface__["data"][0]
        golden.set_weights("W1", before)
        self.assertEqual(golden.live_weights("W1").__array_interface__["data"][0], address)
        np.testing.assert_array_equal(live, before)
        del machine, golden
        self.assertTrue(np.isfinite(live).all() and raw.any())  # they keep their machine

    def test_weights_are_replaced_under_every_schedule(self):
        inputs, targets = random(1, 60, 5), random(2, 60, 3)
        other = {"W1": random(3, 4, 6), "W2": random(4, 3, 5)}
        for kind in ("golden", "emulator"):
            digests = set()
            for schedule in ("dense", "event", "auto"):
                config = self.config.override({"run.schedule": schedule})
                fresh, given = apical.Machine(config, kind, other), apical.Machine(config, kind)
                for name, matrix in other.items():
                    given.set_weights(name, matrix)
                for machine in (fresh, given):
                    machine.run_ticks(inputs[:30], targets[:30])
                self.assertEqual(fresh.state_digest(), given.state_digest())
                given.set_weights("W1", given.weights("W1"))
                self.assertEqual(fresh.state_digest(), given.state_digest())
                # With inputs that stand still sums are kept from tick to tick.
                given.run_ticks(np.tile(inputs[30], (9, 1)))
                given.set_weights("W2", other["W2"])
                given.run_ticks(np.tile(inputs[30], (9, 1)))
                given.run_ticks(inputs[30:], targets[30:])
                digests.add(given.state_digest())
            self.assertEqual(len(digests), 1, kind)

    def test_microcircuits_step_too(self):
        config = self.config.override({"network.circuit": "microcircuit"})
        for kind in ("golden", "emulator"):
            machine = apical.Machine(config, kind)
            self.assertEqual(list(machine.all_weights()), ["W1", "W2", "B2", "WPI1", "WIP1"])
            b = random(5, *config.weight_shapes["B2"])
            machine.set_weights("B2", b)
            np.testing.assert_allclose(machine.weights("B2"), b, atol=2.0**-13)
            machine.run_ticks(random(1, 20, 5), random(2, 20, 3))
            self.assertFalse(machine.failed)

    def test_refuses_what_does_not_fit(self):
        for kind in ("golden", "emulator"):
            machine = apical.Machine(self.config, kind)
            x, y = np.zeros(5), np.zeros(3)
            digest = machine.state_digest()
            with self.refused("input: 4", "accepted: 5"):
                machine.tick(x[:4])
            with self.refused("target: 2", "accepted: 3"):
                machine.tick(x, y[:2])
            with self.refused("input: value 0 is nan"):
                machine.tick(np.full(5, np.nan))
            with self.refused("nudge"):
                machine.tick(x, nudge=1.0)
            for nudge in (-1.0, np.inf, np.nan):
                with self.refused("nudge"):
                    machine.tick(x, y, nudge)
            with self.refused("inputs"):
                machine.run_ticks(x)
            with self.refused("targets"):
                machine.run_ticks(np.zeros((4, 5)), np.zeros((3, 3)))
            with self.refused("layer 3", "accepted: 1..2"):
                machine.read("u", 3)
            with self.refused("layer 0", "accepted: 1..2"):
                machine.run_ticks(np.zeros((4, 5)), record=[("u", 0)])
            with self.refused("voltage", "accepted: basal"):
                machine.read("voltage", 1)
            for which in ("W3", 0, 3, -1, None, 1.5):
                with self.refused("weights", "accepted: 1..2, W1, W2"):
                    machine.weights(which)
            with self.refused("W1", "accepted: 4 x 6"):
                machine.set_weights("W1", np.zeros((4, 5)))
            with self.refused("learning scale"):
                machine.set_learning_scale(np.inf)
            self.assertEqual(machine.state_digest(), digest)
            machine.tick(np.full(5, 1e300), np.full(3, -1e300), 0.0)  # saturates, or is reported
            machine.run_ticks(np.zeros((0, 5)))
        with self.refused("accepted: emulator"):
            apical.Machine(self.config, "golden").live_raw("u", 1)
        with self.refused("accepted: golden"):
            apical.Machine(self.config, "emulator").live_weights(1)
        with self.refused("run.machine", "accepted: golden, emulator, tlm, rtl"):
            apical.Machine(self.config, "both")
        with self.refused("weights: no W2"):
            apical.Machine(self.config, "golden", {"W1": np.zeros((4, 6))})

    def test_one_thread_at_a_time(self):
        machine = apical.Machine(self.config, "emulator")
        inputs = random(1, 400000, 5)
        errors, ended = [], threading.Event()

        def work():
            machine.run_ticks(inputs)
            ended.set()

        thread = threading.Thread(target=work)
        thread.start()
        while not ended.is_set():  # this thread goes on while the other one ticks
            try:
                machine.tick(inputs[0])
            except ValueError as error:
                errors.append(str(error))
        thread.join()
        self.assertGreater(len(errors), 0)
        self.assertIn("another thread", errors[0])


class Runs(InFolder):
    SHORT = {"run.ticks": 1600, "task.test_limit": 50}

    def test_is_apical_run(self):
        config = apical.load(DIGITS, self.SHORT)
        run = apical.run(config, machine="both", out="here")
        arguments = [f"--set={key}={value}" for key, value in self.SHORT.items()]
        status, out, _ = self.apical("run", DIGITS, *arguments, "--out", "there", "--json")
        self.assertEqual(status, 0)
        machines = json.loads(out)["machines"]
        with open("here/result.json", encoding="utf8") as file:
            written = json.load(file)
        self.assertEqual([r.machine for r in run.results], ["golden", "emulator"])
        for result, expected, file in zip(run.results, machines, written["machines"]):
            self.assertEqual(expected["config_digest"], config.digest)
            self.assertEqual(result.state_digest, expected["state_digest"])
            self.assertEqual(file["state_digest"], expected["state_digest"])
            self.assertEqual(result.score, expected["test_accuracy"])
            self.assertEqual((result.ticks, result.macs, result.events),
                             (expected["ticks"], expected["macs"], expected["events"]))
            self.assertEqual([{"ticks": p.ticks, "score": p.score} for p in result.curve],
                             expected["learning_curve"])
            u = next(s for s in result.signals if (s.signal, s.layer) == ("u", 2))
            self.assertEqual([u.minimum, u.maximum, u.count],
                             [expected["signals"]["layer2"]["u"][key] for key in ("minimum", "maximum", "count")])
        self.assertIs(type(run.result), apical.MachineResult)
        self.assertEqual(run.result.machine, "emulator")
        self.assertFalse((run.weights()["W2"] == run.weights(0)["W2"]).all())
        again = apical.Machine(config, "emulator", run.weights())
        np.testing.assert_array_equal(again.weights("W1"), run.weights()["W1"])
        np.testing.assert_array_equal(run.initial_weights()["W1"],
                                      apical.Machine(config, "golden").weights("W1"))

    def test_the_virtual_platform(self):
        config = apical.load(DIGITS, {"run.ticks": 80, "task.test_limit": 5})
        tlm = apical.run(config, machine="tlm", timeline="timeline.json")
        self.assertTrue(os.path.getsize("timeline.json"))
        self.assertEqual(tlm.result.state_digest, apical.run(config, machine="emulator").result.state_digest)
        again = apical.run(config, machine="tlm")
        self.assertEqual(again.result.state_digest, tlm.result.state_digest)

    def test_refuses_what_the_command_line_refuses(self):
        config = apical.load(DIGITS)
        bad = config.override({"network.layers": [64, 5, 4]})
        status, _, error = self.apical("run", DIGITS, "--set", "network.layers=[64,5,4]")
        with self.refused() as refusal:
            apical.run(bad)
        self.assertEqual((status, error), (2, f"apical: {refusal.message}\n"))
        with self.refused("none.h5: doesn't exist"):
            apical.run(config, weights="none.h5")

    def test_answers_interrupts(self):
        config = apical.load(DIGITS, {"run.epochs": 100000})
        for action in (lambda: apical.run(config, "emulator"),
                       lambda: apical.Machine(config, "golden").run_ticks(random(1, 300000, 64))):
            alarm = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
            alarm.start()
            with self.assertRaises(KeyboardInterrupt):
                action()
            alarm.join()


if __name__ == "__main__":
    main()
