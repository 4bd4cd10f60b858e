// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <toml++/toml.h>
#include <filesystem>
#include <string>

#include "tools/config/config.hpp"

namespace apical::tools {

/// Samples of an activation from a CSV file: a header `u,phi` or `u,phi,dphi`, then a row for each voltage,
/// ascending; lines that start with # are comments. Numbers are read as the nearest doubles. Without dphi the
/// slopes are those of a monotone cubic (64). Throws InputError "PATH:LINE: ...; accepted: ..." for rows that
/// are no such thing, "PATH: ...; accepted: ..." for a file that can't be one. `name` is what the
/// configuration calls it.
SharedSamples read_activation(const std::filesystem::path&, const std::string& name);

/// 128-bit hash of the samples' numbers, 32 hexadecimal digits.
std::string hash_of(const ActivationSamples&);

/// Applies "network.activation" = { table = "FILE", hash = "..." } or "network.activation.table" = "FILE". A
/// hash is one that canonical() has written: other samples than those are refused.
void apply_activation_table(Config&, const std::string& name, const toml::node&, const std::string& where);

/// { table = "FILE", hash = "..." }
std::string activation_table_text(const ActivationSamples&);

/// The samples as a file with slopes, which reads as the same numbers.
std::string activation_csv(const ActivationSamples&);

/// The same activation by the whole path of its file.
model::Activation with_whole_path(const Config&);

}  // namespace apical::tools
