// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>

#include "tools/config/config.hpp"

namespace apical::tools {

/// Throws std::invalid_argument "KEY: ...; accepted: ..." for imperfections of what can't have them.
void check_imperfections(const Config&);

/// The chip of [imperfections], seeded by its seed or run.seed; null for a perfect one. Equal configurations
/// give equal chips.
std::shared_ptr<model::Imperfections> drawn_chip(const Config&);

/// Throws std::invalid_argument "imperfections.KEY: ..." for a configuration with imperfections where `what`
/// has none.
void refuse_imperfections(const Config&, const std::string& what);

}  // namespace apical::tools
