// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fixedpoint/program/program.hpp"
#include "hw/isa.hpp"

namespace apical::sim {

/// The elaboration parameters of hw/rtl/apical_core.sv, by the same names.
struct CoreParameters {
  int lanes = 4;
  int sw = 1, ww = 1, aw = 1, dw = 1, ew = 18, lw = 1;
  int units = 1, depth = 1, pops = 2, projs = 1, ops = 2, table = 2, base = 1, delta = 1, decay = 2;
  int advanced = 0, mismatch = 0, relays = 0, weight_decay = 0, random = 0, left = 0, levels = 1, align = 1;
  int alpha_frac = fixedpoint::least_alpha_frac;  ///< exact; one with ADVANCED reads it in descriptors
  int fixed = 0;  ///< 1: it runs only programs whose formats are all signed and SAT, of sw and ww bits

  /// "-GLANES=4", "-GSW=16", ..., for Verilator; other tools take the same names.
  std::vector<std::string> arguments() const;
};

/// From names as in arguments() without "-G"; throws std::invalid_argument for one that isn't there.
CoreParameters parameters_from(const std::map<std::string, int>&);

/// A core of a file of lines "NAME PARAMETER=VALUE..", as hw/cores is; throws std::invalid_argument if it has
/// none of this name.
CoreParameters named_core(const std::string& file, const std::string& name);

/// The narrowest core that runs the program with this many lanes (a power of two, 1..64). Throws
/// std::invalid_argument for one that no core runs (check_core_limits()).
CoreParameters required_parameters(const fixedpoint::Program&, int lanes);

/// Widens what a pass needs of the quantisers and of the alignments of a core whose signals have c.sw bits:
/// LEFT, LEVELS, ALIGN, RANDOM; FIXED becomes 0 where its format is another one.
void widen_for_pass(CoreParameters& c, const apical::isa::Pass&);

/// Every parameter the larger of the two, ADVANCED where their ALPHA_FRAC differ; lanes must be the same.
CoreParameters join(const CoreParameters&, const CoreParameters&);

/// What register PARAMETERS of such a core reads.
std::uint32_t parameters_register(const CoreParameters&);

/// One write to a memory through the window. `select` is one of isa::memory or isa::window.
struct CoreWrite {
  int select;
  std::uint32_t address;
  std::int64_t value;
};

/// What the host writes before the first tick: the memories, then the registers.
struct CoreImage {
  std::vector<CoreWrite> memory;
  std::vector<std::pair<int, std::uint32_t>> registers;  ///< offset, value
  std::vector<std::uint32_t> first_unit;                 ///< address of unit 0 of every population
  std::vector<std::uint32_t> first_block;                ///< first weight address of every projection
  std::vector<std::uint32_t> eta_word;                   ///< descriptor address of every learning rate
};

/// Turns a program into memory and register contents. Throws std::invalid_argument naming the parameter that
/// is too small for it.
CoreImage assemble(const fixedpoint::Program&, const CoreParameters&);

/// Address of weight (row, column) of a projection in the window on the weights.
std::uint32_t weight_address(const CoreImage&, const fixedpoint::Program&, int lanes, int projection, int row,
                             int column);

/// The register that LEARN of `projection` multiplies errors with when rates are scaled by `factor`.
std::uint32_t eta_register(const fixedpoint::Program&, int projection, double factor);

}  // namespace apical::sim
