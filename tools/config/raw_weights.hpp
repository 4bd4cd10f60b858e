// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>
#include <vector>

#include "fixedpoint/program/program.hpp"
#include "model/named_matrix.hpp"

namespace apical::tools {

/// Initial weights as the machine loads them, raw, row by row, of every projection that holds its own; the
/// last column is the bias where there is one. A raw value is worth raw / 2^frac, and where the machine holds
/// the negative of the theory's matrix, minus that.

/// For $readmemh: a word a line, after a comment with shape, width and binary point. weights_NAME.memh by
/// name.
std::string weight_memh(const fixedpoint::Projection&);
std::map<std::string, std::string> weight_memories(const fixedpoint::Program&);
/// Rows "projection,row,column,raw,value", the value being the theory's.
std::string raw_weights_csv(const fixedpoint::Program&);
/// A .npz of '<i8' arrays [rows x columns].
std::string raw_weights_npz(const fixedpoint::Program&);

/// Rows "projection,row,column,value" of real weights.
std::string weights_csv(const std::vector<model::NamedMatrix>&);

}  // namespace apical::tools
