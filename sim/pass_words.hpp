#pragma once
#include <array>
#include <cstdint>

#include "fixedpoint/program.hpp"
#include "sim/image.hpp"

namespace apical::sim {

/// The descriptor of one pass of the neuron unit.
struct PassWords {
  std::array<std::uint32_t, 4> word{};
  bool random = false;  ///< the result depends on the tick through random bits
};

/// Where the memories have what passes of one population read beside its own units.
struct PassPlaces {
  std::uint32_t rate_table = 0, slope_table = 0;  ///< first entries
  std::uint32_t units = 0, relayed = 0;  ///< unit 0 of the population, of the one that it copies from
};

/// Fills `words` for a slot of a population; false if the population never runs it.
bool pass_words(const fixedpoint::Program&, int population, int slot, const PassPlaces&, PassWords& words);

/// Register LINK of a projection: its populations, and whether it is the first into its sums.
std::uint32_t link_word(const fixedpoint::Program&, int projection);

/// The descriptor of a projection: the pass that computes its steps, the matrix, the learning rate.
std::array<std::uint32_t, 11> matrix_words(const fixedpoint::Program&, int projection, int lanes,
                                           const CoreImage&);

std::uint32_t update_word(int population, std::uint32_t slots);
std::uint32_t operation_word(const fixedpoint::Program&, const fixedpoint::Operation&);

}  // namespace apical::sim
