// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace apical::test {

/// A whole configuration as assignments "section.key=value", drawn from everything that the keys accept:
/// shapes, graphs, microcircuits, flows, constants, every format of 1 to 32 bits. Many mean nothing that
/// could be computed, and are to be refused by name.
class RandomConfiguration {
 public:
  explicit RandomConfiguration(std::uint64_t seed) : random_(seed) { draw(); }

  std::vector<std::string> assignments;

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
  int between(int low, int high) { return low + below(high - low + 1); }
  bool one_in(int n) { return below(n) == 0; }
  double uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
  template <class Value>
  void set(const std::string& key, const Value& value) {
    assignments.push_back(fmt::format("{}={}", key, value));
  }
  const char* any_of(std::initializer_list<const char*> names) {
    return names.begin()[static_cast<std::size_t>(below(static_cast<int>(names.size())))];
  }
  template <class Draw>
  std::string list(int count, const Draw& draw) {
    std::string text;
    for (int i = 0; i < count; ++i) text += fmt::format("{}{}", i == 0 ? "[" : ", ", draw());
    return text + "]";
  }

  void draw() {
    const int layers = between(1, 4);
    units_ = {between(1, 20)};
    for (int k = 0; k < layers; ++k) units_.push_back(between(1, one_in(8) ? 70 : 12));
    set("network.layers", fmt::format("[{}]", fmt::join(units_, ", ")));
    set("network.activation",
        any_of({"logistic", "tanh", "hard_sigmoid", "softplus", "relu", "linear", "silu"}));
    const int kind = layers > 1 ? below(4) : 0;  // 2: a graph, 3: a microcircuit
    set("core.lanes", 1 << below(one_in(4) ? 7 : 4));
    set("run.seed", one_in(8) ? 4294967295u : static_cast<std::uint32_t>(random_()));
    set("tables.index_bits", one_in(10) ? between(11, 16) : between(1, 10));
    set("tables.full_bits", one_in(10) ? between(11, 16) : between(1, 10));
    if (kind == 3)
      microcircuit();
    else
      plain(kind == 2);
    times();
    learning();
    events();
    formats(kind);
  }

  void plain(bool graph) {
    if (graph) {
      const int last = static_cast<int>(units_.size()) - 1;
      std::vector<std::string> pairs;
      for (int source = 0; source < last; ++source)
        for (int target = 1; target <= last; ++target)
          if (target == source + 1 || one_in(3)) pairs.push_back(fmt::format("[{}, {}]", source, target));
      set("network.connections", fmt::format("[{}]", fmt::join(pairs, ", ")));
    }
    set("network.bias", one_in(4) ? "false" : "true");
    const char* const flow = any_of({"gradient", "lagrangian", "latent-equilibrium", "latent-equilibrium"});
    set("dynamics.flow", flow);
    if (flow[1] == 'a' && flow[2] == 'g') set("dynamics.scheme", "integrated");
    set("dynamics.response", any_of({"prospective", "advanced"}));
    set("dynamics.order", any_of({"sweep", "parallel"}));
    set("dynamics.gamma", below(2));
    const int neurons = neurons_of();
    if (one_in(2))
      set("dynamics.rho", one_in(2) ? fmt::format("{}", 0.125 * below(17)) : list(neurons, [&] {
            return one_in(4) ? 2.0 * below(2) : 2.0 * uniform();
          }));
    if (one_in(3)) {
      const double fastest = one_in(2) ? 1.0 : std::exp2(-18.0 * uniform());
      set("dynamics.alpha", list(neurons, [&] { return fastest * (one_in(4) ? below(2) : uniform()); }));
    }
  }

  void microcircuit() {
    set("network.circuit", "microcircuit");
    const char* const feedback = any_of({"fixed", "learned", "learned", "tied"});
    set("network.feedback", feedback);
    set("network.feedback_init", any_of({"transposed", "random", "zero"}));
    set("network.lateral", any_of({"self-predicting", "random"}));
    set("network.lambda", one_in(4) ? 1.0 * below(2) : uniform());
    const int hidden = static_cast<int>(units_.size()) - 2;
    for (const char* key : {"learning.eta_pi", "learning.eta_ip"})
      set(key, one_in(3) ? list(hidden, [&] { return uniform(); }) : fmt::format("{}", 0.1 * below(5)));
  }

