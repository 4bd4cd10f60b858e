// SPDX-License-Identifier: Apache-2.0
#include "model/golden.hpp"

#include <fmt/format.h>

#include <boost/random/mersenne_twister.hpp>
#include <cmath>
#include <stdexcept>

#include "model/flow.hpp"
#include "model/normal.hpp"
#include "model/settings/settings_error.hpp"

namespace apical::model {
namespace {

std::size_t neurons(const std::vector<int>& layers) {
  std::size_t count = 0;
  for (std::size_t k = 1; k < layers.size(); ++k) count += static_cast<std::size_t>(layers[k]);
  return count;
}

void check(GoldenSettings& s, const std::vector<WeightMatrix>& weights) {
  if (s.layers.size() < 2)
    throw SettingsError("network.layers", fmt::format("{} layers", s.layers.size()),
                        "an input and at least one layer");
  if (!(s.tau > 0.0) || !(s.dt > 0.0) || s.dt > s.tau)
    throw SettingsError("dynamics.dt", fmt::format("{} ms", s.dt),
                        fmt::format("above 0 and at most tau ({} ms)", s.tau));
  if (s.voltage_frac >= 0 && s.flow == Flow::lagrangian && s.scheme == Scheme::exact)
    throw SettingsError("dynamics.voltage_frac", fmt::format("{} with scheme exact", s.voltage_frac), "-1");
  if (s.gamma != 0.0 && s.gamma != 1.0) throw SettingsError("dynamics.gamma", "", "0, 1");
  s.connections = resolved(s.connections, static_cast<int>(s.layers.size()));
  const std::size_t count = s.layers.size() - 1;
  if (s.eta.size() != 1 && s.eta.size() != count)
    throw SettingsError("learning.eta", fmt::format("{} values", s.eta.size()),
                        fmt::format("one, or one per layer ({})", count));
  if (s.rho.size() != 1 && s.rho.size() != neurons(s.layers))
    throw SettingsError("dynamics.rho", fmt::format("{} values", s.rho.size()),
                        fmt::format("one, or one per neuron ({})", neurons(s.layers)));
  if (!s.alpha.empty() && s.alpha.size() != neurons(s.layers))
    throw SettingsError("dynamics.alpha", fmt::format("{} values", s.alpha.size()),
                        fmt::format("none, or one per neuron ({})", neurons(s.layers)));
  for (const double alpha : s.alpha)
    if (!(alpha >= 0.0 && alpha <= 1.0))
      throw SettingsError("dynamics.alpha", fmt::format("{}", alpha), "0..1");
  if (s.fixed_feedback && (!s.connections.empty() || s.flow == Flow::lagrangian))
    throw SettingsError(s.connections.empty() ? "dynamics.flow" : "network.connections",
                        "with fixed feedback", "a chain of layers, gradient, latent-equilibrium");
  auto shapes = weight_shapes(s.layers, bias_if(s.bias), s.connections);
  auto names = weight_names(s.connections, static_cast<int>(s.layers.size()));
  for (std::size_t k = 2; s.fixed_feedback && k < s.layers.size(); ++k) {
    shapes.emplace_back(s.layers[k], s.layers[k - 1]);
    names.push_back(fmt::format("B{}", k));
  }
  if (weights.size() != shapes.size())
    throw std::invalid_argument(
        fmt::format("weights: {} matrices; accepted: {}", weights.size(), shapes.size()));
  for (std::size_t c = 0; c < shapes.size(); ++c) {
    const auto [rows, columns] = shapes[c];
    if (weights[c].rows() != rows || weights[c].cols() != columns)
      throw std::invalid_argument(fmt::format("weights {}: {} x {}; accepted: {} x {}", names[c],
                                              weights[c].rows(), weights[c].cols(), rows, columns));
  }
}

}  // namespace

Golden::Golden(GoldenSettings settings, const std::vector<WeightMatrix>& weights,
               std::shared_ptr<Imperfections> chip)
    : settings_(std::move(settings)), chip_(std::move(chip)) {
  check(settings_, weights);
  if (chip_ && settings_.flow == Flow::lagrangian)
    throw SettingsError("dynamics.flow", "\"lagrangian\" with imperfections", "gradient, latent-equilibrium");
  net_.activation = settings_.activation;
  net_.bias = settings_.bias;
  const auto own = weights.end() -
                   (settings_.fixed_feedback ? static_cast<std::ptrdiff_t>(settings_.layers.size()) - 2 : 0);
  net_.weights.assign(weights.begin(), own);
  feedback_.assign(own, weights.end());
  net_.connections = settings_.connections;
  for (int c = 1; c <= net_.count(); ++c) {
    passes_ += static_cast<std::uint64_t>(net_.weight(c).size());
    if (net_.source(c) > 0) passes_ += static_cast<std::uint64_t>(net_.synapses(c).size());
  }
  if (settings_.trace != Trace::none) refuse_trace();
  const bool lagrangian = settings_.flow == Flow::lagrangian;
  carries_mismatch_ = lagrangian && settings_.scheme == Scheme::integrated;
  continuous_ = lagrangian && !carries_mismatch_;
  const std::size_t count = settings_.layers.size();
  now_ = {Layers<double>(count), Layers<double>(count), Layers<double>(count),
          Layers<double>(count), Layers<double>(count), Layers<double>(count)};
  u_.resize(count);
  membrane_ = first_ = decaying_ = rho_ = alpha_ = velocity_ = u_;
  std::size_t neuron = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const Eigen::VectorXd zero = Eigen::VectorXd::Zero(settings_.layers[k]);
    for (auto* layers : {&u_, &membrane_, &first_, &decaying_, &rho_, &alpha_, &velocity_, &now_.basal,
                         &now_.mismatch, &now_.apical, &now_.nudge})
      (*layers)[k] = zero;
    now_.rate[k] = k == 0 ? zero : map(settings_.activation, zero);
    now_.slope[k] = map_prime(settings_.activation, zero);
    if (k == 0) continue;
    for (Eigen::Index i = 0; i < zero.size(); ++i, ++neuron) {
      alpha_[k][i] = settings_.alpha.empty() ? settings_.dt / settings_.tau : settings_.alpha[neuron];
      rho_[k][i] = settings_.flow == Flow::gradient ? 0.0
                   : lagrangian                     ? 1.0
                                                    : settings_.rho[settings_.rho.size() == 1 ? 0 : neuron];
    }
  }
  target_ = last_target_ = Eigen::VectorXd::Zero(settings_.layers.back());
  last_input_ = now_.rate[0];
  heard_rate_ = now_.rate;
  heard_error_ = now_.mismatch;
  if (chip_) set_testing(false);
}

