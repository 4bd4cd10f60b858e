// SPDX-License-Identifier: Apache-2.0
#include "tools/deploy/bundle_coverage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "hw/isa_names.hpp"
#include "tools/verify/corner_stimulus.hpp"

namespace apical::tools {
namespace {

using fixedpoint::Corner;
using fixedpoint::Distance;
using fixedpoint::Signal;

std::size_t index_of(int number) {
  return static_cast<std::size_t>(number);
}

bool has_list(int operation) {
  return operation == sim::isa::op::forward || operation == sim::isa::op::backward;
}

// What the program's own words have: operations by code, slots by number.
struct Contents {
  std::uint32_t codes = 0, slots = 0;
};
Contents contents(const Bundle& b) {
  Contents c;
  for (const sim::CoreWrite& w : assemble(*b.program, b.parameters).memory) {
    if (w.select != sim::window::operations) continue;
    const auto word = sim::isa::Operation::decode(static_cast<std::uint32_t>(w.value));
    c.codes |= 1u << word.code;
    if (word.code == sim::isa::op::update) c.slots |= static_cast<std::uint32_t>(word.slots);
  }
  return c;
}

constexpr const char* more = "more ticks or another profile may";

void add_operations(const Bundle& b, std::vector<NotExercised>& all) {
  const Contents has = contents(b);
  const auto add = [&](const std::string& what, bool there) {
    all.push_back({what, there ? more : "the program has none", there});
  };
  for (const auto& [number, name] : isa::op_names) {
    const bool there = (has.codes >> number & 1) != 0;
    if (b.met.done[index_of(number)] == 0) add(name, there);
    if (!has_list(number)) continue;
    if (b.met.by_events[index_of(number)] == 0) add(fmt::format("{} by events", name), there);
    if (b.met.anew[index_of(number)] == 0) add(fmt::format("{} anew", name), there);
  }
  for (const auto& [number, name] : isa::slot_names)
    if (b.met.passes[index_of(number)] == 0)
      add(fmt::format("UPDATE of slot {}", name), (has.slots >> number & 1) != 0);
}

std::int64_t theta_of(const Bundle& b, Signal signal, int layer) {
  const fixedpoint::Population& p = b.program->populations[index_of(layer)];
  return signal == Signal::rate ? p.theta_rate : p.theta_error;
}

void add_events(const Bundle& b, std::vector<NotExercised>& all) {
  const bool few = theta_of(b, Signal::rate, 0) >= b.program->populations[0][Signal::rate].maximum_raw() -
                                                       b.program->populations[0][Signal::rate].minimum_raw();
  if (b.met.full_lists == 0)
    all.push_back({"a list of events that is full",
                   few ? "no input moves by more than theta" : "the input's list stays short", false});
  if (b.met.lost_lists == 0)
    all.push_back({"a list of events that begins anew while a FORWARD or BACKWARD waits for it",
                   "a compiled program runs whatever hears a list before that is written again", false});
  for (const auto& [place, counts] : b.script.coverage.distances()) {
    const auto& [signal, layer] = place;
    const std::int64_t theta = theta_of(b, signal, layer);
    for (std::size_t d = 0; d < counts.size(); ++d) {
      if (counts[d] != 0) continue;
      const auto distance = static_cast<Distance>(d);
      const bool below = theta == 0 && distance == Distance::below;
      const fixedpoint::Format format = held_format(b.program->populations[index_of(layer)], signal);
      const bool above = distance == Distance::above && theta >= format.maximum_raw() - format.minimum_raw();
      all.push_back({fmt::format("{} of layer {} {} theta", name_of(signal), layer, name_of(distance)),
                     below   ? "theta is 0"
                     : above ? "theta is the whole range of the format"
                             : more,
                     !below && !above});
    }
  }
}

void add_errors(const Bundle& b, std::vector<NotExercised>& all) {
  static const std::map<std::uint32_t, const char*> reasons{
      {sim::reg::Errors::bad_address_mask,
       "what is read there is any word, so that no state can be expected"},
      {sim::reg::Errors::bad_frame_mask, "the core behind its register port has no streams"}};
  for (std::size_t i = 0; i < b.met.errors.size(); ++i) {
    const auto& [mask, name] = reg::error_names[i];
    const auto reason = reasons.find(mask);
    if (b.met.errors[i] == 0)
      all.push_back({fmt::format("ERRORS.{}", name), reason == reasons.end() ? more : reason->second,
                     reason == reasons.end()});
  }
  const auto zeroed = [](const sim::Refusal& r) { return r.name.find("zeroed") != std::string::npos; };
  if (std::none_of(b.script.refusals.begin(), b.script.refusals.end(), zeroed))
    all.push_back({"accesses while memories are zeroed",
                   "a core of so few UNITS has zeroed them before a host behind a bus can ask", false});
}

std::string corner_lines(const Bundle& b) {
  std::string text = fmt::format("{:<18}{:>10}", "quantiser", "not 0");
  for (std::size_t c = 0; c < fixedpoint::corner_count; ++c)
    text += fmt::format("{:>20}", name_of(static_cast<Corner>(c)));
  text += "\n";
  for (const auto& [quantiser, counts] : b.script.coverage.counts()) {
    const auto& [signal, layer] = quantiser;
    text += fmt::format("{:<18}{:>10}", fmt::format("{} of layer {}", name_of(signal), layer),
                        b.script.coverage.values(signal, layer));
    const auto proof = b.unreachable.find(quantiser);
    for (std::size_t c = 0; c < counts.size(); ++c)
      text +=
          fmt::format("{:>20}", counts[c] == 0 && proof != b.unreachable.end() && !proof->second[c].empty()
                                    ? "out of reach"
                                    : std::to_string(counts[c]));
    text += "\n";
  }
  if (b.unreachable.empty()) return text;
  const std::vector<std::string> missing = missing_corners(b.script.coverage, b.unreachable);
  text += fmt::format("{} corners are neither met nor proven to be out of reach{}\n", missing.size(),
                      missing.empty() ? "" : "; more ticks may meet them:");
  for (const std::string& corner : missing) text += fmt::format("  {}\n", corner);
  return text;
}

}  // namespace

std::vector<NotExercised> not_exercised(const Bundle& b) {
  std::vector<NotExercised> all;
  add_operations(b, all);
  add_events(b, all);
  add_errors(b, all);
  return all;
}

nlohmann::ordered_json coverage_json(const Bundle& b) {
  nlohmann::ordered_json all;
  const auto layer = [](const auto& place) { return fmt::format("layer{}", place.second); };
  for (const auto& [quantiser, counts] : b.script.coverage.counts()) {
    auto& one = all["quantisers"][layer(quantiser)][fixedpoint::name_of(quantiser.first)];
    one["not 0"] = b.script.coverage.values(quantiser.first, quantiser.second);
    for (std::size_t c = 0; c < fixedpoint::corner_count; ++c)
      one[name_of(static_cast<Corner>(c))] = counts[c];
  }
  for (const auto& [place, counts] : b.script.coverage.distances()) {
    auto& one = all["thresholds"][layer(place)][fixedpoint::name_of(place.first)];
    one["theta"] = theta_of(b, place.first, place.second);
    for (std::size_t d = 0; d < counts.size(); ++d) one[name_of(static_cast<Distance>(d))] = counts[d];
  }
  for (const auto& [number, name] : isa::op_names) {
    auto& one = all["operations"][name];
    one = {{"done", b.met.done[index_of(number)]}, {"skipped", b.met.skipped[index_of(number)]}};
    if (!has_list(number)) continue;
    one["by events"] = b.met.by_events[index_of(number)];
    one["anew"] = b.met.anew[index_of(number)];
  }
  for (const auto& [number, name] : isa::slot_names) all["passes"][name] = b.met.passes[index_of(number)];
  all["events"] = {{"sent by UPDATE", b.met.sent},
                   {"list full", b.met.full_lists},
                   {"list begun anew while one waits", b.met.lost_lists}};
  for (std::size_t i = 0; i < b.met.errors.size(); ++i)
    all["errors"][reg::error_names[i].name] = b.met.errors[i];
  return all;
}

std::string coverage_text(const Bundle& b) {
  std::string text = corner_lines(b);
  text += fmt::format("{:<18}{:>10}{:>10}{:>10}{:>10}\n", "threshold", "theta", "below", "at", "above");
  for (const auto& [place, counts] : b.script.coverage.distances())
    text += fmt::format("{:<18}{:>10}{:>10}{:>10}{:>10}\n",
                        fmt::format("{} of layer {}", name_of(place.first), place.second),
                        theta_of(b, place.first, place.second), counts[0], counts[1], counts[2]);
  text +=
      fmt::format("{:<18}{:>10}{:>10}{:>10}{:>10}\n", "operation", "done", "skipped", "by events", "anew");
  for (const auto& [number, name] : isa::op_names) {
    const std::size_t i = index_of(number);
    text += fmt::format("{:<18}{:>10}{:>10}", name, b.met.done[i], b.met.skipped[i]);
    if (has_list(number)) text += fmt::format("{:>10}{:>10}", b.met.by_events[i], b.met.anew[i]);
    text += "\n";
  }
  text += "passes of UPDATE ";
  for (const auto& [number, name] : isa::slot_names)
    text += fmt::format(" {} {}", name, b.met.passes[index_of(number)]);
  text += fmt::format(
      "\nevents             {} sent by UPDATE, {} found a list full, {} began one that was awaited\n",
      b.met.sent, b.met.full_lists, b.met.lost_lists);
  text += "errors           ";
  for (std::size_t i = 0; i < b.met.errors.size(); ++i)
    text += fmt::format(" {} {}", reg::error_names[i].name, b.met.errors[i]);
  std::uint64_t times = 0;
  for (const sim::Refusal& r : b.script.refusals) times += r.times;
  text += fmt::format("\nrefused or ignored {} accesses of {} kinds\n", times, b.script.refusals.size());
  const std::vector<NotExercised> missing = not_exercised(b);
  text += fmt::format("not exercised: {}\n", missing.size());
  for (const NotExercised& n : missing)
    text += fmt::format("  {}: {}{}\n", n.what, n.possible ? "" : "can't be: ", n.why);
  return text;
}

}  // namespace apical::tools
