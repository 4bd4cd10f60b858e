// SPDX-License-Identifier: Apache-2.0
#include "tools/verify/dut_binding.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <regex>

#include "model/input_file.hpp"
#include "sim/machines/integer_machine.hpp"
#include "tools/config/formats.hpp"
#include "tools/config/section.hpp"
#include "tools/report/messages.hpp"

namespace apical::tools {

using fixedpoint::Format;
using fixedpoint::Program;
using fixedpoint::Signal;

namespace {

namespace fs = std::filesystem;

std::string shown(const Format& f) {
  return fmt::format("{{ bits = {}, frac = {}, signed = {} }}", f.bits, f.frac, f.is_signed);
}

class Reader {
 public:
  Reader(const std::string& file, const Program& program, const toml::table& table)
      : file_(file),
        program_(program),
        whole_(file_, table, "", {"design", "tick", "host", "signals", "weights"}) {
    dut_.folder = fs::absolute(file).parent_path();
    read_design();
    const Section tick(file_, table_of(whole_, "tick", true), "tick.", {"start", "done", "limit"});
    dut_.start = port(tick, "start", "tick.");
    dut_.done = port(tick, "done", "tick.");
    if (tick.has("limit")) dut_.limit = tick.whole("limit", 1, 1'000'000'000);
    read_host();
    read_signals();
    read_weights();
  }
  sim::DutDescription description() { return std::move(dut_); }

 private:
  const toml::table& table_of(const Section& section, const std::string& key, bool needed) const {
    static const toml::table none;
    if (!section.has(key)) {
      if (needed) section.refuse(key, "missing", "a table");
      return none;
    }
    const toml::table* const table = section.get(key)->as_table();
    if (table == nullptr) section.refuse(key, in_line(*section.get(key)), "a table");
    return *table;
  }
  static std::string needed_text(const Section& section, const std::string& key,
                                 const std::string& accepted) {
    std::string text = section.text(key, "");
    if (text.empty()) section.refuse(key, section.has(key) ? "\"\"" : "missing", accepted);
    return text;
  }
  std::string in_file(const Section& section, const std::string& key, const std::string& name) const {
    return fmt::format("{}: {}", section.where(key), name);
  }

  void read_design() {
    const Section design(file_, table_of(whole_, "design", true), "design.",
                         {"top", "sources", "include", "parameters", "defines", "clock", "reset"});
    dut_.top = needed_text(design, "top", "the name of a module");
    if (!std::regex_match(dut_.top, std::regex("[A-Za-z_][A-Za-z0-9_]*")))
      design.refuse("top", dut_.top, "the name of a module: letters, digits and _");
    dut_.sources = design.strings("sources");
    for (const std::string& source : dut_.sources)
      if (!fs::is_regular_file(dut_.folder / source))
        design.refuse("sources", fmt::format("{} is no file", (dut_.folder / source).string()),
                      "files, from the folder of this one");
    if (design.has("include")) dut_.includes = design.strings("include");
    for (const std::string& folder : dut_.includes)
      if (!fs::is_directory(dut_.folder / folder))
        design.refuse("include", fmt::format("{} is no folder", (dut_.folder / folder).string()),
                      "folders, from that of this file");
    if (design.has("defines")) dut_.defines = design.strings("defines");
    for (const auto& [key, value] : table_of(design, "parameters", false)) {
      if (!value.is_integer() && !value.is_string())
        design.refuse("parameters", in_line(value), "whole numbers, or strings of Verilog such as \"8'hff\"");
      dut_.parameters.push_back(
          fmt::format("{}={}", key.str(), value.is_string() ? *value.value<std::string>() : in_line(value)));
    }
    dut_.clock.name = needed_text(design, "clock", "the name of a port");
    dut_.clock.where = in_file(design, "clock", "design.clock");
    if (design.has("reset")) dut_.reset = port(design, "reset", "design.");
  }

  sim::DutPort port(const Section& within, const std::string& key, const std::string& prefix) const {
    const Section section(file_, table_of(within, key, true), prefix + key + ".",
                          {"name", "value", "clocks"});
    sim::DutPort p;
    p.name = needed_text(section, "name", "the name of a port");
    p.where = in_file(section, "name", prefix + key + ".name");
    if (section.has("value")) p.value = section.whole("value", 0, 0xffff'ffff);
    if (section.has("clocks")) p.clocks = static_cast<int>(section.whole("clocks", 1, 1'000'000));
    return p;
  }

  // A place of values in format `expected`, whose indices may use `names`.
  sim::DutPlace place(const Section& within, const std::string& key, const std::string& prefix,
                      const Format& expected, const std::vector<std::string>& names) const {
    const std::string full = prefix + key;
    const Section section(file_, table_of(within, key, true), full + ".",
                          {"name", "index", "bit", "width", "format"});
    const auto expression = [&](const std::string& what, const auto& make) {
      try {
        return make();
      } catch (const std::invalid_argument& error) {
        throw InputError(fmt::format("{}: {}.{}: {}", section.where(what), full, what, error.what()));
      }
    };
    const std::string name = needed_text(section, "name", "a hierarchical name below the top module");
    sim::DutPlace p{in_file(section, "name", full),
                    expression("name", [&] { return sim::HierarchicalName(name, names); }),
                    {},
                    std::nullopt,
                    0,
                    expected};
    std::vector<std::string> indices;
    if (section.has("index"))
      indices = section.get("index")->is_array()
                    ? section.strings("index")
                    : std::vector<std::string>{needed_text(section, "index", "an expression")};
    for (const std::string& one : indices)
      p.index.push_back(expression("index", [&] { return sim::IndexExpression(one, names); }));
    if (section.has("bit")) {
      const std::string text = section.get("bit")->is_integer()
                                   ? in_line(*section.get("bit"))
                                   : needed_text(section, "bit", "an expression");
      p.bit = expression("bit", [&] { return sim::IndexExpression(text, names); });
    }
    check_format(section, full, expected);
    p.width = section.has("width") ? static_cast<int>(section.whole("width", 1, 64)) : expected.bits;
    if (p.width < expected.bits)
      section.refuse("width", fmt::format("{}", p.width),
                     fmt::format("{}..64, the bits of the format or more", expected.bits));
    return p;
  }

  // What the file says of a format, rounding and overflow as far as it says them, is what the program has.
  void check_format(const Section& section, const std::string& full, const Format& expected) const {
    const toml::table& table = table_of(section, "format", true);
    const std::string where = section.where("format");
    for (const char* key : {"bits", "frac"})
      if (!table.contains(key))
        throw InputError(
            fmt::format("{}: {}.format.{}: missing; accepted: a format, e.g. {{ bits = 8, frac = 4 }}", where,
                        full, key));
    Format said = expected;
    said.is_signed = true;
    said = parse_format(table, said, where, full + ".format");
    const auto refuse = [&](const char* key, const std::string& what, const std::string& accepted) {
      throw InputError(fmt::format("{}: {}.format.{}: {}, where the configuration has {}; accepted: {}",
                                   where, full, key, what, accepted, shown(expected)));
    };
    if (said.bits != expected.bits) refuse("bits", std::to_string(said.bits), std::to_string(expected.bits));
    if (said.frac != expected.frac) refuse("frac", std::to_string(said.frac), std::to_string(expected.frac));
    if (said.is_signed != expected.is_signed)
      refuse("signed", said.is_signed ? "true" : "false", expected.is_signed ? "true" : "false");
    if (said.rounding != expected.rounding)
      refuse("rounding", name_of(said.rounding), name_of(expected.rounding));
    if (said.overflow != expected.overflow)
      refuse("overflow", name_of(said.overflow), name_of(expected.overflow));
    if (said.random_bits != expected.random_bits)
      refuse("random_bits", std::to_string(said.random_bits), std::to_string(expected.random_bits));
  }

  void read_host() {
    const Section host(file_, table_of(whole_, "host", true), "host.", {"input", "target", "nudge", "eta"});
    const std::vector<std::string> unit{"unit"};
    const auto add = [&](const char* key, const Format& format, const std::vector<std::string>& names,
                         std::optional<sim::DutPlace>& into) {
      if (host.has(key)) into = place(host, key, "host.", format, names);
    };
    add("input", program_.populations.front()[Signal::rate], unit, dut_.input);
    add("target", program_.output_population()[Signal::target], unit, dut_.target);
    add("nudge", {fixedpoint::constant_bits, program_.beta_frac, false}, {}, dut_.nudge);
    const toml::table& rates = table_of(host, "eta", false);
    const Section eta(file_, rates, "host.eta.", projection_names());
    for (const auto& [key, node] : rates) {
      const int k = projection(std::string(key.str()));
      const fixedpoint::Projection& p = program_.projections[static_cast<std::size_t>(k)];
      dut_.eta.emplace(k, place(eta, p.name, "host.eta.", {fixedpoint::eta_bits, p.eta_frac, false}, {}));
    }
  }

  void read_signals() {
    std::vector<std::string> names;
    for (const fixedpoint::Population& p : program_.populations) names.push_back(p.name);
    const toml::table& layers = table_of(whole_, "signals", false);
    const Section signals(file_, layers, "signals.", names);
    for (std::size_t layer = 0; layer < names.size(); ++layer) {
      if (!signals.has(names[layer])) continue;
      const std::string prefix = "signals." + names[layer] + ".";
      std::vector<std::string> fields;
      fields.reserve(sim::state_fields);
      for (int field = 0; field < sim::state_fields; ++field) fields.emplace_back(sim::field_name(field));
      const Section fields_of(file_, table_of(signals, names[layer], true), prefix, fields);
      for (int field = 0; field < sim::state_fields; ++field)
        if (fields_of.has(fields[static_cast<std::size_t>(field)])) {
          const Format& format = sim::field_format(program_, static_cast<int>(layer), field);
          dut_.signals.emplace(
              std::pair{static_cast<int>(layer), field},
              place(fields_of, fields[static_cast<std::size_t>(field)], prefix, format, {"unit"}));
        }
    }
  }

  void read_weights() {
    const Section weights(file_, table_of(whole_, "weights", false), "weights.", projection_names());
    for (const std::string& name : projection_names())
      if (weights.has(name)) {
        const int k = projection(name);
        dut_.weights.emplace(
            k, place(weights, name, "weights.", program_.projections[static_cast<std::size_t>(k)].weight,
                     {"row", "column"}));
      }
    if (dut_.signals.empty() && dut_.weights.empty())
      whole_.refuse("signals", "neither signals nor weights", "something to compare");
  }

  std::vector<std::string> projection_names() const {
    std::vector<std::string> names;
    for (const fixedpoint::Projection& p : program_.projections) names.push_back(p.name);
    return names;
  }
  int projection(const std::string& name) const {
    const std::vector<std::string> names = projection_names();
    return static_cast<int>(std::find(names.begin(), names.end(), name) - names.begin());
  }

  std::string file_;
  const Program& program_;
  Section whole_;
  sim::DutDescription dut_;
};

}  // namespace

sim::DutDescription read_dut(const std::string& file, const Program& program) {
  std::string text;
  try {
    text = model::read_input(file, "the description of a design (tools/README.md)");
  } catch (const std::runtime_error& error) {
    throw InputError(error.what());
  }
  toml::table table;
  try {
    table = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    throw InputError(
        fmt::format("{}:{}: {}; accepted: TOML", file, error.source().begin.line, error.description()));
  }
  return Reader(file, program, table).description();
}

}  // namespace apical::tools
