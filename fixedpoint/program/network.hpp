// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fixedpoint/numeric/activation_table.hpp"
#include "fixedpoint/numeric/format.hpp"

namespace apical::fixedpoint {

/// `frac` of a format whose binary point the compiler places (only signal `step` accepts it).
inline constexpr int automatic_frac = std::numeric_limits<int>::min();

/// The formats of a network: one per signal, with exceptions per layer.
struct FormatTable {
  std::map<std::string, Format> by_signal;                 ///< every name of default_formats()
  std::map<std::pair<std::string, int>, Format> by_layer;  ///< complete formats, key (signal, layer 1..N)

  /// The format of `signal` in `layer`; throws std::out_of_range for a name that is no signal.
  const Format& at(const std::string& signal, int layer) const {
    const auto found = by_layer.find({signal, layer});
    return found != by_layer.end() ? found->second : by_signal.at(signal);
  }
};

/// All signals and their default formats: 16 bits, saturating, convergent rounding, weights stochastic.
///
/// weight, input, target; basal (I), apical (a), u (prospective voltage), membrane (s), rate (r), slope (r'),
/// nudge (e), error (err), mismatch (m), step (eta · error, the factor that a learning row shares).
const std::map<std::string, Format>& default_formats();

/// The network that the compiler turns into a program: everything real-valued, nothing quantised yet.
/// Equations: model/README.md, "The prospective unit".
struct NetworkDescription {
  std::vector<int> layers;  ///< units of layer 0 (the input) .. N, at least two entries
  AnyFunction activation;
  bool bias = true;
  double tau = 10.0;             ///< ms
  double dt = 1.0;               ///< ms
  std::vector<double> rho{1.0};  ///< one, or one per unit of layers 1..N in order, 0..2
  std::vector<double> alpha{};   ///< dt / membrane time constant, one per unit as rho, 0..1; empty: dt / tau
  int gamma = 1;                 ///< 1: the nudge moves the voltage; 0: it only teaches
  bool advanced_response = false;   ///< fire on phi(s) + phi'(s)(p - s) instead of phi(p)
  bool parallel_order = false;      ///< every unit reads what arrived at the last tick
  bool mismatch = false;            ///< carry m(0) exp(-n dt/tau) (integrated Lagrangian scheme)
  std::vector<int> theta_rate{0};   ///< LSB that a rate may stand away unsent; one, or one per layer 0..N
  std::vector<int> theta_error{0};  ///< LSB that an error may; one, or one per layer 1..N
  double beta = 0.1;                ///< nudging strength, 0..4
  std::vector<double> eta{0.1};     ///< per ms; one, or one per layer 1..N
  bool learning = true;
  /// (source, target) layers; empty: every layer to the next. A target's bias belongs to its first
  /// connection.
  std::vector<std::pair<int, int>> connections;
  /// Errors come back through matrices B_k of their own that nothing moves, not through the weights; chains.
  bool fixed_feedback = false;
  int accumulator_bits =
      0;  ///< that learning keeps of every weight below its LSB; the network reads the weight
  bool microcircuit = false;     ///< pyramidal cells with apical dendrites, and interneurons
  bool feedback_learns = false;  ///< of a microcircuit: B_{k+1} learns with eta of layer k + 1; (32)
  double weight_decay = 0.0;     ///< per ms, of W and of a learned B where they learn (32): 2^-n / dt, or 0
  double lambda = 0.1;           ///< 0..1, how strongly somata nudge the interneurons; (28)
  std::vector<double> eta_pi{0.0};  ///< per ms, of W^PI_k; one, or one per layer 1..N-1
  std::vector<double> eta_ip{0.0};  ///< per ms, of W^IP_k; likewise
  FormatTable formats;
  int table_index_bits = 9;                  ///< segments of a piecewise-linear table: 2^index_bits
  int table_full_bits = 10;                  ///< inputs up to this width are looked up whole
  std::uint32_t seed = 1;                    ///< of the stochastic rounding
  std::vector<std::vector<double>> weights;  ///< row-major [target × source (+1)], as matrices() lists them
};

/// Throws std::invalid_argument "KEY: ...; accepted: ..." for counts that don't match and values out of
/// range.
void check(const NetworkDescription&);

/// rho and alpha of a unit, which count from 0 over layers 1..N.
double asked_rho(const NetworkDescription&, int unit);
double asked_alpha(const NetworkDescription&, int unit);

/// The connections by target, then source; of a chain those from every layer to the next.
std::vector<std::pair<int, int>> ordered_connections(const NetworkDescription&);

/// One weight matrix of a network: its name and, at the machine, its shape.
struct MatrixShape {
  std::string name;  ///< see Projection::name
  int rows = 0, columns = 0;
};

/// All matrices of a network in the order of NetworkDescription::weights: W_1..W_N of a chain; where feedback
/// is fixed then B_2..B_N, of their shapes without bias; of a microcircuit then all B_{k+1}, all W^PI_k, all
/// W^IP_k, k = 1..N-1; of a graph one per connection, by target, then source.
std::vector<MatrixShape> matrices(const NetworkDescription&);

}  // namespace apical::fixedpoint
