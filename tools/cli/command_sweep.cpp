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
#include "tools/study/earlier.hpp"
#include "tools/study/ranks.hpp"
#include "tools/study/report.hpp"

namespace apical::tools {
namespace {

struct Arguments {
  std::string study, out, from, pack;
  std::vector<std::string> set, only;
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

// The points that --only names, one per configuration.
std::vector<std::size_t> chosen_points(const Arguments& a, const Study& study) {
  std::vector<std::size_t> points;
  for (const std::string& digest : a.only) {
    const auto found = std::find_if(study.points.begin(), study.points.end(),
                                    [&](const Point& point) { return point.digest == digest; });
    if (found == study.points.end())
      throw InputError(fmt::format("--only {}: no point of {}; accepted: digests as points.csv has them",
                                   digest, a.study));
    points.push_back(static_cast<std::size_t>(found - study.points.begin()));
  }
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  return points;
}

void run_points(const Arguments& a, const Study& study, Store& store, const Ranks* ranks, std::size_t slots) {
  Agenda agenda(study, store, a.retry ? Failures::retry : Failures::keep, chosen_points(a, study));
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

std::filesystem::path folder_of(const Arguments& a) {
  return a.out.empty() ? std::filesystem::path("out") / std::filesystem::path(a.study).stem()
                       : std::filesystem::path(a.out);
}

// A store is committed as it is on the disk; what is larger belongs elsewhere.
void pack(const Arguments& a, const Study& study, const Store& store) {
  constexpr std::size_t most = 1000000;
  const std::string bytes = packed(store_text(study, store));
  if (bytes.size() >= most)
    throw InputError(fmt::format("{}: would have {} bytes; accepted: less than {}; divide the study", a.pack,
                                 bytes.size(), most));
  const std::filesystem::path file = a.pack;
  OutputFolder output(file.has_parent_path() ? file.parent_path() : ".");
  output.write(file.filename().string(), bytes);
  output.commit();
  fmt::print("packed    {}, {} bytes\n", a.pack, bytes.size());
}

// What the store has of the study, in all forms.
int report(const Arguments& a, const Study& study, const Store& store, const std::string& from) {
  auto count = count_status(study, store);
  fmt::print("{} ok, {} diverged, {} failed\n", count["ok"], count["diverged"], count["failed"]);
  for (const Point& point : study.points) {
    const Row* row = row_of(store, point);
    if (row != nullptr && row->status == "failed")
      fmt::print(stderr, "apical: {}: {}\n", row->settings, row->trouble);
  }
  const int status = count["diverged"] + count["failed"] > 0 ? 1 : 0;
  if (!a.pack.empty()) pack(a, study, store);
  if (!a.only.empty()) return status;
  OutputFolder output(folder_of(a));
  write_report(study, store, output);
  const Scores all = scores(study, store);
  for (const std::string& line : sentences(study, all)) fmt::print("{}\n", line);
  for (const std::string& line : confirmations(study, store, all)) fmt::print("{}\n", line);
  fmt::print("store     {}\nreport    {}\n", from, (folder_of(a) / "report.html").string());
  return status;
}

// Rank 0, or the only process.
int lead(const Arguments& a, const Study& study, const Ranks* ranks, std::size_t slots) {
  if (!a.from.empty()) {
    const EarlierRows rows(study, a.from);
    if (rows.renewed() > 0)
      fmt::print("{} rows were found by what they set: their configurations had other keys\n",
                 rows.renewed());
    return report(a, study, rows.store(), a.from);
  }
  const std::filesystem::path file = folder_of(a) / "results.csv";
  if (a.report_only && !std::filesystem::exists(file))
    throw InputError(fmt::format("{}: not there; accepted: --out with the store of a sweep", file.string()));
  Store store(file);
  if (!a.report_only) run_points(a, study, store, ranks, slots);
  return report(a, study, store, file.string());
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
    Study study = read_study(a.study, a.set, a.from.empty() ? Data::needed : Data::may_be_absent);
    if (a.report_only) return study;
    Study checked = study;
    if (!a.only.empty()) {
      checked.points.clear();
      for (const std::size_t point : chosen_points(a, study)) {
        checked.points.push_back(study.points[point]);
        checked.points.back().repeat = 0;
      }
    }
    check_points(checked);
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
  CLI::Option* from = command->add_option(
      "--from", a->from, "report of this store, plain or packed, whatever build wrote its rows; run nothing");
  CLI::Option* only = command->add_option(
      "--only", a->only, "run only the points with these digests (points.csv has them), write no report");
  only->take_all()->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  from->excludes(only);
  command->add_option("--pack", a->pack,
                      "also write the study's rows, sorted, as CSV packed by gzip (tools/study/stores)");
  command->footer(
      "What is in the store isn't run again: a sweep that was killed resumes. Exit status 1: a point failed "
      "or diverged.\nExamples:\n"
      "  apical sweep tools/study/digits8.toml\n"
      "  mpirun -n 2 apical sweep tools/study/digits8.toml --out out/bits");
  command->callback([a, &status] {
    a->report_only = a->report_only || !a->from.empty();
    status = execute(*a);
  });
}

}  // namespace apical::tools
