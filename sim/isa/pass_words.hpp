// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "fixedpoint/program/program.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/isa/image.hpp"

namespace apical::sim {

/// The descriptor of one pass of the neuron unit.
struct PassWords {
  isa::Pass pass;
  int shift = 0;  ///< that of `pass`, but for the ends of its field
};

/// Where the memories have what passes of one population read beside its own units.
struct PassPlaces {
  std::uint32_t rate_table = 0, slope_table = 0;  ///< first entries
  std::uint32_t units = 0, relayed = 0;  ///< unit 0 of the population, of the one that it copies from
};

/// Fills `words` for a slot of a population; false if the population never runs it.
bool pass_words(const fixedpoint::Program&, int population, int slot, const PassPlaces&, PassWords& words);

/// Whether a population of the program has a use for a signal, and a core a width for it.
bool carries(const fixedpoint::Program&, int population, fixedpoint::Signal);

/// Whether a program that has this pass ever runs it: some belong to the mismatch alone.
bool runs(const fixedpoint::Program&, int population, int slot);

/// Register LINK of a projection: its populations, and whether it is the first into its sums.
std::uint32_t link_word(const fixedpoint::Program&, int projection);

/// The descriptor of a projection: the pass that computes its steps, the matrix, the learning rate.
isa::Projection projection_words(const fixedpoint::Program&, int projection, int lanes, const CoreImage&);

/// An operation as the core counts them: those of the start, then a tick, which begins with the decay of the
/// mismatch.
struct Listed {
  fixedpoint::Operation operation;
  bool decay = false;       ///< of `operation` only the population counts
  std::uint32_t slots = 0;  ///< passes of an UPDATE
};
struct Listing {
  std::vector<Listed> operations;
  std::size_t start = 0;  ///< number of the first one of a tick
};
Listing listing(const fixedpoint::Program&);

std::uint32_t update_word(int population, std::uint32_t slots);
std::uint32_t operation_word(const fixedpoint::Program&, const fixedpoint::Operation&);

/// The slots of an UPDATE.
std::uint32_t slots_of(const fixedpoint::Program&, const fixedpoint::Operation&);

}  // namespace apical::sim
