// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <cmath>
#include <csignal>

#include "model/hdf5_file.hpp"
#include "tests/tools/command_line.hpp"

namespace apical::tools {
namespace {

using nlohmann::json;
using test::CommandLine;
using test::contains;
using test::content;
using test::Outcome;
using test::small_net;

TEST_F(CommandLine, RunWritesItsResults) {
  file("net.toml", small_net);
  const Outcome o = apical("run net.toml --json");
  ASSERT_EQ(o.status, 0) << o.error;
  const json r = result("out/net");
  EXPECT_EQ(json::parse(o.out), r);
  for (const char* key : {"machine", "config_digest", "seed", "ticks", "state_digest", "test_accuracy",
                          "macs", "events", "wall_seconds", "ticks_per_second", "signals", "learning_curve"})
    EXPECT_TRUE(r.contains(key)) << key;
  EXPECT_FALSE(r.contains("test_accuracy_learning"));
  EXPECT_EQ(r["interrupted"], false);
  EXPECT_EQ(r["ticks_asked"], r["ticks"]);
  EXPECT_EQ(r["machine"], "emulator");
  ASSERT_EQ(r["machines"].size(), 2u);
  EXPECT_EQ(r["machines"][0]["machine"], "golden");
  EXPECT_EQ(r["ticks"], 1437 * 8);
  EXPECT_EQ(r["config_digest"], r["machines"][0]["config_digest"]);
  // 10 classes: guessing gives 0.1. One epoch of this net reaches about 0.7.
  EXPECT_GT(r["machines"][0]["test_accuracy"], 0.5);
  EXPECT_GT(r["machines"][1]["test_accuracy"], 0.5);
  for (const char* name : {"out/net/weights.h5", "out/net/golden-weights.h5"}) {
    EXPECT_EQ(model::read_matrix(folder / name, "/weights/W1").rows(), 12);
    EXPECT_EQ(model::read_matrix(folder / name, "/weights/W1").cols(), 65);
    EXPECT_EQ(model::read_matrix(folder / name, "/weights/W2").cols(), 13);
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "out/net"), {}), 4);
  EXPECT_EQ(apical("run net.toml --machine golden --ticks 20").status, 0);
  EXPECT_FALSE(std::filesystem::exists(folder / "out/net/golden-weights.h5")) << "of an earlier run";
}

// A recurrent graph with a skip learns on golden and emulator alike, goes to disk and comes back; a core
// refuses it.
TEST_F(CommandLine, GraphsRun) {
  file("net.toml", small_net);
  const std::string graph = "run net.toml --set 'network.connections=[[0,1],[1,2],[0,2],[1,1]]' ";
  const Outcome o = apical(graph + "--ticks 8000 --json");
  ASSERT_EQ(o.status, 0) << o.error;
  for (const json& machine : json::parse(o.out)["machines"])
    EXPECT_GT(machine["test_accuracy"], 0.5) << machine["machine"];
  const auto weights = [&](const std::string& name, const char* of = "weights.h5") {
    return model::read_matrix(folder / "out/net" / of, "/weights/" + name);
  };
  EXPECT_EQ(weights("W1_0").cols(), 65);
  EXPECT_EQ(weights("W1_1").cols(), 12);
  EXPECT_EQ(weights("W2_0").cols(), 65);
  EXPECT_EQ(weights("W2_1").cols(), 12);
  const auto before = weights("W1_1", "golden-weights.h5");
  EXPECT_GT(before.norm(), 0.1);
  ASSERT_EQ(apical(graph + "--machine golden --set learning.enabled=false --ticks 8 --weights "
                           "out/net/golden-weights.h5")
                .status,
            0);
  EXPECT_EQ(weights("W1_1"), before);
  // The core, too.
  const auto digest = [&](const std::string& machine) {
    const Outcome run = apical(graph + "--ticks 40 --set task.test_limit=4 --json --machine " + machine);
    EXPECT_EQ(run.status, 0) << run.error;
    return json::parse(run.out)["machines"][0]["state_digest"];
  };
  EXPECT_EQ(digest("tlm"), digest("emulator"));
}

