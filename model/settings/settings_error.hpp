// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdexcept>
#include <string>
#include <utility>

namespace apical {

/// A setting that is refused: which one, what is wrong with it, and what would be accepted. what() says
/// "FIELD: FOUND; accepted: ACCEPTED".
class SettingsError : public std::invalid_argument {
 public:
  /// `field`: its key, "dynamics.beta"; `layer`: 1..N where it is that of one layer, 0 where of all.
  SettingsError(std::string field, const std::string& found, std::string accepted, int layer = 0)
      : SettingsError("accepted", std::move(field), found, std::move(accepted), layer) {}

  const std::string& field() const { return field_; }
  const std::string& accepted() const { return accepted_; }
  int layer() const { return layer_; }

 protected:
  SettingsError(const char* by, std::string field, const std::string& found, std::string accepted, int layer)
      : std::invalid_argument(named(field, layer) + ": " + (found.empty() ? "" : found + "; ") + by + ": " +
                              accepted),
        field_(std::move(field)),
        accepted_(std::move(accepted)),
        layer_(layer) {}

 private:
  // "formats.u (layer 2).bits"
  static std::string named(const std::string& field, int layer) {
    if (layer == 0) return field;
    const std::size_t dot = field.rfind('.');
    return field.substr(0, dot) + " (layer " + std::to_string(layer) + ")" + field.substr(dot);
  }

  std::string field_, accepted_;
  int layer_;
};

/// A setting that machines in software run and cores don't: "...; accepted by cores: ACCEPTED".
class CoreLimitError : public SettingsError {
 public:
  CoreLimitError(std::string field, const std::string& found, std::string accepted, int layer = 0)
      : SettingsError("accepted by cores", std::move(field), found, std::move(accepted), layer) {}
};

}  // namespace apical
