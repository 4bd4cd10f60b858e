// SPDX-License-Identifier: Apache-2.0
#include "sim/platform/platform.hpp"

#include <cstring>
#include <stdexcept>

namespace apical::sim {
namespace {

Platform& of(void* context) {
  return *static_cast<Platform*>(context);
}

void stream(void* context, const std::int32_t* values, std::uint32_t count) {
  Platform& platform = of(context);
  std::memcpy(platform.memory.data(), values, std::size_t{count} * 4);
  Host& host = platform.host;
  host.write32(Platform::dma_address + Dma::source_register, 0);
  host.write32(Platform::dma_address + Dma::count_register, count);
  host.write32(Platform::dma_address + Dma::start_register, 1);
  host.wait_for(host.dma_done);
  host.write32(Platform::dma_address + Dma::done_register, 0);
}

}  // namespace

Platform::Platform(const sc_core::sc_module_name& name, const sc_core::sc_time& clock_period,
                   std::size_t memory_bytes)
    : sc_module(name),
      memory("memory", memory_bytes, clock_period),
      to_core_(bus_.target("to_core", core_address, 0x100)) {
  host.bus.bind(bus_.from);
  dma.memory.bind(bus_.from);
  bus_.target("to_memory", 0, memory_bytes).bind(memory.port);
  bus_.target("to_dma", dma_address, 0x10).bind(dma.registers);
  host.interrupt(interrupt_);
  host.dma_done(dma_done_);
  dma.done(dma_done_);
  access_.context = this;
  access_.read32 = [](void* context, std::uint32_t offset) {
    return of(context).host.read32(core_address + offset);
  };
  access_.write32 = [](void* context, std::uint32_t offset, std::uint32_t value) {
    of(context).host.write32(core_address + offset, value);
  };
  access_.wait = [](void* context) { of(context).host.wait_for(of(context).host.interrupt); };
  access_.stream = stream;
}

void Platform::trace(sc_core::sc_trace_file* file) const {
  sc_core::sc_trace(file, interrupt_, std::string(name()) + ".interrupt");
  sc_core::sc_trace(file, dma_done_, std::string(name()) + ".dma_done");
}

}  // namespace apical::sim
