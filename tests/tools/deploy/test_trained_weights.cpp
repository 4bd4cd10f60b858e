// SPDX-License-Identifier: Apache-2.0
// Weights that were trained, exported, deployed: the images of a part hold the integers of the emulator, and
// what runs on the Verilog answers as the emulator does.
#include <sstream>

#include "model/npz_file.hpp"
#include "tests/tools/command_line.hpp"

namespace apical::tools {
namespace {

using nlohmann::json;
using test::CommandLine;
using test::content;
using test::Outcome;

class TrainedWeights : public CommandLine {
 protected:
  TrainedWeights() {
    file("net.toml",
         "[network]\nlayers = [64, 12, 10]\ngain = 0.5\n[dynamics]\nbeta = 0.5\n[learning]\neta = [0.15, "
         "0.1]\n"
         "[formats.weight]\nbits = 8\nfrac = 5\nrounding = \"STOCHASTIC\"\n[run]\nepochs = 3\n"
         "[core]\nlanes = 2\n[tables]\nindex_bits = 5\nfull_bits = 6\n");
    const Outcome trained = apical("run net.toml --machine emulator --out trained");
    EXPECT_EQ(trained.status, 0) << trained.error;
    const Outcome exported =
        apical("weights convert net.toml --weights trained/weights.h5 --out trained.npz");
    EXPECT_EQ(exported.status, 0) << exported.error;
  }
};

// What a text for $readmemh has in every address.
std::map<std::uint32_t, std::uint64_t> memory_of(const std::string& memh) {
  std::map<std::uint32_t, std::uint64_t> words;
  std::istringstream lines(memh);
  std::uint32_t address = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("//", 0) == 0) continue;
    if (line[0] == '@')
      address = static_cast<std::uint32_t>(std::stoul(line.substr(1), nullptr, 16));
    else
      words[address++] = std::stoull(line, nullptr, 16);
  }
  return words;
}

// An array of apical_deployment.h.
std::vector<std::uint32_t> array_of(const std::string& header, const std::string& name) {
  std::vector<std::uint32_t> values;
  const std::size_t at = header.find("uint32_t " + name + "[");
  EXPECT_NE(at, std::string::npos) << name;
  std::istringstream text(
      header.substr(header.find('{', at) + 1, header.find('}', at) - header.find('{', at)));
  for (std::string value; std::getline(text, value, ',');)
    if (value.find_first_of("0123456789") != std::string::npos)
      values.push_back(static_cast<std::uint32_t>(std::stoul(value)));
  return values;
}

TEST_F(TrainedWeights, ImagesOfADeploymentHoldTheRawWeights) {
  const Outcome raw = apical("weights convert net.toml --weights trained/weights.h5 --raw --out raw.npz");
  ASSERT_EQ(raw.status, 0) << raw.error;
  const Outcome o = apical("deploy net.toml --weights trained.npz --target generic --out made");
  ASSERT_EQ(o.status, 0) << o.error;
  const auto lanes =
      json::parse(content(folder / "made" / "deployment.json"))["parameters"]["LANES"].get<std::uint32_t>();
  const std::string header = content(folder / "made" / "apical_deployment.h");
  auto memory = memory_of(content(folder / "made" / "memory_weights.memh"));
  const std::vector<std::uint32_t> first = array_of(header, "apical_first_weight");
  std::uint64_t different_from_0 = 0;
  std::size_t k = 0;
  for (const model::NamedMatrix& w : model::read_npz(folder / "raw.npz")) {
    const auto columns = static_cast<std::uint32_t>(w.values.cols());
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(w.values.rows()); ++i)
      for (std::uint32_t j = 0; j < columns; ++j) {
        // Blocks of lanes x lanes; a row of one lies across the banks, the next one turned by one.
        const std::uint32_t blocks = (columns + lanes - 1) / lanes;
        const std::uint32_t word = first[k] + ((i / lanes) * blocks + j / lanes) * lanes + i % lanes;
        const auto at = memory.find(word * lanes + (i + j) % lanes);
        const auto expected = static_cast<std::int64_t>(w.values(i, j)) & 0xff;
        ASSERT_EQ(at == memory.end() ? 0u : at->second, static_cast<std::uint64_t>(expected))
            << w.name << " " << i << " " << j;
        different_from_0 += expected != 0;
        if (at != memory.end()) memory.erase(at);
      }
    ++k;
  }
  EXPECT_EQ(k, 2u);
  EXPECT_GT(different_from_0, 500u);
  for (const auto& [address, value] : memory)
    EXPECT_EQ(value, 0u) << "a weight that nobody has at " << address;
}

TEST_F(TrainedWeights, AnswerOnTheVerilogAsOnTheEmulator) {
  const std::string replay =
      " net.toml --weights trained.npz --set learning.enabled=false --ticks 1 --json"
      " --set task.test_limit=60 --machine ";
  std::map<std::string, json> results;
  for (const std::string machine : {"emulator", "rtl"}) {
    const Outcome o = apical("run" + replay + machine + " --out " + machine);
    ASSERT_EQ(o.status, 0) << o.error;
    results[machine] = json::parse(o.out);
  }
  EXPECT_EQ(results["rtl"]["test_accuracy"], results["emulator"]["test_accuracy"]);
  EXPECT_EQ(results["rtl"]["state_digest"], results["emulator"]["state_digest"]);
  EXPECT_GT(results["rtl"]["test_accuracy"].get<double>(), 0.6) << "what was trained didn't arrive";
  EXPECT_EQ(content(folder / "rtl" / "weights.h5").size(),
            content(folder / "emulator" / "weights.h5").size());
}

}  // namespace
}  // namespace apical::tools
