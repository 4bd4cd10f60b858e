// SPDX-License-Identifier: Apache-2.0
// The terms of each pass (hw/ARCHITECTURE.md, "UPDATE"), by name.
#include "tools/deploy/pass_operands.hpp"

#include <fmt/format.h>

#include "fixedpoint/numeric/activation_table.hpp"

namespace apical::tools {
namespace {

using namespace apical::fixedpoint;

constexpr int constant_word = constant_bits, decay_word = decay_frac + 1, widest = 64;

class Collector {
 public:
  Collector(const Emulator& emulator, int layer, const std::vector<std::int64_t>& membrane)
      : emulator_(emulator),
        program_(emulator.program()),
        population_(program_.populations[static_cast<std::size_t>(layer)]),
        layer_(layer),
        membrane_(membrane) {}

  PassOperands of(PassSlot slot) {
    switch (slot) {
      case PassSlot::start_error:
        signals({Signal::basal});
        return formula("-basal");
      case PassSlot::u:
        drive("rho", population_.rho, rho_frac);
        return formula("membrane + rho * " + away());
      case PassSlot::membrane:
        if (population_.compartment == Compartment::interneuron) return copied();
        drive("alpha", population_.alpha, program_.alpha_frac);
        return formula("membrane + alpha * " + away());
      case PassSlot::slope:
        return table(program_.slope_tables);
      case PassSlot::rate:
        return rate();
      case PassSlot::nudge:
        return nudge();
      case PassSlot::error:
        if (program_.gamma == 0) {
          signals({Signal::nudge});
          return formula("nudge");
        }
        drive("rho", population_.rho, rho_frac);
        return formula("membrane - basal + rho * (basal + nudge + mismatch - membrane)");
      case PassSlot::start_mismatch:
        signals({Signal::basal, Signal::nudge});
        return formula("-basal - nudge");
      case PassSlot::mismatch:
        return decayed();
      default:  // basal; apical, where it isn't copied
        return slot == PassSlot::apical && population_.relayed >= 0 ? copied() : formula("");
    }
  }

 private:
  PassOperands formula(const std::string& text) {
    result_.formula = text;
    return std::move(result_);
  }
  void add(const Field& field, std::function<std::int64_t(std::size_t)> value) {
    result_.operands.push_back({field, std::move(value)});
  }
  void signals(const std::vector<Signal>& all) {
    for (const Signal s : all)
      add(field_of(name_of(s), population_[s]),
          [&e = emulator_, s, k = layer_](std::size_t unit) { return e.state(k)[s][unit]; });
  }
  // The terms of a voltage, and the factor of the unit.
  void drive(const char* name, const std::vector<std::int64_t>& factors, int frac) {
    signals({Signal::basal, Signal::nudge, Signal::mismatch});
    add(field_of("membrane", population_[Signal::membrane]),
        [&m = membrane_](std::size_t unit) { return m[unit]; });
    add({name, constant_word, frac, false}, [&factors](std::size_t unit) { return factors[unit]; });
  }
  std::string away() const {
    return program_.gamma == 0 ? "(basal + mismatch - membrane)" : "(basal + nudge + mismatch - membrane)";
  }
  PassOperands copied() {
    const Signal from = relayed_signal(population_.compartment);
    const Population& relayed = program_.populations[static_cast<std::size_t>(population_.relayed)];
    add(field_of("copied", relayed[from]),
        [&e = emulator_, from, k = population_.relayed](std::size_t unit) { return e.state(k)[from][unit]; });
    return formula("copied");
  }
  // What a table is looked up with, and the words of the entry.
  PassOperands table(const std::vector<ActivationTable>& tables) {
    const ActivationTable& t = tables[static_cast<std::size_t>(layer_)];
    const Signal fires_on = program_.advanced_response ? Signal::membrane : Signal::u;
    signals({fires_on});
    const auto entry = [&e = emulator_, &t, k = layer_, fires_on](std::size_t unit) {
      return static_cast<std::uint64_t>(e.state(k)[fires_on][unit] - t.lowest());
    };
    const int frac = t.exact_frac() - (t.piecewise ? t.low_bits : 0);
    const int low_bits = t.piecewise ? t.low_bits : 0;
    add({"base", widest, frac, true},
        [&t, entry, low_bits](std::size_t u) { return t.base[entry(u) >> low_bits]; });
    if (!t.piecewise) return formula("base");
    add({"delta", widest, frac, true},
        [&t, entry, low_bits](std::size_t u) { return t.delta[entry(u) >> low_bits]; });
    add({"low", std::max(low_bits, 1), low_bits, false}, [entry, low_bits](std::size_t u) {
      return static_cast<std::int64_t>(entry(u) & ((std::uint64_t{1} << low_bits) - 1));
    });
    return formula("base + delta * low");
  }
  PassOperands rate() {
    switch (population_.compartment) {
      case Compartment::relay:
      case Compartment::error_relay:
        return copied();
      case Compartment::interneuron:
        signals({Signal::u});
        return formula("u");
      default:
        break;
    }
    if (!program_.advanced_response) return table(program_.rate_tables);
    const ActivationTable& t = program_.rate_tables[static_cast<std::size_t>(layer_)];
    drive("rho", population_.rho, rho_frac);
    signals({Signal::slope});
    add(field_of("looked_up", population_[Signal::rate]), [&t, &e = emulator_, k = layer_](std::size_t unit) {
      return t.lookup(e.state(k)[Signal::membrane][unit]);
    });
    return formula("looked_up + slope * rho * " + away());
  }
  PassOperands nudge() {
    if (layer_ != program_.output) {
      signals({Signal::slope, Signal::apical});
      return formula("slope * apical");
    }
    signals({Signal::target, Signal::u});
    add({"beta", constant_word, program_.beta_frac, false},
        [&e = emulator_](std::size_t) { return e.beta(); });
    return formula("beta * (target - u)");
  }
  PassOperands decayed() {
    add(field_of("first_mismatch", population_[Signal::mismatch]),
        [&e = emulator_, k = layer_](std::size_t unit) { return e.first_mismatch(k)[unit]; });
    add({"decay", decay_word, decay_frac, false}, [&e = emulator_, &p = program_](std::size_t) {
      const std::uint64_t n = std::uint64_t{e.ticks()} + 1;
      return n < p.decay.size() ? p.decay[n] : std::int64_t{0};
    });
    return formula("first_mismatch * decay");
  }

  const Emulator& emulator_;
  const Program& program_;
  const Population& population_;
  int layer_;
  const std::vector<std::int64_t>& membrane_;
  PassOperands result_;
};

}  // namespace

PassOperands operands_of(const Emulator& emulator, PassSlot slot, int layer,
                         const std::vector<std::int64_t>& membrane) {
  return Collector(emulator, layer, membrane).of(slot);
}

}  // namespace apical::tools
