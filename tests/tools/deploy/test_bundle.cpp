// SPDX-License-Identifier: Apache-2.0
// Bundles of reference vectors: whatever damages one is noticed by replay, in words.
#include <functional>
#include <set>

#include "sim/isa/core_map.hpp"
#include "sim/machines/integer_machine.hpp"
#include "tests/tools/bundles.hpp"

namespace apical::tools {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Bundles;
using test::contains;
using test::content;
using test::Lines;
using test::lines_of;
using test::Outcome;
using test::text_of;

// Of every file: gone, a bit turned over, cut, longer, a line less.
TEST_F(Bundles, AnyDamageToAFileIsNoticed) {
  export_to("b");
  ASSERT_EQ(trouble("b"), "");
  Lines files{"SHA256SUMS"};
  const json m = manifest("b");
  for (const json& name : m["files"]) files.push_back(name);
  files.push_back("manifest.json");
  ASSERT_GT(files.size(), 30u);
  for (const std::string& name : files) {
    const std::string whole = content(folder / "b" / name);
    const auto expect_noticed = [&](const std::string& text, const std::string& how) {
      write("b", name, text);
      const std::string said = trouble("b");
      EXPECT_NE(said, "") << name << " " << how;
      EXPECT_TRUE(name == "SHA256SUMS" || contains(said, name)) << said;
    };
    for (int i = 0; i < 3; ++i) {
      std::string turned = whole;
      turned[below(turned.size())] ^= static_cast<char>(1 << below(7));
      expect_noticed(turned, "turned");
      expect_noticed(whole.substr(0, below(whole.size())), "cut");
      Lines lines = lines_of(whole);
      lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(below(lines.size())));
      expect_noticed(text_of(lines), "a line less");
    }
    expect_noticed(whole + "//\n", "longer");
    fs::remove(folder / "b" / name);
    EXPECT_NE(trouble("b"), "") << name;
    fs::create_directory(folder / "b" / name);
    EXPECT_NE(trouble("b"), "") << name;
    fs::remove(folder / "b" / name);
    write("b", name, whole);
  }
  ASSERT_EQ(trouble("b"), "");
  // Tools would find a module by its file's name.
  write("b", "apical_bus.v", "module apical_bus; endmodule\n");
  EXPECT_TRUE(contains(trouble("b"), "not a file of this bundle"));
}

// Scripts with checksums that fit: no step may be missing, be another one, or compare something else.
TEST_F(Bundles, AnyChangeOfAScriptIsNoticed) {
  export_to("b");
  const auto expect_noticed = [&](const std::string& name, const Lines& lines, const std::string& how) {
    const std::string whole = content(folder / "b" / name);
    write("b", name, text_of(lines));
    sum_again("b", name);
    EXPECT_NE(trouble("b"), "") << name << " " << how;
    write("b", name, whole);
    sum_again("b", name);
  };
  for (const char* name : {"load.memh", "ticks.memh", "errors.memh"}) {
    const Lines whole = lines_of(content(folder / "b" / name));
    const auto some = [&] {
      std::size_t at = 0;
      while (whole[at][0] == '/') at = 1 + below(whole.size() - 1);
      return static_cast<std::ptrdiff_t>(at);
    };
    for (int i = 0; i < 60; ++i) {
      Lines lines = whole;
      const auto at = i == 0 ? static_cast<std::ptrdiff_t>(whole.size() - 1) : some();
      lines.erase(lines.begin() + at);
      expect_noticed(name, lines,
                     fmt::format("without line {}: {}", at + 1, whole[static_cast<std::size_t>(at)]));
      lines = whole;
      lines.insert(lines.begin() + at, whole[static_cast<std::size_t>(at)]);
      expect_noticed(name, lines, fmt::format("line {} twice", at + 1));
      lines = whole;
      lines[static_cast<std::size_t>(at)] = "x" + lines[static_cast<std::size_t>(at)].substr(1);
      expect_noticed(name, lines, "no hexadecimal digit");
    }
  }
  const Lines ticks = lines_of(content(folder / "b" / "ticks.memh"));
  const auto first = manifest("b")["first_step_of_tick"].get<std::vector<std::ptrdiff_t>>();
  Lines cut(ticks.begin(), ticks.begin() + 1 + first[2]);
  expect_noticed("ticks.memh", cut, "cut at a tick");
  cut.push_back(ticks.back());
  expect_noticed("ticks.memh", cut, "cut at a tick, with its end mark");
  Lines blind;
  for (const std::string& line : ticks)
    if (line[0] != '1') blind.push_back(line);
  expect_noticed("ticks.memh", blind, "without comparisons");
  expect_noticed("ticks.memh", {ticks.front(), ticks.back()}, "empty");
  ASSERT_EQ(trouble("b"), "");
}

