// SPDX-License-Identifier: Apache-2.0
#include "tools/config/imperfections.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "model/settings/settings_error.hpp"
#include "tools/config/config_keys.hpp"

namespace apical::tools {
namespace {

// Refuses the first key that makes the chip imperfect, for what it stands beside.
[[noreturn]] void refuse_first(const Config& config, const std::string& beside, const char* accepted) {
  for (const Key& key : imperfection_keys()) {
    Config alone, copy = config;
    const std::string value = printed(key, copy);
    set_key(alone, fmt::format("{}={}", key.name, value));
    if (alone.imperfections.any())
      throw SettingsError(key.name, fmt::format("{} {}", value, beside), accepted);
  }
  throw std::logic_error("an imperfection without a key");
}

}  // namespace

void check_imperfections(const Config& config) {
  const model::ImperfectionSettings& s = config.imperfections;
  if (!s.any()) return;
  if (config.circuit != Circuit::plain)
    refuse_first(config, fmt::format("with network.circuit \"{}\"", name_of(config.circuit)),
                 "0, or circuit = \"plain\"");
  if (config.network.flow == model::Flow::lagrangian)
    refuse_first(config, "with dynamics.flow \"lagrangian\"",
                 "0, or flow = \"latent-equilibrium\", \"gradient\"");
  if (config.network.response == model::Response::advanced && s.fires())
    refuse_first(config, "with dynamics.response \"advanced\"", "0, or response = \"prospective\"");
  if (s.when == model::When::after_training && (s.updates() || s.weight_leak > 0.0))
    throw SettingsError("imperfections.when",
                        "\"after-training\" with update_* or weight_leak, which act on learning", "always");
  if (s.when == model::When::after_training && config.test_learning)
    throw SettingsError("imperfections.when",
                        "\"after-training\" with run.test_learning, whose tests learn on", "always");
  if (s.update_limit > 0.0 && s.update_limit < s.update_step)
    throw SettingsError("imperfections.update_limit", fmt::format("{}", s.update_limit),
                        "0, or update_step and more");
  if (!config.compare_thetas.empty()) refuse_first(config, "with events.compare", "0, or compare = []");
}

std::shared_ptr<model::Imperfections> drawn_chip(const Config& config) {
  model::ImperfectionSettings s = config.imperfections;
  if (!s.any()) return nullptr;
  s.seed = own_seed(config, s.seed);
  const auto& net = config.network;
  // The advanced response leaves the activation's range.
  const bool below_0 =
      model::range_of(config.network.activation).lowest < 0.0 || net.response == model::Response::advanced;
  return std::make_shared<model::Imperfections>(
      s, net.layers, model::bias_if(net.bias), net.connections, net.dt,
      below_0 ? model::Polarity::bipolar : model::Polarity::unipolar);
}

void refuse_imperfections(const Config& config, const std::string& what) {
  if (config.imperfections.any())
    refuse_first(config, "on " + what, "0 (golden and emulator have imperfections)");
}

}  // namespace apical::tools
