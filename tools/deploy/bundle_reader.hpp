// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sim/isa/image.hpp"
#include "sim/verify/vectors.hpp"

namespace apical::tools {

/// A bundle as write_bundle() left it: every file by its checksum, every number of the manifest by its range
/// and by what the scripts have.
struct ReadBundle {
  struct Population {
    std::string name;
    std::uint32_t units, first_unit;
  };
  struct Projection {
    std::string name;
    std::uint32_t rows, columns, first_word;
    bool holds;  ///< its weights are its own
  };
  sim::CoreParameters parameters;
  std::vector<Population> populations;
  std::vector<Projection> projections;
  struct Refusal {
    std::string name;
    std::size_t first_step;  ///< in `errors`
  };
  std::vector<sim::BusStep> load, ticks, errors;
  std::vector<std::size_t> first_step;  ///< of every tick, in `ticks`
  std::vector<std::string> digests;     ///< of all state, after every tick
  std::vector<Refusal> refusals;        ///< what `errors` does that a host must not, in their order
  std::uint64_t comparisons = 0;        ///< of all scripts
};

/// Reads and checks a bundle; nothing that it says of sizes is believed before the files bear it out. Throws
/// InputError "FILE: KEY: ...; accepted: ...".
ReadBundle read_bundle(const std::filesystem::path& folder);

/// Names in SHA256SUMS of a folder that holds a bundle, whole or not; none where it holds something else.
std::vector<std::string> listed_files(const std::filesystem::path& folder);

}  // namespace apical::tools