void Golden::tick(const double* input, const double* target, double nudge) {
  if (target == nullptr && nudge != 0.0)
    throw std::invalid_argument("a nudge needs a target; accepted: nudge 0, or one target per output unit");
  now_.rate[0] = Eigen::Map<const Eigen::VectorXd>(input, settings_.layers.front());
  if (target != nullptr) target_ = Eigen::Map<const Eigen::VectorXd>(target, settings_.layers.back());
  const double beta = settings_.beta * nudge;
  if (chip_) {
    chip_->begin_tick();
    heard_rate_[0] = now_.rate[0];
  }
  if (continuous_)
    continuous_tick(beta);
  else
    unit_tick(beta);
  leak();
  ++ticks_;
}

void Golden::forward(int k) {
  now_.basal[index(k)] = k == 1 && net_.chain() ? current(now_.rate[0]) : acting().basal(k, heard_rates());
}

Eigen::VectorXd Golden::current(const Eigen::VectorXd& input) const {
  const Eigen::MatrixXd& w = acting().weight(1);
  Eigen::VectorXd sum = net_.bias ? Eigen::VectorXd(w.col(w.cols() - 1)) : Eigen::VectorXd::Zero(w.rows());
  add_times(sum, w.leftCols(input.size()), input);
  return sum;
}

void Golden::backward(int k) {
  now_.apical[index(k)] = feedback_.empty()
                              ? acting().apical(k, heard_errors())
                              : transposed_times(feedback_[index(k - 1)], heard_errors()[index(k + 1)]);
}

Eigen::VectorXd Golden::drive(int k) const {
  return now_.basal[index(k)] + settings_.gamma * now_.nudge[index(k)] + decaying_[index(k)];
}

// A voltage as a register of voltage_frac fraction bits holds it: to nearest, ties to even.
Eigen::VectorXd Golden::held(Eigen::VectorXd u) const {
  if (settings_.voltage_frac >= 0)
    for (double& x : u) x = on_grid(x, settings_.voltage_frac);
  return u;
}

