// A network split over a mesh of cores computes the same bits as on one.
#include <gtest/gtest.h>

#include <memory>

#include "fixedpoint/random_network.hpp"
#include "sim/emulator_integers.hpp"
#include "sim/mesh_machine.hpp"

namespace apical::sim {
namespace {

using fixedpoint::NetworkDescription;
using fixedpoint::Program;

std::vector<std::int64_t> raw(const std::vector<double>& real, const fixedpoint::Format& format) {
  return to_raw(real.data(), static_cast<int>(real.size()), format);
}

// The tick after which digests differ, or -1.
int first_difference(const NetworkDescription& net, const std::shared_ptr<const Program>& program,
                     MeshMachine& mesh, int ticks, std::uint64_t seed) {
  fixedpoint::EmulatorOptions options;
  options.statistics = false;
  EmulatorIntegers one("one core", program, options);
  fixedpoint::RandomStimulus stimulus(net, seed);
  for (int t = 0; t < ticks; ++t) {
    stimulus.next();
    for (IntegerMachine* machine : {static_cast<IntegerMachine*>(&one), static_cast<IntegerMachine*>(&mesh)}) {
      machine->write_input(raw(stimulus.input, program->populations.front()[fixedpoint::Signal::rate]));
      machine->write_target(raw(stimulus.target, program->populations.back()[fixedpoint::Signal::target]));
      machine->set_beta(beta_register(stimulus.beta));
      if (t == ticks / 2) machine->set_learning_scale(0.5);
      machine->tick();
    }
    if (state_digest(one) != state_digest(mesh)) return t;
  }
  return -1;
}

TEST(Mesh, TwoCoresAgreeWithOne) {
  const NetworkDescription net = fixedpoint::plain_network({12, 40, 6}, 3);
  const auto program = std::make_shared<const Program>(fixedpoint::compile(net));
  MeshMachine mesh(program, place(*program, 2, {}), {});
  EXPECT_EQ(first_difference(net, program, mesh, 50, 7), -1);
}

}  // namespace
}  // namespace apical::sim
