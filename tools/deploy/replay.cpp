// SPDX-License-Identifier: Apache-2.0
#include "tools/deploy/replay.hpp"

#include <fmt/format.h>

#include <array>
#include <map>

#include "fixedpoint/emulator/digest.hpp"
#include "hw/isa_names.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/machines/integer_machine.hpp"

namespace apical::tools {
namespace {

using sim::BusStep;

/// Where the window stands while a script is played.
class Window {
 public:
  std::uint32_t memory = 0, word = 0;
  void follow(const BusStep& s) {
    if (s.kind == BusStep::write && s.offset == sim::reg::window_select) memory = s.value;
    if (s.kind == BusStep::write && s.offset == sim::reg::window_address) word = s.value;
    if (s.kind <= BusStep::expect && s.offset == sim::reg::window_data) ++word;
  }
};

std::string register_name(int offset) {
  for (const reg::RegisterName& r : reg::names)
    if (r.offset == offset) return r.name;
  return fmt::format("register {:#04x}", offset);
}

std::uint32_t weight_word(const ReadBundle& b, const ReadBundle::Projection& p, std::uint32_t row,
                          std::uint32_t column) {
  const auto lanes = static_cast<std::uint32_t>(b.parameters.lanes);
  const std::uint32_t blocks = (p.columns + lanes - 1) / lanes;
  const std::uint32_t word = p.first_word + (row / lanes * blocks + column / lanes) * lanes + row % lanes;
  return word * lanes + (row + column) % lanes;
}

std::uint32_t eta_word(const ReadBundle& b, std::size_t projection) {
  return sim::eta_address(b.parameters.pops, static_cast<int>(projection));
}

// What a word of the window is, in the bundle's names.
std::string place(const ReadBundle& b, const Window& w) {
  for (const auto& p : b.populations)
    if (w.memory < sim::state_fields && w.word - p.first_unit < p.units)
      return fmt::format("{} of unit {} of {}", sim::field_name(static_cast<int>(w.memory)),
                         w.word - p.first_unit, p.name);
  for (std::size_t k = 0; k < b.projections.size(); ++k)
    if (w.memory == sim::window::descriptors && w.word == eta_word(b, k))
      return "eta of " + b.projections[k].name;
  for (const auto& p : b.projections)
    for (std::uint32_t row = 0; p.holds && w.memory == sim::window::weights && row < p.rows; ++row)
      for (std::uint32_t column = 0; column < p.columns; ++column)
        if (weight_word(b, p, row, column) == w.word) return fmt::format("{}[{}][{}]", p.name, row, column);
  return fmt::format("word {} of memory {}", w.word, w.memory);
}

std::string bits_of(std::uint32_t parted) {
  std::string bits;
  int count = 0;
  for (int bit = 0; bit < 32; ++bit)
    if ((parted >> bit & 1) != 0) bits += fmt::format("{}{}", count++ == 0 ? "" : ", ", bit);
  return (count == 1 ? "bit " : "bits ") + bits;
}

/// Follows the words that a script compares, so that the digest of all state can be made of them.
class StateWords {
 public:
  explicit StateWords(const ReadBundle& b) : b_(b) {}

  void begin_tick() { complete_ = false; }
  void see(const BusStep& s, const Window& w) {
    if (s.kind != BusStep::expect) return;
    const std::int64_t value = static_cast<std::int32_t>(s.value);
    if (s.offset == sim::reg::tick) tick_ = s.value;
    if (s.offset == sim::reg::beta) {
      beta_ = value;
      complete_ = true;
    }
    if (s.offset == sim::reg::window_data) words_[{w.memory, w.word}] = value;
  }
  /// Whether this tick's comparisons have all state (hw/ARCHITECTURE.md, "State").
  bool complete() const { return complete_; }
  std::string digest() const {
    fixedpoint::StateDigest digest;
    digest.add(std::int64_t{tick_});
    digest.add(beta_);
    for (std::size_t k = 0; k < b_.projections.size(); ++k)
      digest.add(word(sim::window::descriptors, eta_word(b_, k)));
    for (const auto& p : b_.populations)
      for (std::uint32_t field = 0; field < sim::state_fields; ++field)
        for (std::uint32_t unit = 0; unit < p.units; ++unit) digest.add(word(field, p.first_unit + unit));
    for (const auto& p : b_.projections)
      for (std::uint32_t row = 0; p.holds && row < p.rows; ++row)
        for (std::uint32_t column = 0; column < p.columns; ++column)
          digest.add(word(sim::window::weights, weight_word(b_, p, row, column)));
    return digest.hex();
  }

