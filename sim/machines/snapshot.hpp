// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "fixedpoint/emulator/emulator.hpp"

namespace apical::sim {

/// All architectural state between two ticks, as bytes. They are 64-bit little-endian words, signed but for
/// texts:
///
///   0       "apicalST"
///   1       version of this layout, 1
///   2       number of words in all
///   3..6    digest of the program, 32 hexadecimal digits
///   7       ticks that have ended
///   8       register of beta
///   9       number of projections, then a register of eta each
///   then    number of populations; of each: units, then [units] of basal, apical, u, membrane, rate, slope,
///           nudge, error, mismatch, target, first_mismatch, sent_rate, sent_error
///   then    number of matrices; of each: rows, columns, then [rows × columns] weights, or the accumulators
///           that they follow, where there are some
///   last 4  checksum of all words before, 32 hexadecimal digits
///
/// Both digests are StateDigests (XXH3, 128 bits).
inline constexpr std::int64_t snapshot_version = 1;

/// Of all that decides what ticks make of a state: formats, shapes, constants, tables, operations, seed. Not
/// of initial weights, which a snapshot brings, nor of names.
std::string program_digest(const fixedpoint::Program&);

/// Weights of a projection.
inline std::size_t size_of(const fixedpoint::Projection& p) {
  return static_cast<std::size_t>(p.rows) * static_cast<std::size_t>(p.columns);
}

std::size_t snapshot_bytes(const fixedpoint::Program&);
std::vector<std::int64_t> snapshot(const fixedpoint::Emulator&);
/// Replaces the whole state. Throws std::invalid_argument, and changes nothing, for bytes that are no
/// snapshot of this program, that were changed, or that hold a value outside of its format.
void restore(fixedpoint::Emulator&, const void* bytes, std::size_t size);

}  // namespace apical::sim