void Golden::soma(int k) {
  const Eigen::VectorXd& s = membrane_[index(k)];
  // s + rho (drive − s), written so that rho = 1 gives the drive without a rounding error.
  const Eigen::VectorXd arrives = drive(k);
  u_[index(k)] = held(arrives + (rho_[index(k)].array() - 1.0).matrix().cwiseProduct(arrives - s));
  if (settings_.response == Response::prospective) {
    const Eigen::VectorXd fires_on = chip_ ? chip_->fires_on(k, u_[index(k)]) : u_[index(k)];
    activate(settings_.activation, fires_on, &now_.rate[index(k)], &now_.slope[index(k)]);
  } else {
    activate(settings_.activation, s, &now_.rate[index(k)], &now_.slope[index(k)]);
    now_.rate[index(k)] += now_.slope[index(k)].cwiseProduct(u_[index(k)] - s);
  }
  send_rates(k);
}

void Golden::errors(int k, double beta) {
  if (k == depth())
    now_.nudge[index(k)] = beta * (target_ - u_[index(k)]);
  else
    now_.nudge[index(k)] = slopes_of_error(k)[index(k)].cwiseProduct(now_.apical[index(k)]);
  if (settings_.gamma == 0.0) {
    now_.mismatch[index(k)] = now_.nudge[index(k)];
    return send_errors(k);
  }
  // s + rho (drive − s) − basal, written so that rho = 1 gives the nudge without a rounding error: exact
  // silence.
  const Eigen::VectorXd pushed = now_.nudge[index(k)] + decaying_[index(k)];
  const Eigen::VectorXd lag = membrane_[index(k)] - now_.basal[index(k)];
  const Eigen::VectorXd& rho = rho_[index(k)];
  now_.mismatch[index(k)] =
      rho.cwiseProduct(pushed) + (Eigen::VectorXd::Ones(rho.size()) - rho).cwiseProduct(lag);
  send_errors(k);
}

void Golden::settle_membrane(int k) {
  membrane_[index(k)] += alpha_[index(k)].cwiseProduct(drive(k) - membrane_[index(k)]);
}

// F(0) at u = 0 for the integrated scheme, with the input and target of the first tick.
void Golden::start(double beta) {
  const Drive<double> world{now_.rate[0], Eigen::VectorXd::Zero(now_.rate[0].size()), target_,
                            Eigen::VectorXd::Zero(target_.size()), beta};
  const Moment<double> m = evaluate(net_, u_, world);
  first_ = gradient(m);
  for (int k = 1; k <= depth(); ++k) {
    now_.nudge[index(k)] = m.nudge[index(k)];
    now_.mismatch[index(k)] = m.mismatch[index(k)];
  }
}

void Golden::unit_tick(double beta) {
  const int last = depth();
  macs_ += passes_;
  if (carries_mismatch_) {
    if (ticks_ == 0) start(beta);
    const double decay = exp(-static_cast<double>(ticks_ + 1) * settings_.dt / settings_.tau);
    for (int k = 1; k <= last; ++k) decaying_[index(k)] = decay * first_[index(k)];
  }
  if (settings_.order == Order::sweep) {
    for (int k = 1; k <= last; ++k) {
      forward(k);
      soma(k);
    }
    remember();
    for (int k = last; k >= 1; --k) {
      if (k < last) backward(k);
      errors(k, beta);
    }
    for (int k = 1; k <= last; ++k) settle_membrane(k);
    for (int k = 1; k <= last; ++k) learn(k);
    return;
  }
  for (int k = 1; k <= last; ++k) forward(k);
  for (int k = 1; k < last; ++k) backward(k);
  remember();
  for (int k = 1; k <= last; ++k) errors(k, beta);
  for (int k = 1; k <= last; ++k) learn(k);
  for (int k = 1; k <= last; ++k) soma(k);
  for (int k = 1; k <= last; ++k) settle_membrane(k);
}

