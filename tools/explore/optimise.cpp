// SPDX-License-Identifier: Apache-2.0
#include "tools/explore/optimise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <ctime>
#include <functional>
#include <limits>
#include <map>
#include <regex>

#include "fixedpoint/emulator/workers.hpp"
#include "model/settings/settings_error.hpp"
#include "tools/explore/trials.hpp"
#include "tools/report/numbers.hpp"
#include "tools/report/progress.hpp"
#include "tools/run/stimulus.hpp"

namespace apical::tools {
namespace {

constexpr int first_step = 4;           // bits that a move takes at first
constexpr int other_rounding_bits = 4;  // more, or less, that the other rounding of the weights is tried with
constexpr double smallest_gain = 0.002;  // of the cost: what a move has to save to be worth trainings
constexpr std::size_t cheapest_checked = 8;
constexpr double rounding_error = 1e-9;  // of a mean of accuracies

class Search {
 public:
  Search(const Config& config, const OptimiseOptions& options)
      : options_(options), trials_(config, options), workers_(options.threads, 0), progress_({"optimise"}) {}

  Optimum run(const fixedpoint::FormatTable& proposal) {
    Optimum result;
    const std::vector<std::uint64_t> seeds = trials_.all_seeds();
    workers_.run(static_cast<int>(seeds.size()),
                 [&](int i) { trials_.train_golden(seeds[static_cast<std::size_t>(i)]); });
    result.golden = trials_.golden_of_search();
    if (!std::isfinite(trials_.golden_mean(seeds))) {
      result.trouble = "golden diverges, or its score is no number";
      return result;
    }
    Config uniform = trials_.base(), proposed = uniform;
    uniform.formats.by_signal = fixedpoint::default_formats();
    uniform.formats.by_layer.clear();
    proposed.formats = proposal;
    const std::vector<Trial> first = batch({proposed, trials_.base(), uniform});
    result.uniform = first[2].point;
    const auto start = std::find_if(first.begin(), first.end(), [](const Trial& t) { return t.holds; });
    if (start == first.end())
      throw InputError(fmt::format(
          "--budget: golden reaches {:.2f}%, the configured formats {:.2f}%, the profile's {:.2f}%; "
          "accepted: a budget that one of them keeps",
          100.0 * result.golden, 100.0 * first[1].point.mean, 100.0 * first[0].point.mean));
    trials_.expect(trials_.train(start->point.config, trials_.base().seed).curve);
    // Once more from the end: a move that was left early may fit now, or have met a bad draw.
    descend(descend(*start, first_step), 1);
    try_other_rounding(result);
    check_again(result);
    confirm(result);
    result.trainings = trials_.count();
    return result;
  }

 private:
  double cost(const CostedPoint& p) const { return cost_of(p.costs, options_.cost); }

  std::vector<Trial> batch(const std::vector<Config>& configs) {
    std::vector<Trial> results(configs.size());
    workers_.run(static_cast<int>(configs.size()), [&](int i) {
      const auto index = static_cast<std::size_t>(i);
      results[index] = trials_.on_common_seeds(configs[index]);
      advance();
    });
    for (const Trial& t : results)
      if (t.holds) good_.push_back(t.point);
    return results;
  }

  void advance() {
    const auto done = static_cast<std::uint64_t>(++done_), left = static_cast<std::uint64_t>(remaining_);
    progress_.update(0, done, done + left, note_);
  }

  Trial descend(Trial current, int step) {
    std::vector<Move> moves = all_moves(step, options_.cost);
    while (!moves.empty()) {
      remaining_ = static_cast<int>(2 * moves.size());
      note_ =
          fmt::format("{} {:.4g}, {:.2f}%", options_.cost, cost(current.point), 100.0 * current.point.mean);
      struct Candidate {
        Move* move;
        Config config;
        double gain;
      };
      std::vector<Candidate> candidates;
      for (Move& m : moves) {
        Config c = current.point.config;
        while (m.step > 0 && !apply_move(c, m)) {
          c = current.point.config;
          m.step /= 2;
        }
        if (m.step == 0) continue;
        const double gain = cost(current.point) - predicted(c, current.work);
        if (gain > smallest_gain * cost(current.point)) candidates.push_back({&m, c, gain});
      }
      std::stable_sort(candidates.begin(), candidates.end(),
                       [](const Candidate& a, const Candidate& b) { return a.gain > b.gain; });
      std::vector<Config> configs;
      configs.reserve(candidates.size());
      for (const Candidate& c : candidates) configs.push_back(c.config);
      const std::vector<Trial> results = batch(configs);
      std::vector<const Candidate*> kept;
      for (std::size_t i = 0; i < results.size(); ++i)
        if (results[i].holds) kept.push_back(&candidates[i]);
      bool better = false;
      if (!kept.empty()) {
        // All that kept the budget alone, the better half, ..., the best; the last one was just tried.
        std::vector<Config> together;
        for (std::size_t n = kept.size(); n >= 1; n /= 2) {
          Config c = current.point.config;
          for (std::size_t i = 0; i < n; ++i) {
            Config narrower = c;
            if (apply_move(narrower, *kept[i]->move)) c = narrower;
          }
          together.push_back(c);
        }
        const std::vector<Trial> joint = batch(together);
        for (const Trial& t : joint)
          if (t.holds && cost(t.point) < cost(current.point)) {
            current = t;
            better = true;
            break;
          }
      }
      // What keeps the budget is tried again as it is, unless it seemed to save and didn't, since fewer bits
      // made more events: it would seem so for ever.
      std::vector<Move> next;
      for (std::size_t i = 0; i < results.size(); ++i) {
        Move m = *candidates[i].move;
        if (!results[i].holds || !better) m.step /= 2;
        if (m.step > 0) next.push_back(m);
      }
      moves = next;
    }
    end_ = current.point.config;
    return current;
  }

