// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/config/formats.hpp"
#include "tools/explore/profile.hpp"
#include "tools/report/version.hpp"

namespace apical::tools {
namespace {

using nlohmann::ordered_json;

std::string label(const SignalProfile& s) {
  return s.layer > 0 ? fmt::format("{} {}", s.signal, s.layer) : s.signal;
}

std::string words(const fixedpoint::Format& f) {
  return fmt::format("{}.{}{}", f.bits - f.frac, f.frac, f.is_signed ? "" : "u");
}

std::string percent(double share) {
  return fmt::format("{:.3g}%", 100.0 * share);
}

ordered_json in_json(const Noise& n) {
  return {{"output_rms", n.output},
          {"output_share", n.output_share},
          {"weight_change_share", n.change_share},
          {"weight_change_kept", n.kept}};
}

std::string score_of(const Profile& p) {
  return p.classification ? fmt::format("test accuracy {:.2f}%", 100.0 * p.score)
                          : fmt::format("mse {:.4g}", p.score);
}

}  // namespace

std::string profile_text(const Profile& p) {
  std::string text = fmt::format(
      "{} ticks of training with {} bits in every signal, {}; noise over {} ticks of learning\n"
      "{:<12} {:>8} {:>10} {:>10} {:>9} {:>10} {:>9} {:>9} {:>9}  {}\n",
      p.ticks, p.wide_bits, score_of(p), p.window_ticks, "signal", "format", "lowest", "highest", "RMS",
      "LSB of u_N", "of u_N", "of dW", "dW kept", "proposed");
  for (const SignalProfile& s : p.signals) {
    const bool tables = s.signal == "tables";
    text += fmt::format("{:<12} {:>8} {:>10} {:>10} {:>9} {:>10.3g} {:>9} {:>9} {:>9}  {}\n", label(s),
                        tables ? "" : words(s.format), tables ? "" : fmt::format("{:.4g}", s.minimum),
                        tables ? "" : fmt::format("{:.4g}", s.maximum),
                        tables ? "" : fmt::format("{:.3g}", s.rms), s.noise.output / p.output_lsb,
                        percent(s.noise.output_share), percent(s.noise.change_share), percent(s.noise.kept),
                        tables ? "" : words(p.proposal.at(s.signal, s.layer)));
  }
  for (const SignalProfile& s : p.signals)
    if (s.clips)
      text += fmt::format("{} clips as configured: {:.4g}..{:.4g} where {} holds {:.4g}..{:.4g}\n", label(s),
                          s.minimum, s.maximum, words(s.format), s.format.value(s.format.minimum_raw()),
                          s.format.value(s.format.maximum_raw()));
  const auto all = [&](const char* name, const Noise& n) {
    text += fmt::format("{:<63} {:>10.3g} {:>9} {:>9} {:>9}\n", name, n.output / p.output_lsb,
                        percent(n.output_share), percent(n.change_share), percent(n.kept));
  };
  all("all together, as configured", p.together);
  all("all together, as proposed", p.proposed);
  text +=
      "Formats as INTEGER.FRACTION bits, the sign among the integer bits. Noise is that of rounding "
      "alone: "
      "formats that clip have the integer bits that they lack. dW: change of the weights in a "
      "window; kept: its part along the change of the wide network.\n";
  if (p.prediction) text += prediction_text(*p.prediction, p.classification);
  return text;
}

std::string profile_json(const Config& config, const Profile& p) {
  ordered_json json = {{"apical", provenance()},
                       {"config", config.source},
                       {"config_digest", digest(config)},
                       {"ticks", p.ticks},
                       {"window_ticks", p.window_ticks},
                       {"reference_bits", p.wide_bits},
                       {p.classification ? "reference_test_accuracy" : "reference_mse", p.score},
                       {"output_rms", p.output_rms},
                       {"output_lsb", p.output_lsb}};
  for (const SignalProfile& s : p.signals) {
    ordered_json one = {{"signal", s.signal}, {"layer", s.layer}};
    if (s.signal != "tables") {
      one["format"] = in_json(s.format);
      one.update({{"minimum", s.minimum}, {"maximum", s.maximum}, {"rms", s.rms}, {"clips", s.clips}});
      for (const auto& [signal, layer] : s.together)
        one["measured_together"].push_back(layer > 0 ? fmt::format("{} {}", signal, layer) : signal);
      one["proposal"] = in_json(p.proposal.at(s.signal, s.layer));
    }
    one["noise"] = in_json(s.noise);
    json["signals"].push_back(one);
  }
  json["together"] = in_json(p.together);
  json["proposed"] = in_json(p.proposed);
  if (p.prediction) json["prediction"] = prediction_json(*p.prediction, p.classification);
  return json.dump(2) + "\n";
}

Figure profile_figure(const Profile& p) {
  Figure f{"noise", "What rounding each signal adds", "signal and layer", "share of the RMS", {}, false,
           true};
  Line output{"output voltage", {}, false}, change{"change of weights", {}, false};
  for (const SignalProfile& s : p.signals) {
    const double x = static_cast<double>(f.ticks.size());
    output.points.emplace_back(x, s.noise.output_share);
    change.points.emplace_back(x, s.noise.change_share);
    f.ticks.push_back(label(s));
  }
  f.lines = {output, change};
  f.bars = true;
  return f;
}

}  // namespace apical::tools
