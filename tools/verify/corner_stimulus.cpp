// SPDX-License-Identifier: Apache-2.0
#include "tools/verify/corner_stimulus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <tuple>

#include "fixedpoint/emulator/emulator.hpp"
#include "fixedpoint/numeric/quantise.hpp"
#include "tools/verify/membrane_tie.hpp"

namespace apical::tools {
namespace {

using fixedpoint::Corner;
using fixedpoint::Signal;

constexpr std::int64_t largest_beta = (1 << 16) - 1;
constexpr double fastest = 1e9;

/// A corner of a quantiser.
struct CornerPlace {
  Signal signal;
  int layer;
  std::size_t corner;
  bool operator<(const CornerPlace& b) const {
    return std::tie(signal, layer, corner) < std::tie(b.signal, b.layer, b.corner);
  }
};

std::set<CornerPlace> open_corners(const fixedpoint::CornerProof& proof) {
  std::set<CornerPlace> open;
  for (const auto& [quantiser, why] : proof)
    for (std::size_t c = 0; c < why.size(); ++c)
      if (why[c].empty()) open.insert({quantiser.first, quantiser.second, c});
  return open;
}

template <class See>
void for_met(const fixedpoint::Coverage& coverage, const See& see) {
  for (const auto& [quantiser, counts] : coverage.counts())
    for (std::size_t c = 0; c < counts.size(); ++c)
      if (counts[c] > 0) see(CornerPlace{quantiser.first, quantiser.second, c});
}

class CornerSearch {
 public:
  CornerSearch(std::shared_ptr<const fixedpoint::Program> program, const fixedpoint::CornerProof& proof,
               std::uint64_t seed)
      : program_(std::move(program)), open_(open_corners(proof)), random_(seed) {
    fixedpoint::EmulatorOptions options;
    options.statistics = false;
    options.watchers = {&seen_};
    emulator_ = std::make_unique<fixedpoint::Emulator>(program_, options);
  }

  sim::TickStimulus next() {
    const bool searches = !open_.empty() && idle_ < (first_search_ ? long_patience : short_patience);
    if (!searches && phase_ticks_ == 0) phase_ticks_ = phases * phase_length;
    sim::TickStimulus s = phase_ticks_ > 0 ? held() : chosen();
    if (phase_ticks_ > 0 && --phase_ticks_ == 0) {
      idle_ = 0;
      first_search_ = false;
    }
    play(s);
    const std::size_t before = open_.size();
    for_met(seen_, [&](const CornerPlace& p) { open_.erase(p); });
    idle_ = open_.size() < before ? 0 : idle_ + 1;
    return s;
  }

 private:
  static constexpr int trials = 512;         ///< stimuli tried for a tick
  static constexpr int long_patience = 150;  ///< ticks of the first search without anything new
  static constexpr int short_patience = 20;  ///< of later ones
  static constexpr int phase_length = 40;    ///< ticks
  static constexpr int phases = 3;           ///< held, targets to and fro, drawn

  int below(int limit) { return static_cast<int>(random_() % static_cast<std::uint64_t>(limit)); }
  const fixedpoint::Format& input_format() const { return program_->populations.front()[Signal::rate]; }
  const fixedpoint::Format& target_format() const { return program_->output_population()[Signal::target]; }
  int inputs() const { return program_->populations.front().units; }
  int targets() const { return program_->output_population().units; }

  // The tick on the emulator; what it met is in seen_.
  void play(const sim::TickStimulus& s) {
    seen_ = {};
    if (s.learning_scale) emulator_->set_learning_scale(*s.learning_scale);
    if (s.input) emulator_->write_inputs(0, s.input->data(), inputs());
    for (int i = 0; s.target && i < targets(); ++i)
      emulator_->write_target(i, (*s.target)[static_cast<std::size_t>(i)]);
    emulator_->set_beta_register(s.beta);
    emulator_->tick();
  }

  std::size_t met_open(const fixedpoint::Coverage& coverage) const {
    std::size_t met = 0;
    for_met(coverage, [&](const CornerPlace& p) { met += open_.count(p); });
    return met;
  }

