// SPDX-License-Identifier: Apache-2.0
#include "tools/explore/prediction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <cmath>
#include <limits>
#include <map>

#include "model/normal.hpp"

namespace apical::tools {
namespace {

using Weights = std::vector<std::vector<double>>;

constexpr int coarsest = -6, finest = 30;  // fraction bits that are looked at
constexpr int draws = 8;                   // of the laws' noise, for every LSB
constexpr double most_beyond = 0.5;     // of the changes, above an LSB: (69) says nothing of such roundings
constexpr double negligible = 2e-3;     // excess, of the loss: nothing is lost of an accuracy
constexpr std::size_t last_places = 3;  // by which E|Δ| is judged

// What is lost at every LSB, in units of the tolerance, with its standard error.
struct Loss {
  double mean = 0.0, error = 0.0;
};
using LossAt = std::function<Loss(double frac)>;

// The coarsest LSB from which on all finer ones lose less than is tolerated; between two of them linear in
// the loss' logarithm. Uncertainty from the standard error of the loss.
PredictedBits crossing(const LossAt& lost) {
  PredictedBits bits;
  Loss finer = lost(finest);
  if (!(finer.mean < 1.0)) {
    bits.why = fmt::format("{} fraction bits lose more than is tolerated", finest);
    return bits;
  }
  for (int frac = finest - 1; frac >= coarsest; --frac) {
    const Loss here = lost(frac);
    if (here.mean >= 1.0 || !std::isfinite(here.mean)) {
      const double low = model::log2(std::max(finer.mean, 1.0 / 16.0));
      const double high = model::log2(std::isfinite(here.mean) ? std::min(here.mean, 1e6) : 1e6);
      bits.frac = frac + (high > low ? high / (high - low) : 1.0);
      const double slope = std::max(high - low, 0.25);  // octaves of loss a bit
      const double relative = std::min(1.0, std::max(here.error / here.mean, finer.error));
      bits.uncertainty = std::min(4.0, model::log2(1.0 + relative) / slope);
      return bits;
    }
    finer = here;
  }
  bits.why = fmt::format("{} fraction bits lose less than is tolerated", coarsest);
  return bits;
}

// The closest sequence that never falls, times `sign`: neighbours that do are averaged.
std::vector<double> never_falling(std::vector<double> values, double sign) {
  std::vector<std::pair<double, std::size_t>> runs;  // mean, length
  for (const double value : values) {
    runs.emplace_back(sign * value, 1);
    while (runs.size() > 1 && runs[runs.size() - 2].first > runs.back().first) {
      const auto [mean, length] = runs.back();
      runs.pop_back();
      auto& [before, many] = runs.back();
      before = (before * static_cast<double>(many) + mean * static_cast<double>(length)) /
               static_cast<double>(many + length);
      many += length;
    }
  }
  values.clear();
  for (const auto& [mean, length] : runs) values.insert(values.end(), length, sign * mean);
  return values;
}

class Predictor {
 public:
  explicit Predictor(const LawMeasurements& from) : from_(from), points_(from.watch.points()) {
    for (const LawMatrix& m : from.watch.matrices())
      matrices_.emplace_back(m, points_, from.watch.last_scale(), from.watch.nudge());
    eta_.assign(points_.front().steps.size(), 0.0);
    for (const LawMatrix& m : from.watch.matrices()) eta_[static_cast<std::size_t>(m.layer - 1)] = m.eta_dt;
    for (const LawPoint& p : points_) {
      trained_ = from.test(p.weights);
      curve_.push_back(trained_.score);
    }
    curve_ = never_falling(std::move(curve_), from.classification ? 1.0 : -1.0);
    for (const RoundedMatrix& m : matrices_) all_weights_ += m.weights();
    result_.tolerance = from.tolerance;
    result_.accumulator_bits = from.accumulator_bits;
    result_.wide = {curve_.back(), trained_.loss};
    result_.training_loss = from.watch.training_loss();
    result_.nudge = from.watch.nudge();
  }

  Prediction run() {
    predict_together();
    for (const RoundedMatrix& m : matrices_) predict_alone(m);
    predict_membranes();
    return std::move(result_);
  }

 private:
  // In units of the tolerance.
  double lost(double score, double wide) const {
    return (from_.classification ? 100.0 * (wide - score) : 100.0 * (score - wide) / wide) / from_.tolerance;
  }

  double excess(double log2_lsb) const {
    double sum = 0.0;
    for (const RoundedMatrix& m : matrices_) sum += m.excess(log2_lsb);
    return with_grown_errors(sum, result_.training_loss);
  }

