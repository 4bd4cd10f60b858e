// SPDX-License-Identifier: Apache-2.0
// Studies that are refused before anything runs.
#include "tests/tools/study/sweep.hpp"

namespace apical::tools {

using test::contains;
using test::content;
using test::head;
using test::Outcome;
using test::Sweep;

TEST_F(Sweep, StudiesAreRefusedBeforeAnythingRuns) {
  struct Case {
    std::string text, error;
  };
  const std::string axis = "[[design]]\nname = \"a\"\n[[design.axis]]\n";
  const Case cases[] = {
      {"bas = 1\n", "study.toml:1: bas: no such key; accepted: title, base, machine"},
      {"title = \"x\"\n", "base: missing; accepted: a configuration file"},
      {"base = \"none.toml\"\n",
       "study.toml:1: base: \"none.toml\" isn't a file; accepted: a configuration file"},
      {"base = \"base.toml\"\nmachine = \"abacus\"\n",
       "study.toml:2: run.machine: 'abacus'; accepted: golden, emulator"},
      {"base = \"base.toml\"\nset = { \"run.epoch\" = 3 }\n",
       "study.toml:2: run.epoch: no such key; accepted: the keys of tools/CONFIGURATION.md (nearest: "
       "run.epochs)"},
      {"base = \"base.toml\"\nseeds = 0\n", "study.toml:2: seeds: 0; accepted: a whole number, 1..100000"},
      {"base = \"base.toml\"\nseeds = [1, 1]\n", "study.toml:2: seeds: 1; accepted: how many, or an array"},
      {"base = \"base.toml\"\nseeds = 2\nseed_keys = [\"run.sed\"]\n", "study.toml:3: run.sed: no such key"},
      {"base = \"base.toml\"\nbudget = -1\n", "study.toml:2: budget: -1; accepted: 0 or more"},
      {"base = \"base.toml\"\n", "design: missing; accepted: at least one [[design]]"},
      {"base = \"base.toml\"\nmachine = \"emulator\"\n[[design]]\nname = \"A b\"\n",
       "study.toml:4: design.name: \"A b\"; accepted: small letters, digits and -"},
      {"base = \"base.toml\"\nmachine = \"emulator\"\n[[design]]\nname = \"" + std::string(65, 'a') + "\"\n",
       std::string(65, 'a') + "\"; accepted: small letters, digits and -, at most 64"},
  };
  for (const Case& c : cases) {
    file("study.toml", c.text);
    const Outcome o = apical("sweep study.toml --out n", "export APICAL_MNIST=none");
    EXPECT_EQ(o.status, 2) << c.text;
    EXPECT_TRUE(contains(o.error, c.error)) << o.error;
    EXPECT_FALSE(std::filesystem::exists(folder / "n"));
  }
  const Case axes[] = {
      {"key = \"formats.weight.bitz\"\nvalues = [1]\n",
       "study.toml:8: formats.weight.bitz: no such key; accepted: bits, frac"},
      {"key = \"formats.weight.bits\"\nvalues = [8,\n33]\n",
       "study.toml:9: formats.weight.bits: 33; accepted: a whole number, 1..32"},
      {"key = \"formats.weight.rounding\"\nvalues = [\"UP\"]\n",
       "study.toml:8: formats.weight.rounding: rounding \"UP\"; accepted: RND"},
      {"key = \"run.seed\"\nvalues = [1, 1]\n", "study.toml:8: design.axis.values: 1 twice"},
      {"key = \"run.seed\"\nvalues = 1\n",
       "study.toml:8: design.axis.values: 1; accepted: an array of values"},
      {"key = \"run.seed\"\nvalues = [1]\nlabels = [1, 2]\n",
       "design.axis.labels: 2 labels; accepted: one per value (1)"},
      {"key = \"run.seed\"\nkeys = [\"run.ticks\"]\nvalues = [1]\n",
       "study.toml:7: design.axis.key: beside keys"},
      {"keys = [\"run.seed\", \"run.ticks\"]\nvalues = [[1]]\n", "an array of arrays, 2 values in each"},
      {"key = \"run.seed\"\nlow = 1\nhigh = 5\n", "design.axis.low: in a grid; accepted: values"},
      {"key = \"run.seed\"\nvalues = [1]\nprefer = \"big\"\n",
       "study.toml:9: design.axis.prefer: \"big\"; accepted: small, large"},
      {"key = \"run.machine\"\nvalues = [\"both\"]\n",
       "run.machine: \"both\" in a study; accepted: machine = "},
      {"key = \"network.layers\"\nvalues = [[64, 12, 10], [64, 12, 7]]\nlabels = [10, 7]\n",
       "study.toml:8: network.layers: 64 inputs and 7 outputs; accepted: 64 and 10, which task digits8 has "
       "(design a of study.toml, network.layers=[64, 12, 7])"},
      {"key = \"task.kind\"\nvalues = [\"digits8\", \"mnist\"]\n", "train-images-idx3-ubyte: can't be read"},
      {"keys = [\"formats.weight.bits\", \"formats.rate.bits\"]\nvalues = [[16, 16], [32, 32]]\n",
       "accumulator of FORWARD W2"},
      {"keys = [\"task.kind\", \"task.file\"]\nvalues = [[\"series\", \"none.h5\"]]\n",
       "none.h5: can't be read; accepted: the file that task.file names"},
      {"key = \"formats.rate.layer3.bits\"\nvalues = [8]\n",
       "formats.rate.layer3: no such layer; accepted: layer1..layer2"},
  };
  for (const Case& c : axes) {
    file("study.toml", head + "[[design]]\nname = \"a\"\n[[design.axis]]\n" + c.text);
    const Outcome o = apical("sweep study.toml --out n", "export APICAL_MNIST=none");
    EXPECT_EQ(o.status, 2) << c.text;
    EXPECT_TRUE(contains(o.error, c.error)) << o.error;
    EXPECT_FALSE(std::filesystem::exists(folder / "n"));
  }
  const Outcome both = ranks(2, "--out n");
  EXPECT_NE(both.status, 0);
  EXPECT_EQ(both.error.find("no such layer"), both.error.rfind("no such layer"))
      << "said once: " << both.error;
}

}  // namespace apical::tools
