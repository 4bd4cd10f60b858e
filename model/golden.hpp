// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "model/energy.hpp"
#include "model/imperfections.hpp"

namespace apical::model {

/// Row-major weights as they are exchanged: [n_k × (n_{k-1} + 1)], bias last; in a graph see weight_shapes().
using WeightMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

enum class Flow { gradient, lagrangian, latent_equilibrium };
constexpr auto choices(Flow) {
  return std::array{"gradient", "lagrangian", "latent-equilibrium"};
}

/// How the Lagrangian flow is integrated.
enum class Scheme { exact, direct, integrated };
constexpr auto choices(Scheme) {
  return std::array{"exact", "direct", "integrated"};
}

/// How a unit's rate follows its voltage.
enum class Response { prospective, advanced };
constexpr auto choices(Response) {
  return std::array{"prospective", "advanced"};
}

/// In which order units read each other within a tick.
enum class Order { sweep, parallel };
constexpr auto choices(Order) {
  return std::array{"sweep", "parallel"};
}

/// What synapses remember of the past; (61), (62).
enum class Trace { none, round_trip };
constexpr auto choices(Trace) {
  return std::array{"none", "round-trip"};
}

/// What the golden model runs. Units: ms for times, everything else dimensionless.
struct GoldenSettings {
  std::vector<int> layers;  ///< n_0 .. n_N
  Activation activation = Activation::logistic;
  bool bias = true;
  Connections connections{};  ///< empty: a chain of layers
  Flow flow = Flow::latent_equilibrium;
  Scheme scheme = Scheme::integrated;  ///< of the Lagrangian flow
  Response response = Response::prospective;
  Order order = Order::sweep;
  double tau = 10.0, dt = 1.0;
  std::vector<double> rho{1.0};    ///< one, or one per neuron of layers 1..N; latent-equilibrium only
  std::vector<double> alpha{};     ///< dt / membrane time constant, one per neuron, 0..1; empty: dt / tau
  double gamma = 1.0, beta = 0.1;  ///< gamma is 0 or 1
  std::vector<double> eta{0.1};    ///< per ms; one, or one per layer
  bool learning = true;
  Trace trace = Trace::none;
  /// Errors come back through matrices B of their own, which nothing moves (66), in a chain. They follow the
  /// weights: B_2 .. B_N, [n_k × n_{k-1}] without bias.
  bool fixed_feedback = false;
  int voltage_frac = -1;  ///< fraction bits that voltages are held in from tick to tick; -1: a double's
};

/// The reference network in double precision, one tick at a time (model/README.md, "The prospective unit").
///
/// The gradient flow, latent equilibrium and the Lagrangian flow in its integrated scheme are the prospective
/// unit with rho = 0, the configured rho, and rho = 1 with the decaying mismatch. The schemes exact and
/// direct integrate the Lagrangian flow in its continuous form, input and target moving linearly from their
/// last values over each tick; direct takes them, the voltages and their rates of change at its start.
class Golden {
 public:
  /// Throws std::invalid_argument for settings out of range or weights whose shape doesn't match. With a
  /// `chip`, of the same shape, the network has its imperfections; not in the Lagrangian flow.
  Golden(GoldenSettings, const std::vector<WeightMatrix>& weights, std::shared_ptr<Imperfections> chip = {});

  /// One tick. `input` [n_0]; `target` [n_N], may be null when `nudge` is 0; `nudge` multiplies beta. Throws
  /// std::invalid_argument for a nudge without a target.
  void tick(const double* input, const double* target, double nudge);
  /// 0: no weight learns; with a chip those that leak go on leaking.
  void set_learning_scale(double factor) { learning_scale_ = factor; }
  /// Replaces the weights of connection 1.., or of a B behind them, by others of the same shape.
  void set_weights(int connection, const WeightMatrix&);
  void set_testing(bool testing);  ///< for imperfections after training

