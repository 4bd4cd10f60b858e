// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace apical::model {

/// Which layers feed which: (source, target) pairs. Empty: a chain, layer k − 1 feeds layer k. A target that
/// isn't above its source makes the connection recurrent.
using Connections = std::vector<std::pair<int, int>>;

/// The connections by target, then source; empty for what is a chain. `layers` counts the input. Throws
/// std::invalid_argument "network.connections: ...; accepted: ..." where a layer above 0 has no input, one
/// below the output doesn't lead to it, a pair is doubled or unknown, or one enters layer 0 or leaves the
/// output.
Connections resolved(Connections, int layers);

/// All of them, a chain's written out: one pair per weight matrix, in the matrices' order. This and the
/// following throw as resolved() does.
Connections listed(const Connections&, int layers);

/// Whether units have a bias, as a weight from a constant 1.
enum class Bias { without, with };
constexpr Bias bias_if(bool biased) {
  return biased ? Bias::with : Bias::without;
}

/// Rows and columns of every weight matrix: units of the target and of the source, plus a column for the bias
/// at the first matrix of each target.
std::vector<std::pair<int, int>> weight_shapes(const std::vector<int>& layers, Bias, const Connections&);

/// Names of the weight matrices: W<target> in a chain, W<target>_<source> in a graph.
std::vector<std::string> weight_names(const Connections&, int layers);

}  // namespace apical::model