 private:
  std::int64_t word(std::uint32_t memory, std::uint32_t address) const {
    const auto found = words_.find({memory, address});
    return found == words_.end() ? 0 : found->second;
  }

  const ReadBundle& b_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> words_;
  std::uint32_t tick_ = 0;
  std::int64_t beta_ = 0;
  bool complete_ = false;
};

struct Script {
  const char* name;
  const std::vector<BusStep>& steps;
};

std::array<Script, 3> scripts(const ReadBundle& b) {
  return {{{"load.memh", b.load}, {"ticks.memh", b.ticks}, {"errors.memh", b.errors}}};
}

// Which tick a step is of, or what it does that a host must not.
std::string part_of(const ReadBundle& b, const std::vector<BusStep>& steps, std::size_t step) {
  if (&steps == &b.ticks) {
    std::size_t tick = 0;
    while (tick + 1 < b.first_step.size() && b.first_step[tick + 1] <= step) ++tick;
    return fmt::format(" (tick {})", tick);
  }
  std::string name;
  for (const ReadBundle::Refusal& r : b.refusals)
    if (&steps == &b.errors && r.first_step <= step) name = fmt::format(" (after: {})", r.name);
  return name;
}

void say_difference(const ReadBundle& b, const std::string& machine, const Script& script, std::size_t step,
                    std::uint32_t found) {
  Window window;
  for (const Script& other : scripts(b)) {
    const bool here = &other.steps == &script.steps;
    for (std::size_t i = 0; i < (here ? step : other.steps.size()); ++i) window.follow(other.steps[i]);
    if (here) break;
  }
  const BusStep& s = script.steps[step];
  const std::string where = fmt::format("{} step {}{}", script.name, step, part_of(b, script.steps, step));
  if (s.kind == BusStep::wait) {
    fmt::print("{} differs: {}: stays busy, STATUS {:#x}\n", machine, where, found);
    return;
  }
  const std::string what = s.offset == sim::reg::window_data ? place(b, window) : register_name(s.offset);
  fmt::print("{} differs: {}: {}: expected {:#010x}, read {:#010x}, {}\n", machine, where, what, s.value,
             found, bits_of(s.value ^ found));
}

}  // namespace

int replay_scripts(const ReadBundle& b, const std::string& machine, sim::RegisterPort& port,
                   std::uint64_t most_reads) {
  for (const Script& script : scripts(b)) try {
      const auto wrong = sim::play(port, script.steps, most_reads);
      if (!wrong) continue;
      say_difference(b, machine, script, wrong->first, wrong->second);
      return 1;
    } catch (const sim::Stopped& stopped) {
      fmt::print("{} differs: {} {}\n", machine, script.name, stopped.what());
      return 1;
    }
  Window window;
  StateWords state(b);
  std::size_t digests = 0;
  for (const BusStep& s : b.load) window.follow(s);
  for (std::size_t i = 0, tick = 0; i < b.ticks.size(); ++i) {
    const BusStep& s = b.ticks[i];
    state.see(s, window);
    window.follow(s);
    const bool last =
        i + 1 == b.ticks.size() || (tick + 1 < b.first_step.size() && i + 1 == b.first_step[tick + 1]);
    if (!last) continue;
    if (state.complete()) {
      ++digests;
      if (const std::string digest = state.digest(); digest != b.digests[tick]) {
        fmt::print(
            "{} differs: manifest.json state_digest_after_tick[{}]: expected {}, the words that were read "
            "have {}\n",
            machine, tick, b.digests[tick], digest);
        return 1;
      }
    }
    state.begin_tick();
    ++tick;
  }
  fmt::print(
      "{} is as expected in all of {} comparisons, {} ticks and {} digests of state; {} kinds of "
      "accesses are refused or ignored as they must be\n",
      machine, b.comparisons, b.digests.size(), digests, b.refusals.size());
  return 0;
}

}  // namespace apical::tools
