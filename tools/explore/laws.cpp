// SPDX-License-Identifier: Apache-2.0
#include "tools/explore/laws.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "model/elementary.hpp"

namespace apical::tools {
namespace {

constexpr int steps_of_training = 2000;  // of the integral (72)

double scale_between(const LawPoint& a, const LawPoint& b) {
  return (b.time - a.time) / static_cast<double>(b.tick - a.tick);
}

// What of a variance that came in at a steady rate from learning time `from` to `to` is left at `end`, where
// it falls by e^(-2 h t): ∫ e^(-2 h (end - t)) dt.
double left_over(double h, double from, double to, double end) {
  if (h * (end - from) < 1e-9) return to - from;
  return (model::exp(-2.0 * h * (end - to)) - model::exp(-2.0 * h * (end - from))) / (2.0 * h);
}

}  // namespace

RoundedMatrix::RoundedMatrix(const LawMatrix& m, const std::vector<LawPoint>& points, double last_scale,
                             double nudge)
    : name_(m.name), layer_(m.layer), scale_(last_scale), mean_change_(last_scale * m.step.mean()) {
  const auto index = static_cast<std::size_t>(m.layer - 1);
  for (std::size_t i = 0; i + 1 < points.size(); ++i)
    means_.push_back(points[i].steps[index].mean() / scale_between(points[i], points[i + 1]));
  // The last places have the changes of the trained network.
  for (std::size_t i = points.size() - std::min<std::size_t>(points.size(), 4); i + 1 < points.size(); ++i)
    last_.join(points[i].steps[index]);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> rows(m.sensitivity), columns(m.sources);
  rows_ = rows.eigenvectors();
  columns_ = columns.eigenvectors();
  const Eigen::MatrixXd rotated =
      model::times(model::transposed_times(Eigen::MatrixXd(rows_.cwiseAbs2()), m.step),
                   Eigen::MatrixXd(columns_.cwiseAbs2()));
  const double rate = m.eta_dt * nudge;  // of descent on the loss, per learning time
  variance_.setZero(m.step.rows(), m.step.cols());
  const double now = m.step.mean(), end = points.back().time * rate;
  for (Eigen::Index b = 0; b < variance_.cols(); ++b)
    for (Eigen::Index a = 0; a < variance_.rows(); ++a) {
      const double h = std::max(0.0, rows.eigenvalues()[a]) * std::max(0.0, columns.eigenvalues()[b]);
      double history = 0.0;
      for (std::size_t i = 0; i + 1 < points.size(); ++i)
        history += means_[i] * left_over(h, points[i].time * rate, points[i + 1].time * rate, end);
      variance_(a, b) = now > 0.0 && rate > 0.0 ? rotated(a, b) / rate * history / now : 0.0;
      unit_ += 0.5 * h * variance_(a, b);
    }
}

double RoundedMatrix::excess(double log2_lsb) const {
  const double asked = last_.mean();  // where changes are far below an LSB the variance is LSB · E|Δ|
  return asked > 0.0 ? unit_ * last_.stochastic_variance(log2_lsb) / asked : 0.0;
}

double RoundedMatrix::drift(std::size_t from_end) const {
  const double now = last_.mean() / scale_;
  return now > 0.0 && from_end < means_.size() ? means_[means_.size() - 1 - from_end] / now : 1.0;
}

void RoundedMatrix::disturb(std::vector<double>& weights, double excess_loss,
                            const std::vector<double>& normals) const {
  if (!(unit_ > 0.0)) return;
  Eigen::MatrixXd noise(variance_.rows(), variance_.cols());
  for (Eigen::Index i = 0; i < noise.size(); ++i)
    noise(i) = normals[static_cast<std::size_t>(i)] * std::sqrt(variance_(i) * excess_loss / unit_);
  const Eigen::MatrixXd turned =
      model::times(model::times(rows_, noise), Eigen::MatrixXd(columns_.transpose()));
  for (Eigen::Index i = 0; i < noise.rows(); ++i)
    for (Eigen::Index j = 0; j < noise.cols(); ++j)
      weights[static_cast<std::size_t>(i * noise.cols() + j)] += turned(i, j);
}

double with_grown_errors(double excess, double loss) {
  if (!(loss > 0.0)) return excess;
  const double slope = excess * excess / loss;  // δ² - slope δ - excess² = 0
  return 0.5 * (slope + std::sqrt(slope * slope + 4.0 * excess * excess));
}

double learned_time(const std::vector<LawPoint>& points, const std::vector<double>& eta_dt,
                    const std::vector<double>& log2_lsb) {
  const LawPoint& end = points.back();
  double at = 0.0, done = 0.0;  // learning time: of the wide network's place, of the schedule
  std::size_t here = 0, now = 0;
  for (int n = 0; n < steps_of_training; ++n) {
    const double ticks = static_cast<double>(end.tick) / steps_of_training;
    const double tick = (n + 0.5) * ticks;
    while (now + 2 < points.size() && static_cast<double>(points[now + 1].tick) < tick) ++now;
    while (here + 2 < points.size() && points[here + 1].time < at) ++here;
    const double scale = scale_between(points[now], points[now + 1]);
    // The wide network's changes at its place, as large as today's learning rate makes them.
    const double larger = model::log2(scale / scale_between(points[here], points[here + 1]));
    double kept = 0.0, whole = 0.0;
    for (std::size_t k = 0; k < eta_dt.size(); ++k) {
      if (eta_dt[k] <= 0.0) continue;
      const StepStatistics& steps = points[here].steps[k];
      whole += steps.moved();
      kept += steps.moved() * steps.kept(log2_lsb[k] - larger);
    }
    done += scale * ticks;
    if (whole > 0.0) at += kept / whole * scale * ticks;
  }
  return std::min(at, done);
}

double membrane_noise_stochastic() {
  return std::sqrt(1.0 / 6.0);
}

double membrane_stop_nearest(double alpha) {
  return 0.5 / alpha;
}

}  // namespace apical::tools
