// SPDX-License-Identifier: Apache-2.0
#include "tools/deploy/bundle_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "sim/core/external_tools.hpp"
#include "sim/isa/core_map.hpp"
#include "tools/deploy/bundle.hpp"
#include "tools/deploy/json_entry.hpp"
#include "tools/deploy/read_coverage.hpp"

namespace apical::tools {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

[[noreturn]] void refuse(const fs::path& file, const std::string& what) {
  throw InputError(
      fmt::format("{}: {}; accepted: a bundle as `apical vectors export` wrote it", file.string(), what));
}

// Plain names alone: nothing outside the folder is read, or removed.
std::map<std::string, std::string> read_sums(const fs::path& file) {
  std::map<std::string, std::string> sums;
  std::istringstream lines(sim::content_of(file));
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    const bool form = line.size() > 66 && line.compare(64, 2, "  ") == 0 &&
                      line.find('/') == std::string::npos && line.find_first_not_of("0123456789abcdef") == 64;
    if (!form || !sums.emplace(line.substr(66), line.substr(0, 64)).second)
      throw InputError(
          fmt::format("{}:{}: \"{}\"; accepted: 64 hexadecimal digits, two spaces, the name of a file "
                      "that no other line has",
                      file.string(), number, shortened(line)));
  }
  return sums;
}

void require_file(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) refuse(path, fs::exists(path, ignored) ? "not a file" : "missing");
}

void check_files(const fs::path& folder) {
  require_file(folder / "manifest.json");
  require_file(folder / "SHA256SUMS");
  const std::map<std::string, std::string> sums = read_sums(folder / "SHA256SUMS");
  for (const char* name : {"manifest.json", "load.memh", "ticks.memh", "errors.memh", "testbench.v",
                           "Makefile", "apical_core.sv", "effective.txt"})
    if (sums.count(name) == 0) refuse(folder / "SHA256SUMS", fmt::format("no line for {}", name));
  for (const auto& [name, sum] : sums) {
    require_file(folder / name);
    if (sha256(sim::content_of(folder / name)) != sum)
      refuse(folder / name, "not the file that was exported (SHA-256)");
  }
  // Tools look for modules by the names of files.
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string(), extension = entry.path().extension().string();
    for (const char* taken : {".v", ".sv", ".vh", ".svh", ".memh"})
      if (extension == taken && sums.count(name) == 0) refuse(entry.path(), "not a file of this bundle");
  }
}

void check_list(const Entry& files, const fs::path& folder) {
  std::set<std::string> names{"manifest.json"}, listed;
  for (const Entry& entry : files.list(1, 100000)) names.insert(entry.text());
  for (const std::string& name : listed_files(folder)) listed.insert(name);
  for (const std::string& name : names)
    if (listed.count(name) == 0) refuse(folder / "SHA256SUMS", "no line for " + shortened(name));
  for (const std::string& name : listed)
    if (names.count(name) == 0) files.require(false, fmt::format("{} among them", name));
}

void check_format(const Entry& format) {
  std::vector<std::string> roundings, overflows;
  for (int i = 0; i < 8; ++i)
    roundings.emplace_back(fixedpoint::name_of(static_cast<fixedpoint::Rounding>(i)));
  for (int i = 0; i < 4; ++i)
    overflows.emplace_back(fixedpoint::name_of(static_cast<fixedpoint::Overflow>(i)));
  format["bits"].integer(1, 32);
  format["frac"].integer(-64, 64);
  format["signed"].truth();
  format["rounding"].one_of(roundings);
  format["overflow"].one_of(overflows);
}

std::uint32_t padded(std::uint32_t count, std::uint32_t lanes) {
  return (count + lanes - 1) / lanes * lanes;
}

void read_populations(const Entry& manifest, ReadBundle& b) {
  const auto lanes = static_cast<std::uint32_t>(b.parameters.lanes);
  const auto count = static_cast<std::size_t>(b.parameters.pops);
  std::uint32_t units = 0;
  for (const Entry& p : manifest["populations"].list(count, count)) {
    const std::uint32_t own = p["units"].count(1, 65535);
    p["first_unit"].integer(units, units);
    for (const auto& [signal, format] : p["formats"].members()) check_format(format);
    b.populations.push_back({p["name"].text(), own, units});
    units += padded(own, lanes);
    p["units"].require(units <= static_cast<std::uint32_t>(b.parameters.units),
                       fmt::format("what parameters.UNITS = {} holds", b.parameters.units));
  }
  std::uint32_t needed = 2 * lanes;
  while (needed < units) needed *= 2;
  manifest["parameters"]["UNITS"].integer(needed, needed);
}

