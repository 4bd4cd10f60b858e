// SPDX-License-Identifier: Apache-2.0
// Weights to start from, in every form that a file of them may have, and what is said of those that don't
// fit.
#include "tools/config/weights_file.hpp"

#include "model/npz_file.hpp"
#include "model/zip_file.hpp"
#include "tests/tools/command_line.hpp"
#include "tools/config/starting_weights.hpp"

namespace apical::tools {
namespace {

using model::NamedMatrix;
using model::RowMatrix;
using test::CommandLine;
using test::contains;
using test::message_of;
using test::Outcome;
using test::small_net;

class WeightsFile : public CommandLine {
 protected:
  WeightsFile() {
    file("net.toml", small_net);
    config.network.layers = {5, 4, 3};
    for (model::WeightMatrix& w : starting_weights(config)) weights.push_back(std::move(w));
  }

  // What starting_weights() says of a .npz of these arrays, in this order.
  std::string refusal(const std::vector<NamedMatrix>& arrays) const {
    return message_of([&] { from(arrays); });
  }
  std::vector<model::WeightMatrix> from(const std::vector<NamedMatrix>& arrays) const {
    write_weights_file(folder / "w.npz", arrays);
    Config c = config;
    c.weights_file = (folder / "w.npz").string();
    return starting_weights(c);
  }
  RowMatrix inner(std::size_t k) const { return weights[k].leftCols(weights[k].cols() - 1); }
  RowMatrix bias(std::size_t k) const { return weights[k].rightCols(1); }

  Config config;
  std::vector<RowMatrix> weights;
};

TEST_F(WeightsFile, EveryFormIsTheSame) {
  EXPECT_EQ(from({{"W2", weights[1]}, {"W1", weights[0]}}), weights);
  // Modules have names of their own, whose alphabet isn't their order; a bias may come before its weights.
  EXPECT_EQ(from({{"z.weight", inner(0)}, {"a.bias", bias(1)}, {"a.weight", inner(1)}, {"z.bias", bias(0)}}),
            weights);
  for (const char* name : {"w.h5", "w.hdf5"}) {
    write_weights_file(folder / name, {{"W1", weights[0]}, {"W2", weights[1]}});
    Config c = config;
    c.weights_file = (folder / name).string();
    EXPECT_EQ(starting_weights(c), weights);
  }
  config.network.bias = false;
  const auto without = from({{"0.weight", inner(0)}, {"2.weight", inner(1)}});
  EXPECT_EQ(without[0], inner(0));
  EXPECT_EQ(without[1], inner(1));
}

TEST_F(WeightsFile, NamesAllThatDoesNotFit) {
  std::string message = refusal({{"W1", weights[1]}, {"V", weights[0]}, {"W3", weights[0]}});
  EXPECT_TRUE(contains(message,
                       "w.npz: W1 is 3 x 5; V isn't wanted; W3 isn't wanted; no W2; accepted: W1 4 x 6; "
                       "W2 3 x 5"))
      << message;
  message = refusal({{"W1", inner(0)}, {"W2", weights[1]}});
  EXPECT_TRUE(contains(message, "W1 is 4 x 5; accepted: W1 4 x 6; W2 3 x 5, the last column being the bias"))
      << message;
  message = refusal({{"a.weight", inner(0)},
                     {"a.bias", bias(1)},
                     {"b.weight", inner(1)},
                     {"c.bias", bias(1)},
                     {"scale", bias(1)}});
  for (const char* part : {"scale belongs to no module", "a.bias is 3 x 1 beside 4 rows of a.weight",
                           "c.bias has no c.weight", "W2 (b) is 3 x 4", "the last column being the bias"})
    EXPECT_TRUE(contains(message, part)) << part << ": " << message;
  message = refusal({{"a.weight", inner(0)},
                     {"a.bias", bias(0)},
                     {"b.weight", inner(1)},
                     {"b.bias", bias(1)},
                     {"c.weight", inner(1)}});
  EXPECT_TRUE(contains(message, "w.npz: c isn't wanted; accepted: W1 4 x 6; W2 3 x 5")) << message;
  message = refusal({{"a.weight", inner(0)}, {"a.bias", bias(0)}});
  EXPECT_TRUE(contains(message, "w.npz: no W2; accepted")) << message;
  config.network.bias = false;
  message = refusal({{"W1", weights[0]}, {"W2", weights[1]}});
  EXPECT_TRUE(contains(message, "since network.bias = false leaves out the last column, the bias"))
      << message;
  // Names that somebody else wrote stay on one line, however many there are.
  std::vector<NamedMatrix> many;
  for (int k = 0; k < 1000; ++k) many.push_back({fmt::format("{}\n\x1b[31m", k), inner(0)});
  message = refusal(many);
  EXPECT_LT(message.size(), 2000u);
  EXPECT_FALSE(contains(message, "\n"));
  EXPECT_TRUE(contains(message, " more; accepted")) << message;
}

TEST_F(WeightsFile, RefusesWhatIsNoFileOfWeights) {
  Config c = config;
  for (const std::string& name : {file("text.npz", "hello"), file("empty.h5", ""), file("zip", "PK\x03\x04"),
                                  (folder / "absent").string(), folder.string()}) {
    c.weights_file = name;
    const std::string message = message_of([&] { starting_weights(c); });
    EXPECT_TRUE(contains(message, name + ": ")) << message;
    EXPECT_TRUE(contains(message, "accepted: ")) << message;
  }
  EXPECT_TRUE(contains(message_of([&] { write_weights_file(folder / "w.txt", {}); }),
                       "w.txt: which format?; accepted: a name that ends in .npz, .h5 or .hdf5"));
  EXPECT_TRUE(contains(message_of([&] { write_weights_file(folder / "nowhere" / "w.npz", {}); }),
                       "nowhere/w.npz: there is no folder"));
  EXPECT_FALSE(std::filesystem::exists(folder / "nowhere"));
}

// The same network from HDF5, .npz and modules ends in the same bits, whatever command starts it.
TEST_F(WeightsFile, RunsAreTheSameFromEveryForm) {
  const std::string run = " --ticks 24 --json --set task.test_limit=2 --out ";
  ASSERT_EQ(apical("run net.toml --machine emulator --ticks 200 --set task.test_limit=2 --out first").status,
            0);
  const std::vector<NamedMatrix> trained = read_weights_file(folder / "first" / "weights.h5");
  ASSERT_EQ(trained.size(), 2u);
  write_weights_file(folder / "w.npz", trained);
  std::vector<NamedMatrix> modules;
  for (const NamedMatrix& w : trained) {
    modules.push_back({"net." + w.name + ".weight", w.values.leftCols(w.values.cols() - 1)});
    modules.push_back({"net." + w.name + ".bias", w.values.rightCols(1)});
  }
  write_weights_file(folder / "torch.npz", modules);
  std::vector<std::string> digests;
  for (const char* given : {"first/weights.h5", "w.npz", "torch.npz"}) {
    const Outcome o = apical(fmt::format("run net.toml --machine emulator --weights {}{}again", given, run));
    ASSERT_EQ(o.status, 0) << o.error;
    digests.push_back(nlohmann::json::parse(o.out)["state_digest"]);
  }
  EXPECT_EQ(digests[0], digests[1]);
  EXPECT_EQ(digests[0], digests[2]);
  const Outcome fresh = apical("run net.toml --machine emulator" + run + "fresh");
  EXPECT_NE(nlohmann::json::parse(fresh.out)["state_digest"], digests[0]);
}

}  // namespace
}  // namespace apical::tools
