// SPDX-License-Identifier: Apache-2.0
#include "tools/explore/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>

#include "fixedpoint/emulator/workers.hpp"
#include "tools/config/imperfections.hpp"
#include "tools/explore/held_back.hpp"
#include "tools/explore/profile_runs.hpp"
#include "tools/report/progress.hpp"

namespace apical::tools {
namespace {

constexpr int most_rounds = 8;
constexpr double most_clipped = 0.01;  // of a signal's values, by what is proposed

class Profiler {
 public:
  Profiler(const Config& config, const ProfileOptions& options)
      : config_(config), options_(options), runs_(config, options) {}

  Profile run() {
    Profile p;
    runs_.train_unclipped(p);
    if (!p.trouble.empty()) return p;
    runs_.run_reference(p);
    if (options_.tolerance > 0.0) p.prediction = runs_.predicted(p);
    find_signals(p);
    try {
      measure(p);
      try_out(p);
    } catch (const std::invalid_argument& error) {
      p.trouble = fmt::format("what its ranges ask for has no proof: {}", error.what());
    }
    return p;
  }

 private:
  void find_signals(Profile& p) {
    const fixedpoint::FormatTable resolved = resolved_formats(runs_.configured());
    for (const std::string& signal : signal_order())
      for (int k = 0; k <= runs_.depth(); ++k) {
        const auto range = runs_.ranges().find({signal, k});
        if (range == runs_.ranges().end()) continue;
        SignalProfile s;
        s.signal = signal;
        s.layer = k;
        s.format = resolved.at(signal, k);
        s.minimum = range->second.first;
        s.maximum = range->second.second;
        s.rms = runs_.rms({signal, k});
        s.clips = !holds(s.format, s.minimum, s.maximum);
        s.together = measured_with({signal, k});
        p.signals.push_back(s);
      }
    const auto& tables = runs_.configured().rate_tables;
    if (std::any_of(tables.begin(), tables.end(), [](const auto& t) { return t.piecewise; })) {
      SignalProfile s;
      s.signal = "tables";
      s.together = {{"tables", 0}};
      p.signals.push_back(s);
    }
  }

  // Signals whose fraction bits can't be narrowed one without the others, the one asked for among them.
  std::vector<SignalKey> measured_with(const SignalKey& key) const {
    const bool rates = key.first == "rate" || key.first == "input";
    std::vector<SignalKey> all;
    if (rates || key.first == "weight" || key.first == "error")
      for (const std::vector<int>& layers :
           meeting(runs_.configured(), rates ? fixedpoint::OpCode::forward : fixedpoint::OpCode::backward))
        if (std::count(layers.begin(), layers.end(), key.second) > 0)
          for (const int k : layers) all.emplace_back(rates ? (k == 0 ? "input" : "rate") : key.first, k);
    if (all.empty()) all.push_back(key);
    return all;
  }

  // Wide formats but for some, which round as `formats` says and hold what was seen.
  fixedpoint::FormatTable narrowed(
      const std::vector<SignalKey>& keys,
      const std::function<fixedpoint::Format(const SignalKey&)>& rounding) const {
    fixedpoint::FormatTable formats = runs_.wide();
    for (const SignalKey& key : keys) {
      const auto range = runs_.ranges().find(key);
      fixedpoint::Format f = rounding(key);
      if (range != runs_.ranges().end()) f = holding(f, range->second.first, range->second.second);
      if (f.bits > runs_.wide().at(key.first, key.second).bits)
        f = runs_.wide().at(key.first, key.second);  // which holds it, too
      (key.first == "input" ? formats.by_signal["input"] : formats.by_layer[key]) = f;
    }
    let_meet(formats, runs_.configured(), keys.front().first);
    return formats;
  }

