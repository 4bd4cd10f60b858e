// SPDX-License-Identifier: Apache-2.0
#include "tools/deploy/read_coverage.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "hw/isa_names.hpp"

namespace apical::tools {
namespace {

// Objects in one another, `depth` of them, and integers in the last ones.
void check_counts(const Entry& entry, int depth) {
  if (depth == 0) {
    entry.integer(0, INT64_MAX);
    return;
  }
  for (const auto& [name, member] : entry.members()) check_counts(member, depth - 1);
}

template <std::size_t n, class Name>
void check_names(const Entry& counts, const Name (&names)[n], int depth) {
  for (const Name& one : names) check_counts(counts[one.name], depth);
  std::vector<std::string> all;
  for (const Name& one : names) all.emplace_back(one.name);
  for (const auto& [name, count] : counts.members())
    counts.require(std::find(all.begin(), all.end(), name) != all.end(),
                   fmt::format("{}", fmt::join(all, ", ")));
}

}  // namespace

// What was met, or why it can't be: layer, signal, corner; operations, slots and errors by their names.
void check_coverage(const Entry& manifest) {
  const Entry coverage = manifest["coverage"];
  check_counts(coverage["quantisers"], 3);
  check_counts(coverage["thresholds"], 3);
  check_counts(coverage["events"], 1);
  check_names(coverage["operations"], isa::op_names, 1);
  check_names(coverage["passes"], isa::slot_names, 0);
  check_names(coverage["errors"], reg::error_names, 0);
  for (const Entry& one : manifest["not_exercised"].list(0, 100000)) {
    one["what"].text();
    one["why"].text();
    one["possible"].truth();
  }
  if (!manifest.has("out_of_reach")) return;
  for (const auto& [layer, signals] : manifest["out_of_reach"].members())
    for (const auto& [signal, corners] : signals.members())
      for (const auto& [corner, why] : corners.members()) why.text();
  for (const Entry& corner : manifest["missing"].list(0, 100000)) corner.text();
}

// Refusals follow one another through the script.
std::vector<ReadBundle::Refusal> read_refusals(const Entry& manifest, std::size_t steps) {
  std::vector<std::string> errors{"none"};
  for (const reg::ErrorName& e : reg::error_names) errors.emplace_back(e.name);
  std::vector<ReadBundle::Refusal> refusals;
  std::size_t from = 0;
  for (const Entry& one : manifest["refusals"].list(1, 100000)) {
    one["error"].one_of(errors);
    one["times"].integer(1, INT64_MAX);
    const std::int64_t first =
        one["first_step"].integer(static_cast<std::int64_t>(from), static_cast<std::int64_t>(steps) - 1);
    refusals.push_back({one["name"].text(), static_cast<std::size_t>(first)});
    from = static_cast<std::size_t>(first) + 1;
  }
  return refusals;
}

}  // namespace apical::tools
