# SPDX-License-Identifier: Apache-2.0
"""Nodes of NIR that become part of others, what can't, and `apical nir` on the command line."""
import os

import numpy as np

import apical
from apical import nir
from common import SMALL, InFolder, main, random
from graphs import chain, write_nir


def between(nodes, edges, before, name, node):
    """Puts a node behind another one."""
    nodes[name] = node
    edges[:] = [(name if a == before else a, b) for a, b in edges] + [(before, name)]


class Folding(InFolder):
    """What has no unit of its own, in a graph and as the same graph without it."""

    def same(self, nodes, edges, plain_nodes, plain_edges):
        write_nir("net.nir", nodes, edges)
        write_nir("plain.nir", plain_nodes, plain_edges)
        network, plain = nir.load("net.nir"), nir.load("plain.nir")
        self.assertEqual(network.config.canonical(), plain.config.canonical())
        self.assertEqual(list(network.weights), list(plain.weights))
        for name, matrix in plain.weights.items():
            np.testing.assert_allclose(network.weights[name], matrix, rtol=1e-15)

    def test_flatten_of_one_dimension_and_scalars(self):
        nodes, edges = chain()
        between(nodes, edges, "input", "flat_1", ("Flatten", {"input_type": np.array([3]), "start_dim": 0, "end_dim": -1}))
        between(nodes, edges, "li_1", "flat_2", ("Flatten", {"input_type": np.array([1, 4]), "start_dim": 0, "end_dim": -1}))
        nodes["li_2"] = ("LI", {"tau": np.float64(4), "r": np.array([3.0]), "v_leak": np.float64(0)})
        self.same(nodes, edges, *chain())
        between(nodes, edges, "li_2", "flat_3", ("Flatten", {"input_type": np.array([2, 4])}))
        write_nir("net.nir", nodes, edges)
        with self.refused('net.nir: node "flat_3" (Flatten): its shape is [2, 4]; accepted: one dimension'):
            nir.load("net.nir")

    def test_scales_go_into_matrices(self):
        s_in, s_out, s_li = random(11, 3), random(12, 4), random(13, 4)
        nodes, edges = chain()
        between(nodes, edges, "input", "s_in", ("Scale", {"scale": s_in}))
        between(nodes, edges, "w_in", "s_out", ("Scale", {"scale": s_out}))
        between(nodes, edges, "li_1", "s_1", ("Scale", {"scale": s_li}))
        between(nodes, edges, "s_1", "s_2", ("Scale", {"scale": np.float64(2)}))
        plain, plain_edges = chain()
        w_in = plain["w_in"][1]
        plain["w_in"] = ("Affine", {"weight": s_out[:, None] * (w_in["weight"].astype(float) * s_in),
                                    "bias": s_out * w_in["bias"]})
        plain["w_out"] = ("Linear", {"weight": plain["w_out"][1]["weight"] * (2 * s_li)})
        self.same(nodes, edges, plain, plain_edges)
        for change in (lambda n, e: between(n, e, "li_2", "s", ("Scale", {"scale": np.ones(2)})),
                       lambda n, e: between(n, e, "w_in", "s", ("Scale", {"scale": np.ones(5)}))):
            nodes, edges = chain()
            change(nodes, edges)
            write_nir("net.nir", nodes, edges)
            with self.refused('net.nir: node "s" (Scale): what it scales', "accepted: a Scale before or behind"):
                nir.load("net.nir")

    def test_graphs_inside_graphs(self):
        nodes, edges = chain()
        inner = {"in": ("Input", {"shape": np.array([3])}), "out": ("Output", {"shape": np.array([4])}),
                 "w": nodes.pop("w_in"), "li": nodes.pop("li_1")}
        inner = (inner, [("in", "w"), ("w", "li"), ("li", "out")])
        middle = ({"a": ("Input", {"shape": np.array([3])}), "z": ("Output", {"shape": np.array([4])}),
                   "core": ("NIRGraph", inner)}, [("a", "core"), ("core", "z")])
        nodes["encoder"] = ("NIRGraph", middle)
        self.same(nodes, [("input", "encoder"), ("encoder", "w_out"), ("w_out", "li_2"), ("li_2", "output")], *chain())
        del inner[0]["out"]
        inner[1].pop()
        write_nir("net.nir", nodes, [("input", "encoder"), ("encoder", "w_out"), ("w_out", "li_2"), ("li_2", "output")])
        with self.refused('node "encoder/core" (NIRGraph): 0 nodes of type Output in it'):
            nir.load("net.nir")

    def test_synapses_with_and_without_a_time_constant(self):
        nodes, edges = chain()
        li = nodes["li_1"][1]
        w_in = np.array([2.0, 3, 4, 5])

        def cuba(tau_syn):
            return ("CubaLI", {"tau_mem": li["tau"], "tau_syn": tau_syn, "r": li["r"], "v_leak": li["v_leak"], "w_in": w_in})

        nodes["li_1"] = cuba(np.zeros(4))
        plain, plain_edges = chain()
        plain["li_1"] = ("LI", {**li, "r": li["r"] * w_in})
        self.same(nodes, edges, plain, plain_edges)
        nodes["li_1"] = cuba(np.float64(3))
        write_nir("net.nir", nodes, edges)
        network = nir.load("net.nir")
        self.assertEqual(network.config.layers, [3, 4, 4, 2])
        machine = apical.Machine(network.config, "golden", network.weights)
        inputs = random(7, 200, 3)
        got = machine.run_ticks(inputs, record=[("u", 3)])["u", 3]
        current, v1, v2, expected = np.zeros(4), np.zeros(4), np.zeros(2), []
        a1, a2, l2 = (nodes[name][1] for name in ("w_in", "w_out", "li_2"))
        for x in inputs:
            expected.append(v2)
            i2 = a2["weight"] @ v1
            v1_next = v1 + 1 / li["tau"] * (li["v_leak"] - v1 + li["r"] * current)
            current = current + 1 / 3 * (-current + w_in * (a1["weight"] @ x + a1["bias"]))
            v1, v2 = v1_next, v2 + 1 / l2["tau"] * (l2["v_leak"] - v2 + l2["r"] * i2)
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)
        with self.refused('node "li_1" (CubaLI): its synapse is a layer of its own', "tanh", "accepted: tau_syn 0"):
            nir.load("net.nir", activation="tanh")
        nodes["li_1"] = cuba(np.array([0.0, 1, 2, 3]))
        write_nir("net.nir", nodes, edges)
        with self.refused('node "li_1" (CubaLI): some of its synapses'):
            nir.load("net.nir")

    def test_all_that_does_not_map_is_named_at_once(self):
        nodes, edges = chain()
        nodes["li_1"] = ("LIF", {})
        nodes["w_out"] = ("Conv2d", {})
        nodes["li_2"] = ("LI", {"tau": np.ones(2), "r": np.full(2, np.nan)})
        edges.append(("input", "nowhere"))
        write_nir("net.nir", nodes, edges)
        with self.refused('node "li_1" (LIF): it spikes', 'node "w_out" (Conv2d): weights shared',
                          'node "li_2" (LI): r has a value that isn\'t finite', 'node "li_2" (LI): no v_leak',
                          "edge input -> nowhere"):
            nir.load("net.nir")
        nodes, edges = chain()
        nodes["more"] = ("Linear", {"weight": random(1, 2, 4)})
        nodes["most"] = ("LI", {"tau": np.ones(2), "r": np.ones(2), "v_leak": np.ones(2)})
        write_nir("net.nir", nodes, edges)
        with self.refused('node "more" (Linear): nothing leads', 'node "most" (LI): nothing leads'):
            nir.load("net.nir")


