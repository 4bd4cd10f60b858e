// SPDX-License-Identifier: Apache-2.0
// Activations from files of samples: what is read, what is refused and how, and what a configuration says of
// it.
#include "tools/config/activation_file.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>
#include <random>

#include "fixedpoint/program/compiler.hpp"
#include "model/golden.hpp"
#include "tests/scratch.hpp"
#include "tools/config/loading.hpp"
#include "tools/config/nir.hpp"
#include "tools/config/starting_weights.hpp"

namespace apical::tools {
namespace {

using test::contains;
using test::message_of;

const std::string bump = "# by hand\nu,phi,dphi\n-2,0,0\n-1,0.05,0.1\n0,0.5,0.8\n2,1,0\n";
const std::string network = "[network]\nlayers = [5, 4, 3]\nactivation = { table = \"phi.csv\" }\n";

class ActivationFile : public test::Scratch {
 protected:
  std::string refused(const std::string& text) const {
    const std::string path = file("bad.csv", text),
                      said = message_of([&] { read_activation(path, "bad.csv"); });
    EXPECT_EQ(said.rfind(path, 0), 0u) << said;
    EXPECT_TRUE(contains(said, "; accepted: ")) << said;
    return said;
  }
};

TEST_F(ActivationFile, IsReadAsItStands) {
  const auto s = read_activation(file("phi.csv", bump), "phi.csv");
  EXPECT_EQ(s->u, (std::vector<double>{-2, -1, 0, 2}));
  EXPECT_EQ(s->rate, (std::vector<double>{0, 0.05, 0.5, 1}));
  EXPECT_EQ(s->slope, (std::vector<double>{0, 0.1, 0.8, 0}));
  const std::string same = "u , phi,\tdphi\r\n-2.0,0,-0\r\n# no row\r\n-1,5e-2,.1\r\n0,0.5,0.8\r\n2,1,0";
  EXPECT_EQ(hash_of(*read_activation(file("same.csv", same), "same.csv")), hash_of(*s));
  EXPECT_EQ(hash_of(*read_activation(file("again.csv", activation_csv(*s)), "again.csv")), hash_of(*s));
  const model::Activation f(s);
  EXPECT_EQ(model::phi(f, -1.0), 0.05);
  EXPECT_EQ(model::phi_prime(f, -1.0), 0.1);
  EXPECT_EQ(model::phi(f, -3.0), 0.0);
  EXPECT_EQ(model::phi(f, 2.0), 1.0);
  EXPECT_EQ(model::phi(f, 9.0), 1.0);
  EXPECT_EQ(model::phi_prime(f, 9.0), 0.0);
  EXPECT_TRUE(std::isnan(model::phi(f, std::nan(""))));
}

TEST_F(ActivationFile, IsRefusedByLine) {
  const std::string rows = "u,phi\n0,0\n1,1\n2,2\n";
  EXPECT_TRUE(contains(refused(rows), "bad.csv:4: the file ends after 3 samples"));
  EXPECT_TRUE(contains(refused(""), "the file ends after 0 samples"));
  EXPECT_TRUE(contains(refused("0,1\n" + rows), "bad.csv:1: header \"0,1\"; accepted: u,phi or u,phi,dphi"));
  EXPECT_TRUE(contains(refused("u,phi,slope\n"), "bad.csv:1: header"));
  EXPECT_TRUE(contains(refused(rows + "3\n"), "bad.csv:5: \"3\"; accepted: a row of 2 numbers"));
  EXPECT_TRUE(contains(refused(rows + "\n3,3\n"), "bad.csv:5: \"\"; accepted: a row of 2 numbers"));
  EXPECT_TRUE(contains(refused(rows + "3,3,3\n"), "a row of 2 numbers"));
  EXPECT_TRUE(contains(refused(rows + "3,\n"), "bad.csv:5: phi \"\"; accepted: a number"));
  for (const char* no_number : {"nan", "inf", "-inf", "1e999", "2e9", "0x10", "3 4", "\"3\""})
    EXPECT_TRUE(contains(refused(fmt::format("{}3,{}\n", rows, no_number)), "bad.csv:5: phi "));
  EXPECT_TRUE(contains(refused(rows + "2,3\n"), "bad.csv:5: u 2 after 2; accepted: u that ascends"));
  EXPECT_TRUE(contains(refused(rows + "1.5,3\n"), "bad.csv:5: u 1.5 after 2"));
  EXPECT_TRUE(contains(refused(rows + "2.0000000001,3\n"), "by 1e-09 at least"));
  std::string many = "u,phi\n";
  for (int i = 0; i <= 65536; ++i) many += fmt::format("{},0\n", i);
  EXPECT_TRUE(contains(refused(many), "bad.csv:65538: one row more; accepted: 65536 rows at most"));
  EXPECT_TRUE(contains(refused(std::string((std::size_t{1} << 23) + 1, '#')), "at most 8388608 bytes"));
  EXPECT_TRUE(
      contains(message_of([&] { read_activation(folder / "none.csv", "none.csv"); }), "doesn't exist"));
  EXPECT_TRUE(contains(message_of([&] { read_activation(folder, "folder"); }), "is a folder"));
}

// No slope lets the curve leave what lies between two samples, nor fall where they rise.
TEST_F(ActivationFile, WithoutSlopesIsMonotoneBetweenSamples) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  const auto part = [&] { return std::uniform_real_distribution<double>(0, 1)(random); };
  for (int trial = 0; trial < 100; ++trial) {
    std::string text = "u,phi\n";
    double u = -5 * part();
    for (int i = 0; i < 12; ++i) {
      text += fmt::format("{},{}\n", u, part() < 0.2 ? 0.5 : part());
      u += std::exp2(-6 * part());
    }
    const auto s = read_activation(file("drawn.csv", text), "drawn.csv");
    for (std::size_t i = 0; i + 1 < s->u.size(); ++i) {
      const model::Cubic<double> c(*s, i);
      const double rise = s->rate[i + 1] - s->rate[i];
      double before = s->rate[i];
      for (int n = 1; n <= 64; ++n) {
        const double here = c.value(n / 64.0);
        ASSERT_GE((here - before) * (rise < 0 ? -1 : 1), -1e-15) << text << "after " << s->u[i];
        ASSERT_TRUE(rise != 0.0 || here == before) << text;
        before = here;
      }
    }
  }
}

TEST_F(ActivationFile, IsRelativeToTheFileThatNamesIt) {
  std::filesystem::create_directory(folder / "inner");
  file("inner/phi.csv", bump);
  const Config c = read_config(file("inner/net.toml", network));
  ASSERT_NE(c.network.activation.samples(), nullptr);
  EXPECT_EQ(name_of(c.network.activation), "phi.csv");
  // What is written elsewhere finds it all the same, and is the same configuration but for the path.
  const std::string text = as_toml(c, "written");
  EXPECT_TRUE(contains(text, (folder / "inner" / "phi.csv").string())) << text;
  const Config again = parse_config(text, (folder / "elsewhere.toml").string());
  EXPECT_EQ(again.network.activation, c.network.activation);
  Config set = parse_config("[network]\nlayers = [5, 4, 3]\n", "plain");
  for (const std::string& how :
       {fmt::format("network.activation={{ table = \"{}\" }}", (folder / "inner/phi.csv").string()),
        fmt::format("network.activation.table={}", (folder / "inner/phi.csv").string())}) {
    set_key(set, "network.activation=tanh");
    set_key(set, how);
    EXPECT_EQ(set.network.activation, c.network.activation) << how;
  }
  set_key(set, "network.activation=relu");
  EXPECT_EQ(set.network.activation, model::Activation::relu);
  for (const auto& [value, said] : {std::pair{"{ table = 3 }", "network.activation.table: no string"},
                                    {"{ tables = \"a\" }", "network.activation.tables: no such key"},
                                    {"{ hash = \"a\" }", "network.activation: no table"},
                                    {"{ table = \"no.csv\" }", "no.csv: doesn't exist"},
                                    {"3",
                                     "accepted: logistic, tanh, hard_sigmoid, softplus, relu, linear, silu, "
                                     "{ table = \"FILE.csv\" }"}}) {
    const std::string message = message_of(
        [&, v = value] { parse_config(fmt::format("[network]\nactivation = {}\n", v), "net.toml"); });
    EXPECT_EQ(message.rfind("net.toml:2: network.activation", 0), 0u) << message;
    EXPECT_TRUE(contains(message, said)) << message;
  }
}

TEST_F(ActivationFile, IsPartOfTheDigest) {
  file("phi.csv", bump);
  const std::string path = file("net.toml", network);
  const Config c = read_config(path);
  const std::string text = canonical(c);
  EXPECT_TRUE(contains(text, "network.activation = { table = \"phi.csv\", hash = \"" +
                                 hash_of(*c.network.activation.samples()) + "\" }\n"))
      << text;
  const std::string beside = (folder / "canonical").string();
  EXPECT_EQ(canonical(parse_config(text, beside)), text);
  file("phi.csv", "# another word\n" + bump);
  EXPECT_EQ(digest(read_config(path)), digest(c));
  std::string other = bump;
  other.replace(other.find("0.8"), 3, "0.7");
  file("phi.csv", other);
  EXPECT_NE(digest(read_config(path)), digest(c));
  const std::string message = message_of([&] { parse_config(text, beside); });
  EXPECT_TRUE(contains(message, "phi.csv has other samples than when this was written")) << message;
  EXPECT_EQ(canonical(c), text) << "what was read stays";
}

TEST_F(ActivationFile, IsRefusedByNir) {
  file("phi.csv", bump);
  Config c = read_config(file("net.toml", network));
  for (const bool in_metadata : {false, true}) {
    const std::string message = message_of([&] { check_nir(c, in_metadata); });
    EXPECT_TRUE(contains(message, "network.activation: table \"phi.csv\" is a file beside the graph"))
        << message;
    EXPECT_FALSE(contains(message, "has no NIR node")) << message;
  }
  set_key(c, "network.activation=tanh");
  EXPECT_EQ(message_of([&] { check_nir(c, true); }), "");
}

// Both machines get it from one configuration: tables are the golden model's curve, rounded.
TEST_F(ActivationFile, ReachesTablesAndGoldenModel) {
  file("phi.csv", bump);
  const Config c =
      read_config(file("net.toml", network + "[tables]\nfull_bits = 12\n[formats.u]\nbits = 12\nfrac = 9\n"));
  const auto program = compiled(c, starting_weights(c));
  const auto& table = program->rate_tables[1];
  const auto& slopes = program->slope_tables[1];
  ASSERT_EQ(table.base.size(), 4096u);
  for (std::int64_t raw = -2048; raw < 2048; ++raw) {
    const double u = std::ldexp(static_cast<double>(raw), -9);
    EXPECT_NEAR(table.out.value(table.lookup(raw)), model::phi(c.network.activation, u),
                std::ldexp(0.5, -table.out.frac) + 1e-15);
    EXPECT_NEAR(slopes.out.value(slopes.lookup(raw)), model::phi_prime(c.network.activation, u),
                std::ldexp(0.5, -slopes.out.frac) + 1e-15);
  }
  EXPECT_EQ(drawn_settings(c).activation, c.network.activation);
  EXPECT_EQ(microcircuit_of(c).activation, c.network.activation);
}

}  // namespace
}  // namespace apical::tools
