// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "tools/config/nir_graph.hpp"

namespace apical::tools {

/// Type of a node that hands on what it hears: the ends of a graph inside a graph.
inline const std::string nir_passage = "(passage)";

/// Takes nodes out of the graph that others say as well (NirGraph); what can't be said otherwise is added to
/// `wrong`.
void fold_nir(NirGraph&, std::vector<std::string>& wrong);

}  // namespace apical::tools