class CommandLine(InFolder):
    def test_there_and_back(self):
        config = apical.parse(SMALL)
        with open("net.toml", "w", encoding="utf8") as file:
            file.write(SMALL)
        weights = {name: random(i, *shape) for i, (name, shape) in enumerate(config.weight_shapes.items())}
        apical.save_weights("w.npz", weights)
        status, _, error = self.apical("nir", "export", "net.toml", "--weights", "w.npz", "--out", "net.nir")
        self.assertEqual((status, "network.activation" in error), (2, True), error)
        self.assertFalse(os.path.exists("net.nir"))
        export = ("nir", "export", "net.toml", "--weights", "w.npz", "--out", "net.nir", "--activation-in-metadata")
        status, out, error = self.apical(*export)
        self.assertEqual((status, out), (0, "written to net.nir\n"), error)
        nir.save("same.nir", config, weights, activation_in_metadata=True)
        self.assertEqual(apical.load_weights("w.npz").keys(), nir.load("net.nir").weights.keys())
        status, out, error = self.apical("nir", "import", "net.nir", "--out", "back")
        self.assertEqual(status, 0, error)
        self.assertEqual(apical.load("back/configuration.toml").digest, config.digest)
        for name, matrix in apical.load_weights("back/weights.npz").items():
            np.testing.assert_array_equal(matrix, weights[name])
        self.assertEqual(sorted(os.listdir("back")), ["configuration.toml", "weights.npz"])

    def test_a_graph_gives_weights_to_a_configuration(self):
        nodes, edges = chain()
        write_nir("net.nir", nodes, edges)
        config = apical.parse("[network]\nlayers = [3, 4, 2]\n[task]\nkind = \"teacher\"\n")
        expected = nir.load("net.nir").weights
        machine = apical.Machine(config, "golden", "net.nir")
        for name, matrix in expected.items():
            np.testing.assert_array_equal(machine.weights(name), matrix)
        with self.refused("net.nir: W1 is 4 x 4; W2 is 2 x 5; accepted: W1 5 x 4; W2 2 x 6"):
            apical.Machine(config.override({"network.layers": [3, 5, 2]}), "golden", "net.nir")
        with self.refused('node "li_1" (LI): it has a bias', "network.bias"):
            apical.Machine(config.override({"network.bias": False}), "golden", "net.nir")

    def test_usage_is_refused_and_leaves_nothing(self):
        nodes, edges = chain()
        nodes["li_1"] = ("LIF", {})
        write_nir("net.nir", nodes, edges)
        for arguments, needed in ((("import", "net.nir", "--out", "o"), 'net.nir: node "li_1" (LIF)'),
                                  (("import", "none.nir", "--out", "o"), "none.nir: doesn't exist"),
                                  (("import", "net.nir", "--dt", "0", "--out", "o"), "--dt"),
                                  (("import", "net.nir", "--time-unit", "us", "--out", "o"), "")):
            status, _, error = self.apical("nir", *arguments)
            self.assertEqual(status, 2, error)
            self.assertIn(needed, error)
        self.assertEqual(os.listdir(), ["net.nir"])


if __name__ == "__main__":
    main()