TEST_F(CommandLine, ReportStandsAlone) {
  file("net.toml", small_net);
  ASSERT_EQ(apical("run net.toml --ticks 600").status, 0);
  const std::string page = content(folder / "out/net/report.html");
  for (const char* part :
       {"<!doctype html>", "<svg", "data:image/png;base64,", "class=golden", "class=emulator",
        "Receptive fields", "layers = [64, 12, 10]", "formats.weight = ", "needed", "<polyline"})
    EXPECT_TRUE(contains(page, part)) << part;
  for (const char* part : {"http:", "https:", "<script", "<link", "@import", "nan"})
    EXPECT_FALSE(contains(page, part)) << part;
}

// The state depends on configuration and seed alone: not on threads, not on what ran beside it.
TEST_F(CommandLine, RunsRepeat) {
  file("net.toml", small_net);
  const std::string run = "run net.toml --ticks 500 --out ";
  ASSERT_EQ(apical(run + "a").status, 0);
  ASSERT_EQ(apical(run + "b --threads 2 --machine emulator").status, 0);
  ASSERT_EQ(apical(run + "c --seed 2").status, 0);
  ASSERT_EQ(apical(run + "d --machine golden").status, 0);
  const json a = result("a"), b = result("b"), c = result("c"), d = result("d");
  EXPECT_EQ(a["state_digest"], b["state_digest"]);
  EXPECT_EQ(a["machines"][0]["state_digest"], d["state_digest"]);
  EXPECT_NE(a["state_digest"], c["state_digest"]);
  EXPECT_NE(a["state_digest"], d["state_digest"]);
  EXPECT_NE(a["config_digest"], c["config_digest"]);
  EXPECT_EQ(a["ticks"], 500);
  EXPECT_EQ(c["seed"], 2);
}

// A schedule changes the work and not one bit; events are counted alike.
TEST_F(CommandLine, SchedulesShareTheirDigest) {
  file("net.toml", small_net);
  const std::string run = "run net.toml --ticks 700 --machine emulator --out ";
  for (const std::string schedule : {"dense", "event", "auto"}) {
    const Outcome o = apical(run + schedule + " --schedule " + schedule);
    ASSERT_EQ(o.status, 0) << o.error;
    EXPECT_EQ(result(schedule)["schedule"], schedule);
  }
  const json dense = result("dense"), event = result("event"), automatic = result("auto");
  EXPECT_EQ(event["state_digest"], dense["state_digest"]);
  EXPECT_EQ(automatic["state_digest"], dense["state_digest"]);
  const auto of = [](const json& r, const char* what) { return r["activity"]["layer1"][what].get<double>(); };
  EXPECT_EQ(of(dense, "rate_events"), of(event, "rate_events"));
  EXPECT_GT(of(event, "rate_events"), 0.0);
  EXPECT_EQ(of(dense, "macs_avoided"), 0.0);
  EXPECT_GT(of(event, "macs_avoided"), 0.3 * of(dense, "learn_macs"));
  EXPECT_LT(of(event, "weight_reads"), of(dense, "weight_reads"));
  EXPECT_GT(event["activity"]["layer1"]["energy_pj"]["weight_memory"].get<double>(), 0.0);
  EXPECT_EQ(apical("run net.toml --schedule sometimes").status, 2);
}

TEST_F(CommandLine, ThresholdsAreCompared) {
  file("net.toml", small_net + "[events]\ncompare = [0, 200]\n");
  const Outcome o = apical("run net.toml --machine emulator --ticks 900 --trace t.h5");
  ASSERT_EQ(o.status, 0) << o.error;
  const json all = result("out/net")["thresholds"];
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0]["score"], result("out/net")["test_accuracy"]) << "theta 0 is the run itself";
  EXPECT_LT(all[1]["events"], all[0]["events"]);
  EXPECT_TRUE(contains(content(folder / "out/net/report.html"), "Accuracy against the threshold"));
  double traced = 0.0;
  const model::RowMatrix events = model::read_matrix(folder / "t.h5", "/trace/layer1/events");
  ASSERT_EQ(events.rows(), 900);
  for (Eigen::Index t = 0; t < events.rows(); ++t) traced += events(t, 0);
  EXPECT_EQ(traced, result("out/net")["activity"]["layer1"]["rate_events"].get<double>());
}

