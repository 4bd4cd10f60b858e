// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <set>
#include <sstream>

#include "model/hdf5_file.hpp"
#include "tests/tools/command_line.hpp"
#include "tools/report/version.hpp"

namespace apical::tools {
namespace {

using nlohmann::json;
using test::CommandLine;
using test::contains;
using test::content;
using test::Outcome;
using test::small_net;

TEST_F(CommandLine, HelpHasExamplesEverywhere) {
  EXPECT_EQ(apical("--version").out.rfind("apical ", 0), 0u);
  const Outcome top = apical("--help");
  EXPECT_EQ(top.status, 0);
  EXPECT_TRUE(contains(top.out, "apical run tools/configs/digits8.toml"));
  for (const std::string name : {"run", "quantise", "compile", "mesh", "list", "config-reference"}) {
    EXPECT_TRUE(contains(top.out, name));
    const Outcome help = apical(name + " --help");
    EXPECT_EQ(help.status, 0) << name;
    EXPECT_TRUE(contains(help.out, "Example")) << name;
    EXPECT_TRUE(contains(help.out, "  apical " + name)) << name;
    EXPECT_EQ(contains(help.out, "--json"), name != "config-reference") << name;
  }
}

// Exit status 2, one line on standard error that starts with "apical: ", and no folder of results.
TEST_F(CommandLine, RefusesBadInput) {
  file("net.toml", small_net);
  file("bare.toml", "");
  file("wide.toml",
       small_net + "[formats.weight]\nbits = 32\n[formats.rate]\nbits = 32\n[formats.input]\nbits = 32\n");
  file("typo.toml", "[network]\nlayers = [64, 10]\nbeta = 1\n");
  file("pixels", "not idx");
  const std::string word(3000, 'x');
  for (const std::string& command :
       {word, "run " + word, "run net.toml --" + word, "run net.toml --set " + word + "=1",
        "experiment " + word, "quantise --format '{ bits = 8 }' " + word, "list " + word,
        "deploy net.toml --target " + word, "verify net.toml --upto " + word,
        "optimise net.toml --cost " + word})
    EXPECT_LT(apical(command).error.size(), 1600U) << command.substr(0, 60);
  const std::pair<const char*, const char*> cases[] = {
      {"", "accepted: run, verify, vectors, quantise"},
      {"walk", "walk"},
      {"run", "CONFIG"},
      {"run absent.toml", "absent.toml"},
      {"run net.toml surplus", "surplus"},
      {"run net.toml --sed 3", "--sed"},
      {"run net.toml --seed -3", "--seed"},
      {"run net.toml --threads 0", "--threads: run.threads: 0; accepted: a whole number, 1.."},
      {"run net.toml --machine silver", "--machine: run.machine: 'silver'; accepted: golden, emulator, both"},
      {"run net.toml --set dynamics.taw=3", "nearest: dynamics.tau"},
      {"run typo.toml", "typo.toml:3: network.beta: no such key"},
      {"run bare.toml", "network.layers: not given"},
      {"run net.toml --set 'network.layers=[63, 10]'", "63 inputs and 10 outputs; accepted: 64 and 10"},
      {"run net.toml --set 'network.layers=[64, 9]'", "64 inputs and 9 outputs; accepted: 64 and 10"},
      {"run net.toml --set 'learning.eta=[1, 1, 1]'",
       "learning.eta: 3 values; accepted: one, or one per layer (2)"},
      {"run net.toml --set 'dynamics.rho=[1, 1]'", "dynamics.rho: 2 values"},
      {"run net.toml --set dynamics.dt=11", "dynamics.dt: 11 ms; accepted: above 0 and at most tau"},
      {"run net.toml --set dynamics.flow=lagrangian --set dynamics.scheme=exact", "accepted: integrated"},
      {"run net.toml --set learning.trace=round-trip",
       "learning.trace: \"round-trip\" on an integer machine, whose program has no memory of past rates; "
       "accepted: none"},
      {"run net.toml --set network.circuit=microcircuit --set learning.trace=round-trip",
       "learning.trace: round-trip with network.circuit \"microcircuit\"; accepted: none"},
      {"run net.toml --set formats.weight.layer3.bits=8", "formats.weight.layer3: no such layer"},
      {"run net.toml --weights absent.h5", "absent.h5"},
      {"run net.toml --weights net.toml", "accepted: an HDF5 file"},
      {"run net.toml --trace absent/trace.h5", "absent/"},
      {"run net.toml --set task.kind=series", "task.file"},
      {"run net.toml --set task.kind=series --set task.file=net.toml", "accepted: an HDF5 file"},
      {"run net.toml --set task.kind=mnist --set task.file=absent", "tools/fetch-mnist"},
      {"run wide.toml", "accepted"},
      {"compile wide.toml", "62"},
      {"compile net.toml --set formats.u.bits=0", "formats.u.bits: 0; accepted: a whole number, 1..32"},
      {"quantise", "no numbers"},
      {"quantise one", "number \"one\"; accepted: a decimal"},
      {"quantise 1/0", "number \"1/0\""},
      {"quantise --format '{ bits = 63 }' 1", "format.bits: 63; accepted: a whole number, 1..62"},
      {"quantise --format '{ bits = 8' 1", "--format"},
      {"quantise --format 8 1", "accepted: a table"},
      {"quantise --random 65536 1", "--random"},
      {"list --configs absent", "--configs: absent; accepted: a folder"},
      {"config-reference --check absent", "absent"},
  };
  for (const auto& [arguments, expected] : cases) {
    const Outcome o = apical(arguments);
    EXPECT_EQ(o.status, 2) << arguments;
    EXPECT_EQ(o.out, "") << arguments;
    EXPECT_EQ(o.error.rfind("apical: ", 0), 0u) << arguments << ": " << o.error;
    EXPECT_EQ(o.error.find('\n'), o.error.size() - 1) << arguments << ": " << o.error;
    EXPECT_TRUE(contains(o.error, expected)) << arguments << ": " << o.error;
    EXPECT_FALSE(std::filesystem::exists(folder / "out")) << arguments;
  }
}

// What isn't a file, or is too large for one, is refused before it is opened or allocated.
TEST_F(CommandLine, RefusesWhatIsNoFile) {
  file("net.toml", small_net);
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  std::ofstream(folder / "large.toml") << std::string(17 << 20, '#');
  std::filesystem::create_directory(folder / "mnist");
  std::ofstream(folder / "mnist" / "train-images-idx3-ubyte") << "\x1f\x8b packed";
  std::filesystem::create_directory(folder / "packed");
  std::ofstream(folder / "packed" / "train-images-idx3-ubyte.gz") << "\x1f\x8b packed";
  const std::pair<const char*, const char*> cases[] = {
      {"run pipe", "pipe: is a pipe or a device; accepted: a configuration file"},
      {"run /dev/zero", "/dev/zero: is a pipe or a device; accepted: a configuration file"},
      {"run .", ".: is a folder; accepted: a configuration file"},
      {"run large.toml", "at most 16777216 bytes"},
      {"sweep pipe", "pipe: is a pipe or a device; accepted: a study file"},
      {"run net.toml --weights pipe", "pipe: is a pipe or a device; accepted: an HDF5 file"},
      {"run net.toml --set task.kind=series --set task.file=pipe", "pipe: is a pipe or a device"},
      {"run net.toml --set task.kind=mnist --set task.file=mnist", "is compressed by gzip"},
      {"run net.toml --set task.kind=mnist --set task.file=packed", "gunzip"},
      {"run net.toml --set network.layers=[1000000,1000000,10]", "network.layers: weights of 3.2e+04 GB"},
      {"run net.toml --set formats.weight.layer-1.bits=8", "formats.weight.layer-1.bits: no such key"},
      {"run net.toml --set events.compare=[2000000000] --set formats.rate.frac=0", "events.compare"},
  };
  for (const auto& [arguments, expected] : cases) {
    const Outcome o = apical(arguments, "ulimit -v 4000000; ulimit -t 20");
    EXPECT_EQ(o.status, 2) << arguments << o.error;
    EXPECT_TRUE(contains(o.error, expected)) << arguments << ": " << o.error;
  }
}

// A file of weights says what it is for: another network's names, or a bias too many, are no accident.
TEST_F(CommandLine, RefusesWeightsOfOthers) {
  file("net.toml", small_net);
  {
    model::Hdf5Writer weights(folder / "more.h5");
    weights.write("/weights/W1", model::RowMatrix::Zero(12, 65));
    weights.write("/weights/W2", model::RowMatrix::Zero(10, 13));
    weights.write("/weights/W3", model::RowMatrix::Zero(10, 11));
    weights.commit();
    model::Hdf5Writer bare(folder / "bare.h5");
    bare.write("/weights/W1", model::RowMatrix::Zero(12, 64));
    bare.write("/weights/W2", model::RowMatrix::Zero(10, 12));
    bare.commit();
  }
  const Outcome more = apical("run net.toml --weights more.h5");
  EXPECT_EQ(more.status, 2);
  EXPECT_TRUE(contains(more.error, "more.h5: W3 isn't wanted; accepted: W1 12 x 65; W2 10 x 13"))
      << more.error;
  const Outcome bare = apical("run net.toml --weights bare.h5");
  EXPECT_EQ(bare.status, 2);
  EXPECT_TRUE(contains(bare.error,
                       "bare.h5: W1 is 12 x 64; W2 is 10 x 12; accepted: W1 12 x 65; W2 10 x 13, the last "
                       "column being the bias"))
      << bare.error;
}

// task.file is looked for beside the configuration that names it.
TEST_F(CommandLine, FindsDataBesideTheConfiguration) {
  std::filesystem::create_directory(folder / "study");
  file("study/net.toml",
       "[network]\nlayers = [2, 3, 1]\n[task]\nkind = \"series\"\nfile = \"data.h5\"\n[run]\nepochs = 1\n");
  const auto write = [&](const std::filesystem::path& path) {
    model::Hdf5Writer data(path);
    data.write("/input", model::RowMatrix::Random(40, 2));
    data.write("/target", model::RowMatrix::Random(40, 1));
    data.commit();
  };
  write(folder / "data.h5");
  const Outcome old = apical("run study/net.toml --machine golden");
  EXPECT_EQ(old.status, 2);
  EXPECT_TRUE(contains(old.error, "task.file: \"data.h5\" isn't in study, beside what names it"))
      << old.error;
  write(folder / "study" / "data.h5");
  EXPECT_EQ(apical("run study/net.toml --machine golden").status, 0);
  EXPECT_EQ(apical("run study/net.toml --machine golden --set task.file=data.h5").status, 0);
  std::filesystem::remove(folder / "data.h5");
  EXPECT_EQ(apical("run study/net.toml --machine golden --set task.file=data.h5").status, 2);
}

// Files keep clear of the numbers of standard streams that were closed, and nothing aborts.
TEST_F(CommandLine, SurvivesClosedStreams) {
  file("net.toml", small_net);
  const auto status = [&](const std::string& line) {
    const int ended =
        std::system(fmt::format("cd '{}' && '{}' {}", folder.string(), APICAL_PROGRAM, line).c_str());
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
  };
  const std::string small =
      "run net.toml --machine golden --ticks 8 --set task.test_limit=2 --trace t.h5 --out ";
  EXPECT_EQ(status(small + "a >&- 2>.error"), 2);  // what it prints is lost, and that is said
  EXPECT_TRUE(contains(content(folder / ".error"), "standard output")) << content(folder / ".error");
  EXPECT_EQ(status(small + "b 2>&- >.out"), 0);
  EXPECT_EQ(status(small + "c <&- >.out"), 0);
  EXPECT_EQ(status("run absent.toml 2>&-"), 2);
  EXPECT_EQ(status("run absent.toml 2>/dev/full"), 2);
  EXPECT_EQ(status("list --configs . >/dev/full 2>.error"), 2);
  EXPECT_EQ(status("config-reference >/dev/full 2>.error"), 2);
  EXPECT_EQ(content(folder / "b" / "result.json").front(), '{');
}

TEST_F(CommandLine, ResultsSayWhatWroteThem) {
  file("net.toml", small_net);
  setenv("SOURCE_DATE_EPOCH", "86400", 1);
  EXPECT_EQ(apical("run net.toml --machine golden --ticks 8 --set task.test_limit=2 --out a").status, 0);
  EXPECT_EQ(apical("vectors export net.toml --ticks 3 --out b").status, 0);
  unsetenv("SOURCE_DATE_EPOCH");
  for (const char* name : {"a/result.json", "b/manifest.json"})
    EXPECT_EQ(json::parse(content(folder / name)).at("apical"), json({{"version", version()},
                                                                      {"commit", commit()},
                                                                      {"build", build_id()},
                                                                      {"date", "1970-01-02T00:00:00Z"}}))
        << name;
  const std::string line = program() + " at 1970-01-02T00:00:00Z";
  EXPECT_TRUE(contains(content(folder / "a" / "report.html"), line));
  EXPECT_EQ(apical("--version").out, program() + "\n");
}

TEST_F(CommandLine, QuantisesExactly) {
  const std::string format =
      "quantise --json --format '{ bits = 8, frac = 4, rounding = \"RND_CONV\", overflow = \"SAT\" }' ";
  const Outcome o = apical(format + "0.3 -7.97 1/3 -1/3 9 0.03125");
  ASSERT_EQ(o.status, 0) << o.error;
  const json rows = json::parse(o.out);
  ASSERT_EQ(rows.size(), 6u);
  const auto expect = [&](std::size_t i, std::int64_t raw, const char* hex, const char* value,
                          const char* error) {
    EXPECT_EQ(rows[i]["raw"], raw);
    EXPECT_EQ(rows[i]["hex"], hex);
    EXPECT_EQ(rows[i]["value"], value);
    EXPECT_EQ(rows[i]["error"], error);
    EXPECT_EQ(rows[i]["saturated"], i == 4);
  };
  expect(0, 5, "0x05", "0.3125", "0.0125");
  expect(1, -128, "0x80", "-8", "-0.03");
  expect(2, 5, "0x05", "0.3125", "-1/48");
  expect(3, -5, "0xfb", "-0.3125", "1/48");
  expect(4, 127, "0x7f", "7.9375", "-1.0625");
  expect(5, 0, "0x00", "0", "-0.03125");  // a tie goes to the even neighbour
  const Outcome after = apical("quantise --format '{ bits = 8, frac = 4 }' -- -7.97");
  EXPECT_EQ(after.status, 0) << after.error;
  EXPECT_TRUE(contains(after.out, "-128")) << after.out;
  for (const auto& [overflow, word] :
       {std::pair{"SAT", "(saturated)"}, {"WRAP", "(wrapped)"}, {"SAT_ZERO", "(zeroed)"}})
    EXPECT_TRUE(contains(
        apical(fmt::format("quantise 99 --format '{{ bits = 4, overflow = \"{}\" }}'", overflow)).out, word));
  const Outcome table = apical("quantise -7.97 --format '{ bits = 8, frac = 4 }'");
  EXPECT_EQ(table.status, 0);
  EXPECT_TRUE(contains(table.out, "-128")) << table.out;
}

TEST_F(CommandLine, ListsConfigurations) {
  file("b.toml", "# the second\n");
  file("a.toml", "# the first\n[network]\n");
  file("notes.txt", "# no configuration\n");
  const json rows = json::parse(apical("list --json --configs .").out);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_TRUE(contains(rows[0]["file"], "a.toml"));
  EXPECT_EQ(rows[0]["text"], "the first");
  EXPECT_TRUE(contains(apical("list --configs .").out, "b.toml  the second"));
}

TEST_F(CommandLine, ChecksTheReference) {
  EXPECT_EQ(apical("config-reference", "mkdir tools").status, 0);
  file("tools/CONFIGURATION.md", content(folder / ".out"));
  EXPECT_EQ(apical("config-reference --check").status, 0);
  file("stale.md", content(folder / "tools/CONFIGURATION.md") + "\n");
  const Outcome stale = apical("config-reference --check stale.md");
  EXPECT_EQ(stale.status, 1);
  EXPECT_TRUE(contains(stale.error, "stale.md is stale")) << stale.error;
}

TEST_F(CommandLine, CompileShowsMemoryOperationsAndWidths) {
  file("net.toml", small_net);
  const Outcome text = apical("compile net.toml");
  ASSERT_EQ(text.status, 0) << text.error;
  const Outcome o = apical("compile net.toml --json");
  ASSERT_EQ(o.status, 0) << o.error;
  const json program = json::parse(o.out);
  std::uint64_t address = 0;
  for (const json& region : program["memory"]) {
    EXPECT_EQ(region["address"], address) << region;
    address += region["words"].get<std::uint64_t>();
    EXPECT_TRUE(contains(text.out, region["name"])) << region;
  }
  EXPECT_GE(address, 65u * 12u + 13u * 10u) << "the weights alone";
  for (const json& proof : program["widths"]) EXPECT_LE(proof["bits"], 62) << proof;
  std::set<std::string> operations;
  for (const json& op : program["operations"]) operations.insert(op.get<std::string>().substr(0, 5));
  EXPECT_EQ(operations, (std::set<std::string>{"BACKW", "FORWA", "LEARN", "UPDAT"}));
}

TEST_F(CommandLine, MeshReportsWhatManyCoresDo) {
  file("net.toml", small_net);
  const Outcome o = apical("mesh net.toml --cores 6 --memory 6 --ticks 5 --sweep --most 16 --json --out m");
  ASSERT_EQ(o.status, 0) << o.error;
  const json mesh = json::parse(o.out);
  EXPECT_EQ(mesh["equal"], true);
  EXPECT_EQ(mesh["synapses"], 65 * 12 + 13 * 10);
  EXPECT_LE(mesh["fullest_core_bits"], 6 * 8192);
  EXPECT_GT(mesh["packets_per_tick"], 0.0);
  EXPECT_EQ(mesh["same_network"].size(), 3u);
  EXPECT_TRUE(contains(mesh["same_network"][0].dump(), "memory per core: 1 cores")) << mesh;
  const json& largest = mesh["largest_network"];
  EXPECT_GT(largest[2]["synapses"], largest[1]["synapses"]);
  for (const char* name : {"mesh.svg", "scaling.svg"}) {
    const std::string svg = content(folder / "m" / name);
    EXPECT_TRUE(contains(svg, "<svg xmlns=")) << name;
    EXPECT_TRUE(contains(svg, "</svg>")) << name;
  }
  // Every link once: 3 × 2 cores, four directions; and their sum is the hops.
  std::istringstream links(content(folder / "m" / "links.csv"));
  std::string line;
  double packets = 0.0;
  int count = -1;
  for (; std::getline(links, line); ++count)
    if (count >= 0) packets += std::stod(line.substr(line.rfind(',') + 1));
  EXPECT_EQ(count, 3 * 2 * 4);
  EXPECT_NEAR(packets, mesh["hops_per_tick"].get<double>(), 0.2);
  EXPECT_EQ(apical("mesh net.toml --cores 1 --memory 1").status, 1);
  EXPECT_EQ(apical("mesh net.toml --cores 0").status, 2);
}

}  // namespace
}  // namespace apical::tools
