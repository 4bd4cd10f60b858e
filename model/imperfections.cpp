// SPDX-License-Identifier: Apache-2.0
#include "model/imperfections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/uniform_01.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>

#include "model/elementary.hpp"
#include "model/normal.hpp"

namespace apical::model {
namespace {

enum Purpose {
  gain_draws,
  error_gain_draws,
  slope_draws,
  offset_draws,
  death_draws,
  factor_draws,
  synapse_draws,
  voltage_draws,
  error_draws,
  rate_delay_draws,
  error_delay_draws
};

// splitmix64: a bijection that scatters neighbouring numbers.
std::uint64_t scatter(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31U);
}

double on_grid(double x) {
  return model::on_grid(x, Imperfections::constant_frac);
}

double as_factor(double x) {
  return on_grid(std::clamp(x, 0.0, Imperfections::largest_factor));
}

// value(z) for every unit, z standard normal.
template <class Random, class Value>
Eigen::VectorXd draw(Random random, Eigen::Index count, const Value& value) {
  boost::random::normal_distribution<double> normal;
  return Eigen::VectorXd::NullaryExpr(count, [&] { return value(normal(random)); });
}

}  // namespace

double on_grid(double x, int frac) {
  return std::ldexp(std::nearbyint(std::ldexp(x, frac)), -frac);
}

double converted(double x, int bits, double range, Polarity polarity) {
  const bool is_signed = polarity == Polarity::bipolar;
  if (bits == 0) return x;
  const double levels = std::ldexp(1.0, is_signed ? bits - 1 : bits), step = range / levels;
  return std::clamp(std::nearbyint(x / step), is_signed ? -levels : 0.0, levels - 1.0) * step;
}

Imperfections::Imperfections(ImperfectionSettings settings, const std::vector<int>& layers, Bias bias,
                             const Connections& connections, double dt, Polarity rates)
    : settings_(settings), dt_(dt), rate_polarity_(rates), layers_(layers.size()) {
  const ImperfectionSettings& s = settings_;
  if (s.weight_leak > 0.0) kept_ = exp(-dt / s.weight_leak);
  const int last = static_cast<int>(layers.size()) - 1;
  for (int k = 1; k <= last; ++k) {
    const Eigen::Index units = layers[at(k)];
    Layer& l = layers_[at(k)];
    const auto relative = [&](int purpose, double spread) {
      return draw(generator(purpose, k), units, [&](double z) { return as_factor(1.0 + spread * z); });
    };
    l.constant.gain = relative(gain_draws, s.gain_spread);
    l.constant.error_gain = relative(error_gain_draws, s.gain_spread);
    l.constant.slope = relative(slope_draws, s.slope_spread);
    l.constant.offset =
        draw(generator(offset_draws, k), units, [&](double z) { return on_grid(s.offset_spread * z); });
    Random death = generator(death_draws, k);
    boost::random::uniform_01<double> uniform;
    l.constant.alive = Eigen::VectorXd::NullaryExpr(
        units, [&] { return uniform(death) >= s.dead_neurons || k == last ? 1.0 : 0.0; });
    l.voltage.random = generator(voltage_draws, k);
    l.error.random = generator(error_draws, k);
    for (Noise* noise : {&l.voltage, &l.error}) noise->state = noise->now = Eigen::VectorXd::Zero(units);
    l.rates.random = generator(rate_delay_draws, k);
    l.errors.random = generator(error_delay_draws, k);
    for (Line* line : {&l.rates, &l.errors}) line->age.assign(static_cast<std::size_t>(units), s.delay);
  }
  int connection = 0;
  for (const auto& [rows, columns] : weight_shapes(layers, bias, connections)) {
    ++connection;
    Eigen::VectorXd factors = draw(generator(factor_draws, connection), Eigen::Index{rows} * columns,
                                   [&](double z) { return as_factor(exp(s.weight_spread * z)); });
    Random death = generator(synapse_draws, connection);
    boost::random::uniform_01<double> uniform;
    for (double& factor : factors)
      if (uniform(death) < s.dead_synapses) factor = 0.0;
    factors_.push_back(Eigen::Map<const Eigen::MatrixXd>(factors.data(), rows, columns));
  }
}

Imperfections::Random Imperfections::generator(int purpose, int index) const {
  return Random(scatter(scatter(scatter(settings_.seed) + static_cast<std::uint64_t>(purpose)) +
                        static_cast<std::uint64_t>(index)));
}

void Imperfections::advance(Noise& noise, double sigma, bool first) const {
  if (sigma <= 0.0) return;
  const double keeps = first || settings_.noise_tau <= 0.0 ? 0.0 : exp(-dt_ / settings_.noise_tau);
  const double fresh = sigma * std::sqrt(1.0 - keeps * keeps);
  boost::random::normal_distribution<double> normal;
  for (Eigen::Index i = 0; i < noise.state.size(); ++i) {
    noise.state[i] = keeps * noise.state[i] + fresh * normal(noise.random);
    noise.now[i] = on_grid(noise.state[i]);
  }
}

