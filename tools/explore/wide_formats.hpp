// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fixedpoint/program/program.hpp"
#include "sim/machines/machine.hpp"
#include "tools/explore/profile.hpp"

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

/// A signal of a layer, as [formats] names them; ("input", 0).
using SignalKey = std::pair<std::string, int>;

/// The signal and layer of [formats] that a population's statistics are about: those of a microcircuit's
/// compartments have formats of the layers around them. ("", 0) for a dendrite's error where B learns, whose
/// values are of two formats.
SignalKey key_of(const fixedpoint::Program&, const sim::SignalStatistics&);
/// The layer whose `weight` and `step` a projection has.
int weight_layer(const fixedpoint::Program&, const fixedpoint::Projection&);

/// Layers whose rates (0: the input) meet in one sum of FORWARD, or whose errors meet in one of BACKWARD, in
/// groups of two or more: there the fraction bits of rates, or of weight and error together, are equal.
std::vector<std::vector<int>> meeting(const fixedpoint::Program&, fixedpoint::OpCode direction);
/// Takes fraction bits away, and leaves the width, until they are; of weight and error from the one that
/// isn't `kept`.
void let_meet(fixedpoint::FormatTable&, const fixedpoint::Program&, const std::string& kept);

/// Whether the format has the values low..high without clipping.
bool holds(const fixedpoint::Format&, double low, double high);
/// The format with as many more integer bits, and the sign, as it takes to hold low..high; of more than 32
/// bits fraction bits give way.
fixedpoint::Format holding(fixedpoint::Format, double low, double high);

/// Every signal as wide as the compiler's proofs allow, all with the same number of bits, signed, nearest
/// rounding, and two more integer bits than configured, or so many more still. Throws std::invalid_argument
/// where no width is proven.
fixedpoint::FormatTable widest_formats(const Config&, const std::vector<model::WeightMatrix>&,
                                       const fixedpoint::Program& configured,
                                       const std::map<SignalKey, int>& more = {});

/// What the noise of one measurement may be, as a share of what all together may have: they add up as
/// squares.
double share_of_each(const Profile&);
/// The law by which noise halves with a fraction bit ends where an LSB is as large as the signal.
int coarsest_frac(const SignalProfile&);

/// Integer bits, the sign among them, that values low..high need with that headroom.
int whole_bits(double low, double high, double headroom, bool is_signed);

/// Formats that follow from ranges and noise: integer bits from the range with headroom; fraction bits so
/// that noise, which halves with each of them, reaches its share of what all signals together may have, as
/// far as 32 bits leave room. One format per signal, for all layers.
fixedpoint::FormatTable propose(const Config&, const Profile&, const ProfileOptions&);

}  // namespace apical::tools
