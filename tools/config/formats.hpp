// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <toml++/toml.h>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tools/config/config.hpp"

namespace apical::tools {

/// Applies a node under [formats]: "formats", "formats.<signal>", "formats.<signal>.<key>",
/// "formats.<signal>.layerK" or "formats.<signal>.layerK.<key>". A layer inherits what it doesn't say.
void apply_format(Config&, const std::string& name, const toml::node&, const std::string& where);

/// A format of up to 62 bits from an inline table such as { bits = 8, frac = 4 }, on top of `base`.
fixedpoint::Format parse_format(const toml::table&, fixedpoint::Format base, const std::string& where,
                                const std::string& name);
/// The same from its text, on top of a default format. Throws InputError naming `where`, SettingsError.
fixedpoint::Format parse_format(const std::string& text, const std::string& where);

/// The format of a signal, and those of its layers.
std::vector<fixedpoint::Format*> formats_of(Config&, const std::string& signal);

/// { "bits": ..., "frac": ... } with the keys of a configuration.
nlohmann::ordered_json in_json(const fixedpoint::Format&);

/// A format as an inline table of TOML, in full.
std::string format_text(const fixedpoint::Format&);

/// "formats.<signal>[.layerK] = { ... }" per format.
std::vector<std::string> format_lines(const fixedpoint::FormatTable&);

/// The same as tables of a configuration file: what differs from the defaults, layers behind their signal.
/// parse_config(format_tables(t)) has the formats of `t` again.
std::string format_tables(const fixedpoint::FormatTable&);

/// The part of tools/CONFIGURATION.md about formats.
std::string format_document();

}  // namespace apical::tools
