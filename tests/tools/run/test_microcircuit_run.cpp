// SPDX-License-Identifier: Apache-2.0
// The microcircuit through the command line: keys, files, and the golden network where both are the same.
#include <cmath>

#include "model/hdf5_file.hpp"
#include "tests/tools/command_line.hpp"

namespace apical::tools {
namespace {

using test::CommandLine;
using test::contains;
using test::Outcome;
using test::small_net;

const std::string circuit = " --machine golden --set network.circuit=microcircuit";

TEST_F(CommandLine, MicrocircuitSavesFourProjectionsAndStartsFromThem) {
  file("net.toml", small_net);
  const std::string learning = circuit + " --set network.lambda=0.3 --set learning.eta_ip=0.15";
  const Outcome o = apical("run net.toml --ticks 400 --set task.test_limit=50 --out a" + learning);
  ASSERT_EQ(o.status, 0) << o.error;
  const auto matrix = [&](const char* run, const char* name) {
    return model::read_matrix(folder / run / "weights.h5", std::string("/weights/") + name);
  };
  EXPECT_EQ(matrix("a", "W1").cols(), 65);
  EXPECT_EQ(matrix("a", "B2").rows(), 12);
  EXPECT_EQ(matrix("a", "B2").cols(), 10);
  EXPECT_EQ(matrix("a", "WPI1").cols(), 10);
  EXPECT_EQ(matrix("a", "WIP1").rows(), 10);
  EXPECT_EQ(matrix("a", "WIP1").cols(), 13);
  // lambda eta_ip = eta of the layer above: W^IP follows W.
  EXPECT_LT((matrix("a", "WIP1") - matrix("a", "W2")).cwiseAbs().maxCoeff(), 1e-12);
  ASSERT_EQ(
      apical("run net.toml --ticks 1 --set learning.enabled=false --weights a/weights.h5 --out b" + circuit)
          .status,
      0);
  for (const char* name : {"W1", "W2", "B2", "WPI1", "WIP1"})
    EXPECT_EQ(matrix("b", name), matrix("a", name)) << name;
}

// Tied to W^T, in the self-predicting state, interneurons free: errors are those of the transposed weights.
TEST_F(CommandLine, MicrocircuitIsTheGoldenNetworkInTheSelfPredictingState) {
  file("net.toml", small_net);
  const std::string still =
      "run net.toml --machine golden --ticks 200 --set learning.enabled=false --set "
      "task.test_limit=20 --trace ";
  ASSERT_EQ(apical(still + "plain.h5 --out a").status, 0);
  ASSERT_EQ(
      apical(still + "circuit.h5 --out b --set network.lambda=0 --set network.circuit=microcircuit").status,
      0);
  const auto traced = [&](const char* file, const std::string& signal) {
    return model::read_matrix(folder / file, "/trace/" + signal);
  };
  for (const char* signal : {"layer1/error", "layer1/u", "layer2/basal", "layer2/error"}) {
    const auto plain = traced("plain.h5", signal);
    ASSERT_EQ(plain.rows(), 200);
    EXPECT_GT(plain.cwiseAbs().maxCoeff(), 1e-3) << signal;
    EXPECT_LT((plain - traced("circuit.h5", signal)).cwiseAbs().maxCoeff(), 1e-12) << signal;
  }
  // The output's u is what the dendrites below hear, with the error of this tick.
  EXPECT_LT((traced("circuit.h5", "layer2/u") - traced("circuit.h5", "layer2/basal") -
             traced("circuit.h5", "layer2/error"))
                .cwiseAbs()
                .maxCoeff(),
            1e-12);
}

TEST_F(CommandLine, MicrocircuitRefusesWhatItIsNot) {
  file("net.toml", small_net);
  const std::pair<const char*, const char*> cases[] = {
      {"--set dynamics.rho=0.5", "dynamics.rho: 0.5 with network.circuit \"microcircuit\"; accepted: 1"},
      {"--set dynamics.order=parallel", "accepted: sweep"},
      {"--set network.lambda=1.5", "network.lambda: 1.5; accepted: a number, 0..1"},
      {"--set network.feedback=hope", "accepted: tied, fixed, learned"},
      {"--set learning.eta_pi=[0.1,0.1]", "learning.eta_pi: 2 values; accepted: one, or one per layer (1)"},
  };
  for (const auto& [set, message] : cases) {
    const Outcome o = apical("run net.toml --ticks 10 " + (set + circuit));
    EXPECT_EQ(o.status, 2) << set;
    EXPECT_TRUE(contains(o.error, message)) << o.error;
  }
}

}  // namespace
}  // namespace apical::tools
