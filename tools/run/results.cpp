// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <nlohmann/json.hpp>

#include "model/hdf5_file.hpp"
#include "tools/config/loading.hpp"
#include "tools/report/version.hpp"
#include "tools/run/report.hpp"
#include "tools/run/run.hpp"
#include "tools/statistics/interval.hpp"

namespace apical::tools {
namespace {

nlohmann::ordered_json in_json(const sim::SignalStatistics& s) {
  return {{"format", s.format},
          {"minimum", s.minimum},
          {"maximum", s.maximum},
          {"count", s.count},
          {"saturated", s.saturated},
          {"clipped", s.clipped()},
          {"rounded_to_zero", s.rounded_to_zero},
          {"resolution", s.resolution},
          {"used_bits", s.used_bits}};
}

nlohmann::ordered_json in_json(const Interval& i) {
  return nlohmann::ordered_json::array({i.low, i.high});
}

// Counts of the training, and an estimate of the energy in pJ.
nlohmann::ordered_json in_json(const fixedpoint::Activity& a, const sim::Energy& e) {
  const fixedpoint::Traffic t = a.traffic();
  return {
      {"rate_events", a.rate_events},
      {"error_events", a.error_events},
      {"rate_events_received", a.rate_received},
      {"error_events_received", a.error_received},
      {"forward_macs", t.forward_macs},
      {"backward_macs", t.backward_macs},
      {"learn_macs", t.learn_macs},
      {"macs_avoided", a.dense_macs - t.macs()},
      {"weight_reads", t.weight_reads},
      {"weight_writes", t.weight_writes},
      {"units_updated", a.units_updated},
      {"state_reads", a.state_reads},
      {"state_writes", a.state_writes},
      {"largest_unsent_lsb", a.largest_unsent},
      {"energy_pj",
       {{"arithmetic", e.arithmetic}, {"weight_memory", e.weight_memory}, {"state_memory", e.state_memory}}}};
}

nlohmann::ordered_json in_json(const Config& config, const RunResult& r) {
  nlohmann::ordered_json json;
  json["machine"] = r.machine;
  json["config_digest"] = digest(config);
  json["seed"] = config.seed;
  json["ticks"] = r.ticks;
  json["state_digest"] = r.state_digest;
  json["ticks_asked"] = r.ticks_asked;
  json["interrupted"] = r.interrupted;
  json[r.classification ? "test_accuracy" : "mse"] = r.score;
  if (config.test_learning)
    json[r.classification ? "test_accuracy_learning" : "mse_learning"] = r.score_learning;
  json["test_on"] = name_of(config.task.test_on);
  json["tested"] = r.tested;
  if (r.classification && r.tested > 0 && std::isfinite(r.score))
    json["interval"] = in_json(wilson(r.score, r.tested));
  if (r.classification && r.tested > 0 && std::isfinite(r.score_learning))
    json["interval_learning"] = in_json(wilson(r.score_learning, r.tested));
  json["looks_at_test"] = config.task.test_on == model::TestOn::test ? r.curve.size() : 0;
  json["macs"] = r.macs;
  json["events"] = r.events;
  json["wall_seconds"] = r.wall_seconds;
  json["ticks_per_second"] = r.wall_seconds > 0.0 ? static_cast<double>(r.ticks) / r.wall_seconds : 0.0;
  if (!r.trouble.empty()) json["trouble"] = r.trouble;
  for (const CurvePoint& point : r.curve) {
    json["learning_curve"].push_back({{"ticks", point.ticks}, {"score", point.score}});
    if (config.test_learning) json["learning_curve"].back()["score_learning"] = point.score_learning;
  }
  if (r.core.lanes > 0)
    json["core"] = {{"lanes", r.core.lanes},
                    {"ticks", r.core.ticks},
                    {"clocks", r.core.clocks},
                    {"lane_clocks", r.core.lane_clocks},
                    {"lanes_busy", lanes_busy(r.core)}};
  if (!r.activity.empty()) json["schedule"] = name_of(config.schedule);
  for (std::size_t k = 0; k < r.activity.size(); ++k)
    json["activity"]["layer" + std::to_string(k)] = in_json(r.activity[k], r.energy[k]);
  for (const sim::SignalStatistics& s : r.signals)
    json["signals"][s.population.empty() ? "layer" + std::to_string(s.layer) : s.population][s.signal] =
        in_json(s);
  return json;
}

}  // namespace

std::string write_results(const Config& config, const RunOutcome& outcome, OutputFolder& folder) {
  // The machine that is not the reference speaks at the top level; "machines" has all of them.
  nlohmann::ordered_json json = in_json(config, outcome.results.back());
  json["apical"] = provenance();
  for (const RunResult& r : outcome.results) json["machines"].push_back(in_json(config, r));
  for (const ThresholdResult& t : outcome.thresholds)
    json["thresholds"].push_back({{"theta_rate", t.theta},
                                  {"score", t.score},
                                  {"events", t.events},
                                  {"ticks", t.ticks},
                                  {"macs_of_dense", t.macs_of_dense}});
  if (outcome.program != nullptr) json.update(constants_json(config, *outcome.program));
  for (const std::string& note : outcome.notes) json["notes"].push_back(note);
  for (const RunResult& r : outcome.results) {
    const bool reference = outcome.results.size() > 1 && r.machine == "golden";
    model::Hdf5Writer file(folder.stage(reference ? "golden-weights.h5" : "weights.h5"));
    const std::vector<std::string> names = weight_names(config);
    for (std::size_t k = 0; k < r.weights.size(); ++k)
      file.write("/weights/" + names[k],
                 Eigen::Map<const model::RowMatrix>(r.weights[k].data(), outcome.initial[k].rows(),
                                                    outcome.initial[k].cols()));
    file.commit();
  }
  std::string text = json.dump(2) + "\n";
  folder.write("report.html", report(config, outcome));
  folder.write("result.json", text);
  folder.commit(outcome.results.size() > 1 ? std::vector<std::string>{}
                                           : std::vector<std::string>{"golden-weights.h5"});
  return text;
}

}  // namespace apical::tools
