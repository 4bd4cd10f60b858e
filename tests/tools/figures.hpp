// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <regex>

#include "tests/scratch.hpp"

namespace apical::test {

/// tools/figures.json: every figure of the READMEs with the command that gives it. An entry is `checked` by a
/// test, `measured` on a day with the sources of `commit` (where `learning_in_tests` matters, tests learned
/// then), or `published`.
inline nlohmann::json entries() {
  return nlohmann::json::parse(content(APICAL_SOURCE_DIR "/tools/figures.json"))["figures"];
}

/// The commands that a test has to run.
inline nlohmann::json entries_checked_by(const std::string& test) {
  nlohmann::json all = nlohmann::json::array();
  for (const nlohmann::json& entry : entries())
    if (entry.value("checked", "") == test) all.push_back(entry);
  EXPECT_FALSE(all.empty()) << test;
  return all;
}

/// All percentages and degrees of a text.
inline std::vector<std::string> figures_in(const std::string& text) {
  static const std::regex pattern("[0-9][0-9.,]* ?(%|°)");
  std::vector<std::string> all;
  for (std::sregex_iterator i(text.begin(), text.end(), pattern), end; i != end; ++i) all.push_back(i->str());
  return all;
}

/// Every figure of an entry is what its command gave, to the decimals it is written with; `measured` knows
/// what "at" names.
inline void expect_figures(const nlohmann::json& entry,
                           const std::function<double(const std::string&)>& measured) {
  for (const nlohmann::json& figure : entry["figures"])
    for (std::size_t i = 0; i < figure["text"].size(); ++i) {
      const std::string text = figure["text"][i],
                        number = text.substr(0, text.find_first_not_of("0123456789."));
      const std::size_t point = number.find('.');
      const std::size_t decimals = point == std::string::npos ? 0 : number.size() - point - 1;
      EXPECT_EQ(fmt::format("{:.{}f}", measured(figure["at"].at(i)), decimals), number)
          << entry["command"] << " gives another figure than " << figure["file"] << " has for "
          << figure["at"][i] << ": change it there and in tools/figures.json";
    }
}

}  // namespace apical::test
