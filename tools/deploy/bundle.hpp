// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fixedpoint/program/corner_proof.hpp"
#include "sim/core/core_library.hpp"
#include "sim/verify/core_coverage.hpp"
#include "sim/verify/vectors.hpp"
#include "tools/config/config.hpp"
#include "tools/report/output_folder.hpp"

namespace apical::tools {

/// Of manifest.json; raised when its keys or the scripts change.
inline constexpr int bundle_format = 5;

/// What a bundle of reference vectors is made of.
struct Bundle {
  Config config;
  std::string profile;
  std::shared_ptr<const fixedpoint::Program> program;
  sim::CoreParameters parameters;
  sim::BusScript script;
  sim::CoreCoverage met;                       ///< what the scripts make a core do
  fixedpoint::CornerProof unreachable;         ///< of profile corners
  std::map<std::string, std::string> signals;  ///< files of SignalRecords, where they are wanted
};

/// Writes a self-contained bundle (hw/ARCHITECTURE.md, "Bundles"): the core's sources, bus scripts and
/// weights for $readmemh, a testbench in plain Verilog, a Makefile, manifest.json, and SHA256SUMS of all of
/// them. What an earlier bundle left in the folder goes.
void write_bundle(Bundle, const sim::CoreSources&, OutputFolder&);

/// The parameters by the names that the Verilog has for them.
std::vector<std::pair<std::string, int>> named(const sim::CoreParameters&);

/// The field of ERRORS that a refusal sets, "none" for one that sets none.
std::string error_name(std::uint32_t mask);

/// SHA-256 of a text in hexadecimal.
std::string sha256(const std::string& text);

}  // namespace apical::tools
