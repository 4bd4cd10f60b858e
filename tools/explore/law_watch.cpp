// SPDX-License-Identifier: Apache-2.0
#include "tools/explore/law_watch.hpp"

#include <algorithm>

#include "model/equilibrium.hpp"
#include "model/named_matrix.hpp"
#include "model/settings/settings_error.hpp"

namespace apical::tools {
namespace {

constexpr std::uint64_t places = 24;       // of the training; close together where it is fast, at its start
constexpr std::uint64_t all_looks = 4096;  // ticks at which changes are looked at
constexpr double late_part = 0.25;         // of the training, at its end: where curvature is measured

Eigen::Map<const Eigen::VectorXd> vector_of(const std::vector<double>& v) {
  return {v.data(), static_cast<Eigen::Index>(v.size())};
}

model::RowMatrix matrix_of(const std::vector<double>& v, Eigen::Index columns) {
  return Eigen::Map<const model::RowMatrix>(v.data(), static_cast<Eigen::Index>(v.size()) / columns, columns);
}

}  // namespace

LawWatch::LawWatch(const Config& config) : config_(config) {
  const auto refuse = [](const char* key, const std::string& what) {
    throw SettingsError(key, what, "for --tolerance: chains of layers, network.circuit = \"plain\"");
  };
  if (!config.network.connections.empty()) refuse("network.connections", "a graph");
  if (config.circuit != Circuit::plain) refuse("network.circuit", "a microcircuit");
  if (!config.network.learning) refuse("learning.enabled", "false");
  net_.activation = config.network.activation;
  net_.bias = config.network.bias;
}

void LawWatch::begin(const sim::EmulatorMachine& machine, std::uint64_t ticks) {
  ticks_ = ticks;
  every_ = std::max<std::uint64_t>(1, ticks / all_looks);
  time_ = looks_ = along_ = squares_ = 0.0;
  points_.clear();
  seen_.clear();
  sums_.clear();
  const auto& program = machine.emulator().program();
  for (int k = 1; k <= program.output; ++k) {
    const auto& p = program.projections[static_cast<std::size_t>(k - 1)];
    LawMatrix m;
    m.name = p.name;
    m.layer = k;
    m.eta_dt = p.learns ? p.eta_dt : 0.0;
    m.step.setZero(p.rows, p.columns);
    m.sources.setZero(p.columns, p.columns);
    m.sensitivity.setZero(p.rows, p.rows);
    sums_.push_back(std::move(m));
  }
  keep(machine, 0);
}

// Every every_-th tick on average, at no fixed place of a presentation.
bool LawWatch::is_looked_at(std::uint64_t tick) const {
  return (tick * 0x9e3779b97f4a7c15u >> 20u) % every_ == 0;
}

void LawWatch::keep(const sim::EmulatorMachine& machine, std::uint64_t tick) {
  if (!points_.empty()) count_changes();
  LawPoint point;
  point.tick = tick;
  point.time = time_;
  for (std::size_t k = 1; k <= sums_.size(); ++k)
    point.weights.push_back(machine.weights(static_cast<int>(k)));
  point.steps.resize(sums_.size());
  points_.push_back(std::move(point));
}

void LawWatch::ticked(const sim::EmulatorMachine& machine, const model::Sample& s, double scale,
                      std::uint64_t done) {
  time_ += scale;
  last_scale_ = scale;
  const bool late = static_cast<double>(done) > (1.0 - late_part) * static_cast<double>(ticks_);
  if (is_looked_at(done)) look(machine, s, scale, late);
  // The n-th place is at the square of n / places of the training.
  const auto n = static_cast<double>(points_.size()) / static_cast<double>(places);
  if (done == ticks_ || static_cast<double>(done) >= n * n * static_cast<double>(ticks_)) keep(machine, done);
}

void LawWatch::look(const sim::EmulatorMachine& machine, const model::Sample& s, double scale, bool late) {
  Factors factors;
  net_.weights.clear();
  for (LawMatrix& m : sums_) {
    std::vector<double> rate = m.layer == 1 ? s.input : machine.read("rate", m.layer - 1);
    if (net_.bias) rate.push_back(1.0);
    const std::vector<double> error = machine.read("error", m.layer);
    factors.rate.push_back(vector_of(rate).cwiseAbs());
    factors.step.push_back(scale * m.eta_dt * vector_of(error).cwiseAbs());
    // As they were before this tick's LEARN, which has seen the target.
    if (late)
      net_.weights.push_back(matrix_of(machine.weights(m.layer), m.step.cols()) -
                             scale * m.eta_dt * vector_of(error) * vector_of(rate).transpose());
    if (late) m.step += factors.step.back() / scale * factors.rate.back().transpose();
  }
  seen_.push_back(std::move(factors));
  if (late) curvature(machine, s);
}

// The changes of every weight since the last place, in units of their own mean square as well.
void LawWatch::count_changes() {
  for (std::size_t k = 0; k < sums_.size(); ++k) {
    if (sums_[k].eta_dt <= 0.0) continue;
    Eigen::MatrixXd squares = Eigen::MatrixXd::Zero(sums_[k].step.rows(), sums_[k].step.cols());
    for (const Factors& f : seen_) squares += f.step[k].cwiseAbs2() * f.rate[k].cwiseAbs2().transpose();
    StepStatistics& all = points_.back().steps[k];
    for (const Factors& f : seen_)
      for (Eigen::Index j = 0; j < squares.cols(); ++j)
        for (Eigen::Index i = 0; i < squares.rows(); ++i)
          all.add(f.step[k][i] * f.rate[k][j], squares(i, j) > 0.0 ? 1.0 / squares(i, j) : 0.0);
  }
  seen_.clear();
}

// Of the network as it says its mind, without a nudge: E[r rᵀ], E[JᵀJ] and what its errors are to the loss.
void LawWatch::curvature(const sim::EmulatorMachine& machine, const model::Sample& s) {
  const model::Layers<double> u = model::feedforward(net_, model::Vector<double>(vector_of(s.input)));
  const Eigen::VectorXd missing = vector_of(s.target) - u.back();
  looks_ += 1.0;
  squares_ += missing.squaredNorm();
  along_ += missing.dot(vector_of(machine.read("error", net_.depth())));
  Eigen::MatrixXd jacobian = Eigen::MatrixXd::Identity(missing.size(), missing.size());
  for (int k = net_.depth(); k >= 1; --k) {
    LawMatrix& m = sums_[static_cast<std::size_t>(k - 1)];
    m.sensitivity += model::transposed_times(jacobian, jacobian);
    const Eigen::Index below = m.step.cols() - (net_.bias ? 1 : 0);
    Eigen::VectorXd source(m.step.cols());
    if (net_.bias) source[below] = 1.0;
    for (Eigen::Index j = 0; j < below; ++j)
      source[j] = k == 1 ? s.input[static_cast<std::size_t>(j)]
                         : model::phi(net_.activation, u[static_cast<std::size_t>(k - 1)][j]);
    m.sources += source * source.transpose();
    if (k == 1) break;
    jacobian = model::times(jacobian, Eigen::MatrixXd(net_.synapses(k)));
    for (Eigen::Index j = 0; j < below; ++j)
      jacobian.col(j) *= model::phi_prime(net_.activation, u[static_cast<std::size_t>(k - 1)][j]);
  }
}

std::vector<LawMatrix> LawWatch::matrices() const {
  std::vector<LawMatrix> means;
  for (const LawMatrix& sum : sums_) {
    if (sum.eta_dt <= 0.0) continue;
    LawMatrix m = sum;
    const double looks = std::max(looks_, 1.0);
    m.step /= looks;
    m.sources /= looks;
    m.sensitivity /= looks;
    means.push_back(std::move(m));
  }
  return means;
}

}  // namespace apical::tools