  // Of many stimuli the one that meets most open corners. They are tried without learning, so that only the
  // neurons have to be put back.
  sim::TickStimulus chosen() {
    std::vector<fixedpoint::LayerState> before;
    for (std::size_t k = 0; k < program_->populations.size(); ++k)
      before.push_back(emulator_->state(static_cast<int>(k)));
    const std::uint32_t tick = emulator_->ticks();
    sim::TickStimulus best;
    std::size_t most = 0;
    for (int trial = 0; trial < trials && most == 0; ++trial) {
      sim::TickStimulus s = drawn();
      s.learning_scale = 0.0;
      const auto met_when_played = [&] {
        play(s);
        return met_open(seen_) + met_by_steps(s);
      };
      const auto put_back = [&] {
        for (std::size_t k = 0; k < before.size(); ++k) emulator_->restore(static_cast<int>(k), before[k]);
        emulator_->restore_ticks(tick);
      };
      std::size_t met = met_when_played();
      const bool directed = met == 0 && directed_to_tie(s, before);
      put_back();
      if (directed) {
        met = met_when_played();
        put_back();
      }
      if (trial == 0 || met > most) best = std::move(s);
      most = std::max(most, met);
    }
    return best;
  }

  // Draws one of the units whose membranes have an open tie, and leads it there.
  bool directed_to_tie(sim::TickStimulus& s, const std::vector<fixedpoint::LayerState>& before) {
    std::vector<int> layers;
    for (const CornerPlace& p : open_)
      if (p.signal == Signal::membrane && p.corner >= index_of(Corner::tie_even) &&
          leads_to_membrane(*program_, p.layer))
        layers.push_back(p.layer);
    if (layers.empty()) return false;
    const auto layer =
        static_cast<std::size_t>(layers[static_cast<std::size_t>(below(static_cast<int>(layers.size())))]);
    const auto unit = static_cast<std::size_t>(below(program_->populations[layer].units));
    const auto wanted = [&](const fixedpoint::Coverage& tie) { return met_open(tie) > 0; };
    return lead_to_membrane_tie(*emulator_, before[layer], static_cast<int>(layer), unit, wanted, random_, s);
  }

  // Learning rates that bring steps of these errors to open corners: powers of two, and the largest.
  std::size_t met_by_steps(sim::TickStimulus& s) {
    if (!program_->learning) return 0;
    for (const fixedpoint::Projection& p : program_->projections) {
      if (!p.learns || p.eta_dt <= 0.0) continue;
      const int frac = p.eta_frac + learning_signal_format(*program_, p).frac;
      for (int bit = 0; bit <= fixedpoint::eta_bits; ++bit) {
        const std::int64_t eta =
            bit < fixedpoint::eta_bits ? std::int64_t{1} << bit : (1 << fixedpoint::eta_bits) - 1;
        fixedpoint::Coverage steps;
        for (const std::int64_t error : emulator_->signal(Signal::error, p.target))
          steps.see(Signal::step, p.target, eta * error, frac, p.step,
                    fixedpoint::quantise(eta * error, frac, p.step).raw);
        const std::size_t met = met_open(steps);
        if (met == 0) continue;
        s.learning_scale = std::ldexp(static_cast<double>(eta), -p.eta_frac) / p.eta_dt;
        return met;
      }
    }
    return 0;
  }

  // Inputs at one end, later each at its own; targets likewise, or to and fro without learning.
  sim::TickStimulus held() {
    const int at = phases * phase_length - phase_ticks_, phase = at / phase_length;
    sim::TickStimulus s;
    if (phase == phases - 1) return drawn();
    if (at == 0) {
      s.input = ends(input_format(), inputs(), kind_ % 2 == 0, kind_ >= 8);
      s.target = ends(target_format(), targets(), kind_ / 2 % 2 == 0, kind_ >= 4);
      s.learning_scale = fastest;
      ++kind_;
    } else if (phase == 1) {
      s.target = ends(target_format(), targets(), at % 2 == 0, false);
      s.learning_scale = 0.0;
    }
    s.beta = largest_beta;
    return s;
  }
  std::vector<std::int64_t> ends(const fixedpoint::Format& f, int units, bool high, bool mixed) {
    std::vector<std::int64_t> values;
    values.reserve(static_cast<std::size_t>(units));
    for (int i = 0; i < units; ++i)
      values.push_back((mixed ? below(2) != 0 : high) ? f.maximum_raw() : f.minimum_raw());
    return values;
  }