  // Of a loss that rounding adds: for a mean squared error what it is, for an accuracy what noise of the
  // law's variance makes of the trained weights.
  Loss of_excess(double excess_loss) {
    if (!from_.classification)
      return {excess_loss * 2.0 / from_.outputs * 100.0 / (result_.wide.score * from_.tolerance), 0.0};
    if (excess_loss < negligible * result_.wide.loss) return {};
    const auto known = disturbed_.find(excess_loss);
    if (known != disturbed_.end()) return known->second;
    double unit = 0.0;
    for (const RoundedMatrix& m : matrices_) unit += m.excess(coarsest);
    double sum = 0.0, squares = 0.0;
    for (int draw = 0; draw < draws; ++draw) {
      Weights weights = points_.back().weights;
      boost::random::mt19937_64 random(from_.seed + static_cast<std::uint64_t>(draw));
      boost::random::normal_distribution<double> normal;
      for (const RoundedMatrix& m : matrices_) {
        std::vector<double> normals(static_cast<std::size_t>(m.weights()));
        for (double& z : normals) z = normal(random);
        m.disturb(weights[static_cast<std::size_t>(m.layer() - 1)], excess_loss * m.excess(coarsest) / unit,
                  normals);
      }
      const double one = lost(from_.test(weights).score, trained_.score);
      sum += one;
      squares += one * one;
    }
    const double mean = sum / draws;
    return disturbed_[excess_loss] = {mean,
                                      std::sqrt(std::max(0.0, squares / draws - mean * mean) / (draws - 1))};
  }

  Loss stochastic(double frac) { return of_excess(excess(-frac)); }

  // The place on the wide network's curve to which rounding to nearest gets; `only`: one matrix stands for
  // all.
  double nearest(double frac, int only = 0) const {
    std::vector<double> eta = eta_;
    for (std::size_t k = 0; k < eta.size(); ++k)
      if (only > 0 && static_cast<int>(k) + 1 != only) eta[k] = 0.0;
    const double time = learned_time(points_, eta, std::vector<double>(eta.size(), -frac));
    std::size_t i = 0;
    while (i + 2 < points_.size() && points_[i + 1].time < time) ++i;
    const double part =
        std::clamp((time - points_[i].time) / (points_[i + 1].time - points_[i].time), 0.0, 1.0);
    return lost(curve_[i] + part * (curve_[i + 1] - curve_[i]), curve_.back());
  }

  // What is lost by reading the trained weights to so many fraction bits, of one layer or all.
  double read_coarsely(int frac, int only = 0) {
    const auto key = std::make_pair(frac, only);
    const auto known = read_.find(key);
    if (known != read_.end()) return known->second;
    Weights weights = points_.back().weights;
    for (std::size_t k = 0; k < weights.size(); ++k)
      if (eta_[k] > 0.0 && (only == 0 || only == static_cast<int>(k) + 1))
        for (double& w : weights[k]) w = std::ldexp(std::nearbyint(std::ldexp(w, frac)), -frac);
    return read_[key] = lost(from_.test(weights).score, trained_.score);
  }

  void predict_together() {
    PredictedWeights& all = result_.together;
    all.name = "all weights";
    all[WeightRounding::stochastic] = judged(crossing([this](double f) { return stochastic(f); }));
    all[WeightRounding::nearest] = crossing([this](double f) { return Loss{nearest(f), 0.0}; });
    all[WeightRounding::accumulator] = crossing([this](double f) {
      return Loss{nearest(f + from_.accumulator_bits) + read_coarsely(static_cast<int>(f)), 0.0};
    });
    const std::optional<double> frac = all[WeightRounding::stochastic].frac;
    result_.tolerated_loss = frac ? excess(-*frac) : std::numeric_limits<double>::quiet_NaN();
    for (const RoundedMatrix& m : matrices_)
      all.whole_bits = std::max(all.whole_bits, from_.whole_bits("weight", m.layer()));
  }

  // Adds how much E|Δ| moved over the last places, and refuses where changes are no part of an LSB.
  PredictedBits judged(PredictedBits bits) const {
    if (!bits.frac) return bits;
    double beyond = 0.0, drift = 0.0;
    for (const RoundedMatrix& m : matrices_) {
      beyond = std::max(beyond, m.beyond(-*bits.frac));
      for (std::size_t i = 0; i < last_places; ++i)
        drift = std::max(drift, std::abs(model::log2(std::max(m.drift(i), 1e-6))));
    }
    if (beyond > most_beyond) {
      bits.why = fmt::format("{:.0f}% of the changes are an LSB of {:.1f} fraction bits or more",
                             100.0 * beyond, *bits.frac);
      bits.frac.reset();
    }
    bits.uncertainty = std::sqrt(bits.uncertainty * bits.uncertainty + drift * drift);
    return bits;
  }

