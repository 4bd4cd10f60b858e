// SPDX-License-Identifier: Apache-2.0
#include "tools/deploy/firmware.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/isa/core_map.hpp"
#include "sim/machines/integer_machine.hpp"
#include "sim/verify/vectors.hpp"

namespace apical::tools {
namespace {

using fixedpoint::Format;
using fixedpoint::Signal;

constexpr int words_per_line = 8;

struct Memory {
  std::string name;
  int bits;
};

// The memories that hosts load, by the number of the window.
std::map<int, Memory> memories(const sim::CoreParameters& c) {
  std::map<int, Memory> all;
  for (int field = 0; field < sim::state_fields; ++field) all[field] = {sim::field_name(field), c.sw};
  all[sim::memory::rho] = {"rho", 16};
  all[sim::memory::alpha] = {"alpha", 16};
  all[sim::window::operations] = {"operations", 32};
  all[sim::window::descriptors] = {"descriptors", 32};
  all[sim::window::decay] = {"decay", 17};
  all[sim::window::table_base] = {"table_base", c.base};
  all[sim::window::table_delta] = {"table_delta", c.delta};
  all[sim::window::weights] = {"weights", c.ww};
  return all;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

// Writes to one register in a row become (offset << 24 | number), values; waiting is a 0.
std::vector<std::uint32_t> load_words(const Deployment& d) {
  const std::vector<sim::BusStep> steps = sim::record(d.program, d.core, {}, 0, 1).load;
  std::vector<std::uint32_t> words;
  std::size_t head = 0;
  int offset = -1;
  for (const sim::BusStep& step : steps) {
    if (step.kind == sim::BusStep::wait) {
      words.push_back(0);
      offset = -1;
      continue;
    }
    if (step.offset != offset) {
      offset = step.offset;
      head = words.size();
      words.push_back(static_cast<std::uint32_t>(offset) << 24);
    }
    ++words[head];
    words.push_back(step.value);
  }
  return words;
}

template <class Values>
std::string array(const std::string& type, const std::string& name, const Values& values) {
  std::string text = fmt::format("static const {} {}[{}] = {{", type, name, values.size());
  std::size_t n = 0;
  for (const auto value : values)
    text += fmt::format("{}{}{},", n++ % words_per_line == 0 ? "\n  " : " ", value,
                        type == "uint32_t" ? "u" : "");
  return text + "\n};\n";
}

std::string endpoint(const char* name, const char* what, int units, int memory, std::uint32_t address,
                     const Format& f) {
  return fmt::format(
      "\n/* {1} Raw value = real value * 2^{2}, {3} bits, {4}. */\n"
      "#define APICAL_{0}_UNITS {5}u\n#define APICAL_{0}_MEMORY {6}u\n#define APICAL_{0}_ADDRESS {7}u\n"
      "#define APICAL_{0}_BITS {3}\n#define APICAL_{0}_FRAC ({2})\n",
      name, what, f.frac, f.bits, f.is_signed ? "signed" : "unsigned", units, memory, address);
}

}  // namespace

std::string firmware_header(const Deployment& d) {
  const fixedpoint::Program& p = *d.program;
  const auto& first = p.populations.front();
  const auto& last = p.output_population();
  std::string text = fmt::format(
      "/* Written by `apical deploy {} --target {}`: what a host of this core needs beside "
      "apical_registers.h\n"
      "   and apical_spi.h. Configuration {}. */\n"
      "#ifndef APICAL_DEPLOYMENT_H\n#define APICAL_DEPLOYMENT_H\n#include <stdint.h>\n\n"
      "/* Elaboration parameters of apical_spi. */\n",
      d.config.source, d.target.name, digest(d.config));
  for (const auto& [name, value] : d.parameters)
    text += fmt::format("#define APICAL_CORE_{} {}\n", name, value);
  text +=
      fmt::format("/* What register PARAMETERS reads then. */\n#define APICAL_PARAMETERS_OF_THIS 0x{:08x}u\n",
                  sim::parameters_register(d.core));

  text += "\n/* Memories of the window (WINDOW_SELECT). */\n";
  for (const auto& [number, memory] : memories(d.core))
    text += fmt::format("#define APICAL_MEMORY_{} {}u\n", upper(memory.name), number);
  const auto& units = d.image.first_unit;
  const std::uint32_t first_output = units[static_cast<std::size_t>(p.output)];
  text += endpoint("INPUT_RATE", "The input, unit by unit, by register INPUT (its rate can be read here).",
                   first.units, sim::memory::rate, units.front(), first[Signal::rate]);
  text += endpoint("TARGET", "What the output is nudged to.", last.units, sim::memory::target, first_output,
                   last[Signal::target]);
  text += endpoint("OUTPUT", "The output's voltage u: the largest one is the answer of a classifier.",
                   last.units, sim::memory::u, first_output, last[Signal::u]);
  text += fmt::format(
      "\n/* Register BETA while it learns, of {} fraction bits (0: it only infers), ticks that a sample is "
      "shown. */\n"
      "#define APICAL_TRAINING_BETA {}u\n#define APICAL_TRAINING_TICKS {}u\n#define APICAL_TEST_TICKS {}u\n",
      p.beta_frac, sim::beta_register(p, p.beta), d.config.task.presentation,
      d.config.task.test_presentation);

  std::vector<int> population_units, source, target, rows, columns;
  std::vector<std::uint32_t> eta;
  for (const auto& population : p.populations) population_units.push_back(population.units);
  for (std::size_t k = 0; k < p.projections.size(); ++k) {
    source.push_back(p.projections[k].source);
    target.push_back(p.projections[k].target);
    rows.push_back(p.projections[k].rows);
    columns.push_back(p.projections[k].columns);
    eta.push_back(sim::eta_register(p, static_cast<int>(k), 1.0));
  }
  text += fmt::format(
      "\n/* Populations, input first: unit i of population p is at address apical_first_unit[p] + i. */\n"
      "#define APICAL_POPULATIONS {}u\n{}{}"
      "\n/* Matrices [rows x columns], the last column the bias where there is one: apical_weight_address(). "
      "*/\n"
      "#define APICAL_PROJECTIONS {}u\n{}{}{}{}{}"
      "\n/* Learning rates: value k goes to address k of memory descriptors; smaller ones learn slower, 0 "
      "not. */\n"
      "{}{}",
      p.populations.size(), array("uint32_t", "apical_units", population_units),
      array("uint32_t", "apical_first_unit", units), p.projections.size(),
      array("uint32_t", "apical_source", source), array("uint32_t", "apical_target", target),
      array("uint32_t", "apical_rows", rows), array("uint32_t", "apical_columns", columns),
      array("uint32_t", "apical_first_weight", d.image.first_block),
      array("uint32_t", "apical_eta_address", d.image.eta_word), array("uint32_t", "apical_eta", eta));
  const std::vector<std::uint32_t> words = load_words(d);
  text += fmt::format(
      "\n/* The program and the initial weights, for apical_load(). */\n"
      "#define APICAL_PROGRAM_WORDS {}u\n{}\n#endif\n",
      words.size(), array("uint32_t", "apical_program", words));
  return text;
}

std::map<std::string, std::string> memory_images(const Deployment& d) {
  const auto all = memories(d.core);
  std::map<int, std::map<std::uint32_t, std::int64_t>> words;
  for (const sim::CoreWrite& w : d.image.memory) words[w.select][w.address] = w.value;
  std::map<std::string, std::string> files;
  for (const auto& [select, content] : words) {
    const Memory& memory = all.at(select);
    std::string text = fmt::format("// memory {} of the window: {}, words of {} bits; what isn't here is 0\n",
                                   select, memory.name, memory.bits);
    const std::uint64_t mask = memory.bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << memory.bits) - 1;
    std::uint32_t next = 0;
    for (const auto& [address, value] : content) {
      if (address != next) text += fmt::format("@{:x}\n", address);
      text += fmt::format("{:0{}x}\n", static_cast<std::uint64_t>(value) & mask, (memory.bits + 3) / 4);
      next = address + 1;
    }
    files[fmt::format("memory_{}.memh", memory.name)] = text;
  }
  return files;
}

}  // namespace apical::tools
