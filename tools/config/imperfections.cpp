#include "tools/config/imperfections.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "tools/config/config_keys.hpp"

namespace apical::tools {
namespace {

// The first key that makes the chip imperfect, as "KEY: VALUE".
std::string first_imperfection(const Config& config) {
  for (const Key& key : imperfection_keys()) {
    Config alone, copy = config;
    const std::string value = printed(key, copy);
    set_key(alone, fmt::format("{}={}", key.name, value));
    if (alone.imperfections.any()) return fmt::format("{}: {}", key.name, value);
  }
  return "";
}

}  // namespace

void check_imperfections(const Config& config) {
  const model::ImperfectionSettings& s = config.imperfections;
  if (!s.any()) return;
  const auto refuse = [](const std::string& what, const char* accepted) {
    throw std::invalid_argument(fmt::format("{}; accepted: {}", what, accepted));
  };
  if (config.circuit != Circuit::plain)
    refuse(fmt::format("{} with network.circuit \"{}\"", first_imperfection(config), name_of(config.circuit)),
           "0, or circuit = \"plain\"");
  if (config.network.flow == model::Flow::lagrangian)
    refuse(fmt::format("{} with dynamics.flow \"lagrangian\"", first_imperfection(config)),
           "0, or flow = \"latent-equilibrium\", \"gradient\"");
  if (config.network.response == model::Response::advanced && s.fires())
    refuse(fmt::format("{} with dynamics.response \"advanced\"", first_imperfection(config)),
           "0, or response = \"prospective\"");
  if (s.when == model::When::after_training && (s.updates() || s.weight_leak > 0.0))
    refuse("imperfections.when: \"after-training\" with update_* or weight_leak, which act on learning",
           "always");
  if (s.when == model::When::after_training && config.test_learning)
    refuse("imperfections.when: \"after-training\" with run.test_learning, whose tests learn on", "always");
  if (s.update_limit > 0.0 && s.update_limit < s.update_step)
    refuse(fmt::format("imperfections.update_limit: {}", s.update_limit), "0, or update_step and more");
  if (!config.compare_thetas.empty())
    refuse(fmt::format("{} with events.compare", first_imperfection(config)), "0, or compare = []");
}

std::shared_ptr<model::Imperfections> drawn_chip(const Config& config) {
  model::ImperfectionSettings s = config.imperfections;
  if (!s.any()) return nullptr;
  if (s.seed == 0) s.seed = config.seed;
  const auto& net = config.network;
  // The advanced response leaves the activation's range.
  const bool signed_rates =
      model::range_of(config.network.activation).lowest < 0.0 || net.response == model::Response::advanced;
  return std::make_shared<model::Imperfections>(s, net.layers, net.bias, net.connections, net.dt,
                                                signed_rates);
}

void refuse_imperfections(const Config& config, const std::string& what) {
  if (config.imperfections.any())
    throw std::invalid_argument(fmt::format("{} on {}; accepted: 0 (golden and emulator have imperfections)",
                                            first_imperfection(config), what));
}

}  // namespace apical::tools
