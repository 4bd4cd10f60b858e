// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>
#include <vector>

#include "tools/config/nir_graph.hpp"

namespace apical::tools {

/// A layer of a NIR graph. Its drive is the sum of matrices[source] times what layer `source` sends, and
/// bias.
struct NirLayer {
  std::string node;  ///< the LI, or a matrix of a layer without one; of the first: the Input
  int units = 0;
  std::vector<double> tau{};   ///< per unit, as the file counts; empty: it follows its input at once
  std::vector<double> bias{};  ///< per unit; empty: none
  std::map<int, model::RowMatrix> matrices{};  ///< by the number of the layer that they hear
};

/// The layers, input first, output last. Throws InputError that names the nodes where the graph has none.
std::vector<NirLayer> nir_layers(const NirGraph&);

}  // namespace apical::tools
