// SPDX-License-Identifier: Apache-2.0
#include "model/event_flow.hpp"

#include <cmath>
#include <stdexcept>
#include <tuple>

#include "model/energy.hpp"

namespace apical::model {
namespace {

constexpr std::uint32_t most_rounds = 100000;  // at one instant

}  // namespace

bool EventFlow::Event::operator>(const Event& other) const {
  return std::tie(time, round, kind, layer, unit) >
         std::tie(other.time, other.round, other.kind, other.layer, other.unit);
}

EventFlow::EventFlow(Network<double> net, EventFlowSettings settings, const Layers<double>& u,
                     const Vector<double>& input, const Vector<double>& target)
    : net_(std::move(net)), settings_(settings), u_(u), target_(target) {
  if (!net_.chain()) throw std::invalid_argument("event flow: a graph; accepted: a chain of layers");
  const Vector<double> still = Vector<double>::Zero(input.size());
  const Drive<double> drive{input, still, target, Vector<double>::Zero(target.size()), settings_.beta};
  const Moment<double> m = evaluate(net_, u_, drive);
  basal_ = m.basal;
  apical_ = m.apical;
  nudge_ = m.nudge;
  first_ = gradient(m);
  sent_rate_ = m.rate;
  sent_error_ = m.mismatch;
  for (int k = 0; k <= net_.depth(); ++k) {
    const auto units = static_cast<std::size_t>(k == 0 ? 0 : net_.units(k));
    woken_.emplace_back(units, -1.0);
    rounds_.emplace_back(units, 0);
    decays_.emplace_back(units, 0);
    if (k > 0) wake_layer(0.0, 0, k);
  }
}

void EventFlow::input(double time, Eigen::Index unit, double value) {
  if (!(time >= now_)) throw std::invalid_argument("an input of the past; accepted: the time now, or later");
  queue_.push({time, 0, Kind::input, 0, unit, value});
}

void EventFlow::target(double time, Eigen::Index unit, double value) {
  if (!(time >= now_)) throw std::invalid_argument("a target of the past; accepted: the time now, or later");
  queue_.push({time, 0, Kind::target, net_.depth(), unit, value});
}

// At most one wake of a unit waits for each moment.
void EventFlow::wake(double time, std::uint32_t round, int layer, Eigen::Index unit) {
  const auto i = static_cast<std::size_t>(unit);
  double& queued = woken_[index(layer)][i];
  std::uint32_t& in_round = rounds_[index(layer)][i];
  if (queued == time && in_round == round) return;
  queued = time;
  in_round = round;
  queue_.push({time, round, Kind::wake, layer, unit, 0.0});
}

void EventFlow::wake_layer(double time, std::uint32_t round, int layer) {
  for (Eigen::Index unit = 0; unit < net_.units(layer); ++unit) wake(time, round, layer, unit);
}

double EventFlow::decayed(int layer, Eigen::Index unit) const {
  const double m = first_[index(layer)][unit] * exp(-now_ / settings_.tau);
  return std::abs(m) > settings_.quantum ? m : 0.0;
}

void EventFlow::run_until(double time) {
  while (!queue_.empty() && queue_.top().time <= time) {
    const Event e = queue_.top();
    queue_.pop();
    now_ = e.time;
    if (e.round > most_rounds)
      throw std::runtime_error("messages don't settle: beta is beyond its bound, or theta is below rounding");
    switch (e.kind) {
      case Kind::input: {
        double& sent = sent_rate_[0][e.unit];
        basal_[1] += (e.value - sent) * net_.weight(1).col(e.unit);
        sent = e.value;
        wake_layer(now_, e.round, 1);
        break;
      }
      case Kind::target:
        target_[e.unit] = e.value;
        wake(now_, e.round, e.layer, e.unit);
        break;
      case Kind::rate:
        basal_[index(e.layer + 1)] += e.value * net_.weight(e.layer + 1).col(e.unit);
        wake_layer(now_, e.round, e.layer + 1);
        break;
      case Kind::error:
        apical_[index(e.layer - 1)] += e.value * net_.synapses(e.layer).row(e.unit).transpose();
        wake_layer(now_, e.round, e.layer - 1);
        break;
      case Kind::decay:
        decays_[index(e.layer)][static_cast<std::size_t>(e.unit)] = 0;
        update(e.layer, e.unit, e.round);
        break;
      case Kind::wake:
        update(e.layer, e.unit, e.round);
        break;
    }
  }
  now_ = time;
}

void EventFlow::update(int layer, Eigen::Index unit, std::uint32_t round) {
  ++updates_;
  const auto k = index(layer);
  const double m = decayed(layer, unit);
  double& u = u_[k][unit];
  double& nudge = nudge_[k][unit];
  u = basal_[k][unit] + nudge + m;
  const double before = nudge;
  nudge = layer == net_.depth() ? settings_.beta * (target_[unit] - u)
                                : phi_prime(net_.activation, u) * apical_[k][unit];
  // What the nudge does to the voltage is a message of the unit to itself.
  const double next = settings_.hop > 0.0 ? now_ + settings_.hop : now_;
  const std::uint32_t next_round = settings_.hop > 0.0 ? 0 : round + 1;
  if (std::abs(nudge - before) > settings_.theta) wake(next, next_round, layer, unit);
  std::uint8_t& decay_queued = decays_[k][static_cast<std::size_t>(unit)];
  if (m != 0.0 && decay_queued == 0) {
    const double wait = settings_.tau * log(std::abs(m) / (std::abs(m) - settings_.quantum));
    queue_.push({now_ + wait, 0, Kind::decay, layer, unit, 0.0});
    decay_queued = 1;
  }
  const auto send = [&](double value, double& sent, Kind kind) {
    const double change = value - sent;
    if (std::abs(change) <= settings_.theta) return;
    sent = value;
    ++messages_;
    queue_.push({next, next_round, kind, layer, unit, change});
  };
  if (layer < net_.depth()) send(phi(net_.activation, u), sent_rate_[k][unit], Kind::rate);
  if (layer > 1) send(nudge + m, sent_error_[k][unit], Kind::error);
}

}  // namespace apical::model
