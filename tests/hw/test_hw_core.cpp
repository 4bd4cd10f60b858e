// The whole core in lockstep with the emulator on random small programs: all architectural state, every tick.
#include <iostream>

#include "VCore1.h"
#include "VCore16.h"
#include "VCore4.h"
#include "fixedpoint/compiler.hpp"
#include "lockstep.hpp"
#include "tests/fixedpoint/random_network.hpp"

using namespace apical;
using namespace apical::fixedpoint;
using apical::test::plain_network;

namespace {

// As tests/hw/CMakeLists.txt elaborates the three cores.
sim::CoreParameters generous(int lanes) {
  sim::CoreParameters c;
  c.lanes = lanes;
  c.sw = 24;
  c.ww = 16;
  c.aw = 60;
  c.dw = 62;
  c.ew = 64;
  c.lw = 62;
  c.units = 256;
  c.depth = 4096;
  c.pops = 5;
  c.projs = 4;
  c.ops = 64;
  c.table = 8192;
  c.base = 40;
  c.delta = 40;
  c.decay = 256;
  c.advanced = c.mismatch = c.random = c.left = 1;
  c.levels = 7;
  c.align = 6;
  return c;
}

// A network in which everything that may vary does.
NetworkDescription random_network(std::mt19937_64& random) {
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  NetworkDescription net;
  const int count = 2 + below(3);
  for (int k = 0; k < count; ++k) net.layers.push_back(1 + below(k == 0 ? 20 : 14));
  static constexpr Function functions[] = {Function::logistic, Function::tanh, Function::hard_sigmoid,
                                           Function::softplus, Function::relu, Function::linear};
  net.activation = functions[below(6)];
  net.bias = below(4) != 0;
  net.gamma = below(2);
  net.advanced_response = below(2);
  net.parallel_order = below(2);
  net.mismatch = below(2);
  net.learning = below(4) != 0;
  net.seed = static_cast<std::uint32_t>(random());
  net.beta = 0.5;
  net.eta = {0.02 * (1 + below(20))};
  net.tau = 10.0;
  net.dt = 1.0 + below(4);
  std::size_t units = 0;
  for (int k = 1; k < count; ++k) units += static_cast<std::size_t>(net.layers[static_cast<std::size_t>(k)]);
  net.rho.clear();
  for (std::size_t i = 0; i < units; ++i) {
    net.rho.push_back(below(3) ? 1.0 : 0.1 * below(20));
    net.alpha.push_back(0.05 * (1 + below(20)));
  }
  net.formats.by_signal = default_formats();
  for (auto& [name, format] : net.formats.by_signal) {
    if (below(3) != 0) {
      const int cut = below(7) - 1;
      format.bits -= cut;
      if (format.frac != automatic_frac) format.frac -= cut + below(3) - 1;
    }
    if (below(3) != 0) format.rounding = static_cast<Rounding>(below(8));
    if (below(3) != 0) format.overflow = static_cast<Overflow>(below(4));
    if (name != "weight" && name != "step" && below(6) == 0) {
      format.is_signed = false;
    }
    if (name == "weight") format.bits = std::min(format.bits, 16);
  }
  net.table_index_bits = 4 + below(5);
  net.table_full_bits = 8 + below(4);
  std::normal_distribution<double> normal(0.0, 0.7);
  for (std::size_t k = 1; k < net.layers.size(); ++k) {
    net.weights.emplace_back(
        static_cast<std::size_t>(net.layers[k] * (net.layers[k - 1] + (net.bias ? 1 : 0))));
    for (double& w : net.weights.back()) w = normal(random);
  }
  return net;
}

template <class Model>
void random_programs(int lanes, int programs, std::uint64_t seed) {
  std::cout << "seed " << seed << ", " << programs << " programs\n";
  for (int i = 0; i < programs; ++i) {
    std::mt19937_64 random(seed + static_cast<std::uint64_t>(i));
    std::shared_ptr<const Program> program;
    while (!program) {
      const NetworkDescription net = random_network(random);
      try {
        program = std::make_shared<const Program>(compile(net));
        (void)sim::assemble(*program, generous(lanes));
      } catch (const std::invalid_argument&) {  // no proof of its widths, or beyond this core: draw again
        program.reset();
      }
    }
    sim::run_lockstep<Model>(program, generous(lanes), 24, random());
    if (testing::Test::HasFailure()) {
      std::cout << "program " << i << " of seed " << seed << ": " << program->populations.size()
                << " populations, gamma " << program->gamma << " advanced " << program->advanced_response
                << " mismatch " << !program->decay.empty() << " learning " << program->learning << "\n";
      return;
    }
  }
}

}  // namespace

TEST(HwCore, ASmallNetworkLearnsInLockstep) {
  const auto program = std::make_shared<const Program>(compile(plain_network({7, 6, 5, 3}, 3)));
  sim::run_lockstep<VCore4>(program, generous(4), 40, 1);
}

TEST(HwCore, RandomProgramsOnOneLane) {
  random_programs<VCore1>(1, 40, 1000);
}
TEST(HwCore, RandomProgramsOnFourLanes) {
  random_programs<VCore4>(4, 120, 2000);
}
TEST(HwCore, RandomProgramsOnSixteenLanes) {
  random_programs<VCore16>(16, 60, 3000);
}
