// SPDX-License-Identifier: Apache-2.0
// `apical weights convert`: from format to format and back, and the integers that a machine loads.
#include <sstream>

#include "fixedpoint/emulator/emulator.hpp"
#include "model/npz_file.hpp"
#include "tests/tools/command_line.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/config/weights_file.hpp"

namespace apical::tools {
namespace {

using fixedpoint::Projection;
using test::CommandLine;
using test::contains;
using test::content;
using test::Outcome;
using test::small_net;

class Convert : public CommandLine {
 protected:
  Convert() { file("net.toml", small_net); }
  Outcome convert(const std::string& arguments) const { return apical("weights convert " + arguments); }
};

// Words of a memory image as two's complement of its width.
std::vector<std::int64_t> words_of(const std::string& memh, int bits, bool is_signed) {
  std::vector<std::int64_t> words;
  std::istringstream lines(memh);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("//", 0) == 0) continue;
    auto word = static_cast<std::int64_t>(std::stoull(line, nullptr, 16));
    EXPECT_LT(word, std::int64_t{1} << bits);
    if (is_signed && word >= std::int64_t{1} << (bits - 1)) word -= std::int64_t{1} << bits;
    words.push_back(word);
  }
  return words;
}

TEST_F(Convert, RoundTripsKeepEveryBit) {
  const Outcome o = convert("net.toml --set run.seed=9 --out a.npz");
  ASSERT_EQ(o.status, 0) << o.error;
  EXPECT_TRUE(contains(o.out, "W1: 12 x 65\nW2: 10 x 13\nwritten to a.npz")) << o.out;
  ASSERT_EQ(convert("net.toml --weights a.npz --out b.h5").status, 0);
  ASSERT_EQ(convert("net.toml --weights b.h5 --out c.npz").status, 0);
  EXPECT_EQ(content(folder / "a.npz"), content(folder / "c.npz"));
  ASSERT_EQ(convert("net.toml --weights c.npz --out d.csv").status, 0);
  const auto weights = read_weights_file(folder / "a.npz");
  std::istringstream csv(content(folder / "d.csv"));
  std::string line;
  std::getline(csv, line);
  EXPECT_EQ(line, "projection,row,column,value");
  for (const model::NamedMatrix& w : weights)
    for (int i = 0; i < w.values.rows(); ++i)
      for (int j = 0; j < w.values.cols(); ++j) {
        ASSERT_TRUE(std::getline(csv, line));
        const std::string start = fmt::format("{},{},{},", w.name, i, j);
        ASSERT_EQ(line.substr(0, start.size()), start);
        ASSERT_EQ(std::stod(line.substr(start.size())), w.values(i, j));
      }
  EXPECT_FALSE(std::getline(csv, line));
}

