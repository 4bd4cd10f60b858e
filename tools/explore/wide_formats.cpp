// SPDX-License-Identifier: Apache-2.0
#include "tools/explore/wide_formats.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fixedpoint/program/compiler.hpp"
#include "model/elementary.hpp"

namespace apical::tools {

using fixedpoint::Format;
using fixedpoint::FormatTable;
using fixedpoint::Rounding;
using fixedpoint::Signal;

namespace {

// Of a population beyond the layers: the one around which it stands, of which it has formats.
int layer_of(const fixedpoint::Program& program, int population) {
  if (population <= program.output) return population;
  const auto& p = program.populations[static_cast<std::size_t>(population)];
  if (p.compartment != fixedpoint::Compartment::dendrite) return p.relayed;
  for (int k = 1; k <= program.output; ++k)
    if (program.populations[static_cast<std::size_t>(k)].relayed == population) return k;
  return 0;
}

constexpr int widest = 32, narrowest_reference = 12, most_index_bits = 16;

Format widened(Format f, int bits, int more) {
  if (f.frac != fixedpoint::automatic_frac)
    f.frac = std::clamp(f.frac + bits - f.bits - more_integer_bits - more - (f.is_signed ? 0 : 1), -64, 64);
  f.bits = bits;
  f.is_signed = true;
  f.rounding = Rounding::rnd_conv;
  f.overflow = fixedpoint::Overflow::sat;
  return f;
}

}  // namespace

int wide_index_bits(const Config& config) {
  return std::min(most_index_bits, config.table_index_bits + more_integer_bits);
}

int reference_index_bits(const Config& config) {
  return std::min(most_index_bits, wide_index_bits(config) + 4);
}

const std::vector<std::string>& signal_order() {
  static const std::vector<std::string> order = {"input",    "target", "weight",  "basal",  "u",
                                                 "membrane", "rate",   "slope",   "apical", "nudge",
                                                 "error",    "step",   "mismatch"};
  return order;
}

FormatTable resolved_formats(const fixedpoint::Program& program) {
  FormatTable table;
  table.by_signal = fixedpoint::default_formats();
  table.by_signal["input"] = program.populations[0][Signal::rate];
  for (int k = 1; k <= program.output; ++k) {
    const auto& population = program.populations[static_cast<std::size_t>(k)];
    for (std::size_t s = 0; s < fixedpoint::neuron_signals; ++s)
      table.by_layer[{fixedpoint::name_of(static_cast<Signal>(s)), k}] = population.formats[s];
    const auto& projection =
        program.projections[static_cast<std::size_t>(fixedpoint::forwards_into(program, k).front())];
    table.by_layer[{"weight", k}] = projection.weight;
    table.by_layer[{"step", k}] = projection.step;
  }
  return table;
}

int weight_layer(const fixedpoint::Program& program, const fixedpoint::Projection& p) {
  const auto& target = program.populations[static_cast<std::size_t>(p.target)];
  // What leads to a dendrite comes from above and has the formats of the layer there.
  return layer_of(program, target.compartment == fixedpoint::Compartment::dendrite ? p.source : p.target);
}

SignalKey key_of(const fixedpoint::Program& program, const sim::SignalStatistics& s) {
  using fixedpoint::Compartment;
  if (s.signal.rfind("weight", 0) == 0 || s.signal == "step") {
    for (const fixedpoint::Projection& p : program.projections)
      if (p.target == s.layer && p.shares < 0) return {s.signal.substr(0, 6), weight_layer(program, p)};
    return {"", 0};
  }
  const auto& population = program.populations[static_cast<std::size_t>(s.layer)];
  const int layer = layer_of(program, s.layer);
  const bool rate = s.signal == "rate";
  switch (population.compartment) {
    case Compartment::interneuron:
      return {rate || s.signal == "membrane" ? "u" : s.signal, layer};
    case Compartment::dendrite:
      if (s.signal == "error" && population.relayed >= 0) return {"", 0};
      return {s.signal == "basal" || s.signal == "error" ? "apical" : s.signal, layer};
    case Compartment::relay:
      return {rate ? "u" : s.signal, layer};
    case Compartment::error_relay:
      return {rate ? "error" : s.signal, layer};
    case Compartment::soma:
      break;
  }
  return {s.signal, layer};
}

std::vector<std::vector<int>> meeting(const fixedpoint::Program& program, fixedpoint::OpCode direction) {
  const bool forward = direction == fixedpoint::OpCode::forward;
  std::vector<int> group(static_cast<std::size_t>(program.output) + 1);
  std::iota(group.begin(), group.end(), 0);
  for (int k = 0; k <= program.output; ++k) {
    const std::vector<int> all =
        forward ? fixedpoint::forwards_into(program, k) : fixedpoint::backwards_into(program, k);
    const auto end = [&](int index) {
      const auto& p = program.projections[static_cast<std::size_t>(index)];
      return group[static_cast<std::size_t>(forward ? p.source : p.target)];
    };
    for (const int index : all) std::replace(group.begin(), group.end(), end(index), end(all.front()));
  }
  std::vector<std::vector<int>> found;
  for (int g = 0; g <= program.output; ++g) {
    std::vector<int> members;
    for (int k = 0; k <= program.output; ++k)
      if (group[static_cast<std::size_t>(k)] == g) members.push_back(k);
    if (members.size() > 1) found.push_back(members);
  }
  return found;
}

void let_meet(FormatTable& formats, const fixedpoint::Program& program, const std::string& kept) {
  const auto frac = [&](const char* signal, int layer) -> int& {
    return layer == 0 ? formats.by_signal.at("input").frac : formats.by_layer.at({signal, layer}).frac;
  };
  for (const std::vector<int>& layers : meeting(program, fixedpoint::OpCode::forward)) {
    int least = 64;
    for (const int k : layers) least = std::min(least, frac("rate", k));
    for (const int k : layers) frac("rate", k) = least;
  }
  const bool keep_error = kept == "error";
  for (const std::vector<int>& layers : meeting(program, fixedpoint::OpCode::backward)) {
    int least = 128;
    for (const int k : layers) least = std::min(least, frac("weight", k) + frac("error", k));
    for (const int k : layers)
      frac(keep_error ? "weight" : "error", k) = least - frac(keep_error ? "error" : "weight", k);
  }
}

bool holds(const Format& f, double low, double high) {
  return f.value(f.maximum_raw()) >= high && f.value(f.minimum_raw()) <= low;
}

Format holding(Format f, double low, double high) {
  const auto grow = [&] { f.bits < widest ? ++f.bits : --f.frac; };
  if (low < 0.0 && !f.is_signed) {
    f.is_signed = true;
    grow();
  }
  while (!holds(f, low, high) && f.frac > -64) grow();
  return f;
}

FormatTable widest_formats(const Config& config, const std::vector<model::WeightMatrix>& weights,
                           const fixedpoint::Program& configured, const std::map<SignalKey, int>& more) {
  const auto more_of = [&](const std::string& signal, int layer) {
    const auto found = more.find({signal, layer});
    return found == more.end() ? 0 : found->second;
  };
  const FormatTable resolved = resolved_formats(configured);
  for (int bits = widest;; --bits) {
    FormatTable wide = resolved;
    for (auto& [name, format] : wide.by_signal) format = widened(format, bits, more_of(name, 0));
    for (auto& [place, format] : wide.by_layer) {
      format = widened(format, bits, more_of(place.first, place.second));
      if (place.first == "step") format.frac = fixedpoint::automatic_frac;
    }
    let_meet(wide, configured, "weight");
    Config c = config;
    c.formats = wide;
    try {
      fixedpoint::compile_shape(describe(c, weights));
      return wide;
    } catch (const std::invalid_argument&) {
      if (bits == narrowest_reference) throw;
    }
  }
}

double share_of_each(const Profile& p) {
  double measured = 0.0;
  for (const SignalProfile& s : p.signals)
    if (s.noise.output_share > 0.0 || s.noise.change_share > 0.0)
      measured += 1.0 / static_cast<double>(s.together.size());
  return 1.0 / std::sqrt(std::max(measured, 1.0));
}

int coarsest_frac(const SignalProfile& s) {
  return s.rms > 0.0 ? static_cast<int>(std::ceil(-model::log2(s.rms))) : -64;
}

int whole_bits(double low, double high, double headroom, bool is_signed) {
  const double magnitude = headroom * std::max(-low, high);
  return (magnitude > 0.0 ? std::ilogb(magnitude) + 1 : 0) + (is_signed ? 1 : 0);
}

FormatTable propose(const Config& config, const Profile& p, const ProfileOptions& options) {
  const double share = share_of_each(p);
  const auto wanted = [&](const SignalProfile& s) {
    if (s.enough_frac) return *s.enough_frac;
    double factor = 1e9;  // by how much its noise may grow
    if (s.noise.output_share > 0.0) factor = options.output_noise * share / s.noise.output_share;
    // Unbiased noise of the weights averages out over a training, that of nearest rounding stops it.
    if (s.noise.change_share > 0.0 && s.format.rounding != Rounding::stochastic)
      factor = std::min(factor, options.change_noise * share / s.noise.change_share);
    return std::max(s.format.frac - static_cast<int>(std::floor(model::log2(factor))), coarsest_frac(s));
  };
  FormatTable table;
  table.by_signal = config.formats.by_signal;
  std::map<std::string, int> fracs;
  bool input_meets_rates = false;
  for (const SignalProfile& s : p.signals) {
    if (s.signal == "tables") continue;
    const auto [at, fresh] = fracs.try_emplace(s.signal, wanted(s));
    if (!fresh) at->second = std::max(at->second, wanted(s));
    if (s.signal == "input") input_meets_rates = s.together.size() > 1;
  }
  if (input_meets_rates) fracs["input"] = fracs["rate"] = std::max(fracs["input"], fracs["rate"]);
  for (const auto& [signal, frac] : fracs) {
    double low = 0.0, high = 0.0;
    for (const SignalProfile& s : p.signals)
      if (s.signal == signal) {
        low = std::min(low, s.minimum);
        high = std::max(high, s.maximum);
      }
    Format& f = table.by_signal[signal];
    f.is_signed |= low < 0.0;
    const int whole = whole_bits(low, high, options.headroom, f.is_signed);
    f.frac = std::clamp(frac, -64, std::min(64, widest - whole));  // integer bits come first
    f.bits = std::clamp(whole + f.frac, 2, widest);
    f = holding(f, low, high);
  }
  if (input_meets_rates)
    for (const char* signal : {"input", "rate"})
      table.by_signal[signal].frac = std::min(table.by_signal["input"].frac, table.by_signal["rate"].frac);
  return table;
}

}  // namespace apical::tools
