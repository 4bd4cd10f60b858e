#include "tools/wide_formats.hpp"

#include <algorithm>
#include <cmath>

#include "fixedpoint/compiler.hpp"

namespace apical::tools {

using fixedpoint::Format;
using fixedpoint::FormatTable;
using fixedpoint::Rounding;
using fixedpoint::Signal;

namespace {

constexpr int widest = 32, narrowest_reference = 12, most_index_bits = 16;

Format widened(Format f, int bits) {
  f.frac = std::min(64, f.frac + bits - f.bits - more_integer_bits);
  f.bits = bits;
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
  for (int k = 1; k < static_cast<int>(program.populations.size()); ++k) {
    const auto& population = program.populations[static_cast<std::size_t>(k)];
    for (std::size_t s = 0; s < fixedpoint::neuron_signals; ++s)
      table.by_layer[{fixedpoint::name_of(static_cast<Signal>(s)), k}] = population.formats[s];
    const auto& projection = program.projections[static_cast<std::size_t>(k - 1)];
    table.by_layer[{"weight", k}] = projection.weight;
    table.by_layer[{"step", k}] = projection.step;
  }
  return table;
}

FormatTable widest_formats(const Config& config, const std::vector<model::WeightMatrix>& weights,
                           const fixedpoint::Program& configured) {
  const FormatTable resolved = resolved_formats(configured);
  for (int bits = widest;; --bits) {
    FormatTable wide = resolved;
    for (auto& [name, format] : wide.by_signal) format = widened(format, bits);
    for (auto& [place, format] : wide.by_layer) {
      format = widened(format, bits);
      if (place.first == "step") format.frac = fixedpoint::automatic_frac;
    }
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

FormatTable propose(const Config& config, const Profile& p, const ProfileOptions& options) {
  const double rows =
      static_cast<double>(std::count_if(p.signals.begin(), p.signals.end(), [](const SignalProfile& s) {
        return s.noise.output_share > 0.0 || s.noise.change_share > 0.0;
      }));
  const double share = 1.0 / std::sqrt(std::max(rows, 1.0));
  FormatTable table;
  table.by_signal = config.formats.by_signal;
  for (const std::string& signal : signal_order()) {
    double magnitude = 0.0;
    int frac = -64;
    bool seen = false;
    for (const SignalProfile& s : p.signals) {
      if (s.signal != signal) continue;
      seen = true;
      magnitude = std::max({magnitude, -s.minimum, s.maximum});
      double factor = 1e9;  // by how much its noise may grow
      if (s.noise.output_share > 0.0) factor = options.output_noise * share / s.noise.output_share;
      // Unbiased noise of the weights averages out over a training, that of nearest rounding stops it.
      if (s.noise.change_share > 0.0 && s.format.rounding != Rounding::stochastic)
        factor = std::min(factor, options.change_noise * share / s.noise.change_share);
      int wanted = s.format.frac - static_cast<int>(std::floor(std::log2(factor)));
      // The law ends where an LSB is as large as the signal.
      if (s.rms > 0.0) wanted = std::max(wanted, static_cast<int>(std::ceil(-std::log2(s.rms))));
      frac = std::max(frac, wanted);
    }
    if (!seen) continue;
    Format& f = table.by_signal[signal];
    const int whole =
        magnitude > 0.0 ? static_cast<int>(std::ceil(std::log2(magnitude * options.headroom))) : 0;
    f.frac = frac;
    f.bits = std::clamp(whole + frac + (f.is_signed ? 1 : 0), 2, widest);
  }
  return table;
}

}  // namespace apical::tools