  double predicted(const Config& config, const Work& work) const {
    try {
      return cost_of(trials_.costs(config, work), options_.cost);
    } catch (const std::invalid_argument&) {
      return std::numeric_limits<double>::infinity();
    }
  }

  // The other rounding of the weights, with as many bits and more (nearest) or fewer (stochastic).
  void try_other_rounding(Optimum& result) {
    using fixedpoint::Rounding;
    const bool stochastic = end_.formats.at("weight", 1).rounding == Rounding::stochastic;
    std::vector<Config> configs;
    for (int i = 0; i <= other_rounding_bits; ++i) {
      Config c = end_;
      set_weight_rounding(c, stochastic ? Rounding::rnd_conv : Rounding::stochastic, stochastic ? i : -i);
      if (c.formats.at("weight", 1).bits >= 2 && c.formats.at("weight", 1).bits <= 32) configs.push_back(c);
    }
    note_ = "other rounding";
    const std::vector<Trial> results = batch(configs);
    const auto found =
        stochastic ? std::find_if(results.begin(), results.end(), [](const Trial& t) { return t.holds; })
                   : results.end();
    if (stochastic)
      result.notes.push_back(
          found == results.end()
              ? fmt::format("weights of {} bits round stochastically; nearest rounding keeps the budget at "
                            "none of {} to "
                            "{} bits",
                            end_.formats.at("weight", 1).bits, end_.formats.at("weight", 1).bits,
                            end_.formats.at("weight", 1).bits + other_rounding_bits)
              : fmt::format("weights of {} bits round stochastically; nearest rounding needs {}",
                            end_.formats.at("weight", 1).bits,
                            found->point.config.formats.at("weight", 1).bits));
  }

  static std::vector<CostedPoint> not_dominated(std::vector<CostedPoint> points,
                                                const std::function<double(const CostedPoint&)>& cost,
                                                const std::function<double(const CostedPoint&)>& accuracy) {
    std::stable_sort(points.begin(), points.end(), [&](const CostedPoint& a, const CostedPoint& b) {
      return cost(a) != cost(b) ? cost(a) < cost(b) : accuracy(a) > accuracy(b);
    });
    std::vector<CostedPoint> front;
    for (const CostedPoint& p : points)
      if (front.empty() || accuracy(p) > accuracy(front.back()) + rounding_error) front.push_back(p);
    std::reverse(front.begin(), front.end());
    return front;
  }

  // Fresh seeds for the front on the common seeds and for the cheapest points that kept the budget.
  void check_again(Optimum& result) {
    const auto cost_here = [this](const CostedPoint& p) { return cost(p); };
    std::map<std::string, CostedPoint> chosen;
    for (const CostedPoint& p : not_dominated(good_, cost_here, [](const CostedPoint& q) { return q.mean; }))
      chosen.emplace(canonical(p.config), p);
    std::vector<CostedPoint> cheapest = good_;
    std::stable_sort(cheapest.begin(), cheapest.end(),
                     [&](const CostedPoint& a, const CostedPoint& b) { return cost(a) < cost(b); });
    std::size_t taken = 0;
    for (const CostedPoint& p : cheapest)
      if (taken < cheapest_checked && chosen.emplace(canonical(p.config), p).second) ++taken;
    std::vector<CostedPoint> points;
    points.reserve(chosen.size() + 1);
    for (const auto& one : chosen) points.push_back(one.second);
    points.push_back(result.uniform);
    const std::vector<std::uint64_t>& seeds = trials_.fresh();
    for (CostedPoint& p : points) p.fresh.resize(seeds.size());
    remaining_ = static_cast<int>(points.size() * seeds.size());
    note_ = "fresh seeds";
    trials_.expect({});
    workers_.run(remaining_, [&](int i) {
      const std::size_t index = static_cast<std::size_t>(i), seed = index % seeds.size();
      CostedPoint& p = points[index / seeds.size()];
      p.fresh[seed] = trials_.train(p.config, seeds[seed]).accuracy;
      --remaining_;
      advance();
    });
    result.golden_fresh = trials_.golden_mean(seeds);
    result.uniform = points.back();
    points.pop_back();
    std::vector<CostedPoint> held;
    for (const CostedPoint& p : points)
      if (trials_.within_budget(p.fresh_mean(), result.golden_fresh)) held.push_back(p);
    result.notes.push_back(
        fmt::format("{} of {} points that kept the budget on common seeds keep it on fresh ones", held.size(),
                    points.size()));
    result.front = not_dominated(held, cost_here, [](const CostedPoint& p) { return p.fresh_mean(); });
  }

