# SPDX-License-Identifier: Apache-2.0
"""NIR graphs: files written by plain h5py after the published layout, a simulation in numpy, and the way back."""
import os

import h5py
import numpy as np

import apical
from apical import nir
from common import SMALL, InFolder, main, random
from graphs import chain, write_nir

SLOW = {"dynamics.flow": "gradient", "dynamics.gamma": 0}  # membranes as LI has them


def simulate(nodes, inputs, dt):
    """tau dv/dt = v_leak - v + R I by explicit Euler steps; voltages of the second LI before every step."""
    v1, v2, trace = np.zeros(4), np.zeros(2), []
    a1, l1, a2, l2 = (nodes[name][1] for name in ("w_in", "li_1", "w_out", "li_2"))
    for x in inputs:
        trace.append(v2)
        i1, i2 = a1["weight"] @ x + a1["bias"], a2["weight"] @ v1
        v1 = v1 + dt / l1["tau"] * (l1["v_leak"] - v1 + l1["r"] * i1)
        v2 = v2 + dt / l2["tau"] * (l2["v_leak"] - v2 + l2["r"] * i2)
    return np.array(trace)


class Import(InFolder):
    def test_a_published_file_does_what_its_equations_say(self):
        nodes, edges = chain()
        write_nir("net.nir", nodes, edges)
        inputs = random(7, 200, 3)
        for dt in (1.0, 0.25):
            network = nir.load("net.nir", dt=dt)
            self.assertEqual(network.config.layers, [3, 4, 2])
            self.assertEqual(network.config["network.activation"], "linear")
            expected = simulate(nodes, inputs, dt)
            golden = apical.Machine(network.config, "golden", network.weights)
            got = golden.run_ticks(inputs, record=[("u", 2)])["u", 2]
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)
            self.assertGreater(np.abs(expected).max(), 0.5)
            wide = network.config.override({"formats.rate.frac": 12})  # linear rates reach beyond 2
            emulator = apical.Machine(wide, "emulator", network.weights)
            got = emulator.run_ticks(inputs, record=[("u", 2)])["u", 2]
            np.testing.assert_allclose(got, expected, atol=0.03)

    def test_seconds_are_told_and_never_guessed(self):
        nodes, edges = chain()
        for name in ("li_1", "li_2"):
            nodes[name][1]["tau"] = nodes[name][1]["tau"] / 1000
        write_nir("net.nir", nodes, edges)
        with self.refused('net.nir: node "li_1" (LI): tau 0.005 ms is below dt 1 ms', "time_unit"):
            nir.load("net.nir")
        in_seconds = nir.load("net.nir", time_unit="s")
        np.testing.assert_allclose(in_seconds.config["dynamics.alpha"], [0.2, 0.125, 0.1, 0.05, 0.25, 0.25])
        with self.refused("time_unit", "accepted: ms, s"):
            nir.load("net.nir", time_unit="us")

    def test_matrices_without_a_neuron_act_at_once(self):
        w1, w2, b = random(1, 4, 3), random(2, 2, 4), random(3, 2)
        write_nir(
            "net.nir",
            {
                "in": ("Input", {"shape": np.array([3])}),
                "1": ("Linear", {"weight": w1}),
                "2": ("Affine", {"weight": w2, "bias": b}),
                "out": ("Output", {"shape": np.array([2])}),
            },
            [("in", "1"), ("1", "2"), ("2", "out")],
        )
        network = nir.load("net.nir", activation="tanh")
        self.assertEqual(network.config["dynamics.rho"], 1)
        machine = apical.Machine(network.config, "golden", network.weights)
        x = random(5, 3)
        machine.tick(x)
        np.testing.assert_allclose(machine.read("u", 2), w2 @ np.tanh(w1 @ x) + b, rtol=1e-12)

    def test_skips_and_recurrence_become_connections(self):
        li = {"tau": np.full(3, 5.0), "r": np.ones(3), "v_leak": np.zeros(3)}
        nodes = {"input": ("Input", {"shape": np.array([3])}), "output": ("Output", {"shape": np.array([3])})}
        nodes.update({name: ("LI", li) for name in ("a", "b", "c")})
        edges, matrices = [("c", "output")], {}
        pairs = [("input", "a"), ("a", "b"), ("b", "a"), ("b", "c"), ("input", "c"), ("b", "b")]
        for i, (source, target) in enumerate(pairs):
            matrices[source, target] = random(i, 3, 3)
            nodes[f"{source}_{target}"] = ("Linear", {"weight": matrices[source, target]})
            edges += [(source, f"{source}_{target}"), (f"{source}_{target}", target)]
        write_nir("net.nir", nodes, edges)
        network = nir.load("net.nir")
        self.assertEqual(network.config["network.connections"], [[0, 1], [2, 1], [1, 2], [2, 2], [0, 3], [2, 3]])
        self.assertIs(network.config["network.bias"], False)
        for key, name in {("b", "a"): "W1_2", ("b", "b"): "W2_2", ("input", "c"): "W3_0"}.items():
            np.testing.assert_array_equal(network.weights[name], matrices[key])
        machine = apical.Machine(network.config, "golden", network.weights)
        # Explicit Euler; b's matrix into a crosses a tick, since a comes first in it.
        v = {name: np.zeros(3) for name in "abc"}
        last = v
        for x in random(9, 50, 3):
            machine.tick(x)
            np.testing.assert_allclose(machine.read("u", 3), v["c"], rtol=1e-9, atol=1e-12)
            drive = {name: np.zeros(3) for name in "abc"}
            for (source, target), matrix in matrices.items():
                late = source != "input" and source >= target
                drive[target] = drive[target] + matrix @ (x if source == "input" else (last if late else v)[source])
            last, v = v, {name: v[name] + (drive[name] - v[name]) / 5 for name in "abc"}

    def test_what_does_not_map_is_named(self):
        def broken(change, *needed):
            nodes, edges = chain()
            change(nodes, edges)
            write_nir("net.nir", nodes, edges)
            with self.refused("net.nir", "accepted: ", *needed):
                nir.load("net.nir")

        def put(name, kind, **arrays):
            return lambda nodes, edges: nodes.__setitem__(name, (kind, arrays))

        def edge(*pairs):
            return lambda nodes, edges: edges.extend(pairs)

        for kind in "LIF CubaLIF IF I CubaLI Threshold Scale Conv2d Delay Flatten Wobble".split():
            broken(put("li_1", kind, tau=np.ones(4)), f'node "li_1" ({kind}): ')
        broken(put("li_1", "LIF"), "spikes")
        broken(put("li_1", "LI", tau=np.ones(4), r=np.ones(4)), 'node "li_1" (LI): no v_leak')
        broken(put("li_1", "LI", tau=np.ones(4), r=np.ones(3), v_leak=np.ones(4)), '"li_1" (LI): r has the shape (3,)')
        broken(put("li_1", "LI", tau=np.zeros(4), r=np.ones(4), v_leak=np.ones(4)), "tau 0")
        broken(put("w_out", "Linear", weight=random(1, 2, 5)), '"w_out" (Linear): weight has the shape (2, 5)')
        broken(put("w_out", "Linear", weight=np.full((2, 4), np.nan)), "finite")
        broken(put("w_out", "Linear", weight=np.ones((2, 4, 1, 1))), "w_out")
        broken(put("w_out", "Linear", weight=np.float64(1)), "w_out")
        broken(put("input", "Input", shape=np.array([28, 28])), 'node "input" (Input)', "one dimension")
        broken(put("output", "Output", shape=np.array([3])), 'node "output" (Output)')
        broken(put("more", "Input", shape=np.array([3])), "2 nodes of type Input")
        broken(put("more", "Linear", weight=random(1, 2, 4)), 'node "more" (Linear): nothing leads to it')
        broken(edge(("input", "nowhere")), "input -> nowhere")
        broken(edge(("input", "w_in")), "input -> w_in: twice")
        broken(edge(("input", "li_2")), 'node "li_2"')
        broken(edge(("input", "w_out")), 'node "w_out"', "adds")
        broken(edge(("w_in", "li_2")), 'node "w_in"', "two layers")
        broken(edge(("li_2", "w_in")), 'node "w_in"')
        broken(edge(("li_1", "output")), 'node "output"')
        with open("net.nir", "wb") as file:
            file.write(b"no such thing")
        for name, needed in (("net.nir", "can't be read"), ("nothing.nir", "doesn't exist")):
            with self.refused(f"{name}: {needed}"):
                nir.load(name)
        with h5py.File("net.nir", "w") as file:
            file["version"] = "1"
        with self.refused("net.nir: no graph"):
            nir.load("net.nir")


