// SPDX-License-Identifier: Apache-2.0
// Sweeps: one store whatever runs the points, however often it is killed; studies that are refused.
#include <csignal>
#include <cstdlib>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "model/hdf5_file.hpp"
#include "tests/tools/study/sweep.hpp"
#include "tools/report/version.hpp"
#include "tools/study/store.hpp"
#include "tools/study/study.hpp"

namespace apical::tools {
namespace {

using test::contains;
using test::content;
using test::head;
using test::longer;
using test::mpirun;
using test::Outcome;
using test::Sweep;

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

// A table's samples are part of a point, whether the base names it or an axis.
TEST_F(Sweep, RowsBelongToTheSamplesOfTheirActivation) {
  const auto samples = [&](double middle) {
    file("phi.csv", fmt::format("u,phi\n-2,0\n-1,0.2\n0,{}\n2,1\n", middle));
  };
  file("base.toml", "[network]\nlayers = [64, 3, 10]\n[run]\nticks = 8\n[task]\ntest_limit = 2\n");
  file("study.toml",
       "base = \"base.toml\"\nmachine = \"emulator\"\n[[design]]\nname = \"a\"\n[[design.axis]]\nkey = "
       "\"network.activation\"\nvalues = [\"tanh\", { table = \"phi.csv\" }]\n");
  samples(0.5);
  ASSERT_EQ(sweep("--out s").status, 0);
  EXPECT_TRUE(contains(sweep("--out s").out, "2 in the store, 0 to run"));
  samples(0.6);
  EXPECT_TRUE(contains(sweep("--out s").out, "1 in the store, 1 to run"));
  EXPECT_EQ(rows("s").size(), 4u);
  samples(0.5);
  EXPECT_TRUE(contains(sweep("--out s").out, "2 in the store, 0 to run")) << "the old samples again";
  std::filesystem::remove(folder / "phi.csv");
  const Outcome gone = sweep("--out s");
  EXPECT_EQ(gone.status, 2);
  EXPECT_TRUE(contains(gone.error, "phi.csv: doesn't exist")) << gone.error;
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
