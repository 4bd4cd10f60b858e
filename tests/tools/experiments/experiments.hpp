// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cmath>

#include "tests/tools/command_line.hpp"

namespace apical::test {

using nlohmann::json;

class Experiments : public CommandLine {
 protected:
  /// Runs NAME on the machine, briefly unless `how` is empty, and returns its result.json, after checks that
  /// hold for every experiment.
  json quick(const std::string& name, const std::string& machine, const char* how = "--quick") const {
    const Outcome o = apical(fmt::format("experiment {} {} --machine {} --out e", name, how, machine));
    EXPECT_EQ(o.status, 0) << o.out << o.error;
    const std::filesystem::path where = folder / "e" / machine / name;
    json r = json::parse(content(where / "result.json"));
    EXPECT_EQ(r["experiment"], name);
    EXPECT_EQ(r["machine"], machine);
    EXPECT_TRUE(r["passed"].get<bool>());
    EXPECT_FALSE(r["checks"].empty());
    EXPECT_FALSE(r["figures"].empty());
    for (const json& figure : r["figures"]) {
      const std::string stem = figure["name"];
      EXPECT_TRUE(contains(content(where / (stem + ".svg")), "<svg")) << stem;
      EXPECT_GT(content(where / (stem + ".csv")).size(), 60u) << stem;
    }
    return r;
  }
  static double measured(const json& r, const std::string& what) {
    for (const json& c : r["checks"])
      if (contains(c["what"], what)) return c["measured"];
    ADD_FAILURE() << "no check \"" << what << "\"";
    return std::nan("");
  }
  /// A figure that has no bound, because it can't be otherwise: it is named so and no check has it.
  double illustrated(const json& r, const std::string& what) const {
    for (const json& c : r["checks"]) EXPECT_FALSE(contains(c["what"], what)) << c;
    for (const json& c : r["checks"]) EXPECT_FALSE(c["catches"].get<std::string>().empty()) << c;
    for (const auto& [name, value] : r["illustrations"].items())
      if (contains(name, what)) return value;
    ADD_FAILURE() << "no illustration \"" << what << "\"";
    return std::nan("");
  }
  /// Mean y of a figure's series in its CSV at the x nearest to `x`.
  double point(const std::string& machine, const std::string& name, const std::string& figure,
               const std::string& series, double x) const {
    std::ifstream file(folder / "e" / machine / name / (figure + ".csv"));
    double best = std::nan(""), distance = 1e300;
    for (std::string line; std::getline(file, line);) {
      const std::string head = "\"" + series + "\",";
      if (line.rfind(head, 0) != 0) continue;
      double at = 0.0, y = 0.0;
      if (std::sscanf(line.c_str() + head.size(), "%lf,%lf", &at, &y) != 2) continue;
      if (std::abs(at - x) >= distance) continue;
      distance = std::abs(at - x);
      best = y;
    }
    EXPECT_FALSE(std::isnan(best)) << figure << " has no series " << series;
    return best;
  }
};

}  // namespace apical::test