void Golden::continuous_tick(double beta) {
  if (ticks_ == 0) {
    last_input_ = now_.rate[0];
    last_target_ = target_;
  }
  const double dt = settings_.dt;
  const Eigen::VectorXd from_input = last_input_, to_input = now_.rate[0];
  const Eigen::VectorXd from_target = last_target_, to_target = target_;
  // W_1 is by far the largest matrix, and what it makes of a linearly moving input moves linearly.
  const bool chain = net_.chain();
  const Eigen::VectorXd from_current = chain ? current(from_input) : Eigen::VectorXd(),
                        to_current = chain ? current(to_input) : Eigen::VectorXd();
  const auto at = [&](double part) {
    return Drive<double>{from_input + part * (to_input - from_input),
                         (to_input - from_input) / dt,
                         from_target + part * (to_target - from_target),
                         (to_target - from_target) / dt,
                         beta,
                         from_current + part * (to_current - from_current),
                         (to_current - from_current) / dt};
  };
  if (settings_.scheme == Scheme::exact) {
    u_ = runge_kutta(u_, 0.0, dt, [&](const Layers<double>& u, double t) {
      return exact_flow(net_, u, at(t / dt), settings_.tau);
    });
  } else {
    // Euler: voltages, input and target of one instant, the start of the tick.
    velocity_ = direct_flow(net_, u_, velocity_, at(0.0), settings_.tau);
    for (std::size_t k = 1; k < u_.size(); ++k) {
      const Eigen::VectorXd before = u_[k];
      u_[k] = held(before + dt * velocity_[k]);
      if (settings_.voltage_frac >= 0) velocity_[k] = (u_[k] - before) / dt;  // all that registers know of it
    }
  }
  now_ = evaluate(net_, u_, at(1.0));
  for (int k = 1; k <= depth(); ++k) membrane_[index(k)] = u_[index(k)];
  for (const Eigen::MatrixXd& w : net_.weights) macs_ += 2 * static_cast<std::uint64_t>(w.size());
  // Without a nudge the mismatch is a transient of the start, which the theory lets learning see as well.
  for (int k = 1; k <= depth(); ++k) learn(k);
  last_input_ = to_input;
  last_target_ = to_target;
}

std::vector<WeightMatrix> Golden::weights() const {
  std::vector<WeightMatrix> all(net_.weights.begin(), net_.weights.end());
  all.insert(all.end(), feedback_.begin(), feedback_.end());
  return all;
}

void Golden::set_weights(int connection, const WeightMatrix& weights) {
  const std::size_t place = index(connection - 1), own = net_.weights.size();
  Eigen::MatrixXd& w = place < own ? net_.weights[place] : feedback_.at(place - own);
  if (weights.rows() != w.rows() || weights.cols() != w.cols())
    throw std::invalid_argument(fmt::format("weights: {} x {}; accepted: {} x {}", weights.rows(),
                                            weights.cols(), w.rows(), w.cols()));
  w = weights;
  if (!effective_.weights.empty() && place < own) find_effective(connection);
}

bool Golden::finite() const {
  for (std::size_t k = 1; k < u_.size(); ++k)
    if (!u_[k].allFinite()) return false;
  return true;
}

std::vector<WeightMatrix> initial_weights(const std::vector<int>& layers, Bias bias,
                                          const std::vector<double>& gain, std::uint64_t seed,
                                          const Connections& connections) {
  boost::random::mt19937_64 random(seed);
  const auto shapes = weight_shapes(layers, bias, connections);
  const Connections all = listed(connections, static_cast<int>(layers.size()));
  std::vector<double> fan_in(layers.size(), 0.0);
  for (const auto& [source, target] : all)
    fan_in[static_cast<std::size_t>(target)] += layers[static_cast<std::size_t>(source)];
  std::vector<WeightMatrix> weights;
  for (std::size_t c = 0; c < all.size(); ++c) {
    const auto k = static_cast<std::size_t>(all[c].second);
    const double factor = gain[gain.size() == 1 ? 0 : k - 1];
    boost::random::normal_distribution<double> normal(0.0, factor / std::sqrt(fan_in[k]));
    WeightMatrix w = WeightMatrix::Zero(shapes[c].first, shapes[c].second);
    for (Eigen::Index i = 0; i < w.rows(); ++i)
      for (Eigen::Index j = 0; j < layers[static_cast<std::size_t>(all[c].first)]; ++j)
        w(i, j) = normal(random);
    weights.push_back(std::move(w));
  }
  return weights;
}

}  // namespace apical::model