void Imperfections::age(Line& line) const {
  if (settings_.delay_jitter == 0) return;
  boost::random::uniform_int_distribution<int> ages(settings_.delay,
                                                    settings_.delay + settings_.delay_jitter);
  for (int& age : line.age) age = ages(line.random);
}

void Imperfections::begin_tick() {
  for (std::size_t k = 1; k < layers_.size(); ++k) {
    Layer& l = layers_[k];
    advance(l.voltage, settings_.noise, ticks_ == 0);
    advance(l.error, settings_.error_noise, ticks_ == 0);
    age(l.rates);
    age(l.errors);
  }
  ++ticks_;
  tick_key_ = scatter(scatter(settings_.seed) + ticks_);
}

Eigen::VectorXd Imperfections::fires_on(int k, const Eigen::VectorXd& u) const {
  if (!acting()) return u;
  const Layer& l = layers_[at(k)];
  return l.constant.slope.cwiseProduct(u) + l.constant.offset + l.voltage.now;
}

Eigen::VectorXd Imperfections::sends_rate(int k, const Eigen::VectorXd& r) const {
  if (!acting()) return r;
  const Neurons& n = neurons(k);
  return n.alive.cwiseProduct(n.gain).cwiseProduct(r).unaryExpr(
      [this](double x) { return converted(x, settings_.rate_bits, settings_.rate_range, rate_polarity_); });
}

Eigen::VectorXd Imperfections::sends_error(int k, const Eigen::VectorXd& e) const {
  if (!acting()) return e;
  const Neurons& n = neurons(k);
  return n.alive.cwiseProduct(n.error_gain.cwiseProduct(e) + layers_[at(k)].error.now)
      .unaryExpr([this](double x) {
        return converted(x, settings_.error_bits, settings_.error_range, Polarity::bipolar);
      });
}

Eigen::VectorXd Imperfections::arrives(Line& line, const Eigen::VectorXd& sent) const {
  const auto length = static_cast<std::size_t>(settings_.delay + settings_.delay_jitter) + 1;
  if (line.sent.empty()) line.sent.assign(length, sent);
  std::rotate(line.sent.begin(), line.sent.end() - 1, line.sent.end());
  line.sent.front() = sent;
  if (!acting()) return sent;
  Eigen::VectorXd now(sent.size());
  for (Eigen::Index i = 0; i < sent.size(); ++i)
    now[i] = line.sent[static_cast<std::size_t>(line.age[static_cast<std::size_t>(i)])][i];
  return now;
}

Eigen::VectorXd Imperfections::rate_arrives(int k, const Eigen::VectorXd& sent) {
  return arrives(layers_[at(k)].rates, sent);
}

Eigen::VectorXd Imperfections::error_arrives(int k, const Eigen::VectorXd& sent) {
  return arrives(layers_[at(k)].errors, sent);
}

double Imperfections::device_change(int connection, Eigen::Index i, Eigen::Index j, double weight,
                                    double change) const {
  const ImperfectionSettings& s = settings_;
  const double up = change > 0.0 ? 1.0 : -1.0;
  change *= 1.0 + up * s.update_asymmetry;
  if (s.update_bound > 0.0) change *= std::max(0.0, 1.0 - up * weight / s.update_bound);
  if (s.update_limit > 0.0) change = std::clamp(change, -s.update_limit, s.update_limit);
  if (s.update_step > 0.0)
    change = s.update_step * std::floor(change / s.update_step + uniform(step_purpose, connection, i, j));
  return change;
}

double Imperfections::uniform(int purpose, int connection, Eigen::Index i, Eigen::Index j) const {
  const std::uint64_t where = (static_cast<std::uint64_t>(purpose) << 60U) +
                              (static_cast<std::uint64_t>(connection) << 48U) +
                              (static_cast<std::uint64_t>(i) << 24U) + static_cast<std::uint64_t>(j);
  return static_cast<double>(scatter(tick_key_ + where) >> 11U) * 0x1p-53;
}

std::string Imperfections::summary() const {
  Eigen::Index dead = 0, hidden = 0, gone = 0, synapses = 0;
  double least = largest_factor, most = 0.0;
  for (std::size_t k = 1; k < layers_.size(); ++k) {
    const Neurons& n = layers_[k].constant;
    least = std::min(least, n.gain.minCoeff());
    most = std::max(most, n.gain.maxCoeff());
    if (k + 1 == layers_.size()) continue;
    hidden += n.alive.size();
    dead += (n.alive.array() == 0.0).count();
  }
  for (const Eigen::MatrixXd& factors : factors_) {
    synapses += factors.size();
    gone += (factors.array() == 0.0).count();
  }
  return fmt::format(
      "imperfections: {} of {} hidden neurons and {} of {} synapses are dead, gains {:.2f}..{:.2f}", dead,
      hidden, gone, synapses, least, most);
}

}  // namespace apical::model
