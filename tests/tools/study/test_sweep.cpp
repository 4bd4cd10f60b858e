// Sweeps: one store whatever runs the points, however often it is killed; studies that are refused.
#include <csignal>
#include <cstdlib>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "model/hdf5_file.hpp"
#include "tests/tools/command_line.hpp"
#include "tools/report/version.hpp"
#include "tools/study/store.hpp"
#include "tools/study/study.hpp"

namespace apical::tools {
namespace {

using test::CommandLine;
using test::contains;
using test::content;
using test::Outcome;

const std::string head = R"(base = "base.toml"
machine = "emulator"
set = { "run.ticks" = 40, "task.test_limit" = 3 }
)";

const std::string mpirun =
    "env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun --oversubscribe --bind-to none -n ";

const std::string longer = " --set run.ticks=1000";  // than a scheduler on a busy machine makes us wait

class Sweep : public CommandLine {
 protected:
  Sweep() { file("base.toml", test::small_net + "[formats]\nallow_lossy_loading = true\n"); }

  /// A grid of 3 x 2.
  void small(int seeds = 2) const {
    file("study.toml", head + fmt::format("seeds = {}\n", seeds) + R"(
[[design]]
name = "weights"
  [[design.axis]]
  keys = ["formats.weight.bits", "formats.weight.frac"]
  values = [[6, 4], [8, 6], [16, 12]]
  [[design.axis]]
  name = "rounding"
  key = "formats.weight.rounding"
  values = ["RND_CONV", "STOCHASTIC"]
  labels = ["nearest", "stochastic"]
)");
  }
  std::vector<std::string> rows(const std::string& out) const {
    std::vector<std::string> all;
    std::ifstream store(folder / out / "results.csv");
    for (std::string line; std::getline(store, line);) all.push_back(line);
    std::sort(all.begin(), all.end());
    return all;
  }
  Outcome sweep(const std::string& arguments) const { return apical("sweep study.toml " + arguments); }
  Outcome ranks(int count, const std::string& arguments) const {
    const std::string command = fmt::format("cd '{}' && {}{} '{}' sweep study.toml {} >.out 2>.error",
                                            folder.string(), mpirun, count, APICAL_PROGRAM, arguments);
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content(folder / ".out"),
            content(folder / ".error")};
  }
  /// Runs a shell command in the folder and ends it, or the process whose number is in the file `victim`, by
  /// SIGKILL: `rows_first` rows later than it began, and then at a random moment.
  void killed(const std::string& command, const std::string& out, std::size_t rows_first,
              std::mt19937& random, const std::string& victim = "") const {
    if (!victim.empty()) std::filesystem::remove(folder / victim);
    const std::size_t before = rows(out).size();
    const std::string line = fmt::format("cd '{}' && exec {} >/dev/null 2>&1", folder.string(), command);
    const pid_t child = fork();
    if (child == 0) {
      execl("/bin/bash", "bash", "-c", line.c_str(), nullptr);
      _exit(127);
    }
    bool ended = false;
    while (!ended && rows(out).size() < before + rows_first) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ended = waitpid(child, nullptr, WNOHANG) == child;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 60));
    if (!victim.empty()) {
      pid_t process = 0;
      std::ifstream(folder / victim) >> process;
      if (process > 1 && !ended) kill(process, SIGKILL);
    } else if (!ended) {
      kill(child, SIGKILL);
    }
    if (!ended) waitpid(child, nullptr, 0);
  }
};

}  // namespace

TEST_F(Sweep, OneStoreWhateverRunsThePoints) {
  small();
  const Outcome one = sweep("--out one --threads 1");
  EXPECT_EQ(one.status, 0) << one.out << one.error;
  const auto expected = rows("one");
  ASSERT_EQ(expected.size(), 1u + 3 * 2 * 2);
  EXPECT_EQ(std::set<std::string>(expected.begin(), expected.end()).size(), expected.size());
  EXPECT_EQ(sweep("--out threads --threads 3").status, 0);
  EXPECT_EQ(rows("threads"), expected);
  const Outcome two = ranks(2, "--out ranks");
  EXPECT_EQ(two.status, 0) << two.out << two.error;
  EXPECT_EQ(rows("ranks"), expected);
  EXPECT_EQ(ranks(3, "--out more --threads 2").status, 0);
  EXPECT_EQ(rows("more"), expected);
}

