// SPDX-License-Identifier: Apache-2.0
#include "tools/study/study.hpp"

#include "model/settings/settings_error.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <set>
#include <sstream>

#include "model/input_file.hpp"
#include "tools/config/section.hpp"
#include "tools/run/data_digest.hpp"
#include "tools/run/machines.hpp"
#include "tools/run/stimulus.hpp"
#include "tools/study/deciding.hpp"

namespace apical::tools {
namespace {

constexpr std::size_t most_points = 100000;  // a kilobyte and more each

void assign(Config& config, const std::vector<KeyValue>& set) {
  for (const KeyValue& a : set) set_key(config, a.text, a.where);
}

// The values of one axis, each tried on the base.
void read_values(const Section& section, Axis& axis, const Config& base) {
  const bool several = section.has("keys");
  const std::string accepted =
      several ? fmt::format("an array of arrays, {} values in each", axis.keys.size()) : "an array of values";
  for (const toml::node& node : section.array("values", accepted)) {
    AxisValue value;
    const toml::array* row = node.as_array();
    if (several && (row == nullptr || row->size() != axis.keys.size()))
      section.refuse("values", in_line(node), accepted);
    for (std::size_t i = 0; i < axis.keys.size(); ++i)
      value.set.push_back({axis.keys[i] + "=" + in_line(several ? *row->get(i) : node), section.where(node)});
    const toml::node& first = several ? *row->get(0) : node;
    value.label = first.is_string() ? *first.value<std::string>() : in_line(first);
    value.number = first.is_number() ? *first.value<double>() : std::numeric_limits<double>::quiet_NaN();
    axis.values.push_back(std::move(value));
  }
  if (section.has("labels")) {
    const auto& labels = section.array("labels", "an array of strings or numbers");
    if (labels.size() != axis.values.size())
      section.refuse("labels", fmt::format("{} labels", labels.size()),
                     fmt::format("one per value ({})", axis.values.size()));
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const toml::node& label = *labels.get(i);
      if (!label.is_string() && !label.is_number())
        section.refuse("labels", in_line(label), "strings or numbers");
      axis.values[i].label = label.is_string() ? *label.value<std::string>() : in_line(label);
      axis.values[i].number =
          label.is_number() ? *label.value<double>() : std::numeric_limits<double>::quiet_NaN();
    }
  }
  std::set<std::string> seen;
  for (const AxisValue& value : axis.values) {
    if (!seen.insert(value.label).second)
      section.refuse("values", value.label + " twice", "values, or labels, that differ");
    Config scratch = base;
    assign(scratch, value.set);
  }
}

Axis read_axis(const std::string& source, const toml::table& table, const Design& design,
               const Config& base) {
  const Section section(source, table, "design.axis.",
                        {"name", "key", "keys", "values", "labels", "low", "high", "scale", "prefer"});
  Axis axis;
  axis.where = section.where(static_cast<const toml::node&>(table));
  if (section.has("key") == section.has("keys"))
    section.refuse("key", section.has("key") ? "beside keys" : "missing",
                   "a key of tools/CONFIGURATION.md, or keys for several that move together");
  axis.keys = section.has("keys") ? section.strings("keys") : std::vector{section.text("key", "")};
  axis.name = section.text("name", axis.keys.front());
  axis.prefer_large = section.choice("prefer", {"small", "large"}) == "large";
  if (!section.has("low") && !section.has("high")) {
    read_values(section, axis, base);
    return axis;
  }
  if (design.kind == "grid")
    section.refuse("low", "in a grid", "values; ranges are for random and latin-hypercube designs");
  if (section.has("values") || section.has("keys"))
    section.refuse("low", "beside values or keys", "key, low and high, or values");
  axis.low = section.number("low");
  axis.high = section.number("high");
  axis.logarithmic = section.choice("scale", {"linear", "log"}) == "log";
  axis.whole = section.get("low")->is_integer() && section.get("high")->is_integer();
  if (axis.high <= axis.low) section.refuse("high", fmt::format("{}", axis.high), "above low");
  if (axis.logarithmic && axis.low <= 0.0)
    section.refuse("low", fmt::format("{}", axis.low), "above 0 on a log scale");
  for (const char* end : {"low", "high"}) {
    Config scratch = base;
    set_key(scratch, axis.keys.front() + "=" + in_line(*section.get(end)), section.where(end));
  }
  return axis;
}

Design read_design(const std::string& source, const toml::table& table, const Config& base) {
  const Section section(source, table, "design.", {"name", "title", "kind", "count", "seed", "axis"});
  Design design;
  design.name = section.text("name", "");
  constexpr std::size_t longest = 64;
  const bool fit =
      !design.name.empty() && design.name.size() <= longest &&
      design.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  if (!fit)
    section.refuse("name", design.name.empty() ? "missing" : fmt::format("\"{}\"", design.name),
                   fmt::format("small letters, digits and -, at most {}, for the names of files", longest));
  design.title = section.text("title", design.name);
  design.kind = section.choice("kind", {"grid", "random", "latin-hypercube"});
  if (design.kind != "grid") {
    design.count = static_cast<int>(section.whole("count", 1, 1000000));
    if (section.has("seed")) design.seed = section.whole("seed", 0, 4294967295);
  } else if (section.has("count") || section.has("seed")) {
    section.refuse(section.has("count") ? "count" : "seed", "in a grid",
                   "kind = \"random\" or \"latin-hypercube\" beside it");
  }
  for (const toml::table* axis : section.tables("axis"))
    design.axes.push_back(read_axis(source, *axis, design, base));
  if (design.axes.empty()) section.refuse("axis", "missing", "at least one [[design.axis]]");
  return design;
}

Config read_base(const Section& section, const std::string& path) {
  if (!section.has("base"))
    section.refuse("base", "missing",
                   "a configuration file, relative to the study, or tables [base.network] ...");
  if (section.get("base")->is_table()) {
    Config config = parse_config("", path);
    assign(config, section.assignments("base"));
    return config;
  }
  const std::string named = section.text("base", "");
  const auto file = (std::filesystem::path(path).parent_path() / named).lexically_normal();
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored))  // the study's line is what to mend
    section.refuse("base", fmt::format("\"{}\" isn't a file", named),
                   "a configuration file, relative to the study");
  return read_config(file.string());
}

