#include "fixedpoint/compiler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "fixedpoint/decay_table.hpp"
#include "fixedpoint/load.hpp"
#include "fixedpoint/width_proof.hpp"

namespace apical::fixedpoint {
namespace {

void require(bool condition, const std::string& message) {
  if (!condition) throw std::invalid_argument(message);
}

void check_shapes(const NetworkDescription& net) {
  require(net.layers.size() >= 2, "network.layers: needs an input and at least one layer, e.g. [64, 32, 10]");
  for (const int units : net.layers)
    require(units >= 1 && units < (1 << 20), "network.layers: every layer has 1..1048575 units");
  const std::size_t count = net.layers.size() - 1;
  require(net.layers.size() <= 200, "network.layers: at most 200 layers");
  require(
      net.eta.size() == 1 || net.eta.size() == count,
      fmt::format("learning.eta: {} values; accepted: one, or one per layer ({})", net.eta.size(), count));
  std::size_t units = 0;
  for (std::size_t k = 1; k <= count; ++k) units += static_cast<std::size_t>(net.layers[k]);
  require(
      net.rho.size() == 1 || net.rho.size() == units,
      fmt::format("dynamics.rho: {} values; accepted: one, or one per neuron ({})", net.rho.size(), units));
  require(net.alpha.empty() || net.alpha.size() == units,
          fmt::format("dynamics.alpha: {} values; accepted: none, or one per neuron ({})", net.alpha.size(),
                      units));
  for (const double alpha : net.alpha)
    require(alpha >= 0.0 && alpha <= 1.0, fmt::format("dynamics.alpha: {}; accepted: 0..1", alpha));
  require(net.theta_rate.size() == 1 || net.theta_rate.size() == count + 1,
          fmt::format("events.theta_rate: {} values; accepted: one, or one per layer with the input ({})",
                      net.theta_rate.size(), count + 1));
  require(net.theta_error.size() == 1 || net.theta_error.size() == count,
          fmt::format("events.theta_error: {} values; accepted: one, or one per layer ({})",
                      net.theta_error.size(), count));
  for (const int theta : net.theta_rate)
    require(theta >= 0, fmt::format("events.theta_rate: {}; accepted: 0 or more", theta));
  for (const int theta : net.theta_error)
    require(theta >= 0, fmt::format("events.theta_error: {}; accepted: 0 or more", theta));
  for (const double rho : net.rho)
    require(rho >= 0.0 && rho <= 2.0, fmt::format("dynamics.rho: {}; accepted: 0..2", rho));
  for (const double eta : net.eta)
    require(eta >= 0.0 && std::isfinite(eta), fmt::format("learning.eta: {}; accepted: 0 or more", eta));
  require(net.tau > 0.0 && net.dt > 0.0 && net.dt <= net.tau,
          fmt::format("dynamics.dt: {} ms; accepted: above 0 and at most tau ({} ms)", net.dt, net.tau));
  require(net.beta >= 0.0 && net.beta < 4.0, fmt::format("dynamics.beta: {}; accepted: 0..4", net.beta));
  require(net.gamma == 0 || net.gamma == 1, fmt::format("dynamics.gamma: {}; accepted: 0, 1", net.gamma));
}

// A real constant as a register value, to nearest.
std::int64_t constant(double value, int frac) {
  return std::llround(std::ldexp(value, frac));
}

Population make_population(const NetworkDescription& net, int layer) {
  Population p;
  p.name = layer == 0 ? "input" : fmt::format("layer{}", layer);
  p.units = net.layers[static_cast<std::size_t>(layer)];
  auto format = [&](const char* signal) {
    const Format f = net.formats.at(signal, layer);
    check(
        f, 32,
        layer == 0 ? fmt::format("formats.{}", signal) : fmt::format("formats.{} (layer {})", signal, layer));
    return f;
  };
  const auto of_layer = [](const std::vector<int>& values, int index) {
    return values[values.size() == 1 ? 0 : static_cast<std::size_t>(index)];
  };
  p.theta_rate = of_layer(net.theta_rate, layer);
  if (layer > 0) p.theta_error = of_layer(net.theta_error, layer - 1);
  if (layer == 0) {
    p[Signal::rate] = format("input");
    return p;
  }
  for (std::size_t i = 0; i < neuron_signals; ++i) p.formats[i] = format(name_of(static_cast<Signal>(i)));
  std::size_t first = 0;
  for (int k = 1; k < layer; ++k) first += static_cast<std::size_t>(net.layers[static_cast<std::size_t>(k)]);
  for (std::size_t unit = first; unit < first + static_cast<std::size_t>(p.units); ++unit) {
    p.rho.push_back(constant(net.rho.size() == 1 ? net.rho[0] : net.rho[unit], rho_frac));
    p.alpha.push_back(constant(net.alpha.empty() ? net.dt / net.tau : net.alpha[unit], alpha_frac));
  }
  return p;
}

// Fraction bits that let `magnitude` use all of `bits` without overflowing them (unsigned or signed).
int finest_frac(double magnitude, int bits, bool is_signed) {
  int exponent = 0;
  std::frexp(magnitude, &exponent);  // magnitude <= 2^exponent
  return bits - (is_signed ? 1 : 0) - exponent;
}

Projection make_projection(const NetworkDescription& net, const Population& source, const Population& target,
                           int layer) {
  Projection p;
  p.source = layer - 1;
  p.target = layer;
  p.rows = target.units;
  p.bias = net.bias;
  p.columns = source.units + (net.bias ? 1 : 0);
  p.weight = net.formats.at("weight", layer);
  check(p.weight, 32, fmt::format("formats.weight (layer {})", layer));
  const std::size_t index = static_cast<std::size_t>(layer - 1);
  p.eta_dt = (net.eta.size() == 1 ? net.eta[0] : net.eta[index]) * net.dt;
  p.eta_frac = p.eta_dt > 0.0 ? finest_frac(p.eta_dt, eta_bits, false) : eta_bits;
  p.step = net.formats.at("step", layer);
  if (p.step.frac == automatic_frac) {
    // Steps cannot saturate, and eta · (one LSB of error) is still about one LSB of step at 16 bits each;
    // finer than the rounding of LEARN can tell apart would be of no use.
    const Format& error = target[Signal::error];
    const double largest =
        p.eta_dt * std::max(error.value(error.maximum_raw()), -error.value(error.minimum_raw()));
    const int useful = p.weight.frac + finest_learn_shift - source[Signal::rate].frac;
    p.step.frac = std::min(
        useful, largest > 0.0 ? finest_frac(largest, p.step.bits, p.step.is_signed) : p.step.bits - 1);
  }
  check(p.step, 32, fmt::format("formats.step (layer {})", layer));
  p.learn_shift = p.step.frac + source[Signal::rate].frac - p.weight.frac;
  if (net.bias) p.one = quantise(1, 0, source[Signal::rate]).raw;
  return p;
}

// Loads the initial weights, to nearest whatever the rounding of updates is, and says what they lost.
LoadReport load_weights(const std::vector<double>& real, Projection& p) {
  LoadReport report;
  report.name = fmt::format("W{}", p.target);
  const std::size_t expected = static_cast<std::size_t>(p.rows) * static_cast<std::size_t>(p.columns);
  require(real.size() == expected, fmt::format("weights W{}: {} values; accepted: {} x {} = {}", p.target,
                                               real.size(), p.rows, p.columns, expected));
  p.image.reserve(real.size());
  for (const double value : real) {
    require(std::isfinite(value),
            fmt::format("weights W{}: {} is not a number to load; accepted: finite values", p.target, value));
    const Quantised loaded = load(value, p.weight);
    ++report.values;
    report.became_zero += loaded.raw == 0 && value != 0.0;
    report.saturated += loaded.saturated;
    report.largest_error = std::max(report.largest_error, std::abs(p.weight.value(loaded.raw) - value));
    p.image.push_back(loaded.raw);
  }
  return report;
}

std::vector<Operation> schedule(const NetworkDescription& net) {
  const int last = static_cast<int>(net.layers.size()) - 1;
  std::vector<Operation> ops;
  auto update = [&](int parts) {
    for (int k = 1; k <= last; ++k) ops.push_back({OpCode::update, k, parts});
  };
  auto learn = [&] {
    for (int k = 1; k <= last && net.learning; ++k) ops.push_back({OpCode::learn, k - 1});
  };
  if (net.parallel_order) {
    for (int k = 1; k <= last; ++k) ops.push_back({OpCode::forward, k - 1});
    for (int k = 1; k < last; ++k) ops.push_back({OpCode::backward, k});
    for (int k = 1; k <= last; ++k) ops.push_back({OpCode::update, k, part::basal | part::error});
    learn();
    update(part::soma);
    update(part::membrane);
    return ops;
  }
  for (int k = 1; k <= last; ++k) {
    ops.push_back({OpCode::forward, k - 1});
    ops.push_back({OpCode::update, k, part::basal | part::soma});
  }
  for (int k = last; k >= 1; --k) {
    if (k < last) ops.push_back({OpCode::backward, k});
    ops.push_back({OpCode::update, k, part::error});
  }
  update(part::membrane);
  learn();
  return ops;
}

// m(0) = F(0) at u = 0, by the machine's own operations: see UpdatePart.
std::vector<Operation> start_schedule(int last) {
  std::vector<Operation> ops;
  for (int k = 1; k <= last; ++k) {
    ops.push_back({OpCode::forward, k - 1});
    ops.push_back({OpCode::update, k, part::basal | part::start_error});
  }
  for (int k = last; k >= 1; --k) {
    if (k < last) ops.push_back({OpCode::backward, k});
    ops.push_back({OpCode::update, k, part::start_mismatch});
  }
  return ops;
}

void prove_projection(Program& program, const Projection& p) {
  const Population& source = program.populations[static_cast<std::size_t>(p.source)];
  const Population& target = program.populations[static_cast<std::size_t>(p.target)];
  const std::string name = fmt::format("W{}", p.target);
  const Bound weight = bound_of(p.weight);
  program.proofs.push_back(
      prove("accumulator of FORWARD " + name,
            fmt::format("{} columns x |weight| x |{}|", p.columns, p.source == 0 ? "input" : "rate"),
            times(weight * bound_of(source[Signal::rate]), p.columns),
            "formats.weight, formats.rate, formats.input"));
  if (p.source > 0)
    program.proofs.push_back(
        prove("accumulator of BACKWARD " + name, fmt::format("{} rows x |weight| x |error|", p.rows),
              times(weight * bound_of(target[Signal::error]), p.rows), "formats.weight, formats.error"));
  program.proofs.push_back(prove("eta x error of LEARN " + name, "|eta register| x |error|",
                                 bound_of((1 << eta_bits) - 1, p.eta_frac) * bound_of(target[Signal::error]),
                                 "formats.error"));
  const Bound change = bound_of(p.step) * bound_of(source[Signal::rate]);
  program.proofs.push_back(prove("step x rate of LEARN " + name, "|step| x |rate|, with room for rounding",
                                 times(change, 2), "formats.step, formats.rate"));
  const Bound moved = p.learn_shift < 0
                          ? aligned(change, p.weight.frac)
                          : Bound{change.magnitude >> static_cast<unsigned>(p.learn_shift), p.weight.frac};
  program.proofs.push_back(prove(
      "weight + change of LEARN " + name, "|weight| + |step x rate| at the weight's LSB",
      weight + Bound{moved.magnitude + 1, p.weight.frac}, "formats.step, formats.rate, formats.weight"));
}

void prove_population(Program& program, const Population& p, int layer, int last) {
  const std::int64_t rho_max = *std::max_element(p.rho.begin(), p.rho.end());
  const std::int64_t alpha_max = *std::max_element(p.alpha.begin(), p.alpha.end());
  const Bound drive = bound_of(p[Signal::basal]) + bound_of(p[Signal::nudge]) + bound_of(p[Signal::mismatch]);
  const Bound away = drive + bound_of(p[Signal::membrane]);
  const Bound one{std::int64_t{1} << rho_frac, rho_frac};
  const Bound prospective = bound_of(p[Signal::membrane]) * one + away * bound_of(rho_max, rho_frac);
  const std::string formats = "formats.basal, formats.nudge, formats.mismatch, formats.membrane";
  program.proofs.push_back(prove("prospective voltage of " + p.name,
                                 "s + rho (basal + gamma nudge + m - s) - basal, aligned",
                                 prospective + bound_of(p[Signal::basal]) * one, formats));
  program.proofs.push_back(
      prove("membrane of " + p.name, "s + alpha (basal + gamma nudge + m - s), aligned",
            bound_of(p[Signal::membrane]) * bound_of(std::int64_t{1} << alpha_frac, alpha_frac) +
                away * bound_of(alpha_max, alpha_frac),
            formats));
  if (layer == last)
    program.proofs.push_back(
        prove("nudge of " + p.name, "beta x (target - u)",
              (bound_of(p[Signal::target]) + bound_of(p[Signal::u])) * bound_of((1 << 16) - 1, beta_frac),
              "formats.target, formats.u"));
  else
    program.proofs.push_back(prove("nudge of " + p.name, "slope x apical",
                                   bound_of(p[Signal::slope]) * bound_of(p[Signal::apical]),
                                   "formats.slope, formats.apical"));
  if (program.advanced_response)
    program.proofs.push_back(
        prove("advanced response of " + p.name, "phi(s) + slope x rho (drive - s), aligned",
              bound_of(p[Signal::rate]) + bound_of(p[Signal::slope]) * (away * bound_of(rho_max, rho_frac)),
              formats + ", formats.slope"));
  if (!program.decay.empty())
    program.proofs.push_back(
        prove("mismatch of " + p.name, "m(0) x decay",
              bound_of(p[Signal::mismatch]) * bound_of(std::int64_t{1} << decay_frac, decay_frac),
              "formats.mismatch"));
}

}  // namespace

const char* name_of(Signal signal) {
  static constexpr const char* names[signal_count] = {"basal",    "apical", "u",     "membrane",
                                                      "rate",     "slope",  "nudge", "error",
                                                      "mismatch", "target", "step",  "weight"};
  return names[static_cast<std::size_t>(signal)];
}

const std::map<std::string, Format>& default_formats() {
  // Binary points for logistic or tanh units, +-8 weights and errors well under 1 (model/README.md).
  static const std::map<std::string, Format> formats = [] {
    const std::map<std::string, int> frac = {{"weight", 12},          {"input", 14},  {"target", 12},
                                             {"basal", 11},           {"apical", 14}, {"u", 11},
                                             {"membrane", 11},        {"rate", 14},   {"slope", 14},
                                             {"nudge", 15},           {"error", 15},  {"mismatch", 11},
                                             {"step", automatic_frac}};
    std::map<std::string, Format> table;
    for (const auto& [signal, bits] : frac) {
      Format f;
      f.bits = 16;
      f.frac = bits;
      f.rounding = signal == "weight" ? Rounding::stochastic : Rounding::rnd_conv;
      table[signal] = f;
    }
    return table;
  }();
  return formats;
}

Program compile_shape(const NetworkDescription& net) {
  check_shapes(net);
  const int last = static_cast<int>(net.layers.size()) - 1;
  Program program;
  program.beta = net.beta;
  program.gamma = net.gamma;
  program.advanced_response = net.advanced_response;
  program.learning = net.learning;
  program.seed = net.seed;
  if (net.mismatch) program.decay = decay_table(net.dt, net.tau, decay_frac);
  for (int k = 0; k <= last; ++k) program.populations.push_back(make_population(net, k));
  program.rate_tables.resize(program.populations.size());
  program.slope_tables.resize(program.populations.size());
  for (int k = 1; k <= last; ++k) {
    const std::size_t index = static_cast<std::size_t>(k);
    const Population& target = program.populations[index];
    Projection p = make_projection(net, program.populations[index - 1], target, k);
    program.projections.push_back(std::move(p));
    const Format& in = net.advanced_response ? target[Signal::membrane] : target[Signal::u];
    program.rate_tables[index] =
        build(net.activation, false, in, target[Signal::rate], net.table_index_bits, net.table_full_bits);
    program.slope_tables[index] =
        build(net.activation, true, in, target[Signal::slope], net.table_index_bits, net.table_full_bits);
    prove_projection(program, program.projections.back());
    prove_population(program, target, k, last);
  }
  program.operations = schedule(net);
  if (net.mismatch) program.start = start_schedule(last);
  return program;
}

Program compile(const NetworkDescription& net) {
  Program program = compile_shape(net);
  const std::size_t count = program.projections.size();
  require(net.weights.size() == count,
          fmt::format("weights: {} matrices; accepted: {}", net.weights.size(), count));
  for (std::size_t k = 0; k < count; ++k)
    program.loads.push_back(load_weights(net.weights[k], program.projections[k]));
  return program;
}

std::vector<MemoryRegion> memory_map(const Program& program) {
  std::vector<MemoryRegion> map;
  for (const Projection& p : program.projections)
    map.push_back({fmt::format("weights W{}", p.target),
                   static_cast<std::uint64_t>(p.rows) * static_cast<std::uint64_t>(p.columns),
                   p.weight.bits});
  for (std::size_t k = 0; k < program.populations.size(); ++k) {
    const Population& p = program.populations[k];
    const std::uint64_t units = static_cast<std::uint64_t>(p.units);
    map.push_back({p.name + " rate", units, p[Signal::rate].bits});
    map.push_back({p.name + " sent rate", units, p[Signal::rate].bits});
    if (k == 0) continue;
    map.push_back({p.name + " sent error", units, p[Signal::error].bits});
    for (const Signal signal : {Signal::basal, Signal::apical, Signal::u, Signal::membrane, Signal::slope,
                                Signal::nudge, Signal::error, Signal::mismatch}) {
      if (signal == Signal::mismatch && program.decay.empty()) continue;
      map.push_back({p.name + " " + name_of(signal), units, p[signal].bits});
    }
    map.push_back({p.name + " rho", units, 16});
    map.push_back({p.name + " alpha", units, 16});
    map.push_back(
        {p.name + " rate table", program.rate_tables[k].words(), program.rate_tables[k].word_bits()});
    map.push_back(
        {p.name + " slope table", program.slope_tables[k].words(), program.slope_tables[k].word_bits()});
  }
  map.push_back({"target", static_cast<std::uint64_t>(program.populations.back().units),
                 program.populations.back()[Signal::target].bits});
  if (!program.decay.empty()) map.push_back({"decay table", program.decay.size(), decay_frac + 1});
  return map;
}

std::string describe(const Program& program, const Operation& op) {
  switch (op.code) {
    case OpCode::forward:
      return fmt::format("FORWARD  W{}", op.index + 1);
    case OpCode::backward:
      return fmt::format("BACKWARD W{}", op.index + 1);
    case OpCode::learn:
      return fmt::format("LEARN    W{}", op.index + 1);
    case OpCode::update:
      break;
  }
  std::string text = fmt::format("UPDATE   {}", program.populations[static_cast<std::size_t>(op.index)].name);
  const std::pair<int, const char*> parts[] = {{part::basal, "basal"},
                                               {part::soma, "soma"},
                                               {part::error, "error"},
                                               {part::membrane, "membrane"},
                                               {part::start_error, "start-error"},
                                               {part::start_mismatch, "start-mismatch"}};
  for (const auto& [bit, word] : parts)
    if (op.parts & bit) text += fmt::format(" {}", word);
  return text;
}

}  // namespace apical::fixedpoint
