// SPDX-License-Identifier: Apache-2.0
// What no core can hold is refused with key and limit before anything runs; what is at the limit is accepted.
#include <gtest/gtest.h>

#include "fixedpoint/program/compiler.hpp"
#include "fixedpoint/program/random_network.hpp"
#include "sim/core/core_model.hpp"
#include "sim/isa/core_limits.hpp"
#include "sim/isa/core_map.hpp"
#include "sim/machines/emulator_integers.hpp"

namespace apical::sim {
namespace {

using fixedpoint::Format;
using fixedpoint::NetworkDescription;

NetworkDescription small(std::vector<int> layers = {3, 2, 2}) {
  NetworkDescription net;
  net.layers = std::move(layers);
  net.beta = 0.5;
  net.formats.by_signal = fixedpoint::default_formats();
  return net;
}

// The message, or "" where a core with so many lanes can have the program.
std::string refusal(const NetworkDescription& net, int lanes = 1) {
  const fixedpoint::Program program = fixedpoint::compile_shape(net);
  try {
    const CoreParameters core = required_parameters(program, lanes);
    EXPECT_LE(core.sw, 32);
    EXPECT_LE(core.ww, 32);
    EXPECT_LE(core.table, 65536);
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

void expect_refused(const NetworkDescription& net, const std::string& key, const std::string& limit,
                    int lanes = 1) {
  const std::string message = refusal(net, lanes);
  EXPECT_EQ(message.substr(0, key.size() + 1), key + ":") << message;
  EXPECT_NE(message.find("accepted by cores: at most " + limit), std::string::npos) << message;
}

TEST(CoreLimits, WidthsCountTheSignBit) {
  for (const auto& [name, format] : fixedpoint::default_formats()) {
    if (name == "mismatch") continue;  // there is none without the Lagrangian flow
    NetworkDescription net = small();
    Format& f = net.formats.by_signal[name];
    // So coarse that all sums have proofs; the rest as narrow as may be.
    for (auto& [other, narrow] : net.formats.by_signal) {
      narrow.bits = 4;
      narrow.frac = 2;
    }
    f.bits = 32;
    f.frac = 10;
    EXPECT_EQ(refusal(net), "") << name;
    f.is_signed = false;
    f.bits = 31;
    EXPECT_EQ(refusal(net), "") << name;
    f.bits = 32;
    const std::string key = name == "input"    ? "formats.input.bits"
                            : name == "target" ? "formats.target (layer 2).bits"
                                               : "formats." + name + " (layer 1).bits";
    expect_refused(net, key, "32");
    EXPECT_NE(refusal(net).find("unsigned 32 bits is 33 as two's complement"), std::string::npos);
  }
}

TEST(CoreLimits, ExceptionsOfALayerAreNamed) {
  NetworkDescription net = small({3, 2, 2, 2});
  net.formats.by_layer[{"weight", 2}] = Format{32, 20, false};
  expect_refused(net, "formats.weight (layer 2).bits", "32");
}

TEST(CoreLimits, ShiftsHaveSevenBits) {
  for (const int frac : {-62, -63, -64}) {
    NetworkDescription net = small();
    net.formats.by_signal["apical"] = Format{8, frac};
    // Products of weights and errors with 65 fraction bits.
    net.formats.by_signal["weight"] = Format{8, 32};
    net.formats.by_signal["error"] = Format{8, 33};
    if (frac == -62)
      EXPECT_EQ(refusal(net), "");
    else
      expect_refused(net, "formats.apical (layer 1).frac", "127");
  }
}

TEST(CoreLimits, UnitsFitDescriptors) {
  EXPECT_EQ(refusal(small({65535, 1})), "");
  expect_refused(small({65536, 1}), "network.layers", "65535");
  EXPECT_EQ(refusal(small({60000, 5535, 1})), "");
  expect_refused(small({60000, 5536, 1}), "network.layers", "65535");  // where the output begins
  EXPECT_EQ(refusal(small({60000, 5536, 1}), 2), "");
  // Relays name units by themselves.
  NetworkDescription net = small({65000, 2, 2});
  net.microcircuit = true;
  EXPECT_EQ(refusal(net, 64), "");
  net.layers = {65000, 535, 2};
  expect_refused(net, "network.layers", "65535", 64);
  expect_refused(small(std::vector<int>(20, 60000)), "network.layers", "1048576", 64);
  expect_refused(small({40000, 40000}), "network.layers", "1073741824");
}

TEST(CoreLimits, TablesAndDecayFitTheirRegisters) {
  NetworkDescription net = small();
  net.formats.by_signal["u"].bits = 18;
  net.table_index_bits = 15;  // two tables of equal layers
  EXPECT_EQ(refusal(net), "");
  net.formats.by_layer[{"rate", 2}] = Format{8, 6};
  expect_refused(net, "tables.index_bits", "65536");
  net = small();
  net.table_full_bits = 16;
  EXPECT_EQ(refusal(net),
            "tables.full_bits: 131072 entries of all activation tables; accepted by cores: at "
            "most 65536");
  net = small();
  net.mismatch = true;
  net.dt = net.tau / 4096;
  EXPECT_EQ(refusal(net), "");
  net.dt = net.tau / 8192;
  expect_refused(net, "dynamics.dt", "65535");
}

// A threshold beyond the width of a signal is as good as the largest that counts.
TEST(CoreLimits, ThresholdsWiderThanSignalsSendNothing) {
  NetworkDescription net = fixedpoint::plain_network({4, 3, 2}, 5);
  net.theta_rate = {0, 1 << 16, 2147483647};
  net.theta_error = {65536 + 3, 131071};
  const auto program = std::make_shared<const fixedpoint::Program>(fixedpoint::compile(net));
  const CoreParameters parameters = required_parameters(*program, 2);
  CoreModel core(parameters);
  ModelPort port(core);
  CoreHost host(port, program, parameters);
  EmulatorIntegers emulator("emulator", program, {});
  host.load();
  for (int t = 0; t < 12; ++t) {
    const std::vector<std::int64_t> input{3000 * (t % 5), 16000, -100 * t, t}, target{4000, -1000};
    host.write_input(input);
    host.write_target(target);
    host.set_beta(1 << 13);
    emulator.write_input(input);
    emulator.write_target(target);
    emulator.set_beta(1 << 13);
    port.write(reg::control, reg::Control::tick_mask);
    port.wait();
    emulator.tick();
    ASSERT_EQ(port.read(reg::errors), 0u) << core.trouble();
    for (int p = 1; p < 3; ++p)
      for (const int field : {memory::rate, memory::error, memory::sent_rate, memory::sent_error}) {
        const std::vector<std::int64_t> expected = emulator.read(p, field);
        for (std::size_t i = 0; i < expected.size(); ++i)
          ASSERT_EQ(host.read_signal(p, field, static_cast<int>(i)), expected[i])
              << "tick " << t << ", population " << p << ", " << field_name(field);
      }
  }
}

// Nothing that the compiler accepts multiplies by 2^64: constants that are 0 must be alignable as well.
TEST(CoreLimits, FactorsOfZeroHaveProofsToo) {
  NetworkDescription net = small();
  net.rho = {0.0};
  net.alpha.assign(4, 0.0);
  net.formats.by_signal["nudge"].frac = -60;
  EXPECT_THROW(fixedpoint::compile_shape(net), std::invalid_argument);
}

}  // namespace
}  // namespace apical::sim