void read_seeds(const Section& section, Study& study) {
  if (!section.has("seeds")) return;
  if (section.get("seeds")->is_integer()) {
    for (std::uint64_t seed = 1; seed <= section.whole("seeds", 1, 100000); ++seed)
      study.seeds.push_back(seed);
  } else {
    const std::string accepted = "how many, or an array of whole numbers that differ, 0..4294967295";
    for (const toml::node& node : section.array("seeds", accepted)) {
      const auto seed = node.is_integer() ? *node.value<std::int64_t>() : -1;
      if (seed < 0 || seed > 4294967295 ||
          std::count(study.seeds.begin(), study.seeds.end(), static_cast<std::uint64_t>(seed)) > 0)
        section.refuse("seeds", in_line(node), accepted);
      study.seeds.push_back(static_cast<std::uint64_t>(seed));
    }
  }
  if (section.has("seed_keys")) study.seed_keys = section.strings("seed_keys");
  for (const std::string& key : study.seed_keys) {
    Config scratch = study.base;
    set_key(scratch, fmt::format("{}={}", key, study.seeds.front()), section.where("seed_keys"));
  }
}

// Points of all designs with their digests. Throws for what only the whole configuration shows to be wrong.
// The digest of a point's configuration, which must be one that a machine can run.
std::string checked_digest(const Config& config) {
  try {
    check(config);
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error));
  }
  if (config.machine == Machine::both)
    throw InputError(located(
        config,
        SettingsError(
            "run.machine", "\"both\" in a study",
            "machine = \"golden\", \"emulator\", \"tlm\" or \"rtl\" in the study, or an axis of them")));
  return digest(config);
}

// How many points a design has, at most one more than may be.
std::size_t count_of(const Design& design) {
  if (design.kind != "grid") return static_cast<std::size_t>(design.count);
  std::size_t count = 1;
  for (const Axis& axis : design.axes) count = std::min(count * axis.values.size(), most_points + 1);
  return count;
}

// What decides whether a task's data can be read and fit.
std::string task_keys(const Config& config) {
  std::string text = fmt::format("{}\n", fmt::join(config.network.layers, " "));
  std::istringstream lines(canonical(config));
  for (std::string line; std::getline(lines, line);)
    if (line.rfind("task.", 0) == 0) text += line + "\n";
  return text;
}

std::shared_ptr<const model::Task> checked_task(const Config& config) {
  try {
    return configured_task(config);
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error));
  }
}

// What `action` returns; what it throws, with the point that it is about.
template <class Action>
auto of_point(const Study& study, const Point& point, const Action& action) {
  try {
    return action();
  } catch (const std::exception& error) {
    throw InputError(fmt::format("{} (design {} of {}, {})", error.what(), study.designs[point.design].name,
                                 study.source, settings_text(study, point)));
  }
}

std::string digest_of_data(const Config& config, Data data) {
  try {
    return data_digest(config);
  } catch (const InputError&) {
    if (data == Data::needed) throw;
    return absent_data;
  }
}