TEST_F(Sweep, ARowIsWhatARunMeasures) {
  small();
  ASSERT_EQ(sweep("--out s").status, 0);
  const Outcome o = apical(
      "run base.toml --machine emulator --ticks 40 --seed 2 --set task.test_limit=3 --set "
      "formats.weight.bits=6 --set formats.weight.frac=4 --set formats.weight.rounding=STOCHASTIC --out r");
  ASSERT_EQ(o.status, 0) << o.error;
  const auto run = result("r");
  int found = 0;
  for (const std::string& line : rows("s")) {
    if (line.rfind("digest", 0) == 0) continue;
    const Row row = parse_row(line + "\n");
    if (row.digest != run["config_digest"]) continue;
    ++found;
    EXPECT_EQ(row.state, run["state_digest"]);
    EXPECT_EQ(row.score_value(), run["test_accuracy"].get<double>());
    EXPECT_EQ(row.settings,
              "formats.weight.bits=6 formats.weight.frac=4 formats.weight.rounding='STOCHASTIC' run.seed=2");
  }
  EXPECT_EQ(found, 1);
}

TEST_F(Sweep, KilledTenTimesAndResumed) {
  small(5);
  ASSERT_EQ(sweep("--out whole" + longer).status, 0);
  const auto expected = rows("whole");
  ASSERT_EQ(expected.size(), 1u + 30);
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  fmt::print("seed {}\n", seed);
  const std::string command =
      fmt::format("'{}' sweep study.toml --out k --threads 2{}", APICAL_PROGRAM, longer);
  std::set<std::size_t> sizes;
  for (int i = 0; i < 10; ++i) {
    killed(command, "k", i % 3 == 0 ? 0 : 1, random);
    sizes.insert(rows("k").size());
    // What a machine that lost its power leaves of the last row.
    if (i % 3 == 2) std::ofstream(folder / "k" / "results.csv", std::ios::app) << expected[3].substr(0, 40);
  }
  EXPECT_GE(sizes.size(), 3u) << "no kill hit a sweep at work";
  const Outcome last = sweep("--out k" + longer);
  EXPECT_EQ(last.status, 0) << last.error;
  EXPECT_EQ(rows("k"), expected);
  const std::string before = content(folder / "k" / "results.csv");
  EXPECT_TRUE(contains(sweep("--out k" + longer).out, "30 in the store, 0 to run"));
  EXPECT_EQ(content(folder / "k" / "results.csv"), before);
}

TEST_F(Sweep, KilledUnderMpiAndResumed) {
  small(5);
  ASSERT_EQ(sweep("--out whole" + longer).status, 0);
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  fmt::print("seed {}\n", seed);
  file("rank.sh", fmt::format("echo $$ > rank$OMPI_COMM_WORLD_RANK\nexec '{}' \"$@\"\n", APICAL_PROGRAM));
  std::set<std::size_t> sizes;
  for (const char* victim : {"rank0", "rank1", ""}) {
    killed(fmt::format("{}2 bash rank.sh sweep study.toml --out m{}", mpirun, longer), "m", 1, random,
           victim);
    sizes.insert(rows("m").size());
  }
  EXPECT_GE(sizes.size(), 2u) << "no kill hit a sweep at work";
  EXPECT_EQ(ranks(2, "--out m" + longer).status, 0);
  EXPECT_EQ(rows("m"), rows("whole"));
}

