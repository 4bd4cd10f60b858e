// SPDX-License-Identifier: Apache-2.0
#include "sim/verify/core_coverage.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "hw/isa_names.hpp"

namespace apical::sim {
namespace {

int number_of(const CoreOperation& operation) {
  if (operation.kind == CoreOperation::end) return isa::op::end;
  if (operation.kind == CoreOperation::decay) return isa::op::update;
  switch (operation.operation.code) {
    case fixedpoint::OpCode::forward:
      return isa::op::forward;
    case fixedpoint::OpCode::backward:
      return isa::op::backward;
    case fixedpoint::OpCode::update:
      return isa::op::update;
    case fixedpoint::OpCode::learn:
      return isa::op::learn;
  }
  throw std::logic_error("an operation that no core has");
}

/// The port of a core model that sees every bit of ERRORS that becomes 1. Each access has at most one effect
/// on them, and the end of a tick is seen with the next one.
class WatchedPort final : public RegisterPort {
 public:
  WatchedPort(CoreModel& core, CoreCoverage& met) : core_(core), port_(core), met_(met) {
    met_.errors.assign(std::size(reg::error_names), 0);
  }
  void write(int offset, std::uint32_t value) override {
    look();
    port_.write(offset, value);
    look();
  }
  std::uint32_t read(int offset) override {
    look();
    const std::uint32_t value = port_.read(offset);
    look();
    return value;
  }

 private:
  void look() {
    const std::uint32_t errors = core_.peek(reg::errors, port_.clock());
    for (std::size_t i = 0; i < met_.errors.size(); ++i)
      met_.errors[i] += (errors & ~errors_ & reg::error_names[i].mask) != 0;
    errors_ = errors;
  }
  CoreModel& core_;
  ModelPort port_;
  CoreCoverage& met_;
  std::uint32_t errors_ = 0;
};

}  // namespace

CoreCoverage core_coverage(const CoreParameters& parameters, const BusScript& script) {
  CoreCoverage met;
  CoreModel core(parameters);
  core.listen([&](const OperationRecord& r) {
    met.sent += static_cast<std::uint64_t>(r.events);
    if (r.operation.kind == CoreOperation::bad) return;
    const auto number = static_cast<std::size_t>(number_of(r.operation));
    ++(r.skipped ? met.skipped : met.done)[number];
    for (std::size_t s = 0; s < met.passes.size(); ++s) met.passes[s] += r.passes >> s & 1;
    if (r.skipped || (number != isa::op::forward && number != isa::op::backward)) return;
    ++(r.anew ? met.anew : met.by_events)[number];
  });
  WatchedPort port(core, met);
  const std::pair<const char*, const std::vector<BusStep>*> scripts[] = {
      {"load", &script.load}, {"ticks", &script.ticks}, {"errors", &script.errors}};
  for (const auto& [name, steps] : scripts)
    if (const auto wrong = play(port, *steps, ~std::uint64_t{0}))
      throw std::logic_error(
          fmt::format("the core model differs from {}.memh, step {}: expected {:#x}, read {:#x}", name,
                      wrong->first, (*steps)[wrong->first].value, wrong->second));
  met.full_lists = core.flags().full_lists();
  met.lost_lists = core.flags().lost_lists();
  return met;
}

}  // namespace apical::sim
