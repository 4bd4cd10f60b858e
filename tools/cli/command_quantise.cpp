// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "fixedpoint/numeric/rational.hpp"
#include "tools/cli/commands.hpp"
#include "tools/config/formats.hpp"

namespace apical::tools {
namespace {

struct Arguments {
  std::string format = "{ bits = 16, frac = 8 }";
  std::vector<std::string> numbers;
  std::uint32_t random16 = 0;
  bool json = false;
};

int execute(const Arguments& a) {
  const fixedpoint::Format format = parse_format(a.format, "--format");
  const char* const overflowed = format.overflow == fixedpoint::Overflow::wrap       ? "wrapped"
                                 : format.overflow == fixedpoint::Overflow::sat_zero ? "zeroed"
                                                                                     : "saturated";
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  std::string table;
  std::size_t width = 6;
  for (const std::string& text : a.numbers) width = std::max(width, text.size());
  for (const std::string& text : a.numbers) {
    const auto q = fixedpoint::quantise_exactly(fixedpoint::parse_rational(text), format, a.random16);
    const std::string value = fixedpoint::in_words(q.value);
    const std::string error = fixedpoint::in_words(q.error);
    all.push_back({{"number", text},
                   {"raw", q.raw},
                   {"hex", q.hex},
                   {"value", value},
                   {"error", error},
                   {"saturated", q.saturated && format.overflow != fixedpoint::Overflow::wrap},
                   {"overflow", q.saturated ? nlohmann::ordered_json(overflowed) : nullptr}});
    table += fmt::format("{:>{}}  {:>12}  {:>10}  {:>16}  {}{}\n", text, width, q.raw, q.hex, value, error,
                         q.saturated ? fmt::format("  ({})", overflowed) : "");
  }
  if (a.json)
    fmt::print("{}\n", all.dump(2));
  else
    fmt::print("{:>{}}  {:>12}  {:>10}  {:>16}  {}\n{}", "number", width, "raw", "hex", "value", "error",
               table);
  return 0;
}

}  // namespace

void add_quantise(CLI::App& app, int& status) {
  const auto a = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("quantise", "Show numbers as a fixed-point format holds them, exactly");
  command->add_option("--format", a->format, "TOML table with bits, frac, signed, rounding, overflow")
      ->capture_default_str();
  command->add_option("--random", a->random16, "the 16 random bits of STOCHASTIC rounding, 0..65535")
      ->check(CLI::Range(0, 65535));
  command->add_flag("--json", a->json, "print JSON");
  command->positionals_at_end(false);
  command->prefix_command(false);
  command->allow_extras();  // so that -7.97 is a number and not an option
  command->footer(
      "Examples:\n"
      "  apical quantise --format '{ bits = 8, frac = 4, rounding = \"RND_CONV\", overflow = \"SAT\" }' 0.3 "
      "-7.97 1/3\n"
      "  apical quantise --format '{ bits = 4, frac = -2 }' 17 --json");
  command->callback([a, command, &status] {
    a->numbers = command->remaining();
    if (a->numbers.empty())
      throw InputError("quantise: no numbers; accepted: decimals (-7.97, 1e-3) and fractions (1/3)");
    status = execute(*a);
  });
}

}  // namespace apical::tools
