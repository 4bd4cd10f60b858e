// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint/program/schedule.hpp"

namespace apical::fixedpoint {
namespace {

class Schedule {
 public:
  explicit Schedule(const Program& program) : program_(program) {}

  void forward(int population) {
    for (const int p : forwards_into(program_, population)) ops.push_back({OpCode::forward, p});
  }
  void backward(int population) {
    for (const int p : backwards_into(program_, population)) ops.push_back({OpCode::backward, p});
  }
  void update(int population, int parts) { ops.push_back({OpCode::update, population, parts}); }
  void update_layers(int parts) {
    for (int k = 1; k <= program_.output; ++k) update(k, parts);
  }
  void learn() {
    for (std::size_t p = 0; p < program_.projections.size() && program_.learning; ++p) {
      const Projection& projection = program_.projections[p];
      if (!projection.learns) continue;
      if (projection.shares >= 0) {
        update(projection.source, part::soma);
        update(projection.target, part::error);
      }
      ops.push_back({OpCode::learn, static_cast<int>(p)});
    }
  }

  std::vector<Operation> ops;

 private:
  const Program& program_;
};

void parallel(const Program& program, Schedule& tick) {
  for (int k = 1; k <= program.output; ++k) tick.forward(k);
  for (int k = 1; k < program.output; ++k) tick.backward(k);
  tick.update_layers(part::basal | part::error);
  tick.learn();
  tick.update_layers(part::soma);
  tick.update_layers(part::membrane);
}

void sweep(const Program& program, Schedule& tick) {
  for (int k = 1; k <= program.output; ++k) {
    tick.forward(k);
    tick.update(k, part::basal | part::soma);
  }
  for (int k = program.output; k >= 1; --k) {
    tick.backward(k);
    tick.update(k, part::error);
  }
  tick.update_layers(part::membrane);
  tick.learn();
}

void microcircuit(const Program& program, Schedule& tick) {
  for (int k = 1; k <= program.output; ++k) {
    tick.forward(k);
    tick.update(k, part::basal | part::soma);
    if (k == program.output) break;
    const Around around(program, k);
    tick.forward(around.interneuron);
    tick.update(around.interneuron, part::basal);
  }
  tick.update(program.output, part::error);
  tick.update(program.output, part::voltage);
  for (int k = program.output - 1; k >= 1; --k) {
    const Around around(program, k);
    tick.update(around.interneuron, part::membrane);
    tick.update(around.interneuron, part::soma | part::error);
    tick.update(around.relay, part::soma);
    tick.forward(around.dendrite);
    tick.update(around.dendrite, part::basal | part::start_error);
    tick.update(k, part::error);
    if (k > 1) tick.update(k, part::voltage);
  }
  tick.update_layers(part::membrane);
  tick.learn();
}

}  // namespace

std::vector<Operation> schedule(const NetworkDescription& net, const Program& program) {
  Schedule tick(program);
  (net.microcircuit ? microcircuit : net.parallel_order ? parallel : sweep)(program, tick);
  return tick.ops;
}

std::vector<Operation> start_schedule(const Program& program) {
  Schedule start(program);
  for (int k = 1; k <= program.output; ++k) {
    start.forward(k);
    start.update(k, part::basal | part::start_error);
  }
  for (int k = program.output; k >= 1; --k) {
    start.backward(k);
    start.update(k, part::start_mismatch);
  }
  return start.ops;
}

}  // namespace apical::fixedpoint
