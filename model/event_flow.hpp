// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <queue>
#include <vector>

#include "model/network.hpp"

namespace apical::model {

struct EventFlowSettings {
  double tau = 10.0;  ///< ms
  double beta = 0.1;
  double theta = 1e-4;    ///< a rate or an error is sent when it moved by more since it was last sent
  double quantum = 1e-4;  ///< a unit looks at its m again when it decayed by so much; below it, m is 0. |m| /
                          ///< quantum looks a unit
  double hop = 0.0;       ///< ms from sending to arriving; 0: messages settle at the instant that caused them
};

/// The integrated Lagrangian flow in event time, equation (11): u_k = W_k r̄_{k−1} + ē_k + m_k(t), with m in
/// closed form between events. Nothing is computed unless an input, a message or the decay of m asks for it.
///
/// Events are handled in the order of (time, round, layer, unit); with hop = 0 a round is what would be a
/// sweep. Throws std::runtime_error where messages don't settle (see the bound on beta in model/README.md).
class EventFlow {
 public:
  /// Of a chain; throws std::invalid_argument for a graph. Starts at time 0 from voltages u [layers 1..N] in
  /// what input [n_0] and target [n_N] make of them: m(0) = F.
  EventFlow(Network<double>, EventFlowSettings, const Layers<double>& u, const Vector<double>& input,
            const Vector<double>& target);

  /// At `time` (not before now) the input or target of one unit becomes `value`.
  void input(double time, Eigen::Index unit, double value);
  void target(double time, Eigen::Index unit, double value);
  /// Handles all events up to and at `time`.
  void run_until(double time);

  double now() const { return now_; }
  const Vector<double>& u(int k) const { return u_[static_cast<std::size_t>(k)]; }
  std::uint64_t messages() const { return messages_; }  ///< sent so far
  std::uint64_t updates() const { return updates_; }    ///< units computed so far

 private:
  enum class Kind : std::uint8_t { input, target, rate, error, decay, wake };
  struct Event {
    double time;
    std::uint32_t round;
    Kind kind;
    std::int32_t layer;
    Eigen::Index unit;
    double value;  ///< new input or target, or change of what was sent
    bool operator>(const Event& other) const;
  };

  static std::size_t index(int k) { return static_cast<std::size_t>(k); }
  void wake(double time, std::uint32_t round, int layer, Eigen::Index unit);
  void wake_layer(double time, std::uint32_t round, int layer);
  void update(int layer, Eigen::Index unit, std::uint32_t round);
  double decayed(int layer, Eigen::Index unit) const;

  Network<double> net_;
  EventFlowSettings settings_;
  Layers<double> u_, basal_, apical_, nudge_, first_, sent_rate_, sent_error_;
  std::vector<std::vector<double>> woken_;          ///< time of the last wake that is queued, per unit
  std::vector<std::vector<std::uint32_t>> rounds_;  ///< and its round
  std::vector<std::vector<std::uint8_t>> decays_;   ///< 1 while a look at m is queued
  Vector<double> target_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> queue_;
  double now_ = 0.0;
  std::uint64_t messages_ = 0, updates_ = 0;
};

}  // namespace apical::model
