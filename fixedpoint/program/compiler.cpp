// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/program/compiler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "fixedpoint/numeric/decay_table.hpp"
#include "fixedpoint/program/constants.hpp"
#include "fixedpoint/program/proofs.hpp"
#include "fixedpoint/program/require.hpp"
#include "fixedpoint/program/schedule.hpp"

namespace apical::fixedpoint {
namespace {

// Of one value for all or one each.
template <class T>
T one_of(const std::vector<T>& values, int index) {
  return values[values.size() == 1 ? 0 : static_cast<std::size_t>(index)];
}

Format format_of(const NetworkDescription& net, const char* signal, int layer) {
  const Format f = net.formats.at(signal, layer);
  check(f, 32, fmt::format("formats.{}", signal), layer);
  return f;
}

Population make_layer(const NetworkDescription& net, int layer) {
  Population p;
  p.name = layer == 0 ? "input" : fmt::format("layer{}", layer);
  p.units = net.layers[static_cast<std::size_t>(layer)];
  p.theta_rate = one_of(net.theta_rate, layer);
  if (layer > 0) p.theta_error = one_of(net.theta_error, layer - 1);
  if (layer == 0) {
    p[Signal::rate] = format_of(net, "input", 0);
    return p;
  }
  for (std::size_t i = 0; i < neuron_signals; ++i)
    p.formats[i] = format_of(net, name_of(static_cast<Signal>(i)), layer);
  int first = 0;
  for (int k = 1; k < layer; ++k) first += net.layers[static_cast<std::size_t>(k)];
  for (int unit = first; unit < first + p.units; ++unit)
    p.rho.push_back(to_register(asked_rho(net, unit), rho_frac, constant_bits));
  return p;
}

// Without learning there is nothing that moves, or would need to know.
bool learns_feedback(const NetworkDescription& net) {
  return net.microcircuit && net.feedback_learns && net.learning;
}

// The compartments around the somata of hidden layer k. Voltages are sent in the format of u, as rates are in
// theirs; what is about layer k + 1 has that layer's formats, so that a perfect prediction is exact.
void add_compartments(const NetworkDescription& net, Program& program, int k) {
  const auto make = [&](Compartment compartment, const char* name, int layer, int relayed) {
    Population p = make_layer(net, layer);
    p.name = fmt::format("{}{}", name, k);
    p.compartment = compartment;
    p.relayed = relayed;
    p.theta_error = 0;
    p.rho.assign(p.rho.size(), to_register(1.0 - net.lambda, rho_frac, constant_bits));
    p.alpha.assign(p.rho.size(), 0);
    return p;
  };
  Population interneuron = make(Compartment::interneuron, "interneuron", k + 1, k + 1);
  interneuron[Signal::membrane] = interneuron[Signal::rate] = interneuron[Signal::u];
  Population dendrite = make(Compartment::dendrite, "dendrite", k, -1);
  dendrite[Signal::basal] = dendrite[Signal::error] = dendrite[Signal::apical];
  Population relay = make(Compartment::relay, "relay", k + 1, k + 1);
  relay[Signal::rate] = relay[Signal::u];
  program.populations[static_cast<std::size_t>(k)].relayed = static_cast<int>(program.populations.size()) + 1;
  if (learns_feedback(net)) dendrite.relayed = k;
  for (Population* p : {&interneuron, &dendrite, &relay}) program.populations.push_back(std::move(*p));
  if (!learns_feedback(net)) return;
  Population errors = make(Compartment::error_relay, "errors", k + 1, k + 1);
  errors[Signal::rate] = errors[Signal::error];
  errors.theta_rate = 0;
  program.populations.push_back(std::move(errors));
}

// Fraction bits of alpha, which all units share, as far as exact membranes have room.
void place_alpha(const NetworkDescription& net, Program& program) {
  std::vector<double> asked;
  for (int k = 1; k <= program.output; ++k)
    for (int unit = 0; unit < net.layers[static_cast<std::size_t>(k)]; ++unit)
      asked.push_back(asked_alpha(net, static_cast<int>(asked.size())));
  const double largest = *std::max_element(asked.begin(), asked.end());
  const auto all_fit = [&](int frac) {
    return std::all_of(program.populations.begin() + 1, program.populations.end(), [&](const Population& p) {
      return membrane_fits(p, frac, to_register(largest, frac, constant_bits));
    });
  };
  int finest = finest_constant_frac;
  while (finest > least_alpha_frac && !all_fit(finest)) --finest;
  program.alpha_frac = fraction_bits(asked, least_alpha_frac, finest);
  std::size_t unit = 0;
  for (int k = 1; k <= program.output; ++k) {
    Population& p = program.populations[static_cast<std::size_t>(k)];
    for (int i = 0; i < p.units; ++i)
      p.alpha.push_back(to_register(asked[unit++], program.alpha_frac, constant_bits));
  }
}

// Fraction bits that let `magnitude` use all of `bits` without overflowing them (unsigned or signed).
int finest_frac(double magnitude, int bits, bool is_signed) {
  int exponent = 0;
  std::frexp(magnitude, &exponent);  // magnitude <= 2^exponent
  return bits - (is_signed ? 1 : 0) - exponent;
}

// (32): a weight loses 2^-n of itself where it learns, at the binary point of LEARN's product.
void let_decay(const NetworkDescription& net, Projection& p) {
  if (net.weight_decay == 0.0) return;
  const int n = -std::ilogb(net.weight_decay * net.dt);
  p.decay = p.learn_shift - n;
  require(
      p.decay >= 0 && p.decay < 32, "learning.weight_decay",
      fmt::format("2^-{} in a tick, where LEARN {} has {} bits below the weight", n, p.name, p.learn_shift),
      fmt::format("2^-{}..2^-{}", p.learn_shift, std::max(1, p.learn_shift - 31)));
}

// A projection between two populations with the formats of `layer`; of MatrixShape what makes it one.
Projection make_projection(const NetworkDescription& net, const Program& program, const MatrixShape& shape,
                           int source_index, int target_index, int layer, double eta, int shares) {
  const Population& source = program.populations[static_cast<std::size_t>(source_index)];
  Projection p;
  p.name = shape.name;
  p.source = source_index;
  p.target = target_index;
  p.shares = shares;
  p.forward = shares < 0;
  p.rows = shape.rows;
  p.columns = shape.columns;
  p.bias = shape.columns > source.units;
  p.stream = static_cast<int>(program.projections.size()) + 1;
  p.weight = format_of(net, "weight", layer);
  p.accumulator_bits = net.accumulator_bits;
  require(p.accumulator_bits >= 0 && p.learned().bits <= 32 && p.learned().frac <= 64,
          "learning.accumulator_bits",
          fmt::format("{} below weights {} of {} bits", p.accumulator_bits, p.name, p.weight.bits),
          fmt::format("0..{}", std::min(32 - p.weight.bits, 64 - p.weight.frac)));
  p.layer = layer;
  p.eta_dt = eta * net.dt;
  p.eta_frac = p.eta_dt > 0.0 ? finest_frac(p.eta_dt, eta_bits, false) : eta_bits;
  p.step = net.formats.at("step", layer);
  if (p.step.frac == automatic_frac) {
    // Steps cannot saturate, and eta · (one LSB of error) is still about one LSB of step at 16 bits each;
    // finer than the rounding of LEARN can tell apart would be of no use.
    const Format& error = learning_signal_format(program, p);
    const double largest =
        p.eta_dt * std::max(error.value(error.maximum_raw()), -error.value(error.minimum_raw()));
    const int useful = p.learned().frac + finest_learn_shift - source[Signal::rate].frac;
    p.step.frac = std::min(
        useful, largest > 0.0 ? finest_frac(largest, p.step.bits, p.step.is_signed) : p.step.bits - 1);
  }
  check(p.step, 32, "formats.step", layer);
  p.learn_shift = p.step.frac + source[Signal::rate].frac - p.learned().frac;
  if (p.bias) p.one = quantise(1, 0, source[Signal::rate]).raw;
  return p;
}

void add_projections(const NetworkDescription& net, Program& program) {
  const std::vector<MatrixShape> shapes = matrices(net);
  const auto add = [&](int source, int target, int layer, double eta, int shares = -1) -> Projection& {
    MatrixShape shape = shapes[shares < 0 ? program.projections.size() : static_cast<std::size_t>(shares)];
    if (shares >= 0) shape.name = "learning of " + shape.name;
    program.projections.push_back(make_projection(net, program, shape, source, target, layer, eta, shares));
    return program.projections.back();
  };
  for (const auto& [source, target] : ordered_connections(net)) {
    Projection& p = add(source, target, target, one_of(net.eta, target - 1));
    p.backward = source > 0 && !net.microcircuit && !net.fixed_feedback;
    if (net.microcircuit) let_decay(net, p);
  }
  for (int k = 1; net.fixed_feedback && k < program.output; ++k) {
    Projection& b = add(k, k + 1, k + 1, 0.0);
    b.learns = b.forward = false;
    b.accumulator_bits = 0;
    b.backward = true;
  }
  if (!net.microcircuit) return;
  for (int k = 1; k < program.output; ++k) {
    const Around around(program, k);
    Projection& b = add(around.relay, around.dendrite, k + 1, 0.0);
    b.learns = false;
    if (!learns_feedback(net)) b.accumulator_bits = 0;
  }
  for (int k = 1; k < program.output; ++k) {
    const Around around(program, k);
    add(around.interneuron, around.dendrite, k + 1, one_of(net.eta_pi, k - 1)).negated = true;
  }
  for (int k = 1; k < program.output; ++k)
    add(k, Around(program, k).interneuron, k + 1, one_of(net.eta_ip, k - 1));
  for (int k = 1; learns_feedback(net) && k < program.output; ++k) {
    const Around around(program, k);
    let_decay(net, add(around.errors, around.dendrite, k + 1, one_of(net.eta, k), program.output + k - 1));
  }
}

}  // namespace

Program compile_shape(const NetworkDescription& net) {
  check(net);
  Program program;
  program.output = static_cast<int>(net.layers.size()) - 1;
  program.beta = net.beta;
  program.gamma = net.gamma;
  program.advanced_response = net.advanced_response;
  program.learning = net.learning;
  program.seed = net.seed;
  if (net.mismatch) program.decay = decay_table(net.dt, net.tau, decay_frac);
  for (int k = 0; k <= program.output; ++k) program.populations.push_back(make_layer(net, k));
  for (int k = 1; net.microcircuit && k < program.output; ++k) add_compartments(net, program, k);
  place_alpha(net, program);
  program.beta_frac = fraction_bits({net.beta}, least_beta_frac, finest_constant_frac);
  add_projections(net, program);
  require(program.populations.size() <= 256 && program.projections.size() < 256,
          net.connections.empty() ? "network.layers" : "network.connections",
          fmt::format("{} populations and {} projections", program.populations.size(),
                      program.projections.size()),
          "up to 256 and 255");
  program.rate_tables.resize(program.populations.size());
  program.slope_tables.resize(program.populations.size());
  for (int k = 1; k <= program.output; ++k) {
    const auto index = static_cast<std::size_t>(k);
    const Population& p = program.populations[index];
    const Format& in = net.advanced_response ? p[Signal::membrane] : p[Signal::u];
    program.rate_tables[index] =
        build(net.activation, Curve::value, in, p[Signal::rate], net.table_index_bits, net.table_full_bits);
    program.slope_tables[index] = build(net.activation, Curve::derivative, in, p[Signal::slope],
                                        net.table_index_bits, net.table_full_bits);
  }
  program.operations = schedule(net, program);
  if (net.mismatch) program.start = start_schedule(program);
  program.proofs = prove(program);
  return program;
}

Program compile(const NetworkDescription& net) {
  Program program = compile_shape(net);
  const std::size_t count = matrices(net).size();
  require(net.weights.size() == count, "weights", fmt::format("{} matrices", net.weights.size()),
          std::to_string(count));
  for (std::size_t k = 0; k < count; ++k) {
    Projection& p = program.projections[k];
    const std::vector<double>& real = net.weights[k];
    require(real.size() == static_cast<std::size_t>(p.rows) * static_cast<std::size_t>(p.columns), "weights",
            fmt::format("{} of {} values", p.name, real.size()),
            fmt::format("{} x {} = {}", p.rows, p.columns, p.rows * p.columns));
    program.loads.push_back(load_weights(p, real.data(), real.size(), p.image));
  }
  return program;
}

}  // namespace apical::fixedpoint
