#pragma once
#include <string>
#include <variant>
#include <vector>

#include "tools/config.hpp"

namespace apical::tools {

/// Where a key's value lives. Vectors of doubles accept a single number as well.
using Slot = std::variant<int*, std::uint64_t*, double*, bool*, std::string*, std::vector<int>*,
                          std::vector<double>*, model::Connections*>;

/// One key of the configuration: all that reading, checking, printing and documenting it needs.
struct Key {
  const char* name;  ///< "section.key"
  Slot (*slot)(Config&);
  double low, high;                  ///< of numbers, and of the elements of arrays
  std::vector<const char*> choices;  ///< of strings; empty = any
  const char* unit;
  const char* text;  ///< one line for the document
};

const std::vector<Key>& keys();
std::vector<Key> imperfection_keys();  ///< those of [imperfections], which keys() has, too

/// The value of a key as in TOML; a list of one value without brackets.
std::string printed(const Key&, Config&);

/// Lists that start with one value accept a single number: one for all layers.
bool accepts_single(const Key&);

}  // namespace apical::tools