// Every number, text and list of the manifest: gone, of another type, 0, negative, huge.
TEST_F(Bundles, EveryFieldOfTheManifestIsChecked) {
  export_to("b", "--profile corners");
  const std::string whole = content(folder / "b" / "manifest.json");
  const json document = json::parse(whole);
  std::vector<json::json_pointer> places;
  const std::function<void(const json&, const json::json_pointer&)> walk = [&](const json& value,
                                                                               const json::json_pointer& at) {
    if (!at.empty()) places.push_back(at);
    if (value.is_object())
      for (const auto& [name, member] : value.items()) walk(member, at / name);
    if (value.is_array() && !value.empty()) walk(value.front(), at / 0);
  };
  walk(document, json::json_pointer());
  ASSERT_GT(places.size(), 200u);
  const json others[] = {nullptr, -1, 0, 1000000000000000000, 1.5, "x", json::array(), json::object(), true};
  std::size_t accepted = 0;
  const auto changed = [&](const json& value) {
    write("b", "manifest.json", value.dump(2));
    sum_again("b", "manifest.json");
    return trouble("b");
  };
  for (const auto& at : places) {
    const json& is = document.at(at);
    const bool free = contains(at.to_string(), "/coverage/") || contains(at.to_string(), "/out_of_reach") ||
                      contains(at.to_string(), "/formats/") || contains(at.to_string(), "/missing/") ||
                      contains(at.to_string(), "/notes/") || contains(at.to_string(), "/not_exercised/") ||
                      contains(at.to_string(), "/refusals/");
    if (free && below(5) != 0) continue;  // many of a kind
    for (const json& other : others) {
      if (below(2) != 0) continue;
      json value = document;
      value[at] = other;
      const bool same_type = is.type_name() == std::string(other.type_name()) && !other.is_number_float();
      const std::string said = changed(value);
      accepted += said.empty();
      EXPECT_TRUE(same_type || !said.empty()) << at.to_string() << " = " << other;
    }
    json value = document;
    json& parent = value.at(at.parent_pointer());
    if (parent.is_array())
      parent.erase(0);
    else
      parent.erase(at.back());
    EXPECT_TRUE(!changed(value).empty() || free) << at.to_string() << " gone";
  }
  EXPECT_LT(accepted, places.size());
  // What sizes anything, or is counted.
  for (const char* name : {"/parameters/LANES", "/parameters/UNITS", "/parameters/DEPTH", "/parameters/POPS",
                           "/parameters/PROJS", "/parameters/OPS", "/ticks", "/comparisons", "/format",
                           "/steps/ticks.memh", "/populations/0/units", "/populations/1/first_unit",
                           "/projections/0/rows", "/projections/0/columns", "/projections/1/first_word"})
    for (const std::int64_t number :
         {std::int64_t{0}, std::int64_t{1}, std::int64_t{3}, std::int64_t{1} << 31}) {
      json value = document;
      value[json::json_pointer(name)] = number;
      if (document.at(json::json_pointer(name)) == number || value == document) continue;
      if (std::string(name) == "/parameters/OPS" && number == 3) continue;
      EXPECT_NE(changed(value), "") << name << " = " << number;
    }
  for (const std::string text : {"", "{", "[]", "null", "\"x\"", "[[[[[[[["}) {
    write("b", "manifest.json", text);
    sum_again("b", "manifest.json");
    EXPECT_TRUE(contains(trouble("b"), "not an object in JSON")) << text;
  }
}

// The word of a bundle that a machine must not have, in words: what, of which unit, which bit.
TEST_F(Bundles, ReplayNamesSignalUnitAndBit) {
  export_to("b");
  const json m = manifest("b");
  const Lines whole = lines_of(content(folder / "b" / "ticks.memh"));
  struct Compared {
    std::size_t line;
    std::uint64_t memory, word;
  };
  std::vector<Compared> all;
  std::uint64_t memory = 0, word = 0;
  for (std::size_t i = 1; i < whole.size(); ++i) {
    const std::string offset = whole[i].substr(2, 2);
    const std::uint64_t value = std::stoull(whole[i].substr(4), nullptr, 16);
    if (whole[i][0] == '0' && offset == "30") memory = value;
    if (whole[i][0] == '0' && offset == "34") word = value;
    if (whole[i][0] == '1' && offset == "3c") all.push_back({i, memory, word});
    if (offset == "3c") ++word;
  }
  std::set<std::string> kinds;
  for (int i = 0; i < 60; ++i) {
    const Compared c = all[below(all.size())];
    std::string expected = fmt::format("word {} of memory {}", c.word, c.memory);
    for (const json& p : m["populations"])
      if (c.memory < 13 && c.word >= p["first_unit"] &&
          c.word - p["first_unit"].get<std::uint64_t>() < p["units"])
        expected = fmt::format("{} of unit {} of {}", sim::field_name(static_cast<int>(c.memory)),
                               c.word - p["first_unit"].get<std::uint64_t>(), p["name"].get<std::string>());
    if (c.memory == sim::window::descriptors)
      expected = fmt::format(
          "eta of W{}", (c.word - sim::projection_address(static_cast<int>(m["populations"].size()), 0)) /
                                sim::isa::Projection::stride +
                            1);
    if (c.memory == sim::window::weights)
      expected = fmt::format("W{}[", c.word / 2 < m["projections"][1]["first_word"] ? 1 : 2);
    kinds.insert(expected.substr(0, 3));
    const std::uint64_t bit = below(32);
    Lines lines = whole;
    std::uint64_t value = std::stoull(whole[c.line].substr(4), nullptr, 16) ^ std::uint64_t{1} << bit;
    lines[c.line] = whole[c.line].substr(0, 4) + fmt::format("{:08x}", value);
    write("b", "ticks.memh", text_of(lines));
    sum_again("b", "ticks.memh");
    const std::string said = trouble("b");
    EXPECT_TRUE(contains(said, fmt::format("step {} (tick ", c.line - 1))) << said;
    EXPECT_TRUE(contains(said, ": " + expected)) << said << expected;
    EXPECT_TRUE(contains(said, fmt::format("bit {}\n", bit))) << said << bit;
  }
  EXPECT_GT(kinds.size(), 5u);
}

}  // namespace
}  // namespace apical::tools