TEST_F(Sweep, APointThatFailsIsRecordedAndTheRestRuns) {
  small(1);
  // The process of the first point is ended.
  const std::string kill_one =
      "p=$!; until point=$(cut -d' ' -f1 /proc/$p/task/$p/children) && [ -n \"$point\" ]; do kill -0 $p || "
      "break; "
      "sleep 0.005; done; kill -9 $point; wait $p";
  const Outcome o = apical("sweep study.toml --threads 1 --out f --set run.ticks=4000 & " + kill_one);
  EXPECT_EQ(o.status, 1);
  EXPECT_TRUE(contains(content(folder / "f" / "points.csv"), ",failed,"));
  int failed = 0;
  for (const std::string& line : rows("f"))
    if (contains(line, ",failed,") && contains(line, "ended by signal 9")) ++failed;
  EXPECT_EQ(failed, 1);
  const std::string same = " --out f --set run.ticks=4000";
  EXPECT_TRUE(contains(sweep(same).out, "6 in the store, 0 to run"));
  EXPECT_TRUE(contains(sweep("--retry" + same).out, "5 in the store, 1 to run"));
  EXPECT_EQ(rows("f").size(), 8u);  // both attempts stay
}

TEST_F(Sweep, RowsBelongToTheirDataAndBuild) {
  const auto series = [&](double target) {
    model::RowMatrix in(60, 1), out(60, 1);
    in.setConstant(1.0);
    out.setConstant(target);
    model::Hdf5Writer writer(folder / "series.h5");
    writer.write("/input", in);
    writer.write("/target", out);
    writer.commit();
  };
  file("base.toml", "[network]\nlayers = [1, 2, 1]\n[task]\nkind = \"series\"\nfile = \"series.h5\"\n");
  file(
      "study.toml",
      "base = \"base.toml\"\nmachine = \"emulator\"\nset = { \"run.epochs\" = 1 }\n[[design]]\nname = \"a\"\n"
      "[[design.axis]]\nkey = \"learning.eta\"\nvalues = [0.1, 0.2]\n");
  series(0.5);
  ASSERT_EQ(sweep("--out s").status, 0);
  EXPECT_TRUE(contains(sweep("--out s").out, "2 in the store, 0 to run"));
  const auto before = rows("s");
  std::filesystem::copy_file(folder / "series.h5", folder / "before.h5");
  series(1.5);
  const Outcome changed = sweep("--out s");
  EXPECT_TRUE(contains(changed.out, "0 in the store, 2 to run")) << changed.out;
  EXPECT_EQ(rows("s").size(), 5u);
  std::filesystem::rename(folder / "before.h5", folder / "series.h5");
  EXPECT_TRUE(contains(sweep("--out s").out, "2 in the store, 0 to run")) << "the old data again";
  // A row of another build is no result of this one.
  std::string foreign;
  for (const std::string& line : before)
    if (line.rfind("digest", 0) == 0) {
      foreign = line + "\n" + foreign;
    } else {
      Row row = parse_row(line + "\n");
      EXPECT_EQ(row.build, build_id());
      row.build = std::string(32, '0');
      foreign += csv_line(row);
    }
  std::filesystem::create_directory(folder / "t");
  file("t/results.csv", foreign);
  EXPECT_TRUE(contains(sweep("--out t").out, "0 in the store, 2 to run"));
  std::filesystem::remove(folder / "series.h5");
  const Outcome gone = sweep("--out s");
  EXPECT_EQ(gone.status, 2);
  EXPECT_TRUE(contains(gone.error, "series.h5: can't be read")) << gone.error;
}

TEST_F(Sweep, DivergenceIsAResult) {
  file("study.toml",
       "base = \"base.toml\"\nmachine = \"golden\"\nset = { \"run.ticks\" = 2000, \"task.test_limit\" = 3 }\n"
       "[[design]]\nname = \"a\"\n[[design.axis]]\nkey = \"learning.eta\"\nvalues = [0.1, 900]\n");
  const Outcome o = sweep("--out d");
  EXPECT_EQ(o.status, 1);
  EXPECT_TRUE(contains(o.out, "1 ok, 1 diverged, 0 failed")) << o.out << o.error;
}