  void measure(Profile& p) {
    const auto resolved = resolved_formats(runs_.configured());
    std::vector<std::size_t> firsts;  // of signals that are measured together
    for (std::size_t i = 0; i < p.signals.size(); ++i) {
      const SignalProfile& s = p.signals[i];
      if (s.together.front() == SignalKey{s.signal, s.layer} || s.together.size() == 1) firsts.push_back(i);
    }
    Progress progress({"profile"});
    std::atomic<std::uint64_t> done{0};
    fixedpoint::Workers workers(options_.threads, 0);
    const std::size_t count = firsts.size();
    workers.run(static_cast<int>(count) + 1, [&](int i) {
      const auto index = static_cast<std::size_t>(i);
      if (index == count) {
        p.together = runs_.compare(config_.formats, config_.table_index_bits);
      } else {
        SignalProfile& s = p.signals[firsts[index]];
        const bool tables = s.signal == "tables";
        const auto configured = [&](const SignalKey& key) { return resolved.at(key.first, key.second); };
        s.noise = runs_.compare(tables ? runs_.wide() : narrowed(s.together, configured),
                                tables ? wide_index_bits(config_) : reference_index_bits(config_));
      }
      progress.update(0, ++done, 2 * count + 2, "noise");
    });
    for (SignalProfile& s : p.signals)
      for (const SignalProfile& other : p.signals)
        if (s.together.front() == SignalKey{other.signal, other.layer}) s.noise = other.noise;
    workers.run(static_cast<int>(p.signals.size()), [&](int i) {
      find_enough(p, p.signals[static_cast<std::size_t>(i)]);
      progress.update(0, std::min<std::uint64_t>(++done, 2 * count + 1), 2 * count + 2, "noise");
    });
  }

  // Values that the configured format has exactly, as targets often are, add no noise from which to tell how
  // much a narrower one would add.
  void find_enough(const Profile& p, SignalProfile& s) {
    if (s.signal == "tables" || s.noise.output_share > 0.0 || s.noise.change_share > 0.0) return;
    const double share = share_of_each(p);
    const auto enough = [&](int frac) {
      const auto rounding = [&](const SignalKey&) {
        fixedpoint::Format f = s.format;
        f.frac = frac;
        f.bits = 2;  // and what its range needs
        return f;
      };
      const Noise noise = runs_.compare(narrowed(s.together, rounding), reference_index_bits(config_));
      return noise.output_share <= options_.output_noise * share &&
             noise.change_share <= options_.change_noise * share;
    };
    int low = std::min(coarsest_frac(s), s.format.frac), high = s.format.frac;
    if (low < high && enough(low)) high = low;  // what changes nothing, at once
    while (low < high) {
      const int middle = low + (high - low) / 2;
      if (enough(middle))
        high = middle;
      else
        low = middle + 1;
    }
    s.enough_frac = high;
  }

  // Runs what follows from ranges and noise, and gives an integer bit more to what clips even so.
  void try_out(Profile& p) {
    p.proposal = propose(config_, p, options_);
    for (int round = 1;; ++round) {
      ProfileRuns::Clipped clipped;
      p.proposed = runs_.compare(p.proposal, config_.table_index_bits, &clipped);
      std::string too_much;
      for (const auto& [signal, values] : clipped) {
        if (signal.empty() ||
            static_cast<double>(values.second) <= most_clipped * static_cast<double>(values.first))
          continue;
        fixedpoint::Format& f = p.proposal.by_signal[signal];
        f.bits < 32 ? ++f.bits : --f.frac;
        too_much += fmt::format("{}{}", too_much.empty() ? "" : ", ", signal);
      }
      if (too_much.empty()) return;
      if (round == most_rounds) {
        p.trouble = fmt::format("what follows from its ranges clips more than {:g} % even so: {}",
                                100.0 * most_clipped, too_much);
        return;
      }
    }
  }

  const Config& config_;
  const ProfileOptions& options_;
  ProfileRuns runs_;
};

}  // namespace

Profile profile(const Config& config, const ProfileOptions& options) {
  try {
    check(config);
    refuse_imperfections(config, "the emulator of a profile");
    const Config used = options.tolerance > 0.0 ? on_validation(config) : config;
    return Profiler(used, options).run();
  } catch (const std::invalid_argument& error) {
    throw InputError(located(config, error));
  }
}

}  // namespace apical::tools
