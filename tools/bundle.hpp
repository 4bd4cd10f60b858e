#pragma once
#include <memory>
#include <string>

#include "fixedpoint/corner_proof.hpp"
#include "sim/core_library.hpp"
#include "sim/vectors.hpp"
#include "tools/config.hpp"
#include "tools/output_folder.hpp"

namespace apical::tools {

/// What a bundle of reference vectors is made of.
struct Bundle {
  Config config;
  std::string profile, version;
  std::shared_ptr<const fixedpoint::Program> program;
  sim::CoreParameters parameters;
  sim::BusScript script;
  fixedpoint::CornerProof unreachable;  ///< of profile corners
};

/// Writes a self-contained bundle: the core's sources, bus scripts and memory images for $readmemh, a
/// testbench in plain Verilog, a Makefile for Verilator, README and manifest.json with the
/// SHA-256 of each.
void write_bundle(const Bundle&, const sim::CoreSources&, OutputFolder&);

/// SHA-256 of a text in hexadecimal.
std::string sha256(const std::string& text);

}  // namespace apical::tools