TEST_F(Sweep, StudiesAreRefusedBeforeAnythingRuns) {
  struct Case {
    const char *text, *error;
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

TEST_F(Sweep, GnuplotsLinesAreNotOurs) {
  file("study.toml",
       head + "[[design]]\nname = \"a\"\n[[design.axis]]\nkey = \"learning.eta\"\nvalues = [0.1]\n");
  const Outcome o = sweep("--out g");
  EXPECT_EQ(o.status, 0);
  EXPECT_EQ(o.error, "");
  file("gnuplot", "#!/bin/sh\ncat >/dev/null\necho 'warning: first' >&2\necho 'no svg here' >&2\nexit 3\n");
  const Outcome failed = apical("sweep study.toml --out g", "chmod +x gnuplot; export PATH=$PWD:$PATH");
  EXPECT_EQ(failed.status, 2);
  EXPECT_TRUE(contains(failed.error, "a.svg: gnuplot failed (no svg here); accepted: ")) << failed.error;
  EXPECT_EQ(std::count(failed.error.begin(), failed.error.end(), '\n'), 1) << failed.error;
}

TEST_F(Sweep, AScoreThatIsNoNumberIsNoResult) {
  model::RowMatrix in(60, 1), out(60, 1);
  in.setConstant(1.0);
  out.setConstant(1e200);
  model::Hdf5Writer writer(folder / "series.h5");
  writer.write("/input", in);
  writer.write("/target", out);
  writer.commit();
  file("base.toml",
       "[network]\nlayers = [1, 1]\n[task]\nkind = \"series\"\nfile = \"series.h5\"\n[run]\nepochs = 1\n");
  file("study.toml",
       "base = \"base.toml\"\nmachine = \"emulator\"\n[[design]]\nname = \"a\"\n[[design.axis]]\nkey = "
       "\"learning.eta\"\nvalues = [0.1]\n");
  const Outcome o = sweep("--out n");
  EXPECT_EQ(o.status, 1);
  EXPECT_TRUE(contains(o.out, "0 ok, 1 diverged, 0 failed")) << o.out;
  const Outcome run = apical("run base.toml --machine emulator --out r");
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(contains(run.error, "the score of its test is inf")) << run.error;
  const Outcome profile = apical("profile base.toml --windows 1 --window-ticks 8");
  EXPECT_EQ(profile.status, 1) << profile.out;
}

TEST_F(Sweep, TheStoreIsHeldByOne) {
  const Store first(folder / "results.csv");
  small();
  // Another process: a lock of its own process doesn't stop a process.
  const Outcome o = apical("sweep study.toml --out .");
  EXPECT_EQ(o.status, 2);
  EXPECT_TRUE(contains(o.error, "another sweep writes to it")) << o.error;
}

TEST_F(Sweep, AReportHasFiguresWithTheirDataAndWhatYouNeed) {
  setenv("SOURCE_DATE_EPOCH", "86400", 1);  // both reports below say when they were written
  small();
  const Outcome o = sweep("--out p");
  ASSERT_EQ(o.status, 0) << o.error;
  for (const char* name : {"weights", "weights-map"}) {
    EXPECT_TRUE(contains(content(folder / "p" / (std::string(name) + ".svg")), "<svg")) << name;
    EXPECT_FALSE(content(folder / "p" / (std::string(name) + ".csv")).empty()) << name;
  }
  const std::string page = content(folder / "p" / "report.html");
  EXPECT_TRUE(contains(page, "What you need"));
  EXPECT_FALSE(contains(page, "src=\"weights"));  // it brings its figures
  const std::string points = content(folder / "p" / "points.csv");
  EXPECT_EQ(std::count(points.begin(), points.end(), '\n'), 1 + 12);
  // The mean in the heat map's data is that of the store's rows.
  double sum = 0.0;
  for (const std::string& line : rows("p"))
    if (contains(line, "bits=8 ") && contains(line, "STOCHASTIC"))
      sum += 100.0 * parse_row(line + "\n").score_value();
  EXPECT_TRUE(
      contains(content(folder / "p" / "weights-map.csv"), fmt::format("\n8,stochastic,{:.9g},", sum / 2.0)));
  std::filesystem::remove(folder / "p" / "report.html");
  EXPECT_EQ(sweep("--out p --report-only").status, 0);
  EXPECT_EQ(content(folder / "p" / "report.html"), page);
  unsetenv("SOURCE_DATE_EPOCH");
  const Outcome none = sweep("--out q --report-only");
  EXPECT_EQ(none.status, 2);
  EXPECT_TRUE(contains(none.error, "q/results.csv: not there; accepted: --out with the store of a sweep"))
      << none.error;
}

}  // namespace apical::tools
