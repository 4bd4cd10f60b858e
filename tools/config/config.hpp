// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "fixedpoint/numeric/accumulator.hpp"
#include "fixedpoint/program/network.hpp"
#include "model/golden.hpp"
#include "model/microcircuit.hpp"
#include "model/task.hpp"
#include "sim/machines/energy.hpp"
#include "tools/report/messages.hpp"

namespace apical::tools {

using model::name_of;

enum class Circuit { plain, microcircuit };
constexpr auto choices(Circuit) {
  return std::array{"plain", "microcircuit"};
}

/// Who learns: the network of [network] and [dynamics], or a control with the same bits in the same places.
enum class Rule { apical, backpropagation, feedback_alignment, last_layer };
constexpr auto choices(Rule) {
  return std::array{"apical", "backpropagation", "feedback-alignment", "last-layer"};
}

/// What runs; both: golden and emulator.
enum class Machine { golden, emulator, both, tlm, rtl };
constexpr auto choices(Machine) {
  return std::array{"golden", "emulator", "both", "tlm", "rtl"};
}

/// Everything that a configuration file says, with defaults where it says nothing. Keys, units, ranges and
/// defaults: tools/CONFIGURATION.md, which is generated from the table that also reads the file.
struct Config {
  model::GoldenSettings network;  ///< [network], [dynamics] and [learning] as the golden model takes them
  Circuit circuit = Circuit::plain;
  model::MicrocircuitSettings microcircuit;  ///< what it adds to `network`; see microcircuit_of()
  model::FeedbackStart feedback_init = model::FeedbackStart::transposed;
  model::LateralStart lateral = model::LateralStart::self_predicting;
  std::vector<double> gain{1.0};
  /// Of rho, and of the membrane's time constant, from neuron to neuron, relative; see drawn_settings().
  double rho_spread = 0.0, tau_spread = 0.0;
  model::ImperfectionSettings imperfections;
  Rule rule = Rule::apical;
  int accumulator_bits = 0;  ///< below the LSB of a weight
  double decay = 1.0;
  double beta_ramp = 0.0;  ///< ms
  model::TaskSettings task;
  fixedpoint::FormatTable formats;  ///< by_layer is resolved from layer_formats
  std::map<std::pair<std::string, int>, std::map<std::string, std::function<void(fixedpoint::Format&)>>>
      layer_formats;
  bool allow_lossy_loading = false;                ///< a program may lose more of its weights than most_lost
  std::vector<int> theta_rate{0}, theta_error{0};  ///< LSB
  std::vector<int> compare_thetas;
  sim::EnergyCosts energy;
  fixedpoint::Schedule schedule = fixedpoint::Schedule::automatic;
  int table_index_bits = 9, table_full_bits = 10;
  std::uint64_t seed = 1;
  /// Of one thing alone, each 0: run.seed; see own_seed(). The chip's is imperfections.seed.
  std::uint64_t seed_weights = 0, seed_order = 0, seed_rounding = 0;
  std::uint64_t ticks = 0;  ///< 0: the epochs decide
  int epochs = 10;
  std::uint64_t retention = 0;  ///< ticks without a teacher after the training
  bool test_learning = false;   ///< tests with learning on are made, too
  int lanes = 4;                ///< of the core
  Machine machine = Machine::both;
  int threads = 1;

  std::string source = "defaults";           ///< the file's name, for messages
  std::string text;                          ///< the file as it was read
  std::map<std::string, std::string> where;  ///< key -> "FILE:LINE" of what was set
  std::string task_folder;  ///< of the file that says task.file; empty: it was said elsewhere, or nowhere
  std::string activation_folder;  ///< of the file that says network.activation.table; empty: as above
  std::string weights_file;       ///< that the weights start from, of the command line; empty: the seed
};

/// What one thing is drawn from: its own seed, else run.seed.
inline std::uint64_t own_seed(const Config& c, std::uint64_t own) {
  return own == 0 ? c.seed : own;
}

/// Reads a TOML file. Throws InputError "FILE:LINE: KEY: ...; accepted: ..." for anything it doesn't know.
Config read_config(const std::string& path);
/// Likewise for TOML text; `source` is FILE in messages.
Config parse_config(const std::string& text, const std::string& source);

/// Applies "section.key=value" (the value as in TOML; bare words are strings). `where` is named in errors.
void set_key(Config&, const std::string& assignment, const std::string& where = "--set");

/// What can only be said once all keys are there: throws std::invalid_argument "KEY: ...; accepted: ..." for
/// layers that are missing, counts that don't match them, and formats of layers that don't exist.
void check(const Config&);

/// All keys with their effective values, one "key = value" a line, sorted: equal text = equal configuration.
std::string canonical(const Config&);

/// A configuration file that says the same, wherever it lies: every key and format that differs from its
/// default. `comment`: its first line, without "# ".
std::string as_toml(const Config&, const std::string& comment);

/// 128-bit hash of canonical(), 32 hexadecimal digits.
std::string digest(const Config&);

/// tools/CONFIGURATION.md as it should be.
std::string reference_document();

/// The error's message, with "FILE:LINE: " of the key that it is about (SettingsError) or the file before it.
std::string located(const Config&, const std::exception&);

/// task.file, which is relative to the file that says it, and to the current folder if --set does.
std::filesystem::path task_file(const Config&);

/// The microcircuit that the configuration describes.
model::MicrocircuitSettings microcircuit_of(const Config&);

/// Names of the projections in the order of weights: "W1".. or "W2_1".., and of a microcircuit
/// model::circuit_names().
std::vector<std::string> weight_names(const Config&);

/// [network], [dynamics] and [learning] with what is drawn from the chip's seed: rho (1 + rho_spread z) per
/// neuron of layers 1..N with z standard normal, and tau_m (1 + tau_spread z'), at least dt, by which alpha
/// and rho are divided; rho within 0..2. Throws std::invalid_argument "KEY: ...".
model::GoldenSettings drawn_settings(const Config&);

/// The configuration as the compiler takes it. `weights` [n_k × (n_{k-1} + 1)] each.
fixedpoint::NetworkDescription describe(const Config&, const std::vector<model::WeightMatrix>& weights);

}  // namespace apical::tools