void read_projections(const Entry& manifest, ReadBundle& b) {
  const auto lanes = static_cast<std::uint32_t>(b.parameters.lanes);
  const auto count = static_cast<std::size_t>(b.parameters.projs);
  std::vector<std::string> populations;
  for (const auto& p : b.populations) populations.push_back(p.name);
  const auto units_of = [&](const Entry& name) {
    const std::string found = name.one_of(populations);
    return b
        .populations[static_cast<std::size_t>(std::find(populations.begin(), populations.end(), found) -
                                              populations.begin())]
        .units;
  };
  std::uint64_t word = 0;
  for (const Entry& p : manifest["projections"].list(count, count)) {
    ReadBundle::Projection one{p["name"].text(), units_of(p["target"]), 0, 0, true};
    one.columns = units_of(p["source"]) + (p["bias"].truth() ? 1 : 0);
    p["rows"].integer(one.rows, one.rows);
    p["columns"].integer(one.columns, one.columns);
    one.holds = p["weights_of"].text() == one.name;
    if (!one.holds) {
      std::vector<std::string> holders;
      for (const auto& other : b.projections)
        if (other.holds) holders.push_back(other.name);
      const std::string holder = p["weights_of"].one_of(holders);
      for (const auto& other : b.projections)
        if (other.name == holder) one.first_word = other.first_word;
    } else {
      one.first_word = static_cast<std::uint32_t>(word);
      word += std::uint64_t{padded(one.rows, lanes)} * (padded(one.columns, lanes) / lanes);
    }
    p["first_word"].integer(one.first_word, one.first_word);
    p["negated"].truth();
    p["eta_frac"].integer(-64, 128);
    check_format(p["weight"]);
    check_format(p["step"]);
    b.projections.push_back(one);
  }
  const auto needed = static_cast<std::int64_t>(std::max<std::uint64_t>(word, std::uint64_t{2} * lanes));
  manifest["parameters"]["DEPTH"].integer(needed, needed);
}

// Ranges that hold for every core; memories are then held against what is in them.
void read_parameters(const Entry& manifest, ReadBundle& b) {
  static const std::map<std::string, std::pair<int, int>> ranges{
      {"LANES", {1, 64}},
      {"UNITS", {2, 1 << 20}},
      {"DEPTH", {2, 1 << 26}},
      {"POPS", {1, 256}},
      {"PROJS", {1, 255}},
      {"OPS", {2, 1 << 16}},
      {"TABLE", {2, 1 << 16}},
      {"DECAY", {2, 1 << 16}},
      {"SW", {1, 32}},
      {"WW", {1, 32}},
      {"LEVELS", {1, 7}},
      {"ALIGN", {1, 6}},
      {"RANDOM", {0, 2}},
      {"ALPHA_FRAC", {fixedpoint::least_alpha_frac, fixedpoint::finest_constant_frac}}};
  static const std::set<std::string> switches{"FIXED",  "ADVANCED",     "MISMATCH",
                                              "RELAYS", "WEIGHT_DECAY", "LEFT"};
  const Entry parameters = manifest["parameters"];
  std::map<std::string, int> values;
  for (const auto& [name, unused] : named(b.parameters)) {
    const auto range = ranges.find(name);
    const auto [low, high] =
        range != ranges.end() ? range->second : std::pair{0, switches.count(name) ? 1 : 256};
    values[name] = static_cast<int>(parameters[name].integer(low, high));
  }
  for (const auto& [name, value] : parameters.members())
    value.require(values.count(name) > 0, "the parameters of this version's cores");
  const int lanes = values["LANES"];
  parameters["LANES"].require((lanes & (lanes - 1)) == 0, "1, 2, 4, 8, 16, 32, 64");
  parameters["DEPTH"].require(std::int64_t{values["DEPTH"]} * lanes <= std::int64_t{1} << 28,
                              "up to 2^28 weights");
  b.parameters = sim::parameters_from(values);
}

std::vector<sim::BusStep> read_script(const Entry& count, const fs::path& file) {
  std::vector<sim::BusStep> steps;
  try {
    steps = sim::read_steps(file.string());
  } catch (const std::runtime_error& error) {
    throw InputError(error.what());
  }
  const auto end = std::find_if(steps.begin(), steps.end(),
                                [](const sim::BusStep& s) { return s.kind == sim::BusStep::end; });
  if (end == steps.end()) refuse(file, "it has no end mark: it was cut");
  if (end + 1 != steps.end())
    refuse(file, fmt::format("step {}: an end mark before the end", end - steps.begin()));
  if (count.integer(1, INT64_MAX) != static_cast<std::int64_t>(steps.size()))
    refuse(file, fmt::format("{} steps, other than manifest.json has", steps.size()));
  return steps;
}

bool begins_tick(const sim::BusStep& s) {
  const sim::reg::Control command = sim::reg::Control::decode(s.value);
  return s.kind == sim::BusStep::write && s.offset == sim::reg::control && command.tick && !command.clear;
}

