// SPDX-License-Identifier: Apache-2.0
#include "sim/verify/locate.hpp"

#include "sim/verify/compare.hpp"

namespace apical::sim {
namespace {

// The state after operation `last` of tick `tick`, compared.
std::optional<Difference> state_after(const Suspects& suspects, std::uint32_t tick, int last) {
  const std::unique_ptr<IntegerMachine> right = suspects.reference(), wrong = suspects.machine();
  const Stimulus stimulus = suspects.stimulus();
  for (std::uint32_t t = 0; t <= tick; ++t) {
    const TickStimulus s = stimulus();
    for (IntegerMachine* const machine : {right.get(), wrong.get()}) {
      if (t == tick && !machine->cut_tick(last)) return std::nullopt;
      advance(*machine, s);
    }
  }
  const std::vector<Site> order = writing_order(right->program());
  std::optional<Difference> victim;
  for (const Site& site : order) {
    if (site.projection >= 0) continue;
    auto difference = compare_site(site, *right, *wrong);
    if (!difference) continue;
    // What the operation itself writes, rather than what it destroys.
    const bool own = writes_field(right->program(), last, site.layer, site.field);
    if (victim && !own) continue;
    difference->place.operation = last;
    victim = difference;
    if (own) break;
  }
  if (victim) complete(*victim, *right, *wrong, tick);
  return victim;
}

}  // namespace

std::optional<Difference> locate_stored(const Suspects& suspects, std::uint64_t ticks) {
  const std::unique_ptr<IntegerMachine> right = suspects.reference(), wrong = suspects.machine();
  const Stimulus stimulus = suspects.stimulus();
  for (std::uint64_t t = 0;; ++t) {
    if (auto difference = compare_stored(*right, *wrong)) return difference;
    if (t == ticks) return std::nullopt;
    const TickStimulus s = stimulus();
    advance(*right, s);
    advance(*wrong, s);
  }
}

std::optional<Difference> locate_operation(const Suspects& suspects, std::uint32_t tick) {
  const Listing code = listing(suspects.reference()->program());
  int good = (tick == 0 ? 0 : static_cast<int>(code.start)) - 1;
  int bad = static_cast<int>(code.operations.size()) - 1;
  std::optional<Difference> found = state_after(suspects, tick, bad);
  while (found && bad - good > 1) {
    const int middle = good + (bad - good) / 2;
    if (auto difference = state_after(suspects, tick, middle)) {
      found = difference;
      bad = middle;
    } else {
      good = middle;
    }
  }
  return found;
}

}  // namespace apical::sim
