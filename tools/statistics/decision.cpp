// SPDX-License-Identifier: Apache-2.0
#include "tools/statistics/decision.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "model/elementary.hpp"

namespace apical::tools {
namespace {

// Mean and squared deviations of a growing sample (Welford), whose values come in steps.
class Sample {
 public:
  explicit Sample(double resolution) : of_steps_(resolution * resolution / 6.0) {}

  void add(double x) {
    ++count_;
    const double before = x - mean_;
    mean_ += before / static_cast<double>(count_);
    squares_ += before * (x - mean_);
  }
  std::size_t count() const { return count_; }
  double mean() const { return mean_; }
  // Two scores that are each a step wide differ by as much as r^2 / 12 twice; more spread is less evidence.
  double evidence_above(double bound) const {
    return log_evidence(count_, mean_ - bound, squares_ + static_cast<double>(count_) * of_steps_);
  }
  double evidence_below(double bound) const {
    return log_evidence(count_, bound - mean_, squares_ + static_cast<double>(count_) * of_steps_);
  }
  // How far from the mean a bound has to be to be refuted; infinite where none is.
  double reach(double threshold) const {
    const double spread = std::sqrt(squares_ + static_cast<double>(count_) * of_steps_);
    if (count_ < 2 || spread <= 0.0) return std::numeric_limits<double>::infinity();
    const auto refuted = [&](double away) {
      return log_evidence(count_, away, spread * spread) >= threshold;
    };
    double low = 0.0, high = spread;
    for (; !refuted(high); high *= 2.0)
      if (high > farthest * spread) return std::numeric_limits<double>::infinity();
    while (high - low > precision * high) {
      const double middle = 0.5 * (low + high);
      (refuted(middle) ? high : low) = middle;
    }
    return high;
  }

 private:
  static constexpr double farthest = 1e6, precision = 1e-12;
  double of_steps_, mean_ = 0.0, squares_ = 0.0;
  std::size_t count_ = 0;
};

}  // namespace

const char* in_words(Verdict verdict) {
  return verdict == Verdict::yes ? "yes" : verdict == Verdict::no ? "no" : "undecided";
}

double log_evidence(std::size_t count, double mean, double squares) {
  const auto n = static_cast<double>(count);
  const double about_0 = squares + n * mean * mean;
  if (!(about_0 > 0.0)) return 0.0;
  // Of the effect size's posterior given sigma, N(n mean / sigma / (n + 1), 1 / (n + 1)), what is left around
  // its mean; with the prior dsigma / sigma sigma's own is a chi with n degrees of freedom.
  const double left = squares + n * mean * mean / (n + 1.0);
  const double t = n * mean / std::sqrt(n + 1.0) * std::sqrt(n / left);
  const double positive = boost::math::cdf(boost::math::students_t(n), t);
  return model::log(2.0) - 0.5 * model::log1p(n) + 0.5 * n * (model::log(about_0) - model::log(left)) +
         model::log(positive);
}

Decision decide(const std::vector<double>& losses, const Question& q) {
  if (!(q.error > 0.0 && q.error < 0.5))
    throw std::invalid_argument("error: a probability above 0 and below 0.5");
  const double threshold = model::log(static_cast<double>(std::max<std::size_t>(q.comparisons, 1)) / q.error);
  Sample sample(q.resolution);
  Decision d;
  for (const double loss : losses) {
    if (!std::isfinite(loss)) throw std::invalid_argument("losses: one is no number");
    sample.add(loss);
    if (sample.evidence_below(q.margin) >= threshold)
      d.verdict = Verdict::yes;
    else if (sample.evidence_above(q.margin) >= threshold)
      d.verdict = Verdict::no;
    if (d.verdict != Verdict::undecided) break;
  }
  d.pairs = sample.count();
  d.mean = d.pairs == 0 ? std::numeric_limits<double>::quiet_NaN() : sample.mean();
  const double reach = sample.reach(threshold);
  d.low = sample.mean() - reach;
  d.high = sample.mean() + reach;
  return d;
}

}  // namespace apical::tools
