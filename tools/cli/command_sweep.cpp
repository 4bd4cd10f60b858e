// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include "tools/cli/commands.hpp"
#include "tools/study/deciding.hpp"
#include "tools/study/ranks.hpp"
#include "tools/study/report.hpp"

namespace apical::tools {
namespace {

struct Arguments {
  std::string study, out;
  std::vector<std::string> set;
  std::size_t threads = 0;
  bool retry = false, report_only = false;
};

// Of this study's configurations, in the store.
std::map<std::string, std::size_t> count_status(const Study& study, const Store& store) {
  std::map<std::string, std::string> by_digest;
  for (const Point& point : study.points)
    if (const Row* row = row_of(store, point)) by_digest[point.digest] = row->status;
  std::map<std::string, std::size_t> count;
  for (const auto& [digest, status] : by_digest) ++count[status];
  return count;
}

void run_points(const Arguments& a, const Study& study, Store& store, const Ranks* ranks, std::size_t slots) {
  Agenda agenda(study, store, a.retry ? Failures::retry : Failures::keep);
  fmt::print("{} configurations: {} in the store, {} to run{}\n", agenda.known() + agenda.open(),
             agenda.known(), agenda.open(),
             study.decide
                 ? fmt::format(", then more seeds where a question is open, {} at most", study.decide->most)
                 : "");
  std::fflush(stdout);
  Pool pool(study, slots);
  if (ranks != nullptr)
    ranks->serve(agenda, pool);
  else
    run_here(agenda, pool);
}

// Rank 0, or the only process.
int lead(const Arguments& a, const Study& study, const Ranks* ranks, std::size_t slots) {
  const std::filesystem::path folder =
      a.out.empty() ? std::filesystem::path("out") / std::filesystem::path(a.study).stem()
                    : std::filesystem::path(a.out);
  const std::filesystem::path file = folder / "results.csv";
  if (a.report_only && !std::filesystem::exists(file))
    throw InputError(fmt::format("{}: not there; accepted: --out with the store of a sweep", file.string()));
  Store store(file);
  if (!a.report_only) run_points(a, study, store, ranks, slots);
  auto count = count_status(study, store);
  fmt::print("{} ok, {} diverged, {} failed\n", count["ok"], count["diverged"], count["failed"]);
  for (const Point& point : study.points) {
    const Row* row = row_of(store, point);
    if (row != nullptr && row->status == "failed")
      fmt::print(stderr, "apical: {}: {}\n", row->settings, row->trouble);
  }
  OutputFolder output(folder);
  write_report(study, store, output);
  const Scores all = scores(study, store);
  for (const std::string& line : sentences(study, all)) fmt::print("{}\n", line);
  for (const std::string& line : confirmations(study, store, all)) fmt::print("{}\n", line);
  fmt::print("store     {}\nreport    {}\n", file.string(), (folder / "report.html").string());
  return count["diverged"] + count["failed"] > 0 ? 1 : 0;
}

int under_ranks(const Arguments& a, const Study& study) {
  const Ranks ranks;
  const std::size_t slots = std::max<std::size_t>(1, a.threads);
  try {
    if (ranks.rank() == 0) return lead(a, study, &ranks, slots);
    Pool pool(study, slots);
    ranks.work(pool);
    return 0;
  } catch (const Pool::Stopped&) {
  } catch (const std::exception& error) {
    fmt::print(stderr, "apical: {}\n", error.what());
  }
  Ranks::abort();
}

// Every rank reads the study, and one says what is wrong with it.
std::optional<Study> read(const Arguments& a) {
  try {
    Study study = read_study(a.study, a.set);
    if (!a.report_only) check_points(study);
    return study;
  } catch (const InputError&) {
    if (speaks()) throw;
    return std::nullopt;
  }
}

int execute(const Arguments& a) {
  const std::optional<Study> read_one = read(a);
  if (!read_one) return 2;
  if (a.report_only && !speaks()) return 0;
  const Study& study = *read_one;
  if (under_mpi() && !a.report_only) return under_ranks(a, study);
  const std::size_t cores = std::max<std::size_t>(1, std::thread::hardware_concurrency());
  try {
    return lead(a, study, nullptr, a.threads == 0 ? cores : a.threads);
  } catch (const Pool::Stopped& stopped) {
    // A point was told to stop: so is the sweep, which resumes from its store.
    std::signal(stopped.signal, SIG_DFL);
    std::raise(stopped.signal);
    return 2;
  }
}

}  // namespace

void add_sweep(CLI::App& app, int& status) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("sweep", "Run a study: many configurations, with repeats, into one store");
  command->add_option("STUDY", a->study, "study file (tools/study/README.md lists its keys)")->required();
  command->add_option("--out", a->out, "folder of results.csv and the report (default: out/<study>)");
  command
      ->add_option(
          "--threads", a->threads,
          "points at a time, each in a process of its own (default: one per core, under mpirun one per rank)")
      ->check(CLI::Range(1, 1024));
  command->add_option("--set", a->set, "section.key=value on top of the study's base, as often as needed")
      ->take_all()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_flag("--retry", a->retry, "run points that failed once more");
  command->add_flag("--report-only", a->report_only, "write the report of what the store has, run nothing");
  command->footer(
      "What is in the store isn't run again: a sweep that was killed resumes. Exit status 1: a point failed "
      "or diverged.\nExamples:\n"
      "  apical sweep tools/study/digits8.toml\n"
      "  mpirun -n 2 apical sweep tools/study/digits8.toml --out out/bits");
  command->callback([a, &status] { status = execute(*a); });
}

}  // namespace apical::tools
