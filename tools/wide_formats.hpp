#pragma once
#include <string>
#include <vector>

#include "tools/profile.hpp"

namespace apical::tools {

/// More integer bits than configured in wide formats.
inline constexpr int more_integer_bits = 2;

/// Segments of activation tables over wide formats: 2^n. Such that they are as long as the configured ones,
/// or, for the reference, 16 times shorter, and their chords 256 times closer, as far as tables.index_bits
/// goes.
int wide_index_bits(const Config&);
int reference_index_bits(const Config&);

/// All signals, from the input to the weights.
const std::vector<std::string>& signal_order();

/// The formats of a program, per signal and layer, with the binary points that the compiler placed.
fixedpoint::FormatTable resolved_formats(const fixedpoint::Program&);

/// Every signal as wide as the compiler's proofs allow, all with the same number of bits, nearest rounding,
/// and two more integer bits than configured. Throws std::invalid_argument where no width is proven.
fixedpoint::FormatTable widest_formats(const Config&, const std::vector<model::WeightMatrix>&,
                                       const fixedpoint::Program& configured);

/// Formats that follow from ranges and noise: integer bits from the largest magnitude with headroom; fraction
/// bits so that noise, which halves with each of them, reaches its share of what all signals together may
/// have. One format per signal, for all layers.
fixedpoint::FormatTable propose(const Config&, const Profile&, const ProfileOptions&);

}  // namespace apical::tools
