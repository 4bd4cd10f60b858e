// SPDX-License-Identifier: Apache-2.0
// A configuration as the models and the compiler take it.
#include <fmt/format.h>

#include <stdexcept>

#include "model/settings/settings_error.hpp"
#include "tools/config/config.hpp"

namespace apical::tools {

fixedpoint::NetworkDescription describe(const Config& config,
                                        const std::vector<model::WeightMatrix>& weights) {
  const model::GoldenSettings s = drawn_settings(config);
  if (config.circuit == Circuit::microcircuit && config.microcircuit.feedback == model::Feedback::tied)
    throw SettingsError("network.feedback", "\"tied\" on an integer machine, which has no copies of weights",
                        "fixed, learned");
  if (s.flow == model::Flow::lagrangian && s.scheme != model::Scheme::integrated)
    throw SettingsError("dynamics.scheme", fmt::format("\"{}\" on the emulator", name_of(s.scheme)),
                        "integrated");
  if (s.voltage_frac >= 0)
    throw SettingsError("dynamics.voltage_frac",
                        fmt::format("{} on an integer machine, which has formats.u", s.voltage_frac), "-1");
  if (s.trace != model::Trace::none)
    throw SettingsError("learning.trace",
                        fmt::format("\"{}\" on an integer machine, whose program has no memory of past rates",
                                    name_of(s.trace)),
                        "none");
  fixedpoint::NetworkDescription net;
  net.layers = s.layers;
  net.activation = s.activation.samples() != nullptr ? fixedpoint::AnyFunction(s.activation.samples())
                                                     : fixedpoint::parse_function(name_of(s.activation));
  net.bias = s.bias;
  net.tau = s.tau;
  net.dt = s.dt;
  net.rho = s.flow == model::Flow::gradient     ? std::vector<double>{0.0}
            : s.flow == model::Flow::lagrangian ? std::vector<double>{1.0}
                                                : s.rho;
  net.alpha = s.alpha;
  net.gamma = static_cast<int>(s.gamma);
  net.advanced_response = s.response == model::Response::advanced;
  net.parallel_order = s.order == model::Order::parallel;
  net.mismatch = s.flow == model::Flow::lagrangian;
  net.theta_rate = config.theta_rate;
  net.theta_error = config.theta_error;
  net.beta = s.beta;
  net.eta = s.eta;
  net.learning = s.learning;
  net.connections = model::resolved(s.connections, static_cast<int>(s.layers.size()));
  net.fixed_feedback = s.fixed_feedback;
  net.accumulator_bits = config.accumulator_bits;
  net.microcircuit = config.circuit == Circuit::microcircuit;
  net.feedback_learns = net.microcircuit && config.microcircuit.feedback == model::Feedback::learned;
  net.weight_decay = config.microcircuit.decay;
  net.lambda = config.microcircuit.lambda;
  net.eta_pi = config.microcircuit.eta_pi;
  net.eta_ip = config.microcircuit.eta_ip;
  net.formats = config.formats;
  net.table_index_bits = config.table_index_bits;
  net.table_full_bits = config.table_full_bits;
  net.seed = static_cast<std::uint32_t>(own_seed(config, config.seed_rounding));
  for (const model::WeightMatrix& w : weights) net.weights.emplace_back(w.data(), w.data() + w.size());
  return net;
}

}  // namespace apical::tools
