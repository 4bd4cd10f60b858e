// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <set>

#include "fixedpoint/program/compiler.hpp"
#include "tests/scratch.hpp"
#include "tools/config/config_keys.hpp"
#include "tools/config/formats.hpp"
#include "tools/config/starting_weights.hpp"
#include "tools/run/run.hpp"

namespace apical::tools {
namespace {

using test::contains;
using test::content;
using test::message_of;

class ConfigFile : public test::Scratch {
 protected:
  Config read(const std::string& text) { return read_config(file("net.toml", text)); }
};

TEST_F(ConfigFile, ReadsEveryKindOfValue) {
  const Config c = read(
      "[network]\nlayers = [4, 3, 2]\nbias = false\nactivation = \"tanh\"\n[dynamics]\ngamma = 0\nrho = "
      "[0.5, 1, 1, 1, "
      "2]\nbeta = 0.25\n[learning]\neta = 0.125\n[run]\nseed = 7\n[task]\nfile = \"x.h5\"\n");
  EXPECT_EQ(c.network.layers, (std::vector<int>{4, 3, 2}));
  EXPECT_FALSE(c.network.bias);
  EXPECT_EQ(c.network.activation, model::Activation::tanh);
  EXPECT_EQ(c.network.gamma, 0.0);
  EXPECT_EQ(c.network.rho, (std::vector<double>{0.5, 1, 1, 1, 2}));
  EXPECT_EQ(c.network.beta, 0.25);
  EXPECT_EQ(c.network.eta, std::vector<double>{0.125});
  EXPECT_EQ(c.seed, 7u);
  EXPECT_EQ(c.task.file, "x.h5");
}

// Every message names file and line, the key, what was found and what would be accepted.
TEST_F(ConfigFile, RefusesWhatItDoesNotKnow) {
  struct Case {
    const char *text, *line, *key, *accepted;
  };
  const Case cases[] = {
      {"[network]\n\nlayer = [1, 2]\n", ":3: ", "network.layer: no such key", "nearest: network.layers"},
      {"[netwerk]\nbias = true\n", ":1: ", "netwerk: no such section", "network, dynamics"},
      {"stray = 1\n", ":1: ", "stray", "accepted"},
      {"[network]\nlayers = 3\n", ":2: ", "network.layers: 3", "an array of whole numbers"},
      {"[network]\nlayers = [3, 2.5]\n", ":2: ", "network.layers: [ 3, 2.5 ]", "whole numbers"},
      {"[network]\nlayers = [3, 0]\n", ":2: ", "network.layers: [ 3, 0 ]", "1..1048575"},
      {"[network]\nbias = 1\n", ":2: ", "network.bias: 1", "true, false"},
      {"[network]\nactivation = \"sigmoid\"\n", ":2: ", "network.activation: 'sigmoid'", "logistic, tanh"},
      {"[dynamics]\ntau = 0\n", ":2: ", "dynamics.tau: 0", "above 0"},
      {"[dynamics]\ntau = inf\n", ":2: ", "dynamics.tau: inf", "a number"},
      {"[dynamics]\nbeta = nan\n", ":2: ", "dynamics.beta: nan", "a number"},
      {"[dynamics]\nbeta = 4\n", ":2: ", "dynamics.beta: 4", "0..3.9999"},
      {"[run]\nseed = 4294967296\n", ":2: ", "run.seed: 4294967296", "0..4294967295"},
      {"[dynamics]\ngamma = 0.5\n", ":2: ", "dynamics.gamma: 0.5", "0, 1"},
      {"[dynamics]\nrho = []\n", ":2: ", "dynamics.rho: []", "an array of numbers"},
      {"[learning]\neta = \"fast\"\n", ":2: ", "learning.eta: 'fast'", "a number"},
      {"[run]\nseed = -1\n", ":2: ", "run.seed: -1", "a whole number, 0.."},
      {"[run]\nseed = 1979-05-27\n", ":2: ", "run.seed: 1979-05-27", "a whole number"},
      {"[formats.wait]\nbits = 8\n", ":2: ", "formats.wait: no such signal", "weight, basal"},
      {"[formats.weight]\nbits = 0\n", ":2: ", "formats.weight.bits: 0", "1..32"},
      {"[formats.weight]\nbits = 33\n", ":2: ", "formats.weight.bits: 33", "1..32"},
      {"[formats.weight]\nfrac = 65\n", ":2: ", "formats.weight.frac: 65", "-64..64"},
      {"[formats.weight]\nbit = 8\n", ":2: ", "formats.weight.bit: no such key", "bits, frac"},
      {"[formats.weight]\nrounding = \"up\"\n", ":2: ", "formats.weight.rounding", "RND_CONV"},
      {"[formats.weight]\nrandom_bits = 0\n", ":2: ", "formats.weight.random_bits: 0", "1..16"},
      {"[formats.weight]\nrandom_bits = 17\n", ":2: ", "formats.weight.random_bits: 17", "1..16"},
      {"[formats.weight]\noverflow = \"clip\"\n", ":2: ", "formats.weight.overflow", "SAT_SYM"},
      {"[formats.weight]\nsigned = \"no\"\n", ":2: ", "formats.weight.signed: 'no'", "true, false"},
      {"[formats.weight.layer2]\nbits = 99\n", ":2: ", "formats.weight.layer2.bits: 99", "1..32"},
      {"[formats.weight.layer-1]\nbits = 9\n", ":1: ", "formats.weight.layer-1", "bits, frac"},
      {"[formats.step]\nfrac = \"some\"\n", ":2: ", "formats.step.frac", "auto, or a whole number"},
      {"[formats.weight.layer2.layer3]\nbits = 9\n", ":1: ", "formats.weight.layer2.layer3", "accepted"},
      {"[network\n", ":1: ", "", "TOML"},
  };
  for (const Case& c : cases) {
    const std::string message = message_of([&] { read(c.text); });
    EXPECT_TRUE(contains(message, "net.toml" + std::string(c.line))) << c.text << message;
    EXPECT_TRUE(contains(message, c.key)) << c.text << message;
    EXPECT_TRUE(contains(message, "accepted: ")) << c.text << message;
    EXPECT_TRUE(contains(message, c.accepted)) << c.text << message;
    EXPECT_FALSE(contains(message, "\n")) << message;
  }
  EXPECT_THROW(read_config((folder / "absent.toml").string()), InputError);
}

// Whatever stands where a name was expected, the message stays a line that a terminal shows.
TEST_F(ConfigFile, EchoesALongTextInPart) {
  const std::string text(3000, 'x');
  const std::pair<const char*, const char*> names[] = {{"dynamics", "flow"},
                                                       {"dynamics", "scheme"},
                                                       {"network", "activation"},
                                                       {"network", "circuit"},
                                                       {"formats.weight", "overflow"},
                                                       {"formats.weight", "rounding"},
                                                       {"formats.step", "frac"},
                                                       {"formats.rate.layer1", "bits"},
                                                       {"formats.u", "signed"},
                                                       {"formats", "x"},
                                                       {"run", "machine"},
                                                       {"learning", "eta"},
                                                       {"formats.rate", text.c_str()},
                                                       {"network", text.c_str()},
                                                       {text.c_str(), "bits"}};
  for (const auto& [table, key] : names) {
    const std::string message =
        message_of([&] { read(fmt::format("[{}]\n{} = \"{}\"\n", table, key, text)); });
    EXPECT_TRUE(contains(message, "net.toml:")) << message.substr(0, 200);
    EXPECT_LT(message.size(), 700U) << table << "." << key << ": " << message.substr(0, 200);
  }
}

TEST_F(ConfigFile, RefusesWhatDoesNotFitTogether) {
  const auto message = [&](const std::string& text) {
    const Config c = read(text);
    return message_of([&] {
      try {
        check(c);
      } catch (const std::invalid_argument& error) {
        throw InputError(located(c, error));
      }
    });
  };
  EXPECT_EQ(message("[network]\nlayers = [4, 3, 2]\n"), "");
  EXPECT_TRUE(contains(message(""), "network.layers: not given; accepted: "));
  EXPECT_TRUE(
      contains(message("[network]\nlayers = [4]\n"), "net.toml:2: network.layers: only the input is"));
  EXPECT_EQ(message("[network]\nlayers = [4, 3, 2]\nconnections = [[1, 1], [0, 2], [0, 1], [1, 2]]\n"), "");
  EXPECT_TRUE(
      contains(message("[network]\nlayers = [4, 3, 2]\nconnections = [[0, 1], [1, 2], [2, 1]]\n"),
               "net.toml:3: network.connections: [2, 1]; accepted: [source, target] with source 0..1"));
  EXPECT_TRUE(contains(message("[network]\nlayers = [4, 3, 2]\ngain = [1, 2, 3]\n"),
                       "net.toml:3: network.gain: 3 values; accepted: one, or one per layer (2)"));
  EXPECT_TRUE(contains(message("[network]\nlayers = [4, 3, 2]\n[formats.weight.layer3]\nbits = 8\n"),
                       "net.toml:4: formats.weight.layer3: no such layer; accepted: layer1..layer2"));
  EXPECT_TRUE(contains(message("[network]\nlayers = [4, 3]\n[formats.input.layer1]\nbits = 8\n"),
                       "formats.input.layer1: the input is one layer; accepted: formats.input"));
}

TEST_F(ConfigFile, SetOverridesTheFile) {
  Config c = read("[network]\nlayers = [4, 3, 2]\n[dynamics]\nbeta = 0.5\n");
  set_key(c, "dynamics.beta=0.75");
  EXPECT_EQ(c.network.beta, 0.75);
  set_key(c, "dynamics.flow=gradient");
  EXPECT_EQ(c.network.flow, model::Flow::gradient);
  set_key(c, "dynamics.flow=\"lagrangian\"");
  EXPECT_EQ(c.network.flow, model::Flow::lagrangian);
  set_key(c, "network.layers=[5, 6]");
  EXPECT_EQ(c.network.layers, (std::vector<int>{5, 6}));
  set_key(c, "task.file=2024");
  EXPECT_EQ(c.task.file, "2024");
  set_key(c, "formats.rate={ bits = 9, frac = 8 }");
  EXPECT_EQ(c.formats.at("rate", 1).bits, 9);
  set_key(c, "formats.rate.layer1.frac=7");
  EXPECT_EQ(c.formats.at("rate", 1).frac, 7);
  EXPECT_EQ(c.formats.at("rate", 2).frac, 8);

  for (const char* bad : {"network.connections=[[0, 1, 2]]", "network.connections=[1]", "dynamics.beta", "=3",
                          "dynamics.beta=high", "dynamics.betta=1", "formats.rate.bits=64"}) {
    const std::string message = message_of([&] { set_key(c, bad); });
    EXPECT_EQ(message.rfind("--set: ", 0), 0u) << message;
    EXPECT_TRUE(contains(message, "accepted: ")) << message;
  }
  EXPECT_TRUE(
      contains(message_of([&] { set_key(c, "run.machine=both2", "--machine"); }), "--machine: run.machine"));
}

// A layer that says one thing inherits the rest, also from what is said about the signal afterwards.
TEST_F(ConfigFile, LayersInheritFormats) {
  Config c = read("[formats.weight.layer2]\nbits = 10\n[formats.weight]\nfrac = 6\nrounding = \"TRN\"\n");
  EXPECT_EQ(c.formats.at("weight", 2).bits, 10);
  EXPECT_EQ(c.formats.at("weight", 2).frac, 6);
  EXPECT_EQ(c.formats.at("weight", 2).rounding, fixedpoint::Rounding::trn);
  set_key(c, "formats.weight.overflow=SC_WRAP");
  EXPECT_EQ(c.formats.at("weight", 2).overflow, fixedpoint::Overflow::wrap);
  set_key(c, "formats.weight.bits=20");
  EXPECT_EQ(c.formats.at("weight", 2).bits, 10);
  EXPECT_EQ(c.formats.at("weight", 1).bits, 20);
}

// The digest depends on what a configuration says, not on how: order, spelling and comments are free.
TEST_F(ConfigFile, DigestFollowsTheMeaning) {
  const Config a = read("[network]\nlayers = [4, 2]\n[dynamics]\nbeta = 0.5\ntau = 10\n");
  const Config b = read("# other words\n[dynamics]\ntau = 10.0\nbeta = 5e-1\n[network]\nlayers = [ 4,2 ]\n");
  EXPECT_EQ(canonical(a), canonical(b));
  EXPECT_EQ(digest(a), digest(b));
  EXPECT_EQ(digest(a).size(), 32u);
}

struct Change {
  void operator()(int* x) const { *x += 1; }
  void operator()(std::uint64_t* x) const { *x += 1; }
  void operator()(double* x) const { *x += 1e-9; }
  void operator()(bool* x) const { *x = !*x; }
  void operator()(std::string* x) const { *x += "x"; }
  void operator()(const Choice& x) const {
    x.set(x.names[std::string_view(x.get()) == x.names.front() ? 1 : 0]);
  }
  void operator()(model::Activation* x) const {
    *x = *x == model::Activation::tanh ? model::Activation::relu : model::Activation::tanh;
  }
  void operator()(std::vector<int>* x) const { x->push_back(1); }
  void operator()(std::vector<double>* x) const { x->push_back(1.0); }
  void operator()(model::Connections* x) const { x->emplace_back(0, 1); }
};

TEST_F(ConfigFile, EveryKeyAndFormatChangesTheDigest) {
  const Config base = read("[network]\nlayers = [4, 2]\n");
  std::set<std::string> seen{digest(base)};
  for (const Key& key : keys()) {
    Config c = base;
    std::visit(Change{}, key.slot(c));
    EXPECT_TRUE(seen.insert(digest(c)).second) << key.name;
  }
  for (const auto& [signal, format] : fixedpoint::default_formats())
    for (const char* change : {"bits=3", "frac=-5", "signed=false", "rounding=RND_INF", "overflow=SAT_ZERO",
                               "random_bits=9", "layer1.bits=5", "layer2.bits=5"}) {
      Config c = base;
      set_key(c, "formats." + signal + "." + change);
      EXPECT_TRUE(seen.insert(digest(c)).second) << signal << "." << change;
    }
}

// What is written reads as the same configuration: lists of one, layers, unsigned formats, every example.
TEST_F(ConfigFile, IsWrittenAsItReads) {
  std::vector<Config> all{
      read("[network]\nlayers = [4, 3, 2]\n[events]\ncompare = [3]\n[dynamics]\nalpha = [0.5, 0.25, 1, "
           "1, 0]\n[learning]\neta = 0.125\n[formats.u]\nbits = 9\nsigned = false\n"
           "[formats.u.layer2]\nfrac = -3\noverflow = \"WRAP\"\n[formats.step.layer1]\nbits = 12\n"
           "frac = 9\n[task]\nfile = \"a b.h5\"\n")};
  for (const auto& entry : std::filesystem::directory_iterator(APICAL_SOURCE_DIR "/tools/configs"))
    all.push_back(read_config(entry.path().string()));
  for (const Config& c : all) {
    const std::string text = as_toml(c, "what it is");
    EXPECT_EQ(text.rfind("# what it is\n", 0), 0u);
    Config expected = c;
    expected.task.file = task_file(c).string();  // a file that is written elsewhere finds the same
    EXPECT_EQ(canonical(parse_config(text, "written")), canonical(expected)) << text;
  }
}

TEST(ConfigReference, IsFresh) {
  EXPECT_EQ(content(APICAL_SOURCE_DIR "/tools/CONFIGURATION.md"), reference_document())
      << "make it anew: apical config-reference > tools/CONFIGURATION.md";
}

TEST(ConfigReference, NamesEveryKey) {
  const std::string document = reference_document();
  for (const Key& key : keys()) {
    const std::string name = key.name;
    const std::size_t section = document.find("## [" + name.substr(0, name.find('.')) + "]");
    ASSERT_NE(section, std::string::npos) << name;
    EXPECT_NE(document.find("| `" + name.substr(name.find('.') + 1) + "` |", section), std::string::npos)
        << name;
  }
  for (const auto& [signal, format] : fixedpoint::default_formats())
    EXPECT_TRUE(contains(document, "| `" + signal + "` |")) << signal;
}

TEST(ExampleConfigurations, CompileAndSayWhatTheyAre) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(APICAL_SOURCE_DIR "/tools/configs")) {
    ++count;
    EXPECT_EQ(content(entry.path()).rfind("# ", 0), 0u)
        << entry.path() << " has no first line for `apical list`";
    const Config c = read_config(entry.path().string());
    EXPECT_NO_THROW(check(c)) << entry.path();
    if (c.machine == Machine::golden) continue;
    EXPECT_NO_THROW(fixedpoint::compile(describe(c, starting_weights(c)))) << entry.path();
  }
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace apical::tools