TEST_F(CommandLine, BothScoresAreWrittenWhenTestsLearnToo) {
  file("net.toml", small_net);
  const std::string run = "run net.toml --ticks 900 --set dynamics.rho_spread=0.1 --set task.test_limit=90";
  ASSERT_EQ(apical(run + " --out plain").status, 0);
  const Outcome o = apical(run + " --set run.test_learning=true --trace t.h5 --out both");
  ASSERT_EQ(o.status, 0) << o.error;
  EXPECT_TRUE(contains(o.out, "(learning on: ")) << o.out;
  const json plain = result("plain"), both = result("both");
  ASSERT_EQ(both["machines"].size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const json &before = plain["machines"][i], &now = both["machines"][i];
    for (const char* same : {"machine", "state_digest", "test_accuracy", "macs", "events"})
      EXPECT_EQ(now[same], before[same]) << same;
    EXPECT_GE(now["test_accuracy_learning"], 0.0);
    EXPECT_EQ(now["learning_curve"][0]["score_learning"], now["test_accuracy_learning"]);
    EXPECT_EQ(now["tested"], 90);
    EXPECT_EQ(now["test_on"], "test");
    EXPECT_EQ(now["looks_at_test"], now["learning_curve"].size());
    for (const auto& [score, interval] :
         {std::pair("test_accuracy", "interval"), std::pair("test_accuracy_learning", "interval_learning")}) {
      EXPECT_LT(now[interval][0], now[score]);
      EXPECT_GT(now[interval][1], now[score]);
    }
    EXPECT_FALSE(before.contains("interval_learning"));
  }
  EXPECT_EQ(model::read_matrix(folder / "t.h5", "/trace/target").rows(), 900);
  EXPECT_TRUE(contains(content(folder / "both/report.html"), "with learning on "));
  EXPECT_FALSE(contains(content(folder / "plain/report.html"), "with learning on "));
}

// Told to stop, a run writes what it has, says that it was stopped, and ends by the signal.
TEST_F(CommandLine, InterruptedRunsSaySo) {
  file("net.toml", small_net);
  for (const int signal : {SIGINT, SIGTERM})
    for (const std::string machine : {"golden", "tlm"}) {
      SCOPED_TRACE(machine + (signal == SIGINT ? ", SIGINT" : ", SIGTERM"));
      const pid_t process = fork();
      if (process == 0) {
        std::signal(SIGINT, SIG_DFL);
        if (chdir(folder.c_str()) != 0) _exit(9);
        for (const auto& [descriptor, name] : {std::pair{1, ".out"}, std::pair{2, ".error"}})
          dup2(open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600), descriptor);
        execl(APICAL_PROGRAM, "apical", "run", "net.toml", "--ticks", "4000000000", "--trace", "trace.h5",
              "--machine", machine.c_str(), "--out", "stopped", nullptr);
        _exit(9);
      }
      // The trace, under whatever name, has the first ticks.
      const auto begun = [&] {
        for (const auto& entry : std::filesystem::directory_iterator(folder))
          if (entry.path().filename().string().rfind("trace.h5", 0) == 0) return entry.file_size() > 100000;
        return false;
      };
      int status = 0;
      while (!begun()) {
        ASSERT_EQ(waitpid(process, &status, WNOHANG), 0) << content(folder / ".error");
        usleep(1000);
      }
      kill(process, signal);
      ASSERT_EQ(waitpid(process, &status, 0), process);
      ASSERT_TRUE(WIFSIGNALED(status)) << status << content(folder / ".error");
      EXPECT_EQ(WTERMSIG(status), signal);
      const std::string error = content(folder / ".error");
      EXPECT_TRUE(contains(error, machine + ": interrupted after ")) << error;
      EXPECT_TRUE(contains(error, " of 4000000000 ticks; ")) << error;
      const json r = result("stopped");
      EXPECT_EQ(r["interrupted"], true);
      EXPECT_EQ(r["ticks_asked"], 4000000000u);
      EXPECT_LT(r["ticks"], 4000000000u);
      EXPECT_TRUE(contains(content(folder / "stopped/report.html"), "interrupted after "));
      EXPECT_EQ(model::read_matrix(folder / "stopped/weights.h5", "/weights/W1").cols(), 65);
      EXPECT_GT(r["ticks"], 0u);
      EXPECT_EQ(model::read_matrix(folder / "trace.h5", "/trace/target").rows(), r["ticks"]);
      std::filesystem::remove(folder / "trace.h5");
    }
}

