// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "tools/explore/prediction.hpp"

namespace apical::tools {
namespace {

using nlohmann::ordered_json;

// "8.4 ± 0.5": bits in all, as they have to be provided, and fraction bits as predicted.
std::string words(const PredictedBits& b, int whole) {
  return b.frac ? fmt::format("{} ({:.1f} ± {:.1f})", bits_of(b, whole), *b.frac, b.uncertainty) : "-";
}

ordered_json in_json(const PredictedBits& b, int whole) {
  if (!b.frac) return {{"frac", nullptr}, {"why", b.why}};
  return {{"frac", *b.frac}, {"uncertainty", b.uncertainty}, {"bits", bits_of(b, whole)}};
}

}  // namespace

int bits_of(const PredictedBits& b, int whole_bits) {
  return whole_bits + static_cast<int>(std::ceil(*b.frac - 1e-9));
}

std::string prediction_text(const Prediction& p, bool classification) {
  std::string text = fmt::format(
      "\nBits predicted by the laws of rounding, for {:g}{} lost on validation data ({}); in brackets "
      "fraction "
      "bits, which may be off by as much as that\n{:<14} {:>20} {:>20} {:>20}\n",
      p.tolerance, classification ? " points of accuracy" : "% of the mean squared error",
      classification ? fmt::format("{:.2f}%", 100.0 * p.wide.score) : fmt::format("mse {:.4g}", p.wide.score),
      "", "stochastic", "nearest", fmt::format("nearest, {} below", p.accumulator_bits));
  const auto row = [&](const PredictedWeights& w) {
    text += fmt::format(
        "{:<14} {:>21} {:>21} {:>21}\n", w.name, words(w[WeightRounding::stochastic], w.whole_bits),
        words(w[WeightRounding::nearest], w.whole_bits), words(w[WeightRounding::accumulator], w.whole_bits));
  };
  row(p.together);
  for (const PredictedWeights& w : p.matrices) row(w);
  for (const PredictedMembrane& m : p.membranes)
    text += fmt::format("{:<14} {:>21} {:>21}\n", fmt::format("membrane {}", m.layer),
                        words(m.stochastic, m.whole_bits), words(m.nearest, m.whole_bits));
  for (const WeightRounding r : weight_roundings)
    if (!p.together[r].frac)
      text += fmt::format("{} rounding of all weights: nothing is said, {}\n", name_of(r), p.together[r].why);
  return text;
}

ordered_json prediction_json(const Prediction& p, bool classification) {
  ordered_json json = {{classification ? "tolerance_points" : "tolerance_percent_of_mse", p.tolerance},
                       {"accumulator_bits", p.accumulator_bits},
                       {classification ? "validation_accuracy" : "validation_mse", p.wide.score},
                       {"validation_loss", p.wide.loss},
                       {"training_loss", p.training_loss},
                       {"tolerated_excess_loss", p.tolerated_loss},
                       {"nudge", p.nudge},
                       {"weights", ordered_json::array()},
                       {"membranes", ordered_json::array()}};
  const auto add = [&](const PredictedWeights& w) {
    ordered_json one = {{"name", w.name}, {"layer", w.layer}, {"integer_bits", w.whole_bits}};
    if (w.layer > 0) one.update({{"mean_change", w.mean_change}, {"excess_per_lsb", w.excess_per_lsb}});
    for (const WeightRounding r : weight_roundings) one[name_of(r)] = in_json(w[r], w.whole_bits);
    json["weights"].push_back(one);
  };
  add(p.together);
  for (const PredictedWeights& w : p.matrices) add(w);
  for (const PredictedMembrane& m : p.membranes)
    json["membranes"].push_back({{"layer", m.layer},
                                 {"integer_bits", m.whole_bits},
                                 {"stochastic", in_json(m.stochastic, m.whole_bits)},
                                 {"nearest", in_json(m.nearest, m.whole_bits)}});
  return json;
}

}  // namespace apical::tools