void expand(const Section& section, Study& study, Data wanted) {
  std::size_t points = 0;
  for (const Design& design : study.designs)
    points = std::min(points + count_of(design) * study.repeats(), most_points + 1);
  if (points > most_points)
    section.refuse("design", "too many points",
                   fmt::format("designs that times seeds have {} at most", most_points));
  std::map<std::string, std::string> data;  // hashed once
  for (std::size_t d = 0; d < study.designs.size(); ++d)
    for (const auto& at : positions(study.designs[d]))
      for (std::size_t repeat = 0; repeat < study.repeats(); ++repeat) {
        Point point{d, at, repeat, "", ""};
        const Config config = configuration(study, point);
        point.digest = checked_digest(config);
        const auto [known, fresh] =
            data.try_emplace(fmt::format("{}\n{}\n{}", name_of(config.task.kind), task_file(config).string(),
                                         config.machine == Machine::rtl));
        if (fresh) known->second = of_point(study, point, [&] { return digest_of_data(config, wanted); });
        point.data = known->second;
        study.points.push_back(std::move(point));
      }
}

}  // namespace

bool Axis::numeric() const {
  return std::all_of(values.begin(), values.end(),
                     [](const AxisValue& v) { return std::isfinite(v.number); });
}

Study read_study(const std::string& path, const std::vector<std::string>& set, Data data) {
  toml::table table;
  try {
    table = toml::parse(model::read_input(path, "a study file (tools/study/README.md)"), path);
  } catch (const toml::parse_error& error) {
    throw InputError(
        fmt::format("{}:{}: {}; accepted: TOML", path, error.source().begin.line, error.description()));
  }
  const Section section(
      path, table, "",
      {"title", "base", "machine", "set", "seeds", "seed_keys", "budget", "reference", "decide", "design"});
  Study study;
  study.source = path;
  study.title = section.text("title", std::filesystem::path(path).stem().string());
  study.base = read_base(section, path);
  if (section.has("machine"))
    set_key(study.base, "run.machine=" + section.text("machine", ""), section.where("machine"));
  assign(study.base, section.assignments("set"));
  for (const std::string& assignment : set) set_key(study.base, assignment);
  if (section.has("budget")) study.budget = section.number("budget");
  if (study.budget < 0.0) section.refuse("budget", fmt::format("{}", study.budget), "0 or more");
  read_seeds(section, study);
  if (section.has("reference")) {
    study.has_reference = true;
    Axis only;
    only.name = "reference";
    only.values.push_back(
        {"reference", std::numeric_limits<double>::quiet_NaN(), section.assignments("reference")});
    Config scratch = study.base;
    assign(scratch, only.values.front().set);
    study.designs.push_back({"reference", "Reference", "grid", {only}, 0, 1});
  }
  read_decide(section, study);
  std::set<std::string> names{"reference"};
  for (const toml::table* design : section.tables("design")) {
    study.designs.push_back(read_design(path, *design, study.base));
    if (!names.insert(study.designs.back().name).second)
      section.refuse("design", fmt::format("name \"{}\" twice", study.designs.back().name),
                     "names that differ, none \"reference\"");
  }
  if (names.size() == 1) section.refuse("design", "missing", "at least one [[design]]");
  expand(section, study, data);
  return study;
}

void check_points(Study& study) {
  constexpr std::size_t most_kept = 4;  // of MNIST 190 MB each
  std::set<std::string> points, tasks;
  for (const Point& point : study.points) {
    if (point.repeat > 0 || !points.insert(point.digest).second) continue;  // seeds change no shape
    of_point(study, point, [&] {
      const Config config = configuration(study, point);
      if (tasks.insert(task_keys(config)).second) {
        auto task = checked_task(config);
        if (study.tasks.size() < most_kept) study.tasks.push_back(std::move(task));
      }
      check_machine(config);
      return 0;
    });
  }
}

Config configuration(const Study& study, const Point& point) {
  Config config = study.base;
  for (const AxisValue& value : point.at) assign(config, value.set);
  if (!study.seeds.empty())
    for (const std::string& key : study.seed_keys)
      set_key(config, fmt::format("{}={}", key, study.seeds[point.repeat]), study.source);
  if (study.decide && study.decide->confirm)
    config.task.test_on = confirms(study, point) ? model::TestOn::test : model::TestOn::validation;
  config.threads = 1;
  return config;
}

std::string settings_text(const Study& study, const Point& point) {
  std::vector<std::string> all;
  for (const AxisValue& value : point.at)
    for (const KeyValue& a : value.set) all.push_back(a.text);
  if (!study.seeds.empty())
    for (const std::string& key : study.seed_keys)
      all.push_back(fmt::format("{}={}", key, study.seeds[point.repeat]));
  return fmt::format("{}", fmt::join(all, " "));
}

}  // namespace apical::tools
