// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "model/named_matrix.hpp"
#include "tools/config/config.hpp"

namespace apical::tools {

/// How a NIR graph is read.
struct NirReading {
  double dt = 0.0;         ///< ms per tick; 0: that of the configuration in its metadata, else 1
  std::string time_unit;   ///< what tau counts in, "ms" or "s"; empty: that of its metadata, else ms
  std::string activation;  ///< of the hidden layers; empty: linear, as NIR has them, or its configuration's
};

/// A configuration and its weights in the order of weight_names().
struct NirNetwork {
  Config config;
  std::vector<model::NamedMatrix> weights;
};

/// Reads a NIR graph (tools/README.md, "NIR"). The configuration in its metadata is taken where it has these
/// layers and connections. Throws InputError that names file, nodes, types and reasons, all of them.
NirNetwork load_nir(const std::filesystem::path&, const NirReading&);

/// The weights alone, for a configuration that says the rest: biases are columns of 0 where the graph has
/// none.
std::vector<model::NamedMatrix> nir_weights(const std::filesystem::path&, const Config&);

/// Throws InputError for all keys that NIR can't express.
void check_nir(const Config&, bool activation_in_metadata);

/// Writes a network as a NIR graph, whole or not at all; formats and the configuration go into its metadata.
/// NIR has no activations: with `activation_in_metadata` those of hidden layers are metadata, and others see
/// them as linear. Throws as check_nir() does.
void save_nir(const std::filesystem::path&, const Config&, const std::vector<model::NamedMatrix>& weights,
              const std::string& time_unit, bool activation_in_metadata);

/// What a graph says of a configuration, a value per neuron where they may differ.
struct NirStructure {
  std::vector<int> layers;
  model::Connections pairs;  ///< listed
  bool bias = true;
  std::vector<double> rho, alpha;  ///< of layers 1..N
};
NirStructure nir_structure(const Config&);
/// Milliseconds of a time unit. Throws InputError.
double nir_time_unit(const std::string&);

}  // namespace apical::tools
