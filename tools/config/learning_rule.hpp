// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "tools/config/config.hpp"

namespace apical::tools {

/// Throws SettingsError for what a control of learning.rule or learning.accumulator_bits can't stand beside.
void check_rule(const Config&);

/// [network], [dynamics] and [learning] with what learning.rule makes of them (model/README.md, "Controls").
model::GoldenSettings with_rule(const Config&);

}  // namespace apical::tools
