#include "model/activation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace apical::model {
namespace {

constexpr std::array<const char*, 6> names = {"logistic", "tanh", "hard_sigmoid",
                                              "softplus", "relu", "linear"};

}  // namespace

const char* name_of(Activation f) {
  return names[static_cast<std::size_t>(f)];
}

Activation parse_activation(std::string_view text) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end())
    throw std::invalid_argument(fmt::format("activation \"{}\"; accepted: {}", text, fmt::join(names, ", ")));
  return static_cast<Activation>(found - names.begin());
}

}  // namespace apical::model