// Every tick compares TICK, ERRORS and all signals that the program has, the last one all other state, too.
std::size_t words_of_tick(const ReadBundle& b, bool last) {
  std::size_t words = 2;
  for (const auto& p : b.populations)
    words += p.units * static_cast<std::size_t>(&p == &b.populations.front() ? 2
                                                : b.parameters.mismatch      ? 13
                                                                             : 11);
  if (last) words += 1 + b.projections.size();
  for (const auto& p : b.projections)
    if (last && p.holds) words += std::size_t{p.rows} * p.columns;
  return words;
}

void check_ticks(const Entry& manifest, const fs::path& file, ReadBundle& b) {
  const auto ticks = static_cast<std::uint64_t>(manifest["ticks"].integer(1, 1'000'000));
  std::size_t begun = 0;
  for (const sim::BusStep& s : b.load)
    if (begins_tick(s)) refuse(file.parent_path() / "load.memh", "it begins a tick");
  for (const sim::BusStep& s : b.ticks) begun += begins_tick(s);
  if (begun != ticks) refuse(file, fmt::format("{} ticks where manifest.json has {}", begun, ticks));
  const std::vector<Entry> first = manifest["first_step_of_tick"].list(ticks, ticks);
  for (std::size_t t = 0; t < ticks; ++t) {
    const std::size_t from = t == 0 ? 0 : b.first_step.back() + 1;
    b.first_step.push_back(static_cast<std::size_t>(first[t].integer(
        static_cast<std::int64_t>(from), t == 0 ? 0 : static_cast<std::int64_t>(b.ticks.size()) - 1)));
  }
  for (std::size_t t = 0; t < ticks; ++t) {
    std::size_t compared = 0, starts = 0;
    const std::size_t end = t + 1 < ticks ? b.first_step[t + 1] : b.ticks.size();
    for (std::size_t i = b.first_step[t]; i < end; ++i) {
      starts += begins_tick(b.ticks[i]);
      compared += b.ticks[i].kind == sim::BusStep::expect;
    }
    first[t].require(starts == 1, "the first step of a tick");
    const std::size_t least = words_of_tick(b, t + 1 == ticks);
    if (compared < least)
      refuse(file,
             fmt::format("{} comparisons in tick {} where the program's state has {}", compared, t, least));
  }
  for (const Entry& entry : manifest["state_digest_after_tick"].list(ticks, ticks))
    b.digests.push_back(entry.digest());
  std::size_t compared = 0;
  for (const auto* steps : {&b.load, &b.ticks, &b.errors})
    for (const sim::BusStep& s : *steps) compared += s.kind == sim::BusStep::expect;
  b.comparisons = static_cast<std::uint64_t>(manifest["comparisons"].integer(1, INT64_MAX));
  if (compared != b.comparisons)
    refuse(file, fmt::format("{} comparisons where manifest.json has {}", compared, b.comparisons));
}

}  // namespace

std::vector<std::string> listed_files(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  if (!fs::is_regular_file(folder / "SHA256SUMS", ignored) ||
      !fs::is_regular_file(folder / "manifest.json", ignored))
    return names;
  const json manifest = json::parse(sim::content_of(folder / "manifest.json"), nullptr, false);
  if (!manifest.is_object() || !manifest.contains("apical")) return names;
  try {
    for (const auto& [name, sum] : read_sums(folder / "SHA256SUMS")) names.push_back(name);
  } catch (const InputError&) {
    names.clear();
  }
  return names;
}

ReadBundle read_bundle(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) refuse(folder, "no such folder");
  check_files(folder);
  const fs::path file = folder / "manifest.json";
  const json document = json::parse(sim::content_of(file), nullptr, false);
  if (!document.is_object()) refuse(file, "not an object in JSON");
  const Entry manifest(file, document);
  manifest["format"].integer(bundle_format, bundle_format);
  for (const char* name : {"version", "commit", "build", "date"}) manifest["apical"][name].text();
  manifest["profile"].text();
  manifest["seed"].integer(0, UINT32_MAX);
  const std::string effective = sim::content_of(folder / "effective.txt");
  manifest["config_digest"].require(manifest["config_digest"].digest() == sim::hash_of(effective),
                                    "the digest of effective.txt");
  check_list(manifest["files"], folder);
  check_coverage(manifest);
  for (const Entry& note : manifest["notes"].list(0, INT32_MAX)) note.text();
  ReadBundle b;
  read_parameters(manifest, b);
  read_populations(manifest, b);
  read_projections(manifest, b);
  b.load = read_script(manifest["steps"]["load.memh"], folder / "load.memh");
  b.ticks = read_script(manifest["steps"]["ticks.memh"], folder / "ticks.memh");
  b.errors = read_script(manifest["steps"]["errors.memh"], folder / "errors.memh");
  b.refusals = read_refusals(manifest, b.errors.size());
  check_ticks(manifest, folder / "ticks.memh", b);
  return b;
}

}  // namespace apical::tools