  // Each matrix has a share of the tolerated loss as it has of the weights, which takes the fewest bits in
  // all.
  void predict_alone(const RoundedMatrix& m) {
    PredictedWeights one;
    one.name = m.name();
    one.layer = m.layer();
    one.whole_bits = from_.whole_bits("weight", m.layer());
    one.mean_change = m.mean_change();
    one.excess_per_lsb = m.excess_per_lsb();
    const double share = m.weights() / all_weights_;
    const double grown = result_.tolerated_loss / std::max(allowed_without_growth(), 1e-300);
    PredictedBits& stochastic = one[WeightRounding::stochastic];
    stochastic = result_.together[WeightRounding::stochastic];
    if (stochastic.frac) {
      const double uncertainty = stochastic.uncertainty;
      stochastic = crossing([&](double f) {
        return Loss{grown * m.excess(-f) / (share * result_.tolerated_loss), 0.0};
      });
      stochastic.uncertainty = uncertainty;
    }
    one[WeightRounding::nearest] = crossing([&](double f) { return Loss{nearest(f, m.layer()), 0.0}; });
    one[WeightRounding::accumulator] = crossing([&](double f) {
      return Loss{nearest(f + from_.accumulator_bits, m.layer()) +
                      read_coarsely(static_cast<int>(f), m.layer()) / share,
                  0.0};
    });
    result_.matrices.push_back(std::move(one));
  }

  // The sum of the matrices' excesses that grows to the tolerated one.
  double allowed_without_growth() const {
    const double delta = result_.tolerated_loss, loss = result_.training_loss;
    return loss > 0.0 ? delta / std::sqrt(1.0 + delta / loss) : delta;
  }

  // (73), (74): what a membrane is off moves the voltage by |1 - ρ| of it, and the loss by ½ ‖J δ‖².
  void predict_membranes() {
    for (const LawMatrix& m : from_.watch.matrices()) {
      const auto& p = from_.program.populations[static_cast<std::size_t>(m.layer)];
      double read = 0.0, stop = 0.0;
      for (std::size_t i = 0; i < p.rho.size(); ++i) {
        const double rho = std::ldexp(static_cast<double>(p.rho[i]), -fixedpoint::rho_frac);
        const double alpha = std::ldexp(static_cast<double>(p.alpha[i]), -from_.program.alpha_frac);
        const auto at = static_cast<Eigen::Index>(i);
        const double moved = 0.5 * (1.0 - rho) * (1.0 - rho) * m.sensitivity(at, at);
        read += moved;
        const double zone = membrane_stop_nearest(std::max(alpha, 1e-9));
        stop += moved * zone * zone;
      }
      if (!(read > 0.0)) continue;
      PredictedMembrane one;
      one.layer = m.layer;
      one.whole_bits = from_.whole_bits("membrane", m.layer);
      const double allowed = result_.tolerated_loss / static_cast<double>(matrices_.size());
      const auto bits = [&](double per_square_lsb) {
        PredictedBits b;
        if (allowed > 0.0)
          b.frac = 0.5 * model::log2(per_square_lsb / allowed);
        else
          b.why = "no loss is known to be tolerated";
        b.uncertainty = result_.together[WeightRounding::stochastic].uncertainty;
        return b;
      };
      one.stochastic = bits(read * membrane_noise_stochastic() * membrane_noise_stochastic());
      one.nearest = bits(stop);
      result_.membranes.push_back(one);
    }
  }

  const LawMeasurements& from_;
  const std::vector<LawPoint>& points_;
  std::vector<RoundedMatrix> matrices_;
  std::vector<double> eta_;    ///< per layer; 0: it doesn't learn
  std::vector<double> curve_;  ///< scores at the places, what goes up and down averaged out
  Tested trained_;             ///< the last of them, as it is
  double all_weights_ = 0.0;
  std::map<double, Loss> disturbed_;
  std::map<std::pair<int, int>, double> read_;
  Prediction result_;
};

}  // namespace

const char* name_of(WeightRounding r) {
  switch (r) {
    case WeightRounding::stochastic:
      return "stochastic";
    case WeightRounding::nearest:
      return "nearest";
    case WeightRounding::accumulator:
      break;
  }
  return "accumulator";
}

Prediction predict(const LawMeasurements& from) {
  return Predictor(from).run();
}

}  // namespace apical::tools