// That tests don't teach follows at rho = 1 from the nudge alone, to the last bit; test_frozen has the
// others.
TEST_F(CommandLine, TestsChangeNoWeight) {
  file("net.toml", small_net);
  ASSERT_EQ(apical("run net.toml --ticks 200 --out few --set task.test_limit=1").status, 0);
  ASSERT_EQ(apical("run net.toml --ticks 200 --out many").status, 0);
  ASSERT_EQ(apical("run net.toml --ticks 208 --out longer").status, 0);
  for (const std::string name : {"/weights.h5", "/golden-weights.h5"})
    for (const std::string matrix : {"/weights/W1", "/weights/W2"}) {
      const auto few = model::read_matrix(folder / ("few" + name), matrix);
      EXPECT_EQ(few, model::read_matrix(folder / ("many" + name), matrix)) << name << matrix;
      EXPECT_NE(few, model::read_matrix(folder / ("longer" + name), matrix)) << name << matrix;
    }
}

// The trace against the equations, recomputed here from the weights that the run was given.
TEST_F(CommandLine, TraceFollowsTheEquations) {
  file("net.toml", small_net);
  model::RowMatrix w1 = model::RowMatrix::Random(12, 65) * 0.25;
  const model::RowMatrix w2 = model::RowMatrix::Random(10, 13) * 0.25;
  {
    model::Hdf5Writer out(folder / "start.h5");
    out.write("/weights/W1", w1);
    out.write("/weights/W2", w2);
    out.commit();
  }
  const Outcome o = apical("run net.toml --ticks 300 --weights start.h5 --trace trace.h5");
  ASSERT_EQ(o.status, 0) << o.error;
  for (const std::string name : {"golden-trace.h5", "trace.h5"}) {
    const double lsb = name == "trace.h5" ? std::ldexp(1.0, -11) : 1e-13;  // of voltages, the coarsest signal
    const auto input = model::read_matrix(folder / name, "/trace/layer0/rate");
    const auto target = model::read_matrix(folder / name, "/trace/target");
    const auto u = model::read_matrix(folder / name, "/trace/layer1/u");
    const auto rate = model::read_matrix(folder / name, "/trace/layer1/rate");
    const auto basal = model::read_matrix(folder / name, "/trace/layer1/basal");
    const auto error = model::read_matrix(folder / name, "/trace/layer2/error");
    ASSERT_EQ(input.rows(), 300);
    ASSERT_EQ(input.cols(), 64);
    ASSERT_EQ(target.cols(), 10);
    ASSERT_EQ(u.rows(), 300);
    ASSERT_EQ(u.cols(), 12);
    ASSERT_EQ(error.rows(), 300);
    ASSERT_EQ(error.cols(), 10);
    EXPECT_GT(error.cwiseAbs().maxCoeff(), 0.01);
    for (Eigen::Index i = 0; i < 12; ++i) {
      // First tick: I = W x from the weights as given; rho = 1 and no error yet, so the unit fires on I.
      const double drive = w1.row(i).head(64).dot(input.row(0)) + w1(i, 64);
      EXPECT_NEAR(basal(0, i), drive, 40 * lsb) << name;
      EXPECT_NEAR(u(0, i), basal(0, i), 2 * lsb) << name;
    }
    for (Eigen::Index n = 0; n < 300; ++n)
      for (Eigen::Index i = 0; i < 12; ++i)
        ASSERT_NEAR(rate(n, i), 1.0 / (1.0 + std::exp(-u(n, i))), lsb) << name << " tick " << n;
  }
}