  void times() {
    const double tau = one_in(6) ? std::exp2(between(0, 20)) : 10.0;
    dt_ = tau * std::exp2(-(one_in(6) ? 6.0 + 9.0 * uniform() : below(6)));
    set("dynamics.tau", tau);
    set("dynamics.dt", dt_);
    set("dynamics.beta", one_in(4)   ? 3.9999 * below(2)
                         : one_in(4) ? std::exp2(-18.0 * uniform())
                                     : 2.0 * uniform());
    if (assignments_say("microcircuit") && one_in(2))
      set("learning.weight_decay", std::exp2(-between(1, one_in(4) ? 30 : 16)) / dt_);
  }

  void learning() {
    set("learning.enabled", one_in(5) ? "false" : "true");
    const int layers = static_cast<int>(units_.size()) - 1;
    const auto eta = [&] {
      return one_in(8) ? 0.0 : std::ldexp(uniform(), one_in(8) ? between(-70, 8) : -below(8));
    };
    set("learning.eta", one_in(3) ? list(layers, eta) : fmt::format("{}", eta()));
  }

  void events() {
    const int layers = static_cast<int>(units_.size()) - 1;
    const auto theta = [&] { return one_in(3) ? 0 : one_in(10) ? 2147483647 : below(1 << below(20)); };
    if (one_in(2)) return;
    set("events.theta_rate", one_in(2) ? list(layers + 1, theta) : fmt::format("{}", theta()));
    set("events.theta_error", one_in(2) ? list(layers, theta) : fmt::format("{}", theta()));
  }

  // Bits and binary points of one signal, whose values are some 2^integer_bits.
  void format(const std::string& name, int integer_bits, int width, bool meets) {
    const int bits = one_in(5)    ? any_bits()
                     : width == 0 ? any_bits()
                                  : std::clamp(width + between(-2, 2), 1, 32);
    set(name + ".bits", bits);
    const bool is_signed = !one_in(name == "formats.step" || name == "formats.weight" ? 12 : 5);
    if (!is_signed) set(name + ".signed", "false");
    int frac = one_in(12) ? between(-64, 64) : bits - (is_signed ? 1 : 0) - integer_bits + between(-1, 1);
    if (meets) frac = meeting_frac_;
    if (name != "formats.step" || one_in(3)) set(name + ".frac", std::clamp(frac, -64, 64));
    if (!one_in(3))
      set(name + ".rounding",
          any_of({"RND", "RND_ZERO", "RND_MIN_INF", "RND_INF", "RND_CONV", "TRN", "TRN_ZERO", "STOCHASTIC"}));
    if (one_in(4)) set(name + ".random_bits", between(1, 16));
    if (one_in(2)) set(name + ".overflow", any_of({"SAT", "SAT_ZERO", "SAT_SYM", "WRAP"}));
  }

  int any_bits() { return one_in(4) ? between(30, 32) : one_in(3) ? between(1, 3) : between(1, 32); }

  void formats(int kind) {
    const int width = one_in(3) ? 0 : between(2, 20);  // 0: every signal has its own
    meeting_frac_ = between(4, 14);
    const bool meet = kind == 2 && !one_in(6);
    const std::pair<const char*, int> integers[] = {
        {"weight", 3}, {"input", 1},    {"target", 1}, {"basal", 3}, {"apical", 1},
        {"u", 3},      {"membrane", 3}, {"rate", 1},   {"slope", 1}, {"nudge", 0},
        {"error", 0},  {"mismatch", 3}, {"step", 1}};
    for (const auto& [signal, bits] : integers) {
      if (one_in(8)) continue;  // its default
      const std::string name = fmt::format("formats.{}", signal);
      const std::string text = signal;
      const bool meets = meet && (text == "input" || text == "rate");
      format(name, bits, width, meets);
      if (text == "input" || !one_in(6)) continue;
      if (meet && (text == "rate" || text == "weight" || text == "error")) continue;
      const int layer = between(1, static_cast<int>(units_.size()) - 1);
      format(fmt::format("{}.layer{}", name, layer), bits, width, false);
    }
  }

  int neurons_of() const {
    int sum = 0;
    for (std::size_t k = 1; k < units_.size(); ++k) sum += units_[k];
    return sum;
  }
  bool assignments_say(const std::string& word) const {
    return std::any_of(assignments.begin(), assignments.end(),
                       [&](const std::string& a) { return a.find(word) != std::string::npos; });
  }

  std::mt19937_64 random_;
  std::vector<int> units_;
  double dt_ = 1.0;
  int meeting_frac_ = 0;
};

}  // namespace apical::test