  sim::TickStimulus drawn() {
    sim::TickStimulus s;
    s.input = values(input_format(), inputs());
    s.target = values(target_format(), targets());
    switch (below(4)) {  // none leaves the drive to the basal, whose ties are rarer with a nudge
      case 0:
        s.beta = 0;
        break;
      case 1:
        s.beta = largest_beta;
        break;
      case 2:
        s.beta = below(1 << 16);
        break;
      default:
        s.beta = std::int64_t{1} << below(16);
        break;
    }
    s.learning_scale = below(3) == 0 ? fastest : std::ldexp(1.0, -below(8));
    return s;
  }
  // Any values, or few bits set, so that products have ties; all units, or few.
  std::vector<std::int64_t> values(const fixedpoint::Format& f, int units) {
    const bool any = below(2) == 0;
    const int one_of = 1 << below(5);
    std::uniform_int_distribution<std::int64_t> within(f.minimum_raw(), f.maximum_raw());
    std::vector<std::int64_t> drawn;
    for (int i = 0; i < units; ++i) {
      const std::int64_t power = std::int64_t{1} << below(f.bits - (f.is_signed ? 1 : 0));
      drawn.push_back(below(one_of) != 0 ? 0
                      : any              ? within(random_)
                      : below(2) == 0    ? power
                      : below(2) == 0    ? std::max(-power, f.minimum_raw())
                                         : (below(2) == 0 ? f.minimum_raw() : f.maximum_raw()));
    }
    return drawn;
  }

  std::shared_ptr<const fixedpoint::Program> program_;
  std::set<CornerPlace> open_;
  std::mt19937_64 random_;
  fixedpoint::Coverage seen_;
  std::unique_ptr<fixedpoint::Emulator> emulator_;
  int phase_ticks_ = 0, idle_ = 0, kind_ = 0;
  bool first_search_ = true;
};

}  // namespace

sim::Stimulus make_corner_stimulus(const std::shared_ptr<const fixedpoint::Program>& program,
                                   const fixedpoint::CornerProof& proof, std::uint64_t seed) {
  const auto search = std::make_shared<CornerSearch>(program, proof, seed);
  return [search] { return search->next(); };
}

std::vector<std::string> missing_corners(const fixedpoint::Coverage& coverage,
                                         const fixedpoint::CornerProof& proof) {
  std::set<CornerPlace> open = open_corners(proof);
  for_met(coverage, [&](const CornerPlace& p) { open.erase(p); });
  std::vector<std::string> names;
  names.reserve(open.size());
  for (const CornerPlace& p : open)
    names.push_back(fmt::format("{} of {} of layer {}", name_of(static_cast<Corner>(p.corner)),
                                name_of(p.signal), p.layer));
  return names;
}

std::shared_ptr<const fixedpoint::Program> with_corner_weights(const fixedpoint::Program& program) {
  auto changed = std::make_shared<fixedpoint::Program>(program);
  for (fixedpoint::Projection& p : changed->projections)
    for (std::size_t i = 0; i < p.image.size(); ++i) {
      const int row = static_cast<int>(i) / p.columns, column = static_cast<int>(i) % p.columns;
      const int bit = (row + column) % (p.weight.bits - 1);
      // A quarter of the columns has the other sign, so that errors of both signs travel back.
      const bool high = (row % 5 == 0) != (column % 4 == 3);
      switch (row % 5) {
        case 0:
        case 1:
          p.image[i] = high ? p.weight.maximum_raw() : p.weight.minimum_raw();
          break;
        case 2:
          p.image[i] = std::max(column % 2 == 0 ? std::int64_t{1} << bit : -(std::int64_t{1} << bit),
                                p.weight.minimum_raw());
          break;
        default:
          break;
      }
    }
  return changed;
}

}  // namespace apical::tools
