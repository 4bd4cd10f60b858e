// Lockstep of one core, whatever it is made of, on programs that use everything: hw/mutate builds it with
// mutants.
#include "VMutant.h"
#include "fixedpoint/compiler.hpp"
#include "lockstep.hpp"

using namespace apical;
using namespace apical::fixedpoint;

namespace {

std::shared_ptr<const Program> program(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  NetworkDescription net;
  net.layers = {9, 8, 7, 3};
  net.beta = 0.5;
  net.eta = {0.1};
  net.rho = {0.8};
  net.parallel_order = random() & 1;
  net.gamma = static_cast<int>(random() & 1);
  net.mismatch = random() & 1;
  net.advanced_response = random() & 1;
  net.formats.by_signal = default_formats();
  for (auto& [name, format] : net.formats.by_signal) {
    if (random() % 2) format.rounding = static_cast<Rounding>(random() % 8);
    if (random() % 2) format.overflow = static_cast<Overflow>(random() % 4);
    if (random() % 3 == 0 && format.frac != automatic_frac) format.bits -= static_cast<int>(random() % 6);
  }
  std::normal_distribution<double> normal(0.0, 0.7);
  for (std::size_t k = 1; k < net.layers.size(); ++k) {
    net.weights.emplace_back(static_cast<std::size_t>(net.layers[k] * (net.layers[k - 1] + 1)));
    for (double& w : net.weights.back()) w = normal(random);
  }
  return std::make_shared<const Program>(compile(net));
}

sim::CoreParameters parameters() {
  sim::CoreParameters c;
  c.lanes = 4;
  c.sw = c.ww = 16;
  c.aw = c.lw = 48;
  c.dw = 32;
  c.ew = 62;
  c.units = 64;
  c.depth = 256;
  c.pops = 4;
  c.projs = 3;
  c.ops = 64;
  c.table = 2048;
  c.base = c.delta = 30;
  c.decay = 256;
  c.advanced = c.mismatch = c.random = c.left = 1;
  c.levels = 7;
  c.align = 6;
  return c;
}

}  // namespace

TEST(Mutant, IsTheEmulator) {
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    std::shared_ptr<const Program> drawn;
    try {
      drawn = program(seed);
      (void)sim::assemble(*drawn, parameters());
    } catch (const std::invalid_argument&) {
      continue;
    }
    sim::run_lockstep<VMutant>(drawn, parameters(), 12, seed);
    if (HasFatalFailure()) return;
  }
}

int main(int count, char** arguments) {
  testing::InitGoogleTest(&count, arguments);
  return RUN_ALL_TESTS();
}