  // Verdicts on test data, which nothing was chosen by: a seed more for those that are undecided.
  void confirm(Optimum& result) {
    note_ = "verdicts";
    std::vector<CostedPoint*> open;
    for (CostedPoint& p : result.front) {
      p.first_tested = trials_.confirming(0);
      open.push_back(&p);
    }
    const std::size_t questions = open.size();
    for (std::size_t i = 0; i < static_cast<std::size_t>(options_.most) && !open.empty(); ++i) {
      const std::uint64_t seed = trials_.confirming(i);
      remaining_ = static_cast<int>(open.size());
      std::vector<Training> trained(open.size());
      double golden = 0.0;
      workers_.run(static_cast<int>(open.size() + 1), [&](int job) {
        const auto index = static_cast<std::size_t>(job);
        if (index == open.size())
          golden = trials_.golden_on_test(seed);
        else
          trained[index] = trials_.train(trials_.as_asked(open[index]->config), seed);
        advance();
      });
      result.looks_at_test += open.size() + 1;
      result.golden_tested.push_back(golden);
      std::vector<CostedPoint*> undecided;
      for (std::size_t k = 0; k < open.size(); ++k) {
        open[k]->tested.push_back(trained[k].accuracy);
        judge(*open[k], result.golden_tested, trained[k], questions);
        if (open[k]->decision.verdict == Verdict::undecided && std::isfinite(golden))
          undecided.push_back(open[k]);
      }
      open = std::move(undecided);
    }
    std::vector<CostedPoint> left;
    for (const CostedPoint& p : result.front)
      if (p.decision.verdict != Verdict::no) left.push_back(p);
    if (left.size() < result.front.size())
      result.notes.push_back(fmt::format("{} of {} points lose more than the budget on test data",
                                         result.front.size() - left.size(), result.front.size()));
    result.front = std::move(left);
  }

  void judge(CostedPoint& p, const std::vector<double>& golden, const Training& last,
             std::size_t questions) const {
    if (!last.complete) {
      p.decision.verdict = Verdict::no;  // a training that diverges loses whatever the others do
      return;
    }
    std::vector<double> losses;
    for (std::size_t i = 0; i < p.tested.size() && std::isfinite(golden[i]); ++i)
      losses.push_back(100.0 * (golden[i] - p.tested[i]));
    p.decision = decide(losses, {options_.budget, options_.error, questions,
                                 100.0 / static_cast<double>(std::max<std::uint64_t>(last.tested, 1))});
  }

  const OptimiseOptions& options_;
  Trials trials_;
  fixedpoint::Workers workers_;
  Progress progress_;
  std::vector<CostedPoint> good_;  // all that kept the budget on the common seeds
  Config end_;
  std::string note_;
  std::atomic<int> done_{0}, remaining_{30};
};

}  // namespace

double CostedPoint::fresh_mean() const {
  return mean_of(fresh);
}

double parse_budget(const std::string& text) {
  std::smatch match;
  if (!std::regex_match(text, match, std::regex(R"(accuracy=-(\d+(\.\d+)?)pt)")))
    throw InputError(
        fmt::format("--budget: \"{}\"; accepted: accuracy=-POINTSpt, percentage points below golden, e.g. "
                    "accuracy=-0.5pt",
                    text));
  return *parse_number<double>(match[1].str());
}

Optimum optimise(const Config& config, const OptimiseOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t processor = std::clock();
  try {
    check(config);
    if (!configured_task(config)->classification())
      throw SettingsError("task.kind",
                          fmt::format("\"{}\" has no accuracy for the budget", name_of(config.task.kind)),
                          "digits8, mnist, fashion-mnist");
    const Profile profiled = profile(config, options.profile);
    Optimum result;
    result.trouble = profiled.trouble;
    if (result.trouble.empty()) result = Search(config, options).run(profiled.proposal);
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.processor_seconds = static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC;
    return result;
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error));
  }
}

}  // namespace apical::tools
