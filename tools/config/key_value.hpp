// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace apical::tools {

/// "section.key=value" as set_key() takes it, and where it was written ("FILE:LINE").
struct KeyValue {
  std::string text, where;
};

}  // namespace apical::tools