  int depth() const { return net_.depth(); }
  const Network<double>& network() const { return net_; }
  const GoldenSettings& settings() const { return settings_; }
  /// Signals of layer k = 1..N after the tick: at its end, which input and target are of, too.
  const Eigen::VectorXd& u(int k) const { return u_[index(k)]; }
  const Eigen::VectorXd& rate(int k) const { return now_.rate[index(k)]; }
  const Eigen::VectorXd& slope(int k) const { return now_.slope[index(k)]; }
  const Eigen::VectorXd& basal(int k) const { return now_.basal[index(k)]; }
  const Eigen::VectorXd& apical(int k) const { return now_.apical[index(k)]; }
  const Eigen::VectorXd& nudge(int k) const { return now_.nudge[index(k)]; }
  const Eigen::VectorXd& error(int k) const { return now_.mismatch[index(k)]; }
  const Eigen::VectorXd& membrane(int k) const { return membrane_[index(k)]; }
  const Eigen::VectorXd& mismatch(int k) const { return decaying_[index(k)]; }
  std::vector<WeightMatrix> weights() const;  ///< one per connection, then the Bs
  /// Number 1.. of them.
  const Eigen::MatrixXd& matrix(int number) const {
    const std::size_t place = index(number - 1), own = net_.weights.size();
    return place < own ? net_.weights[place] : feedback_.at(place - own);
  }
  std::uint64_t macs() const { return macs_; }
  bool finite() const;  ///< every voltage is a number

 private:
  static std::size_t index(int k) { return static_cast<std::size_t>(k); }
  const Network<double>& acting() const { return effective_.weights.empty() ? net_ : effective_; }
  const Layers<double>& heard_rates() const { return chip_ ? heard_rate_ : now_.rate; }
  const Layers<double>& heard_errors() const { return chip_ ? heard_error_ : now_.mismatch; }
  void find_effective(int connection);
  void send_rates(int k);
  void send_errors(int k);
  void leak();
  void refuse_trace() const;
  int round_trip(int k) const;  ///< ticks from layer k to the last and back, the mean of what jitters
  void remember();
  const Layers<double>& rates_of_error(int k) const;
  const Layers<double>& slopes_of_error(int k) const;
  void start(double beta);
  Eigen::VectorXd current(const Eigen::VectorXd& input) const;
  void forward(int k);
  void backward(int k);
  void soma(int k);
  Eigen::VectorXd held(Eigen::VectorXd u) const;
  void errors(int k, double beta);
  void settle_membrane(int k);
  void learn(int k);
  Eigen::VectorXd drive(int k) const;
  void unit_tick(double beta);
  void continuous_tick(double beta);

  GoldenSettings settings_;
  Network<double> net_;
  std::vector<Eigen::MatrixXd> feedback_;    ///< B_2 .. B_N; empty: errors come back through the weights
  std::shared_ptr<Imperfections> chip_;      ///< none: a perfect one
  Network<double> effective_;                ///< weights as the chip has them; empty: as they are
  Layers<double> heard_rate_, heard_error_;  ///< what arrives, with a chip
  /// What arrived and the slopes of one tick.
  struct Past {
    Layers<double> rate, slope;
  };
  std::vector<Past> past_;  ///< the newest first; empty: no trace
  Moment<double> now_;      ///< of the unit: mismatch holds err
  Layers<double> u_, membrane_, first_, decaying_, rho_, alpha_;
  Layers<double> velocity_;  ///< du/dt of the last tick, direct scheme
  Eigen::VectorXd target_, last_input_, last_target_;
  bool continuous_ = false, carries_mismatch_ = false;
  double learning_scale_ = 1.0;
  std::uint64_t ticks_ = 0, macs_ = 0, passes_ = 0;  ///< passes_: macs of one forward and backward pass
};

/// Normal weights with standard deviation gain / sqrt(fan-in of the layer), bias 0; `gain` is one or one per
/// layer. One matrix per connection.
std::vector<WeightMatrix> initial_weights(const std::vector<int>& layers, Bias,
                                          const std::vector<double>& gain, std::uint64_t seed,
                                          const Connections& = {});

}  // namespace apical::model
