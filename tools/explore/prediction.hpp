// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tools/explore/laws.hpp"

namespace apical::tools {

/// What a trained network makes of data that it didn't learn.
struct Tested {
  double score = 0.0;  ///< accuracy, or mean squared error
  double loss = 0.0;   ///< mean of ½ ‖target − u_N‖²
};
using Tester = std::function<Tested(const std::vector<std::vector<double>>& weights)>;

/// Fraction bits that a law predicts; real numbers, so that they can be compared with what was measured.
struct PredictedBits {
  std::optional<double> frac;  ///< none: nothing is said
  double uncertainty = 0.0;    ///< bits, to both sides
  std::string why;             ///< nothing is said
};

/// How the weights round.
enum class WeightRounding { stochastic, nearest, accumulator };
inline constexpr WeightRounding weight_roundings[] = {WeightRounding::stochastic, WeightRounding::nearest,
                                                      WeightRounding::accumulator};
const char* name_of(WeightRounding);

/// One weight matrix, or all together with one LSB (layer 0).
struct PredictedWeights {
  std::string name;
  int layer = 0;
  int whole_bits = 0;           ///< integer bits, the sign among them, that its range needs
  double mean_change = 0.0;     ///< E|Δ| at the end of the training
  double excess_per_lsb = 0.0;  ///< loss that stochastic rounding adds, changes far below an LSB (70)
  PredictedBits bits[3];
  const PredictedBits& operator[](WeightRounding r) const { return bits[static_cast<std::size_t>(r)]; }
  PredictedBits& operator[](WeightRounding r) { return bits[static_cast<std::size_t>(r)]; }
};

/// Membranes of one layer; of those that nobody reads (ρ = 1) nothing is said.
struct PredictedMembrane {
  int layer = 0;
  int whole_bits = 0;
  PredictedBits stochastic, nearest;
};

/// Word lengths that a tolerated loss needs, predicted from one training in wide formats by the laws (68) to
/// (74) of model/README.md.
struct Prediction {
  double tolerance = 0.0;  ///< points of accuracy, or percent of the mean squared error
  int accumulator_bits = 0;
  Tested wide;                  ///< of the wide network, on data that didn't train it
  double training_loss = 0.0;   ///< of what it learned from at the end
  double tolerated_loss = 0.0;  ///< excess of the loss that comes with the tolerated loss of score
  double nudge = 0.0;           ///< LawWatch::nudge()
  PredictedWeights together;
  std::vector<PredictedWeights> matrices;
  std::vector<PredictedMembrane> membranes;
};

/// What the predictions are made from.
struct LawMeasurements {
  const LawWatch& watch;
  const fixedpoint::Program& program;  ///< as configured
  Tester test{};
  bool classification = false;
  int outputs = 1;
  int accumulator_bits = 8;
  double tolerance = 0.0;
  std::uint64_t seed = 1;
  std::function<int(const std::string& signal, int layer)> whole_bits{};  ///< that ranges need
};
Prediction predict(const LawMeasurements&);

/// Bits that have to be provided: integer bits and fraction bits, rounded up.
int bits_of(const PredictedBits&, int whole_bits);
std::string prediction_text(const Prediction&, bool classification);
nlohmann::ordered_json prediction_json(const Prediction&, bool classification);

}  // namespace apical::tools