class Export(InFolder):
    def setUp(self):
        super().setUp()
        self.config = apical.parse(
            SMALL, {"formats.weight": {"bits": 10, "frac": 8}, "formats.u.layer2.bits": 12, "run.seed": 5}
        )

    def weights(self, config):
        return {name: random(i, *shape) for i, (name, shape) in enumerate(config.weight_shapes.items())}

    def there_and_back(self, config, **how):
        weights = self.weights(config)
        nir.save("net.nir", config, weights, activation_in_metadata=True, **how)
        network = nir.load("net.nir")
        self.assertEqual(network.config.canonical(), config.canonical())
        self.assertEqual(list(network.weights), list(weights))
        for name, matrix in weights.items():
            np.testing.assert_array_equal(network.weights[name], matrix)
        with h5py.File("net.nir", "r+") as file:  # and without what only we understand
            for group in [file["node"], *file["node/nodes"].values()]:
                group.pop("metadata", None)
        bare = nir.load("net.nir", dt=config["dynamics.dt"], activation=config["network.activation"], **how)
        digests = []
        for given in (network, bare):
            machine = apical.Machine(given.config, "golden", given.weights)
            machine.run_ticks(random(1, 50, config.layers[0]))
            digests.append([machine.read("u", k).tolist() for k in range(1, len(config.layers))])
        np.testing.assert_allclose(np.concatenate(digests[0]), np.concatenate(digests[1]), rtol=1e-9, atol=1e-12)

    def test_round_trips(self):
        connections = [[0, 1], [1, 2], [0, 2], [2, 1], [1, 3], [2, 3]]
        graph = {"network.layers": [5, 4, 6, 3], "network.connections": connections}
        alpha = (np.arange(1, 8) / 10).tolist()
        for changes in (
            {},
            {"network.bias": False},
            {**SLOW, "dynamics.tau": 7.5, "dynamics.dt": 0.5},
            {**SLOW, "dynamics.alpha": alpha},
            {"dynamics.rho": [0, 0, 0, 0, 1, 1, 1], "dynamics.gamma": 0},
            {**graph, "learning.eta": 0.1},
            {**graph, **SLOW, "learning.eta": 0.1, "network.bias": False},
        ):
            for how in ({}, {"time_unit": "s"}):
                with self.subTest(changes=changes, how=how):
                    self.there_and_back(self.config.override(changes), **how)

    def test_files_have_the_published_layout(self):
        config = self.config.override({**SLOW, "network.activation": "linear"})
        weights = self.weights(config)
        nir.save("net.nir", config, weights)
        self.assertEqual(os.listdir(), ["net.nir"])
        with h5py.File("net.nir") as file:
            self.assertEqual(set(file), {"version", "node"})
            root = file["node"]
            self.assertEqual(root["type"][()], b"NIRGraph")
            edges = [tuple(map(bytes.decode, edge)) for edge in root["edges"][()]]
            names = ["input", "W1", "layer1", "W2", "layer2", "output"]
            self.assertEqual(set(edges), set(zip(names, names[1:])))
            self.assertEqual([root["nodes"][n]["type"][()].decode() for n in names],
                             ["Input", "Affine", "LI", "Affine", "LI", "Output"])
            np.testing.assert_array_equal(root["nodes/input/shape"], [5])
            np.testing.assert_array_equal(root["nodes/W1/weight"], weights["W1"][:, :5])
            np.testing.assert_array_equal(root["nodes/W1/bias"], weights["W1"][:, 5])
            np.testing.assert_allclose(root["nodes/layer1/tau"], np.full(4, 10.0))
            np.testing.assert_array_equal(root["nodes/layer1/r"], np.ones(4))
            np.testing.assert_array_equal(root["nodes/layer1/v_leak"], np.zeros(4))
            for name, start in (
                ("W2/metadata/format_weight", b'{ bits = 10, frac = 8, signed = true, rounding = "STOCHASTIC"'),
                ("layer1/metadata/format_u", b"{ bits = 16, frac = 11,"),
                ("layer2/metadata/format_u", b"{ bits = 12, frac = 11,"),
                ("input/metadata/format_input", b"{ bits = 16, frac = 14,"),
            ):
                self.assertEqual(root["nodes"][name][()][:len(start)], start)
            self.assertEqual(apical.parse(root["metadata/apical_configuration"][()].decode()).digest, config.digest)

    def test_other_tools_may_change_numbers(self):
        config = self.config.override({**SLOW, "network.activation": "linear"})
        nir.save("net.nir", config, self.weights(config))
        with h5py.File("net.nir", "r+") as file:
            file["node/nodes/layer2/tau"][...] = [4, 5, 8]
            file["node/nodes/W1/weight"][...] = 0
        network = nir.load("net.nir")
        np.testing.assert_allclose(network.config["dynamics.alpha"], [0.1] * 4 + [0.25, 0.2, 0.125])
        self.assertEqual(network.config["formats.weight"], config["formats.weight"])
        self.assertEqual(network.weights["W1"][:, :5].any(), False)

    def test_what_does_not_map_is_named(self):
        weights = self.weights(self.config)
        with self.refused('network.activation: "tanh" has no NIR node; accepted: linear'):
            nir.save("net.nir", self.config, weights)
        for changes, needed in (
            ({"network.circuit": "microcircuit"}, "network.circuit"),
            ({"dynamics.flow": "lagrangian"}, "dynamics.flow"),
            ({"dynamics.rho_spread": 0.1}, "dynamics.rho_spread"),
            ({"dynamics.rho": 0.5}, "dynamics.rho"),
            ({"dynamics.flow": "gradient"}, "dynamics.gamma"),
            ({"dynamics.rho": [0, 1, 0, 1, 1, 1, 1], "dynamics.gamma": 0}, "in layer 1"),
            ({"dynamics.response": "advanced"}, "dynamics.response"),
        ):
            with self.refused(needed, "accepted: "):
                nir.save("net.nir", self.config.override(changes), weights, activation_in_metadata=True)
        with self.refused("weights", "W2"):
            nir.save("net.nir", self.config, {"W1": weights["W1"]}, activation_in_metadata=True)
        self.assertEqual(os.listdir(), [])


if __name__ == "__main__":
    main()