// Integers in files, in the program and in the emulator's memory, at the ends of what formats may be, and in
// a microcircuit, whose machine holds the negative of some matrices.
TEST_F(Convert, RawIsWhatTheMachineLoads) {
  const std::string circuit =
      " --set network.circuit=microcircuit --set learning.eta_ip=0.01 --set learning.eta_pi=0.01";
  for (const std::string& set :
       {std::string(), std::string(" --set formats.weight.bits=8 --set formats.weight.frac=6"),
        std::string(" --set 'formats.weight={ bits = 32, frac = 28 }'"),
        std::string(" --set 'formats.weight={ bits = 2, frac = 1 }' --set formats.allow_lossy_loading=true"),
        std::string(" --set 'formats.weight={ bits = 9, frac = 8, signed = false }'"
                    " --set formats.allow_lossy_loading=true"),
        circuit}) {
    SCOPED_TRACE(set);
    ASSERT_EQ(convert("net.toml" + set + " --out w.npz").status, 0);
    const Outcome o = convert("net.toml --weights w.npz --raw --out raw.npz" + set);
    ASSERT_EQ(o.status, 0) << o.error;
    ASSERT_EQ(convert("net.toml --weights w.npz --raw --out raw.csv" + set).status, 0);
    ASSERT_EQ(convert("net.toml --weights w.npz --raw --out images" + set).status, 0);

    Config config = read_config((folder / "net.toml").string());
    std::istringstream assignments(set);
    for (std::size_t at = 0; (at = set.find("--set ", at)) != std::string::npos;) {
      at += 6;
      const bool quoted = set[at] == '\'';
      const std::size_t end = set.find(quoted ? '\'' : ' ', at + 1);
      set_key(config, set.substr(at + (quoted ? 1 : 0),
                                 (end == std::string::npos ? set.size() : end) - at - (quoted ? 1 : 0)));
    }
    config.weights_file = (folder / "w.npz").string();
    const auto program = compiled(config, starting_weights(config));
    const fixedpoint::Emulator emulator(program);
    const auto arrays = model::read_npz(folder / "raw.npz");
    std::istringstream csv(content(folder / "raw.csv"));
    std::string line;
    std::getline(csv, line);
    EXPECT_EQ(line, "projection,row,column,raw,value");
    std::size_t holders = 0;
    for (std::size_t k = 0; k < program->projections.size(); ++k) {
      const Projection& p = program->projections[k];
      if (p.shares >= 0) continue;
      const std::string memh = content(folder / "images" / ("weights_" + p.name + ".memh"));
      EXPECT_TRUE(contains(memh, fmt::format("; {} bits, {}, frac {}\n", p.weight.bits,
                                             p.weight.is_signed ? "signed" : "unsigned", p.weight.frac)))
          << memh.substr(0, 200);
      const std::vector<std::int64_t> words = words_of(memh, p.weight.bits, p.weight.is_signed);
      ASSERT_EQ(words, p.image) << p.name;
      ASSERT_LT(holders, arrays.size());
      const model::NamedMatrix& array = arrays[holders++];
      EXPECT_EQ(array.name, p.name);
      ASSERT_EQ(array.values.rows(), p.rows);
      ASSERT_EQ(array.values.cols(), p.columns);
      std::size_t n = 0;
      for (int i = 0; i < p.rows; ++i)
        for (int j = 0; j < p.columns; ++j, ++n) {
          ASSERT_EQ(static_cast<std::int64_t>(array.values(i, j)), words[n]);
          ASSERT_EQ(emulator.weights(static_cast<int>(k)).at(i, j), words[n]) << p.name;
          ASSERT_TRUE(std::getline(csv, line));
          ASSERT_EQ(line, fmt::format("{},{},{},{},{}", p.name, i, j, words[n],
                                      (p.negated ? -1.0 : 1.0) * std::ldexp(words[n], -p.weight.frac) + 0.0))
              << p.name;
        }
    }
    EXPECT_FALSE(std::getline(csv, line));
    EXPECT_EQ(holders, arrays.size());
    for (const fixedpoint::LoadReport& load : program->loads)
      EXPECT_TRUE(contains(o.out, fmt::format("{}: {} weights of {} bits, frac {}: {} became 0, {} saturated",
                                              load.name, load.values, load.format.bits, load.format.frac,
                                              load.became_zero, load.saturated)))
          << o.out;
  }
}

// Bits known by hand: what is rounded, what saturates, what becomes 0.
TEST_F(Convert, SaysWhatBecameZeroAndWhatSaturated) {
  file("net.toml",
       "[network]\nlayers = [2, 2]\nbias = false\n[task]\nkind = \"teacher\"\n"
       "[formats]\nweight = { bits = 4, frac = 2 }\nallow_lossy_loading = true\n");
  model::RowMatrix w(2, 2);
  w << 0.25, -0.1, 9, -2;
  write_weights_file(folder / "w.npz", {{"W1", w}});
  const Outcome o = convert("net.toml --weights w.npz --raw --out w.csv");
  ASSERT_EQ(o.status, 0) << o.error;
  EXPECT_EQ(content(folder / "w.csv"),
            "projection,row,column,raw,value\nW1,0,0,1,0.25\nW1,0,1,0,0\nW1,1,0,7,1.75\nW1,1,1,-8,-2\n");
  EXPECT_TRUE(contains(o.out, "W1: 4 weights of 4 bits, frac 2: 1 became 0, 1 saturated")) << o.out;
  ASSERT_EQ(convert("net.toml --weights w.npz --raw --out images").status, 0);
  EXPECT_EQ(
      content(folder / "images" / "weights_W1.memh"),
      "// weights of W1 before the first tick, 2 rows of 2 columns, row by row; 4 bits, signed, frac 2\n"
      "1\n0\n7\n8\n");
}

TEST_F(Convert, RefusesAndLeavesNothing) {
  const std::pair<const char*, const char*> cases[] = {
      {"net.toml --out images", "memory images hold raw integers"},
      {"net.toml --out w.txt", "w.txt: which format?"},
      {"net.toml --raw --out w.h5", "--out: w.h5: which format?; accepted: with --raw"},
      {"net.toml --weights absent.npz --out w.npz", "absent.npz: doesn't exist"},
      {"net.toml --out nowhere/w.npz", "nowhere/w.npz: there is no folder"},
      {"net.toml --raw --out w.npz --set formats.weight.frac=3", "became 0"},
      {"net.toml", "--out"},
      {"absent.toml --out w.npz", "absent.toml"},
  };
  for (const auto& [arguments, expected] : cases) {
    const Outcome o = convert(arguments);
    EXPECT_EQ(o.status, 2) << arguments;
    EXPECT_TRUE(contains(o.error, expected)) << arguments << ": " << o.error;
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    EXPECT_TRUE(name == "net.toml" || name == ".out" || name == ".error") << name;
  }
}

}  // namespace
}  // namespace apical::tools
