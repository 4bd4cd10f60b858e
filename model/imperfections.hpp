// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <boost/random/mersenne_twister.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "model/network.hpp"

namespace apical::model {

/// x as the nearest multiple of 2^-frac, ties to even.
double on_grid(double x, int frac);

/// When a chip is imperfect: all the time, or in tests alone.
enum class When { always, after_training };
constexpr auto choices(When) {
  return std::array{"always", "after-training"};
}

/// What an analog chip does to the network (model/README.md, "Analog imperfections"). 0 is a perfect chip.
struct ImperfectionSettings {
  std::uint64_t seed = 0;  ///< 0: run.seed; equal seeds are one chip
  When when = When::always;
  double gain_spread = 0.0, offset_spread = 0.0, slope_spread = 0.0;  ///< standard deviations, (51), (52)
  double weight_spread = 0.0;                                         ///< sigma of the lognormal error (54)
  double dead_neurons = 0.0, dead_synapses = 0.0;                     ///< shares 0..1
  double noise = 0.0, error_noise = 0.0;  ///< standard deviations of a voltage and of a sent error
  double noise_tau = 0.0;                 ///< ms, 0: white (55)
  int rate_bits = 0, error_bits = 0;      ///< of converters, 0: none (53)
  double rate_range = 1.0, error_range = 1.0;
  int delay = 0, delay_jitter = 0;  ///< ticks (56)
  double weight_leak = 0.0;         ///< time constant in ms, 0: none (58)
  double update_step = 0.0, update_limit = 0.0, update_asymmetry = 0.0, update_bound = 0.0;  ///< (57)

  bool fires() const { return offset_spread > 0.0 || slope_spread > 0.0 || noise > 0.0; }
  bool rates() const { return gain_spread > 0.0 || dead_neurons > 0.0 || rate_bits > 0; }
  bool errors() const {
    return gain_spread > 0.0 || dead_neurons > 0.0 || error_bits > 0 || error_noise > 0.0;
  }
  bool delays() const { return delay > 0 || delay_jitter > 0; }
  bool weights() const { return weight_spread > 0.0 || dead_synapses > 0.0; }
  bool updates() const {
    return update_step > 0.0 || update_limit > 0.0 || update_asymmetry != 0.0 || update_bound > 0.0;
  }
  bool any() const {
    return fires() || rates() || errors() || delays() || weights() || updates() || weight_leak > 0.0;
  }
};

/// What signals run over: 0 and above, or both signs.
enum class Polarity { unipolar, bipolar };

/// A converter of `bits` bits over 0..range (unipolar) or ±range: x as one of its levels, to nearest, ties to
/// even (53). 0 bits leave x as it is.
double converted(double x, int bits, double range, Polarity);

/// The imperfections of one chip: what never changes is drawn once, noise and jitter once a tick, all from
/// the seed. Golden model and emulator each have one; equal settings and shapes are equal chips.
///
/// Constants and noise are multiples of 2^-constant_frac, which integer machines hold exactly. Layers count
/// from 1 to N, connections from 1; vectors are [n_k].
class Imperfections {
 public:
  static constexpr int constant_frac = 14;
  static constexpr double largest_factor = 16.0;  ///< of gain, slope and error of a weight

  /// `layers` n_0..n_N; `dt` in ms; `rates` are bipolar where the activation goes below 0.
  Imperfections(ImperfectionSettings, const std::vector<int>& layers, Bias, const Connections&, double dt,
                Polarity rates);

  const ImperfectionSettings& settings() const { return settings_; }
  void set_testing(bool testing) { testing_ = testing; }
  bool acting() const { return testing_ || settings_.when == When::always; }

  /// Draws the noise and the delays of the next tick.
  void begin_tick();
  /// What the units of layer k fire on at voltage u (51).
  Eigen::VectorXd fires_on(int k, const Eigen::VectorXd& u) const;
  /// What the units of layer k send at rate r (51), (53) and at error e (52), (53).
  Eigen::VectorXd sends_rate(int k, const Eigen::VectorXd& r) const;
  Eigen::VectorXd sends_error(int k, const Eigen::VectorXd& e) const;
  /// What arrives while this is sent (56); once a tick. The lines start filled with the first value.
  Eigen::VectorXd rate_arrives(int k, const Eigen::VectorXd& sent);
  Eigen::VectorXd error_arrives(int k, const Eigen::VectorXd& sent);
  /// Factors of the weights of a connection [rows × columns] (54); of the bias, too.
  const Eigen::MatrixXd& factors(int connection) const { return factors_[at(connection - 1)]; }
  /// What becomes of a change of W_ij at its value `weight` (57).
  double device_change(int connection, Eigen::Index i, Eigen::Index j, double weight, double change) const;
  /// What a tick leaves of a weight (58).
  double kept() const { return kept_; }
  /// Uniform in 0..1, another one per tick, connection, weight and purpose.
  double uniform(int purpose, int connection, Eigen::Index i, Eigen::Index j) const;

  /// Drawn constants of layer k.
  struct Neurons {
    Eigen::VectorXd gain, error_gain, slope, offset;
    Eigen::VectorXd alive;  ///< 0 or 1; units of hidden layers alone can be dead
  };
  const Neurons& neurons(int k) const { return layers_[at(k)].constant; }
  std::string summary() const;  ///< what was drawn, in a line

  static constexpr int step_purpose = 0, leak_purpose = 1;

 private:
  using Random = boost::random::mt19937_64;
  /// A noise of every unit of a layer, stationary from the start.
  struct Noise {
    Random random;
    Eigen::VectorXd state, now;  ///< now: rounded to the grid
  };
  /// What was sent in the last ticks, the newest first, and how old what arrives is.
  struct Line {
    Random random;
    std::vector<Eigen::VectorXd> sent;
    std::vector<int> age;
  };
  struct Layer {
    Neurons constant;
    Noise voltage, error;
    Line rates, errors;
  };
  static std::size_t at(int k) { return static_cast<std::size_t>(k); }
  Random generator(int purpose, int index) const;
  void advance(Noise&, double sigma, bool first) const;
  void age(Line&) const;
  Eigen::VectorXd arrives(Line&, const Eigen::VectorXd& sent) const;

  ImperfectionSettings settings_;
  double dt_;
  Polarity rate_polarity_;
  bool testing_ = false;
  std::uint64_t ticks_ = 0, tick_key_ = 0;  ///< tick_key_: of the random numbers of this tick
  double kept_ = 1.0;
  std::vector<Layer> layers_;
  std::vector<Eigen::MatrixXd> factors_;
};

}  // namespace apical::model
