// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/named_matrix.hpp"

namespace apical::tools {

/// A node of a NIR graph: an Input, an Output, a matrix (Linear, Affine) or a leaky integrator (LI).
struct NirNode {
  std::string type;
  std::map<std::string, model::Array> data;  ///< of nir_arrays(type)
  int layer = -1;                            ///< its metadata's number; -1: none
};

/// A graph in which nodes that mean the same as others are gone: Flatten of one dimension, graphs inside a
/// graph, Scale (in the matrix behind it, else in the one before), CubaLI (an LI, after one of its synapse
/// where that has a time constant).
struct NirGraph {
  std::string file;
  std::map<std::string, NirNode> nodes;
  std::vector<std::pair<std::string, std::string>> edges;
  std::string configuration, time_unit;  ///< metadata; empty: none
  std::vector<std::string> synapses;     ///< CubaLI that became two layers, which have to be linear

  std::vector<std::string> before(const std::string& node) const;
  std::vector<std::string> behind(const std::string& node) const;
  bool is_matrix(const std::string& node) const;
};

/// "node "NAME" (TYPE): WHY; accepted: WHAT".
std::string nir_finding(const std::string& node, const std::string& type, const std::string& why,
                        const std::string& accepted);
/// Throws InputError "FILE: ..." with all of them, if there are any.
void refuse_nir(const std::string& file, const std::vector<std::string>& findings);

inline const std::string nir_configuration = "apical_configuration";  ///< key of the metadata
/// The layout of NIR that is read and written: /version, /node with type, nodes/NAME/.., edges, metadata.
inline const std::string nir_version = "1.0";
/// Throws InputError that names everything which doesn't map.
NirGraph read_nir(const std::filesystem::path&);

}  // namespace apical::tools