TEST_F(CommandLine, SeriesFromAFileIsLearnt) {
  model::RowMatrix input(400, 2), target(400, 1);
  for (Eigen::Index n = 0; n < 400; ++n) {
    input(n, 0) = 0.5 + 0.5 * std::sin(0.05 * static_cast<double>(n));
    input(n, 1) = 0.5 + 0.5 * std::cos(0.031 * static_cast<double>(n));
    target(n, 0) = 0.8 * input(n, 0) - 0.3 * input(n, 1);
  }
  const auto write = [&](const std::string& name) {
    model::Hdf5Writer out(folder / name);
    out.write("/input", input);
    out.write("/target", target);
    out.commit();
  };
  write("series.h5");
  file("net.toml",
       "[network]\nlayers = [2, 8, 1]\n[dynamics]\nbeta = 0.3\n[learning]\neta = 0.05\n[task]\nkind = "
       "\"series\"\nfile = \"series.h5\"\n[run]\nepochs = 40\n");
  const Outcome o = apical("run net.toml");
  ASSERT_EQ(o.status, 0) << o.error;
  const json r = result("out/net");
  for (const json& machine : r["machines"]) {
    const double first = machine["learning_curve"].front()["score"], last = machine["mse"];
    EXPECT_LT(last, 0.01) << machine["machine"];  // the variance of the target is about 0.09
    EXPECT_LT(last, first) << machine["machine"];
  }
  target(7, 0) = std::nan("");
  write("series.h5");
  const Outcome bad = apical("run net.toml --out bad");
  EXPECT_EQ(bad.status, 2);
  EXPECT_TRUE(contains(bad.error, "/target[7, 0] is nan; accepted: finite values")) << bad.error;
}

TEST_F(CommandLine, DivergenceStopsGoldenAndWarnsInTheEmulator) {
  file("net.toml", small_net);
  const std::string run =
      "run net.toml --ticks 3000 --set dynamics.beta=3.9 --set learning.eta=50 --machine ";
  const Outcome golden = apical(run + "golden");
  EXPECT_EQ(golden.status, 1);
  EXPECT_TRUE(contains(golden.error, "not finite")) << golden.error;
  EXPECT_TRUE(contains(golden.out, "diverged")) << golden.out;
  EXPECT_TRUE(result("out/net")["test_accuracy"].is_null());
  const Outcome emulator = apical(run + "emulator");
  EXPECT_EQ(emulator.status, 0);
  EXPECT_TRUE(contains(emulator.error, "is clipped in ")) << emulator.error;
  EXPECT_FALSE(result("out/net")["trouble"].get<std::string>().empty());
}

TEST_F(CommandLine, FullDiskLeavesNothing) {
  file("net.toml", small_net);
  const std::pair<int, bool> cases[] = {{1, false}, {8, false}, {24, false},
                                        {1, true},  {16, true}, {64, true}};
  for (const auto& [blocks, trace] : cases) {
    const Outcome o = apical(fmt::format("run net.toml --ticks 2000 {}", trace ? "--trace trace.h5" : ""),
                             fmt::format("ulimit -f {}", blocks));
    EXPECT_EQ(o.status, 2) << blocks << o.error;
    EXPECT_TRUE(contains(o.error, "full")) << blocks << o.error;
    EXPECT_EQ(o.error.find('\n'), o.error.size() - 1) << o.error;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      EXPECT_TRUE(name == "net.toml" || name == ".out" || name == ".error") << name;
    }
  }
  EXPECT_EQ(apical("quantise 1 >/dev/full #").status, 2);
}

}  // namespace
}  // namespace apical::tools
