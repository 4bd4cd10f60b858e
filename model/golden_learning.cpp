// SPDX-License-Identifier: Apache-2.0
// What the golden model learns, and from the rates of which tick (model/README.md, "Plasticity" and
// "Delays").
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "model/golden.hpp"
#include "model/settings/settings_error.hpp"

namespace apical::model {

void Golden::refuse_trace() const {
  const auto refuse = [this](const std::string& what, const char* accepted) {
    throw SettingsError("learning.trace", fmt::format("\"{}\" with {}", name_of(settings_.trace), what),
                        fmt::format("none, or {}", accepted));
  };
  if (!net_.chain())
    refuse("network.connections, where errors have ways of many lengths", "a chain of layers");
  if (settings_.flow == Flow::lagrangian)
    refuse("dynamics.flow \"lagrangian\"", "flow = \"latent-equilibrium\", \"gradient\"");
}

int Golden::round_trip(int k) const {
  int both_ways = settings_.order == Order::parallel ? 2 : 0;  // of one layer, in ticks
  if (chip_ && chip_->settings().when == When::always)
    both_ways += 2 * chip_->settings().delay + chip_->settings().delay_jitter;
  return (depth() - k) * both_ways;
}

void Golden::remember() {
  if (settings_.trace == Trace::none) return;
  const std::size_t longest = index(round_trip(1) + 2);
  if (past_.empty()) past_.assign(longest, {heard_rates(), now_.slope});
  std::rotate(past_.begin(), past_.end() - 1, past_.end());
  past_.front() = {heard_rates(), now_.slope};
}

const Layers<double>& Golden::rates_of_error(int k) const {
  if (settings_.trace == Trace::none) return heard_rates();
  return past_[index(round_trip(k) + (settings_.order == Order::parallel ? 1 : 0))].rate;
}

const Layers<double>& Golden::slopes_of_error(int k) const {
  return settings_.trace == Trace::none ? now_.slope : past_[index(round_trip(k))].slope;
}

void Golden::learn(int k) {
  if (!settings_.learning || learning_scale_ == 0.0) return;
  const Eigen::VectorXd& error = now_.mismatch[index(k)];
  if ((error.array() == 0.0).all()) return;
  const double eta =
      settings_.eta[settings_.eta.size() == 1 ? 0 : index(k - 1)] * settings_.dt * learning_scale_;
  const Eigen::VectorXd step = eta * error;
  for (int c = 1; c <= net_.count(); ++c) {
    if (net_.target(c) != k) continue;
    Eigen::MatrixXd& w = net_.weights[index(c - 1)];
    const Eigen::VectorXd& rate = rates_of_error(k)[index(net_.source(c))];
    if (chip_ && chip_->settings().updates()) {
      const auto move = [&](Eigen::Index j, double source) {
        for (Eigen::Index i = 0; i < w.rows(); ++i)
          w(i, j) += chip_->device_change(c, i, j, w(i, j), source * step[i]);
      };
      for (Eigen::Index j = 0; j < rate.size(); ++j)
        if (rate[j] != 0.0) move(j, rate[j]);
      if (net_.biased(c)) move(w.cols() - 1, 1.0);
    } else {
      add_outer(w, step, rate);
      if (net_.biased(c)) w.col(w.cols() - 1) += step;
    }
    if (!effective_.weights.empty()) find_effective(c);
    macs_ += static_cast<std::uint64_t>(w.size());
  }
}

}  // namespace apical::model
